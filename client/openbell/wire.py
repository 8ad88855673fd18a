"""Wire formats: record dtypes and enums. Made by schema/generate.py from schema/wire.toml: edit those, not this."""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

VERSION: Final = 1
PRICE_SCALE: Final = 10000  # price units in one unit of the currency: prices are integers of 1e-4
CASH_SCALE: Final = 1000000  # cash units in one unit of the currency: cash and notional are integers of 1e-6
MAX_PRICE: Final = 4398046511103  # largest price accepted (2**42 - 1, about 439.8 million of the currency)
MAX_QTY: Final = 2147483647  # largest order quantity in lots (2**31 - 1)
# largest notional of one order (2**53 cash units, about 9 billion of the currency)
MAX_NOTIONAL: Final = 9007199254740992
MAX_CASH: Final = 4611686018427387904  # an account's cash never leaves +/- 2**62 cash units
MAX_LEGS: Final = 16  # most orders in a ring, of which one cancels the others (docs/linked.md)
ANY: Final = 4294967295  # wildcard for account or instrument in a mass cancel
SIDE_BOTH: Final = 2  # wildcard for side in a mass cancel
# flags of rejects and warnings of limits: it is the key's, below the account's (docs/session-limits.md)
BY_KEY: Final = 255
KEEP: Final = -1  # in SET_ACCOUNT and SET_INSTRUMENT of something that exists: leave this value as it is
ADMIN_KIND: Final = 64  # commands of kind >= 64 are AdminCommand (256 bytes)
SPECIAL_KIND: Final = 32  # commands of kind 32 to 63 are SpecialCommand (128 bytes), below OrderCommand (64 bytes)


class CommandKind(IntEnum):
    """What a command asks for."""

    NEW_ORDER = 1  # enter an order
    CANCEL = 2  # cancel one order by order_id, or by client_order_id where order_id is 0
    REPLACE = 3  # change price and quantity of one order
    MASS_CANCEL = 4  # cancel all orders of an account, filtered by instrument and side
    TICK = 5  # time passes; nothing else
    ARM = 6  # guard orders by cancel on disconnect, a dead-man timer, or both: docs/disconnect.md
    DISCONNECT = 7  # a session has ended: what it armed acts
    NEW_SPECIAL = 32  # enter an order with fields that an OrderCommand has not (SpecialCommand)
    CONFIGURE = 64  # capacities; the first command of every journal
    SET_INSTRUMENT = 65  # create or change an instrument
    SET_INSTRUMENT_STATE = 66  # open, halt or close an instrument, or call an auction
    SET_ACCOUNT = 67  # create an account or change its limits
    SET_ACCOUNT_STATE = 68  # activate or block an account (kill switch)
    DEPOSIT = 69  # add cash to (or, negative, take it from) an account
    DEPOSIT_SHARES = 70  # add shares to (or, negative, take them from) an account
    SET_SCHEDULE = 71  # when DAY orders end
    OPERATOR_CANCEL = 72  # an operator's mass cancel; account and instrument may both be ANY
    NOTE = 73  # an operator's remark or act that changes no state (shutdown, snapshot)
    RUN_AUCTION = 74  # end a call now, with its auction
    SET_BANDS = 75  # the prices between which an instrument may trade
    SET_SHORT_SALE = 76  # restrict short sales of an instrument, or free them
    SET_TICKS = 77  # ticks of an instrument by price
    SET_EXTENSION = 78  # when auctions of a kind are put off, and for how long
    BUST_TRADE = 79  # declare a trade void (AmendCommand)
    CORRECT_TRADE = 80  # give a trade another price and quantity (AmendCommand)
    SET_TIMERS = 81  # how many guards there may be (ARM)
    SET_LEDGER = 82  # how many withdrawals may be on their way
    SET_FEE = 83  # a component of a plan of fees
    CHARGE = 84  # charge an account, or (negative) give it something
    HOLD_CASH = 85  # keep cash back for a withdrawal
    POST_CASH = 86  # the withdrawal went out
    RELEASE_CASH = 87  # the withdrawal will not go out
    SETTLE = 88  # a business day is over: what was due settles
    SET_RISK = 89  # how much each TICK marks, and the levels of margin accounts: docs/risk.md
    SET_MARGIN = 90  # what positions in an instrument must have behind them, and what they are marked by
    SET_ACCOUNT_RISK = 91  # how an account is watched, and what it may not trade
    SET_DESK = 92  # create a desk or move it (account: its id): docs/desks.md
    SET_MEMBER = 93  # the desk that an account is in
    SET_DESK_STATE = 94  # activate or block all accounts below a desk (kill switch)
    SET_LIMIT = 95  # a hard and a soft limit of an account, a desk or a key
    SET_BORROW = 96  # whether an instrument may be sold short, how much of it, and what borrowing costs: docs/borrow.md
    LOCATE = 97  # lots that an account may sell short are found, or given back
    SET_RATES = 98  # interest on cash of a currency
    ACCRUE = 99  # a day's interest and fees for borrowing
    DIVIDEND = 100  # who has shares now has a claim for cash: docs/actions.md
    PAY_DIVIDEND = 101  # what is due of dividends is paid
    SPLIT = 102  # shares of an instrument become more or fewer
    LIFT_CASH = 103  # a violation of a cash account does not count, or its restriction ends: docs/cash.md
    SET_DAY_TRADES = 104  # who is a pattern day trader, and the least equity of one: docs/daytrading.md
    LIFT_DAY_TRADER = 105  # an account is no pattern day trader any more
    # create or rename a key, whose sessions have limits together (account: its number): docs/session-limits.md
    SET_KEY = 106


