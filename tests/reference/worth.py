"""What positions and accounts are worth, and must have behind them. docs/risk.md, "What an account is worth"."""

from __future__ import annotations

from typing import NamedTuple

from openbell import wire
from openbell.wire import RiskType, Side

from tests.reference.accounts import Account, Position
from tests.reference.actions import dividends
from tests.reference.books import Instrument
from tests.reference.ledger import within_i64
from tests.reference.records import EXPOSURE_ROW, MARGIN_ROW, RISK_ROW
from tests.reference.state import State

WHOLE = 10_000  # of rates


class Worth(NamedTuple):
    """Of one position, or of all of an account. Cash."""

    value: int = 0
    maintenance: int = 0
    initial: int = 0
    cost: int = 0


def at(instrument: Instrument, mark: int, lots: int) -> int:
    """What so many lots, long or short, count for."""
    return min(wire.MAX_CASH, instrument.notional(mark, abs(lots)))


def needs(instrument: Instrument, mark: int, lots: int, of_long: int, of_short: int) -> int:
    """What so many lots must have behind them, negative ones being short; rates in 1e-4."""
    rate = of_long if lots >= 0 else of_short
    part = min(wire.MAX_CASH, at(instrument, mark, lots) * rate // WHOLE)
    if lots >= 0:
        return part
    margin, least = instrument.margin, instrument.margin.least
    if mark < margin.least:
        least = max(mark, margin.least_low)
    return max(part, at(instrument, least, lots))


def maintenance(instrument: Instrument, mark: int, lots: int) -> int:
    margin = instrument.margin
    return needs(instrument, mark, lots, margin.maintenance_long, margin.maintenance_short)


def initial(instrument: Instrument, mark: int, lots: int, open_buy: int, open_sell: int) -> int:
    """With all open orders of one side traded, whichever needs more."""
    rates = instrument.margin.initial_long, instrument.margin.initial_short
    with_buys = needs(instrument, mark, lots + open_buy, *rates)
    with_sells = needs(instrument, mark, lots - open_sell, *rates)
    return max(with_buys, with_sells, maintenance(instrument, mark, lots))


def of_position(state: State, position: Position) -> Worth:
    account, instrument = state.accounts[position.account], state.instruments[position.instrument]
    mark, lots = position.mark, position.qty
    open_buy, open_sell = (account.open_qty(instrument.number, side) for side in (Side.BUY, Side.SELL))
    value = at(instrument, mark, lots)
    return Worth(
        value if lots >= 0 else -value,
        maintenance(instrument, mark, lots),
        initial(instrument, mark, lots, open_buy, open_sell),
        position.cost,
    )


def of_account(state: State, account: Account) -> Worth:
    """Sums over its positions."""
    every = [of_position(state, position) for position in account.positions.values()]
    return Worth(*map(sum, zip(*every, strict=True))) if every else Worth()


def equity(account: Account, worth: Worth) -> int:
    return account.cash - account.withdrawn() + worth.value + dividends.due(account)


def held(state: State, account: Account) -> tuple[int, int]:
    """Equity and maintenance: what open orders have no part in."""
    instruments, positions = state.instruments, account.positions.values()
    values = [at(instruments[each.instrument], each.mark, each.qty) * (-1 if each.qty < 0 else 1) for each in positions]
    kept = [maintenance(instruments[each.instrument], each.mark, each.qty) for each in positions]
    return account.cash - account.withdrawn() + sum(values) + dividends.due(account), sum(kept)


def excess(state: State, account: Account) -> int:
    worth = of_account(state, account)
    return equity(account, worth) - worth.initial


# Rows


def risk_rows(state: State, number: int | None) -> bytes:
    """RiskRow of each account that is watched, or of one."""
    watched = [each for each in state.accounts_ascending() if each.risk_type != RiskType.NONE]
    return b"".join(risk_row(state, each) for each in watched if number in (None, each.number))


def risk_row(state: State, account: Account) -> bytes:
    worth = of_account(state, account)
    return RISK_ROW.pack(
        account=account.number,
        risk_type=account.risk_type,
        level=account.level,
        equity=within_i64(equity(account, worth)),
        value=within_i64(worth.value),
        maintenance=within_i64(worth.maintenance),
        initial=within_i64(worth.initial),
        excess=within_i64(equity(account, worth) - worth.initial),
        unrealized=within_i64(worth.value - worth.cost),
        base=within_i64(account.base),
        lists=account.lists,
    )


def exposure_rows(state: State, account: int | None) -> bytes:
    """ExposureRow of each position, in the order in which they were created."""
    return b"".join(exposure_row(state, each) for each in state.positions if account in (None, each.account))


def exposure_row(state: State, position: Position) -> bytes:
    worth = of_position(state, position)
    return EXPOSURE_ROW.pack(
        account=position.account,
        instrument=position.instrument,
        qty=position.qty,
        mark=position.mark,
        value=worth.value,
        maintenance=worth.maintenance,
        initial=worth.initial,
        unrealized=within_i64(worth.value - worth.cost),
    )


def margin_rows(state: State) -> bytes:
    """MarginRow of each instrument."""
    return b"".join(
        MARGIN_ROW.pack(instrument=each.number, mark=each.mark, close=each.close, **each.margin._asdict())
        for each in state.instruments_ascending()
    )
