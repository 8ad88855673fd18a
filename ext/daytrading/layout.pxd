"""What the core keeps of accounts with a DayTradeRule, and of their positions: docs/daytrading.md."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    DAYS = 8                # of which day trades and trades are known, today among them
    KEPT_DAYS = 3           # of which deposits stay


cdef struct DayTrader:  # of the account with the same id
    int64_t[KEPT_DAYS] kept  # cash paid in that stays, by day: 0 is today, as in the next two
    uint16_t[DAYS] day_trades
    uint16_t[DAYS] trades
    uint8_t rule            # DayTradeRule
    uint8_t is_pattern
    uint16_t unused
    uint32_t unused2


cdef struct DayPosition:  # of the position with the same number
    int64_t opened          # lots that were opened today and are open
    uint64_t last           # order_id of the last FILL today; 0: none
    uint64_t run            # 1 + Side of the fills that closed last; 0: none


cdef struct DayTrades:
    DayTrader* accounts
    DayPosition* positions
    int64_t least           # day trades from which on they are a pattern; 0: never
    int64_t earlier_days    # that count beside today
    int64_t share           # of all trades that they must be above, 1e-4
    int64_t least_equity    # of a pattern day trader, cash
    uint32_t used           # accounts with a rule