class Side(IntEnum):
    """Side of an order."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """Kind of price of an order."""

    LIMIT = 0  # trades at its price or better
    MARKET = 1  # trades at any price within the collar; never rests
    STOP = 2  # a market order once the market trades at its stop price or beyond
    STOP_LIMIT = 3  # a limit order once the market trades at its stop price or beyond
    TRAILING_STOP = 4  # a stop whose stop price follows the market at a distance
    MARKET_TO_LIMIT = 5  # a limit order at the best price of the other side
    PEGGED = 6  # rests unseen at a price that follows the best prices


class TimeInForce(IntEnum):
    """How long an order lives."""

    DAY = 0  # until the end of the trading day
    GTC = 1  # until cancelled
    IOC = 2  # what does not trade at once is cancelled
    FOK = 3  # trades at once and whole, or is cancelled
    GTD = 4  # until expire_ns
    AT_OPEN = 5  # takes part in the opening auction only
    AT_CLOSE = 6  # takes part in the closing auction only
    AUCTION = 7  # takes part in the next auction only


class OrderFlag(IntFlag):
    """Bits of OrderCommand.flags."""

    POST_ONLY = 1  # NEW_ORDER: rejected where it would trade at once
    QTY_IS_LEAVES = 2  # REPLACE: qty is the new open quantity, not the new total
    REQUEUE = 4  # REPLACE: lose priority in any case
    SLIDE = 8  # NEW_: with POST_ONLY: moves to where it does not trade, instead of being rejected
    HIDDEN = 16  # NEW_: rests unseen
    ALL_OR_NONE = 32  # NEW_: trades whole or not at all
    REDUCE_ONLY = 64  # NEW_: may only make the position smaller
    DO_NOT_ROUTE = 128  # NEW_: stays in this market


class MassFlag(IntFlag):
    """Bits of OrderCommand.flags in MASS_CANCEL."""

    BY_SESSION = 1  # only orders that the command's session entered
    BY_GROUP = 2  # only orders whose group is the command's qty


class ArmFlag(IntFlag):
    """Bits of OrderCommand.flags in ARM, of TimerRow.flags, and Event.reason of ARMED."""

    OF_ACCOUNT = 1  # all orders of the account; else those that the session entered
    ON_DISCONNECT = 2  # cancels when the session ends
    KEEP_GTC = 4  # spares GTC and GTD orders
    KEEP_AUCTION = 8  # spares AT_OPEN, AT_CLOSE and AUCTION orders


class ModeFlag(IntFlag):
    """Bits of SpecialCommand.modes."""

    TRAIL_PERCENT = 1  # offset is in basis points of the price
    IMBALANCE_ONLY = 2  # trades only with what an auction leaves over on the other side


class Peg(IntEnum):
    """What the price of a pegged order follows."""

    NONE = 0  # not pegged
    PRIMARY = 1  # the best price of its own side
    MARKET = 2  # the best price of the other side
    MIDPOINT = 3  # the middle of both


class Role(IntEnum):
    """What SpecialCommand.link_id ties an order to: docs/linked.md."""

    NONE = 0  # nothing
    PEER = 1  # an order; each trades at the other's expense
    CHILD = 2  # other children, and a parent to come; waits until that has ended
    PARENT = 3  # its children, which wait


class Place(IntEnum):
    """Where a live order is."""

    BOOK = 0  # in the book, displayed
    DARK = 1  # resting unseen
    STOP = 2  # waiting for its trigger
    CALL = 3  # waiting for an auction
    WAIT = 4  # waiting for the order that it is tied to


class SelfTrade(IntEnum):
    """Self-trade prevention: what an incoming order does when it meets one of its own account; its mode rules."""

    ALLOW = 0  # they trade
    CANCEL_NEWEST = 1  # the rest of the incoming order is cancelled
    CANCEL_OLDEST = 2  # the resting order is cancelled, matching goes on
    CANCEL_BOTH = 3  # both are cancelled
    DECREMENT = 4  # both lose what the smaller has, without a trade


class InstrumentState(IntEnum):
    """Trading state of an instrument. Cancels are taken in every state."""

    CLOSED = 0
    OPEN = 1
    HALTED = 2
    CALL = 3  # orders are collected for an auction


class AuctionKind(IntEnum):
    """What an auction is for."""

    OPENING = 1  # the opening of the day
    CLOSING = 2  # its close
    HALT = 3  # trading again after a halt
    VOLATILITY = 4  # trading again after a pause for volatility


class ExtensionReason(IntEnum):
    """Why an auction was put off: docs/auctions.md, Extensions."""

    MARKET_ORDERS = 1  # market orders would be left
    IMBALANCE = 2  # more lots would be left than is allowed
    PRICE = 3  # the price would be further from its reference than is allowed


class ExtensionFlag(IntFlag):
    """Bits of AdminCommand.flags in SET_EXTENSION."""

    MARKET_ORDERS = 1  # extend while market orders would be left
    FROM_LAST = 2  # after an extension the price is compared with that extension's


class HaltReason(IntEnum):
    """Why an instrument is halted."""

    NONE = 0  # not said
    REGULATORY = 1
    NEWS = 2
    VOLATILITY = 3
    OPERATIONAL = 4
    MARKET_WIDE = 5  # the whole market is halted


class AccountState(IntEnum):
    """State of an account. Cancels are taken in every state."""

    ACTIVE = 0
    BLOCKED = 1  # no new orders and no replaces
    REDUCE_ONLY = 2  # only orders that make positions smaller
    CLOSE_ONLY = 3  # the same, and orders that could open a position are cancelled


class RiskType(IntEnum):
    """How an account is watched: docs/risk.md."""

    NONE = 0  # not at all
    CASH = 1  # its equity is worked out
    MARGIN = 2  # may owe cash as far as its equity carries that


class CashRule(IntEnum):
    """What becomes of sales of what is not paid for, of a cash account: docs/cash.md."""

    NONE = 0  # nothing
    COUNT = 1  # they are counted
    REFUSE = 2  # they are refused


class CashViolation(IntEnum):
    """What a sale of what is not paid for was."""

    GOOD_FAITH = 1  # the cash that paid for it had not settled
    FREE_RIDING = 2  # there was no cash to pay for it


class DayTradeRule(IntEnum):
    """What becomes of day trades of a margin account: docs/daytrading.md."""

    NONE = 0  # nothing
    PATTERN = 1  # they are counted, and with a pattern of them it must have the least equity of a day trader


class RiskLevel(IntEnum):
    """How a MARGIN account stands to what it must keep."""

    NORMAL = 0
    ALERT = 1  # near to it
    CALL = 2  # below it
    LIQUIDATION = 3  # far below it


class Limit(IntEnum):
    """What is limited, of an account or a desk (docs/desks.md), or of a key (docs/session-limits.md)."""

    POSITION = 1
    GROSS = 2
    NET = 3
    OPEN_NOTIONAL = 4
    OPEN_ORDERS = 5
    DAY_LOSS = 6
    ORDER_NOTIONAL = 7
    ORDER_VOLUME = 8
    REPEATS = 9
    MESSAGES = 10
    ORDER_QTY = 11


LIMIT_TEXTS: Final = {
    Limit.POSITION: "cash: one position, with its open orders",
    Limit.GROSS: "cash: all positions with their open orders, long or short",
    Limit.NET: "cash: long less short positions, with open orders of the order's side",
    Limit.OPEN_NOTIONAL: "cash: open orders, at the marks",
    Limit.OPEN_ORDERS: "open orders",
    Limit.DAY_LOSS: "cash: lost since the day last ended",
    Limit.ORDER_NOTIONAL: "cash: one order",
    Limit.ORDER_VOLUME: "1e-4 of the instrument's average volume: one order",
    Limit.REPEATS: "the same order again within a second",
    Limit.MESSAGES: "orders and replaces in a second",
    Limit.ORDER_QTY: "lots: one order; of keys alone",
}


class Borrow(IntEnum):
    """Whether an instrument may be sold short: docs/borrow.md."""

    EASY = 0  # easy to borrow: by anybody who may sell short
    HARD = 1  # hard to borrow: as far as lots were located
    NONE = 2  # by nobody


class MarkBy(IntEnum):
    """The price that an instrument's positions count at."""

    LAST = 0  # the last trade
    MID = 1  # between best bid and offer
    CLOSE = 2  # that of the end of the last day


class AccountFlag(IntFlag):
    """Bits of AdminCommand.flags in SET_ACCOUNT (255 there: leave them as they are)."""

    SHORT_ALLOWED = 1  # may sell more than it holds, up to its position limit
    CREDIT_UNLIMITED = 2  # no buying power check (counterparties of replays, clearing accounts)


class AdminFlag(IntFlag):
    """Bits of AdminCommand.flags in SET_ACCOUNT_STATE, SET_DESK_STATE and SET_LIMIT."""

    CANCEL_ORDERS = 1  # SET_ACCOUNT_STATE, SET_DESK_STATE: cancel open orders in the same command
    OF_DESK = 2  # SET_LIMIT: account is a desk's id
    OF_KEY = 4  # SET_LIMIT: account is a key's number


class HouseAccount(IntEnum):
    """Accounts of the house: the other side of postings of customers. docs/ledger.md."""

    NONE = 0
    BANK = 1  # cash that came from outside, or went there
    DEPOSITORY = 2  # shares that came from outside, or went there
    COMMISSION = 3  # the broker's commissions
    VENUE = 4  # fees and rebates of the market
    SEC = 5  # fees under section 31 of the Securities Exchange Act
    TAF = 6  # FINRA's trading activity fee
    INTEREST = 7
    BORROW = 8  # fees for borrowed shares
    DIVIDEND = 9
    TAX = 10
    CORRECTION = 11  # what is put right
    OTHER = 12


class FeeBits(IntEnum):
    """value7 of SET_FEE: what a component is charged for, and how it is rounded."""

    BUY = 1  # buyers pay
    SELL = 2  # sellers pay
    MAKER = 4  # fills of orders that rested
    TAKER = 8  # fills of orders that came
    AUCTION = 16  # fills in auctions
    PER_FILL = 32  # the unit is the fill; else the order
    UP = 64  # rounded away from zero; else to the nearest
    DOWN = 128  # rounded toward zero


