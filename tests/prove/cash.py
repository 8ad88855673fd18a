"""What docs/cash.md names and a proof has to meet, beside commands, events and refusals."""

from __future__ import annotations

from enum import IntEnum


class PaidWith(IntEnum):
    """Lots that a buy noted as not paid for, by step."""

    NEXT = 1
    SECOND = 2
    THIRD = 3
    FOURTH = 4
    TODAY = 5
    OWED = 6


class Violated(IntEnum):
    """A violation: of which rule, and by what."""

    COUNTED = 1
    IN_REFUSE = 2
    BY_ITS_ORDER = 3
    BY_WHAT_RESTED = 4
    BY_A_STOP = 5
    BY_AN_AUCTION = 6
    BY_DELIVERY = 7
    BOTH_KINDS = 8
    NOT_AGAIN = 9  # that day
    NINTH = 10  # the oldest went
    AGED = 11
    LIFTED = 12
    LIFT_REFUSED = 13


class Restricted(IntEnum):
    """Accounts that buy with settled cash alone."""

    BY_NUMBER = 1
    BY_RIDING = 2
    ANEW = 3
    ENDED = 4
    LIFTED = 5
    NOT_RESTRICTED = 6  # there was nothing to lift
    CHILD_ENDED = 7


class Unsettled(IntEnum):
    """Proceeds and unpaid lots, and what became of them."""

    RULE_WITH_PROCEEDS = 1
    FORGOTTEN = 2
    OF_TWO_STEPS = 3  # one buy
    CARRIED = 4  # a lot that proceeds of two steps paid
    PAID_BY_SETTLE = 5
    CAME_NEARER = 6
    OWED_STAYED = 7  # over a SETTLE
    OWED_PAID_BY_SETTLE = 8
    PAID_BY_DEPOSIT = 9
    PAID_IN_PART = 10
    OWED_PAID_BY_DEPOSIT = 11
    BUY_UNDONE = 12
    OWED_BUY_UNDONE = 13
    SALE_UNDONE = 14
    BOUGHT_INSTEAD = 15
    SPLIT = 16
    SPLIT_AWAY = 17
    CHILD_ENDED = 18  # it would have sold what is not paid for
    WITHDRAWAL_REFUSED = 19
    SHORT_COVERED = 20  # by who was short when the rule came: nothing is noted
    UNDONE_OF_BOTH = 21  # a buy: owed lots and others left, which had cost more than it
