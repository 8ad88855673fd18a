"""From the journal to batches: a reader, a core of its own, and the open orders. Blocks; runs in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from engine import snapshots
from engine.journal.commands import split
from engine.journal.reader import JournalReader
from engine.projector.batch import HISTORIES, Batch, Records, Row, signed, text, timestamp
from engine.projector.state import Changes
from engine.recovery import OnEvents, replay
from ext.core import Core
from ext.projection import LIVE_DTYPE, Projection

MOST_COMMANDS = 1 << 18  # in a batch
AMENDED = ("trade_id", "price", "qty", "new_price", "new_qty", "seller", "trade_seq")  # given, of an AmendCommand


class Source:
    """Gives what follows from the journal of the market in `data` after the number `seq`.

    `open_orders`: those of the database at that number, ext.projection.LIVE_DTYPE records. `span`: a batch never
    reaches over a multiple of it. Raises JournalError, OSError, and ValueError where the orders do not fit the journal.
    """

    def __init__(self, data: Path, seq: int, open_orders: bytes, span: int) -> None:
        self.span = span
        self.core, self._reader = core_at(data, seq)
        self._changes = Changes()
        self._projection = Projection()
        self._projection.restore(open_orders)
        self._projection.transfers.learn(self.core.instruments(), self.core.accounts())
        self._check(open_orders)

    @property
    def seq(self) -> int:
        """Number of the last command in the last batch."""
        return self.core.seq

    @property
    def market_id(self) -> bytes:
        """Of the market whose journal this is."""
        return self._reader.market_id

    def next(self, last_seq: int, limit: int = MOST_COMMANDS) -> Batch | None:
        """The next batch, of at most `limit` commands up to `last_seq`, which are there; None when nothing is new."""
        before_seq = self.core.seq
        span_end = ((before_seq + 1) // self.span + 1) * self.span - 1
        limit_seq = min(last_seq, before_seq + limit, span_end)
        if limit_seq <= before_seq:
            return None
        batch = Batch(before_seq)
        while commands := self._reader.read(limit_seq):
            self._take(commands, batch)
        batch.last_seq, batch.ts_ns = self.core.seq, self.core.ts_ns
        batch.gone_orders, batch.changed_orders, batch.new_orders = self._projection.take_open()
        batch.instruments = self._changes.instruments(self.core)
        batch.accounts = self._changes.accounts(self.core)
        batch.positions = self._changes.positions(self.core)
        batch.changes = self._changes.lists(self.core)
        batch.bars = self._projection.take_bars()
        return batch

    def close(self) -> None:
        """Close the journal."""
        self._reader.close()

    def _take(self, commands: bytes, batch: Batch) -> None:
        self.core.apply(commands)
        data = self.core.take_events()
        self._projection.apply(commands, data)
        *rows, others = self._projection.take()
        for name, more in zip(HISTORIES, rows, strict=True):
            if more:
                batch.histories[name].append(more)
        batch.events += len(data) // wire.EVENT.itemsize
        _take_operations(commands, np.frombuffer(others, wire.EVENT), batch)

    def _check(self, open_orders: bytes) -> None:
        """The orders of the database are those of the core: otherwise it is not what this journal gave."""
        ours = np.sort(np.frombuffer(self.core.orders(), wire.ORDER_ROW)["order_id"])
        theirs = np.sort(np.frombuffer(self._projection.open_orders(), LIVE_DTYPE)["order_id"])
        if not np.array_equal(ours, theirs):
            raise ValueError(
                f"the database has {len(theirs)} open orders at seq {self.seq}, the journal {len(ours)}, or others: "
                "rebuild it with `openbell project --rebuild`"
            )


# Answers of commands that tell each account first.
LAST_SAYS = frozenset(
    (
        wire.EventKind.SETTLEMENT,
        wire.EventKind.ACCRUED,
        wire.EventKind.DIVIDEND_SET,
        wire.EventKind.DIVIDEND_PAID,
        wire.EventKind.SPLIT_DONE,
    )
)


def core_at(
    data: Path, seq: int, *, whole: bool = False, on_events: OnEvents | None = None
) -> tuple[Core, JournalReader]:
    """The state after the command `seq`, and a reader of what follows.

    From the newest snapshot before it on, or from the first command on where `whole` is true. `on_events`: gets what is
    replayed. Raises JournalError, OSError.
    """
    directory = data / "journal"
    core = Core()
    for saved in [] if whole else reversed(snapshots.listed(data)):
        if saved.seq <= seq:
            try:
                core, snapshot = snapshots.restore(saved.path)
            except (snapshots.SnapshotError, OSError):
                continue  # an earlier one serves as well
            with JournalReader(directory, saved.seq + 1) as reader:
                if snapshot.market_id in (reader.market_id, bytes(16)):
                    break
            core = Core()
    reader = JournalReader(directory, core.seq + 1)
    if core.seq < seq:
        replay(reader, core, seq, on_events)
    return core, reader


def _take_operations(commands: bytes, events: Records, batch: Batch) -> None:
    """Rows of operations and movements: one for each AdminCommand, one for each end of a day; auctions and states, what
    settled, levels of accounts, soft limits, and day trades."""
    kinds = (
        wire.EventKind.SETTLED, wire.EventKind.RISK_LEVEL, wire.EventKind.LIMIT_WARNING, wire.EventKind.DAY_TRADE
    )  # fmt: skip
    of_day, of_risk, of_limit, of_trade = (events["kind"] == kind for kind in kinds)
    are_no_answers = of_day | of_risk | of_limit | of_trade  # but of an account each
    if are_no_answers.any():
        batch.settlements += _settlements(events[of_day])
        batch.risk_levels += _risk_levels(events[of_risk])
        batch.limit_warnings += _limit_warnings(events[of_limit])
        batch.day_trades += _day_trades(events[of_trade])
        events = events[~are_no_answers]
    answers: dict[int, Any] = {}
    for event in events:
        if event["kind"] in LAST_SAYS:
            answers[int(event["seq"])] = event
        if not _follows_a_trade(event):
            answers.setdefault(int(event["seq"]), event)
        _take_cash(event, batch)
        if event["kind"] == wire.EventKind.DAY_TRADER_LIFTED:
            seq, account, account_seq = (int(event[name]) for name in ("seq", "account", "account_seq"))
            batch.day_trader_lifts.append((seq, timestamp(int(event["ts_ns"])), account, account_seq))
        _take_auction(event, batch)
    for run in split(commands):
        if run.dtype in (wire.ADMIN_COMMAND, wire.AMEND_COMMAND):
            _take_admin(run[0], answers.pop(int(run[0]["seq"]), None), batch)
            if run.dtype == wire.AMEND_COMMAND:
                _take_amendment(run[0], events, batch)
    ended = events[events["kind"] == wire.EventKind.DAY_ENDED]
    for event in ended:  # by a tick
        batch.operations.append(
            (int(event["seq"]), timestamp(int(event["ts_ns"])), wire.CommandKind.TICK.value, int(event["kind"]),
             0, 0, 0, 0, 0, [], "", "", "", 0, 0, int(event["price"]), int(event["qty"]))
        )  # fmt: skip


def _settlements(events: Records) -> list[Row]:
    columns = [events[name].tolist() for name in ("seq", "account", "account_seq", "price")]
    seqs, accounts, account_seqs, amounts = columns
    times = [timestamp(ts_ns) for ts_ns in events["ts_ns"].tolist()]
    settled = events["trade_id"].astype(np.int64).tolist()
    return list(zip(seqs, times, accounts, account_seqs, amounts, settled, strict=True))


def _risk_levels(events: Records) -> list[Row]:
    names = ("seq", "account", "account_seq", "reason", "flags", "price")
    seqs, accounts, account_seqs, levels, before, equities = (events[name].tolist() for name in names)
    times = [timestamp(ts_ns) for ts_ns in events["ts_ns"].tolist()]
    kept = events["trade_id"].astype(np.int64).tolist()
    return list(zip(seqs, times, accounts, account_seqs, levels, before, equities, kept, strict=True))


def _limit_warnings(events: Records) -> list[Row]:
    names = "account account_seq instrument client_order_id reason flags trade_id price".split()
    times = [timestamp(ts_ns) for ts_ns in events["ts_ns"].tolist()]
    columns = (events[name].astype(np.int64).tolist() for name in names)
    measures = events["order_id"].astype(np.int64).tolist()
    return list(zip(events["seq"].tolist(), times, *columns, measures, strict=True))


def _day_trades(events: Records) -> list[Row]:
    names = "account account_seq instrument side order_id client_order_id trade_id qty leaves".split()
    times = [timestamp(ts_ns) for ts_ns in events["ts_ns"].tolist()]
    columns = (events[name].astype(np.int64).tolist() for name in names)
    made = events["flags"].astype(bool).tolist()
    return list(zip(events["seq"].tolist(), times, *columns, made, strict=True))


def _follows_a_trade(event: Any) -> bool:
    """Whether it tells of a cash account's sale, which comes before the answer where that was in an auction."""
    begins = event["kind"] == wire.EventKind.CASH_RESTRICTED and event["reason"]
    return bool(begins or event["kind"] == wire.EventKind.CASH_VIOLATION)


