"""What accounts and desks lost since the day last ended, and who is told of it."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memset

from ext.deposits cimport deposit, deposit_shares
from ext.desks.layout cimport Desk, Ground, Repeats
from ext.desks.measure cimport base_of, desk_above, desk_loss, note_desk, settle_account
from ext.events cimport emit, emit_market
from ext.fees cimport charge
from ext.layout cimport IS_LIMITED, IS_WATCHED, Market
from ext.margin.exposure cimport bring_up_to_date, equity_of, note_account
from ext.margin.level cimport by_id
from ext.margin.sums cimport add_sum, both, cut, is_below, less, wide
from ext.orders cimport knows_account
from ext.withdrawals cimport end_withdrawal, hold_cash
from ext.wire cimport *

cdef enum:
    NEWLY = 2  # of is_losing, while a command ends: not told yet


cdef wide loss_of(const Market* m, uint32_t account) noexcept nogil:
    return less(base_of(m, account), equity_of(m, account))


# What it counts from

cdef void begin_base(Market* m, uint32_t account) noexcept nogil:
    cdef Ground* ground = &m.desks.grounds[account]
    ground.low = 0
    ground.high = 0
    add_sum(&ground.low, &ground.high, equity_of(m, account))


cdef void forget_account(Market* m, uint32_t account) noexcept nogil:
    m.desks.grounds[account].low = 0
    m.desks.grounds[account].high = 0
    if m.desks.repeats[account].orders[0].is_set:
        memset(&m.desks.repeats[account], 0, sizeof(Repeats))


cdef void add_base(Market* m, uint32_t account, wide amount) noexcept nogil:
    cdef Ground* ground = &m.desks.grounds[account]
    cdef Desk* d = desk_above(m, m.desks.of_account[account])
    add_sum(&ground.low, &ground.high, amount)
    if not m.accounts[account].flags & IS_LIMITED:
        return
    note_account(m, account)
    while d != NULL:
        add_sum(&d.base_low, &d.base_high, amount)
        note_desk(m, <uint32_t> (d - m.desks.rows))
        d = desk_above(m, d.parent)


cdef void begin_day(Market* m) noexcept nogil:
    cdef uint32_t k
    if m.watched_count == 0:
        return
    bring_up_to_date(m)
    for k in range(m.account_top):
        if m.accounts[k].flags & IS_WATCHED:
            add_base(m, k, less(equity_of(m, k), base_of(m, k)))


cdef void move_account(Market* m, const AdminCommand* c) noexcept nogil:
    if c.kind == COMMAND_KIND_DEPOSIT:
        deposit(m, c)
    elif c.kind == COMMAND_KIND_DEPOSIT_SHARES:
        deposit_shares(m, c)
    elif c.kind == COMMAND_KIND_CHARGE:
        charge(m, c)
    elif c.kind == COMMAND_KIND_HOLD_CASH:
        hold_cash(m, c)
    else:
        end_withdrawal(m, c)


cdef void move_funds(Market* m, const AdminCommand* c) noexcept nogil:
    cdef wide before
    if not knows_account(m, c.account) or not m.accounts[c.account].flags & IS_WATCHED:
        move_account(m, c)
        return
    bring_up_to_date(m)
    before = equity_of(m, c.account)
    move_account(m, c)
    bring_up_to_date(m)
    add_base(m, c.account, less(equity_of(m, c.account), before))


# Who is told

cdef inline bint is_above(wide loss, int64_t soft) noexcept nogil:
    return soft != 0 and is_below(both(soft, 0), loss)


cdef inline int64_t soft_of(const Market* m, uint32_t account) noexcept nogil:
    """Of an account that is measured; 0: none."""
    cdef uint32_t place = m.desks.measures[account].place
    if not m.accounts[account].flags & IS_LIMITED or place == 0:
        return 0
    return m.desks.places[place].soft[<int> LIMIT_DAY_LOSS]


cdef bint account_loses(const Market* m, uint32_t account) noexcept nogil:
    cdef int64_t soft = soft_of(m, account)
    return soft != 0 and is_above(loss_of(m, account), soft)


cdef bint desk_loses(const Market* m, uint32_t desk) noexcept nogil:
    cdef const Desk* d = &m.desks.rows[desk]
    return is_above(desk_loss(d), d.bounds.soft[<int> LIMIT_DAY_LOSS])


cdef bint changes(uint8_t* is_losing, bint loses) noexcept nogil:
    """Note how it is now. True: it has to be told."""
    if loses and is_losing[0] == 0:
        is_losing[0] = NEWLY
        return True
    is_losing[0] = loses
    return False


cdef void tell_account(Market* m, uint32_t account) noexcept nogil:
    emit(m, EVENT_KIND_LIMIT_WARNING, 0, LIMIT_DAY_LOSS, 0, account, 0, 0, <uint64_t> cut(loss_of(m, account)), 0,
         soft_of(m, account), 0, 0, 0)


cdef void tell_desk(Market* m, uint32_t desk) noexcept nogil:
    cdef const Desk* d = &m.desks.rows[desk]
    cdef Event* e
    emit_market(m, EVENT_KIND_LIMIT_WARNING, 0, LIMIT_DAY_LOSS, 0, 0, 0, d.bounds.soft[<int> LIMIT_DAY_LOSS], 0, 0)
    e = <Event*> (m.events.at - sizeof(Event))
    e.flags = 1
    e.order_id = <uint64_t> cut(desk_loss(d))
    e.trade_id = desk


cdef int desk_by_id(const void* a, const void* b) noexcept nogil:
    return <int> (<const uint16_t*> a)[0] - <int> (<const uint16_t*> b)[0]


cdef void judge_accounts(Market* m) noexcept nogil:
    cdef uint32_t found = 0
    cdef uint32_t k, account
    for k in range(m.moved_account_count):
        account = m.moved_accounts[k]
        found += changes(&m.desks.grounds[account].is_losing, account_loses(m, account))
    if found == 0:
        return
    qsort(m.moved_accounts, m.moved_account_count, sizeof(uint32_t), by_id)  # seldom, and the others stay in it
    for k in range(m.moved_account_count):
        account = m.moved_accounts[k]
        if m.desks.grounds[account].is_losing == NEWLY:
            m.desks.grounds[account].is_losing = 1
            tell_account(m, account)


cdef void judge_desks(Market* m) noexcept nogil:
    cdef uint32_t found = 0
    cdef uint32_t k
    cdef uint16_t desk
    for k in range(m.desks.moved_count):
        desk = m.desks.moved[k]
        m.desks.rows[desk].is_moved = 0
        if changes(&m.desks.rows[desk].is_losing, desk_loses(m, desk)):
            m.desks.rows[desk].is_losing = 1
            m.desks.moved[found] = desk
            found += 1
    m.desks.moved_count = 0
    if found > 1:
        qsort(m.desks.moved, found, sizeof(uint16_t), desk_by_id)
    for k in range(found):
        tell_desk(m, m.desks.moved[k])


cdef void judge_losses(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.moved_account_count):
        if m.accounts[m.moved_accounts[k]].flags & IS_LIMITED:
            settle_account(m, m.moved_accounts[k])
    judge_accounts(m)
    if m.desks.moved_count:
        judge_desks(m)


cdef void find_losers(Market* m) noexcept nogil:
    cdef uint32_t k
    for k in range(m.account_top):
        m.desks.grounds[k].is_losing = account_loses(m, k)
    for k in range(1, m.desks.capacity + 1):
        m.desks.rows[k].is_losing = desk_loses(m, k)
