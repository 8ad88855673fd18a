"""What keys have in the market."""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from ext.bits cimport product
from ext.keys.layout cimport Key, KeyedOrder
from ext.layout cimport Market, OF_KEY, Order
from ext.margin.sums cimport add_sum, both
from ext.places cimport lots_of, make_special


cdef void take_key(Market* m, uint32_t slot, uint32_t number, int64_t price) noexcept nogil:
    cdef Key* k = key_of(m, number)
    if k == NULL:
        return
    if not m.orders[slot].special:
        make_special(m, slot)
    m.orders[slot].special |= OF_KEY
    m.extras[slot].key = <uint16_t> number
    m.keys.orders[slot] = KeyedOrder(price, 0)
    k.open_orders += 1
    count_lots(m, slot)


cdef void price_keyed(Market* m, uint32_t slot, int64_t price) noexcept nogil:
    m.keys.orders[slot].price = price


cdef void count_lots(Market* m, uint32_t slot) noexcept nogil:
    cdef const Order* o = &m.orders[slot]
    cdef Key* k = &m.keys.rows[m.extras[slot].key]
    cdef KeyedOrder* keyed = &m.keys.orders[slot]
    cdef int64_t amount = product(keyed.price, lots_of(m, slot), m.instruments[o.instrument].multiplier)
    add_sum(&k.open_low, &k.open_high, both(amount, -keyed.counted))
    keyed.counted = amount


cdef void forget_keyed(Market* m, uint32_t slot) noexcept nogil:
    cdef Key* k = &m.keys.rows[m.extras[slot].key]
    add_sum(&k.open_low, &k.open_high, both(0, -m.keys.orders[slot].counted))
    k.open_orders -= 1
