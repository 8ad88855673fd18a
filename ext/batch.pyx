"""Applying a buffer of commands: checked whole first, then one by one, looking ahead."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.admin cimport admin, opens_market
from ext.auction cimport tick_calls
from ext.ahead cimport CHUNK, NEAR, RING, Ahead, look_1, look_2, look_3, look_4, look_at_worth, look_near
from ext.bits cimport are_in_order, copy_pair, likely, unlikely, word_at
from ext.events cimport emit_tops
from ext.layout cimport Market
from ext.margin.level cimport judge
from ext.margin.sweep cimport sweep
from ext.mass cimport mass_cancel, tell_time, tick
from ext.orders cimport cancel_order, new_order, new_special, replace_order
from ext.pending cimport MUST_SERVE, MUST_SWEEP
from ext.plain cimport cancel_plain, enter_plain
from ext.special cimport serve_pending
from ext.timers cimport arm, disconnect, lapse_timers
from ext.wire cimport *

cdef enum:
    WIDE_ORDERS = 1 << 14  # orders in books and instruments beyond what near caches hold
    WIDE_INSTRUMENTS = 64


cdef inline size_t size_of(uint32_t kind) noexcept nogil:
    """Bytes of a command; 0 for a kind that there is not."""
    if likely(COMMAND_KIND_NEW_ORDER <= kind <= COMMAND_KIND_DISCONNECT):
        return sizeof(OrderCommand)
    if kind == COMMAND_KIND_NEW_SPECIAL:
        return sizeof(SpecialCommand)
    return sizeof(AdminCommand) if COMMAND_KIND_CONFIGURE <= kind <= COMMAND_KIND_SET_KEY else 0


cdef Fault check_commands(
    const Market* m, const char* data, size_t size, size_t* at, int64_t* count,
) noexcept nogil:
    """Walk over all commands before any is applied: whole records, known kinds, seq and time as they must be."""
    cdef const OrderCommand* c
    cdef uint64_t seq = m.seq
    cdef int64_t ts_ns = m.ts_ns
    cdef size_t length
    cdef bint configured = m.configured
    at[0] = 0
    count[0] = 0
    while at[0] < size:
        if unlikely(size - at[0] < sizeof(OrderCommand)):
            return TRUNCATED
        c = <const OrderCommand*> (data + at[0])
        length = size_of(c.kind)
        if unlikely(length == 0):
            return UNKNOWN_KIND
        if unlikely(length > size - at[0]):
            return TRUNCATED
        if unlikely(c.seq != seq + 1):
            return WRONG_SEQ
        if unlikely(c.ts_ns < ts_ns):
            return WRONG_TIME
        if unlikely(not configured):
            if c.kind != COMMAND_KIND_CONFIGURE:
                return NOT_CONFIGURE
            configured = opens_market(<const AdminCommand*> c)
        seq += 1
        ts_ns = c.ts_ns
        at[0] += length
        count[0] += 1
    return FINE


cdef void end_command(Market* m) noexcept nogil:
    """What follows when a command has done its own."""
    if m.pending & MUST_SERVE:
        serve_pending(m)
    if m.pending:
        if m.pending & MUST_SWEEP:
            sweep(m)
        judge(m)
        m.pending = 0
    if m.touched_count:
        emit_tops(m)


cdef void apply_rare(Market* m, const OrderCommand* c) noexcept nogil:
    """What has no short way."""
    if c.kind == COMMAND_KIND_REPLACE:
        replace_order(m, c)
    elif c.kind == COMMAND_KIND_MASS_CANCEL:
        mass_cancel(m, c)
    elif c.kind == COMMAND_KIND_ARM:
        arm(m, c)
    elif c.kind == COMMAND_KIND_DISCONNECT:
        disconnect(m, c)
    else:
        if m.want_data:
            tell_time(m)
        lapse_timers(m)
        tick(m)
        if m.in_call:
            tick_calls(m)
        m.pending |= MUST_SWEEP


cdef inline void apply_order(Market* m, const OrderCommand* c) noexcept nogil:
    """The caller has set the market's seq and ts_ns."""
    if c.kind == COMMAND_KIND_NEW_ORDER:
        if unlikely(not enter_plain(m, c)):
            new_order(m, c)
    elif c.kind == COMMAND_KIND_CANCEL:
        if unlikely(not cancel_plain(m, c)):
            cancel_order(m, c)
    else:
        apply_rare(m, c)
    if unlikely(word_at(&m.touched_count) != 0):  # and pending
        end_command(m)