def _take_cash(event: Any, batch: Batch) -> None:
    """The row of a violation of a cash account, or of what became of one or of a restriction."""
    kind = int(event["kind"])
    if kind not in (wire.EventKind.CASH_VIOLATION, wire.EventKind.CASH_RESTRICTED, wire.EventKind.CASH_LIFTED):
        return
    when = timestamp(int(event["ts_ns"]))
    names = ("seq", "account", "account_seq", "trade_id")
    seq, account, account_seq, number = (int(event[name]) for name in names)
    if kind == wire.EventKind.CASH_VIOLATION:
        more = ("instrument", "reason", "qty", "price", "order_id", "client_order_id", "leaves")
        figures = (signed(int(event[name])) for name in more)
        batch.cash_violations.append((seq, when, account, account_seq, number, *figures))
    else:
        row = (seq, when, account, account_seq, kind, bool(event["reason"]), number)
        batch.cash_restrictions.append(row)


def _take_auction(event: Any, batch: Batch) -> None:
    """The row of an auction, or of an instrument's state; an extension is a call to another time."""
    kind = int(event["kind"])
    if kind not in (wire.EventKind.AUCTION, wire.EventKind.AUCTION_EXTENDED, wire.EventKind.INSTRUMENT_STATE):
        return
    names = ("seq", "instrument", "reason", "side", "price", "qty", "leaves")
    seq, instrument, reason, side, price, qty, leaves = (int(event[name]) for name in names)
    when = timestamp(int(event["ts_ns"]))
    if kind == wire.EventKind.AUCTION:
        batch.auctions.append((seq, when, instrument, reason, price, qty, leaves, side if leaves else None))
    elif kind == wire.EventKind.AUCTION_EXTENDED:
        state, until = wire.InstrumentState.CALL.value, timestamp(int(event["trade_id"]))
        batch.states.append((seq, when, instrument, state, side, until))
    else:
        batch.states.append((seq, when, instrument, reason, side, timestamp(price) if price else None))


