"""Private events as typed values. For speed take them as NumPy arrays of `wire.EVENT` instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from typing import NamedTuple

from openbell import wire
from openbell.fees import house_name
from openbell.limits import holder_text, limit_name, limit_text, lists_text
from openbell.prices import format_cash, format_price
from openbell.records import EVENT, REJECT
from openbell.wire import (
    AccountState,
    CancelReason,
    CashRule,
    CashViolation,
    Check,
    DayTradeRule,
    EventFlag,
    EventKind,
    Limit,
    RestateReason,
    RiskLevel,
    RiskType,
    Rule,
    Side,
)

REJECTS = frozenset(
    map(
        int,
        (
            EventKind.REJECTED,
            EventKind.CANCEL_REJECTED,
            EventKind.REPLACE_REJECTED,
            EventKind.ARM_REJECTED,
            EventKind.ADMIN_REJECTED,
        ),
    )
)
# Kinds after REPLACE_REJECTED that tell of an order, or of a trade of one.
_OF_ORDERS = (EventKind.TRIGGERED, EventKind.RESTATED, EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED)
_KIND = wire.EVENT.fields["kind"][1] if wire.EVENT.fields else 0
# The unit of limit, value and headroom of a check (see Check in docs/wire.md).
_PRICES = {
    Check.PRICE,
    Check.TICK_SIZE,
    Check.PRICE_COLLAR,
    Check.PRICE_BAND,
    Check.SHORT_PRICE,
    Check.POST_ONLY,
    Check.STOP_SIDE,
}
# Events of which price is an amount of cash, and trade_id, where it is one, a balance.
_OF_CASH = frozenset((EventKind.CASH, EventKind.CASH_HELD, EventKind.CASH_RELEASED, EventKind.SETTLED))
# The same of an instrument: lots, or cash.
_OF_LOTS = frozenset((EventKind.SHARES, EventKind.SPLIT_SHARES, EventKind.LOCATED))
_OF_INSTRUMENTS = frozenset((EventKind.SPLIT_SHARES, EventKind.LOCATED, EventKind.DIVIDEND_DUE))
_OF_DAY_TRADES = frozenset((EventKind.DAY_TRADE, EventKind.DAY_TRADER_LIFTED))
_OF_CASH_RULES = frozenset((EventKind.CASH_VIOLATION, EventKind.CASH_RESTRICTED, EventKind.CASH_LIFTED))
# Events of which reason is what an account is now.
_OF_STATES: dict[int, type[IntEnum]] = {EventKind.ACCOUNT_STATE: AccountState, EventKind.ACCOUNT_RISK: RiskType}
_LIMITS = {Check[f"LIMIT_{one.name}"]: one for one in Limit}  # docs/desks.md
_CASH = {Check.ORDER_NOTIONAL, Check.BUYING_POWER, Check.CASH_RANGE, Check.MARGIN, Check.SETTLED_CASH, Check.DAY_TRADER}
_UNITS = {
    Check.MESSAGE_RATE: " messages a second",
    Check.ACCOUNT_STATE: " lots",
    Check.QTY: " lots",
    Check.ORDER_QTY: " lots",
    Check.OPEN_ORDERS: " open orders",
    Check.POSITION_LIMIT: " lots",
    Check.SHORT_SALE: " lots",
    Check.LOCATE: " lots",
    Check.GOOD_FAITH: " lots",
    Check.REDUCE_ONLY: " lots",
    Check.ORDER_CAPACITY: " orders",
    Check.LEVEL_CAPACITY: " pages",
    Check.POSITION_CAPACITY: " positions",
    Check.RING_SIZE: " orders",
    Check.TIMER_CAPACITY: " guards",
    Check.TIMEOUT: " ns",
}
# What is said of a check: {value}, {limit} and {headroom} come with their unit.
_SAYINGS = {
    Check.ACCOUNT: "account {value} is not set up",
    Check.INSTRUMENT: "instrument {value} is not set up",
    Check.CLIENT_ORDER_ID: "client_order_id is 0, the least is 1",
    Check.DUPLICATE_ID: "client_order_id {value} was used for another order",
    Check.STALE_ID: "client_order_id {value} is too old, the least accepted is {limit}",
    Check.ACCOUNT_STATE: "wants {value}, and the account may only make its position smaller, by {limit} at most",
    Check.MESSAGE_RATE: "would be {value}, the limit is {limit}",
    Check.QTY: "quantity is {value}, the least is {limit}",
    Check.ORDER_QTY: "wants {value}, the limit is {limit}",
    Check.PRICE: "price {value} is not within 0.0001 and {limit}",
    Check.TICK_SIZE: "{value} is off the tick of {limit}",
    Check.PRICE_COLLAR: "price {value} is beyond the collar's bound of {limit}",
    Check.PRICE_BAND: "price {value} is beyond the price band's bound of {limit}",
    Check.SHORT_PRICE: "short sales are restricted: price {value} must be at least {limit}, above the best bid",
    Check.ORDER_NOTIONAL: "needs {value}, the limit is {limit} an order",
    Check.OPEN_ORDERS: "would be {value}, the limit is {limit}",
    Check.POSITION_LIMIT: "could reach {value}, the limit is {limit}",
    Check.SHORT_SALE: "sells {value}, free to sell are {limit}",
    Check.LOCATE: "would owe {value}, located for that are {limit}",
    Check.BUYING_POWER: "needs {value}, free {limit}",
    Check.SETTLED_CASH: "needs {value}, and the account is restricted to settled cash: free are {limit}",
    Check.GOOD_FAITH: "sells {value}, free to sell and paid for with settled cash are {limit}",
    Check.POST_ONLY: "price {value} would trade at once, the best opposite price is {limit}",
    Check.UNKNOWN_ORDER: "no such live order of this account ({value})",
    Check.CASH_RANGE: "{value} is beyond {limit}",
    Check.STOP_SIDE: "stop price {value} is met already by the reference price of {limit}",
    Check.REDUCE_ONLY: "wants {value}, to reduce are {limit}",
    Check.TIMEOUT: "timeout {value} is out of range, the bound is {limit}",
    Check.TIMER_CAPACITY: "would be {value}, the market has room for {limit}",
    Check.MODES: "modes {value} has bits other than {limit}",
    Check.PEG: "peg {value} is none, the largest is {limit}",
    Check.NO_PRICE: "there is no displayed price on the other side to take, or (of a margin account) none that the "
    "instrument's positions count at",
    Check.ROLE: "role {value} is none, the largest is {limit}",
    Check.LINK: "client_order_id {value} is of no live order of this account that this one can be tied to",
    Check.MARGIN: "would need {value}, and the account's equity leaves {limit}",
    Check.DAY_TRADER: "opens, and the account of a pattern day trader has an equity of {value}: the least is {limit}",
    Check.CURRENCY: "the account has {limit}, and the instrument trades in {value}",
    Check.RESTRICTED: "the account may not trade securities of {value}",
    Check.RING_SIZE: "would be {value} of which one cancels the others, the limit is {limit}",
}
# The field that a check is about, where it is one.
_FIELDS = {
    Check.ACCOUNT: "account",
    Check.INSTRUMENT: "instrument",
    Check.CLIENT_ORDER_ID: "client_order_id",
    Check.DUPLICATE_ID: "client_order_id",
    Check.STALE_ID: "client_order_id",
    Check.SIDE: "side",
    Check.ORDER_TYPE: "order_type",
    Check.TIME_IN_FORCE: "tif",
    Check.SELF_TRADE_MODE: "self_trade",
    Check.FLAGS: "flags",
    Check.QTY: "qty",
    Check.ORDER_QTY: "qty",
    Check.PRICE: "price",
    Check.TICK_SIZE: "price",
    Check.PRICE_COLLAR: "price",
    Check.PRICE_BAND: "price",
    Check.SHORT_PRICE: "price",
    Check.POST_ONLY: "price",
    Check.STOP_SIDE: "stop_price",
    Check.REDUCE_ONLY: "qty",
    Check.TIMEOUT: "timeout_s",
    Check.MODES: "modes",
    Check.PEG: "peg",
    Check.ROLE: "role",
    Check.LINK: "link_id",
    Check.RING_SIZE: "link_id",
    Check.CURRENCY: "instrument",
    Check.RESTRICTED: "instrument",
}
_WITH_HEADROOM = {
    Check.ORDER_QTY,
    Check.ORDER_NOTIONAL,
    Check.POSITION_LIMIT,
    Check.SHORT_SALE,
    Check.LOCATE,
    Check.REDUCE_ONLY,
    Check.BUYING_POWER,
    Check.CASH_RANGE,
    Check.MARGIN,
    Check.SETTLED_CASH,
    Check.GOOD_FAITH,
    *_LIMITS,
}


def check_in_words(check: int, limit: int, value: int, headroom: int) -> str:
    """A reject in words: "BUYING_POWER: needs 12,000.00, free 8,500.00 (headroom 8,500.00)"."""
    try:
        known = Check(check)
    except ValueError:
        return f"check {check}: limit {limit}, value {value} (headroom {headroom})"

    def unit(amount: int) -> str:
        if known in _PRICES:
            return format_price(amount)
        if known in _CASH:
            return format_cash(amount)
        if known is Check.CURRENCY:
            return currency_text(amount)
        if known in _LIMITS:
            return limit_text(_LIMITS[known], amount)
        if known is Check.RESTRICTED:
            return lists_text(amount)
        return f"{amount:,}{_UNITS[known]}" if known in _UNITS else str(amount)

    if known is Check.COMBINATION:
        said = _rule_in_words(limit, value)
    elif known is Check.STOP_SIDE and not 1 <= value <= wire.MAX_PRICE:  # of a trailing stop
        said = f"the stop price would be {unit(value)}: it needs a reference price, and a distance that fits to it"
    elif known is Check.ACCOUNT_STATE and limit == 0:  # of a state, or of lots where there are none to close
        said = "the account is blocked, or may only make positions smaller and has none"
        if value != AccountState.BLOCKED:
            said = "the account may only make positions smaller, and this order would not"
    elif known is Check.SHORT_PRICE and limit == 0:
        said = "short sales are restricted: only orders at a price above the best bid, or MIDPOINT pegs, may be"
    elif known is Check.INSTRUMENT_STATE:
        names = {int(state): state.name for state in wire.InstrumentState}
        said = f"the instrument is {names.get(value, value)}, not {names.get(limit, limit)}"
    elif known in _LIMITS:
        said = f"{limit_name(_LIMITS[known])} would be {unit(value)}, the limit is {unit(limit)}"
        if known is Check.LIMIT_DAY_LOSS:
            said = f"day loss is {unit(value)}, the limit is {unit(limit)}"
    else:
        saying = _SAYINGS.get(known, "value {value}, limit {limit}")
        said = saying.format(value=unit(value), limit=unit(limit))
    return f"{known.name}: {said}" + (f" (headroom {unit(headroom)})" if known in _WITH_HEADROOM else "")


def _member(of: type[IntEnum], number: int) -> str:
    return of(number).name if number in of._value2member_map_ else f"{of.__name__} {number}"


def currency_text(value: int) -> str:
    """A currency as an integer holds it; "any" where there is none."""
    text = value.to_bytes(8, "little", signed=True).rstrip(b"\0").decode("utf-8", "replace")
    return text or "any"


def field_of(check: int, limit: int) -> str | None:
    """The field that a reject is about; None where it is no single one."""
    if check == Check.COMBINATION:
        return wire.RULE_TEXTS[Rule(limit)].partition(":")[0] if limit in Rule._value2member_map_ else None
    return _FIELDS.get(Check(check)) if check in Check._value2member_map_ else None


def _rule_in_words(rule: int, value: int) -> str:
    """The rule of COMBINATION, and what was given: "tif: not one that ... takes (given: FOK)"."""
    if rule not in Rule._value2member_map_:
        return f"rule {rule} (given: {value})"
    return f"{wire.RULE_TEXTS[Rule(rule)]} (given: {_rule_value(Rule(rule), value)})"


def _rule_value(rule: Rule, value: int) -> str:
    names = {Rule.TIF: wire.TimeInForce, Rule.PEG_KIND: wire.Peg}
    bits = {Rule.MODE: wire.ModeFlag, Rule.POST: wire.OrderFlag, Rule.DARK: wire.OrderFlag}
    if rule in names:
        return {int(one): one.name for one in names[rule]}.get(value, str(value))
    if rule in bits:
        return bits[rule](value).name or str(value)
    if rule in (Rule.STOP_PRICE, Rule.OFFSET, Rule.DISCRETION):
        return format_price(value)
    if rule is Rule.EXPIRE and value:
        return f"{datetime.fromtimestamp(value // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{value:,}"


class Event(NamedTuple):
    """What happened to an account: the fields of `wire.EVENT`, all ints. price: 1e-4, qty: lots, ts_ns: since 1970."""

    seq: int
    ts_ns: int
    account_seq: int
    kind: int
    side: int
    reason: int
    flags: int
    account: int
    instrument: int
    qty: int
    order_id: int
    client_order_id: int
    price: int
    leaves: int
    filled: int
    trade_id: int

    @property
    def is_maker(self) -> bool:
        """Of a FILL: this side rested in the book."""
        return bool(self.flags & EventFlag.MAKER)

    @property
    def is_fee(self) -> bool:
        """A CHARGED for a fill: side, flags, qty, order_id, client_order_id and trade_id are the fill's."""
        return self.kind == EventKind.CHARGED and self.order_id != 0

    @property
    def amount(self) -> int:
        """Of CASH, CHARGED, CASH_HELD, CASH_RELEASED, SETTLED, DIVIDEND_DUE: cash in 1e-6; of CHARGED below 0 what was
        received. Of SHARES, SPLIT_SHARES, LOCATED: lots."""
        return self.price

    @property
    def balance(self) -> int:
        """Of CASH the cash, of CASH_HELD and CASH_RELEASED the hold, of SETTLED the settled cash after it, of
        DIVIDEND_DUE all that is due of the position, 1e-6; of SHARES and SPLIT_SHARES the position, of LOCATED what is
        located then, lots."""
        return self.trade_id - (self.trade_id >> 63 << 64)

    @property
    def equity(self) -> int:
        """Of RISK_LEVEL: what the account is worth, cash of 1e-6; `reason` is its wire.RiskLevel, `flags` the one
        before."""
        return self.price

    @property
    def maintenance(self) -> int:
        """Of RISK_LEVEL: what it must keep, cash of 1e-6."""
        return self.balance

    @property
    def measure(self) -> int:
        """Of LIMIT_WARNING: what is measured, the order counted; cash of 1e-6, a number, or 1e-4 of the average volume.
        `reason` is the wire.Limit, `price` the soft limit, `flags` whose it is: 0: the account's, 1: its desk's, 2: of
        the desk above that, wire.BY_KEY: the API key's; `trade_id` that desk, or that key's number."""
        return self.order_id - (self.order_id >> 63 << 64)

    def _warning_in_words(self) -> str:
        of, limit = f"account {self.account}", self.reason
        if self.flags == wire.BY_KEY:
            of = f"API key {self.trade_id} in account {self.account}"
        elif self.trade_id:
            of = f"desk {self.trade_id}" + (f" above account {self.account}" if self.account_seq else "")
        now, soft = limit_text(limit, self.measure), limit_text(limit, self.price)
        what = f", instrument {self.instrument}, order {self.client_order_id}" if self.client_order_id else ""
        return f"#{self.account_seq} LIMIT_WARNING {of}: {limit_name(limit)} {now}, the soft limit is {soft}{what}"

    def _cash_in_words(self) -> str:
        """Of an account with a rule of cash accounts (docs/cash.md)."""
        if self.kind == EventKind.CASH_LIFTED:
            return f"#{self.account_seq} CASH_LIFTED violation {self.trade_id}, {self.leaves} count"
        if self.kind == EventKind.CASH_RESTRICTED:
            what = f"restricted to settled cash by violation {self.trade_id}" if self.reason else "free again"
            return f"#{self.account_seq} CASH_RESTRICTED account {self.account}: {what}"
        cost = format_cash(self.price)
        what = f"{self.qty} lots of instrument {self.instrument} were sold that are not paid for ({cost})"
        said = f"#{self.account_seq} CASH_VIOLATION {self.trade_id}, {_member(CashViolation, self.reason)}: {what}"
        return f"{said}, {self.leaves} count"

    def _day_trade_in_words(self) -> str:
        """Of a margin account with the rule of day trades (docs/daytrading.md)."""
        if self.kind == EventKind.DAY_TRADER_LIFTED:
            return f"#{self.account_seq} DAY_TRADER_LIFTED account {self.account}: no pattern day trader any more"
        made = ": a pattern day trader from now on" if self.flags else ""
        what = f"instrument {self.instrument}, order {self.client_order_id}, trade {self.trade_id}"
        return f"#{self.account_seq} DAY_TRADE {what}, {self.qty} of {self.leaves} trades that count{made}"

    def _charge_in_words(self) -> str:
        text = f"#{self.account_seq} CHARGED {format_cash(self.price)} for {house_name(self.reason)}"
        if self.is_fee:
            return f"{text}, instrument {self.instrument}, order {self.client_order_id}, trade {self.trade_id}"
        return text + (f", reference {self.trade_id}" if self.trade_id else "")

    def __str__(self) -> str:
        name = EventKind(self.kind).name if self.kind in EventKind._value2member_map_ else f"kind {self.kind}"
        if self.kind == EventKind.CHARGED:
            return self._charge_in_words()
        if self.kind in _OF_CASH or self.kind in _OF_LOTS or self.kind in _OF_INSTRUMENTS:
            show = str if self.kind in _OF_LOTS else format_cash
            which = f" (withdrawal {self.order_id})" if self.order_id else ""
            if self.kind in _OF_INSTRUMENTS:
                which = f" of instrument {self.instrument}"
            return f"#{self.account_seq} {name} {show(self.price)}{which}, now {show(self.balance)}"
        if self.kind == EventKind.RISK_LEVEL:
            level, before = _member(RiskLevel, self.reason), _member(RiskLevel, self.flags)
            has, keeps = format_cash(self.equity), format_cash(self.maintenance)
            return f"#{self.account_seq} {name} {level}, was {before}: equity {has}, it must keep {keeps}"
        if self.kind in _OF_CASH_RULES:
            return self._cash_in_words()
        if self.kind in _OF_DAY_TRADES:
            return self._day_trade_in_words()
        if self.kind == EventKind.LIMIT_WARNING:
            return self._warning_in_words()
        if self.kind == EventKind.MEMBER_SET:
            where = f"in desk {self.price}" if self.price else "in no desk"
            return f"#{self.account_seq} {name} account {self.account}: {where}"
        if self.kind in _OF_STATES:
            stricter = self.kind == EventKind.ACCOUNT_STATE and self.flags not in (AccountState.ACTIVE, self.reason)
            more = f", in force {_member(AccountState, self.flags)}" if stricter else ""
            if self.kind == EventKind.ACCOUNT_RISK and self.flags:
                more = f", cash rule {_member(CashRule, self.flags)}"
            if self.kind == EventKind.ACCOUNT_RISK and self.leaves:
                more = f", day trades {_member(DayTradeRule, self.leaves)}"
            now = _member(_OF_STATES[self.kind], self.reason)
            return f"#{self.account_seq} {name} account {self.account}: {now}{more}"
        if self.kind == EventKind.ARMED:
            return f"#{self.account_seq} {name} account {self.account}, session {self.qty}, fires at {self.price}"
        if self.kind == EventKind.MASS_CANCELED and self.reason in CancelReason._value2member_map_:
            name += f" ({CancelReason(self.reason).name})"
        if self.kind > EventKind.REPLACE_REJECTED and self.kind not in _OF_ORDERS:
            return f"#{self.account_seq} {name} account {self.account}, instrument {self.instrument}, qty {self.qty}"
        side = "BUY" if self.side == Side.BUY else "SELL"
        text = f"#{self.account_seq} {name} {side} {self.qty} @ {format_price(self.price)}"
        if self.kind == EventKind.CANCELED and self.reason in CancelReason._value2member_map_:
            text += f" ({CancelReason(self.reason).name})"
        elif self.kind == EventKind.RESTATED and self.reason in RestateReason._value2member_map_:
            text += f" ({RestateReason(self.reason).name})"
        if self.kind in (EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED):
            return f"{text}, instrument {self.instrument}, order {self.client_order_id}, trade {self.trade_id}"
        return f"{text}, instrument {self.instrument}, order {self.client_order_id}, open {self.leaves}"


class Reject(NamedTuple):
    """A command that was refused: the fields of `wire.REJECT`. str() says it in words."""

    seq: int
    ts_ns: int
    account_seq: int
    kind: int
    side: int
    check: int
    flags: int
    account: int
    instrument: int
    qty: int
    order_id: int
    client_order_id: int
    limit: int
    value: int
    headroom: int

    @property
    def distance(self) -> int:
        """Of a LIMIT_ check: whose limit it is, 0: the account's, 1: its desk's, 2: of the desk above that,
        wire.BY_KEY: the API key's."""
        return self.flags

    def __str__(self) -> str:
        said = check_in_words(self.check, self.limit, self.value, self.headroom)
        return f"{said}, {holder_text(self.distance)}" if self.check in _LIMITS else said


def decode(records: bytes) -> Iterator[Event | Reject]:
    """Typed events of EVENT records back to back."""
    for offset in range(0, len(records), EVENT.size):
        if records[offset + _KIND] in REJECTS:
            yield Reject._make(REJECT.unpack_from(records, offset))
        else:
            yield Event._make(EVENT.unpack_from(records, offset))
