"""Commands that set up or govern the market."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openbell import wire
from openbell.wire import AccountFlag, AccountState, AdminFlag, CancelReason, Check, EventKind, HouseAccount

from tests.reference import bands, busts, closing, extensions, fees, guards, ledger, margin, risk, settlement, states
from tests.reference.accounts import Account
from tests.reference.actions import accruing, borrow, dividends, splits
from tests.reference.books import Instrument
from tests.reference.capacity import Capacity
from tests.reference.cash import trades, violations
from tests.reference.daytrading import counting
from tests.reference.daytrading import rules as day_trades
from tests.reference.desks import commands as desks
from tests.reference.desks import limits, losses, tree
from tests.reference.matching import cancel
from tests.reference.orders import cancel_of_account, mass_canceled
from tests.reference.positions import there_or_made
from tests.reference.refusals import Refused, account_of, bad_value, checked_name, in_range, instrument_of
from tests.reference.state import State

KEEP_FLAGS = 255
FLAGS_INDEX = 8
LARGEST_SHARES = 1 << 40
LARGEST_POSITION = 1 << 61
CAPACITY_RANGES = (
    (1, 1 << 24),  # accounts
    (1, 1 << 24),  # instruments
    (1, (1 << 31) - 1),  # orders
    (1, 1 << 25),  # pages
    (1, (1 << 31) - 1),  # positions
    (1, 1 << 28),  # id_window
    (2, 4096),  # window_pages
    (0, 1 << 16),  # amendments
)
ID_WINDOW, WINDOW_PAGES = 5, 6  # what CONFIGURE cannot raise
INSTRUMENT_FIELDS = {
    "tick_size": (1, 1 << 20),
    "lot_size": (1, 1 << 20),
    "reference_price": (0, wire.MAX_PRICE),
    "collar_bps": (0, 10_000),
    "max_order_qty": (0, wire.MAX_QTY),
    "max_order_notional": (0, wire.MAX_NOTIONAL),
    "currency": None,
    "round_lot": (0, wire.MAX_QTY),
}
ACCOUNT_FIELDS = {
    "max_order_qty": (0, wire.MAX_QTY),
    "max_order_notional": (0, wire.MAX_NOTIONAL),
    "max_position": (0, LARGEST_SHARES),
    "max_open_orders": (0, (1 << 31) - 1),
    "max_messages": (0, (1 << 31) - 1),
    "currency": None,
    "plan": (0, fees.MOST_PLANS),
}
CURRENCY = 5  # of an account; 6 of an instrument


def values_of(command: Any) -> list[int]:
    return [getattr(command, f"value{index}") for index in range(8)]


def apply(state: State, command: Any) -> None:
    """Do the command, or say why not."""
    equity = losses.equity_before(state, command)
    try:
        COMMANDS[command.kind](state, command)
    except Refused as refused:
        state.output.reject(
            EventKind.ADMIN_REJECTED,
            refused.failure,
            None,
            account=command.account,
            instrument=command.instrument,
            qty=command.request,
            client_order_id=refused.index,
        )
    losses.bring(state, command, equity)


def configure(state: State, command: Any) -> None:
    values = values_of(command)[: len(CAPACITY_RANGES)]
    present = state.capacity.values()
    for index, (value, (least, most)) in enumerate(zip(values, CAPACITY_RANGES, strict=True)):
        in_range(index, value, least, most)
        if index == WINDOW_PAGES and value & (value - 1):
            raise bad_value(index, most, value)
        if state.configured and (
            value != present[index] if index in (ID_WINDOW, WINDOW_PAGES) else value < present[index]
        ):
            raise bad_value(index, present[index], value)
    state.capacity = Capacity(*values)
    state.configured = True
    state.output.event(EventKind.CONFIGURED, qty=command.request)


def new_values(command: Any, present: Any, ranges: dict[str, tuple[int, int] | None]) -> Iterator[tuple[int, str, int]]:
    """Index, name and value of each field, checked; KEEP keeps what is there already."""
    for index, (name, bounds) in enumerate(ranges.items()):
        value = values_of(command)[index]
        if present is not None and value == wire.KEEP:
            value = getattr(present, name)
        elif bounds is not None:
            in_range(index, value, *bounds)
        yield index, name, value


def set_instrument(state: State, command: Any) -> None:
    number = command.instrument
    if number >= state.capacity.instruments:
        raise Refused(Check.CAPACITY, state.capacity.instruments, number)
    present = state.instruments.get(number)
    chosen = {}
    for index, name, value in new_values(command, present, INSTRUMENT_FIELDS):
        fixed = present is not None and (present.trades > 0 or bool(present.book.orders() + present.unseen))
        has_positions = any(position.instrument == number for position in state.positions)
        stays = fixed if name in ("tick_size", "lot_size") else has_positions and name == "currency"
        if present is not None and stays and value != getattr(present, name):
            raise bad_value(index, getattr(present, name), value)
        chosen[name] = value
    names = {other.number: other.symbol for other in state.instruments.values()}
    symbol = checked_name(command, number, present.symbol if present else None, names)
    ledger.check_room(state, chosen["currency"])
    ledger.take(state, chosen["currency"])
    instrument = state.instruments.setdefault(number, Instrument(number))
    instrument.symbol = symbol
    if present is not None and chosen["tick_size"] != present.tick_size:
        instrument.steps = ()
    measures = ("tick_size", "lot_size")
    is_measured_anew = present is not None and any(chosen[name] != getattr(present, name) for name in measures)
    vars(instrument).update(chosen)
    if present is None:
        instrument.mark = instrument.reference_price
    state.output.event(EventKind.INSTRUMENT_SET, instrument=number, qty=command.request, price=chosen["lot_size"])
    if is_measured_anew:
        state.output.status(instrument)


def set_account(state: State, command: Any) -> None:
    number = command.account
    if number >= state.capacity.accounts:
        raise Refused(Check.CAPACITY, state.capacity.accounts, number)
    present = state.accounts.get(number)
    chosen = {}
    for _, name, value in new_values(command, present, ACCOUNT_FIELDS):
        if name == "currency" and present is not None:
            check_currency(present, value)
        chosen[name] = value
    if present is not None and command.flags == KEEP_FLAGS:
        chosen["flags"] = present.flags
    elif command.flags > 3:
        raise bad_value(FLAGS_INDEX, 3, command.flags)
    elif command.flags & AccountFlag.CREDIT_UNLIMITED and present is not None and present.has_margin():
        raise bad_value(FLAGS_INDEX, AccountFlag.SHORT_ALLOWED, command.flags)
    elif command.flags and present is not None and present.ruled is not None:
        raise bad_value(FLAGS_INDEX, 0, command.flags)
    else:
        chosen["flags"] = command.flags
    names = {other.number: other.name for other in state.accounts.values()}
    name = checked_name(command, number, present.name if present else None, names)
    ledger.check_room(state, chosen["currency"])
    ledger.take(state, chosen["currency"])
    account = state.accounts.setdefault(number, Account(number))
    account.name = name
    vars(account).update(chosen)
    state.output.event(EventKind.ACCOUNT_SET, account, qty=command.request)


def check_currency(account: Account, currency: int) -> None:
    """Of an account that is there: it gets its first one before it has anything, and keeps it."""
    if currency == account.currency:
        return
    if account.currency:
        raise bad_value(CURRENCY, account.currency, currency)
    if account.positions or account.cash:
        raise bad_value(CURRENCY, 0, currency)


def set_account_state(state: State, command: Any) -> None:
    account = account_of(state, command)
    in_range(0, command.state, 0, AccountState.CLOSE_ONLY)
    account.state = command.state
    in_force = tree.in_force(state, account)
    state.output.event(EventKind.ACCOUNT_STATE, account, reason=command.state, flags=in_force, qty=command.request)
    if command.flags & AdminFlag.CANCEL_ORDERS:
        number = cancel_of_account(state, account, wire.ANY, wire.SIDE_BOTH, CancelReason.ACCOUNT_BLOCKED)
    elif command.state == AccountState.CLOSE_ONLY:
        number = closing.cancel_what_could_open(state, account)
    else:
        return
    mass_canceled(state, command, account.number, wire.ANY, number)


def deposit(state: State, command: Any) -> None:
    account, amount = account_of(state, command), command.value0
    if amount == 0:
        raise bad_value(0, 1, 0)
    in_range(0, amount, -wire.MAX_CASH, wire.MAX_CASH)
    if amount < 0 and not account.has_credit():
        most = margin.withdrawable(state, account)
        if -amount > most:
            raise Refused(Check.CASH_RANGE, most, -amount, most)
    ledger.check_range(account, amount)
    if amount > 0:
        day_trades.deposits(state, account, amount)
    ledger.moved(state, account, HouseAccount.BANK, amount)
    state.output.amount_event(EventKind.CASH, account, amount, account.cash, qty=command.request)
    if amount > 0:
        trades.deposited(state, account, amount)


def deposit_shares(state: State, command: Any) -> None:
    account, instrument = account_of(state, command), instrument_of(state, command)
    lots, lot_cost = command.value0, command.value1
    if lots == 0:
        raise bad_value(0, 1, 0)
    in_range(0, lots, -LARGEST_SHARES, LARGEST_SHARES)
    if lot_cost < 0:
        raise bad_value(1, 0, lot_cost)
    position = account.positions.get(instrument.number)
    before = position.qty if position else 0
    if position is not None and (position.qty < 0 or (lots > 0 and position.qty > LARGEST_POSITION)):
        raise bad_value(0, 0, lots)
    if lots > 0:
        if (position.cost if position else 0) + lots * lot_cost > wire.MAX_CASH:
            raise bad_value(1, wire.MAX_CASH, lot_cost)
        position = there_or_made(state, account, instrument)
        position.qty += lots
        position.cost += lots * lot_cost
    else:
        held = position.qty if position else 0
        available = max(0, held - account.open_qty(instrument.number, wire.Side.SELL))
        if position is None or -lots > available:
            raise bad_value(0, available, lots)
        position.release(-lots)
    state.output.amount_event(
        EventKind.SHARES, account, lots, position.qty, instrument=instrument.number, qty=command.request,
        order_id=lot_cost if lots > 0 else 0,
    )  # fmt: skip
    counting.changed(position, before)
    if lots < 0:
        trades.delivered(state, account, position, -lots)


def set_schedule(state: State, command: Any) -> None:
    if command.value0 != 0 and command.value0 <= command.ts_ns:
        raise bad_value(0, command.ts_ns, command.value0)
    state.day_end_ns = command.value0
    state.output.event(EventKind.SCHEDULE_SET, price=command.value0, qty=command.request)


def operator_cancel(state: State, command: Any) -> None:
    account = None if command.account == wire.ANY else account_of(state, command)
    instruments = state.instruments_ascending()
    if command.instrument != wire.ANY:
        instruments = [instrument_of(state, command)]
    if account is not None:
        reason = CancelReason.OPERATOR
        number = cancel_of_account(state, account, command.instrument, wire.SIDE_BOTH, reason)
    else:
        chosen = [order for instrument in instruments for order in instrument.book.orders() + instrument.unseen]
        for order in chosen:
            cancel(state, order, CancelReason.OPERATOR)
        number = len(chosen)
    mass_canceled(state, command, command.account, command.instrument, number)


def note(state: State, command: Any) -> None:
    state.output.event(EventKind.NOTED, qty=command.request)


COMMANDS = {
    wire.CommandKind.CONFIGURE: configure,
    wire.CommandKind.SET_INSTRUMENT: set_instrument,
    wire.CommandKind.SET_INSTRUMENT_STATE: states.set_instrument_state,
    wire.CommandKind.SET_ACCOUNT: set_account,
    wire.CommandKind.SET_ACCOUNT_STATE: set_account_state,
    wire.CommandKind.DEPOSIT: deposit,
    wire.CommandKind.DEPOSIT_SHARES: deposit_shares,
    wire.CommandKind.SET_SCHEDULE: set_schedule,
    wire.CommandKind.OPERATOR_CANCEL: operator_cancel,
    wire.CommandKind.NOTE: note,
    wire.CommandKind.RUN_AUCTION: states.run_auction,
    wire.CommandKind.SET_BANDS: bands.set_bands,
    wire.CommandKind.SET_SHORT_SALE: bands.set_short_sale,
    wire.CommandKind.SET_TICKS: bands.set_ticks,
    wire.CommandKind.SET_EXTENSION: extensions.set_extension,
    wire.CommandKind.BUST_TRADE: busts.amend,
    wire.CommandKind.CORRECT_TRADE: busts.amend,
    wire.CommandKind.SET_TIMERS: guards.set_timers,
    wire.CommandKind.SET_LEDGER: settlement.set_ledger,
    wire.CommandKind.SET_FEE: fees.set_fee,
    wire.CommandKind.CHARGE: ledger.charge,
    wire.CommandKind.HOLD_CASH: settlement.hold_cash,
    wire.CommandKind.POST_CASH: settlement.post_cash,
    wire.CommandKind.RELEASE_CASH: settlement.release_cash,
    wire.CommandKind.SETTLE: settlement.settle,
    wire.CommandKind.SET_RISK: risk.set_risk,
    wire.CommandKind.SET_MARGIN: risk.set_margin,
    wire.CommandKind.SET_ACCOUNT_RISK: risk.set_account_risk,
    wire.CommandKind.LIFT_CASH: violations.lift,
    wire.CommandKind.SET_DAY_TRADES: day_trades.set_day_trades,
    wire.CommandKind.LIFT_DAY_TRADER: day_trades.lift,
    wire.CommandKind.SET_BORROW: borrow.set_borrow,
    wire.CommandKind.LOCATE: borrow.locate,
    wire.CommandKind.SET_RATES: accruing.set_rates,
    wire.CommandKind.ACCRUE: accruing.accrue,
    wire.CommandKind.DIVIDEND: dividends.declare,
    wire.CommandKind.PAY_DIVIDEND: dividends.pay,
    wire.CommandKind.SPLIT: splits.split,
    wire.CommandKind.SET_DESK: desks.set_desk,
    wire.CommandKind.SET_MEMBER: desks.set_member,
    wire.CommandKind.SET_DESK_STATE: desks.set_desk_state,
    wire.CommandKind.SET_LIMIT: limits.set_limit,
}
