"""What the tests of desks share: desks by keyword, and docs/desks.md's measures spelled out slowly from rows."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import AdminFlag, Check, CommandKind, EventKind, Limit, RiskType

from ext.core import Core
from tests.ext.market import A, B, C, Market, plain
from tests.ext.risky import DOLLAR, UNIT, at, cut, watch

FIRM, DESK, OTHER = 1, 2, 3
EACH = 100 * UNIT  # what a lot of instrument 0 is worth at its mark


def room(m: Market, desks: int = 8, places: int = 8, **settings: int) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_RISK, settings.get("units", 1_000), 0, 0, desks, places)


def set_desk(m: Market, desk: int, name: bytes = b"", parent: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_DESK, parent, account=desk, name=name)


def join(m: Market, account: int, desk: int) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_MEMBER, desk, account=account)


def put(m: Market, desk: int, state: int, flags: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_DESK_STATE, account=desk, state=state, flags=flags)


def limit(m: Market, account: int, which: int, hard: int, soft: int = 0, flags: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_LIMIT, hard, soft, account=account, state=which, flags=flags)


def limit_desk(m: Market, desk: int, which: int, hard: int, soft: int = 0) -> list[SimpleNamespace]:
    return limit(m, desk, which, hard, soft, AdminFlag.OF_DESK)


def market(risk_type: int = RiskType.CASH) -> Market:
    """A and B are in a desk below a firm, C is in no desk; all are watched, instrument 0 is at 100 dollars."""
    m = Market()
    m.instrument(0, -1, -1, 100 * DOLLAR)
    room(m)
    m.tick(m.ts_ns)
    set_desk(m, FIRM, b"firm")
    set_desk(m, DESK, b"desk", FIRM)
    for account in (A, B, C):
        watch(m, account, risk_type)
    join(m, A, DESK)
    join(m, B, DESK)
    return m


def kinds(events: list[Any]) -> list[int]:
    return [event.kind for event in events]


def refused(events: list[Any]) -> tuple[str, int, int, int, int]:
    """Of the one reject: its check, limit, value, headroom, and the distance of its holder."""
    (reject,) = [event for event in events if hasattr(event, "check")]
    return Check(reject.check).name, reject.limit, reject.value, reject.headroom, reject.flags


def warned(events: list[Any]) -> list[tuple[str, int, int, int, int, int]]:
    """Of each LIMIT_WARNING: limit, account, distance, soft limit, measure, desk."""
    return [
        (Limit(e.reason).name, e.account, e.flags, e.price, e.order_id, e.trade_id)
        for e in events
        if e.kind == EventKind.LIMIT_WARNING
    ]


def states(events: list[Any]) -> list[tuple[int, int, int]]:
    """Account, own state and the one in force of each ACCOUNT_STATE."""
    return [(e.account, e.reason, e.flags) for e in events if e.kind == EventKind.ACCOUNT_STATE]


def desk_of(m: Market, desk: int) -> SimpleNamespace:
    return next(row for row in plain(m.core.desks(), wire.DESK_ROW) if row.desk == desk)


def measured(m: Market) -> dict[tuple[int, int, str], tuple[int, int, int]]:
    """By holder, flags and name of each limit: hard, soft, measure."""
    rows = plain(m.core.limits(), wire.LIMIT_ROW)
    return {(row.holder, row.flags, Limit(row.limit).name): (row.hard, row.soft, row.measure) for row in rows}


class Sums:
    """What one holder measures."""

    def __init__(self) -> None:
        self.gross = self.net_buy = self.net_sell = self.open_notional = 0
        self.open_orders = self.equity = self.base = self.watched = 0

    def add(self, other: Sums) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def sums_of_accounts(core: Core) -> dict[int, Sums]:
    """Of the accounts that are watched."""
    lot_sizes = {row.instrument: row.lot_size for row in plain(core.instruments(), wire.INSTRUMENT_ROW)}
    result = {}
    risks = {row.account: row for row in plain(core.risk(), wire.RISK_ROW)}
    for row in plain(core.accounts(), wire.ACCOUNT_ROW):
        if row.risk_type != RiskType.NONE:
            sums = result[row.account] = Sums()
            sums.open_orders, sums.equity, sums.watched = row.open_orders, row.cash - row.withdrawals, 1
            sums.base = risks[row.account].base
    for p, x in zip(
        plain(core.positions(), wire.POSITION_ROW), plain(core.exposures(), wire.EXPOSURE_ROW), strict=True
    ):
        if p.account in result:
            sums, lot = result[p.account], lot_sizes[p.instrument]

            def signed(lots: int, mark: int = x.mark, lot: int = lot) -> int:
                return at(lots, mark, lot) * (1 if lots >= 0 else -1)

            bought, sold = p.qty + p.open_buy, p.qty - p.open_sell
            sums.gross += max(abs(signed(lots)) for lots in (p.qty, bought, sold))
            sums.net_buy += signed(bought)
            sums.net_sell += signed(sold)
            sums.open_notional += signed(p.open_buy) + signed(p.open_sell)
            sums.equity += signed(p.qty)
    return result


def check_desks(core: Core) -> None:
    """Recompute what all desks measure, and all limits beside it."""
    accounts = sums_of_accounts(core)
    desks = {row.desk: row for row in plain(core.desks(), wire.DESK_ROW)}
    sums: dict[int, Sums] = {desk: Sums() for desk in desks}
    in_them: dict[int, int] = defaultdict(int)
    for member in plain(core.members(), wire.MEMBER_ROW):
        in_them[member.desk] += 1
        desk = member.desk if member.account in accounts else 0
        while desk:
            sums[desk].add(accounts[member.account])
            desk = desks[desk].parent
    for desk, row in desks.items():
        s = sums[desk]
        assert (row.gross, row.net_buy, row.net_sell, row.open_notional) == (
            cut(s.gross), cut(s.net_buy), cut(s.net_sell), cut(s.open_notional),
        ), (row, vars(s))  # fmt: skip
        assert (row.open_orders, row.equity, row.loss) == (s.open_orders, cut(s.equity), cut(s.base - s.equity)), row
        assert (row.watched, row.accounts) == (s.watched, in_them[desk]), row
    for row in plain(core.limits(), wire.LIMIT_ROW):
        s = sums[row.holder] if row.flags & AdminFlag.OF_DESK else accounts.get(row.holder, Sums())
        wanted = {
            Limit.GROSS: s.gross,
            Limit.NET: max(abs(s.net_buy), abs(s.net_sell)),
            Limit.OPEN_NOTIONAL: s.open_notional,
            Limit.OPEN_ORDERS: s.open_orders,
            Limit.DAY_LOSS: max(0, s.base - s.equity),
        }
        if row.limit != Limit.MESSAGES:
            assert row.measure == cut(wanted.get(Limit(row.limit), 0)), row
