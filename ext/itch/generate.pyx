"""A deterministic day of Nasdaq TotalView-ITCH 5.0 for tests and benchmarks: any number of messages, one stream a
seed.

The flow comes from a simulated market, so that it is consistent: orders never cross when they are added, and every E
executes the order at the head of the best queue of its side; a price-time matching engine given the same orders must
reproduce each. C executes the same order, at its own price or (price improvement) one tick away. Integers only: the
same seed gives the same bytes on every machine.
"""

cimport cython
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from ext.itch cimport layout
from ext.itch.book cimport NONE, Books
from ext.itch.bytes cimport store16, store32, store48, store64

cdef extern from *:
    """
    static inline int low_zeros(unsigned long long value) { return value ? __builtin_ctzll(value) : 64; }
    """
    int low_zeros(unsigned long long value) noexcept nogil

cdef enum:
    TICK = 100               # 1e-4 of a dollar: one cent
    TARGET_LIVE = 200        # resting orders a symbol that the flow holds about
    LONGEST_MESSAGE = 52     # with its length prefix
    LONGEST_BURST = 8        # messages that one call of `next` may write
    FIXED_A_SYMBOL = 10      # R H Y L, I Q at the open, H H of the breaker, I Q at the close
    FIXED_A_DAY = 10         # 6 system events, V, K, O, W
    CHUNK_BYTES = 1 << 20
    MINUTE_S = 60

cdef uint64_t SECOND_NS = 1000000000

cdef uint64_t[DONE] PHASE_STARTS_S  # seconds after midnight; a phase ends where the next begins
PHASE_STARTS_S[DAY_STARTS] = PHASE_STARTS_S[DIRECTORY] = PHASE_STARTS_S[LEVELS] = 184 * MINUTE_S
PHASE_STARTS_S[SYSTEM_STARTS] = PHASE_STARTS_S[BEFORE_THE_OPEN] = 240 * MINUTE_S
PHASE_STARTS_S[OPENING_CROSS] = PHASE_STARTS_S[MARKET_OPENS] = PHASE_STARTS_S[MORNING] = 570 * MINUTE_S
PHASE_STARTS_S[BREAKER] = PHASE_STARTS_S[AFTERNOON] = 720 * MINUTE_S
PHASE_STARTS_S[CLOSING_CROSS] = PHASE_STARTS_S[MARKET_CLOSES] = PHASE_STARTS_S[AFTER_THE_CLOSE] = 960 * MINUTE_S
PHASE_STARTS_S[SYSTEM_ENDS] = PHASE_STARTS_S[DAY_ENDS] = 1200 * MINUTE_S


def smallest_day(symbols: int) -> int:
    """Return the fewest messages that a day of so many symbols has."""
    return FIXED_A_DAY + FIXED_A_SYMBOL * symbols


