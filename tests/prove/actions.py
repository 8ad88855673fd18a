"""What docs/borrow.md and docs/actions.md name and a proof has to meet, beside commands, events and refusals."""

from __future__ import annotations

from enum import IntEnum


class Borrowed(IntEnum):
    """What became of short sales that somebody had to locate lots for, and of the lots."""

    BEYOND_LOCATED = 1  # refused
    WITHOUT_LOCATED = 2  # refused; there were none
    OF_NONE = 3  # refused
    REPLACE_BEYOND = 4
    CHILD_ENDED = 5
    PEER_TAKEN = 6
    UNLIMITED_REFUSED = 7  # of an account with CREDIT_UNLIMITED
    SOLD_AS_LOCATED = 8
    POSITION_MADE = 9
    GIVEN_BACK = 10
    WENT_BACK = 11  # with the end of a day
    STAYED = 12  # over the end of a day
    LOCATE_REFUSED = 13
    NOTHING_AVAILABLE = 14
    GIVEN_BACK_REFUSED = 15
    RECALLED = 16  # less is left than is lent


class Accrued(IntEnum):
    """What a day cost, or gave."""

    DEBIT = 1
    CREDIT = 2
    FEE = 3
    DEBIT_CUT = 4  # there was no room for all of it
    CREDIT_CUT = 5
    FEE_CUT = 6
    OF_365_DAYS = 7
    OF_A_CURRENCY = 8
    SEVERAL_DAYS = 9
    NOTHING = 10


class Claim(IntEnum):
    """Claims for dividends."""

    LONG = 1
    SHORT = 2
    BESIDE_ANOTHER = 3
    NOBODY = 4
    PAID_LONG = 5
    PAID_SHORT = 6
    PAID_WITHOUT_SHARES = 7  # they were sold, or bought back, since
    PAID_IN_PART = 8
    NOTHING_PAID = 9


class Divided(IntEnum):
    """Splits."""

    MORE = 1
    FEWER = 2
    LONG = 3
    SHORT = 4
    LONG_FRACTION = 5
    SHORT_FRACTION = 6
    ALL_OF_IT = 7  # a position with no whole lot left
    ORDERS_ENDED = 8
    OF_CLOSED = 9
    OF_HALTED = 10
    WITH_LOCATED = 11
    WITH_DUE = 12
    OLD_TRADE_REFUSED = 13
    NEW_TRADE_AMENDED = 14
    LOTS_REFUSED = 15  # of a position; of what is lent, or could be
    INVENTORY_REFUSED = 16
    IN_LIEU_CUT = 17
    LEAST_PRICE = 18
    LARGEST_PRICE = 19
