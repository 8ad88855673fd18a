/* Arithmetic that Cython cannot spell: 128-bit products, bit scans, prefetch. */
#ifndef OPENBELL_BITS_H
#define OPENBELL_BITS_H
#include <stdint.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

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

/* Eight bytes that lie anywhere, little endian as everything here. */
static inline uint64_t ob_word_at(const void *p) {
    uint64_t word;
    __builtin_memcpy(&word, p, 8);
    return word;
}
static inline void ob_put_word(void *p, uint64_t word) { __builtin_memcpy(p, &word, 8); }

/* a or b, by arithmetic: for choices that come as they like, where a branch would often be guessed wrong */
static inline uint32_t ob_pick(uint32_t which, uint32_t a, uint32_t b) {
    uint32_t mask = 0 - (uint32_t)(which != 0);
    __asm__("" : "+r"(mask)); /* keeps compilers from making a branch of it again */
    return (a & mask) | (b & ~mask);
}

/* Have the system give a page of memory now; what is in it stays. */
static inline void ob_touch_page(char *p) { __atomic_fetch_or(p, 0, __ATOMIC_RELAXED); }

/* Which of four cells, with only the bits of keep, are equal to value: one bit each. */
static inline uint32_t ob_match4(const uint32_t *cells, uint32_t keep, uint32_t value) {
#ifdef __SSE2__
    __m128i kept = _mm_and_si128(_mm_loadu_si128((const __m128i *)cells), _mm_set1_epi32((int)keep));
    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(kept, _mm_set1_epi32((int)value))));
#else
    uint32_t found = 0;
    for (int k = 0; k < 4; k++) found |= (uint32_t)((cells[k] & keep) == value) << k;
    return found;
#endif
}

static inline int ob_lowest32(uint32_t x) { return __builtin_ctz(x); }
static inline int ob_lowest(uint64_t x) { return __builtin_ctzll(x); }
static inline int ob_highest(uint64_t x) { return 63 - __builtin_clzll(x); }
static inline void ob_prefetch(const void *p) { __builtin_prefetch(p, 1, 3); }
static inline int ob_likely(int x) { return (int)__builtin_expect(!!x, 1); }
static inline int ob_unlikely(int x) { return (int)__builtin_expect(!!x, 0); }
#endif