cdef void apply_run(Market* m, const OrderCommand* c, int64_t count) noexcept nogil:
    """Apply OrderCommands, as they are."""
    cdef const OrderCommand* end = c + count
    while c != end:
        copy_pair(&m.seq, c)  # and ts_ns
        apply_order(m, c)
        c += 1


cdef void apply_near(Market* m, const OrderCommand* c, int64_t count) noexcept nogil:
    """The same in a market that near caches hold."""
    cdef const OrderCommand* end = c + count
    while c != end:
        copy_pair(&m.seq, c)  # and ts_ns
        look_near(m, c + NEAR if end - c > NEAR else c)
        apply_order(m, c)
        c += 1


cdef inline int64_t within(int64_t at, int64_t count) noexcept nogil:
    """at, or the nearer end of 0..count."""
    return 0 if at < 0 else at if at < count else count


cdef void apply_wide(Market* m, const OrderCommand* c, int64_t count) noexcept nogil:
    """The same in a market that near caches do not hold: each step of looking ahead is a chunk before the next."""
    cdef Ahead[RING] ring
    cdef int64_t at = -3 * CHUNK
    cdef int64_t k
    while at < count:
        for k in range(within(at + 3 * CHUNK, count), within(at + 4 * CHUNK, count)):
            look_1(m, &c[k], &ring[k & (RING - 1)])
        for k in range(within(at + 2 * CHUNK, count), within(at + 3 * CHUNK, count)):
            look_2(m, &c[k], &ring[k & (RING - 1)])
        for k in range(within(at + CHUNK, count), within(at + 2 * CHUNK, count)):
            look_3(m, &c[k], &ring[k & (RING - 1)])
        if m.watched_count:
            for k in range(within(at + CHUNK, count), within(at + 2 * CHUNK, count)):
                look_at_worth(m, &c[k], &ring[k & (RING - 1)])
        for k in range(within(at, count), within(at + CHUNK, count)):
            look_4(m, &c[k], &ring[k & (RING - 1)])
        if at >= 0:
            apply_run(m, c + at, within(at + CHUNK, count) - at)
        at += CHUNK


cdef void apply_orders(Market* m, const OrderCommand* c, int64_t count) noexcept nogil:
    if m.order_live - m.unseen_live > WIDE_ORDERS or m.instrument_top > WIDE_INSTRUMENTS:
        apply_wide(m, c, count)
    else:
        apply_near(m, c, count)


cdef bint apply_single(Market* m, const OrderCommand* c) noexcept nogil:
    if unlikely(c.seq != m.seq + 1 or c.ts_ns < m.ts_ns or c.kind - <uint32_t> 1 >= COMMAND_KIND_DISCONNECT
                or not m.configured):
        return False
    apply_run(m, c, 1)
    return True


cdef size_t apply_any(Market* m, const char* data) noexcept nogil:
    """Apply one command; returns its size, or 0 when there is no memory for a CONFIGURE."""
    cdef const OrderCommand* c = <const OrderCommand*> data
    if c.kind <= COMMAND_KIND_DISCONNECT:
        apply_orders(m, c, 1)
        return sizeof(OrderCommand)
    m.seq = c.seq
    m.ts_ns = c.ts_ns
    if c.kind == COMMAND_KIND_NEW_SPECIAL:
        new_special(m, <const SpecialCommand*> data)
    elif unlikely(not admin(m, <const AdminCommand*> data)):
        m.seq -= 1
        return 0
    end_command(m)
    return size_of(c.kind)


cdef Fault apply_all(Market* m, const char* data, size_t size, size_t* done, int64_t* count) noexcept nogil:
    cdef Fault fault
    cdef size_t length
    count[0] = <int64_t> (size // sizeof(OrderCommand))
    if likely(size % sizeof(OrderCommand) == 0 and m.configured) and likely(
            are_in_order(data, count[0], sizeof(OrderCommand), m.seq, m.ts_ns, COMMAND_KIND_DISCONNECT)):
        apply_orders(m, <const OrderCommand*> data, count[0])
        done[0] = size
        return FINE
    fault = check_commands(m, data, size, done, count)
    if fault != FINE:
        return fault
    done[0] = 0
    while done[0] < size:
        length = apply_any(m, data + done[0])
        if unlikely(length == 0):
            break
        done[0] += length
    return FINE
