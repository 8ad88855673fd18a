"""What the documents name and a proof has to meet, and how each is called.

A key is a group and a number or two of it. docs/core.md, docs/orders.md, docs/auctions.md, docs/disconnect.md,
docs/ledger.md, docs/risk.md, docs/cash.md, docs/daytrading.md, docs/desks.md, docs/borrow.md, docs/actions.md,
docs/lots.md and docs/wire.md name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import product
from typing import Any

from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import (
    AccountState,
    ArmFlag,
    AuctionKind,
    BookKind,
    Borrow,
    CancelReason,
    CashRule,
    Check,
    CommandKind,
    DataFlag,
    DayTradeRule,
    EventFlag,
    EventKind,
    ExtensionFlag,
    ExtensionReason,
    HaltReason,
    HouseAccount,
    InstrumentState,
    Limit,
    MarkBy,
    OrderFlag,
    OrderType,
    Peg,
    Place,
    RestateReason,
    RiskLevel,
    RiskType,
    Role,
    Rule,
    SelfTrade,
    TimeInForce,
)

from tests.prove.actions import Accrued, Borrowed, Claim, Divided
from tests.prove.cash import PaidWith, Restricted, Unsettled, Violated
from tests.prove.daytrades import Counting, Example, LeastEquity, Patterned
from tests.prove.desks import Desked, Distance, Whose
from tests.reference.desks.tree import STRICTEST_FIRST
from tests.reference.gaining import Gained

Key = tuple[Any, ...]  # group, then a number for each of its enums


class BadInput(IntEnum):
    """A caller's error, after which nothing may have changed."""

    UNKNOWN_KIND = 1
    NUMBER_TOO_HIGH = 2
    NUMBER_AGAIN = 3
    TIME_BACKWARD = 4
    CUT = 5
    LAST_OF_MANY = 6


class Field(IntEnum):
    """What an accepted order made use of, beside type, time in force and flags."""

    MIN_QTY = 1
    DISPLAY_QTY = 2
    DISCRETION = 3
    GROUP = 4
    SELF_TRADE_GROUP = 5
    TRAIL_PERCENT = 6
    IMBALANCE_ONLY = 7
    PEG_OFFSET = 8
    PEG_CAP = 9


class Way(IntEnum):
    """A REPLACE that was taken."""

    IN_PLACE = 0
    ANEW = 1


class Filter(IntEnum):
    """A mass cancel that found something."""

    ALL = 0
    BUYS = 1
    SELLS = 2
    ONE_INSTRUMENT = 3
    BY_SESSION = 4
    BY_GROUP = 5
    OPERATOR_ALL = 6
    OPERATOR_ACCOUNT = 7


class Amended(IntEnum):
    """A trade that was busted or corrected."""

    BUST = 0
    CORRECTION = 1
    BUST_OF_A_CORRECTED = 2
    CORRECTION_OF_A_CORRECTED = 3
    OF_A_CROSS = 4
    OF_ONE_ACCOUNT = 5


class Act(IntEnum):
    """What a proof does beside giving commands."""

    WENT_ON_FROM_SNAPSHOT = 1
    REPLAYED_IN_BATCHES = 2
    COMPARED_ALL_ROWS = 3
    DAY_ENDED = 4
    CALL_ENDED_LATER = 5  # than everybody was told: a random end
    FORETOLD = 6  # what an order would do, and it did


class Guarding(IntEnum):
    """What became of a guard."""

    OF_SESSION = 1
    OF_ACCOUNT = 2
    RENEWED = 3
    WITHOUT_A_TIMER = 4
    DISARMED = 5
    LAPSED_OF_SESSION = 6
    LAPSED_OF_ACCOUNT = 7
    LAPSED_AND_STAYED = 8
    SESSION_ENDED = 9


