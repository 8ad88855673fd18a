"""From events to rows of transfers. See docs/ledger.md, "Double entry", and docs/database.md.

A trade is one row, made of its two FILL events; so are a bust, and what is instead of a trade. All else has the house
on its other side. What a price comes to, and in which currency, is learned from the commands that set it up.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from ext.bits cimport unlikely
from ext.copying cimport *
from ext.wire cimport *

TRANSFER_COLUMNS = (
    "seq", "ts", "number", "kind", "payer", "payee", "house", "currency", "cash", "instrument", "lots", "trade_id",
    "order_id", "reference", "account_seq", "component",
)

cdef enum:
    COLUMNS = 16


cdef inline unsigned char* put_party(unsigned char* at, uint32_t id) noexcept nogil:
    return put_null(at) if id == ANY else put_4(at, id)


cdef inline uint64_t size_of(int64_t amount) noexcept nogil:
    return <uint64_t> (amount if amount > 0 else -amount)


cdef void* room_for(void* data, size_t* room, size_t index, size_t size) noexcept nogil:
    """The array with room for an element `index`, zeros where nothing was; NULL when there is no memory."""
    cdef size_t wanted = room[0] if room[0] else 64
    if data != NULL and index < room[0]:
        return data
    while wanted <= index:
        wanted *= 2
    data = realloc(data, wanted * size)
    if data != NULL:
        memset(<char*> data + room[0] * size, 0, (wanted - room[0]) * size)
        room[0] = wanted
    return data


cdef class Transfers:
    """Writes the rows. What was set up before is given by `learn`."""

    def __cinit__(self):
        self.fill.account = ANY
        self.buyers[:] = [ANY, ANY]

    def __dealloc__(self):
        free(self.rows.data)
        free(self.instruments)
        free(self.accounts)

    cdef int list_currency(self, uint64_t raw, uint32_t* number) noexcept nogil:
        """Its number. Text that is none is mended: PostgreSQL would not take it."""
        cdef uint32_t k
        cdef Currency* c
        for k in range(self.currency_count):
            if self.currencies[k].raw == raw:
                number[0] = k
                return 0
        if self.currency_count == MOST_CURRENCIES:
            return OUT_OF_STEP
        c = &self.currencies[self.currency_count]
        with gil:
            try:
                text = (<const char*> &raw)[:8].rstrip(b"\0").decode("utf-8", "replace").replace("\0", "").encode()
            except MemoryError:
                return NO_MEMORY
            c.length = len(text)
            memcpy(c.text, PyBytes_AS_STRING(text), c.length)
        c.raw = raw
        number[0] = self.currency_count
        self.currency_count += 1
        return 0

    cdef int list_instrument(self, uint32_t instrument, int64_t lot_size, uint64_t currency) noexcept nogil:
        cdef Listed* instruments = <Listed*> room_for(
            self.instruments, &self.instrument_room, instrument, sizeof(Listed))
        cdef bint is_new
        if instruments == NULL:
            return NO_MEMORY
        self.instruments = instruments
        is_new = instruments[instrument].multiplier == 0  # and keeps nothing
        if lot_size != KEEP:
            instruments[instrument].multiplier = lot_size * (CASH_SCALE // PRICE_SCALE)
        if currency == <uint64_t> KEEP and not is_new:
            return 0
        return self.list_currency(currency, &instruments[instrument].currency)

    cdef int list_account(self, uint32_t account, uint64_t currency) noexcept nogil:
        cdef Customer* accounts = <Customer*> room_for(
            self.accounts, &self.account_room, account, sizeof(Customer))
        if accounts == NULL:
            return NO_MEMORY
        self.accounts = accounts
        if currency == <uint64_t> KEEP and accounts[account].is_set:
            return 0
        accounts[account].is_set = 1
        return self.list_currency(currency, &accounts[account].currency)

    cdef int write(self, const Event* e, const Transfer* t) noexcept nogil:
        cdef unsigned char* at = begin(&self.rows, COLUMNS)
        cdef const Currency* currency = &self.currencies[t.currency]
        if at == NULL:
            return NO_MEMORY
        if e.seq != self.seq:
            self.seq = e.seq
            self.number = 0
        at = put_8(at, e.seq)
        at = put_time(at, e.ts_ns)
        at = put_4(at, self.number)
        at = put_2(at, e.kind)
        at = put_party(at, t.payer)
        at = put_party(at, t.payee)
        at = put_2(at, t.house) if t.house else put_null(at)
        at = put_text(at, currency.text, currency.length)
        at = put_8(at, <uint64_t> t.cash)
        at = put_party(at, t.instrument)
        at = put_8(at, <uint64_t> t.lots)
        at = put_given(at, <int64_t> t.trade_id)
        at = put_given(at, <int64_t> t.order_id)
        at = put_given(at, <int64_t> t.reference)
        at = put_given(at, <int64_t> t.account_seq)
        at = put_null(at) if t.component < 0 else put_2(at, t.component)
        end(&self.rows, at)
        self.number += 1
        return 0

    cdef int trade(self, const Event* e, uint32_t payer, uint32_t payee) noexcept nogil:
        """Lots at the event's price, for cash."""
        cdef const Listed* i = &self.instruments[e.instrument]
        cdef Transfer t
        if unlikely(e.instrument >= self.instrument_room or payer == ANY or payee == ANY):
            return OUT_OF_STEP
        t = Transfer(payer, payee, 0, i.currency, e.price * <int64_t> e.qty * i.multiplier, e.qty, e.instrument, -1,
                     e.trade_id, 0, 0, 0)
        return self.write(e, &t)

    cdef int add_fill(self, const Event* e) noexcept nogil:
        """One side of a trade, and then the other."""
        cdef uint32_t other = self.fill.account
        if other == ANY:
            self.fill = Half(e.trade_id, e.instrument, e.account)
            return 0
        if unlikely(self.fill.trade_id != e.trade_id or self.fill.instrument != e.instrument):
            return OUT_OF_STEP
        self.fill.account = ANY
        return self.trade(e, e.account, other) if e.side == SIDE_BUY else self.trade(e, other, e.account)

    cdef int add_amended(self, const Event* e) noexcept nogil:
        """TRADE_BUSTED, TRADE_CORRECTED: of the buyer, and then of the seller."""
        cdef bint is_new = e.kind == EVENT_KIND_TRADE_CORRECTED
        cdef uint32_t buyer = self.buyers[is_new]
        if e.side == SIDE_BUY:
            self.buyers[is_new] = e.account
            return 0
        self.buyers[is_new] = ANY
        return self.trade(e, buyer, e.account) if is_new else self.trade(e, e.account, buyer)

    cdef int add_moved(self, const Event* e, const AdminCommand* c) noexcept nogil:
        """CASH, SHARES, SPLIT_SHARES, CHARGED: between an account and the house."""
        cdef Transfer t
        cdef bint pays = e.price > 0    # the account: cash, or for lots
        if unlikely(e.account >= self.account_room):
            return OUT_OF_STEP
        t = Transfer(ANY, ANY, e.reason, self.accounts[e.account].currency, 0, 0, ANY, -1, 0, 0, 0, e.account_seq)
        if e.kind == EVENT_KIND_SHARES or e.kind == EVENT_KIND_SPLIT_SHARES:
            t.house = HOUSE_ACCOUNT_DEPOSITORY
            t.lots = size_of(e.price)
            t.instrument = e.instrument
        else:
            t.cash = size_of(e.price)
            if e.kind == EVENT_KIND_CASH:
                t.house = HOUSE_ACCOUNT_BANK
                t.reference = e.order_id
                pays = not pays
            elif e.order_id:
                t.trade_id = e.trade_id
                t.order_id = e.order_id
                t.instrument = e.instrument
                t.component = e.leaves
            elif c == NULL:
                return NO_COMMAND
            else:
                t.reference = e.trade_id
                t.instrument = c.instrument if c.kind == COMMAND_KIND_CHARGE else e.instrument
                if c.kind == COMMAND_KIND_ACCRUE and e.reason == HOUSE_ACCOUNT_INTEREST:
                    t.instrument = ANY
        if pays:
            t.payer = e.account
        else:
            t.payee = e.account
        return self.write(e, &t)

    cdef int add(self, const Event* e, const AdminCommand* c) noexcept nogil:
        """Any event but FILL. c: its command, where that is one; NULL: another one."""
        if (e.kind == EVENT_KIND_CASH or e.kind == EVENT_KIND_SHARES or e.kind == EVENT_KIND_CHARGED
                or e.kind == EVENT_KIND_SPLIT_SHARES):
            return self.add_moved(e, c)
        if e.kind == EVENT_KIND_TRADE_BUSTED or e.kind == EVENT_KIND_TRADE_CORRECTED:
            return self.add_amended(e)
        if e.kind == EVENT_KIND_INSTRUMENT_SET:
            return NO_COMMAND if c == NULL else self.list_instrument(e.instrument, c.value1, <uint64_t> c.value6)
        if e.kind == EVENT_KIND_ACCOUNT_SET:
            return NO_COMMAND if c == NULL else self.list_account(e.account, <uint64_t> c.value5)
        return 0

    def learn(self, bytes instruments not None, bytes accounts not None):
        """Take up what was set up before: InstrumentRow and AccountRow records."""
        cdef const InstrumentRow* i = <const InstrumentRow*> PyBytes_AS_STRING(instruments)
        cdef const AccountRow* a = <const AccountRow*> PyBytes_AS_STRING(accounts)
        cdef size_t k
        cdef uint64_t currency
        cdef int fault = 0
        for k in range(PyBytes_GET_SIZE(instruments) // sizeof(InstrumentRow)):
            memcpy(&currency, i[k].currency, 8)
            fault |= self.list_instrument(i[k].instrument, i[k].lot_size, currency)
        for k in range(PyBytes_GET_SIZE(accounts) // sizeof(AccountRow)):
            memcpy(&currency, a[k].currency, 8)
            fault |= self.list_account(a[k].account, currency)
        if fault:
            raise MemoryError

    def take(self):
        """Rows since the last time, for COPY without its head and end."""
        return taken(&self.rows)
