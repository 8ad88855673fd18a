"""Rows of the present that changed since they were last looked at: instruments, accounts, positions; the ledger's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from openbell import wire

from engine.projector.batch import Change, Records, Row, signed, text, timestamp
from ext.core import Core


class Listing(NamedTuple):
    """A list of the core whose rows come and go, and its table."""

    of: Callable[[Core], bytes]
    dtype: np.dtype[Any]
    row: Callable[[Any], Row]
    keys: int  # so many fields of a row, from the first one


def _house_row(row: Any) -> Row:
    balance = (int(row["balance_high"]) << 64) + int(row["balance"])
    return text(row["currency"]), int(row["house"]), balance


def _withdrawal_row(row: Any) -> Row:
    return int(row["account"]), int(row["number"]), int(row["amount"]), timestamp(int(row["ts_ns"]))


def _fee_row(row: Any) -> Row:
    names = (
        "plan component house bits per_share of_notional per_order minimum maximum most_of_notional rounding reserve"
    )
    return tuple(int(row[name]) for name in names.split())


def _margins(core: Core) -> bytes:
    """Without what they are marked at: that is another one all the time, and no table has it."""
    rows = np.frombuffer(core.margins(), wire.MARGIN_ROW).copy()
    rows["mark"] = rows["close"] = 0
    return rows.tobytes()


def _margin_row(row: Any) -> Row:
    names = (
        "instrument mark_by initial_long maintenance_long initial_short maintenance_short least_low least "
        "average_volume lists"
    )
    return tuple(int(row[name]) for name in names.split())


def _desks(core: Core) -> bytes:
    """Without what they measure, as `_margins`."""
    rows = np.frombuffer(core.desks(), wire.DESK_ROW)
    kept = np.zeros(len(rows), wire.DESK_ROW)
    for name in ("desk", "parent", "state", "in_force", "name"):
        kept[name] = rows[name]
    return kept.tobytes()


def _desk_row(row: Any) -> Row:
    return int(row["desk"]), text(row["name"]), int(row["parent"]), int(row["state"]), int(row["in_force"])


def _member_row(row: Any) -> Row:
    return int(row["account"]), int(row["desk"]), int(row["in_force"])


def _limits_of(core: Core, *, keys: bool) -> bytes:
    """Of keys, or of accounts and desks."""
    rows = np.frombuffer(core.limits(), wire.LIMIT_ROW).copy()
    rows["measure"] = 0
    found: Records = rows[(rows["flags"] & wire.AdminFlag.OF_KEY != 0) == keys]
    return found.tobytes()


def _limit_row(row: Any) -> Row:
    of_desk = bool(row["flags"] & wire.AdminFlag.OF_DESK)
    return of_desk, int(row["holder"]), int(row["limit"]), int(row["hard"]), int(row["soft"])


def _keys(core: Core) -> bytes:
    """Without what they have in the market, as `_margins`."""
    rows = np.frombuffer(core.keys(), wire.KEY_ROW)
    kept = np.zeros(len(rows), wire.KEY_ROW)
    for name in ("key", "name"):
        kept[name] = rows[name]
    return kept.tobytes()


def _fields(*names: str) -> Callable[[Any], Row]:
    """Rows of these fields, all of them numbers."""
    return lambda row: tuple(int(row[name]) for name in names)


def _rate_row(row: Any) -> Row:
    raw = int(row["currency"]).to_bytes(8, "little").rstrip(b"\0")
    return text(raw), int(row["debit"]), int(row["credit"]), int(row["days"])


def _located(core: Core) -> bytes:
    """Without what is short, which follows from positions."""
    rows = np.frombuffer(core.locates(), wire.LOCATE_ROW).copy()
    rows["short"] = 0
    return rows.tobytes()


def _cash_accounts(core: Core) -> bytes:
    """Without cash, which each trade changes."""
    rows = np.frombuffer(core.cash(), wire.CASH_ROW)
    kept = np.zeros(len(rows), wire.CASH_ROW)
    for name in ("account", "rule", "restricted", "violations", "since"):
        kept[name] = rows[name]
    return kept.tobytes()


def _day_traders(core: Core) -> bytes:
    """Without the days apart, which no table has."""
    rows = np.frombuffer(core.day_traders(), wire.DAY_TRADE_ROW)
    kept = np.zeros(len(rows), wire.DAY_TRADE_ROW)
    for name in ("account", "rule", "is_pattern", "day_trades", "trades", "kept_0", "kept_1", "kept_2"):
        kept[name] = rows[name]
    return kept.tobytes()


LISTINGS = {
    "house_balances": Listing(lambda core: core.house(), wire.HOUSE_ROW, _house_row, 2),
    "withdrawals": Listing(lambda core: core.withdrawals(), wire.WITHDRAWAL_ROW, _withdrawal_row, 2),
    "fee_plans": Listing(lambda core: core.fees(), wire.FEE_ROW, _fee_row, 2),
    "margins": Listing(_margins, wire.MARGIN_ROW, _margin_row, 1),
    "desks": Listing(_desks, wire.DESK_ROW, _desk_row, 1),
    "members": Listing(lambda core: core.members(), wire.MEMBER_ROW, _member_row, 1),
    "limits": Listing(lambda core: _limits_of(core, keys=False), wire.LIMIT_ROW, _limit_row, 3),
    "keys": Listing(_keys, wire.KEY_ROW, lambda row: (int(row["key"]), text(row["name"])), 1),
    "key_limits": Listing(
        lambda core: _limits_of(core, keys=True), wire.LIMIT_ROW, _fields("holder", "limit", "hard", "soft"), 2
    ),
    "lendings": Listing(
        lambda core: core.borrows(), wire.BORROW_ROW, _fields("instrument", "borrow", "fee", "inventory", "lent"), 1
    ),
    "located": Listing(_located, wire.LOCATE_ROW, _fields("account", "instrument", "located"), 2),
    "interest_rates": Listing(lambda core: core.rates(), wire.RATE_ROW, _rate_row, 1),
    "cash_accounts": Listing(
        _cash_accounts, wire.CASH_ROW, _fields("account", "rule", "restricted", "violations", "since"), 1
    ),
    "day_traders": Listing(
        _day_traders,
        wire.DAY_TRADE_ROW,
        _fields("account", "rule", "is_pattern", "day_trades", "trades", "kept_0", "kept_1", "kept_2"),
        1,
    ),
    "dividends_due": Listing(lambda core: core.dues(), wire.DUE_ROW, _fields("account", "instrument", "due"), 2),
}


class Changes:
    """Compares the core's rows with those before. The first time all are new."""

    def __init__(self) -> None:
        self._instruments = np.zeros(0, wire.INSTRUMENT_ROW)
        self._accounts = np.zeros(0, wire.ACCOUNT_ROW)
        self._positions = np.zeros(0, wire.POSITION_ROW)
        self._lists: dict[str, bytes] = {}

    def instruments(self, core: Core) -> list[Row]:
        """Rows for the table of instruments."""
        now = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
        changed, self._instruments = _by_id(self._instruments, now, "instrument"), now
        columns = (
            "tick_size lot_size reference_price collar_bps max_order_qty max_order_notional bid_price ask_price "
            "bid_qty ask_qty trades volume orders halt_reason auction_kind short_restricted auction_ns band_lower "
            "band_upper"
        ).split()
        return [
            (int(row["instrument"]), text(row["symbol"]), text(row["currency"]), int(row["state"]),
             *(signed(int(row[name])) for name in columns))
            for row in changed
        ]  # fmt: skip

    def accounts(self, core: Core) -> list[Row]:
        """Rows for the table of accounts."""
        now = np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)
        changed, self._accounts = _by_id(self._accounts, now, "account"), now
        columns = (
            "state flags cash hold short_proceeds realized_pnl open_orders account_seq last_client_order_id "
            "max_order_qty max_order_notional max_position max_open_orders max_messages plan settled unsettled "
            "withdrawals withdrawable fees"
        ).split()
        ids, names = changed["account"].tolist(), [text(name) for name in changed["name"].tolist()]
        currencies = [text(currency) for currency in changed["currency"].tolist()]
        figures = [_column(changed, name) for name in columns]
        return list(zip(ids, names, *figures, currencies, _column(changed, "risk_type"), strict=True))

    def positions(self, core: Core) -> list[Row]:
        """Rows for the table of positions."""
        now = np.frombuffer(core.positions(), wire.POSITION_ROW)
        before, self._positions = self._positions, now
        # They come in the order of their creation: new ones are at the end.
        differ = np.ones(len(now), bool)
        differ[: len(before)] = _differ(before, now[: len(before)])
        changed = now[differ]
        columns = "account instrument qty cost realized_pnl open_buy open_sell".split()
        return list(zip(*(_column(changed, name) for name in columns), strict=True))

    def lists(self, core: Core) -> dict[str, Change]:
        """Changes of those tables of LISTINGS in which there are any. The first time they are made afresh."""
        changes = {}
        for table, listing in LISTINGS.items():
            now, before = listing.of(core), self._lists.get(table)
            self._lists[table] = now
            if now != before:
                changes[table] = _change(listing, before, now)
        return changes


def _change(listing: Listing, before: bytes | None, now: bytes) -> Change:
    size = listing.dtype.itemsize
    were, are = ({data[start : start + size] for start in range(0, len(data), size)} for data in (before or b"", now))

    def rows(records: set[bytes]) -> list[Row]:
        return [listing.row(row) for row in np.frombuffer(b"".join(records), listing.dtype)]

    return Change(before is None, [row[: listing.keys] for row in rows(were - are)], rows(are - were))


def _column(rows: Records, name: str) -> list[int]:
    values = rows[name]
    return (values.astype(np.int64) if values.dtype.kind == "u" else values).tolist()  # type: ignore[no-any-return]


def _differ(before: Records, now: Records) -> Records:
    """Which rows are not the same, bit by bit."""
    words = now.dtype.itemsize // 8
    both = [np.ascontiguousarray(rows).view("<u8").reshape(-1, words) for rows in (before, now)]
    result: Records = (both[0] != both[1]).any(axis=1)
    return result


def _by_id(before: Records, now: Records, key: str) -> Records:
    """Rows of `now` that are not in `before`; both ascend by `key`."""
    if not len(before):
        return now
    places = np.minimum(np.searchsorted(before[key], now[key]), len(before) - 1)
    return now[_differ(before[places], now)]
