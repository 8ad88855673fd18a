/* What positions are worth and need, and sums of that over an account: docs/risk.md, "What an account is worth".
   A sum has 96 bits: 2^31 positions of 2^62 each are below 2^93, and four of them fit into a cache line with the rest. */
#ifndef OPENBELL_SUMS_H
#define OPENBELL_SUMS_H
#include <stdint.h>

typedef __int128 ob_wide;

/* |lots| x price x multiplier, at most `most`; price and multiplier >= 0 */
static inline int64_t ob_worth(int64_t lots, int64_t price, int64_t multiplier, int64_t most) {
    uint64_t size = lots < 0 ? 0 - (uint64_t)lots : (uint64_t)lots;
    uint64_t unit, all;
    if (__builtin_expect(__builtin_mul_overflow((uint64_t)price, (uint64_t)multiplier, &unit), 0)) return size ? most : 0;
    if (__builtin_expect(__builtin_mul_overflow(size, unit, &all), 0)) return most;
    return all > (uint64_t)most ? most : (int64_t)all;
}

/* amount x rate / 10^4, rounded down, at most `most`; amount >= 0 */
static inline int64_t ob_part(int64_t amount, uint32_t rate, int64_t most) {
    uint64_t all;
    unsigned __int128 wide;
    if (__builtin_expect(!__builtin_mul_overflow((uint64_t)amount, (uint64_t)rate, &all), 1)) return (int64_t)(all / 10000);
    wide = (unsigned __int128)(uint64_t)amount * rate / 10000;
    return wide > (unsigned __int128)(uint64_t)most ? most : (int64_t)wide;
}

static inline ob_wide ob_sum(uint64_t low, int32_t high) { return (ob_wide)((unsigned __int128)(ob_wide)high << 64 | low); }

/* One of the amounts in a sum is another one now. */
static inline void ob_move_sum(uint64_t *low, int32_t *high, int64_t before, int64_t after) {
    ob_wide sum = ob_sum(*low, *high) + after - before;
    *low = (uint64_t)sum;
    *high = (int32_t)(sum >> 64);
}

static inline ob_wide ob_equity(int64_t cash, int64_t withdrawals, ob_wide value) {
    return (ob_wide)cash - withdrawals + value;
}

static inline ob_wide ob_both(int64_t a, int64_t b) { return (ob_wide)a + b; }

/* One sum becomes part of another one, or leaves it. */
static inline void ob_add_sum(uint64_t *low, int32_t *high, ob_wide amount) {
    ob_wide sum = ob_sum(*low, *high) + amount;
    *low = (uint64_t)sum;
    *high = (int32_t)(sum >> 64);
}

static inline ob_wide ob_gap(uint64_t after, uint64_t before) { return (ob_wide)after - (ob_wide)before; }

static inline ob_wide ob_size(ob_wide a) { return a < 0 ? -a : a; }

static inline ob_wide ob_plus(ob_wide a, ob_wide b) { return a + b; }
static inline ob_wide ob_less(ob_wide a, ob_wide b) { return a - b; }

/* To the bounds of an i64. */
static inline int64_t ob_cut(ob_wide a) { return a > INT64_MAX ? INT64_MAX : a < INT64_MIN ? INT64_MIN : (int64_t)a; }

static inline int ob_is_below(ob_wide a, ob_wide b) { return a < b; }

/* Whether equity x 10^4 < maintenance x rate, of which neither is beyond 2^95 and rate is below 2^20. */
static inline int ob_is_short(ob_wide equity, ob_wide maintenance, int64_t rate) { return equity * 10000 < maintenance * rate; }

#endif