class EventKind(IntEnum):
    """What happened."""

    ACCEPTED = 1  # the order has an order_id; with EventFlag.DUPLICATE: it had been accepted before
    FILL = 2  # one side of a trade
    CANCELED = 3  # an order ended unfilled or partly filled; reason says why
    REPLACED = 4  # new price and quantity are in force
    REJECTED = 5  # a NEW_ORDER was refused (Reject layout)
    CANCEL_REJECTED = 6  # a CANCEL or MASS_CANCEL was refused (Reject layout)
    REPLACE_REJECTED = 7  # a REPLACE was refused; the order stands as it was (Reject layout)
    # after the CANCELED events of a mass cancel; qty is their number; reason: of a guard, leaves: its session
    MASS_CANCELED = 8
    TRIGGERED = 9  # a stop was met; price is the one that it goes to now
    RESTATED = 10  # leaves or price changed without its owner's asking; reason is a RestateReason
    # answer to ARM; reason: ArmFlag bits, qty: session (0: of the account), price: when it fires (ns; 0: no timer)
    ARMED = 11
    ARM_REJECTED = 12  # an ARM was refused; what was armed before stands (Reject layout)
    CASH = 16  # cash moved by DEPOSIT: price is the amount, trade_id the new balance (both i64)
    SHARES = 17  # shares moved by DEPOSIT_SHARES: price is the amount, trade_id the new position (both i64)
    ACCOUNT_SET = 18  # account created or its limits changed
    ACCOUNT_STATE = 19  # account's state is now reason; flags: the state in force, that of its desks counted
    TRADE_BUSTED = 20  # one side of a trade is void; reason 1: TRADE_CORRECTED follows, else 0
    TRADE_CORRECTED = 21  # what one side of a trade is instead
    # a fee or charge: price is the amount (negative: received), reason the HouseAccount, leaves the component
    CHARGED = 22
    # cash is kept back for a withdrawal: price is the amount, order_id its number, trade_id the hold after it
    CASH_HELD = 23
    CASH_RELEASED = 24  # it is free again: as CASH_HELD
    SETTLED = 25  # cash settled: price is how much, trade_id the settled cash after it (both i64)
    ACCOUNT_RISK = 26  # account is watched as RiskType reason says; flags: CashRule, leaves: DayTradeRule
    # account's RiskLevel is now reason, was flags; price: its equity, trade_id: its maintenance (both i64)
    RISK_LEVEL = 27
    MEMBER_SET = 28  # account is in the desk price; 0: in none
    # soft limit: reason: Limit, flags: desks up, BY_KEY, price: the limit, order_id: measure (i64), trade_id: desk, key
    LIMIT_WARNING = 29
    LOCATED = 30  # lots to sell short: price is how many more (negative: given back), trade_id how many then (both i64)
    # a claim for a dividend: price is its amount, trade_id all that is due of the position (both i64)
    DIVIDEND_DUE = 31
    INSTRUMENT_SET = 32  # instrument created or changed; price: its lot_size now
    # instrument's state is now reason; side: AuctionKind or HaltReason, price: time of the auction
    INSTRUMENT_STATE = 33
    DAY_ENDED = 34  # DAY orders are gone; qty is their number, price the time (ns) of the next end
    SCHEDULE_SET = 35  # price is the time (ns) of the next end of day
    CONFIGURED = 36  # capacities are in force
    NOTED = 37  # answer to NOTE
    ADMIN_REJECTED = 38  # an AdminCommand was refused (Reject layout); nothing changed
    AUCTION = 39  # an auction was held; reason: AuctionKind, price (0: none), qty, and leaves: the imbalance of side
    BANDS_SET = 40  # price bands: price is the lower, order_id the upper, client_order_id their reference; 0: none
    SHORT_SALE_SET = 41  # short sales: reason 1 restricted, 0 free
    TICKS_SET = 42  # ticks by price; price is the number of steps
    EXTENSION_SET = 43  # when auctions of the kind reason (AuctionKind) are extended, and by price (ns; 0: never)
    # the auction of kind side was put off to trade_id (ns); reason: ExtensionReason, qty: how often by now
    AUCTION_EXTENDED = 44
    TIMERS_SET = 45  # answer to SET_TIMERS; price is the number of guards that there may be
    FEE_SET = 46  # component reason of plan account is in force
    # business day price (YYYYMMDD) is over; leaves: accounts with a SETTLED, client_order_id: days to settle
    SETTLEMENT = 47
    LEDGER_SET = 48  # answer to SET_LEDGER; price is the number of withdrawals that may be on their way
    RISK_SET = 49  # answer to SET_RISK: price, order_id and client_order_id are its value0 to value2
    MARGIN_SET = 50  # margin of an instrument is in force; reason: MarkBy
    DESK_SET = 51  # desk account created or moved; price: the desk above it
    DESK_STATE = 52  # state of desk account is now reason
    # limit reason (Limit) of account (flags OF_DESK, OF_KEY: of that): price is the hard one, order_id the soft one
    LIMIT_SET = 53
    BORROW_SET = 54  # reason: Borrow; price: fee (1e-6 a year), order_id: inventory (lots)
    # interest of the currency client_order_id: price debit, order_id credit (1e-6 a year), leaves days a year
    RATES_SET = 55
    # interest and fees of the day price (YYYYMMDD) were charged; leaves: CHARGED events, client_order_id: days
    ACCRUED = 56
    DIVIDEND_SET = 57  # price: cash a share, leaves: positions with a claim, client_order_id: the sender's reference
    DIVIDEND_PAID = 58  # leaves: positions that were paid, client_order_id: the sender's reference
    # price: new lots for order_id old ones, leaves: positions that changed, client_order_id: orders that ended
    SPLIT_DONE = 59
    SPLIT_SHARES = 60  # a split changed account's position: price is the change, trade_id the new position (both i64)
    # qty lots were sold unpaid; reason: CashViolation, price: their cost, leaves: violations, trade_id: number
    CASH_VIOLATION = 61
    # account buys with settled cash alone (reason 1; trade_id: the violation's number), or as others do (0)
    CASH_RESTRICTED = 62
    CASH_LIFTED = 63  # violation trade_id does not count any more; leaves: those that do
    DAY_TRADES_SET = 64  # answer to SET_DAY_TRADES
    # what was opened today was closed; qty: day trades that count, leaves: trades, flags 1: it made a pattern
    DAY_TRADE = 65
    DAY_TRADER_LIFTED = 66  # account is no pattern day trader any more
    KEY_SET = 67  # key account created or renamed


class EventFlag(IntFlag):
    """Bits of Event.flags."""

    DUPLICATE = 1  # ACCEPTED: answer to a retry; the order is the first one
    MAKER = 2  # FILL: this side rested in the book
    PRIORITY_KEPT = 4  # REPLACED: the order kept its place in the queue
    CROSS = 8  # FILL, TRADE_BUSTED, TRADE_CORRECTED: in an auction


class RestateReason(IntEnum):
    """Event.reason of RESTATED."""

    SELF_TRADE = 1  # self-trade prevention took lots
    REDUCE_ONLY = 2  # the position became smaller than the order
    LINKED = 3  # an order that it is tied to lost lots
    ACTIVE = 4  # the order that it waited for has ended: it is an order like others
    PRICED = 5  # a MARKET_TO_LIMIT order is a LIMIT order from now on, at the auction's price


class DataFlag(IntFlag):
    """Bits of MarketData.flags."""

    CROSS = 1  # EXECUTE: in an auction, whose CROSS record is the trade; BUST, CORRECTION: of one of its pairs
    DAY_END = 2  # TIME: the day ends
    SHORT_RESTRICTED = 128  # STATUS: short sales are restricted; beside the AuctionKind or HaltReason


class CancelReason(IntEnum):
    """Event.reason of CANCELED."""

    USER = 1  # asked for by its owner
    MASS = 2  # a mass cancel of its owner
    IOC = 3  # rest of an IOC or market order
    FOK = 4  # could not be filled whole
    SELF_TRADE = 5  # self-trade prevention
    DAY_END = 6  # end of the trading day
    OPERATOR = 7  # an operator's mass cancel
    ACCOUNT_BLOCKED = 8  # the account was blocked
    REPLACED_BELOW_FILLED = 9  # replaced to a total that was already filled
    CASH_LIMIT = 10  # trading on would take an account's cash out of range
    LEVEL_CAPACITY = 11  # no room for a further price level
    EXPIRED = 12  # its expire_ns has come
    MIN_QTY = 13  # less than its minimum quantity would have traded
    REDUCE_ONLY = 14  # nothing is left to reduce
    AUCTION_END = 15  # its auction is over
    BUYING_POWER = 16  # a stop was met, and cash does not reach
    PRICE_COLLAR = 17  # a stop was met, and its limit is beyond the collar
    LINKED = 18  # an order that it is tied to moved
    EXPOSURE = 19  # it waited for another order, and cash, position or limits do not reach
    PRICE_BAND = 20  # beyond the price bands
    DISCONNECT = 21  # the session that entered it has ended, and had asked for this
    DEAD_MAN = 22  # a dead-man timer was not renewed in time
    ORDER_NOTIONAL = 23  # a stop was met, and its notional at the price that it goes to is beyond the limit
    CORPORATE_ACTION = 24  # a split of its instrument


