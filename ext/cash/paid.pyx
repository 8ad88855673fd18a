"""Proceeds and lots by the step with which they settle."""

from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from ext.bits cimport share
from ext.borrow.amounts cimport scaled
from ext.cash.layout cimport (
    CashAccount, HAS_TOLD, HAS_UNPAID, OWED, PROCEEDS, STEPS, TODAY, Unpaid,
)
from ext.layout cimport AccountMore, Market
from ext.risk cimport at_least_0, lesser
from ext.wire cimport AdminCommand, CASH_RULE_NONE, MAX_CASH


cdef inline uint32_t account_of(const Market* m, uint32_t position) noexcept nogil:
    return <uint32_t> m.positions[position].key


cdef int64_t proceeds_of(const Market* m, uint32_t account) noexcept nogil:
    cdef const CashAccount* t = &m.cash.accounts[account]
    cdef int64_t amount = 0
    cdef int k
    for k in range(<int> PROCEEDS):
        amount += t.proceeds[k]
    return amount


cdef int64_t funds_of(const Market* m, uint32_t account) noexcept nogil:
    return m.accounts[account].cash - m.worths[account].withdrawals - proceeds_of(m, account)


cdef void add_proceeds(Market* m, uint32_t account, uint32_t step, int64_t amount) noexcept nogil:
    m.cash.accounts[account].proceeds[step] += lesser(amount, MAX_CASH - proceeds_of(m, account))


cdef void recount(Market* m, uint32_t position) noexcept nogil:
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef uint32_t now = (HAS_UNPAID if unpaid_lots(u) else 0) | (HAS_TOLD if u.told else 0)
    m.cash.used += (now != 0) - (u.counted != 0)
    m.cash.accounts[account_of(m, position)].unpaid += (now & HAS_UNPAID) - (u.counted & HAS_UNPAID)
    u.counted = now


# Trades

cdef inline void add_lots(Unpaid* u, uint32_t step, int64_t lots, int64_t money) noexcept nogil:
    u.lots[step] += lots
    u.money[step] += lesser(money, MAX_CASH - u.money[step])


cdef void note_buy(
    Market* m, uint32_t position, int64_t lots, int64_t cash, int64_t before, int64_t funds,
) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account_of(m, position)]
    cdef int64_t paid = lesser(cash, at_least_0(funds))
    cdef int64_t wanted = cash - paid
    cdef int64_t covered = share(lots, paid, cash)  # lots that what was paid so far is enough for
    cdef int64_t carried = 0
    cdef int64_t given, now
    cdef uint32_t step
    if wanted == 0:
        return
    for step in range(<uint32_t> STEPS):
        given = wanted
        if step < PROCEEDS:
            given = lesser(t.proceeds[step], wanted)
            t.proceeds[step] -= given
        if given == 0 or before < 0:
            wanted -= given
            continue
        wanted -= given
        paid += given
        carried += given
        now = share(lots, paid, cash)
        if now > covered:
            add_lots(&m.cash.unpaid[position], step, now - covered, carried)
            carried = 0
            covered = now
    recount(m, position)


cdef int64_t take_lots(Unpaid* u, uint32_t step, int64_t lots) noexcept nogil:
    """Lots leave a step that has so many. Returns the money that leaves with them."""
    cdef int64_t money = u.money[step] if lots == u.lots[step] else share(u.money[step], lots, u.lots[step])
    u.lots[step] -= lots
    u.money[step] -= money
    return money


cdef void note_sale(
    Market* m, uint32_t position, int64_t lots, int64_t cash, int64_t before, Left* left,
) noexcept nogil:
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef int64_t over = 0
    cdef int64_t taken
    cdef uint32_t step
    memset(left, 0, sizeof(Left))
    if u.counted & HAS_UNPAID and before > 0:
        over = at_least_0(lesser(lots, before) - (before - unpaid_lots(u)))
    for step in range(<uint32_t> STEPS):
        taken = lesser(over, u.lots[step])
        if taken:
            over -= taken
            left.lots[step == OWED] += taken
            left.money[step == OWED] += lesser(take_lots(u, step, taken), MAX_CASH - left.money[step == OWED])
    if m.settle_date and cash:
        add_proceeds(m, account_of(m, position), TODAY, cash)
    recount(m, position)


cdef void undo_buy(Market* m, uint32_t position, int64_t lots, int64_t cash) noexcept nogil:
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef int64_t taken, back
    cdef uint32_t step = STEPS
    while step:
        step -= 1
        taken = lesser(lots, u.lots[step])
        if taken == 0:
            continue
        lots -= taken
        back = lesser(take_lots(u, step, taken), cash)
        if step != OWED:
            cash -= back
            add_proceeds(m, account_of(m, position), step, back)
    recount(m, position)


