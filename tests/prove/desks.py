"""What docs/desks.md names and a proof has to meet, beside commands, events and refusals."""

from __future__ import annotations

from enum import IntEnum


class Distance(IntEnum):
    """Whose limit it is: the account's, or that of a desk so far above it."""

    ACCOUNT = 0
    DESK = 1
    SECOND_DESK = 2
    THIRD_DESK = 3
    FOURTH_DESK = 4


class Whose(IntEnum):
    """Whose limit was set."""

    OF_ACCOUNT = 0
    OF_DESK = 1


class Desked(IntEnum):
    """What else became of desks, and came of them."""

    FIRM_MADE = 1
    DESK_MADE = 2
    DESK_MOVED = 3
    MEMBER_CAME = 4
    MEMBER_MOVED = 5
    MEMBER_LEFT = 6
    DESKS_FULL = 7
    PLACES_FULL = 8  # of accounts with limits
    NAME_REFUSED = 9
    HOLDER_REFUSED = 10
    STATE_BY_DESK = 11
    STATE_BY_MEMBER = 12
    STATE_BY_STATE = 13
    ALL_CANCELED = 14
    OPENING_CANCELED = 15
    NOTHING_CANCELED = 16
    LISTS_SET = 17
    BUY_RESTRICTED = 18
    SELL_RESTRICTED = 19
    CHILD_REFUSED = 20
    PEER_REFUSED = 21
    CHILD_ENDED = 22
    REPLACE_WARNED = 23
    WARNED_OF_SEVERAL = 24
    WARNED_BEFORE_FILLS = 25
    WARNED_AND_REFUSED = 26
    LOSS_WARNED_AGAIN = 27
    BASE_OF_A_NEW_DAY = 28