class Check(IntEnum):
    """Event.reason of rejects: the check that failed. limit, value, headroom of Reject are in the unit given."""

    ACCOUNT = 1  # unknown account (value: its id)
    INSTRUMENT = 2  # unknown instrument (value: its id)
    CLIENT_ORDER_ID = 3  # client_order_id is 0 (limit: 1)
    DUPLICATE_ID = 4  # client_order_id was used for another order (value: it; order_id: that order)
    STALE_ID = 5  # client_order_id too old to be told from a duplicate: ids must ascend (limit: least id accepted)
    SIDE = 6  # not a Side (limit: largest valid)
    ORDER_TYPE = 7  # not an OrderType (limit: largest valid)
    TIME_IN_FORCE = 8  # not a TimeInForce (limit: largest valid), or POST_ONLY with IOC, FOK or MARKET (limit: GTC)
    SELF_TRADE_MODE = 9  # not a SelfTrade (limit: largest valid)
    FLAGS = 10  # unknown flag bits for this command (limit: mask of those allowed)
    ACCOUNT_STATE = 11  # account is blocked (value: its state), or may only make positions smaller (lots)
    INSTRUMENT_STATE = 12  # instrument is not open (limit: OPEN, value: its state)
    MESSAGE_RATE = 13  # orders and replaces in this second (messages)
    QTY = 14  # quantity is 0 (limit: 1 lot)
    ORDER_QTY = 15  # order quantity limit of instrument or account, the smaller (lots)
    PRICE = 16  # price is not within 1..MAX_PRICE (price)
    TICK_SIZE = 17  # price is not a multiple of the tick (limit: tick, value: price)
    PRICE_COLLAR = 18  # price beyond the collar around the reference price (limit: bound)
    ORDER_NOTIONAL = 19  # order notional limit of instrument or account, the smaller (cash)
    OPEN_ORDERS = 20  # open orders of the account
    POSITION_LIMIT = 21  # position that would result if all open orders on this side filled (lots)
    SHORT_SALE = 22  # sells more than the position less open sells (lots)
    BUYING_POWER = 23  # cash less holds (cash)
    POST_ONLY = 24  # would trade at once (limit: best opposite price, value: price)
    ORDER_CAPACITY = 25  # order pool of the engine is full (orders)
    LEVEL_CAPACITY = 26  # price level pages of the engine are used up (pages)
    POSITION_CAPACITY = 27  # position table of the engine is full (positions)
    UNKNOWN_ORDER = 28  # no such live order of this account (value: order_id, or client_order_id where order_id is 0)
    # AdminCommand: a value is out of range (client_order_id: index of the value, price: limit, leaves..: value)
    VALUE = 29
    CAPACITY = 30  # AdminCommand: id beyond the configured capacity (limit: capacity)
    CASH_RANGE = 31  # cash would leave +/- MAX_CASH, or a withdrawal exceeds what is free (cash)
    NAME = 32  # AdminCommand: name is empty, or in use by another id
    COMBINATION = 33  # fields that do not go together (limit: Rule, value: of its field)
    STOP_SIDE = 34  # the stop is met already (limit: reference price, value: stop price)
    REDUCE_ONLY = 35  # more than the position less open orders (lots)
    MODES = 36  # unknown bits of modes (limit: mask of those allowed)
    PEG = 37  # not a Peg (limit: largest valid)
    NO_PRICE = 38  # no displayed price on the other side; of a margin account: the instrument has no mark
    ROLE = 39  # not a Role (limit: largest valid)
    LINK = 40  # link_id names no live order that this one can be tied to (value: it)
    PRICE_BAND = 41  # price beyond the price bands (limit: bound)
    SHORT_PRICE = 42  # short sales are restricted: not above the best bid (limit: least price; 0: not taken at all)
    TRADE = 43  # no such trade of this instrument, or not of this account (limit: the last trade_id, value: trade_id)
    BUSTED = 44  # the trade was busted before (value: trade_id)
    # the ring of the order that link_id names would have more than MAX_LEGS orders (limit: MAX_LEGS, orders)
    RING_SIZE = 45
    TIMEOUT = 48  # timeout of a dead-man timer is not 0 and out of its range (ns)
    TIMER_CAPACITY = 49  # table of guards of the engine is full (guards)
    # the account has another currency than the instrument (limit: the account's, value: the instrument's)
    CURRENCY = 50
    MARGIN = 51  # what it would need and lose at once, beside what the account's equity leaves (cash)
    RESTRICTED = 52  # the instrument is on a list that the account may not trade (value: bits of the lists)
    # the position with its open orders, of the account or a desk above it (flags: desks up, BY_KEY: of the key; cash)
    LIMIT_POSITION = 53
    LIMIT_GROSS = 54  # all positions with their open orders, likewise (cash)
    LIMIT_NET = 55  # long less short positions with open orders, likewise (cash)
    LIMIT_OPEN_NOTIONAL = 56  # open orders at the marks, likewise (cash)
    LIMIT_OPEN_ORDERS = 57  # open orders, likewise (orders)
    LIMIT_DAY_LOSS = 58  # lost since the day last ended, likewise (cash)
    LIMIT_ORDER_NOTIONAL = 59  # one order, likewise (cash)
    LIMIT_ORDER_VOLUME = 60  # one order beside the instrument's average volume, likewise (1e-4)
    LIMIT_REPEATS = 61  # the same order again within a second, likewise (orders)
    LIMIT_MESSAGES = 62  # orders and replaces in this second, likewise (messages)
    # sells short more than was located for it, or may not be sold short; of LOCATE: more than can be lent (lots)
    LOCATE = 63
    SETTLED_CASH = 64  # a restricted cash account buys with settled cash alone (cash)
    GOOD_FAITH = 65  # sells what was bought with cash that has not settled (lots)
    DAY_TRADER = 66  # a pattern day trader has less than the least equity, and opens (cash)
    LIMIT_ORDER_QTY = 67  # one order, of a key (lots)


class Rule(IntEnum):
    """What Check.COMBINATION found broken: docs/orders.md. The name is that of the field, or what it is about."""

    STOP_PRICE = 1
    PEG_KIND = 2
    OFFSET = 3
    MODE = 4
    TIF = 5
    EXPIRE = 6
    POST = 7
    DARK = 8
    MIN_QTY = 9
    DISPLAY = 10
    DISCRETION = 11
    LINK = 12


RULE_TEXTS: Final = {
    Rule.STOP_PRICE: "stop_price: STOP and STOP_LIMIT need one, no other type has one",
    Rule.PEG_KIND: "peg: PEGGED needs one, no other type has one, and no peg is taken in a call",
    Rule.OFFSET: "offset: of TRAILING_STOP above 0, of PEGGED away from the market or 0, else 0",
    Rule.MODE: "modes: TRAIL_PERCENT needs TRAILING_STOP; IMBALANCE_ONLY needs LIMIT with AT_OPEN or AT_CLOSE",
    Rule.TIF: "tif: not one that this order type or flag takes; no call takes IOC and FOK",
    Rule.EXPIRE: "expire_ns: GTD needs a time to come, no other tif has one",
    Rule.POST: (
        "flags: POST_ONLY needs LIMIT with DAY, GTC or GTD; SLIDE needs POST_ONLY; no call takes POST_ONLY or "
        "REDUCE_ONLY"
    ),
    Rule.DARK: (
        "flags: HIDDEN needs LIMIT with DAY, GTC or GTD; ALL_OR_NONE needs HIDDEN or IOC; no call takes ALL_OR_NONE"
    ),
    Rule.MIN_QTY: "min_qty: at most qty, needs HIDDEN or IOC, without ALL_OR_NONE; no call takes it",
    Rule.DISPLAY: "display_qty: at most qty, needs LIMIT with DAY, GTC or GTD, without HIDDEN, REDUCE_ONLY, discretion",
    Rule.DISCRETION: "discretion: needs LIMIT with DAY, GTC or GTD, without HIDDEN, POST_ONLY; no call takes it",
    Rule.LINK: (
        "link_id: goes with role; PEER and CHILD need LIMIT or a stop, DAY, GTC or GTD, the qty of those tied to, and "
        "one LIMIT at most"
    ),
}


class BookKind(IntEnum):
    """Kind of a MarketData record."""

    ADD = 1  # order rests at the end of its level's queue; qty = leaves
    EXECUTE = 2  # resting order traded qty at price; leaves remain (0: it is gone)
    REDUCE = 3  # resting order lost qty in place and kept its priority
    DELETE = 4  # resting order left the book; qty is what it had
    HIDDEN_TRADE = 5  # an order that is not displayed traded qty at price; side is its own
    CROSS = 6  # an auction traded qty at price (0: none); state: AuctionKind, level_qty: all lots, level_orders: trades
    TOP = 7  # best bid and offer changed (Top layout)
    # state is now state; flags: AuctionKind or HaltReason, price: reference, qty: round lot; CALL: docs/auctions.md
    STATUS = 8
    INDICATIVE = 9  # what the auction would trade now: price, qty; leaves: imbalance of side; state: AuctionKind
    # a TICK, before what else it brings: ts_ns; price: the next end of day; flags: DAY_END when the day ends with it
    TIME = 10
    BANDS = 11  # price bands: price is the lower, order_id the upper, level_qty their reference; 0: none
    BUST = 12  # a trade is void: order_id is its trade_id, price and qty what it was
    CORRECTION = 13  # a trade is something else: order_id is its trade_id, price and qty are, level_qty and leaves were


class LotFlag(IntFlag):
    """Bits of LotRow.flags."""

    TAKEN_UP = 1  # a position of which no lots were known: its time is that of the beginning, its cost the average
    RESTATED = 2  # in the place of lots that a bust was too late for: its cost is the price of the trade that is void


class TradeFlag(IntFlag):
    """Bits of Trade.flags: the conditions of a trade."""

    CROSS = 1  # all that an auction traded, in one print
    ODD_LOT = 2  # less than a round lot, and no cross: makes no price (open, high, low, close), counts in volume
    HIDDEN = 4  # with an order that was not displayed
    FIRST = 8  # the first of the day that makes a price
    OPENING = 16  # the cross of an opening auction
    CLOSING = 32  # the cross of a closing auction
    REOPENING = 64  # the cross of an auction after a halt or a pause for volatility
    BUST = 128  # the trade of this trade_id, which is said again here, does not count any more
    CORRECTION = 256  # the trade of this trade_id is what this record says


