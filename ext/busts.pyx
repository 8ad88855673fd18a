"""Busts and corrections of trades. See docs/busts.md: all that is needed of the trade comes with the command."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from cpython.bytes cimport PyBytes_FromStringAndSize

from ext.admin cimport MAX_HELD, instrument_is_known, reject
from ext.bits cimport product
from ext.cash.follow cimport follow_corrected, follow_undone
from ext.cash.layout cimport CashAccount, Unpaid
from ext.daytrading.follow cimport follow_lots
from ext.daytrading.layout cimport DayPosition
from ext.deposits cimport cash_fits
from ext.events cimport emit, next_data
from ext.layout cimport Account, Basis, HAS_CASH_RULE, HAS_DAY_RULE, Instrument, Market, Position
from ext.ledger cimport buy_shares, find_position, sell_shares
from ext.margin.exposure cimport note_trade
from ext.orders cimport knows_account, knows_instrument
from ext.rows cimport account_row, position_row
from ext.wire cimport *

cdef enum Index:  # in refusals: which of the command's fields
    OF_TRADE_ID
    OF_PRICE
    OF_QTY
    OF_NEW_PRICE
    OF_NEW_QTY
    OF_SELLER
    OF_BUYER
    OF_FLAGS = 8


cdef struct Party:  # one of the two accounts of a trade
    uint8_t side
    uint32_t account
    uint32_t position
    uint64_t order_id
    uint64_t client_order_id
    uint64_t index


cdef inline const AdminCommand* plain(const AmendCommand* c) noexcept nogil:
    return <const AdminCommand*> c


cdef inline uint64_t position_key(const AmendCommand* c, uint32_t account) noexcept nogil:
    return account | <uint64_t> c.instrument << 32


# Checks

cdef bint number_is_within(
    Market* m, const AmendCommand* c, uint64_t index, int64_t value, int64_t high,
) noexcept nogil:
    """From 1 on."""
    if 1 <= value <= high:
        return True
    return reject(m, plain(c), CHECK_VALUE, index, 1 if value < 1 else high, value, 0)


cdef bint terms_are_right(
    Market* m, const AmendCommand* c, int64_t price, int64_t qty, uint64_t of_price, uint64_t of_qty,
) noexcept nogil:
    cdef int64_t notional
    if not number_is_within(m, c, of_price, price, MAX_PRICE) or not number_is_within(m, c, of_qty, qty, MAX_QTY):
        return False
    notional = product(price, qty, m.instruments[c.instrument].multiplier)
    return notional <= MAX_NOTIONAL or reject(m, plain(c), CHECK_ORDER_NOTIONAL, of_qty, MAX_NOTIONAL, notional, 0)


cdef bint stands_so(Market* m, const AmendCommand* c, const AmendmentRow* before) noexcept nogil:
    """Whether an amended trade still can be, and is what the command says."""
    if before.qty == 0:
        return reject(m, plain(c), CHECK_BUSTED, OF_TRADE_ID, 0, <int64_t> c.trade_id, 0)
    if c.price != before.price:
        return reject(m, plain(c), CHECK_VALUE, OF_PRICE, before.price, c.price, 0)
    return c.qty == before.qty or reject(m, plain(c), CHECK_VALUE, OF_QTY, before.qty, c.qty, 0)


cdef bint has_traded(Market* m, const AmendCommand* c, Party* s) noexcept nogil:
    """Finds the position, which every trade made."""
    s.position = find_position(m, position_key(c, s.account))
    return s.position != 0 or reject(m, plain(c), CHECK_TRADE, s.index, <int64_t> m.instruments[c.instrument].trades,
                                     <int64_t> c.trade_id, 0)


cdef bint position_fits(Market* m, const AmendCommand* c, const Party* s, int64_t lots, uint64_t index) noexcept nogil:
    """lots: that the buyer gets."""
    cdef int64_t before = m.positions[s.position].qty
    cdef int64_t after = before + lots if s.side == SIDE_BUY else before - lots
    if after > MAX_HELD and after > before:
        return reject(m, plain(c), CHECK_VALUE, index, MAX_HELD, after, 0)
    return after >= -MAX_HELD or after > before or reject(m, plain(c), CHECK_VALUE, index, -MAX_HELD, after, 0)


cdef AmendmentRow* find_amendment(const Market* m, const AmendCommand* c) noexcept nogil:
    """Of the command's trade; NULL where it was not amended yet."""
    cdef AmendmentRow* row = m.amendments
    cdef const AmendmentRow* end = m.amendments + m.amendment_count
    while row != end:
        if row.trade_id == c.trade_id and row.instrument == c.instrument:
            return row
        row += 1
    return NULL


# What happens

