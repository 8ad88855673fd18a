"""The commands of operators and of the configuration: see docs/core.md, "AdminCommands"."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.accounts cimport set_account, set_account_state
from ext.actions.dividends cimport pay_dividend, set_dividend
from ext.actions.splits cimport split
from ext.auction cimport hold_auction
from ext.bands cimport set_bands, set_short_sale, set_ticks
from ext.borrow.accrual cimport accrue, set_rates
from ext.borrow.locates cimport locate, set_borrow
from ext.busts cimport amend
from ext.cash.violations cimport lift_cash
from ext.calls cimport NO_AUCTION, end_calls, enter_calls, set_state
from ext.daytrading.settings cimport lift_day_trader, set_day_trades
from ext.desks.loss cimport move_funds
from ext.desks.settings cimport set_desk, set_desk_state, set_limit, set_member
from ext.events cimport emit, emit_market, emit_reject, emit_status
from ext.extension cimport set_extension
from ext.fees cimport set_fee
from ext.keys.settings cimport set_key, set_key_limit
from ext.house cimport has_currency_room, list_currency
from ext.layout cimport CURRENCIES, FAR_AWAY, HAS_TICKS, Instrument, InstrumentText, Market
from ext.levels cimport magic_of
from ext.bits cimport word_at
from ext.mass cimport EVERY_GROUP, EVERY_SESSION, cancel_of_account, cancel_of_market
from ext.margin.exposure cimport restate_instrument
from ext.margin.settings cimport begin_margin, set_account_risk, set_margin, set_risk
from ext.memory cimport Capacities, reserve
from ext.names cimport INSTRUMENTS, NOBODY, add_name, copy_name, drop_name, find_name
from ext.pending cimport set_way
from ext.places cimport set_calm
from ext.orders cimport knows_account, knows_instrument
from ext.risk cimport set_collar
from ext.settled cimport settle_day
from ext.timers cimport MAX_TIMERS, reserve_timers
from ext.withdrawals cimport set_ledger
from ext.wire cimport *

cdef enum:
    VALUES_OFFSET = 32  # of value0 in an AdminCommand
    CASH_PER_PRICE = 100  # CASH_SCALE / PRICE_SCALE

cdef extern from *:
    """
    #define OB_MAX_IDS (1LL << 24)
    #define OB_MAX_PAGES (1LL << 25)
    #define OB_MAX_ID_WINDOW (1LL << 28)
    #define OB_MAX_WINDOW 4096LL
    #define OB_MAX_AMENDMENTS (1LL << 16)
    """
    const int64_t MAX_IDS "OB_MAX_IDS"
    const int64_t MAX_PAGES "OB_MAX_PAGES"
    const int64_t MAX_ID_WINDOW "OB_MAX_ID_WINDOW"
    const int64_t MAX_WINDOW "OB_MAX_WINDOW"
    const int64_t MAX_AMENDMENTS "OB_MAX_AMENDMENTS"


cdef int64_t value_of(const AdminCommand* c, int index) noexcept nogil:
    """value0 to value7, wherever the command lies."""
    cdef int64_t value
    memcpy(&value, <const char*> c + VALUES_OFFSET + 8 * index, 8)
    return value


cdef bint reject(
    Market* m, const AdminCommand* c, uint8_t check, uint64_t index, int64_t limit, int64_t value, int64_t headroom,
) noexcept nogil:
    """Always False, so that a check can end with it."""
    emit_reject(m, EVENT_KIND_ADMIN_REJECTED, check, 0, c.account, c.instrument, c.request, 0, index, limit, value,
                headroom, False)
    return False


cdef bint value_is_within(Market* m, const AdminCommand* c, int index, int64_t low, int64_t high) noexcept nogil:
    cdef int64_t value = value_of(c, index)
    if value < low:
        return reject(m, c, CHECK_VALUE, index, low, value, 0)
    if value > high:
        return reject(m, c, CHECK_VALUE, index, high, value, 0)
    return True


cdef bint is_up_to(Market* m, const AdminCommand* c, uint64_t index, int64_t value, int64_t most) noexcept nogil:
    if value < 0:
        return reject(m, c, CHECK_VALUE, index, 0, value, 0)
    return value <= most or reject(m, c, CHECK_VALUE, index, most, value, 0)


cdef bint account_is_known(Market* m, const AdminCommand* c) noexcept nogil:
    return knows_account(m, c.account) or reject(m, c, CHECK_ACCOUNT, 0, 0, c.account, 0)


cdef bint instrument_is_known(Market* m, const AdminCommand* c) noexcept nogil:
    return knows_instrument(m, c.instrument) or reject(m, c, CHECK_INSTRUMENT, 0, 0, c.instrument, 0)


cdef void answer(
    Market* m, const AdminCommand* c, uint8_t kind, uint8_t reason, uint32_t instrument, int64_t price,
) noexcept nogil:
    """An event of the market."""
    emit_market(m, kind, 0, reason, 0, instrument, c.request, price, 0, 0)


cdef void answer_account(
    Market* m, const AdminCommand* c, uint8_t kind, uint8_t reason, uint32_t instrument, int64_t amount,
    int64_t balance,
) noexcept nogil:
    """An event of the account."""
    emit(m, kind, 0, reason, 0, c.account, instrument, c.request, 0, 0, amount, 0, 0, <uint64_t> balance)


cdef void answer_canceled(
    Market* m, const AdminCommand* c, uint32_t account, uint32_t instrument, uint32_t count,
) noexcept nogil:
    """MASS_CANCELED of an operator, which counts in no account."""
    emit_market(m, EVENT_KIND_MASS_CANCELED, SIDE_BOTH, 0, account, instrument, count, 0, c.request, 0)


cdef int64_t kept(const AdminCommand* c, int index, int64_t present) noexcept nogil:
    """What a value comes to: KEEP leaves what is there."""
    cdef int64_t value = value_of(c, index)
    return present if value == KEEP else value


cdef int64_t in_force(int64_t limit, int64_t without) noexcept nogil:
    """A limit of 0 is none, and none goes beyond what there is at all."""
    return limit if 0 < limit < without else without


# Capacities

cdef void capacity_ranges(Range* within) noexcept nogil:
    within[0] = within[1] = Range(1, MAX_IDS)
    within[2] = within[4] = Range(1, INT32_MAX)
    within[3] = Range(1, MAX_PAGES)
    within[5] = Range(1, MAX_ID_WINDOW)
    within[6] = Range(2, MAX_WINDOW)
    within[7] = Range(0, MAX_AMENDMENTS)


cdef bint opens_market(const AdminCommand* c) noexcept nogil:
    """Whether a first CONFIGURE will be accepted."""
    cdef Range[8] within
    cdef int k
    capacity_ranges(within)
    for k in range(8):
        if not within[k].low <= value_of(c, k) <= within[k].high:
            return False
    return c.value6 & (c.value6 - 1) == 0


cdef bint configure(Market* m, const AdminCommand* c) noexcept nogil:
    """False: no memory."""
    cdef Range[8] within
    cdef int64_t[8] present
    cdef Capacities wanted
    cdef int k
    capacity_ranges(within)
    present[0] = m.account_capacity
    present[1] = m.instrument_capacity
    present[2] = m.order_capacity
    present[3] = m.page_capacity
    present[4] = m.position_capacity
    present[5] = m.id_window
    present[6] = m.window_pages
    present[7] = m.amendment_capacity
    for k in range(8):
        if not value_is_within(m, c, k, within[k].low, within[k].high):
            return True
        if k == 6 and c.value6 & (c.value6 - 1):
            reject(m, c, CHECK_VALUE, k, MAX_WINDOW, c.value6, 0)
            return True
        if m.configured and (
                value_of(c, k) < present[k] or (5 <= k <= 6 and value_of(c, k) != present[k])):
            reject(m, c, CHECK_VALUE, k, present[k], value_of(c, k), 0)
            return True
    wanted = Capacities(c.value0, c.value1, c.value2, c.value3, c.value4, c.value5, c.value6, c.value7)
    if not reserve(m, &wanted):
        return False
    answer(m, c, EVENT_KIND_CONFIGURED, 0, 0, 0)
    return True


# Instruments

cdef bint name_is_free(Market* m, const AdminCommand* c, uint32_t kind, uint32_t id, const char* name) noexcept nogil:
    """Whether nobody else has that name; an empty one belongs to nobody, and is refused."""
    cdef uint32_t owner
    if name[0] == 0:
        return reject(m, c, CHECK_NAME, 0, 0, id, 0)
    owner = find_name(m, kind, name)
    if owner != NOBODY and owner != id:
        return reject(m, c, CHECK_NAME, 0, owner, id, 0)
    return True


cdef bint step_is_allowed(
    Market* m, const AdminCommand* c, const Instrument* i, int index, int64_t present,
) noexcept nogil:
    """Tick and lot size: while orders rest or after trades they would change what those mean."""
    cdef int64_t value = value_of(c, index)
    if not value_is_within(m, c, index, 1, MAX_STEP):
        return False
    if i.is_set and value != present and (i.orders or i.trades or m.unseen[c.instrument].count):
        return reject(m, c, CHECK_VALUE, index, present, value, 0)
    return True


cdef bint currency_may_change(
    Market* m, const AdminCommand* c, const Instrument* i, const InstrumentText* text,
) noexcept nogil:
    """Not while any account has a position: it was asked for its currency when it got that, and never will be again."""
    cdef int64_t present = <int64_t> word_at(text.currency)
    cdef uint32_t k
    if not i.is_set or c.value6 == present:
        return True
    for k in range(1, m.position_count + 1):
        if m.positions[k].key >> 32 == c.instrument:
            return reject(m, c, CHECK_VALUE, 6, present, c.value6, 0)
    return True


cdef bint currency_has_room(Market* m, const AdminCommand* c, int64_t currency) noexcept nogil:
    return has_currency_room(m, <uint64_t> currency) or reject(m, c, CHECK_CAPACITY, 0, CURRENCIES, CURRENCIES + 1, 0)


cdef void set_instrument(Market* m, const AdminCommand* c) noexcept nogil:
    cdef Instrument* i
    cdef char[32] name
    cdef Range[8] within
    cdef InstrumentText* text
    cdef int64_t multiplier
    cdef int k
    cdef bint keeps, is_new, is_measured_anew
    if c.instrument >= m.instrument_capacity:
        reject(m, c, CHECK_CAPACITY, 0, m.instrument_capacity, c.instrument, 0)
        return
    i = &m.instruments[c.instrument]
    multiplier = i.multiplier
    text = &m.instrument_texts[c.instrument]
    within[2] = Range(0, MAX_PRICE)
    within[3] = Range(0, 10000)
    within[4] = Range(0, MAX_QTY)
    within[5] = Range(0, MAX_NOTIONAL)
    within[7] = Range(0, MAX_QTY)
    for k in range(8):
        if i.is_set and value_of(c, k) == KEEP:
            continue
        if k == 6:
            if not currency_may_change(m, c, i, text):
                return
        elif k < 2:
            if not step_is_allowed(m, c, i, k, i.lot_size if k else i.tick_size):
                return
        elif not value_is_within(m, c, k, within[k].low, within[k].high):
            return
    copy_name(name, c.name)
    keeps = i.is_set and name[0] == 0
    if not keeps and not name_is_free(m, c, INSTRUMENTS, c.instrument, name):
        return
    is_new = not i.is_set
    if (is_new or c.value6 != KEEP) and not currency_has_room(m, c, c.value6):
        return

    if is_new:
        i.is_set = 1
        i.state = INSTRUMENT_STATE_CLOSED
        i.best[SIDE_BUY] = i.best[SIDE_SELL] = FAR_AWAY
        set_calm(m, i, &m.unseen[c.instrument])
        if c.instrument >= m.instrument_top:
            m.instrument_top = c.instrument + 1
    elif not keeps:
        drop_name(m, INSTRUMENTS, c.instrument)
    if not keeps:
        memcpy(text.symbol, name, 32)
        add_name(m, INSTRUMENTS, c.instrument)
    # A new instrument's zeros are never kept: its values were found within their ranges, which hold no KEEP.
    is_measured_anew = not is_new and (
        kept(c, 0, i.tick_size) != i.tick_size or kept(c, 1, i.lot_size) != <int64_t> i.lot_size)
    if kept(c, 0, i.tick_size) != i.tick_size:  # a table of other ticks is none any more
        memset(text.tick_sizes, 0, sizeof(text.tick_sizes))
        m.unseen[c.instrument].ways &= ~<uint8_t> HAS_TICKS
        set_way(i, &m.unseen[c.instrument])
    i.tick_size = kept(c, 0, i.tick_size)
    i.lot_size = <uint32_t> kept(c, 1, i.lot_size)
    i.reference_price = kept(c, 2, i.reference_price)
    i.collar_bps = kept(c, 3, i.collar_bps)
    i.set_max_order_qty = <uint32_t> kept(c, 4, i.set_max_order_qty)
    text.set_max_order_notional = kept(c, 5, text.set_max_order_notional)
    if c.value6 != KEEP or is_new:
        list_currency(m, <uint64_t> c.value6)
        memcpy(text.currency, &c.value6, 8)
    text.round_lot = kept(c, 7, text.round_lot)
    i.tick_magic = magic_of(i.tick_size)
    i.multiplier = <int64_t> i.lot_size * CASH_PER_PRICE
    i.max_order_qty = in_force(i.set_max_order_qty, MAX_QTY)
    i.max_order_notional = in_force(text.set_max_order_notional, MAX_NOTIONAL)
    set_collar(i)
    if is_new:
        begin_margin(m, c.instrument)
    elif i.multiplier != multiplier:
        restate_instrument(m, c.instrument)
    answer(m, c, EVENT_KIND_INSTRUMENT_SET, 0, c.instrument, i.lot_size)
    if is_measured_anew:
        emit_status(m, c.instrument)  # whoever knows the old ticks looks again


cdef bint state_is_allowed(Market* m, const AdminCommand* c) noexcept nogil:
    """The state, and what goes with it: value0 why, of CALL value1 until when and value2 what comes after."""
    cdef bint in_call = c.state == INSTRUMENT_STATE_CALL
    cdef int64_t last = 0
    if c.state > INSTRUMENT_STATE_CALL:
        return reject(m, c, CHECK_VALUE, 0, INSTRUMENT_STATE_CALL, c.state, 0)
    if in_call:
        last = AUCTION_KIND_VOLATILITY
    elif c.state == INSTRUMENT_STATE_HALTED:
        last = HALT_REASON_MARKET_WIDE
    if c.value0 < (AUCTION_KIND_OPENING if in_call else 0):
        return reject(m, c, CHECK_VALUE, 1, AUCTION_KIND_OPENING if in_call else 0, c.value0, 0)
    if c.value0 > last:
        return reject(m, c, CHECK_VALUE, 1, last, c.value0, 0)
    if c.value1 != 0 and not (in_call and c.value1 > m.ts_ns):
        return reject(m, c, CHECK_VALUE, 2, m.ts_ns if in_call else 0, c.value1, 0)
    last = INSTRUMENT_STATE_HALTED if in_call else 0
    return 0 <= c.value2 <= last or reject(m, c, CHECK_VALUE, 3, last, c.value2, 0)


cdef void set_instrument_state(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t k
    if c.instrument != ANY and not instrument_is_known(m, c):
        return
    if not state_is_allowed(m, c):
        return
    if c.instrument != ANY:
        set_state_of(m, c, c.instrument)
        return
    for k in range(m.instrument_top):
        if m.instruments[k].is_set:
            set_state_of(m, c, k)


cdef void set_state_of(Market* m, const AdminCommand* c, uint32_t instrument) noexcept nogil:
    set_state(m, instrument, c.state, <uint8_t> c.value0, c.value1, <uint8_t> c.value2, c.request)
    if c.state == INSTRUMENT_STATE_OPEN:
        end_calls(m, instrument, NO_AUCTION, 0)
        enter_calls(m, instrument)


cdef void run_auction(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t k
    if c.instrument != ANY:
        if not instrument_is_known(m, c):
            return
        if m.instruments[c.instrument].state != INSTRUMENT_STATE_CALL:
            reject(m, c, CHECK_INSTRUMENT_STATE, 0, INSTRUMENT_STATE_CALL, m.instruments[c.instrument].state, 0)
            return
        hold_auction(m, c.instrument, c.request)
        return
    for k in range(m.instrument_top):
        if m.instruments[k].state == INSTRUMENT_STATE_CALL:
            hold_auction(m, k, c.request)


# The rest

cdef void set_schedule(Market* m, const AdminCommand* c) noexcept nogil:
    if c.value0 != 0 and c.value0 <= m.ts_ns:
        reject(m, c, CHECK_VALUE, 0, m.ts_ns, c.value0, 0)
        return
    m.day_end_ns = c.value0
    answer(m, c, EVENT_KIND_SCHEDULE_SET, 0, 0, c.value0)


cdef void operator_cancel(Market* m, const AdminCommand* c) noexcept nogil:
    cdef uint32_t count
    if c.account != ANY and not account_is_known(m, c):
        return
    if c.instrument != ANY and not instrument_is_known(m, c):
        return
    if c.account != ANY:
        count = cancel_of_account(m, c.account, c.instrument, SIDE_BOTH, EVERY_SESSION, EVERY_GROUP,
                                  CANCEL_REASON_OPERATOR)
    else:
        count = cancel_of_market(m, c.instrument, False, CANCEL_REASON_OPERATOR)
    answer_canceled(m, c, c.account, c.instrument, count)


cdef bint set_timers(Market* m, const AdminCommand* c) noexcept nogil:
    """False: no memory."""
    if not value_is_within(m, c, 0, 0, MAX_TIMERS):
        return True
    if c.value0 < m.timers.capacity:
        reject(m, c, CHECK_VALUE, 0, m.timers.capacity, c.value0, 0)
        return True
    if not reserve_timers(m, c.value0):
        return False
    answer(m, c, EVENT_KIND_TIMERS_SET, 0, 0, c.value0)
    return True


cdef inline bint moves_funds(uint16_t kind) noexcept nogil:
    return (kind == COMMAND_KIND_DEPOSIT or kind == COMMAND_KIND_DEPOSIT_SHARES or kind == COMMAND_KIND_CHARGE
            or COMMAND_KIND_HOLD_CASH <= kind <= COMMAND_KIND_RELEASE_CASH)


cdef void govern_shares(Market* m, const AdminCommand* c) noexcept nogil:
    """What is owed and due: docs/borrow.md, docs/actions.md."""
    if c.kind == COMMAND_KIND_SET_BORROW:
        set_borrow(m, c)
    elif c.kind == COMMAND_KIND_LOCATE:
        locate(m, c)
    elif c.kind == COMMAND_KIND_SET_RATES:
        set_rates(m, c)
    elif c.kind == COMMAND_KIND_ACCRUE:
        accrue(m, c)
    elif c.kind == COMMAND_KIND_DIVIDEND:
        set_dividend(m, c)
    elif c.kind == COMMAND_KIND_PAY_DIVIDEND:
        pay_dividend(m, c)
    else:
        split(m, c)


cdef bint admin(Market* m, const AdminCommand* c) noexcept nogil:
    if c.kind == COMMAND_KIND_CONFIGURE:
        return configure(m, c)
    if c.kind == COMMAND_KIND_SET_LEDGER:
        return set_ledger(m, c)
    if c.kind == COMMAND_KIND_SET_TIMERS:
        return set_timers(m, c)
    if c.kind == COMMAND_KIND_SET_RISK:
        return set_risk(m, c)
    if c.kind == COMMAND_KIND_SET_INSTRUMENT:
        set_instrument(m, c)
    elif c.kind == COMMAND_KIND_SET_INSTRUMENT_STATE:
        set_instrument_state(m, c)
    elif c.kind == COMMAND_KIND_SET_ACCOUNT:
        set_account(m, c)
    elif c.kind == COMMAND_KIND_SET_ACCOUNT_STATE:
        set_account_state(m, c)
    elif moves_funds(c.kind):
        move_funds(m, c)
    elif c.kind == COMMAND_KIND_SETTLE:
        settle_day(m, c)
    elif c.kind == COMMAND_KIND_SET_FEE:
        set_fee(m, c)
    elif c.kind == COMMAND_KIND_SET_MARGIN:
        set_margin(m, c)
    elif c.kind == COMMAND_KIND_SET_ACCOUNT_RISK:
        set_account_risk(m, c)
    elif c.kind == COMMAND_KIND_SET_DESK:
        set_desk(m, c)
    elif c.kind == COMMAND_KIND_SET_MEMBER:
        set_member(m, c)
    elif c.kind == COMMAND_KIND_SET_DESK_STATE:
        set_desk_state(m, c)
    elif c.kind == COMMAND_KIND_SET_LIMIT:
        if c.flags & ADMIN_FLAG_OF_KEY:
            set_key_limit(m, c)
        else:
            set_limit(m, c)
    elif c.kind == COMMAND_KIND_SET_KEY:
        set_key(m, c)
    elif COMMAND_KIND_SET_BORROW <= c.kind <= COMMAND_KIND_SPLIT:
        govern_shares(m, c)
    elif c.kind == COMMAND_KIND_LIFT_CASH:
        lift_cash(m, c)
    elif c.kind == COMMAND_KIND_SET_DAY_TRADES:
        set_day_trades(m, c)
    elif c.kind == COMMAND_KIND_LIFT_DAY_TRADER:
        lift_day_trader(m, c)
    elif c.kind == COMMAND_KIND_SET_SCHEDULE:
        set_schedule(m, c)
    elif c.kind == COMMAND_KIND_OPERATOR_CANCEL:
        operator_cancel(m, c)
    elif c.kind == COMMAND_KIND_SET_BANDS:
        set_bands(m, c)
    elif c.kind == COMMAND_KIND_SET_SHORT_SALE:
        set_short_sale(m, c)
    elif c.kind == COMMAND_KIND_SET_TICKS:
        set_ticks(m, c)
    elif c.kind == COMMAND_KIND_SET_EXTENSION:
        set_extension(m, c)
    elif c.kind == COMMAND_KIND_BUST_TRADE or c.kind == COMMAND_KIND_CORRECT_TRADE:
        amend(m, c)
    elif c.kind == COMMAND_KIND_RUN_AUCTION:
        run_auction(m, c)
    else:
        answer(m, c, EVENT_KIND_NOTED, 0, 0, 0)
    return True