class StatisticsFlag(IntFlag):
    """Bits of Statistics.flags."""

    FINAL = 1  # the day is over
    ADJUSTED = 2  # trades of the day were busted or corrected; open, high, low, close may still be theirs


class FrameType(IntEnum):
    """Type of a frame on the order port. Types below 64 go to the engine, the others come from it."""

    LOGIN = 1  # JSON: api_key, client, resume, cancel_on_disconnect, epoch
    ORDERS = 2  # count OrderCommand records (seq, ts_ns and session are 0; the engine fills them in)
    RESUME = 3  # JSON: account, from_seq
    QUERY = 4  # JSON: what, and its arguments
    HEARTBEAT = 5  # empty; either way
    LOGOUT = 6  # empty
    SPECIALS = 7  # count SpecialCommand records (as ORDERS)
    ARM = 8  # JSON: account, timeout_s, whole_account, on_disconnect, keep_gtc, keep_auction, client_order_id
    LOGGED_IN = 65  # JSON
    EVENTS = 66  # count Event records
    ERROR = 67  # JSON: code, text, field, limit, value; number is the refused frame's
    REPLY = 68  # JSON; number is the query's
    RESUMED = 69  # JSON: account, from_seq, next_seq; after the events that were replayed


class Channel(IntEnum):
    """First byte of a market data frame: the ZeroMQ subscription prefix. Each channel has its own sequence."""

    BOOK = 66  # 'B': every order, MarketData records
    DEPTH = 68  # 'D': level totals by price, Depth records
    TOP = 84  # 'T': best bid and offer, Top records
    TRADES = 88  # 'X': Trade records
    STATUS = 83  # 'S': MarketData records of the kinds STATUS and BANDS
    AUCTION = 65  # 'A': MarketData records of the kinds INDICATIVE and CROSS
    STATISTICS = 86  # 'V': Statistics records, of an instrument at most one a second
    BARS = 67  # 'C': Bar records, when they close
    DEPTH_1 = 49  # '1': the best levels now and then, Depth records: a class of [depth] in the configuration
    DEPTH_2 = 50  # '2': the same with other levels, at another pace
    DEPTH_3 = 51  # '3': the same
    DEPTH_4 = 52  # '4': the same
    HEARTBEAT = 72  # 'H': one Heartbeat record, at least once a second


