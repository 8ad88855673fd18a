"""What the tests of margin share: accounts that are watched, and docs/risk.md spelled out slowly from rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import AccountFlag, CommandKind, EventKind, MarkBy, RiskLevel, RiskType

from ext.core import Core
from tests.ext.market import Market, plain

UNIT = 1_000_000  # cash of one of the currency
DOLLAR = 10_000  # price of one of the currency
REG_T = (5_000, 2_500, 15_000, 3_000, 25_000, 50_000)  # value0 to value5 of SET_MARGIN: see docs/risk.md, at the end
I64 = 2**63


def cut(amount: int) -> int:
    return max(-I64, min(I64 - 1, amount))


def at(lots: int, price: int, lot_size: int) -> int:
    return min(abs(lots) * price * lot_size * 100, wire.MAX_CASH)


def watch(m: Market, account: int, risk_type: int = RiskType.MARGIN) -> list[SimpleNamespace]:
    events = m.admin(CommandKind.SET_ACCOUNT_RISK, account=account, state=risk_type)
    assert events[0].kind == EventKind.ACCOUNT_RISK, events
    return events


def set_margin(m: Market, *values: int, instrument: int = 0, mark_by: int = MarkBy.LAST) -> list[SimpleNamespace]:
    events = m.admin(CommandKind.SET_MARGIN, *values, instrument=instrument, state=mark_by)
    assert events[0].kind == EventKind.MARGIN_SET, events
    return events


def risk_of(m: Market, account: int) -> SimpleNamespace:
    return next(row for row in plain(m.core.risk(), wire.RISK_ROW) if row.account == account)


def exposure_of(m: Market, account: int, instrument: int = 0) -> SimpleNamespace:
    rows = plain(m.core.exposures(account), wire.EXPOSURE_ROW)
    return next(row for row in rows if row.instrument == instrument)


def margin_of(m: Market, instrument: int = 0) -> SimpleNamespace:
    return next(row for row in plain(m.core.margins(), wire.MARGIN_ROW) if row.instrument == instrument)


def levels(events: list[Any]) -> list[tuple[int, int, int]]:
    """Account, level and the one before of each RISK_LEVEL."""
    return [(e.account, e.reason, e.flags) for e in events if e.kind == EventKind.RISK_LEVEL]


def mark(m: Market, instrument: int, price: int, ts_ns: int | None = None) -> list[SimpleNamespace]:
    """Have all of an instrument's positions count at a price: its reference price, and TICKs."""
    m.instrument(instrument, -1, -1, price)
    events = m.tick(m.ts_ns if ts_ns is None else ts_ns)
    while m.core.sweeping:
        events += m.tick(m.ts_ns)
    return events


class Settings:
    """What SET_RISK was told, which no row has."""

    def __init__(self, units: int = 0, alert: int = 0, liquidation: int = 0) -> None:
        self.units, self.alert, self.liquidation = units, alert, liquidation


def needs(margin: Any, mark: int, lots: int, lot_size: int, which: str) -> int:
    if lots >= 0:
        rate = getattr(margin, f"{which}_long")
        return min(at(lots, mark, lot_size) * rate // 10_000, wire.MAX_CASH)
    least = 0
    if margin.least:
        least = max(mark, margin.least_low) if mark < margin.least else margin.least
    rate = getattr(margin, f"{which}_short")
    return max(min(at(lots, mark, lot_size) * rate // 10_000, wire.MAX_CASH), at(lots, least, lot_size))


def level_of(equity: int, maintenance: int, settings: Settings) -> RiskLevel:
    if settings.liquidation and equity * 10_000 < maintenance * settings.liquidation:
        return RiskLevel.LIQUIDATION
    if equity < maintenance:
        return RiskLevel.CALL
    if settings.alert and equity * 10_000 < maintenance * settings.alert:
        return RiskLevel.ALERT
    return RiskLevel.NORMAL


def check_rows(core: Core, settings: Settings) -> None:
    """Recompute exposures, sums and levels of everybody, from rows of positions, accounts, instruments and marks."""
    margins = {row.instrument: row for row in plain(core.margins(), wire.MARGIN_ROW)}
    lot_sizes = {row.instrument: row.lot_size for row in plain(core.instruments(), wire.INSTRUMENT_ROW)}
    accounts = {row.account: row for row in plain(core.accounts(), wire.ACCOUNT_ROW)}
    sums = {account: [0, 0, 0, 0] for account in accounts}
    positions = plain(core.positions(), wire.POSITION_ROW)
    exposures = plain(core.exposures(), wire.EXPOSURE_ROW)
    assert len(positions) == len(exposures)
    for p, x in zip(positions, exposures, strict=True):
        margin, lot_size = margins[p.instrument], lot_sizes[p.instrument]
        value = at(p.qty, x.mark, lot_size) * (1 if p.qty >= 0 else -1)
        maintenance = needs(margin, x.mark, p.qty, lot_size, "maintenance")
        initial = max(
            maintenance,
            needs(margin, x.mark, p.qty + p.open_buy, lot_size, "initial"),
            needs(margin, x.mark, p.qty - p.open_sell, lot_size, "initial"),
        )
        wanted = (p.account, p.instrument, p.qty, value, maintenance, initial, cut(value - p.cost))
        assert (x.account, x.instrument, x.qty, x.value, x.maintenance, x.initial, x.unrealized) == wanted
        for place, amount in enumerate((value, maintenance, initial, p.cost)):
            sums[p.account][place] += amount
    rows = plain(core.risk(), wire.RISK_ROW)
    assert [row.account for row in rows] == [a for a in sorted(accounts) if accounts[a].risk_type]
    for row in rows:
        account, (value, maintenance, initial, cost) = accounts[row.account], sums[row.account]
        equity = account.cash - account.withdrawals + value
        is_margin = account.risk_type == RiskType.MARGIN
        assert row.risk_type == account.risk_type
        assert (row.value, row.maintenance, row.initial) == (cut(value), cut(maintenance), cut(initial)), row
        assert (row.equity, row.excess, row.unrealized) == (cut(equity), cut(equity - initial), cut(value - cost)), row
        assert row.level == (level_of(equity, maintenance, settings) if is_margin else RiskLevel.NORMAL), row
        if is_margin:
            room = min(account.cash - account.hold + wire.MAX_CASH, I64 - 1 - account.hold)
            assert account.withdrawable == max(0, min(equity - initial, room))
            assert not account.flags & AccountFlag.CREDIT_UNLIMITED