@cython.final
cdef class Generator:
    """A day of exactly `messages` messages in `symbols` symbols (1..65,535; locates from 1; named SYM00001 and so on).

    `chunk()` returns the next bytes of the length-prefixed stream, about a MiB, and b"" when the day is over.
    Raises ValueError naming the argument and its limit.
    """

    def __cinit__(self, uint64_t messages, uint32_t symbols, uint64_t seed=1):
        cdef uint32_t locate
        cdef uint64_t flow
        if not 1 <= symbols <= 65535:
            raise ValueError(f"symbols must be 1..65535, got {symbols}")
        if messages < <uint64_t>smallest_day(symbols):
            raise ValueError(f"messages must be at least {smallest_day(symbols)} for {symbols} symbols, got {messages}")
        self.books = Books(TARGET_LIVE * symbols + 1024)
        self.symbol_count, self.total, self.messages = symbols, messages, 0
        self.symbols = <Symbol*>calloc(symbols + 1, sizeof(Symbol))
        self.place_capacity = self.books.orders_capacity
        self.place_in_live = <uint32_t*>malloc(self.place_capacity * sizeof(uint32_t))
        self.out = NULL
        if self.symbols == NULL or self.place_in_live == NULL:
            raise MemoryError("no memory for the generator")
        self.random_state = seed
        self.reference, self.match = 0, 0
        self.halted = self.halt_step = 0
        self.out_of_memory = False
        for locate in range(1, symbols + 1):
            name = f"SYM{locate:05d}".encode()
            memcpy(self.symbols[locate].name, <const char*>name, 8)
            self.symbols[locate].mid_ticks = 500 + <int64_t>self.below(49500)
            self.symbols[locate].state = c"T"
        flow = messages - smallest_day(symbols)
        memset(self.quota, 0, sizeof(self.quota))
        self.quota[BEFORE_THE_OPEN] = flow // 12
        self.quota[AFTER_THE_CLOSE] = flow // 50
        self.quota[MORNING] = (flow - self.quota[BEFORE_THE_OPEN] - self.quota[AFTER_THE_CLOSE]) // 2
        self.quota[AFTERNOON] = flow - self.quota[BEFORE_THE_OPEN] - self.quota[AFTER_THE_CLOSE] - self.quota[MORNING]
        self.phase, self.index = DAY_STARTS, 0
        self.now_ns = PHASE_STARTS_S[DAY_STARTS] * SECOND_NS

    def __dealloc__(self):
        cdef uint32_t locate
        if self.symbols != NULL:
            for locate in range(self.symbol_count + 1):
                free(self.symbols[locate].live)
        free(self.symbols)
        free(self.place_in_live)

    def chunk(self):
        """Return the next bytes of the stream, b"" after the last. Raises MemoryError."""
        cdef bytes buffer = b"\0" * CHUNK_BYTES
        cdef unsigned char* start = <unsigned char*><char*>buffer
        cdef unsigned char* last = start + CHUNK_BYTES - (LONGEST_BURST + 1) * LONGEST_MESSAGE
        self.out = start
        with nogil:
            while self.out <= last and self.phase != DONE and not self.out_of_memory:
                self.next()
        if self.out_of_memory or self.books.out_of_memory:
            raise MemoryError(f"no memory for the generator with {self.books.live} orders resting")
        return buffer[:self.out - start]

    @property
    def final_books(self):
        """The books as they are after the bytes returned so far."""
        return self.books

    # Randomness: splitmix64 (Steele, Lea, Flood 2014).

    cdef uint64_t random(self) noexcept nogil:
        cdef uint64_t z
        self.random_state += <uint64_t>0x9E3779B97F4A7C15
        z = self.random_state
        z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
        z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
        return z ^ (z >> 31)

    cdef uint64_t below(self, uint64_t limit) noexcept nogil:
        """0..limit-1, for limits below 2**32 (the bias of the multiplication is below 2**-32)."""
        return ((self.random() >> 32) * limit) >> 32

    # Writing.

    cdef unsigned char* message(self, uint8_t kind, uint32_t length, uint32_t locate) noexcept nogil:
        """Write prefix and header of a message, zero its rest, and return its body; the writer fills the fields."""
        cdef unsigned char* body = self.out + 2
        cdef layout.system_event* header = <layout.system_event*>body
        store16(self.out, <uint16_t>length)
        memset(body, 0, length)
        header.message_type = kind
        store16(header.stock_locate, <uint16_t>locate)
        store48(header.timestamp, self.now_ns)
        self.out += 2 + length
        self.messages += 1
        self.index += 1
        return body

    cdef void system_event(self, uint8_t code) noexcept nogil:
        cdef layout.system_event* event = <layout.system_event*>self.message(c"S", sizeof(layout.system_event), 0)
        event.event_code = code

    cdef void trading_action(self, uint32_t locate, uint8_t state, const char* reason) noexcept nogil:
        cdef layout.stock_trading_action* action = <layout.stock_trading_action*>self.message(
            c"H", sizeof(layout.stock_trading_action), locate)
        memcpy(action.stock, self.symbols[locate].name, 8)
        action.trading_state, action.reserved = state, c" "
        memcpy(action.reason, reason, 4)
        self.symbols[locate].state = state

    cdef void imbalance(self, uint32_t locate, uint8_t kind) noexcept nogil:
        cdef layout.net_order_imbalance* noii = <layout.net_order_imbalance*>self.message(
            c"I", sizeof(layout.net_order_imbalance), locate)
        cdef uint32_t price = <uint32_t>self.symbols[locate].mid_ticks * TICK
        store64(noii.paired_shares, 100 * self.below(1000))
        store64(noii.imbalance_shares, 100 * self.below(100))
        noii.imbalance_direction = c"B" if self.random() & 1 else c"S"
        memcpy(noii.stock, self.symbols[locate].name, 8)
        store32(noii.far_price, price)
        store32(noii.near_price, price)
        store32(noii.reference_price, price)
        noii.cross_type, noii.price_variation = kind, c"L"

    # The day.

    cdef void advance(self, int phase) noexcept nogil:
        self.phase, self.index = phase, 0
        if phase != DONE and self.now_ns < PHASE_STARTS_S[phase] * SECOND_NS:
            self.now_ns = PHASE_STARTS_S[phase] * SECOND_NS

    cdef void next(self) noexcept nogil:
        """Write the next message, or the messages of one incoming order; the phases follow one another."""
        cdef uint64_t span_ns, quota
        self.now_ns += 1
        if self.phase == DAY_STARTS:
            self.system_event(c"O")
            self.advance(DIRECTORY)
        elif self.phase == DIRECTORY:
            self.directory()
            if self.index == 4 * <uint64_t>self.symbol_count:
                self.advance(LEVELS)
        elif self.phase == LEVELS:
            self.levels_of_the_breaker()
            self.advance(SYSTEM_STARTS)
        elif self.phase == SYSTEM_STARTS:
            self.system_event(c"S")
            self.direct_listing()
            self.advance(BEFORE_THE_OPEN)
        elif self.phase == OPENING_CROSS:
            self.cross(c"O", MORNING)
        elif self.phase == MARKET_OPENS:
            self.system_event(c"Q")
            self.advance(MORNING)
        elif self.phase == BREAKER:
            self.breaker()
        elif self.phase == CLOSING_CROSS:
            self.cross(c"C", AFTER_THE_CLOSE)
        elif self.phase == MARKET_CLOSES:
            self.system_event(c"M")
            self.advance(AFTER_THE_CLOSE)
        elif self.phase == SYSTEM_ENDS:
            self.system_event(c"E")
            self.advance(DAY_ENDS)
        elif self.phase == DAY_ENDS:
            self.system_event(c"C")
            self.advance(DONE)
        else:  # the four phases of flow
            quota = self.quota[self.phase]
            if self.index >= quota:
                self.advance(self.phase + 1)
                return
            span_ns = (PHASE_STARTS_S[self.phase + 1] - PHASE_STARTS_S[self.phase]) * SECOND_NS // quota
            self.now_ns = max(
                self.now_ns,
                PHASE_STARTS_S[self.phase] * SECOND_NS + self.index * span_ns + self.random() % (span_ns + 1),
            )
            self.flow(quota - self.index)

    cdef void directory(self) noexcept nogil:
        cdef uint32_t locate = <uint32_t>(self.index % self.symbol_count) + 1
        cdef uint64_t turn = self.index // self.symbol_count
        cdef layout.stock_directory* stock
        cdef layout.reg_sho_restriction* short_sale
        cdef layout.market_participant_position* position
        if turn == 0:
            stock = <layout.stock_directory*>self.message(c"R", sizeof(layout.stock_directory), locate)
            memcpy(stock.stock, self.symbols[locate].name, 8)
            stock.market_category, stock.financial_status = c"Q", c"N"
            store32(stock.round_lot_size, 100)
            stock.round_lots_only, stock.issue_classification = c"N", c"C"
            memcpy(stock.issue_sub_type, b"Z ", 2)
            stock.authenticity, stock.short_sale_threshold = c"T", c"N"  # T: a test issue, nobody may take it for real
            stock.ipo_flag = c"Y" if locate == 1 else c"N"
            stock.luld_reference_price_tier = c"1" if locate % 4 == 0 else c"2"
            stock.etp_flag = stock.inverse_indicator = c"N"
        elif turn == 1:
            self.trading_action(locate, c"T", b"    ")
        elif turn == 2:
            short_sale = <layout.reg_sho_restriction*>self.message(c"Y", sizeof(layout.reg_sho_restriction), locate)
            memcpy(short_sale.stock, self.symbols[locate].name, 8)
            short_sale.reg_sho_action = c"0"
        else:
            position = <layout.market_participant_position*>self.message(
                c"L", sizeof(layout.market_participant_position), locate)
            memcpy(position.mpid, b"OBMM", 4)
            memcpy(position.stock, self.symbols[locate].name, 8)
            position.primary_market_maker, position.market_maker_mode = c"Y", c"N"
            position.market_participant_state = c"A"

    cdef void levels_of_the_breaker(self) noexcept nogil:
        cdef layout.mwcb_decline_level* decline = <layout.mwcb_decline_level*>self.message(
            c"V", sizeof(layout.mwcb_decline_level), 0)
        store64(decline.level_1_price, <uint64_t>4650 * 100000000)
        store64(decline.level_2_price, <uint64_t>4350 * 100000000)
        store64(decline.level_3_price, <uint64_t>4000 * 100000000)

    cdef void direct_listing(self) noexcept nogil:
        """K and O of the first symbol, which the directory marks as a new listing."""
        cdef layout.quoting_period_update* quoting = <layout.quoting_period_update*>self.message(
            c"K", sizeof(layout.quoting_period_update), 1)
        cdef layout.direct_listing_price_discovery* listing
        cdef uint32_t price = <uint32_t>self.symbols[1].mid_ticks * TICK
        memcpy(quoting.stock, self.symbols[1].name, 8)
        store32(quoting.ipo_release_time_s, <uint32_t>PHASE_STARTS_S[MARKET_OPENS])
        quoting.ipo_release_qualifier = c"A"
        store32(quoting.ipo_price, price)
        listing = <layout.direct_listing_price_discovery*>self.message(
            c"O", sizeof(layout.direct_listing_price_discovery), 1)
        memcpy(listing.stock, self.symbols[1].name, 8)
        listing.open_eligibility = c"Y"
        store32(listing.minimum_price, price // 5 * 4)
        store32(listing.maximum_price, price // 5 * 9)
        store32(listing.near_execution_price, price)
        store64(listing.near_execution_time, self.now_ns)
        store32(listing.lower_collar_price, price // 10 * 9)
        store32(listing.upper_collar_price, price // 10 * 11)

    cdef void cross(self, uint8_t kind, int flow) noexcept nogil:
        """I and Q of the next symbol; while the following flow can spare a message, C executes the best bid in the
        cross.
        """
        cdef uint32_t locate = <uint32_t>(self.index // 2) + 1
        cdef uint32_t level = self.books.best_level(2 * locate), slot, shares
        cdef uint32_t price = <uint32_t>self.symbols[locate].mid_ticks * TICK
        cdef layout.cross_trade* cross
        cdef layout.order_executed_with_price* executed
        if level != NONE:
            price = self.books.levels[level].price
        self.imbalance(locate, kind)
        self.match += 1
        if level != NONE and self.quota[flow] > 0 and self.symbols[locate].count > 4:
            slot = self.books.levels[level].head
            shares = 1 + <uint32_t>self.below(self.books.orders[slot].shares)
            executed = <layout.order_executed_with_price*>self.message(
                c"C", sizeof(layout.order_executed_with_price), locate)
            store64(executed.order_reference, self.books.orders[slot].reference)
            store32(executed.executed_shares, shares)
            store64(executed.match_number, self.match)
            store32(executed.execution_price, price)
            executed.printable = c"N"
            self.take(locate, slot, shares)
            self.quota[flow] -= 1
            self.index -= 1  # a message of that flow, not of the two a symbol
        cross = <layout.cross_trade*>self.message(c"Q", sizeof(layout.cross_trade), locate)
        store64(cross.shares, 100 * (1 + self.below(1000)))
        memcpy(cross.stock, self.symbols[locate].name, 8)
        store32(cross.cross_price, price)
        store64(cross.match_number, self.match)
        cross.cross_type = kind
        if locate == self.symbol_count:
            self.advance(self.phase + 1)

    cdef void breaker(self) noexcept nogil:
        """A market-wide halt of level 1 at noon: W, every symbol halted, every symbol resumed."""
        cdef layout.mwcb_status* status
        cdef uint64_t turn
        if self.index == 0:
            status = <layout.mwcb_status*>self.message(c"W", sizeof(layout.mwcb_status), 0)
            status.breached_level = c"1"
            return
        turn = self.index - 1
        if turn == self.symbol_count:
            self.now_ns += 15 * 60 * SECOND_NS  # a level 1 breach halts for 15 minutes
        if turn < self.symbol_count:
            self.trading_action(<uint32_t>turn + 1, c"H", b"MWC1")
        else:
            self.trading_action(<uint32_t>(turn - self.symbol_count) + 1, c"T", b"MWCQ")
        if turn + 1 == 2 * <uint64_t>self.symbol_count:
            self.advance(AFTERNOON)

    # The flow.

    cdef void flow(self, uint64_t left) noexcept nogil:
        """One incoming order of one symbol: at most `left` and LONGEST_BURST messages."""
        cdef uint64_t draw, u
        cdef uint32_t locate
        cdef int64_t nudge, live
        if self.halted and (self.messages >= self.halt_until or left <= 4):
            self.halt()
            return
        u = self.random() >> 32
        # few symbols have most of the flow
        locate = <uint32_t>((((((u * u) >> 32) * u) >> 32) * self.symbol_count) >> 32) + 1
        draw = self.below(1000)
        live = self.symbols[locate].count
        if locate == self.halted:
            if live:
                self.delete(locate)
            else:
                self.imbalance(locate, c"H")
            return
        if self.below(16) == 0:
            self.symbols[locate].mid_ticks += 1 if self.random() & 1 else -1
            if self.symbols[locate].mid_ticks < 300:
                self.symbols[locate].mid_ticks = 300
        nudge = (TARGET_LIVE - live) * 2
        nudge = -150 if nudge < -150 else 150 if nudge > 150 else nudge
        if live < 10 or draw < <uint64_t>(430 + nudge):
            self.add(locate)
        elif draw >= 980:
            self.rare(locate)
        elif draw >= 945:
            self.execute(locate, left)
        elif draw >= 930:
            self.cancel(locate)
        elif draw >= 840:
            self.replace(locate)
        else:
            self.delete(locate)
        if not self.halted and left > 2000 and self.below(20000) == 0:
            self.halted, self.halt_step, self.halt_until = locate, 0, self.messages
            self.halt_operational = self.random() & 1

    cdef void halt(self) noexcept nogil:
        """The next message of the halt under way: H J Q T (volatility pause) or h h (operational)."""
        cdef uint32_t locate = self.halted, price = <uint32_t>self.symbols[locate].mid_ticks * TICK
        cdef layout.operational_halt* operational
        cdef layout.luld_auction_collar* collar
        if self.halt_operational:
            operational = <layout.operational_halt*>self.message(c"h", sizeof(layout.operational_halt), locate)
            memcpy(operational.stock, self.symbols[locate].name, 8)
            operational.market_code = c"Q"
            operational.halt_action = c"H" if self.halt_step == 0 else c"T"
            self.halted = locate if self.halt_step == 0 else 0
        elif self.halt_step == 0:
            self.trading_action(locate, c"H", b"LUDP")
        elif self.halt_step == 1:
            collar = <layout.luld_auction_collar*>self.message(c"J", sizeof(layout.luld_auction_collar), locate)
            memcpy(collar.stock, self.symbols[locate].name, 8)
            store32(collar.reference_price, price)
            store32(collar.upper_price, price // 20 * 21)
            store32(collar.lower_price, price // 20 * 19)
        elif self.halt_step == 2:
            self.trading_action(locate, c"Q", b"LUDP")
        else:
            self.trading_action(locate, c"T", b"LUDP")
            self.halted = 0
        self.halt_step += 1
        self.halt_until = self.messages + 50

    cdef void rare(self, uint32_t locate) noexcept nogil:
        """P inside or at the spread, I, B of an earlier match, or N."""
        cdef uint64_t draw = self.below(20)
        cdef layout.trade* trade
        cdef layout.broken_trade* broken
        cdef layout.retail_price_improvement* retail
        if draw < 8:
            trade = <layout.trade*>self.message(c"P", sizeof(layout.trade), locate)
            trade.side = c"B"  # of hidden orders the feed tells neither side nor reference since 2014
            store32(trade.shares, self.size())
            memcpy(trade.stock, self.symbols[locate].name, 8)
            store32(trade.price, <uint32_t>(self.best_ticks(locate, 0) + self.best_ticks(locate, 1)) * (TICK // 2))
            self.match += 1
            store64(trade.match_number, self.match)
        elif draw < 18 or self.match == 0:
            self.imbalance(locate, c"C")
        elif draw == 18:
            broken = <layout.broken_trade*>self.message(c"B", sizeof(layout.broken_trade), locate)
            store64(broken.match_number, 1 + self.random() % self.match)
        else:
            retail = <layout.retail_price_improvement*>self.message(
                c"N", sizeof(layout.retail_price_improvement), locate)
            memcpy(retail.stock, self.symbols[locate].name, 8)
            retail.interest_flag = c"A"

    cdef uint32_t size(self) noexcept nogil:
        """Shares of an order: odd lots up to 99, else round lots, few of them large."""
        if self.below(10) < 3:
            return 1 + <uint32_t>self.below(99)
        return 100 * (1 + <uint32_t>low_zeros(self.random() | 256))

    cdef int64_t best_ticks(self, uint32_t locate, uint32_t side) noexcept nogil:
        """The best price of a side in ticks; of an empty side the price next to the mid."""
        cdef uint32_t level = self.books.best_level(2 * locate + side)
        if level == NONE:
            return self.symbols[locate].mid_ticks + (1 if side else -1)
        return self.books.levels[level].price // TICK

    cdef uint32_t passive_price(self, uint32_t locate, uint32_t side) noexcept nogil:
        """A price in 1e-4 that does not cross: near the mid most of the time, far away now and then."""
        cdef int64_t mid = self.symbols[locate].mid_ticks
        cdef int64_t offset = 1 + <int64_t>self.below(<uint64_t>4 << low_zeros(self.random() | 64))
        cdef int64_t ticks
        if side == 0:
            ticks = min(mid - offset, self.best_ticks(locate, 1) - 1)
            ticks = max(ticks, 1)
        else:
            ticks = max(mid + offset, self.best_ticks(locate, 0) + 1)
        return <uint32_t>ticks * TICK

    cdef void rest(self, uint32_t locate, uint32_t side, uint32_t shares, uint32_t price) noexcept nogil:
        """Put the order `self.reference` into the book and the live array of its symbol."""
        cdef Symbol* symbol = &self.symbols[locate]
        cdef uint32_t slot = self.books.add(self.reference, 2 * locate + side, shares, price)
        cdef uint32_t* grown
        if slot == NONE:
            self.out_of_memory = True
            return
        if self.place_capacity < self.books.orders_capacity:
            grown = <uint32_t*>realloc(self.place_in_live, self.books.orders_capacity * sizeof(uint32_t))
            if grown == NULL:
                self.out_of_memory = True
                return
            self.place_in_live, self.place_capacity = grown, self.books.orders_capacity
        if symbol.count == symbol.capacity:
            symbol.capacity = 2 * symbol.capacity + 64
            grown = <uint32_t*>realloc(symbol.live, symbol.capacity * sizeof(uint32_t))
            if grown == NULL:
                self.out_of_memory = True
                return
            symbol.live = grown
        symbol.live[symbol.count] = slot
        self.place_in_live[slot] = symbol.count
        symbol.count += 1

    cdef void kill(self, uint32_t locate, uint32_t slot) noexcept nogil:
        cdef Symbol* symbol = &self.symbols[locate]
        symbol.count -= 1
        symbol.live[self.place_in_live[slot]] = symbol.live[symbol.count]
        self.place_in_live[symbol.live[symbol.count]] = self.place_in_live[slot]
        self.books.remove(slot)

    cdef void take(self, uint32_t locate, uint32_t slot, uint32_t shares) noexcept nogil:
        if shares == self.books.orders[slot].shares:
            self.kill(locate, slot)
        else:
            self.books.reduce(slot, shares)

    cdef void add(self, uint32_t locate) noexcept nogil:
        cdef uint32_t side = self.random() & 1, shares = self.size(), price = self.passive_price(locate, side)
        cdef bint attributed = self.below(64) == 0
        cdef layout.add_order_attributed* order = <layout.add_order_attributed*>self.message(
            c"F" if attributed else c"A",
            sizeof(layout.add_order_attributed) if attributed else sizeof(layout.add_order), locate)
        self.reference += 1 + self.below(4)
        store64(order.order_reference, self.reference)
        order.side = c"S" if side else c"B"
        store32(order.shares, shares)
        memcpy(order.stock, self.symbols[locate].name, 8)
        store32(order.price, price)
        if attributed:
            memcpy(order.attribution, b"OBMM", 4)
        self.rest(locate, side, shares, price)

    cdef void replace(self, uint32_t locate) noexcept nogil:
        cdef Symbol* symbol = &self.symbols[locate]
        cdef uint32_t slot = symbol.live[self.below(symbol.count)], side, shares, price
        cdef layout.order_replace* replace = <layout.order_replace*>self.message(
            c"U", sizeof(layout.order_replace), locate)
        store64(replace.original_order_reference, self.books.orders[slot].reference)
        side = self.books.orders[slot].place & 1
        self.kill(locate, slot)
        shares, price = self.size(), self.passive_price(locate, side)
        self.reference += 1 + self.below(4)
        store64(replace.new_order_reference, self.reference)
        store32(replace.shares, shares)
        store32(replace.price, price)
        self.rest(locate, side, shares, price)

    cdef void cancel(self, uint32_t locate) noexcept nogil:
        """Some of the shares of an order; an order of one share is deleted."""
        cdef Symbol* symbol = &self.symbols[locate]
        cdef uint32_t slot = symbol.live[self.below(symbol.count)], shares
        cdef layout.order_cancel* cancel
        if self.books.orders[slot].shares == 1:
            self.delete(locate)
            return
        cancel = <layout.order_cancel*>self.message(c"X", sizeof(layout.order_cancel), locate)
        shares = 1 + <uint32_t>self.below(self.books.orders[slot].shares - 1)
        store64(cancel.order_reference, self.books.orders[slot].reference)
        store32(cancel.cancelled_shares, shares)
        self.books.reduce(slot, shares)

    cdef void delete(self, uint32_t locate) noexcept nogil:
        cdef Symbol* symbol = &self.symbols[locate]
        cdef uint32_t slot = symbol.live[self.below(symbol.count)]
        cdef layout.order_delete* delete = <layout.order_delete*>self.message(c"D", sizeof(layout.order_delete), locate)
        store64(delete.order_reference, self.books.orders[slot].reference)
        self.kill(locate, slot)

    cdef void execute(self, uint32_t locate, uint64_t left) noexcept nogil:
        """A marketable order takes from the head of the best queues of the other side until its shares are gone."""
        cdef int64_t centre = (self.best_ticks(locate, 0) + self.best_ticks(locate, 1)) // 2
        cdef int64_t mid = self.symbols[locate].mid_ticks
        # of 10 that the taker buys: follows the mid
        cdef uint64_t lean = 8 if mid > centre else 2 if mid < centre else 5
        cdef uint32_t maker_side = 1 if self.below(10) < lean else 0
        cdef uint32_t shares = self.size(), fills = 0, level, slot, traded, price
        cdef layout.order_executed* executed
        cdef layout.order_executed_with_price* priced
        while shares and fills < LONGEST_BURST and fills < left:
            level = self.books.best_level(2 * locate + maker_side)
            if level == NONE or (self.books.sides[2 * locate + maker_side].count == 1 and fills):
                break
            slot = self.books.levels[level].head
            traded = min(shares, self.books.orders[slot].shares)
            price = self.books.orders[slot].price
            self.match += 1
            if self.below(64) == 0:
                priced = <layout.order_executed_with_price*>self.message(
                    c"C", sizeof(layout.order_executed_with_price), locate)
                store64(priced.order_reference, self.books.orders[slot].reference)
                store32(priced.executed_shares, traded)
                store64(priced.match_number, self.match)
                priced.printable = c"Y"
                if self.random() & 1 and price > TICK:  # price improvement of a tick for the taker
                    price = price - TICK if maker_side else price + TICK
                store32(priced.execution_price, price)
            else:
                executed = <layout.order_executed*>self.message(c"E", sizeof(layout.order_executed), locate)
                store64(executed.order_reference, self.books.orders[slot].reference)
                store32(executed.executed_shares, traded)
                store64(executed.match_number, self.match)
            self.take(locate, slot, traded)
            shares -= traded
            fills += 1
        if fills == 0:
            self.add(locate)
