"""What docs/daytrading.md names and a proof has to meet, beside commands, events and refusals."""

from __future__ import annotations

from enum import IntEnum


class Example(IntEnum):
    """Of FINRA Regulatory Notice 21-13."""

    A = 1
    B = 2
    C = 3
    D = 4
    E = 5
    F = 6


class Counting(IntEnum):
    """What fills and other changes of a position were, and became."""

    LONG_CLOSED = 1
    SHORT_COVERED = 2
    BY_A_MAKER = 3
    BY_A_TAKER = 4
    IN_AN_AUCTION = 5
    OF_BOTH_SIDES = 6  # of one trade
    OF_ITSELF = 7  # a trade that is none
    SAME_ORDER = 8  # a fill that is no further trade
    SAME_RUN = 9  # closed, and no further day trade
    BEGAN_AGAIN = 10  # that day, in that instrument
    OVERNIGHT_CLOSED = 11
    OVERNIGHT_ALONG = 12  # some of it, beside all of the day
    ACROSS_ZERO = 13  # with something of the day
    ACROSS_FROM_OVERNIGHT = 14
    OF_DAYS_BEFORE = 15  # some that count
    DAY_LEFT = 16  # with day trades that count no more
    DAY_FORGOTTEN = 17
    LOWERED_BY_BUST = 18  # what was opened that day
    LOWERED_BY_CORRECTION = 19
    LOWERED_BY_DELIVERY = 20
    TURNED = 21  # a bust, or a correction, that made a long position short, or the other way round
    SPLIT = 22
    SPLIT_AWAY = 23


class Patterned(IntEnum):
    """Who has a pattern of day trades, and who has none."""

    MADE = 1
    MADE_OF_FOUR = 2
    MADE_AGAIN = 3
    ONE_ALREADY = 4
    NEVER = 5  # as there is no number of them
    TOO_FEW = 6
    SHARE_NOT_EXCEEDED = 7
    JUST_THE_SHARE = 8
    SIX_PERCENT_NOT_EXCEEDED = 9
    SIX_PERCENT_EXCEEDED = 10
    LIFTED = 11
    FORGOTTEN = 12  # with the rule


class LeastEquity(IntEnum):
    """What the least equity of a pattern day trader, or the want of it, led to."""

    BUY_REFUSED = 1
    SELL_REFUSED = 2
    REPLACE_REFUSED = 3
    PEER_REFUSED = 4
    MORE_THAN_CLOSES = 5  # and refused
    CHILD_ENDED = 6
    CLOSE_TAKEN = 7
    CLOSE_REPLACED = 8
    JUST_ENOUGH = 9
    KEPT = 10
    KEPT_IN_PART = 11
    NOT_KEPT = 12  # there was enough
    KEPT_AT_MOST = 13  # as much as may be
    FREE_AGAIN = 14
    LIFTED_WITH_KEPT = 15
    FORGOTTEN_WITH_KEPT = 16
    WITHDRAWAL_REFUSED = 17