class Paid(IntEnum):
    """A fee of a fill, and what has made it what it is."""

    MAKER = 1
    TAKER = 2
    AUCTION = 3
    BUYER = 4
    SELLER = 5
    OF_FILL = 6
    OF_ORDER = 7
    OF_ORDER_AGAIN = 8  # of one that had fills before
    REBATE = 9
    PER_SHARE = 10
    OF_NOTIONAL = 11
    PER_ORDER = 12
    MINIMUM = 13
    MAXIMUM = 14
    MOST_OF_NOTIONAL = 15
    NEAREST = 16
    UP = 17
    DOWN = 18
    CUT = 19  # there was no room for all of it
    REBATE_CUT = 20


class Booked(IntEnum):
    """What else the ledger did, or refused for the sake of cash."""

    CURRENCIES_FULL = 1
    TRADED_IN_ITS_CURRENCY = 2
    FEE_REMOVED = 3
    CHARGE_TAKEN = 4
    CHARGE_GIVEN = 5
    CHARGE_FOR_INSTRUMENT = 6
    CHARGE_REFUSED = 7
    DEPOSIT_REFUSED = 8
    WITHDRAWAL_POSTED = 9
    WITHDRAWAL_RELEASED = 10
    WITHDRAWAL_REFUSED = 11
    WITHDRAWALS_FULL = 12
    FIRST_SETTLEMENT = 13
    SETTLED_GOT = 14
    SETTLED_PAID = 15


class Days(IntEnum):
    """To settle, of a SETTLE with which something settled."""

    AT_ONCE = 0
    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4


class Margined(IntEnum):
    """What the equity of a MARGIN account carried, or did not."""

    BUY_REFUSED = 1
    SELL_REFUSED = 2
    REPLACE_REFUSED = 3
    BUY_WITHOUT_A_MARK = 4
    SELL_WITHOUT_A_MARK = 5
    REPLACE_WITHOUT_A_MARK = 6
    WITH_A_PLAN = 7
    TAKEN_IN_DEFICIT = 8  # needs no more
    REPLACED_IN_DEFICIT = 9
    CHILD_ENDED = 10
    WITHDRAWAL_REFUSED = 11


class Swept(IntEnum):
    """How far marks were taken with a TICK."""

    DONE = 1
    CUT = 2
    CUT_IN_A_WALK = 3
    WALK_WENT_ON = 4


class Closing(IntEnum):
    """Of accounts that are REDUCE_ONLY or CLOSE_ONLY."""

    ORDER_TAKEN = 1
    ORDER_REFUSED = 2
    REPLACE_TAKEN = 3
    REPLACE_REFUSED = 4
    CHILD_REFUSED = 5
    CHILD_WOKE = 6
    ORDER_CANCELED = 7
    CHILD_CANCELED = 8
    OF_A_RING_CANCELED = 9
    NOTHING_CANCELED = 10


