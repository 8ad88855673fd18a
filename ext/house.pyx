"""The balances of the house. See docs/ledger.md, "Double entry"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from ext.bits cimport word_at
from ext.layout cimport CURRENCIES, HOUSE_ACCOUNTS, House, Market
from ext.risk cimport Refusal, refuse
from ext.rows cimport room_for
from ext.wire cimport CHECK_CURRENCY, CHECK_POSITION_CAPACITY, HouseRow


cdef uint8_t check_first_order(const Market* m, uint32_t account, uint32_t instrument, Refusal* r) noexcept nogil:
    if not currencies_match(m, account, instrument):
        return refuse(r, CHECK_CURRENCY, <int64_t> m.account_more[account].currency,
                      <int64_t> word_at(m.instrument_texts[instrument].currency), 0)
    if m.position_count >= m.position_capacity:
        return refuse(r, CHECK_POSITION_CAPACITY, m.position_capacity, <int64_t> m.position_capacity + 1, 0)
    return 0


cdef bytes house_rows(const Market* m):
    """Those that are not 0, by currency as listed and HouseAccount."""
    cdef const House* balance
    cdef uint64_t rows = 0
    cdef uint32_t k, house
    cdef bytes result
    cdef HouseRow* row
    for k in range(CURRENCIES):
        for house in range(HOUSE_ACCOUNTS):
            rows += m.house[k][house].low != 0 or m.house[k][house].high != 0
    result = room_for(rows, sizeof(HouseRow))
    row = <HouseRow*> PyBytes_AS_STRING(result)
    for k in range(CURRENCIES):
        for house in range(HOUSE_ACCOUNTS):
            balance = &m.house[k][house]
            if balance.low != 0 or balance.high != 0:
                memcpy(row.currency, &m.currencies[k], 8)
                row.balance = balance.low
                row.balance_high = balance.high
                row.house = house
                row += 1
    return result
