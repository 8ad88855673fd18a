"""A deterministic day of ITCH 5.0 order flow: a simulated market whose every execution hits the head of the best
queue.
"""

cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.itch.book cimport Books


cdef enum:              # the phases of the day, in order
    DAY_STARTS
    DIRECTORY            # R H Y L, each for all symbols
    LEVELS               # V
    SYSTEM_STARTS
    BEFORE_THE_OPEN      # flow, with K and O of one symbol
    OPENING_CROSS        # I and Q of every symbol, C of those executed in it
    MARKET_OPENS
    MORNING              # flow
    BREAKER              # W, then H of every symbol twice: halted and resumed
    AFTERNOON            # flow
    CLOSING_CROSS
    MARKET_CLOSES
    AFTER_THE_CLOSE      # flow
    SYSTEM_ENDS
    DAY_ENDS
    DONE


cdef struct Symbol:
    uint8_t name[8]
    int64_t mid_ticks
    uint32_t* live       # slots of its resting orders, in no order
    uint32_t count
    uint32_t capacity
    uint8_t state        # T trading, H halted


@cython.final
cdef class Generator:
    cdef Books books
    cdef Symbol* symbols
    cdef uint32_t* place_in_live  # order slot -> index in its symbol's live array
    cdef uint32_t place_capacity
    cdef uint32_t symbol_count
    cdef uint64_t random_state
    cdef uint64_t reference, match
    cdef readonly uint64_t messages       # written so far
    cdef readonly uint64_t total          # to write
    cdef int phase
    cdef uint64_t index                   # of the message within its phase
    cdef uint64_t quota[DONE]             # flow messages of each phase
    cdef uint64_t now_ns
    cdef uint32_t halted                  # symbol of the halt under way, 0 none
    cdef uint32_t halt_step
    cdef uint64_t halt_until              # message count that ends the step
    cdef bint halt_operational
    cdef unsigned char* out
    cdef bint out_of_memory

    cdef uint64_t random(self) noexcept nogil
    cdef uint64_t below(self, uint64_t limit) noexcept nogil
    cdef unsigned char* message(self, uint8_t kind, uint32_t length, uint32_t locate) noexcept nogil
    cdef void next(self) noexcept nogil
    cdef void advance(self, int phase) noexcept nogil
    cdef void system_event(self, uint8_t code) noexcept nogil
    cdef void directory(self) noexcept nogil
    cdef void levels_of_the_breaker(self) noexcept nogil
    cdef void direct_listing(self) noexcept nogil
    cdef void cross(self, uint8_t kind, int flow) noexcept nogil
    cdef void breaker(self) noexcept nogil
    cdef void trading_action(self, uint32_t locate, uint8_t state, const char* reason) noexcept nogil
    cdef void imbalance(self, uint32_t locate, uint8_t kind) noexcept nogil
    cdef void flow(self, uint64_t left) noexcept nogil
    cdef void halt(self) noexcept nogil
    cdef void rare(self, uint32_t locate) noexcept nogil
    cdef void add(self, uint32_t locate) noexcept nogil
    cdef void replace(self, uint32_t locate) noexcept nogil
    cdef void cancel(self, uint32_t locate) noexcept nogil
    cdef void delete(self, uint32_t locate) noexcept nogil
    cdef void execute(self, uint32_t locate, uint64_t left) noexcept nogil
    cdef void rest(self, uint32_t locate, uint32_t side, uint32_t shares, uint32_t price) noexcept nogil
    cdef void kill(self, uint32_t locate, uint32_t slot) noexcept nogil
    cdef void take(self, uint32_t locate, uint32_t slot, uint32_t shares) noexcept nogil
    cdef uint32_t size(self) noexcept nogil
    cdef uint32_t passive_price(self, uint32_t locate, uint32_t side) noexcept nogil
    cdef int64_t best_ticks(self, uint32_t locate, uint32_t side) noexcept nogil
