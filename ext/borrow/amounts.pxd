"""Arithmetic of claims.h: what interest, fees for borrowing, dividends and fractions of a split come to."""

from libc.stdint cimport int64_t

from ext.margin.sums cimport wide

cdef extern from "claims.h" nogil:
    int64_t interest_of "ob_interest"(
        wide base, int64_t debit, int64_t credit, int64_t days, int64_t year, int64_t most) noexcept
    int64_t borrow_fee_of "ob_borrow_fee"(
        int64_t lots, int64_t mark, int64_t multiplier, int64_t fee, int64_t days, int64_t most) noexcept
    int64_t scaled "ob_scaled"(int64_t amount, int64_t new_lots, int64_t old_lots) noexcept
    int64_t rest_of "ob_rest"(int64_t lots, int64_t whole, int64_t new_lots, int64_t old_lots) noexcept
    int64_t lieu_of "ob_lieu"(int64_t rest, int64_t price, int64_t multiplier, int64_t new_lots, int64_t most) noexcept
    int64_t released_by "ob_released"(int64_t cost, int64_t rest, int64_t lots, int64_t new_lots) noexcept
    wide due_with "ob_due_with"(int64_t due, int64_t lots, int64_t lot_size, int64_t amount) noexcept