GROUPS: dict[str, tuple[type[IntEnum] | None, ...]] = {
    "command": (CommandKind,),
    "bad input": (BadInput,),
    "order type and tif": (OrderType, TimeInForce),
    "order flag": (OrderFlag,),
    "order field": (Field,),
    "peg": (Peg,),
    "role": (Role,),
    "self-trade mode": (SelfTrade,),
    "self-trade met": (SelfTrade,),
    "filled type": (OrderType,),
    "cross of type": (OrderType,),
    "triggered type": (OrderType,),
    "place of type": (Place, OrderType),
    "place change": (Place, Place),
    "replace": (Place, Way),
    "replace flag": (OrderFlag,),
    "mass cancel": (Filter,),
    "event": (EventKind,),
    "event flag": (EventFlag,),
    "cancel reason": (CancelReason,),
    "restate reason": (RestateReason,),
    "check of REJECTED": (Check,),
    "check of REPLACE_REJECTED": (Check,),
    "check of CANCEL_REJECTED": (Check,),
    "check of ADMIN_REJECTED": (Check,),
    "rule of REJECTED": (Rule,),
    "rule of REPLACE_REJECTED": (Rule,),
    "value refused": (CommandKind, None),
    "state change by command": (InstrumentState, InstrumentState),
    "state change by auction": (InstrumentState, InstrumentState),
    "halt reason": (HaltReason,),
    "called auction": (AuctionKind,),
    "extension flag": (ExtensionFlag,),
    "extended for": (ExtensionReason,),
    "extended auction": (AuctionKind,),
    "auction with a price": (AuctionKind,),
    "auction without a price": (AuctionKind,),
    "account state change": (AccountState, AccountState),
    "amended": (Amended,),
    "book record": (BookKind,),
    "data flag": (DataFlag,),
    "guard": (Guarding,),
    "guard that cancelled": (ArmFlag,),
    "check of ARM_REJECTED": (Check,),
    "fee": (Paid,),
    "fee to": (HouseAccount,),
    "charged to": (HouseAccount,),
    "booked": (Booked,),
    "days to settle": (Days,),
    "risk type change": (RiskType, RiskType),
    "level change": (RiskLevel, RiskLevel),
    "level changed by": (CommandKind,),
    "mark by": (MarkBy,),
    "marked by": (MarkBy,),
    "margin": (Margined,),
    "swept": (Swept,),
    "closing": (Closing,),
    "limit set": (Limit, Whose),
    "limit refused": (Limit, Distance),
    "limit warned": (Limit, Distance),
    "desk state change": (AccountState, AccountState),
    "state in force": (AccountState, AccountState),
    "desked": (Desked,),
    "rule change": (CashRule, CashRule),
    "paid with": (PaidWith,),
    "violated": (Violated,),
    "restricted": (Restricted,),
    "unsettled": (Unsettled,),
    "day trade rule change": (DayTradeRule, DayTradeRule),
    "day trade example": (Example,),
    "day trade": (Counting,),
    "pattern of day trades": (Patterned,),
    "least equity": (LeastEquity,),
    "borrow change": (Borrow, Borrow),
    "borrowed": (Borrowed,),
    "accrued": (Accrued,),
    "claim": (Claim,),
    "divided": (Divided,),
    "gained": (Gained,),
    "act": (Act,),
}

