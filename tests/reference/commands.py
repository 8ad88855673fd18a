"""Commands by name, not yet numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openbell import wire
from openbell.wire import CommandKind

from tests.reference.records import Layout, layout_of, told


@dataclass(frozen=True)
class Command:
    """A command without its number and time."""

    fields: dict[str, Any]

    @property
    def layout(self) -> Layout:
        return layout_of(self.fields["kind"])

    def encode(self, seq: int, ts_ns: int) -> bytes:
        return self.layout.pack(seq=seq, ts_ns=ts_ns, **self.fields)

    def __repr__(self) -> str:
        return told(self.layout.unpack(self.encode(0, 0)))


def command(kind: int, *values: int, **fields: Any) -> Command:
    """Any command; `values` are value0, value1, ... of an AdminCommand."""
    return Command({"kind": int(kind)} | {f"value{place}": value for place, value in enumerate(values)} | fields)


# Traders


def order(account: int, client_order_id: int, side: int, price: int, qty: int, **fields: Any) -> Command:
    """NEW_ORDER: LIMIT, GTC, instrument 0 unless said otherwise."""
    said = {"tif": wire.TimeInForce.GTC, "instrument": 0} | fields
    return command(
        CommandKind.NEW_ORDER,
        account=account,
        client_order_id=client_order_id,
        side=side,
        price=price,
        qty=qty,
        **said,
    )


def special(account: int, client_order_id: int, side: int, qty: int, **fields: Any) -> Command:
    """NEW_SPECIAL: GTC, instrument 0 unless said otherwise."""
    said = {"tif": wire.TimeInForce.GTC, "instrument": 0} | fields
    return command(
        CommandKind.NEW_SPECIAL, account=account, client_order_id=client_order_id, side=side, qty=qty, **said
    )


def buy(account: int, client_order_id: int, price: int, qty: int, **fields: Any) -> Command:
    return order(account, client_order_id, wire.Side.BUY, price, qty, **fields)


def sell(account: int, client_order_id: int, price: int, qty: int, **fields: Any) -> Command:
    return order(account, client_order_id, wire.Side.SELL, price, qty, **fields)


def cancel(account: int, client_order_id: int = 0, **fields: Any) -> Command:
    return command(CommandKind.CANCEL, account=account, client_order_id=client_order_id, **fields)


def replace(account: int, client_order_id: int, price: int, qty: int, **fields: Any) -> Command:
    return command(
        CommandKind.REPLACE, account=account, client_order_id=client_order_id, price=price, qty=qty, **fields
    )


def mass_cancel(account: int, instrument: int = wire.ANY, side: int = wire.SIDE_BOTH, **fields: Any) -> Command:
    return command(CommandKind.MASS_CANCEL, account=account, instrument=instrument, side=side, **fields)


def tick() -> Command:
    return command(CommandKind.TICK)


def arm(account: int, timeout_ns: int = 0, flags: int = 0, session: int = 1, **fields: Any) -> Command:
    """ARM: without timeout and flags it disarms."""
    return command(CommandKind.ARM, account=account, price=timeout_ns, flags=int(flags), session=session, **fields)


def disconnect(account: int, session: int = 1) -> Command:
    return command(CommandKind.DISCONNECT, account=account, session=session)


# Operators


def timers(capacity: int, **fields: Any) -> Command:
    return command(CommandKind.SET_TIMERS, capacity, request=1, **fields)


def configure(
    accounts: int = 8,
    instruments: int = 4,
    orders: int = 64,
    pages: int = 64,
    positions: int = 32,
    id_window: int = 1024,
    window_pages: int = 4,
    amendments: int = 8,
) -> Command:
    sizes = (accounts, instruments, orders, pages, positions, id_window, window_pages, amendments)
    return command(CommandKind.CONFIGURE, *sizes, request=1)


def instrument(
    number: int,
    tick_size: int = 1,
    lot_size: int = 1,
    reference_price: int = 0,
    collar_bps: int = 0,
    max_order_qty: int = 0,
    max_order_notional: int = 0,
    currency: int = int.from_bytes(b"USD", "little"),
    round_lot: int = 0,
    **fields: Any,
) -> Command:
    """SET_INSTRUMENT, named for its number unless a name is given."""
    said = {"name": f"SYM{number}".encode()} | fields
    return command(
        CommandKind.SET_INSTRUMENT,
        tick_size,
        lot_size,
        reference_price,
        collar_bps,
        max_order_qty,
        max_order_notional,
        currency,
        round_lot,
        instrument=number,
        **said,
    )


def instrument_state(number: int, state: int, *values: int, **fields: Any) -> Command:
    return command(CommandKind.SET_INSTRUMENT_STATE, *values, instrument=number, state=state, **fields)


def call(
    number: int = 0,
    kind: int = wire.AuctionKind.OPENING,
    at_ns: int = 0,
    then: int = wire.InstrumentState.OPEN,
    **fields: Any,
) -> Command:
    """SET_INSTRUMENT_STATE to CALL."""
    return instrument_state(number, wire.InstrumentState.CALL, kind, at_ns, then, **fields)


def run_auction(number: int = 0, **fields: Any) -> Command:
    return command(CommandKind.RUN_AUCTION, instrument=number, **fields)


def account(
    number: int,
    max_order_qty: int = 0,
    max_order_notional: int = 0,
    max_position: int = 0,
    max_open_orders: int = 0,
    max_messages: int = 0,
    currency: int = 0,
    plan: int = 0,
    **fields: Any,
) -> Command:
    """SET_ACCOUNT, named for its number unless a name is given."""
    said = {"name": f"account {number}".encode()} | fields
    return command(
        CommandKind.SET_ACCOUNT,
        max_order_qty,
        max_order_notional,
        max_position,
        max_open_orders,
        max_messages,
        currency,
        plan,
        account=number,
        **said,
    )


def account_state(number: int, state: int, **fields: Any) -> Command:
    return command(CommandKind.SET_ACCOUNT_STATE, account=number, state=state, **fields)


def deposit(number: int, amount: int, **fields: Any) -> Command:
    return command(CommandKind.DEPOSIT, amount, account=number, **fields)


def shares(account: int, instrument: int, lots: int, lot_cost: int = 0, **fields: Any) -> Command:
    return command(CommandKind.DEPOSIT_SHARES, lots, lot_cost, account=account, instrument=instrument, **fields)


def schedule(day_end_ns: int, **fields: Any) -> Command:
    return command(CommandKind.SET_SCHEDULE, day_end_ns, **fields)


def operator_cancel(account: int = wire.ANY, instrument: int = wire.ANY, **fields: Any) -> Command:
    return command(CommandKind.OPERATOR_CANCEL, account=account, instrument=instrument, **fields)


def note(**fields: Any) -> Command:
    return command(CommandKind.NOTE, **fields)


def bands(lower: int, upper: int, reference: int = 0, **fields: Any) -> Command:
    """SET_BANDS; 0, 0: none any more."""
    return command(CommandKind.SET_BANDS, lower, upper, reference, **fields)


def short_sale(restricted: int, **fields: Any) -> Command:
    return command(CommandKind.SET_SHORT_SALE, restricted, **fields)


def extension(number: int = 0, kind: int = wire.AuctionKind.OPENING, *values: int, **fields: Any) -> Command:
    """SET_EXTENSION; 0 or no values: never extended any more."""
    return command(CommandKind.SET_EXTENSION, *values, instrument=number, state=kind, **fields)


def ticks(*steps: int, **fields: Any) -> Command:
    """SET_TICKS: price from which on, tick, and so on."""
    return command(CommandKind.SET_TICKS, *steps, **fields)


def bust(trade_id: int, buyer: int, seller: int, price: int, qty: int, **fields: Any) -> Command:
    """BUST_TRADE of instrument 0 unless said otherwise."""
    said = {"trade_id": trade_id, "account": buyer, "seller": seller, "price": price, "qty": qty}
    return command(CommandKind.BUST_TRADE, **said | fields)


def correct(trade_id: int, buyer: int, seller: int, price: int, qty: int, **fields: Any) -> Command:
    """CORRECT_TRADE; to the same price and quantity unless new_price or new_qty is given."""
    said = {"trade_id": trade_id, "account": buyer, "seller": seller, "price": price, "qty": qty}
    return command(CommandKind.CORRECT_TRADE, **said | {"new_price": price, "new_qty": qty} | fields)


# The ledger


def currency(text: str) -> int:
    """Eight bytes of text as an integer."""
    return int.from_bytes(text.encode(), "little")


def fee(
    plan: int,
    component: int,
    bits: int,
    *,
    per_share: int = 0,
    of_notional: int = 0,
    per_order: int = 0,
    minimum: int = 0,
    maximum: int = 0,
    most_of_notional: int = 0,
    rounding: int = 0,
    house: int = wire.HouseAccount.COMMISSION,
    reserve: int = 0,
    **fields: Any,
) -> Command:
    """SET_FEE; bits 0: the component is no more."""
    rates = (per_share, of_notional, per_order, minimum, maximum, most_of_notional, rounding, int(bits))
    said = {"account": plan, "state": component, "flags": int(house), "instrument": reserve}
    return command(CommandKind.SET_FEE, *rates, **said | fields)


def charge(number: int, amount: int, house: int = wire.HouseAccount.OTHER, note: int = 0, **fields: Any) -> Command:
    """CHARGE, for no instrument unless said otherwise."""
    said = {"instrument": wire.ANY} | fields
    return command(CommandKind.CHARGE, amount, int(house), note, account=number, **said)


def settle(day: int, days: int = 1, **fields: Any) -> Command:
    """SETTLE: the day (YYYYMMDD) is over, what was traded in it settles `days` later."""
    return command(CommandKind.SETTLE, day, days, **fields)


def ledger(withdrawals: int, **fields: Any) -> Command:
    return command(CommandKind.SET_LEDGER, withdrawals, **fields)


def hold_cash(account: int, amount: int, number: int, **fields: Any) -> Command:
    return command(CommandKind.HOLD_CASH, amount, number, account=account, **fields)


def post_cash(account: int, number: int, **fields: Any) -> Command:
    return command(CommandKind.POST_CASH, 0, number, account=account, **fields)


def release_cash(account: int, number: int, **fields: Any) -> Command:
    return command(CommandKind.RELEASE_CASH, 0, number, account=account, **fields)


# Risk


def risk(
    marks: int = 0,
    alert: int = 0,
    liquidation: int = 0,
    desks: int = 0,
    limited: int = 0,
    cash: tuple[int, int, int] = (0, 0, 0),
    **fields: Any,
) -> Command:
    """SET_RISK: how much each TICK marks, the levels; how many desks, and accounts with limits, there may be; of cash
    accounts violations that restrict, days for which one counts, days of a restriction."""
    return command(CommandKind.SET_RISK, marks, alert, liquidation, desks, limited, *cash, **fields)


def margin(
    number: int = 0,
    initial_long: int = 10_000,
    maintenance_long: int = 10_000,
    initial_short: int = 10_000,
    maintenance_short: int = 10_000,
    least_low: int = 0,
    least: int = 0,
    mark_by: int = wire.MarkBy.LAST,
    average_volume: int = 0,
    lists: int = 0,
    **fields: Any,
) -> Command:
    """SET_MARGIN of an instrument; lists that it is on, as bits."""
    values = (initial_long, maintenance_long, initial_short, maintenance_short, least_low, least, average_volume, lists)
    return command(CommandKind.SET_MARGIN, *values, instrument=number, state=int(mark_by), **fields)


def account_risk(
    number: int,
    risk_type: int = wire.RiskType.MARGIN,
    lists: int = 0,
    rule: int = wire.CashRule.NONE,
    day_trades: int = wire.DayTradeRule.NONE,
    **fields: Any,
) -> Command:
    """SET_ACCOUNT_RISK; lists that it may not trade, as bits; a CashRule and a DayTradeRule."""
    values, said = (lists, int(rule), int(day_trades)), {"account": number, "state": int(risk_type)}
    return command(CommandKind.SET_ACCOUNT_RISK, *values, **said | fields)


def day_trades(most: int = 0, days: int = 1, share: int = 0, equity: int = 0, **fields: Any) -> Command:
    """SET_DAY_TRADES: how many of them are a pattern, in how many days, above what share (1e-4) of all trades; the
    least equity of who has one."""
    return command(CommandKind.SET_DAY_TRADES, most, days, share, equity, **fields)


def lift_day_trader(account: int, **fields: Any) -> Command:
    """LIFT_DAY_TRADER."""
    return command(CommandKind.LIFT_DAY_TRADER, account=account, **fields)


def lift_cash(account: int, violation: int = 0, **fields: Any) -> Command:
    """LIFT_CASH of a violation, or (0) of the restriction."""
    return command(CommandKind.LIFT_CASH, violation, account=account, **fields)


# Desks


def desk(number: int, parent: int = 0, **fields: Any) -> Command:
    """SET_DESK, named for its number unless a name is given."""
    said = {"name": f"desk {number}".encode()} | fields
    return command(CommandKind.SET_DESK, parent, account=number, **said)


def member(account: int, desk: int, **fields: Any) -> Command:
    """SET_MEMBER; 0: of no desk."""
    return command(CommandKind.SET_MEMBER, desk, account=account, **fields)


def desk_state(number: int, state: int, **fields: Any) -> Command:
    return command(CommandKind.SET_DESK_STATE, account=number, state=int(state), **fields)


def limit(holder: int, limit: int, hard: int = 0, soft: int = 0, flags: int = 0, **fields: Any) -> Command:
    """SET_LIMIT of an account."""
    said = {"account": holder, "state": int(limit), "flags": flags} | fields
    return command(CommandKind.SET_LIMIT, hard, soft, **said)


def desk_limit(desk: int, kind: int, hard: int = 0, soft: int = 0, **fields: Any) -> Command:
    """SET_LIMIT of a desk."""
    return limit(desk, kind, hard, soft, wire.AdminFlag.OF_DESK, **fields)


# Borrowing and corporate actions


def borrow(number: int, borrow: int, fee: int = 0, inventory: int = 0, **fields: Any) -> Command:
    """SET_BORROW of an instrument."""
    return command(CommandKind.SET_BORROW, fee, inventory, instrument=number, state=int(borrow), **fields)


def locate(account: int, instrument: int, lots: int, **fields: Any) -> Command:
    return command(CommandKind.LOCATE, lots, account=account, instrument=instrument, **fields)


def rates(currency: int, debit: int = 0, credit: int = 0, days: int = 360, **fields: Any) -> Command:
    return command(CommandKind.SET_RATES, currency, debit, credit, days, **fields)


def accrue(day: int, days: int = 1, **fields: Any) -> Command:
    return command(CommandKind.ACCRUE, day, days, **fields)


def dividend(instrument: int, a_share: int, reference: int = 0, **fields: Any) -> Command:
    return command(CommandKind.DIVIDEND, a_share, reference, instrument=instrument, **fields)


def pay_dividend(instrument: int, reference: int = 0, **fields: Any) -> Command:
    return command(CommandKind.PAY_DIVIDEND, 0, reference, instrument=instrument, **fields)


def split(instrument: int, new: int, old: int, price: int = 0, **fields: Any) -> Command:
    return command(CommandKind.SPLIT, new, old, price, instrument=instrument, **fields)
