"""The scanner of length-prefixed ITCH 5.0 streams, and the record that every order and trade message becomes."""

cimport cython
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef packed struct Step:
    uint64_t ts_ns      # since midnight
    uint64_t reference  # A F E C X D U P: the order
    uint64_t other      # U: the new order reference; E C P Q B: the match number
    uint64_t shares     # A F U: of the order; E C X P Q: of this event
    uint32_t price      # 1e-4; A F U: of the order; C P Q: of the execution
    uint16_t locate
    uint8_t type        # the message type character
    uint8_t code        # A F P: side; C: printable; Q: cross type; S: event; H: trading state; h: halt action


cdef enum ScanStatus:
    SCAN_OK
    SCAN_WRONG_LENGTH
    SCAN_WRONG_SIDE
    SCAN_AFTER_END


@cython.final
cdef class Scanner:
    cdef uint64_t counts[256]
    cdef uint8_t symbols[65536][8]
    # bit 0: orders were entered; bit 1: one of them at a price off the cent; bit 2: a trading action came before them
    cdef uint8_t priced[65536]
    cdef uint64_t offset_bytes   # of the next message's length prefix in the stream
    cdef readonly uint64_t messages
    cdef readonly bint ended
    cdef unsigned char part[65540]
    cdef uint32_t part_bytes
    cdef Py_ssize_t decode(self, const unsigned char* data, Py_ssize_t size, Step* out, Py_ssize_t* taken,
                           ScanStatus* status) noexcept nogil
    cdef int message(self, const unsigned char* body, uint32_t length, Step* out) noexcept nogil
