"""Arithmetic of bits.h: 128-bit products, bit scans, prefetch."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "bits.h" nogil:
    uint64_t mulhi "ob_mulhi"(uint64_t a, uint64_t b) noexcept
    int64_t product "ob_product"(int64_t a, int64_t b, int64_t c) noexcept
    int64_t share "ob_share"(int64_t a, int64_t b, int64_t c) noexcept
    int64_t add_cut "ob_add"(int64_t a, int64_t b) noexcept
    void touch_page "ob_touch_page"(char* p) noexcept
    int lowest "ob_lowest"(uint64_t x) noexcept
    int highest "ob_highest"(uint64_t x) noexcept
    void prefetch "ob_prefetch"(const void* p) noexcept
    bint likely "ob_likely"(bint x) noexcept
    bint unlikely "ob_unlikely"(bint x) noexcept
