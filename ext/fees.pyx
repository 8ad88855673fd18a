"""Fees of fills, and charges by operators. See docs/ledger.md, "Fees" and "CHARGE"."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from cpython.bytes cimport PyBytes_AS_STRING

from ext.admin cimport account_is_known, instrument_is_known, reject, value_is_within
from ext.bits cimport add_cut, fee_of
from ext.deposits cimport cash_fits
from ext.events cimport emit, emit_market
from ext.house cimport post
from ext.layout cimport (
    Account, AccountMore, Charge, FEES, Fee, Instrument, Market, Order, PLANS, Plan,
)
from ext.ledger cimport clamp_cash
from ext.margin.exposure cimport note_cash
from ext.risk cimport at_least_0, greater, lesser
from ext.rows cimport room_for
from ext.saved cimport Reader, Writer, get, put
from ext.wire cimport *

cdef enum:
    OF_MINIMUM = 3        # index of values in rejects
    OF_HOUSE = 8
    OF_PLAN = 9
    OF_COMPONENT = 10
    OF_RESERVE = 11
    ALL_FEE_BITS = 255
    ALL_FILLS = FEE_BITS_MAKER | FEE_BITS_TAKER | FEE_BITS_AUCTION
    MILLION = 1000000

cdef extern from *:
    """
    #define OB_MOST_RATE 1000000000LL
    #define OB_MOST_FEE (1000LL * 1000000000LL)
    """
    const int64_t MOST_RATE "OB_MOST_RATE"  # in a part of the notional, 1e-9; of a rounding, cash
    const int64_t MOST_FEE "OB_MOST_FEE"    # of a fixed amount, cash; per share, 1e-9 of the currency


cdef inline int64_t price_of(const Fee* f, int64_t shares, int64_t notional) noexcept nogil:
    return fee_of(f.per_share, f.of_notional, f.per_order, f.minimum, f.maximum, f.most_of_notional, f.rounding,
                  f.bits & FEE_BITS_UP != 0, f.bits & FEE_BITS_DOWN != 0, shares, notional, MAX_NOTIONAL)


cdef void charge_fill(
    Market* m, uint32_t slot, uint8_t kind, uint8_t flags, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil:
    """One side of a trade. kind: its bit of FeeBits."""
    cdef const Order* o = &m.orders[slot]
    cdef const Instrument* i = &m.instruments[o.instrument]
    cdef Account* a = &m.accounts[o.account]
    cdef AccountMore* t = &m.account_more[o.account]
    cdef Charge* total = &m.charges[slot]
    cdef const Fee* f
    cdef int64_t lot = i.lot_size
    cdef int64_t notional = price * qty * i.multiplier
    cdef int64_t amount
    cdef Charge before
    cdef uint8_t side = FEE_BITS_SELL if o.side == SIDE_SELL else FEE_BITS_BUY
    cdef uint32_t k
    if total.order_id != o.order_id:
        memset(total, 0, sizeof(Charge))
        total.order_id = o.order_id
    before = total[0]
    total.lots += qty
    total.notional = lesser(add_cut(total.notional, notional), MAX_CASH)
    for k in range(FEES):
        f = &m.plans[a.plan].fees[k]
        if not f.bits & side or not f.bits & kind:
            continue
        if f.bits & FEE_BITS_PER_FILL:
            amount = price_of(f, qty * lot, notional)
        else:
            amount = price_of(f, total.lots * lot, total.notional)
            if before.lots:
                amount -= price_of(f, before.lots * lot, before.notional)
        if amount > 0:
            amount = lesser(amount, at_least_0(a.cash - a.hold + (MAX_CASH - MAX_NOTIONAL)))
        else:
            amount = greater(amount, -at_least_0(MAX_CASH - at_least_0(a.cash)))  # below 0 there is room for any
        if amount == 0:
            continue
        a.cash -= amount
        t.fees = clamp_cash(t.fees + amount)
        post(m, t, f.house, amount)
        emit(m, EVENT_KIND_CHARGED, o.side, f.house, flags, o.account, o.instrument, qty, o.order_id,
             o.client_order_id, amount, k, 0, trade_id)


cdef void charge_trade(
    Market* m, uint32_t first, uint32_t second, bint in_auction, uint32_t qty, int64_t price, uint64_t trade_id,
) noexcept nogil:
    if m.accounts[m.orders[first].account].plan:
        charge_fill(m, first, FEE_BITS_AUCTION if in_auction else FEE_BITS_MAKER,
                    EVENT_FLAG_CROSS if in_auction else EVENT_FLAG_MAKER, qty, price, trade_id)
    if m.accounts[m.orders[second].account].plan:
        charge_fill(m, second, FEE_BITS_AUCTION if in_auction else FEE_BITS_TAKER,
                    EVENT_FLAG_CROSS if in_auction else 0, qty, price, trade_id)


# Plans

cdef void add_up(Plan* plan) noexcept nogil:
    """What is kept back, from the components."""
    cdef const Fee* f
    cdef uint32_t k
    plan.rate_reserve = plan.order_reserve = 0
    for k in range(FEES):
        f = &plan.fees[k]
        plan.rate_reserve = lesser(plan.rate_reserve + f.reserve, MILLION)
        if f.bits & FEE_BITS_BUY and not f.bits & FEE_BITS_PER_FILL:
            plan.order_reserve += greater(f.per_order, f.minimum)


cdef bint is_within(
    Market* m, const AdminCommand* c, uint64_t index, int64_t value, int64_t low, int64_t high,
) noexcept nogil:
    if value < low:
        return reject(m, c, CHECK_VALUE, index, low, value, 0)
    return value <= high or reject(m, c, CHECK_VALUE, index, high, value, 0)


cdef bint fee_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    cdef int64_t bits = c.value7
    if not value_is_within(m, c, 0, -MOST_FEE, MOST_FEE) or not value_is_within(m, c, 1, -MOST_RATE, MOST_RATE):
        return False
    if not value_is_within(m, c, 2, -MOST_FEE, MOST_FEE) or not value_is_within(m, c, OF_MINIMUM, 0, MOST_FEE):
        return False
    if not value_is_within(m, c, 4, 0, MOST_FEE) or not value_is_within(m, c, 5, 0, MOST_RATE):
        return False
    if not value_is_within(m, c, 6, 0, MOST_RATE):
        return False
    if bits & ~<int64_t> ALL_FEE_BITS or bits & FEE_BITS_UP and bits & FEE_BITS_DOWN:
        return reject(m, c, CHECK_VALUE, 7, ALL_FEE_BITS, bits, 0)
    if not is_within(m, c, OF_HOUSE, c.flags, HOUSE_ACCOUNT_COMMISSION, HOUSE_ACCOUNT_OTHER):
        return False
    if not is_within(m, c, OF_RESERVE, c.instrument, 0, MILLION):
        return False
    if not bits & FEE_BITS_PER_FILL and bits & ALL_FILLS != ALL_FILLS:
        return reject(m, c, CHECK_VALUE, 7, ALL_FILLS, bits, 0)
    return True


cdef void set_fee(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Plan* plan
    cdef Fee* f
    if not is_within(m, c, OF_PLAN, c.account, 1, PLANS - 1):
        return
    if not is_within(m, c, OF_COMPONENT, c.state, 0, FEES - 1):
        return
    if c.value7 and not fee_is_allowed(m, c):
        return
    plan = &m.plans[c.account]
    f = &plan.fees[c.state]
    memset(f, 0, sizeof(Fee))
    if c.value7:
        f.per_share = c.value0
        f.of_notional = c.value1
        f.per_order = c.value2
        f.minimum = c.value3
        f.maximum = c.value4
        f.most_of_notional = c.value5
        f.rounding = c.value6
        f.reserve = c.instrument
        f.house = c.flags
        f.bits = <uint8_t> c.value7
    add_up(plan)
    emit_market(m, EVENT_KIND_FEE_SET, 0, c.state, c.account, 0, c.request, 0, 0, 0)


# Charges

cdef void charge(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Account* a
    cdef AccountMore* t
    if not account_is_known(m, c) or c.instrument != ANY and not instrument_is_known(m, c):
        return
    if c.value0 == 0:
        reject(m, c, CHECK_VALUE, 0, 1, 0, 0)
        return
    if not value_is_within(m, c, 0, -MAX_CASH, MAX_CASH):
        return
    if not value_is_within(m, c, 1, HOUSE_ACCOUNT_COMMISSION, HOUSE_ACCOUNT_OTHER):
        return
    if c.value2 < 0:
        reject(m, c, CHECK_VALUE, 2, 0, c.value2, 0)
        return
    a = &m.accounts[c.account]
    t = &m.account_more[c.account]
    if not cash_fits(m, c, a, -c.value0, 0):
        return
    a.cash -= c.value0
    t.day_cash -= c.value0
    note_cash(m, c.account)
    post(m, t, <uint32_t> c.value1, c.value0)
    emit(m, EVENT_KIND_CHARGED, SIDE_BOTH, <uint8_t> c.value1, 0, c.account, 0 if c.instrument == ANY else c.instrument,
         c.request, 0, 0, c.value0, 0, 0, <uint64_t> c.value2)


# Rows, and the snapshot's part

cdef void fee_row(const Fee* f, uint32_t plan, uint32_t component, FeeRow* row) noexcept nogil:
    memset(row, 0, sizeof(FeeRow))
    row.per_share = f.per_share
    row.of_notional = f.of_notional
    row.per_order = f.per_order
    row.minimum = f.minimum
    row.maximum = f.maximum
    row.most_of_notional = f.most_of_notional
    row.rounding = f.rounding
    row.reserve = f.reserve
    row.plan = <uint8_t> plan
    row.component = <uint8_t> component
    row.house = f.house
    row.bits = f.bits


cdef uint64_t count_fees(const Market* m) noexcept nogil:
    cdef uint64_t count = 0
    cdef uint32_t plan, k
    if m.configured:
        for plan in range(1, PLANS):
            for k in range(FEES):
                count += m.plans[plan].fees[k].bits != 0
    return count


cdef bytes fee_rows(const Market* m):
    """By plan and component."""
    cdef bytes result = room_for(count_fees(m), sizeof(FeeRow))
    cdef FeeRow* row = <FeeRow*> PyBytes_AS_STRING(result)
    cdef uint32_t plan, k
    if m.configured:
        for plan in range(1, PLANS):
            for k in range(FEES):
                if m.plans[plan].fees[k].bits:
                    fee_row(&m.plans[plan].fees[k], plan, k, row)
                    row += 1
    return result


cdef bint counts(const Market* m, uint32_t slot) noexcept nogil:
    """Whether what an order was charged for so far matters still."""
    return (m.charges[slot].lots and m.charges[slot].order_id == m.orders[slot].order_id
            and (m.orders[slot].level or m.orders[slot].special))


cdef void write_fees(Writer* w, const Market* m) noexcept nogil:
    cdef FeeRow row
    cdef uint64_t count = count_fees(m)
    cdef uint32_t plan, k
    put(w, &count, sizeof(uint64_t))
    for plan in range(1, PLANS):
        for k in range(FEES):
            if m.plans[plan].fees[k].bits:
                fee_row(&m.plans[plan].fees[k], plan, k, &row)
                put(w, &row, sizeof(FeeRow))
    count = 0
    for k in range(1, m.order_top + 1):
        count += counts(m, k)
    put(w, &count, sizeof(uint64_t))
    for k in range(1, m.order_top + 1):
        if counts(m, k):
            put(w, &m.charges[k], sizeof(Charge))


cdef bint read_fees(Reader* r, Market* m) noexcept nogil:
    """The orders were read before."""
    cdef FeeRow row
    cdef Charge charge
    cdef Fee* f
    cdef uint64_t count
    cdef uint64_t _n
    cdef uint32_t slot
    if not get(r, &count, sizeof(uint64_t)) or count > PLANS * FEES:
        return False
    for _n in range(count):
        if not get(r, &row, sizeof(FeeRow)) or row.plan == 0 or row.component >= FEES or row.bits == 0:
            return False
        if not HOUSE_ACCOUNT_COMMISSION <= row.house <= HOUSE_ACCOUNT_OTHER or row.reserved:
            return False
        if not (-MOST_FEE <= row.per_share <= MOST_FEE and -MOST_RATE <= row.of_notional <= MOST_RATE
                and -MOST_FEE <= row.per_order <= MOST_FEE and 0 <= row.minimum <= MOST_FEE
                and 0 <= row.maximum <= MOST_FEE and 0 <= row.most_of_notional <= MOST_RATE
                and 0 <= row.rounding <= MOST_RATE and row.reserve <= MILLION):
            return False
        f = &m.plans[row.plan].fees[row.component]
        f.per_share = row.per_share
        f.of_notional = row.of_notional
        f.per_order = row.per_order
        f.minimum = row.minimum
        f.maximum = row.maximum
        f.most_of_notional = row.most_of_notional
        f.rounding = row.rounding
        f.reserve = row.reserve
        f.house = row.house
        f.bits = row.bits
        add_up(&m.plans[row.plan])
    if not get(r, &count, sizeof(uint64_t)):
        return False
    for _n in range(count):
        if not get(r, &charge, sizeof(Charge)):
            return False
        slot = <uint32_t> charge.order_id
        if slot == 0 or slot > m.order_top or m.orders[slot].order_id != charge.order_id or charge.lots == 0:
            return False
        if not 0 <= charge.notional <= MAX_CASH:
            return False
        m.charges[slot] = charge
    return True