T, F, C = OrderType, TimeInForce, Check
RESTS = (F.DAY, F.GTC, F.GTD)
TIFS = {
    T.LIMIT: tuple(F),
    T.MARKET: tuple(F),
    T.STOP: RESTS,
    T.STOP_LIMIT: RESTS,
    T.TRAILING_STOP: RESTS,
    T.MARKET_TO_LIMIT: (*RESTS, F.IOC, F.AUCTION),
    T.PEGGED: RESTS,
}
TYPES_OF_PLACES = {
    Place.BOOK: (T.LIMIT,),
    Place.DARK: (T.LIMIT, T.PEGGED),
    Place.STOP: (T.STOP, T.STOP_LIMIT, T.TRAILING_STOP),
    Place.CALL: (T.LIMIT, T.MARKET, T.MARKET_TO_LIMIT),
    Place.WAIT: (T.LIMIT, T.STOP, T.STOP_LIMIT, T.TRAILING_STOP),
}
# A stop that is triggered comes to the book; a REPLACE in a call takes orders out of book and dark; an auction ends it;
# children come to where they are to be when their parent has ended.
PLACE_CHANGES = (
    (Place.STOP, Place.BOOK),
    (Place.BOOK, Place.CALL),
    (Place.DARK, Place.CALL),
    (Place.CALL, Place.BOOK),
    (Place.CALL, Place.DARK),
    (Place.WAIT, Place.BOOK),
    (Place.WAIT, Place.STOP),
    (Place.WAIT, Place.CALL),
)
NEW_FLAGS = (
    OrderFlag.POST_ONLY,
    OrderFlag.SLIDE,
    OrderFlag.HIDDEN,
    OrderFlag.ALL_OR_NONE,
    OrderFlag.REDUCE_ONLY,
    OrderFlag.DO_NOT_ROUTE,
)
# Of all that a new order can be refused for, what a REPLACE cannot: it has no such field, or is no further order.
NOT_OF_REPLACE = {C.INSTRUMENT, C.CLIENT_ORDER_ID, C.DUPLICATE_ID, C.STALE_ID, C.SIDE, C.ORDER_TYPE, C.TIME_IN_FORCE}
NOT_OF_REPLACE |= {C.SELF_TRADE_MODE, C.OPEN_ORDERS, C.ORDER_CAPACITY, C.POSITION_CAPACITY, C.MODES, C.PEG, C.NO_PRICE}
NOT_OF_REPLACE |= {C.ROLE, C.LINK, C.RING_SIZE, C.CURRENCY, C.LIMIT_OPEN_ORDERS, C.LIMIT_REPEATS}
OF_ARM = {C.TIMEOUT, C.TIMER_CAPACITY}
# Of docs/session-limits.md, which is not in the model yet.
OF_KEYS = {
    ("check of REJECTED", C.LIMIT_ORDER_QTY), ("check of REPLACE_REJECTED", C.LIMIT_ORDER_QTY),
    ("command", CommandKind.SET_KEY), ("event", EventKind.KEY_SET),
}  # fmt: skip
OF_ADMIN = {C.VALUE, C.CAPACITY, C.CASH_RANGE, C.NAME, C.TRADE, C.BUSTED}
RULES_OF_REPLACE = (Rule.PEG_KIND, Rule.POST, Rule.DARK, Rule.MIN_QTY, Rule.DISCRETION)
VALUES = {
    CommandKind.CONFIGURE: range(8),
    CommandKind.SET_INSTRUMENT: range(8),
    CommandKind.SET_INSTRUMENT_STATE: range(4),
    CommandKind.SET_ACCOUNT: (0, 1, 2, 3, 4, 5, 6, 8),
    CommandKind.SET_ACCOUNT_STATE: (0,),
    CommandKind.DEPOSIT: (0,),
    CommandKind.DEPOSIT_SHARES: (0, 1),
    CommandKind.SET_SCHEDULE: (0,),
    CommandKind.SET_BANDS: range(3),
    CommandKind.SET_SHORT_SALE: (0,),
    CommandKind.SET_TICKS: range(8),
    CommandKind.SET_EXTENSION: range(10),
    CommandKind.BUST_TRADE: (1, 2, 8),  # docs/busts.md
    CommandKind.CORRECT_TRADE: (1, 2, 3, 4, 8),
    CommandKind.SET_TIMERS: (0,),
    CommandKind.SET_LEDGER: (0,),
    CommandKind.SET_FEE: range(12),
    CommandKind.CHARGE: range(3),
    CommandKind.HOLD_CASH: range(2),
    CommandKind.POST_CASH: (1,),
    CommandKind.RELEASE_CASH: (1,),
    CommandKind.SETTLE: range(2),
    CommandKind.SET_RISK: range(8),
    CommandKind.SET_MARGIN: range(9),
    CommandKind.SET_ACCOUNT_RISK: (0, 1, 2, 3, 4, 6),
    CommandKind.LIFT_CASH: (0,),
    CommandKind.SET_DAY_TRADES: range(4),
    CommandKind.LIFT_DAY_TRADER: (0,),
    CommandKind.SET_DESK: range(2),
    CommandKind.SET_MEMBER: (0,),
    CommandKind.SET_DESK_STATE: (0,),
    CommandKind.SET_LIMIT: range(3),
    CommandKind.SET_BORROW: range(3),
    CommandKind.LOCATE: (0,),
    CommandKind.SET_RATES: range(4),
    CommandKind.ACCRUE: range(2),
    CommandKind.DIVIDEND: range(3),
    CommandKind.PAY_DIVIDEND: (1,),
    CommandKind.SPLIT: range(4),
}
# What may change what an account is worth, what it must keep, or where levels begin.
LEVEL_CHANGED_BY = (
    CommandKind.TICK,
    CommandKind.NEW_ORDER,
    CommandKind.NEW_SPECIAL,
    CommandKind.REPLACE,
    CommandKind.DEPOSIT,
    CommandKind.DEPOSIT_SHARES,
    CommandKind.CHARGE,
    CommandKind.RELEASE_CASH,
    CommandKind.BUST_TRADE,
    CommandKind.CORRECT_TRADE,
    CommandKind.SET_RISK,
    CommandKind.SET_MARGIN,
    CommandKind.SET_ACCOUNT_RISK,
    CommandKind.ACCRUE,
    CommandKind.DIVIDEND,
    CommandKind.SPLIT,
)


