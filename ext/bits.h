/* Arithmetic that Cython cannot spell: 128-bit products, bit scans, prefetch. */
#ifndef OPENBELL_BITS_H
#define OPENBELL_BITS_H
#include <stdint.h>

static inline uint64_t ob_mulhi(uint64_t a, uint64_t b) { return (uint64_t)(((unsigned __int128)a * b) >> 64); }

/* (a * b) * c, cut to INT64_MAX; all operands >= 0 */
static inline int64_t ob_product(int64_t a, int64_t b, int64_t c) {
    int64_t ab, abc;
    if (__builtin_mul_overflow(a, b, &ab) || __builtin_mul_overflow(ab, c, &abc)) {
        unsigned __int128 wide;
        if (a == 0 || b == 0 || c == 0) return 0;
        if (__builtin_mul_overflow((unsigned __int128)a * (uint64_t)b, (unsigned __int128)c, &wide)) return INT64_MAX;
        return wide > (unsigned __int128)INT64_MAX ? INT64_MAX : (int64_t)wide;
    }
    return abc;
}

/* a * b / c toward zero, the product through 128 bits; the caller sees to |b| <= |c|, so that the result fits */
static inline int64_t ob_share(int64_t a, int64_t b, int64_t c) {
    int64_t ab;
    if (!__builtin_mul_overflow(a, b, &ab)) return ab / c;
    return (int64_t)((__int128)a * b / c);
}

/* a + b, cut to the range of int64 */
static inline int64_t ob_add(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

/* Have the system give a page of memory now; what is in it stays. */
static inline void ob_touch_page(char *p) { __atomic_fetch_or(p, 0, __ATOMIC_RELAXED); }

static inline int ob_lowest(uint64_t x) { return __builtin_ctzll(x); }
static inline int ob_highest(uint64_t x) { return 63 - __builtin_clzll(x); }
static inline void ob_prefetch(const void *p) { __builtin_prefetch(p, 1, 3); }
static inline int ob_likely(int x) { return (int)__builtin_expect(!!x, 1); }
static inline int ob_unlikely(int x) { return (int)__builtin_expect(!!x, 0); }
#endif
