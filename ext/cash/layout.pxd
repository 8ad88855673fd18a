"""What the core keeps of accounts with a CashRule, and of their positions: docs/cash.md."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum Step:  # when money settles: 0 to 3 with the next SETTLEs
    TODAY = 4               # of trades since the last SETTLE
    OWED                    # there was none
    STEPS
    PROCEEDS = 5            # steps of proceeds: all but OWED

cdef enum:
    KEPT_VIOLATIONS = 8


cdef struct Violation:
    uint32_t number
    uint32_t instrument
    uint32_t date           # YYYYMMDD; 0: of the business day that is not over
    uint32_t kind           # CashViolation


cdef struct CashAccount:  # of the account with the same id
    int64_t[PROCEEDS] proceeds  # that have not settled, and paid for nothing yet
    uint32_t numbers        # violations since ever
    uint32_t since          # date of the violation that restricted it; as Violation.date
    uint8_t rule            # CashRule
    uint8_t restricted
    uint16_t count          # of violations
    uint32_t unpaid         # positions with lots that are not paid for
    Violation[KEPT_VIOLATIONS] violations  # oldest first


cdef struct Unpaid:  # of the position with the same number: lots that are not paid for, and what they cost
    int64_t[STEPS] lots
    int64_t[STEPS] money
    uint32_t told           # bits 1 << CashViolation: told since the last SETTLE
    uint32_t counted        # bits of Counted


cdef enum Counted:  # why a position is one that SETTLE has to look at
    HAS_UNPAID = 1
    HAS_TOLD = 2


cdef struct CashRules:
    CashAccount* accounts
    Unpaid* unpaid
    int64_t most            # violations from which on an account is restricted; 0: none
    int64_t span_days       # for which a violation counts; 0: until it is lifted
    int64_t restriction_days  # 0: nobody is restricted
    uint32_t used           # positions that are counted
