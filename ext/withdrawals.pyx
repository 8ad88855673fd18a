"""HOLD_CASH, POST_CASH, RELEASE_CASH. See docs/ledger.md, "Withdrawals in two phases"."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memmove, memset

from cpython.bytes cimport PyBytes_AS_STRING

from ext.admin cimport account_is_known, answer, reject, value_is_within
from ext.events cimport emit
from ext.house cimport post
from ext.layout cimport Account, AccountMore, FAR_AWAY, Market
from ext.margin.exposure cimport note_cash
from ext.rows cimport room_for
from ext.saved cimport Reader, Writer, get, put
from ext.settled cimport withdrawable_cash
from ext.wire cimport *


cdef bint reserve_withdrawals(Market* m, int64_t capacity) noexcept nogil:
    cdef void* block
    if capacity > m.withdrawal_capacity:
        block = realloc(m.withdrawals, <size_t> capacity * sizeof(WithdrawalRow))
        if block == NULL:
            return False
        m.withdrawals = <WithdrawalRow*> block
    m.withdrawal_capacity = <uint32_t> capacity
    return True


cdef bint set_ledger(Market* m, const AdminCommand* c) noexcept nogil:
    if not value_is_within(m, c, 0, 0, MAX_WITHDRAWALS):
        return True
    if c.value0 < m.withdrawal_capacity:
        reject(m, c, CHECK_VALUE, 0, m.withdrawal_capacity, c.value0, 0)
        return True
    if not reserve_withdrawals(m, c.value0):
        return False
    answer(m, c, EVENT_KIND_LEDGER_SET, 0, 0, c.value0)
    return True


cdef inline bint is_before(const WithdrawalRow* row, uint32_t account, uint64_t number) noexcept nogil:
    return row.account < account or row.account == account and row.number < number


cdef uint32_t place_of(const Market* m, uint32_t account, uint64_t number) noexcept nogil:
    """Where it is, or belongs."""
    cdef uint32_t low = 0
    cdef uint32_t high = m.withdrawal_count
    cdef uint32_t middle
    while low < high:
        middle = (low + high) // 2
        if is_before(&m.withdrawals[middle], account, number):
            low = middle + 1
        else:
            high = middle
    return low


cdef bint is_at(const Market* m, uint32_t place, uint32_t account, uint64_t number) noexcept nogil:
    return (place < m.withdrawal_count and m.withdrawals[place].account == account
            and m.withdrawals[place].number == number)


cdef void say(Market* m, const AdminCommand* c, uint8_t kind, int64_t amount, int64_t balance) noexcept nogil:
    emit(m, kind, 0, 0, 0, c.account, 0, c.request, <uint64_t> c.value1, 0, amount, 0, 0, <uint64_t> balance)


cdef void hold_cash(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef WithdrawalRow* row
    cdef int64_t most
    cdef uint32_t place
    if not account_is_known(m, c) or not value_is_within(m, c, 0, 1, MAX_CASH):
        return
    if c.value1 < 1:
        reject(m, c, CHECK_VALUE, 1, 1, c.value1, 0)
        return
    place = place_of(m, c.account, <uint64_t> c.value1)
    if is_at(m, place, c.account, <uint64_t> c.value1):
        reject(m, c, CHECK_VALUE, 1, 0, c.value1, 0)
        return
    a = &m.accounts[c.account]
    most = withdrawable_cash(m, c.account)
    if c.value0 > most:
        reject(m, c, CHECK_CASH_RANGE, 0, most, c.value0, most)
        return
    if m.withdrawal_count >= m.withdrawal_capacity:
        reject(m, c, CHECK_CAPACITY, 0, m.withdrawal_capacity, <int64_t> m.withdrawal_capacity + 1, 0)
        return
    row = &m.withdrawals[place]
    memmove(row + 1, row, (m.withdrawal_count - place) * sizeof(WithdrawalRow))
    m.withdrawal_count += 1
    memset(row, 0, sizeof(WithdrawalRow))
    row.number = <uint64_t> c.value1
    row.amount = c.value0
    row.ts_ns = m.ts_ns
    row.account = c.account
    a.hold += c.value0
    m.worths[c.account].withdrawals += c.value0
    note_cash(m, c.account)
    say(m, c, EVENT_KIND_CASH_HELD, c.value0, a.hold)


cdef void end_withdrawal(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef AccountMore* t
    cdef WithdrawalRow* row
    cdef int64_t amount
    cdef uint32_t place
    if not account_is_known(m, c):
        return
    if c.value1 < 1:
        reject(m, c, CHECK_VALUE, 1, 1, c.value1, 0)
        return
    place = place_of(m, c.account, <uint64_t> c.value1)
    if not is_at(m, place, c.account, <uint64_t> c.value1):
        reject(m, c, CHECK_VALUE, 1, 0, c.value1, 0)
        return
    a = &m.accounts[c.account]
    t = &m.account_more[c.account]
    row = &m.withdrawals[place]
    amount = row.amount
    m.withdrawal_count -= 1
    memmove(row, row + 1, (m.withdrawal_count - place) * sizeof(WithdrawalRow))
    a.hold -= amount
    m.worths[c.account].withdrawals -= amount
    note_cash(m, c.account)
    if c.kind == COMMAND_KIND_RELEASE_CASH:
        say(m, c, EVENT_KIND_CASH_RELEASED, amount, a.hold)
        return
    a.cash -= amount
    t.day_cash -= amount
    post(m, t, HOUSE_ACCOUNT_BANK, amount)
    say(m, c, EVENT_KIND_CASH, -amount, a.cash)


cdef bytes withdrawal_rows(const Market* m):
    cdef bytes result = room_for(m.withdrawal_count, sizeof(WithdrawalRow))
    memcpy(PyBytes_AS_STRING(result), m.withdrawals, m.withdrawal_count * sizeof(WithdrawalRow))
    return result


cdef void write_withdrawals(Writer* w, const Market* m) noexcept nogil:
    put(w, m.withdrawals, m.withdrawal_count * sizeof(WithdrawalRow))


cdef bint read_withdrawals(Reader* r, Market* m, uint64_t count) noexcept nogil:
    cdef const WithdrawalRow* row
    cdef uint32_t k
    cdef uint32_t account = 0
    cdef int64_t held = 0
    if count > m.withdrawal_capacity or not get(r, m.withdrawals, count * sizeof(WithdrawalRow)):
        return False
    m.withdrawal_count = <uint32_t> count
    for k in range(<uint32_t> count):
        row = &m.withdrawals[k]
        if row.account >= m.account_top or row.number == 0 or not 1 <= row.amount <= MAX_CASH or row.reserved:
            return False
        if k and not is_before(row - 1, row.account, row.number):
            return False
    k = 0
    for account in range(m.account_top):
        held = 0
        while k < m.withdrawal_count and m.withdrawals[k].account == account:
            if m.withdrawals[k].amount > FAR_AWAY - held:
                return False
            held += m.withdrawals[k].amount
            k += 1
        if held != m.worths[account].withdrawals:
            return False
    return True