cdef void book(
    Market* m, const AmendCommand* c, const Party* s, uint8_t side, int64_t price, uint32_t qty,
) noexcept nogil:
    """Have one of the two buy or sell."""
    cdef Account* a = &m.accounts[s.account]
    cdef Position* p = &m.positions[s.position]
    cdef Basis* b = &m.bases[s.position]
    cdef int64_t multiplier = m.instruments[c.instrument].multiplier
    cdef int64_t cash = product(price, qty, multiplier)
    if side == SIDE_BUY:
        buy_shares(a, p, b, price, qty, multiplier, cash)
    else:
        sell_shares(a, p, b, price, qty, multiplier, cash)
    note_trade(m, s.position)
    if not a.flags & HAS_CASH_RULE or c.account == c.seller:
        return
    if side == s.side:
        follow_corrected(m, s.position, side, qty, cash)
    else:
        follow_undone(m, s.position, s.side, qty, cash)


cdef void say(
    Market* m, const AmendCommand* c, const Party* s, uint8_t kind, uint8_t reason, int64_t price, uint32_t qty,
) noexcept nogil:
    emit(m, kind, s.side, reason, EVENT_FLAG_CROSS if c.flags else 0, s.account, c.instrument, qty, s.order_id,
         s.client_order_id, price, 0, 0, c.trade_id)


cdef void amend_side(Market* m, const AmendCommand* c, const Party* s, bint is_bust) noexcept nogil:
    book(m, c, s, s.side ^ 1, c.price, c.qty)
    say(m, c, s, EVENT_KIND_TRADE_BUSTED, not is_bust, c.price, c.qty)
    if not is_bust:
        book(m, c, s, s.side, c.new_price, c.new_qty)
        say(m, c, s, EVENT_KIND_TRADE_CORRECTED, 0, c.new_price, c.new_qty)


cdef void tell(Market* m, const AmendCommand* c, bint is_bust) noexcept nogil:
    """The record of market data."""
    cdef MarketData* d
    if not m.want_data:
        return
    d = next_data(m)
    d.seq = m.seq
    d.ts_ns = m.ts_ns
    d.kind = BOOK_KIND_BUST if is_bust else BOOK_KIND_CORRECTION
    d.side = 0
    d.state = 0
    d.flags = DATA_FLAG_CROSS if c.flags else 0
    d.instrument = c.instrument
    d.order_id = c.trade_id
    d.price = c.price if is_bust else c.new_price
    d.qty = c.qty if is_bust else c.new_qty
    d.leaves = 0 if is_bust else c.qty
    d.level_qty = 0 if is_bust else <uint64_t> c.price
    d.level_orders = 0
    d.trade_no = <uint32_t> c.trade_id


cdef void amend(Market* m, const AdminCommand* command) noexcept nogil:
    cdef const AmendCommand* c = <const AmendCommand*> command
    cdef bint is_bust = c.kind == COMMAND_KIND_BUST_TRADE
    cdef uint32_t new_qty = 0 if is_bust else c.new_qty
    cdef Party buyer = Party(SIDE_BUY, c.account, 0, c.buyer_order_id, c.buyer_client_order_id, OF_BUYER)
    cdef Party seller = Party(SIDE_SELL, c.seller, 0, c.seller_order_id, c.seller_client_order_id, OF_SELLER)
    cdef Instrument* i
    cdef AmendmentRow* row
    cdef int64_t back, lots, bought, sold
    cdef uint64_t of_lots = OF_QTY if is_bust else OF_NEW_QTY
    if not knows_account(m, buyer.account):
        reject(m, command, CHECK_ACCOUNT, OF_BUYER, 0, buyer.account, 0)
        return
    if not knows_account(m, seller.account):
        reject(m, command, CHECK_ACCOUNT, OF_SELLER, 0, seller.account, 0)
        return
    if not instrument_is_known(m, command):
        return
    i = &m.instruments[c.instrument]
    if c.trade_id > i.trades or c.trade_id <= m.borrowing.lendings[c.instrument].split_trades:  # which are 0 at first
        reject(m, command, CHECK_TRADE, OF_TRADE_ID, <int64_t> i.trades, <int64_t> c.trade_id, 0)
        return
    if c.flags & ~<uint8_t> TRADE_FLAG_CROSS:
        reject(m, command, CHECK_VALUE, OF_FLAGS, TRADE_FLAG_CROSS, c.flags, 0)
        return
    if not terms_are_right(m, c, c.price, c.qty, OF_PRICE, OF_QTY):
        return
    if not is_bust and not terms_are_right(m, c, c.new_price, c.new_qty, OF_NEW_PRICE, OF_NEW_QTY):
        return
    row = find_amendment(m, c)
    if row != NULL and not stands_so(m, c, row):
        return
    if not has_traded(m, c, &buyer) or not has_traded(m, c, &seller):
        return
    if c.qty > i.volume:
        reject(m, command, CHECK_VALUE, OF_QTY, <int64_t> i.volume, c.qty, 0)
        return
    lots = <int64_t> new_qty - c.qty
    if not position_fits(m, c, &buyer, lots, of_lots) or not position_fits(m, c, &seller, lots, of_lots):
        return
    back = product(c.price, c.qty, i.multiplier)  # to the buyer
    if not is_bust:
        back -= product(c.new_price, new_qty, i.multiplier)
    if not cash_fits(m, command, &m.accounts[buyer.account], back, OF_BUYER):
        return
    if not cash_fits(m, command, &m.accounts[seller.account], -back, OF_SELLER):
        return
    if row == NULL:
        if m.amendment_count >= m.amendment_capacity:
            reject(m, command, CHECK_CAPACITY, 0, m.amendment_capacity, <int64_t> m.amendment_count + 1, 0)
            return
        row = &m.amendments[m.amendment_count]
        row[0] = AmendmentRow(c.trade_id, 0, c.instrument, 0, 0, 0)
        m.amendment_count += 1

    row.price = c.price if is_bust else c.new_price
    row.qty = new_qty
    row.changes += 1
    i.volume += <uint64_t> lots
    bought = m.positions[buyer.position].qty
    sold = m.positions[seller.position].qty
    amend_side(m, c, &buyer, is_bust)
    amend_side(m, c, &seller, is_bust)
    follow_lots(m, buyer.position, bought)
    follow_lots(m, seller.position, sold)
    tell(m, c, is_bust)


