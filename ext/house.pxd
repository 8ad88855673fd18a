"""The other side of what customers get and pay: the house's accounts, and the list of currencies. docs/ledger.md."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.bits cimport add_wide, word_at
from ext.layout cimport AccountMore, CURRENCIES, House, Market
from ext.risk cimport Refusal


cdef inline void post(Market* m, const AccountMore* t, uint32_t house, int64_t amount) noexcept nogil:
    """Move an amount to an account of the house, in the currency of the customer that it comes from."""
    cdef House* balance = &m.house[t.currency_number][house]
    add_wide(&balance.low, &balance.high, amount)


cdef inline uint32_t find_currency(const Market* m, uint64_t currency) noexcept nogil:
    """Its number in the list; CURRENCIES where it is not there."""
    cdef uint32_t k
    for k in range(m.currency_count + 1):
        if m.currencies[k] == currency:
            return k
    return CURRENCIES


cdef inline bint has_currency_room(const Market* m, uint64_t currency) noexcept nogil:
    return find_currency(m, currency) < CURRENCIES or m.currency_count + 1 < CURRENCIES


cdef inline uint32_t list_currency(Market* m, uint64_t currency) noexcept nogil:
    """Its number; the caller has seen that there is room."""
    cdef uint32_t number = find_currency(m, currency)
    if number == CURRENCIES:
        m.currency_count += 1
        number = m.currency_count
        m.currencies[number] = currency
    return number


cdef inline bint currencies_match(const Market* m, uint32_t account, uint32_t instrument) noexcept nogil:
    """Whether an account may trade an instrument by their currencies."""
    cdef uint64_t currency = m.account_more[account].currency
    return currency == 0 or currency == word_at(m.instrument_texts[instrument].currency)


# CURRENCY, and check 21: of an account's first order in an instrument.
cdef uint8_t check_first_order(const Market* m, uint32_t account, uint32_t instrument, Refusal* r) noexcept nogil
cdef bytes house_rows(const Market* m)
