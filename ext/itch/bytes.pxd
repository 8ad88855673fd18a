"""Big-endian loads and stores of the widths ITCH has; compilers turn each into one load and one byte swap."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef inline uint16_t load16(const unsigned char* p) noexcept nogil:
    return <uint16_t>((<uint16_t>p[0] << 8) | p[1])


cdef inline uint32_t load32(const unsigned char* p) noexcept nogil:
    return (<uint32_t>p[0] << 24) | (<uint32_t>p[1] << 16) | (<uint32_t>p[2] << 8) | <uint32_t>p[3]


cdef inline uint64_t load48(const unsigned char* p) noexcept nogil:
    return (<uint64_t>load16(p) << 32) | load32(p + 2)


cdef inline uint64_t load64(const unsigned char* p) noexcept nogil:
    return (<uint64_t>load32(p) << 32) | load32(p + 4)


cdef inline void store16(unsigned char* p, uint16_t value) noexcept nogil:
    p[0] = <unsigned char>(value >> 8)
    p[1] = <unsigned char>value


cdef inline void store32(unsigned char* p, uint32_t value) noexcept nogil:
    p[0] = <unsigned char>(value >> 24)
    p[1] = <unsigned char>(value >> 16)
    p[2] = <unsigned char>(value >> 8)
    p[3] = <unsigned char>value


cdef inline void store48(unsigned char* p, uint64_t value) noexcept nogil:
    store16(p, <uint16_t>(value >> 32))
    store32(p + 2, <uint32_t>value)


cdef inline void store64(unsigned char* p, uint64_t value) noexcept nogil:
    store32(p, <uint32_t>(value >> 32))
    store32(p + 4, <uint32_t>value)
