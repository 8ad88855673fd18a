"""The table of docs/daytrading.md, "Rows"."""

from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from ext.daytrading.counts cimport day_trades_of, trades_of
from ext.daytrading.layout cimport DayTrader
from ext.layout cimport HAS_DAY_RULE, Market
from ext.rows cimport room_for
from ext.wire cimport DayTradeRow


cdef bytes day_trader_rows(const Market* m):
    cdef const DayTrader* t
    cdef uint32_t k
    cdef bytes result = room_for(m.day.used, sizeof(DayTradeRow))
    cdef DayTradeRow* row = <DayTradeRow*> PyBytes_AS_STRING(result)
    for k in range(m.account_top):
        if m.accounts[k].flags & HAS_DAY_RULE:
            t = &m.day.accounts[k]
            row.account = k
            row.rule = t.rule
            row.is_pattern = t.is_pattern
            memcpy(&row.day_trades_0, t.day_trades, sizeof(t.day_trades))
            memcpy(&row.trades_0, t.trades, sizeof(t.trades))
            row.day_trades = <uint32_t> day_trades_of(m, t)
            row.trades = <uint32_t> trades_of(m, t)
            memcpy(&row.kept_0, t.kept, sizeof(t.kept))
            row += 1
    return result
