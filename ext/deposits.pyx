"""Cash and shares that come from outside or go there: DEPOSIT, DEPOSIT_SHARES. See docs/core.md and docs/ledger.md."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.admin cimport (
    MAX_HELD, MAX_LOTS, account_is_known, answer_account, instrument_is_known, reject, value_is_within,
)
from ext.bits cimport product, share, word_at
from ext.cash.follow cimport follow_withdrawn
from ext.cash.paid cimport pay_in
from ext.daytrading.follow cimport follow_lots, keep_deposit
from ext.house cimport currencies_match, post
from ext.layout cimport Account, AccountMore, Basis, FAR_AWAY, HAS_CASH_RULE, HAS_DAY_RULE, Market, Position
from ext.ledger cimport find_position
from ext.margin.exposure cimport note_cash, note_trade, open_position
from ext.risk cimport at_least_0
from ext.settled cimport withdrawable_cash
from ext.wire cimport *


cdef bint cash_fits(
    Market* m, const AdminCommand* c, const Account* a, int64_t amount, uint64_t index,
) noexcept nogil:
    cdef int64_t room
    # Where there is more room than MAX_CASH any amount has it.
    if amount > 0:
        room = MAX_CASH - a.cash if a.cash > 0 else MAX_CASH
    else:
        room = at_least_0(a.cash - a.hold + MAX_CASH) if a.cash < a.hold else MAX_CASH
    if (amount if amount > 0 else -amount) > room:
        return reject(m, c, CHECK_CASH_RANGE, index, MAX_CASH, amount, room)
    return True


cdef void deposit(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef AccountMore* t
    cdef int64_t amount = c.value0
    cdef int64_t room
    if not account_is_known(m, c):
        return
    if amount == 0:
        reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    if not value_is_within(m, c, 0, -MAX_CASH, MAX_CASH):
        return
    a = &m.accounts[c.account]
    t = &m.account_more[c.account]
    if amount < 0 and not a.flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
        room = withdrawable_cash(m, c.account)
        if -amount > room:
            reject(m, c, CHECK_CASH_RANGE, 0, room, -amount, room)
            return
    if not cash_fits(m, c, a, amount, 0):
        return
    if amount > 0 and a.flags & HAS_DAY_RULE:
        keep_deposit(m, c.account, amount)
    a.cash += amount
    t.day_cash += amount
    note_cash(m, c.account)
    post(m, t, HOUSE_ACCOUNT_BANK, -amount)
    if amount > 0 and a.flags & HAS_CASH_RULE:
        pay_in(m, c.account, amount)
    answer_account(m, c, EVENT_KIND_CASH, 0, 0, amount, a.cash)


cdef uint32_t position_for(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint64_t currency = word_at(m.instrument_texts[c.instrument].currency)
    if not currencies_match(m, c.account, c.instrument):
        reject(m, c, CHECK_CURRENCY, 0, <int64_t> m.account_more[c.account].currency, <int64_t> currency, 0)
        return 0
    if m.position_count >= m.position_capacity:
        reject(m, c, CHECK_POSITION_CAPACITY, 0, m.position_capacity, <int64_t> m.position_capacity + 1, 0)
        return 0
    return open_position(m, c.account | <uint64_t> c.instrument << 32)


cdef void deposit_shares(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Position* p
    cdef Basis* b
    cdef int64_t lots = c.value0
    cdef int64_t cost, most
    cdef uint32_t number
    if not account_is_known(m, c) or not instrument_is_known(m, c):
        return
    if lots == 0:
        reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    if not value_is_within(m, c, 0, -MAX_LOTS, MAX_LOTS) or not value_is_within(m, c, 1, 0, FAR_AWAY):
        return
    number = find_position(m, c.account | <uint64_t> c.instrument << 32)
    b = &m.bases[number]
    p = &m.positions[number]  # number 0 stands for one that is not there yet: all zeros
    if p.qty < 0 or (lots > 0 and p.qty > MAX_HELD):
        reject(m, c, CHECK_VALUE, 0, 0, lots, 0)
        return
    if lots < 0:
        most = at_least_0(p.qty - p.open[SIDE_SELL])
        if -lots > most:
            reject(m, c, CHECK_VALUE, 0, most, lots, 0)
            return
        b.cost -= b.cost if -lots == p.qty else share(b.cost, -lots, p.qty)
    else:
        cost = product(lots, c.value1, 1)
        if cost > MAX_CASH - b.cost:
            reject(m, c, CHECK_VALUE, 1, MAX_CASH, c.value1, 0)
            return
        if number == 0:
            number = position_for(m, c)
            if number == 0:
                return
            p = &m.positions[number]
            b = &m.bases[number]
        b.cost += cost
    p.qty += lots
    follow_lots(m, number, p.qty - lots)
    note_trade(m, number)
    answer_account(m, c, EVENT_KIND_SHARES, 0, c.instrument, lots, p.qty)
    if lots > 0:
        (<Event*> (m.events.at - sizeof(Event))).order_id = <uint64_t> c.value1
    if lots < 0 and m.accounts[c.account].flags & HAS_CASH_RULE:
        follow_withdrawn(m, number, -lots)