def name(key: Key) -> str:
    """`group: NAME NAME`."""
    group, *numbers = key
    said = []
    for enum, number in zip(GROUPS[group], numbers, strict=True):
        known = enum is not None and number in enum._value2member_map_
        said.append(enum(number).name if enum is not None and known else str(number))
    return f"{group}: {' '.join(said)}"


def checks() -> Iterator[Key]:
    """Kinds of rejects, and what they are for."""
    new = set(C) - OF_ADMIN - OF_ARM - {C.UNKNOWN_ORDER}
    yield from (("check of REJECTED", check) for check in new)
    yield from (("check of REPLACE_REJECTED", check) for check in (new - NOT_OF_REPLACE) | {C.UNKNOWN_ORDER})
    of_cancel = (C.ACCOUNT, C.UNKNOWN_ORDER, C.INSTRUMENT, C.SIDE, C.FLAGS)
    yield from (("check of CANCEL_REJECTED", check) for check in of_cancel)
    yield from (("check of ARM_REJECTED", check) for check in OF_ARM | {C.ACCOUNT, C.FLAGS})
    admin = OF_ADMIN | {C.ACCOUNT, C.INSTRUMENT, C.POSITION_CAPACITY, C.INSTRUMENT_STATE, C.ORDER_NOTIONAL, C.CURRENCY}
    admin |= {C.LOCATE}
    yield from (("check of ADMIN_REJECTED", check) for check in admin)
    yield from (("rule of REJECTED", rule) for rule in Rule)
    yield from (("rule of REPLACE_REJECTED", rule) for rule in RULES_OF_REPLACE)
    yield from (("value refused", kind, index) for kind, indices in VALUES.items() for index in indices)


def orders() -> Iterator[Key]:
    """What an order can be, and what becomes of it."""
    yield from (("order type and tif", kind, tif) for kind, tifs in TIFS.items() for tif in tifs)
    yield from (("order flag", flag) for flag in NEW_FLAGS)
    yield from (("order field", field) for field in Field)
    yield from (("peg", peg) for peg in Peg if peg)
    yield from (("role", role) for role in Role if role)
    yield from (("self-trade mode", mode) for mode in SelfTrade)
    yield from (("self-trade met", mode) for mode in SelfTrade if mode != SelfTrade.ALLOW)
    yield from (("filled type", kind) for kind in OrderType)
    yield from (("cross of type", kind) for kind in (T.LIMIT, T.MARKET, T.MARKET_TO_LIMIT))
    yield from (("triggered type", kind) for kind in TYPES_OF_PLACES[Place.STOP])
    yield from (("place of type", place, kind) for place, kinds in TYPES_OF_PLACES.items() for kind in kinds)
    yield from (("place change", *change) for change in PLACE_CHANGES)
    yield from (("replace", place, way) for place, way in product(Place, Way))
    yield from (("replace flag", flag) for flag in (OrderFlag.QTY_IS_LEAVES, OrderFlag.REQUEUE))
    yield from (("mass cancel", which) for which in Filter)


def states() -> Iterator[Key]:
    """States of instruments and accounts, and how they come to be."""
    yield from (("state change by command", *change) for change in product(InstrumentState, InstrumentState))
    after = (InstrumentState.OPEN, InstrumentState.CLOSED, InstrumentState.HALTED)
    yield from (("state change by auction", InstrumentState.CALL, state) for state in after)
    yield from (("halt reason", reason) for reason in HaltReason if reason)
    yield from (("extension flag", flag) for flag in ExtensionFlag)
    yield from (("extended for", reason) for reason in ExtensionReason)
    for group in ("called auction", "extended auction", "auction with a price", "auction without a price"):
        yield from ((group, kind) for kind in AuctionKind)
    yield from (("account state change", *change) for change in product(AccountState, AccountState))


