"""Arithmetic of sums.h: what lots are worth, parts of that, and sums over an account that have more than 64 bits."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "sums.h" nogil:
    ctypedef long long wide "ob_wide"  # 128 bits: only functions from here do anything with one
    int64_t worth "ob_worth"(int64_t lots, int64_t price, int64_t multiplier, int64_t most) noexcept
    int64_t part "ob_part"(int64_t amount, uint32_t rate, int64_t most) noexcept
    wide sum_of "ob_sum"(uint64_t low, int32_t high) noexcept
    void move_sum "ob_move_sum"(uint64_t* low, int32_t* high, int64_t before, int64_t after) noexcept
    wide equity "ob_equity"(int64_t cash, int64_t withdrawals, wide value) noexcept
    wide both "ob_both"(int64_t a, int64_t b) noexcept
    void add_sum "ob_add_sum"(uint64_t* low, int32_t* high, wide amount) noexcept
    wide gap "ob_gap"(uint64_t after, uint64_t before) noexcept
    wide size_of "ob_size"(wide a) noexcept
    wide plus "ob_plus"(wide a, wide b) noexcept
    wide less "ob_less"(wide a, wide b) noexcept
    int64_t cut "ob_cut"(wide a) noexcept
    bint is_below "ob_is_below"(wide a, wide b) noexcept
    bint is_short "ob_is_short"(wide equity, wide maintenance, int64_t rate) noexcept