# A command of a trader, TICK and DISCONNECT.
ORDER_COMMAND: Final = np.dtype(
    [
        ("seq", "<u8"),  # number in the journal; 0 from clients
        ("ts_ns", "<i8"),  # time of sequencing, ns since 1970 UTC; 0 from clients
        ("kind", "<u2"),  # CommandKind
        ("side", "u1"),  # Side; in MASS_CANCEL 2 for both
        ("order_type", "u1"),  # OrderType
        ("tif", "u1"),  # TimeInForce
        ("flags", "u1"),  # OrderFlag bits; in MASS_CANCEL MassFlag bits, in ARM ArmFlag bits
        ("self_trade", "u1"),  # SelfTrade
        ("key", "u1"),  # of the session that sent it, where it has limits, else 0; filled in by the engine
        ("account", "<u4"),  # account id
        ("instrument", "<u4"),  # instrument id; in MASS_CANCEL ANY for all
        ("client_order_id", "<u8"),  # chosen by the client, unique and ascending within the account, not 0
        ("order_id", "<u8"),  # CANCEL, REPLACE: the engine's id, or 0 to name the order by client_order_id
        ("price", "<i8"),  # 1e-4 of the currency; ignored for MARKET; ARM: timeout in ns, 0: no timer
        ("qty", "<u4"),  # lots; REPLACE: the new total quantity; MASS_CANCEL: the group
        ("session", "<u4"),  # connection that sent it; filled in by the engine
    ]
)
# A NEW_SPECIAL: the fields of an OrderCommand, and further ones; 0 in a further field: not used.
SPECIAL_COMMAND: Final = np.dtype(
    [
        ("seq", "<u8"),  # number in the journal; 0 from clients
        ("ts_ns", "<i8"),  # time of sequencing, ns since 1970 UTC; 0 from clients
        ("kind", "<u2"),  # CommandKind
        ("side", "u1"),  # Side
        ("order_type", "u1"),  # OrderType
        ("tif", "u1"),  # TimeInForce
        ("flags", "u1"),  # OrderFlag bits
        ("self_trade", "u1"),  # SelfTrade
        ("key", "u1"),  # of the session that sent it, where it has limits, else 0; filled in by the engine
        ("account", "<u4"),  # account id
        ("instrument", "<u4"),  # instrument id
        ("client_order_id", "<u8"),  # chosen by the client, unique and ascending within the account, not 0
        ("order_id", "<u8"),  # 0
        # 1e-4 of the currency; ignored for MARKET, STOP, TRAILING_STOP, MARKET_TO_LIMIT; PEGGED: the cap, or 0
        ("price", "<i8"),
        ("qty", "<u4"),  # lots
        ("session", "<u4"),  # connection that sent it; filled in by the engine
        ("stop_price", "<i8"),  # STOP, STOP_LIMIT: the price that triggers it
        ("offset", "<i8"),  # TRAILING_STOP: distance to the market; PEGGED: added to what it follows
        ("expire_ns", "<i8"),  # GTD: ns since 1970 UTC
        ("discretion", "<i8"),  # price units that it may give beyond its price
        ("display_qty", "<u4"),  # lots of an iceberg that show; 0: all
        ("min_qty", "<u4"),  # least lots of a trade
        ("group", "<u4"),  # for mass cancels by group
        ("self_trade_group", "<u4"),  # orders of the same group, not 0, count as of one owner in self-trade prevention
        ("modes", "u1"),  # ModeFlag bits
        ("peg", "u1"),  # Peg
        ("role", "u1"),  # Role
        ("reserved2", "u1"),  # 0
        ("reserved3", "<u4"),  # 0
        ("link_id", "<u8"),  # client_order_id of the order that it is tied to
    ]
)
# A command that sets up or governs the market. values: see docs/core.md for each kind.
ADMIN_COMMAND: Final = np.dtype(
    [
        ("seq", "<u8"),  # number in the journal; 0 before sequencing
        ("ts_ns", "<i8"),  # time of sequencing, ns since 1970 UTC
        ("kind", "<u2"),  # CommandKind
        ("state", "u1"),  # InstrumentState or AccountState
        ("flags", "u1"),  # AccountFlag or AdminFlag bits
        ("account", "<u4"),  # account id
        ("instrument", "<u4"),  # instrument id
        ("request", "<u4"),  # chosen by the sender, comes back in Event.qty of the answer
        ("value0", "<i8"),
        ("value1", "<i8"),
        ("value2", "<i8"),
        ("value3", "<i8"),
        ("value4", "<i8"),
        ("value5", "<i8"),
        ("value6", "<i8"),
        ("value7", "<i8"),
        ("name", "S32"),  # symbol of the instrument, name of the account, desk or key
        ("operator", "S32"),  # who asked for it
        ("reason", "S96"),  # why
    ]
)
# An AdminCommand of kind BUST_TRADE or CORRECT_TRADE: the facts of a trade. See docs/busts.md.
AMEND_COMMAND: Final = np.dtype(
    [
        ("seq", "<u8"),  # number in the journal; 0 before sequencing
        ("ts_ns", "<i8"),  # time of sequencing, ns since 1970 UTC
        ("kind", "<u2"),  # CommandKind
        ("state", "u1"),  # 0
        ("flags", "u1"),  # TradeFlag.CROSS: one of the pairs of an auction
        ("account", "<u4"),  # the buyer
        ("instrument", "<u4"),  # instrument id
        ("request", "<u4"),  # chosen by the sender
        ("trade_id", "<u8"),
        ("price", "<i8"),  # that it has now
        ("qty", "<u4"),  # lots that it has now
        ("new_qty", "<u4"),  # CORRECT_TRADE: lots that it is to have
        ("new_price", "<i8"),  # CORRECT_TRADE: price that it is to have
        ("buyer_order_id", "<u8"),
        ("seller_order_id", "<u8"),
        ("buyer_client_order_id", "<u8"),
        ("seller_client_order_id", "<u8"),
        ("seller", "<u4"),  # account id
        ("reserved", "<u4"),  # 0
        ("trade_seq", "<u8"),  # the command that made the trade
        ("trade_ts_ns", "<i8"),  # its time
        ("reserved2", "<u8"),  # 0
        ("operator", "S32"),  # who asked for it
        ("reason", "S96"),  # why
    ]
)
# What followed from a command: a private record of one account (account_seq > 0), or of the market (account_seq 0).
EVENT: Final = np.dtype(
    [
        ("seq", "<u8"),  # the command that caused it
        ("ts_ns", "<i8"),  # that command's time
        ("account_seq", "<u8"),  # 1, 2, 3 ... within the account; 0 where there is no account
        ("kind", "u1"),  # EventKind
        ("side", "u1"),  # Side
        ("reason", "u1"),  # CancelReason, Check, a state, or ArmFlag bits
        ("flags", "u1"),  # EventFlag bits
        ("account", "<u4"),  # account id
        ("instrument", "<u4"),  # instrument id
        ("qty", "<u4"),  # lots: of the order, the fill, what was cancelled; or a number (see EventKind)
        ("order_id", "<u8"),  # the engine's id
        ("client_order_id", "<u8"),
        ("price", "<i8"),  # of the order, the fill
        ("leaves", "<u4"),  # lots still open after this event
        ("filled", "<u4"),  # lots filled so far
        # FILL: same for both sides, ascending within the instrument; TRADE_BUSTED, TRADE_CORRECTED: of the trade meant
        ("trade_id", "<u8"),
    ]
)
# An Event of kind REJECTED, CANCEL_REJECTED, REPLACE_REJECTED, ARM_REJECTED or ADMIN_REJECTED.
REJECT: Final = np.dtype(
    [
        ("seq", "<u8"),  # the command that caused it
        ("ts_ns", "<i8"),  # that command's time
        ("account_seq", "<u8"),  # as in Event
        ("kind", "u1"),  # EventKind
        ("side", "u1"),  # Side
        ("check", "u1"),  # Check
        ("flags", "u1"),  # LIMIT_ checks: desks up, or BY_KEY; else 0
        ("account", "<u4"),  # account id
        ("instrument", "<u4"),  # instrument id
        ("qty", "<u4"),  # quantity asked for (AdminCommand: its request)
        ("order_id", "<u8"),  # as in the command (DUPLICATE_ID: the first order's)
        ("client_order_id", "<u8"),  # as in the command
        ("limit", "<i8"),  # what the check allows
        ("value", "<i8"),  # what broke it
        ("headroom", "<i8"),  # what is left of the limit before this command, at least 0
    ]
)
# A change of the book, order by order, with the level's totals after it.
MARKET_DATA: Final = np.dtype(
    [
        ("seq", "<u8"),  # the command that caused it
        ("ts_ns", "<i8"),  # that command's time
        ("kind", "u1"),  # BookKind
        ("side", "u1"),  # Side of the resting order
        ("state", "u1"),  # STATUS: InstrumentState; CROSS, INDICATIVE: AuctionKind
        ("flags", "u1"),  # DataFlag bits; STATUS: AuctionKind or HaltReason
        ("instrument", "<u4"),  # instrument id
        ("order_id", "<u8"),  # of the resting order
        ("price", "<i8"),  # of the level
        ("qty", "<u4"),  # lots added, executed, reduced or deleted
        ("leaves", "<u4"),  # lots of this order after the change
        ("level_qty", "<u8"),  # lots at this price after the change
        ("level_orders", "<u4"),  # orders at this price after the change
        ("trade_no", "<u4"),  # EXECUTE: low 32 bits of trade_id
    ]
)
# Best bid and offer of an instrument after a command that changed them. A price of 0: that side is empty.
TOP: Final = np.dtype(
    [
        ("seq", "<u8"),  # the command that caused it
        ("ts_ns", "<i8"),  # that command's time
        ("kind", "u1"),  # BookKind.TOP
        ("side", "u1"),  # 0
        ("state", "u1"),  # InstrumentState
        ("flags", "u1"),  # 0
        ("instrument", "<u4"),  # instrument id
        ("bid_price", "<i8"),
        ("ask_price", "<i8"),
        ("bid_qty", "<u8"),  # lots
        ("ask_qty", "<u8"),  # lots
        ("bid_orders", "<u4"),
        ("ask_orders", "<u4"),
    ]
)
# A level's totals after a change. level_qty 0: the level is gone.
DEPTH: Final = np.dtype(
    [
        ("seq", "<u8"),
        ("ts_ns", "<i8"),
        ("instrument", "<u4"),  # instrument id
        ("side", "<u4"),  # Side
        ("price", "<i8"),
        ("level_qty", "<u8"),  # lots
        ("level_orders", "<u4"),
        ("reserved", "<u4"),  # 0
    ]
)
# A trade.
TRADE: Final = np.dtype(
    [
        ("seq", "<u8"),
        ("ts_ns", "<i8"),
        ("instrument", "<u4"),  # instrument id
        ("aggressor", "u1"),  # Side of the incoming order; SIDE_BOTH in a cross
        ("reserved", "u1"),  # 0
        ("flags", "<u2"),  # TradeFlag bits
        ("price", "<i8"),  # the maker's; a cross's
        ("trade_id", "<u8"),  # ascending within the instrument; of a cross the last one
        ("qty", "<u8"),  # lots
    ]
)
# An instrument's day so far, after the second of its last trade. A price of 0: no trade has made one.
STATISTICS: Final = np.dtype(
    [
        ("seq", "<u8"),  # of the last trade
        ("ts_ns", "<i8"),  # of the last trade
        ("instrument", "<u4"),  # instrument id
        ("flags", "u1"),  # StatisticsFlag bits
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("open", "<i8"),  # price of the first trade
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),  # price of the last trade
        ("previous_close", "<i8"),  # close of the last day with one
        ("volume", "<u8"),  # lots
        ("turnover", "<u8"),  # sum of price x lots, at most 2**64 - 1
        ("vwap", "<i8"),  # turnover / volume, rounded down
        ("trades", "<u8"),  # a cross counts as one
    ]
)
# What an instrument traded within a period. There is none of periods without trades; prices of 0: no trade made one.
BAR: Final = np.dtype(
    [
        ("seq", "<u8"),  # of the last trade
        ("ts_ns", "<i8"),  # begin of the period; of a day: the full second of its first trade
        ("instrument", "<u4"),  # instrument id
        ("period_s", "<u4"),  # 1, 60, 300, 3600, or 86400 for a trading day
        ("open", "<i8"),  # price of the first trade
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),  # price of the last trade
        ("volume", "<u8"),  # lots
        ("turnover", "<u8"),  # sum of price x lots, at most 2**64 - 1
        ("vwap", "<i8"),  # turnover / volume, rounded down
        ("trades", "<u8"),  # a cross counts as one
    ]
)
# Last sequence sent on each market data channel: shows a lost tail, and that the feed lives.
HEARTBEAT: Final = np.dtype(
    [
        ("seq", "<u8"),  # durable_seq of the engine
        ("ts_ns", "<i8"),  # time of sending
        ("book", "<u8"),  # last sequence of channel BOOK
        ("depth", "<u8"),  # DEPTH
        ("top", "<u8"),  # TOP
        ("trades", "<u8"),  # TRADES
        ("status", "<u8"),  # STATUS
        ("auction", "<u8"),  # AUCTION
        ("statistics", "<u8"),  # STATISTICS
        ("bars", "<u8"),  # BARS
        ("depth_1", "<u8"),  # DEPTH_1; 0: there is no such class
        ("depth_2", "<u8"),  # DEPTH_2
        ("depth_3", "<u8"),  # DEPTH_3
        ("depth_4", "<u8"),  # DEPTH_4
    ]
)
# Head of each frame on the order port, both ways.
FRAME_HEADER: Final = np.dtype(
    [
        ("magic", "<u2"),  # 0x424F, the bytes 'OB'
        ("version", "u1"),  # 1
        ("type", "u1"),  # FrameType
        ("count", "<u4"),  # records that follow; for JSON: its length in bytes
        ("number", "<u8"),  # chosen by the sender; an answer carries the number of what it answers
    ]
)
# Head of each market data frame. Its records have the sequences first_seq, first_seq + 1, ...
MARKET_DATA_HEADER: Final = np.dtype(
    [
        ("channel", "u1"),  # Channel
        ("version", "u1"),  # 1
        ("record_size", "<u2"),  # bytes
        ("count", "<u4"),  # records that follow
        ("first_seq", "<u8"),  # channel sequence of the first record
    ]
)
# Framing of a record in the journal; length bytes of command follow, which begin with seq, ts_ns, kind.
RECORD_HEADER: Final = np.dtype(
    [
        # 64, 128 or 256; bit 31 set in the first record of a group commit; 0 marks the end of what was written
        ("length", "<u4"),
        ("crc", "<u4"),  # CRC32C of length (4 bytes) and the command
    ]
)
# A live order, from Core.orders() and queries.
ORDER_ROW: Final = np.dtype(
    [
        ("order_id", "<u8"),
        ("client_order_id", "<u8"),
        ("price", "<i8"),
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("leaves", "<u4"),  # lots open
        ("filled", "<u4"),  # lots filled
        ("side", "u1"),  # Side
        ("tif", "u1"),  # TimeInForce
        ("flags", "u1"),  # OrderFlag bits
        ("self_trade", "u1"),  # SelfTrade
        ("order_type", "u1"),  # OrderType
        ("place", "u1"),  # Place
        ("peg", "u1"),  # Peg
        ("modes", "u1"),  # ModeFlag bits
        ("level_qty_ahead", "<u8"),  # lots ahead of it in its level's queue
        ("hold", "<i8"),  # cash held for it
        ("group", "<u4"),  # for mass cancels by group
        ("shown", "<u4"),  # lots that are displayed
        ("stop_price", "<i8"),  # in STOP, and in WAIT but for a TRAILING_STOP: the price that triggers it; else 0
        ("offset", "<i8"),  # as in a SpecialCommand
        ("expire_ns", "<i8"),  # GTD: ns since 1970 UTC
        ("session", "<u4"),  # connection that entered it
        ("role", "u1"),  # Role that it has now: docs/linked.md
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("cap", "<i8"),  # PEGGED: the cap that was asked for last; 0: none
        # client_order_id of the next one of its ring; of a PARENT: of the child that it named; 0: none
        ("link_id", "<u8"),
        ("parent_id", "<u8"),  # CHILD: client_order_id of the order that it waits for; 0: none yet
    ]
)
# An account.
ACCOUNT_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("state", "u1"),  # AccountState
        ("flags", "u1"),  # AccountFlag bits
        ("plan", "u1"),  # of fees; 0: none
        ("risk_type", "u1"),  # RiskType
        ("cash", "<i8"),  # cash
        ("hold", "<i8"),  # cash held for open buy orders and withdrawals
        ("short_proceeds", "<i8"),  # cash locked by short positions: their proceeds
        ("account_seq", "<u8"),  # of its last event
        ("max_order_qty", "<i8"),  # lots; 0: none
        ("max_order_notional", "<i8"),  # cash; 0: none
        ("max_position", "<i8"),  # lots, either sign; 0: none
        ("max_open_orders", "<i8"),  # 0: none
        ("max_messages", "<i8"),  # a second; 0: none
        ("open_orders", "<u8"),
        ("realized_pnl", "<i8"),  # cash, all instruments, at average cost
        ("last_client_order_id", "<u8"),  # largest accepted so far
        ("settled", "<i8"),  # cash that has settled
        ("name", "S32"),
        ("unsettled", "<i8"),  # cash of trades that have not
        ("withdrawals", "<i8"),  # cash held for withdrawals
        ("withdrawable", "<i8"),  # cash that may be taken out
        ("fees", "<i8"),  # sum of the fees of its fills
        ("currency", "S8"),  # zeros: any
    ]
)
# A position of an account in an instrument. Average cost = cost / qty.
POSITION_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("qty", "<i8"),  # lots, negative when short
        ("cost", "<i8"),  # cash paid for it at average cost; negative: received for a short
        ("realized_pnl", "<i8"),  # cash
        ("open_buy", "<i8"),  # lots in open buy orders
        ("open_sell", "<i8"),  # lots in open sell orders
        ("reserved", "<u8"),  # 0
    ]
)
# An instrument.
INSTRUMENT_ROW: Final = np.dtype(
    [
        ("instrument", "<u4"),
        ("state", "u1"),  # InstrumentState
        ("halt_reason", "u1"),  # HALTED: HaltReason; else 0
        ("auction_kind", "u1"),  # CALL: AuctionKind; else 0
        ("short_restricted", "u1"),  # 1: short sales are restricted
        ("tick_size", "<i8"),  # price
        ("lot_size", "<i8"),  # shares in a lot
        ("reference_price", "<i8"),  # last trade, or as set
        ("collar_bps", "<i8"),  # basis points; 0: none
        ("max_order_qty", "<i8"),  # lots; 0: none
        ("max_order_notional", "<i8"),  # cash; 0: none
        ("bid_price", "<i8"),  # 0: no bid
        ("ask_price", "<i8"),  # 0: no offer
        ("bid_qty", "<u8"),  # lots
        ("ask_qty", "<u8"),  # lots
        ("trades", "<u8"),  # trades so far; trade_id of the last
        ("volume", "<u8"),  # lots traded
        ("orders", "<u8"),  # resting orders
        ("symbol", "S32"),
        ("currency", "S8"),
        ("round_lot", "<i8"),  # lots; a trade of fewer is an odd lot; 0: none is
        ("auction_ns", "<i8"),  # CALL: time of the auction, ns since 1970 UTC; 0: an operator ends it
        ("band_lower", "<i8"),  # of its price bands; 0: it has none
        ("band_upper", "<i8"),
        ("extensions", "<u4"),  # CALL: how often its auction was put off
        ("extension_reason", "<u4"),  # CALL: ExtensionReason of the last time; 0: never
    ]
)
# A trade that was busted or corrected, as it is now.
AMENDMENT_ROW: Final = np.dtype(
    [
        ("trade_id", "<u8"),
        ("price", "<i8"),  # of a busted one: the last that it had
        ("instrument", "<u4"),
        ("qty", "<u4"),  # lots; 0: busted
        ("changes", "<u4"),  # how often it was busted or corrected
        ("reserved", "<u4"),  # 0
    ]
)
# A guard of orders: what ARM left, from Core.timers().
TIMER_ROW: Final = np.dtype(
    [
        ("deadline_ns", "<i8"),  # when it fires, ns since 1970 UTC; 0: no timer
        ("account", "<u4"),
        ("session", "<u4"),  # connection that armed it; 0: the account's
        ("flags", "u1"),  # ArmFlag bits
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("reserved2", "<u4"),  # 0
    ]
)
# A balance of the house, from Core.house(): those that are not 0.
HOUSE_ROW: Final = np.dtype(
    [
        ("currency", "S8"),  # zeros: of accounts without one
        ("balance", "<u8"),  # cash: the low 64 bits
        ("balance_high", "<i8"),  # the high 64 bits: the balance is balance_high x 2**64 + balance
        ("house", "u1"),  # HouseAccount
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("reserved2", "<u4"),  # 0
    ]
)
# A component of a plan of fees, from Core.fees(): docs/ledger.md.
FEE_ROW: Final = np.dtype(
    [
        ("per_share", "<i8"),  # 1e-9 of the currency
        ("of_notional", "<i8"),  # 1e-9
        ("per_order", "<i8"),  # cash
        ("minimum", "<i8"),  # cash; 0: none
        ("maximum", "<i8"),  # cash; 0: none
        ("most_of_notional", "<i8"),  # 1e-9; 0: none
        ("rounding", "<i8"),  # cash
        ("reserve", "<u4"),  # 1e-6 of the notional of buy orders
        ("plan", "u1"),
        ("component", "u1"),
        ("house", "u1"),  # HouseAccount
        ("bits", "u1"),  # FeeBits
        ("reserved", "<u8"),  # 0
    ]
)
# A withdrawal that is on its way, from Core.withdrawals().
WITHDRAWAL_ROW: Final = np.dtype(
    [
        ("number", "<u8"),  # chosen by its sender, unique within the account while it is on its way
        ("amount", "<i8"),  # cash
        ("ts_ns", "<i8"),  # when it was held
        ("account", "<u4"),
        ("reserved", "<u4"),  # 0
    ]
)
# What a watched account is worth and must keep, from Core.risk(): docs/risk.md.
RISK_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("risk_type", "u1"),  # RiskType
        ("level", "u1"),  # RiskLevel
        ("reserved", "<u2"),  # 0
        ("equity", "<i8"),  # cash: what it has less withdrawals that are on their way, and the value of its positions
        ("value", "<i8"),  # cash, of its positions at their marks; negative of short ones
        ("maintenance", "<i8"),  # cash that its positions must have behind them
        ("initial", "<i8"),  # cash that its positions and open orders must have behind them
        ("excess", "<i8"),  # cash: equity less initial
        ("unrealized", "<i8"),  # cash: value less cost
        ("base", "<i8"),  # cash: the equity that the loss of the day counts from
        ("lists", "<u8"),  # bits of the lists of instruments that it may not trade
    ]
)
# A position as risk sees it, from Core.exposures().
EXPOSURE_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("qty", "<i8"),  # lots, negative when short
        ("mark", "<i8"),  # price that it counts at; 0: none yet
        ("value", "<i8"),  # cash
        ("maintenance", "<i8"),  # cash
        ("initial", "<i8"),  # cash, with open orders
        ("unrealized", "<i8"),  # cash: value less cost
    ]
)
# What positions in an instrument must have behind them, from Core.margins().
MARGIN_ROW: Final = np.dtype(
    [
        ("instrument", "<u4"),
        ("mark_by", "u1"),  # MarkBy
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("mark", "<i8"),  # price that new positions count at, and others do or will; 0: none yet
        ("close", "<i8"),  # reference price as the last day ended; 0: none
        ("initial_long", "<u4"),  # 1e-4 of the value
        ("maintenance_long", "<u4"),  # 1e-4
        ("initial_short", "<u4"),  # 1e-4
        ("maintenance_short", "<u4"),  # 1e-4
        ("least_low", "<i8"),  # price: least for a share sold short, below least
        ("least", "<i8"),  # price: least for a share sold short, from there on; 0: none
        ("average_volume", "<i8"),  # lots a day; 0: not known
        ("lists", "<u8"),  # bits of the lists that it is on
    ]
)
# A desk and what it measures, from Core.desks(): docs/desks.md.
DESK_ROW: Final = np.dtype(
    [
        ("desk", "<u4"),
        ("parent", "<u4"),  # the desk above it; 0: none
        ("state", "u1"),  # AccountState, its own
        ("in_force", "u1"),  # AccountState, the strictest of its own and those above it
        ("reserved", "<u2"),  # 0
        ("accounts", "<u4"),  # that are in it, itself
        ("gross", "<i8"),  # cash
        ("net_buy", "<i8"),  # cash: signed, with open buy orders
        ("net_sell", "<i8"),  # cash: signed, with open sell orders
        ("open_notional", "<i8"),  # cash
        ("open_orders", "<i8"),
        ("loss", "<i8"),  # cash: base less equity, negative: gained
        ("equity", "<i8"),  # cash
        ("messages", "<u8"),  # in the window that began last
        ("watched", "<u8"),  # accounts below it that are watched
        ("reserved2", "<u8"),  # 0
        ("name", "S32"),
    ]
)
# An account that is in a desk, from Core.members().
MEMBER_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("desk", "<u4"),
        ("in_force", "u1"),  # AccountState, the strictest of its own and those of the desks above it
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("reserved2", "<u4"),  # 0
    ]
)
# A limit, from Core.limits().
LIMIT_ROW: Final = np.dtype(
    [
        ("holder", "<u4"),  # account, desk or key
        ("flags", "u1"),  # AdminFlag: OF_DESK, OF_KEY
        ("limit", "u1"),  # Limit
        ("reserved", "<u2"),  # 0
        ("hard", "<i8"),  # 0: none
        ("soft", "<i8"),  # 0: none
        ("measure", "<i8"),  # what it is beside now
    ]
)
# A key, whose sessions have limits together, from Core.keys(): docs/session-limits.md.
KEY_ROW: Final = np.dtype(
    [
        ("key", "<u4"),  # its number
        ("messages", "<u4"),  # in the window that began last
        ("open_orders", "<i8"),
        ("open_notional", "<i8"),  # cash
        ("name", "S32"),
    ]
)
# What of an instrument can be lent, from Core.borrows(): docs/borrow.md.
BORROW_ROW: Final = np.dtype(
    [
        ("instrument", "<u4"),
        ("borrow", "u1"),  # Borrow
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("fee", "<i8"),  # 1e-6 of the value a year
        ("inventory", "<i8"),  # lots that can be lent in all
        ("lent", "<i8"),  # lots located of it
        ("reserved2", "<u8"),  # 0
    ]
)
# Lots that were located for a position, from Core.locates().
LOCATE_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("located", "<i8"),  # lots
        ("short", "<i8"),  # lots that it owes, or would if its open sells traded
    ]
)
# Interest of a currency, from Core.rates().
RATE_ROW: Final = np.dtype(
    [
        ("currency", "<u8"),  # 8 bytes of text as an integer
        ("debit", "<i8"),  # 1e-6 a year
        ("credit", "<i8"),  # 1e-6 a year
        ("days", "<u4"),  # a year
        ("reserved", "<u4"),  # 0
    ]
)
# What is due of dividends to a position, from Core.dues(): docs/actions.md.
DUE_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("due", "<i8"),  # cash; negative: owed
    ]
)
# A cash account with a rule, from Core.cash(): docs/cash.md.
CASH_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("rule", "u1"),  # CashRule
        ("restricted", "u1"),  # 1: it buys with settled cash alone
        ("violations", "<u2"),  # those that count
        ("since", "<u4"),  # YYYYMMDD of the violation that restricted it; 0: of the business day that is not over
        ("reserved", "<u4"),  # 0
        ("funds", "<i8"),  # cash: settled, and has paid for nothing yet
        ("unused1", "<i8"),  # cash: proceeds that settle with the next SETTLE and paid for nothing yet
        ("unused2", "<i8"),  # likewise, with the second next one
        ("unused3", "<i8"),
        ("unused4", "<i8"),
        ("unused_today", "<i8"),  # cash: proceeds since the last SETTLE that paid for nothing yet
    ]
)
# Lots of a position that are not paid for, from Core.unpaid(): docs/cash.md.
UNPAID_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("lots1", "<i8"),  # lots that are paid for with the next SETTLE
        ("lots2", "<i8"),  # likewise, with the second next one
        ("lots3", "<i8"),
        ("lots4", "<i8"),
        ("lots_today", "<i8"),  # lots that proceeds since the last SETTLE pay for
        ("lots_owed", "<i8"),  # lots that no cash was there for
        ("money1", "<i8"),  # cash: what the former cost, in the same order
        ("money2", "<i8"),
        ("money3", "<i8"),
        ("money4", "<i8"),
        ("money_today", "<i8"),
        ("money_owed", "<i8"),
    ]
)
# A violation of a cash account that counts, from Core.violations(): docs/cash.md.
VIOLATION_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("number", "<u4"),  # counts the account's violations from 1
        ("instrument", "<u4"),
        ("date", "<u4"),  # YYYYMMDD; 0: of the business day that is not over
        ("kind", "u1"),  # CashViolation
        ("reserved", "u1"),  # 0
        ("reserved2", "<u2"),  # 0
        ("reserved3", "<u4"),  # 0
    ]
)
# A margin account with a rule of day trades, from Core.day_traders(): docs/daytrading.md.
DAY_TRADE_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("rule", "u1"),  # DayTradeRule
        ("is_pattern", "u1"),  # 1: it is a pattern day trader
        ("reserved", "<u2"),  # 0
        ("day_trades_0", "<u2"),  # day trades since the last SETTLE
        ("day_trades_1", "<u2"),  # of the day before
        ("day_trades_2", "<u2"),  # of the day before that
        ("day_trades_3", "<u2"),
        ("day_trades_4", "<u2"),
        ("day_trades_5", "<u2"),
        ("day_trades_6", "<u2"),
        ("day_trades_7", "<u2"),
        ("trades_0", "<u2"),  # trades since the last SETTLE
        ("trades_1", "<u2"),  # of the day before
        ("trades_2", "<u2"),  # of the day before that
        ("trades_3", "<u2"),
        ("trades_4", "<u2"),
        ("trades_5", "<u2"),
        ("trades_6", "<u2"),
        ("trades_7", "<u2"),
        ("day_trades", "<u4"),  # day trades that count: of today and the days before it, as many as SET_DAY_TRADES says
        ("trades", "<u4"),  # trades of the same days
        ("kept_0", "<i8"),  # cash paid in since the last SETTLE that stays
        ("kept_1", "<i8"),  # cash paid in on the day before that stays
        ("kept_2", "<i8"),  # cash paid in two days before that stays until the next SETTLE
    ]
)
# An open lot of shares, first in first out: docs/lots.md.
LOT_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("ts_ns", "<i8"),  # when it was bought, or sold short
        ("seq", "<u8"),  # number of the command that brought it
        ("trade_id", "<u8"),  # 0: it came without a trade
        ("qty", "<i8"),  # lots, negative when short
        ("cost", "<i8"),  # cash paid for it, without fees; negative: received for a short
        ("flags", "u1"),  # LotFlag bits
        ("reserved", "u1"),  # 0
        ("reserved1", "<u2"),  # 0
        ("reserved2", "<u4"),  # 0
    ]
)
# What a position gained, first in first out and at average cost, without fees: docs/lots.md.
GAIN_ROW: Final = np.dtype(
    [
        ("account", "<u4"),
        ("instrument", "<u4"),
        ("qty", "<i8"),  # lots, negative when short
        ("mark", "<i8"),  # price that it counts at; 0: none yet
        ("cost_fifo", "<i8"),  # cash: of its open lots; negative of a short one
        ("realized_fifo", "<i8"),  # cash
        ("today_fifo", "<i8"),  # cash: of realized_fifo, what came since the day began
        ("unrealized_fifo", "<i8"),  # cash: value less cost_fifo
        ("cost_average", "<i8"),  # cash: as PositionRow.cost
        ("realized_average", "<i8"),  # cash: as PositionRow.realized_pnl
        ("unrealized_average", "<i8"),  # cash: as ExposureRow.unrealized
    ]
)