def ledger() -> Iterator[Key]:
    """Fees, charges, settlements, withdrawals."""
    for group in ("fee", "booked", "days to settle"):
        (enum,) = GROUPS[group]
        assert enum is not None
        yield from ((group, member) for member in enum)
    for group in ("fee to", "charged to"):
        yield from ((group, house) for house in HouseAccount if house >= HouseAccount.COMMISSION)


def risk() -> Iterator[Key]:
    """Who is watched, what he must keep, what he may do."""
    yield from (("risk type change", *change) for change in product(RiskType, RiskType))
    yield from (("level change", *change) for change in product(RiskLevel, RiskLevel) if change[0] != change[1])
    yield from (("level changed by", kind) for kind in LEVEL_CHANGED_BY)
    for group in ("mark by", "marked by", "margin", "swept", "closing"):
        (enum,) = GROUPS[group]
        assert enum is not None
        yield from ((group, member) for member in enum)


def desks() -> Iterator[Key]:
    """Limits of every kind, of accounts and of desks however far above; how desks are moved and stopped."""
    yield from (("limit set", limit, whose) for limit, whose in product(ACCOUNT_LIMITS, Whose))
    yield from (("limit refused", limit, distance) for limit, distance in product(ACCOUNT_LIMITS, Distance))
    orders = set(ACCOUNT_LIMITS) - {Limit.DAY_LOSS}  # told at the end of a command, of a desk's own accounts together
    yield from (("limit warned", limit, distance) for limit, distance in product(orders, Distance))
    yield from (("limit warned", Limit.DAY_LOSS, distance) for distance in (Distance.ACCOUNT, Distance.DESK))
    yield from (("desk state change", *change) for change in product(AccountState, AccountState))
    stricter = STRICTEST_FIRST[::-1]
    pairs = ((own, now) for place, own in enumerate(stricter) for now in stricter[place:])
    yield from (("state in force", *pair) for pair in pairs)
    yield from (("desked", member) for member in Desked)


def cash() -> Iterator[Key]:
    """Accounts that are held to a rule, what they bought with what, violations and restrictions."""
    yield from (("rule change", *change) for change in product(CashRule, CashRule))
    for group in ("paid with", "violated", "restricted", "unsettled"):
        (enum,) = GROUPS[group]
        assert enum is not None
        yield from ((group, member) for member in enum)


def day_trades() -> Iterator[Key]:
    """Accounts with a rule of day trades, who has a pattern of them, and the least equity of these."""
    yield from (("day trade rule change", *change) for change in product(DayTradeRule, DayTradeRule))
    for group in ("day trade example", "day trade", "pattern of day trades", "least equity"):
        (enum,) = GROUPS[group]
        assert enum is not None
        yield from ((group, member) for member in enum)


def actions() -> Iterator[Key]:
    """Lots that are lent, interest and fees, dividends, splits."""
    yield from (("borrow change", *change) for change in product(Borrow, Borrow))
    for group in ("borrowed", "accrued", "claim", "divided", "gained"):
        (enum,) = GROUPS[group]
        assert enum is not None
        yield from ((group, member) for member in enum)


def everything() -> set[Key]:
    """All that can be met."""
    plain = ("command", "bad input", "event", "event flag", "cancel reason", "restate reason", "book record")
    keys: set[Key] = {*checks(), *orders(), *states(), *ledger(), *risk(), *cash(), *desks(), *actions()}
    keys |= set(day_trades())
    for group in (*plain, "data flag", "amended", "guard", "guard that cancelled", "act"):
        (enum,) = GROUPS[group]
        assert enum is not None
        keys |= {(group, member) for member in enum}
    keys -= OF_KEYS
    return {tuple(int(part) if isinstance(part, int) else part for part in key) for key in keys}
