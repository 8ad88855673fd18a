"""Arithmetic of bits.h: 128-bit products, bit scans, prefetch."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "bits.h" nogil:
    uint64_t mulhi "ob_mulhi"(uint64_t a, uint64_t b) noexcept
    int64_t product "ob_product"(int64_t a, int64_t b, int64_t c) noexcept
    bint product_fits "ob_product_fits"(int64_t a, int64_t b, int64_t c, int64_t* abc) noexcept
    int64_t share "ob_share"(int64_t a, int64_t b, int64_t c) noexcept
    int64_t add_cut "ob_add"(int64_t a, int64_t b) noexcept
    int64_t fee_of "ob_fee"(
        int64_t per_share, int64_t of_notional, int64_t per_order, int64_t minimum, int64_t maximum,
        int64_t most_of_notional, int64_t rounding, bint up, bint down, int64_t shares, int64_t notional, int64_t most,
    ) noexcept
    int64_t reserve_of "ob_reserve"(int64_t amount, int64_t rate, int64_t number, int64_t each, int64_t most) noexcept
    void add_wide "ob_add_wide"(uint64_t* low, int64_t* high, int64_t amount) noexcept
    uint64_t add_product "ob_add_product"(uint64_t sum, uint64_t a, uint64_t b) noexcept
    bint doubles "ob_doubles"(int64_t a) noexcept
    uint64_t word_at "ob_word_at"(const void* p) noexcept
    uint32_t half_at "ob_half_at"(const void* p) noexcept
    uint32_t quarter_at "ob_quarter_at"(const void* p) noexcept
    void put_word "ob_put_word"(void* p, uint64_t word) noexcept
    void put_half "ob_put_half"(void* p, uint32_t half) noexcept
    void copy_pair "ob_copy_pair"(void* to, const void* from_) noexcept  # of words
    void copy_four "ob_copy_four"(void* to, const void* from_) noexcept
    uint32_t pick "ob_pick"(uint32_t which, uint32_t a, uint32_t b) noexcept
    void touch_page "ob_touch_page"(char* p) noexcept
    bint are_in_order "ob_are_in_order"(
        const char* c, int64_t count, size_t stride, uint64_t seq, int64_t ts_ns, int64_t largest) noexcept
    uint32_t match4 "ob_match4"(const uint32_t* cells, uint32_t keep, uint32_t value) noexcept
    int lowest32 "ob_lowest32"(uint32_t x) noexcept
    int lowest "ob_lowest"(uint64_t x) noexcept
    int highest "ob_highest"(uint64_t x) noexcept
    void prefetch "ob_prefetch"(const void* p) noexcept
    bint is_zero "ob_is_zero"(const unsigned char* data, size_t length) noexcept
    bint likely "ob_likely"(bint x) noexcept
    bint unlikely "ob_unlikely"(bint x) noexcept
