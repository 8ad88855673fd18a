"""How instruments are marked, what their positions must have behind them, and how accounts are watched."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.admin cimport (
    account_is_known, answer, answer_account, instrument_is_known, is_up_to, reject, value_is_within, value_of,
)
from ext.accounts cimport set_flags
from ext.cash.layout cimport KEPT_VIOLATIONS
from ext.cash.paid cimport begin_rule
from ext.cash.violations cimport MOST_CASH_DAYS
from ext.daytrading.settings cimport day_rule_is_allowed, put_day_rule
from ext.desks.layout cimport Listing
from ext.desks.loss cimport begin_base, forget_account
from ext.desks.measure cimport forget_measures, join_desks, leave_desks, measure_account
from ext.desks.settings cimport MOST_DESKS, MOST_LISTS, MOST_PLACES, reserve_desks
from ext.events cimport emit_market
from ext.layout cimport (
    ACCOUNT_FLAGS, Account, HAS_CASH_RULE, HAS_DAY_RULE, HAS_PLAN, IS_MARGIN, IS_WATCHED, Margin, Market,
)
from ext.margin.exposure cimport bring_up_to_date, note_account, restate_instrument, watch_positions
from ext.margin.level cimport note_all_accounts
from ext.wire cimport *

cdef enum:  # index in rejects
    OF_LISTS = 2           # of SET_ACCOUNT_RISK, as the next two
    OF_RULE = 3
    OF_RULE_FLAGS = 4
    OF_MARK_BY = 6         # of SET_MARGIN, as the next two
    OF_VOLUME = 7
    OF_INSTRUMENT_LISTS = 8


cdef bint room_is_allowed(Market* m, const AdminCommand* c, int index, int64_t most, int64_t present) noexcept nogil:
    if not value_is_within(m, c, index, 0, most):
        return False
    return value_of(c, index) >= present or reject(m, c, CHECK_VALUE, index, present, value_of(c, index), 0)


cdef bint set_risk(Market* m, const AdminCommand* c) noexcept nogil:
    if not value_is_within(m, c, 0, 0, MOST_UNITS):
        return True
    if c.value1 and not value_is_within(m, c, 1, 0 if c.value1 < 0 else ALL, MOST_ALERT):
        return True
    if not value_is_within(m, c, 2, 0, ALL):
        return True
    if not room_is_allowed(m, c, 3, MOST_DESKS, m.desks.capacity):
        return True
    if not room_is_allowed(m, c, 4, MOST_PLACES, m.desks.place_capacity):
        return True
    if not value_is_within(m, c, 5, 0, KEPT_VIOLATIONS):
        return True
    if not value_is_within(m, c, 6, 0, MOST_CASH_DAYS) or not value_is_within(m, c, 7, 0, MOST_CASH_DAYS):
        return True
    if not reserve_desks(m, c.value3, c.value4):
        return False
    m.sweep.units = c.value0
    m.sweep.alert = c.value1
    m.sweep.liquidation = c.value2
    m.cash.most = c.value5
    m.cash.span_days = c.value6
    m.cash.restriction_days = c.value7
    emit_market(m, EVENT_KIND_RISK_SET, 0, 0, 0, 0, c.request, c.value0, 0, <uint64_t> c.value2)
    (<Event*> (m.events.at - sizeof(Event))).order_id = <uint64_t> c.value1
    note_all_accounts(m)
    return True


cdef void begin_margin(Market* m, uint32_t instrument) noexcept nogil:
    cdef Margin* g = &m.margins[instrument]
    g.mark = m.instruments[instrument].reference_price
    g.initial[0] = g.initial[1] = g.maintenance[0] = g.maintenance[1] = ALL
    g.mark_by = MARK_BY_LAST


cdef void set_margin(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Margin* g
    cdef int k
    if not instrument_is_known(m, c):
        return
    for k in range(6):
        if not value_is_within(m, c, k, 0, MOST_RATE if k < 4 else MAX_PRICE):
            return
    if c.state > MARK_BY_CLOSE:
        reject(m, c, CHECK_VALUE, OF_MARK_BY, MARK_BY_CLOSE, c.state, 0)
        return
    if not is_up_to(m, c, OF_VOLUME, c.value6, MOST_LISTS):
        return
    if not is_up_to(m, c, OF_INSTRUMENT_LISTS, c.value7, MOST_LISTS):
        return
    g = &m.margins[c.instrument]
    g.initial[0] = <uint32_t> c.value0
    g.maintenance[0] = <uint32_t> c.value1
    g.initial[1] = <uint32_t> c.value2
    g.maintenance[1] = <uint32_t> c.value3
    g.least_low = c.value4
    g.least = c.value5
    g.mark_by = c.state
    m.desks.listings[c.instrument] = Listing(c.value6, <uint64_t> c.value7)
    answer(m, c, EVENT_KIND_MARGIN_SET, c.state, c.instrument, 0)
    restate_instrument(m, c.instrument)


cdef uint8_t risk_type_of(const Market* m, uint32_t account) noexcept nogil:
    cdef uint8_t flags = m.accounts[account].flags
    if flags & IS_MARGIN:
        return RISK_TYPE_MARGIN
    return RISK_TYPE_CASH if flags & IS_WATCHED else RISK_TYPE_NONE


cdef bint rule_is_allowed(Market* m, const AdminCommand* c, const Account* a) noexcept nogil:
    cdef uint8_t flags = a.flags & ACCOUNT_FLAGS
    if not is_up_to(m, c, OF_RULE, c.value1, CASH_RULE_REFUSE):
        return False
    if c.value1 == CASH_RULE_NONE:
        return True
    if c.state != RISK_TYPE_CASH:
        return reject(m, c, CHECK_VALUE, OF_RULE, CASH_RULE_NONE, c.value1, 0)
    return flags == 0 or reject(m, c, CHECK_VALUE, OF_RULE_FLAGS, 0, flags, 0)


cdef void put_rule(Market* m, const AdminCommand* c) noexcept nogil:
    if m.cash.accounts[c.account].rule == CASH_RULE_NONE or c.value1 == CASH_RULE_NONE:
        begin_rule(m, c.account, <uint32_t> c.value1)
    m.cash.accounts[c.account].rule = <uint8_t> c.value1


cdef void set_account_risk(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef uint8_t care = 0
    cdef bint was_watched
    if not account_is_known(m, c):
        return
    if c.state > RISK_TYPE_MARGIN:
        reject(m, c, CHECK_VALUE, 0, RISK_TYPE_MARGIN, c.state, 0)
        return
    a = &m.accounts[c.account]
    if c.state == RISK_TYPE_MARGIN and a.flags & ACCOUNT_FLAG_CREDIT_UNLIMITED:
        reject(m, c, CHECK_VALUE, 1, 0, ACCOUNT_FLAG_CREDIT_UNLIMITED, 0)
        return
    if not is_up_to(m, c, OF_LISTS, c.value0, MOST_LISTS) or not rule_is_allowed(m, c, a):
        return
    if not day_rule_is_allowed(m, c):
        return
    if c.state != RISK_TYPE_NONE:
        care = IS_WATCHED
    if c.state == RISK_TYPE_MARGIN:
        care |= IS_MARGIN
    if c.value1 != CASH_RULE_NONE:
        care |= HAS_CASH_RULE
    if c.value2 != DAY_TRADE_RULE_NONE:
        care |= HAS_DAY_RULE
    bring_up_to_date(m)
    leave_desks(m, c.account)
    forget_measures(m, c.account)
    was_watched = a.flags & IS_WATCHED != 0
    m.watched_count += (care != 0) - (a.flags & IS_WATCHED != 0)
    set_flags(a, (a.flags & (ACCOUNT_FLAGS | HAS_PLAN)) | care)
    watch_positions(m, c.account, c.state != RISK_TYPE_NONE)
    m.desks.measures[c.account].lists = <uint64_t> c.value0
    if c.state == RISK_TYPE_NONE:
        forget_account(m, c.account)
    elif not was_watched:
        begin_base(m, c.account)
    measure_account(m, c.account)
    join_desks(m, c.account)
    if c.value1 or m.cash.accounts[c.account].rule:
        put_rule(m, c)
    put_day_rule(m, c.account, <uint32_t> c.value2)
    answer_account(m, c, EVENT_KIND_ACCOUNT_RISK, c.state, 0, 0, 0)
    (<Event*> (m.events.at - sizeof(Event))).flags = <uint8_t> c.value1
    (<Event*> (m.events.at - sizeof(Event))).leaves = <uint32_t> c.value2
    note_account(m, c.account)