cdef void undo_sale(Market* m, uint32_t position, int64_t cash) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account_of(m, position)]
    cdef int64_t taken
    cdef uint32_t step = PROCEEDS
    while step:
        step -= 1
        taken = lesser(cash, t.proceeds[step])
        t.proceeds[step] -= taken
        cash -= taken


# Deposits and days

cdef void pay_for_owed(Market* m, uint32_t position) noexcept nogil:
    m.cash.unpaid[position].lots[<int> OWED] = 0
    m.cash.unpaid[position].money[<int> OWED] = 0


cdef int64_t pay_for_lots(Market* m, uint32_t position, int64_t amount) noexcept nogil:
    """With as much of an amount as that takes. Returns what is left of it."""
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef int64_t paid, before
    cdef uint32_t step
    for step in range(<uint32_t> PROCEEDS):
        before = u.money[step]
        paid = lesser(amount, before)
        if paid == 0:
            continue
        amount -= paid
        u.money[step] -= paid
        m.cash.accounts[account_of(m, position)].proceeds[step] += paid
        u.lots[step] -= share(u.lots[step], paid, before)  # those that are left are rounded up
    return amount


cdef void pay_in(Market* m, uint32_t account, int64_t amount) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account]
    cdef int64_t funds = funds_of(m, account)
    cdef uint32_t position = 0
    cdef uint32_t left = t.unpaid
    amount = lesser(amount, at_least_0(funds))
    while left:
        position += 1
        if account_of(m, position) != account or not m.cash.unpaid[position].counted & HAS_UNPAID:
            continue
        left -= 1
        if funds >= 0:
            pay_for_owed(m, position)
        amount = pay_for_lots(m, position, amount)
        recount(m, position)


cdef void settle_proceeds(Market* m, uint32_t account, int64_t days) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account]
    cdef int k
    for k in range(<int> TODAY - 1):
        t.proceeds[k] = t.proceeds[k + 1]
    t.proceeds[<int> TODAY - 1] = 0
    if days:
        t.proceeds[days - 1] += t.proceeds[<int> TODAY]
    t.proceeds[<int> TODAY] = 0


cdef void settle_position(Market* m, uint32_t position, int64_t days) noexcept nogil:
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef int k
    for k in range(<int> TODAY - 1):
        u.lots[k] = u.lots[k + 1]
        u.money[k] = u.money[k + 1]
    u.lots[<int> TODAY - 1] = u.money[<int> TODAY - 1] = 0
    if days:
        add_lots(u, <uint32_t> (days - 1), u.lots[<int> TODAY], u.money[<int> TODAY])
    u.lots[<int> TODAY] = u.money[<int> TODAY] = 0
    if funds_of(m, account_of(m, position)) >= 0:
        pay_for_owed(m, position)
    u.told = 0
    recount(m, position)


cdef void settle_lots(Market* m, int64_t days) noexcept nogil:
    cdef uint32_t left = m.cash.used
    cdef uint32_t position = 0
    while left:
        position += 1
        if m.cash.unpaid[position].counted:
            left -= 1
            settle_position(m, position, days)


cdef void split_lots(Market* m, uint32_t position, const AdminCommand* c) noexcept nogil:
    cdef Unpaid* u = &m.cash.unpaid[position]
    cdef int k
    if not u.counted & HAS_UNPAID:
        return
    for k in range(<int> STEPS):
        u.lots[k] = scaled(u.lots[k], c.value0, c.value1)
        if u.lots[k] == 0:
            u.money[k] = 0
    recount(m, position)


# Rules

cdef void forget_positions(Market* m, uint32_t account) noexcept nogil:
    cdef uint32_t position
    for position in range(1, m.position_count + 1):
        if account_of(m, position) == account and m.cash.unpaid[position].counted:
            m.cash.used -= 1
            memset(&m.cash.unpaid[position], 0, sizeof(Unpaid))


cdef void begin_rule(Market* m, uint32_t account, uint32_t rule) noexcept nogil:
    cdef CashAccount* t = &m.cash.accounts[account]
    cdef const AccountMore* more = &m.account_more[account]
    cdef uint32_t step
    forget_positions(m, account)
    memset(t, 0, sizeof(CashAccount))
    if rule == CASH_RULE_NONE:
        return
    t.rule = <unsigned char> rule
    if m.settle_date == 0:
        return
    for step in range(<uint32_t> TODAY):
        add_proceeds(m, account, step, at_least_0(more.unsettled[step]))
    add_proceeds(m, account, TODAY, at_least_0(m.accounts[account].cash - more.day_cash))