def _take_amendment(command: Any, events: Records, batch: Batch) -> None:
    """The row of a bust or correction, if it was done."""
    sides = events[(events["seq"] == command["seq"]) & (events["kind"] == wire.EventKind.TRADE_BUSTED)]
    if not len(sides):
        return
    given = {name: signed(int(command[name])) for name in command.dtype.names if command.dtype[name].kind != "S"}
    is_bust = given["kind"] == wire.CommandKind.BUST_TRADE
    new = (None, None) if is_bust else (given["new_price"], given["new_qty"])
    batch.amendments.append(
        (given["seq"], timestamp(given["ts_ns"]), given["instrument"], given["trade_id"], given["trade_seq"],
         timestamp(given["trade_ts_ns"]), bool(given["flags"] & wire.TradeFlag.CROSS), given["account"],
         given["seller"], *sides["account_seq"].tolist(), given["buyer_order_id"], given["seller_order_id"],
         given["price"], given["qty"], *new, text(command["operator"]), text(command["reason"]))
    )  # fmt: skip


def _take_admin(command: Any, event: Any, batch: Batch) -> None:
    seq, when = int(command["seq"]), timestamp(int(command["ts_ns"]))
    if event is not None:
        kind = int(event["kind"])
    else:  # an operator's mass cancel is answered among the order events; a command of all of none is not answered
        is_cancel = command["kind"] == wire.CommandKind.OPERATOR_CANCEL
        kind = wire.EventKind.MASS_CANCELED.value if is_cancel else 0
    account_seq = answer = check = limit = value = 0
    if event is not None:
        account_seq, answer = int(event["account_seq"]), int(event["qty"])
        if kind == wire.EventKind.ADMIN_REJECTED:
            reject = np.array([event]).view(wire.REJECT)[0]
            check, limit, value = (int(reject[name]) for name in ("check", "limit", "value"))
    account, instrument = int(command["account"]), int(command["instrument"])
    operator, reason = text(command["operator"]), text(command["reason"])
    amends = command.dtype == wire.AMEND_COMMAND
    values = AMENDED if amends else [f"value{index}" for index in range(8)]
    given = [signed(int(command[name])) for name in values]
    if command["kind"] == wire.CommandKind.SET_EXTENSION:
        given[-1] = 0  # the seed of a random end is in the journal alone
    batch.operations.append(
        (seq, when, int(command["kind"]), kind, account, account_seq, instrument, int(command["state"]),
         int(command["flags"]), given, "" if amends else text(command["name"]), operator, reason, check, limit, value,
         answer)
    )  # fmt: skip
    if kind in (wire.EventKind.CASH, wire.EventKind.SHARES):
        of = None if kind == wire.EventKind.CASH else instrument
        amount, balance = int(event["price"]), signed(int(event["trade_id"]))
        number = (int(event["order_id"]) or None) if of is None else None  # of a withdrawal
        row: Row = (seq, when, account, account_seq, of, amount, balance, operator, reason, number)
        batch.movements.append(row)
