"""Each movement of cash and lots as a row of the table of transfers: who gives what to whom. See docs/database.md."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.copying cimport Rows
from ext.wire cimport AdminCommand, Event

cdef enum:
    MOST_CURRENCIES = 8     # as many as the core takes
    LONGEST_CURRENCY = 24   # bytes of UTF-8 that 8 bytes of anything come to


cdef struct Transfer:
    uint32_t payer          # pays the cash, gets the lots; ANY: the house
    uint32_t payee          # likewise
    uint32_t house          # HouseAccount; 0: it is none of the two
    uint32_t currency       # its number
    int64_t cash
    int64_t lots
    uint32_t instrument     # ANY: none
    int component           # -1: none
    uint64_t trade_id       # 0: none; as the next three
    uint64_t order_id
    uint64_t reference
    uint64_t account_seq


cdef struct Half:  # what one side of a trade told
    uint64_t trade_id
    uint32_t instrument
    uint32_t account


cdef struct Currency:
    uint64_t raw            # as in the core
    uint32_t length
    char text[LONGEST_CURRENCY]


cdef struct Listed:  # an instrument
    int64_t multiplier      # cash units a price unit and lot; 0: it is not set up
    uint32_t currency


cdef struct Customer:
    uint32_t currency
    uint32_t is_set


cdef class Transfers:
    cdef Rows rows
    cdef Half fill              # of the trade whose other side is to come
    cdef uint32_t[2] buyers     # of the trade that is being busted; of what is instead
    cdef Listed* instruments
    cdef size_t instrument_room
    cdef Customer* accounts
    cdef size_t account_room
    cdef Currency[MOST_CURRENCIES] currencies
    cdef uint32_t currency_count
    cdef uint64_t seq           # of the last row
    cdef uint32_t number        # of the next row of it

    cdef int list_currency(self, uint64_t raw, uint32_t* number) noexcept nogil
    cdef int list_instrument(self, uint32_t instrument, int64_t lot_size, uint64_t currency) noexcept nogil
    cdef int list_account(self, uint32_t account, uint64_t currency) noexcept nogil
    cdef int write(self, const Event* e, const Transfer* t) noexcept nogil
    cdef int trade(self, const Event* e, uint32_t payer, uint32_t payee) noexcept nogil
    cdef int add_fill(self, const Event* e) noexcept nogil
    cdef int add_amended(self, const Event* e) noexcept nogil
    cdef int add_moved(self, const Event* e, const AdminCommand* c) noexcept nogil
    cdef int add(self, const Event* e, const AdminCommand* c) noexcept nogil
