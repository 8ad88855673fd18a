"""Makes a statement out of the read models: one walk through the account's transfers, in their order."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from openbell import wire
from openbell.errors import InvalidInput, near

from engine.statement.contents import Balance, Holding, Line, Statement, Trade, Withdrawal
from engine.statement.history import OF_TRADES, History, Leg, Position, legs
from engine.statement.lots import LotHistory
from engine.statement.period import Period
from engine.store.embedded import StoreError

KINDS, COMMANDS = wire.EventKind, wire.CommandKind
HOUSES = {one.value: one.name for one in wire.HouseAccount}
ROWS_AT_ONCE = 5_000
# Operations say why; but an auction's number is the operator's who held it, and a fee's the order's.
TRANSFERS = f"""
SELECT t.*, i.symbol, i.lot_size, o.operator, o.reason, o.given, o.command,
       CASE WHEN t.payer IS DISTINCT FROM t.payee THEN false
            WHEN t.kind <> {KINDS.FILL.value} THEN true
            ELSE EXISTS (SELECT FROM fills f WHERE f.seq = t.seq AND f.instrument = t.instrument
                         AND f.trade_id = t.trade_id AND f.maker AND f.side = 1 AND NOT f.auction) END AS sale_first
FROM (
    SELECT * FROM transfers WHERE payer = $1 AND ts < $2
    UNION ALL
    SELECT * FROM transfers WHERE payee = $1 AND ts < $2 AND payer IS DISTINCT FROM $1
) t
LEFT JOIN instruments i USING (instrument)
LEFT JOIN operations o ON o.seq = t.seq AND t.kind <> {KINDS.FILL.value} AND t.order_id IS NULL
ORDER BY t.seq, t.number"""
WITHDRAWALS = f"""
SELECT ts, command, given, reason FROM operations
WHERE account = $1 AND ts < $2 AND failed_check = 0
  AND command IN ({COMMANDS.HOLD_CASH.value}, {COMMANDS.POST_CASH.value}, {COMMANDS.RELEASE_CASH.value}) ORDER BY seq"""
SPLITS = f"""
SELECT seq, ts, instrument, given FROM operations
WHERE command = {COMMANDS.SPLIT.value} AND failed_check = 0 AND ts < $1 ORDER BY seq"""
INSTRUMENTS = "SELECT instrument, symbol, lot_size FROM instruments ORDER BY symbol"
FIRST_SETTLE = f"SELECT min(seq) FROM operations WHERE command = {COMMANDS.SETTLE.value} AND failed_check = 0"
LAST_SETTLE = FIRST_SETTLE.replace("min(", "max(") + " AND ts < $1"
LAST_PRICE = "SELECT close FROM bars WHERE instrument = $1 AND minute < $2 ORDER BY minute DESC LIMIT 1"


async def gather(connection: Any, account: str, of: Period) -> Statement:
    """The statement of an account: its id, or its name.

    `connection`: of engine.store.reading. Raises InvalidInput for an unknown account; StoreError where the database
    does not have the whole ledger.
    """
    mark = await connection.fetchrow("SELECT seq, ts, transfers_after FROM watermark")
    row = await _account(connection, account)
    if mark["transfers_after"]:
        raise StoreError(
            f"the database has the ledger from seq {mark['transfers_after'] + 1:,} on only: "
            "`openbell project --rebuild` makes it whole"
        )
    return await _Walk(connection, row, of, mark).statement()


async def _account(connection: Any, wanted: str) -> Any:
    rows = await connection.fetch("SELECT * FROM accounts ORDER BY account")
    by_name = {row["name"]: row for row in rows}
    by_id = {str(row["account"]): row for row in rows}
    found = by_name.get(wanted) or by_id.get(wanted)
    if found is None:
        text = f"account: there is no account {wanted!r}{near(wanted, by_name)}"
        raise InvalidInput(text, field="account", value=wanted)
    return found


class _Walk:
    def __init__(self, connection: Any, row: Any, of: Period, mark: Any) -> None:
        self._connection = connection
        self._row = row
        self._id: int = row["account"]
        self._of = of
        self._mark = mark
        self._is_present = of.until > mark["ts"]
        self._lines: list[Line] = []
        self._trades: dict[tuple[int, int], list[Trade]] = {}  # by instrument and id: two of a trade with itself
        self._fees: Counter[str] = Counter()

    async def statement(self) -> Statement:
        """Walk, and put it together."""
        history = History(await self._connection.fetchval(FIRST_SETTLE))
        settlements = await self._connection.fetch(
            "SELECT seq, ts, settled FROM settlements WHERE account = $1 AND ts < $2 ORDER BY seq",
            self._id,
            self._of.until,
        )
        upcoming = iter([*settlements, None])
        settlement = next(upcoming)
        opening: tuple[int, int] | None = None
        first: datetime | None = None
        last_seq = await self._seq_before(self._of.until)

        def settle_before(seq: int, ts: datetime | None) -> None:
            nonlocal settlement
            while settlement is not None and settlement["seq"] < seq and (ts is None or settlement["ts"] < ts):
                history.settle(settlement["seq"], settlement["settled"])
                settlement = next(upcoming)

        instruments = await self._connection.fetch(INSTRUMENTS)
        lots = LotHistory(instruments)
        splits = await self._connection.fetch(SPLITS, self._of.until)

        def split_before(seq: int | None) -> None:
            while splits and (seq is None or splits[0]["seq"] <= seq):
                lots.split(splits.pop(0))

        async for row in self._connection.cursor(TRANSFERS, self._id, self._of.until, prefetch=ROWS_AT_ONCE):
            first = first or row["ts"]
            if opening is None and row["ts"] >= self._of.since:
                opening = await self._opening(history, settle_before)
            settle_before(row["seq"], None)
            split_before(row["seq"])
            for leg in legs(row, self._id):
                cost = leg.lots * row["given"][1] if row["kind"] == KINDS.SHARES else 0
                history.take(leg, cost)
                lots.take(leg, cost)
                if opening is not None:
                    self._note(leg, history.cash)
        if opening is None:
            opening = await self._opening(history, settle_before)
        split_before(None)
        settle_before(last_seq + 1, None)
        history.pass_to(last_seq + 1)
        self._check(history)
        withdrawals = await self._withdrawals()
        return Statement(
            self._id, self._row["name"], self._row["currency"],
            max(self._of.since, min(first or self._mark["ts"], self._mark["ts"])),
            min(self._of.until, self._mark["ts"]), self._mark["ts"], self._mark["seq"],
            Balance(*opening, self._held(withdrawals, self._of.since), None),
            Balance(
                history.cash, history.settled_now, self._held(withdrawals, self._of.until),
                self._row["hold"] - self._row["withdrawals"] if self._is_present else None,
            ),
            self._lines, [trade for side in self._trades.values() for trade in side],
            await self._holdings(history, instruments), dict(sorted(self._fees.items())),
            [one for one in withdrawals if one.ended is None or one.ended >= self._of.since],
            lots.lots(), [one for one in lots.gains() if one.ts >= self._of.since],
        )  # fmt: skip

    async def _opening(self, history: History, settle_before: Any) -> tuple[int, int]:
        """Cash and settled cash before the period."""
        seq = await self._seq_before(self._of.since)
        settle_before(seq + 1, self._of.since)
        history.pass_to(seq + 1)
        return history.cash, history.settled_now

    async def _seq_before(self, moment: datetime) -> int:
        """Of the last SETTLE before: nothing else is asked for by its number."""
        return await self._connection.fetchval(LAST_SETTLE, moment) or 0

    def _check(self, history: History) -> None:
        if self._is_present and history.cash != self._row["cash"]:
            raise StoreError(
                f"the movements of account {self._row['name']} come to {history.cash:,} and its balance is "
                f"{self._row['cash']:,}: see `openbell ledger verify`"
            )

    # -- what moved ---------------------------------------------------------------------------------------------

    def _note(self, leg: Leg, balance: int) -> None:
        row = leg.row
        quantity = leg.lots * row["lot_size"] if leg.lots else None
        price = row["cash"] // (abs(quantity) * 100) if quantity and row["kind"] in OF_TRADES else None
        entry, text = self._words(leg)
        self._lines.append(
            Line(row["seq"], row["ts"], entry, text, row["symbol"], quantity, price, leg.cash, balance, row["trade_id"],
                 row["reference"])
        )  # fmt: skip
        if row["kind"] == KINDS.CHARGED:
            self._fees[HOUSES.get(row["house"], str(row["house"]))] -= leg.cash
        self._note_trade(leg, quantity, price)

    def _note_trade(self, leg: Leg, quantity: int | None, price: int | None) -> None:
        row = leg.row
        if row["trade_id"] is None:
            return
        sides = self._trades.setdefault((row["instrument"], row["trade_id"]), [])
        if row["kind"] == KINDS.FILL:
            assert quantity is not None
            assert price is not None
            side = "BUY" if quantity > 0 else "SELL"
            sides.append(Trade(row["ts"], row["trade_id"], side, row["symbol"], abs(quantity), price, leg.cash))
        elif row["kind"] == KINDS.CHARGED and sides:
            sides[0].fees -= leg.cash
        elif row["kind"] in (KINDS.TRADE_BUSTED, KINDS.TRADE_CORRECTED):
            for trade in sides:
                trade.status = "busted" if row["kind"] == KINDS.TRADE_BUSTED else "corrected"

    def _words(self, leg: Leg) -> tuple[str, str]:
        row = leg.row
        kind, why = row["kind"], f": {row['reason']}" if row["reason"] else ""
        house = HOUSES.get(row["house"], str(row["house"])).lower()
        if kind == KINDS.FILL:
            return "TRADE", f"{'bought' if leg.lots > 0 else 'sold'} {row['symbol']}, trade {row['trade_id']}"
        if kind == KINDS.TRADE_BUSTED:
            return "BUST", f"trade {row['trade_id']} in {row['symbol']} is void{why}"
        if kind == KINDS.TRADE_CORRECTED:
            return "CORRECTION", f"trade {row['trade_id']} in {row['symbol']} is this{why}"
        if kind == KINDS.SHARES:
            return "SHARES", f"{row['symbol']} {'in' if leg.lots > 0 else 'out'}{why}"
        if kind == KINDS.SPLIT_SHARES:
            return "SPLIT", f"{row['symbol']}: {row['given'][0]:,} for {row['given'][1]:,}{why}"
        if kind == KINDS.CASH and row["reference"] is not None:
            return "WITHDRAWAL", f"withdrawal {row['reference']}{why}"
        if kind == KINDS.CASH:
            return "DEPOSIT" if leg.cash > 0 else "WITHDRAWAL", f"{'deposit' if leg.cash > 0 else 'withdrawal'}{why}"
        if row["order_id"] is not None:
            return "FEE", f"{house} {'fee' if leg.cash < 0 else 'rebate'}, trade {row['trade_id']} in {row['symbol']}"
        of = f" for {row['symbol']}" if row["symbol"] else ""
        return "CHARGE", f"{house}{of}{why}"

    # -- what there is ------------------------------------------------------------------------------------------

    async def _holdings(self, history: History, instruments: list[Any]) -> list[Holding]:
        positions = history.positions
        if self._is_present:
            rows = await self._connection.fetch("SELECT * FROM positions WHERE account = $1", self._id)
            positions = {row["instrument"]: Position(row["qty"], row["cost"]) for row in rows}
        found = []
        for row in instruments:
            position = positions.get(row["instrument"])
            if position is None or not position.lots:
                continue
            price = await self._connection.fetchval(LAST_PRICE, row["instrument"], self._of.until)
            found.append(Holding(row["symbol"], position.lots * row["lot_size"], position.cost, price))
        return found

    async def _withdrawals(self) -> list[Withdrawal]:
        """All of the account until the end, in the order in which they began."""
        found: dict[int, Withdrawal] = {}
        done: list[Withdrawal] = []
        for row in await self._connection.fetch(WITHDRAWALS, self._id, self._of.until):
            amount, number = row["given"][0], row["given"][1]
            if row["command"] == COMMANDS.HOLD_CASH:
                found[number] = Withdrawal(number, amount, row["ts"], None, "on its way", row["reason"])
            else:
                held = found.pop(number)
                result = "paid out" if row["command"] == COMMANDS.POST_CASH else "released"
                done.append(Withdrawal(number, held.amount, held.held, row["ts"], result, row["reason"]))
        return sorted([*done, *found.values()], key=lambda one: (one.held, one.number))

    @staticmethod
    def _held(withdrawals: list[Withdrawal], moment: datetime) -> int:
        return sum(
            one.amount for one in withdrawals if one.held < moment and (one.ended is None or one.ended >= moment)
        )