# Looking

cdef bytes amendment_rows(const Market* m):
    return PyBytes_FromStringAndSize(<const char*> m.amendments, m.amendment_count * sizeof(AmendmentRow))


cdef struct Kept:  # what an AmendCommand may change
    Account[2] accounts
    Position[2] positions
    Basis[2] bases
    CashAccount[2] cash_accounts
    Unpaid[2] unpaid
    uint32_t cash_used
    DayPosition[2] day_positions
    uint64_t volume
    AmendmentRow amendment
    uint32_t amendment_count


cdef void restore_rules(Market* m, uint32_t account, uint32_t position, const Kept* kept, int k) noexcept nogil:
    """Accounts without one have no memory for it, and shall have none."""
    if m.accounts[account].flags & HAS_CASH_RULE:
        m.cash.accounts[account] = kept.cash_accounts[k]
        m.cash.unpaid[position] = kept.unpaid[k]
    if m.accounts[account].flags & HAS_DAY_RULE:
        m.day.positions[position] = kept.day_positions[k]


cdef tuple preview_of(Market* m, const AdminCommand* command):
    cdef const AmendCommand* c = <const AmendCommand*> command
    cdef uint32_t[2] accounts
    cdef uint32_t[2] positions
    cdef bint[2] known
    cdef bint is_instrument = knows_instrument(m, c.instrument)
    cdef AmendmentRow* row = find_amendment(m, c)
    cdef Kept kept
    cdef size_t said = m.events.at - m.events.begin
    cdef bint want_data = m.want_data
    cdef AccountRow account
    cdef PositionRow position
    cdef int k
    cdef list account_list = []
    cdef list position_list = []
    accounts[:] = [c.account, c.seller]
    for k in range(2):
        known[k] = knows_account(m, accounts[k])
        positions[k] = find_position(m, position_key(c, accounts[k])) if known[k] and is_instrument else 0
        if known[k]:
            kept.accounts[k] = m.accounts[accounts[k]]
            kept.cash_accounts[k] = m.cash.accounts[accounts[k]]
        kept.positions[k] = m.positions[positions[k]]
        kept.bases[k] = m.bases[positions[k]]
        kept.unpaid[k] = m.cash.unpaid[positions[k]]
        kept.day_positions[k] = m.day.positions[positions[k]]
    if is_instrument:
        kept.volume = m.instruments[c.instrument].volume
    kept.amendment_count = m.amendment_count
    kept.cash_used = m.cash.used
    if row != NULL:
        kept.amendment = row[0]
    m.want_data = False
    try:
        amend(m, command)
        events = PyBytes_FromStringAndSize(m.events.begin + said, m.events.at - m.events.begin - said)
        for k in range(2):
            if not known[k] or (k and accounts[1] == accounts[0]):
                continue
            account_row(m, accounts[k], &account)
            account_list.append((<const char*> &account)[:sizeof(AccountRow)])
            if positions[k]:
                position_row(m, positions[k], &position)
                position_list.append((<const char*> &position)[:sizeof(PositionRow)])
        return events, b"".join(account_list), b"".join(position_list)
    finally:
        m.want_data = want_data
        m.events.at = m.events.begin + said
        for k in range(2):
            if known[k]:
                m.accounts[accounts[k]] = kept.accounts[k]
                restore_rules(m, accounts[k], positions[k], &kept, k)
            m.positions[positions[k]] = kept.positions[k]
            m.bases[positions[k]] = kept.bases[k]
            if positions[k]:
                note_trade(m, positions[k])
        if is_instrument:
            m.instruments[c.instrument].volume = kept.volume
        m.amendment_count = kept.amendment_count
        m.cash.used = kept.cash_used
        if row != NULL:
            row[0] = kept.amendment
