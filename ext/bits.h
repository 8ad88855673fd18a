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

/* Whether a * b * c does not go beyond 63 bits, and the product. */
static inline int ob_product_fits(int64_t a, int64_t b, int64_t c, int64_t *abc) {
    int64_t ab;
    return !__builtin_mul_overflow(a, b, &ab) && !__builtin_mul_overflow(ab, c, abc);
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

/* What a component of a plan of fees takes, in cash units: docs/ledger.md, "Fees". Exact in units of 1e-9 cash until it is
   rounded: the terms' ranges keep all products within 120 bits. |the result| <= most. */
static inline int64_t ob_fee(int64_t per_share, int64_t of_notional, int64_t per_order, int64_t minimum, int64_t maximum,
                             int64_t most_of_notional, int64_t rounding, int up, int down, int64_t shares, int64_t notional,
                             int64_t most) {
    const __int128 scale = 1000000000;
    const __int128 step = scale * (rounding > 0 ? rounding : 1);
    __int128 raw = (__int128)per_share * shares * 1000000 + (__int128)of_notional * notional + scale * per_order;
    __int128 steps, rest, amount;
    if (raw >= 0) {
        if (raw < scale * minimum) raw = scale * minimum;
        if (maximum && raw > scale * maximum) raw = scale * maximum;
        if (most_of_notional && raw > (__int128)most_of_notional * notional) raw = (__int128)most_of_notional * notional;
    }
    if (raw == (int64_t)raw && step == (int64_t)step) { /* the usual: division of 64 bits takes a fraction of the time */
        steps = (int64_t)raw / (int64_t)step;
        rest = (int64_t)raw % (int64_t)step;
    } else {
        steps = raw / step;
        rest = raw % step;
    }
    if (rest < 0) rest = -rest;
    if (up ? rest > 0 : !down && 2 * rest >= step) steps += raw < 0 ? -1 : 1;
    amount = steps * (rounding > 0 ? rounding : 1);
    return (int64_t)(amount > most ? most : amount < -most ? -most : amount);
}

/* amount * rate / 1000000 + number * each, both rounded down, cut to most; all operands >= 0 */
static inline int64_t ob_reserve(int64_t amount, int64_t rate, int64_t number, int64_t each, int64_t most) {
    int64_t part, whole;
    __int128 sum;
    if (!__builtin_mul_overflow(amount, rate, &part) && !__builtin_mul_overflow(number, each, &whole) &&
        !__builtin_add_overflow(part / 1000000, whole, &whole))
        return whole > most ? most : whole;
    sum = (__int128)amount * rate / 1000000 + (__int128)number * each;
    return sum > most ? most : (int64_t)sum;
}

/* A balance of 128 bits in two words, and an amount. */
static inline void ob_add_wide(uint64_t *low, int64_t *high, int64_t amount) {
    unsigned __int128 sum = ((unsigned __int128)(uint64_t)*high << 64 | *low) + (unsigned __int128)(__int128)amount;
    *low = (uint64_t)sum;
    *high = (int64_t)(uint64_t)(sum >> 64);
}

/* sum + a * b, cut to UINT64_MAX */
static inline uint64_t ob_add_product(uint64_t sum, uint64_t a, uint64_t b) {
    uint64_t ab, whole;
    if (__builtin_mul_overflow(a, b, &ab) || __builtin_add_overflow(sum, ab, &whole)) return UINT64_MAX;
    return whole;
}

/* Whether a + a is within 64 bits. */
static inline int ob_doubles(int64_t a) {
    int64_t sum;
    return !__builtin_add_overflow(a, a, &sum);
}

/* Eight bytes that lie anywhere, little endian as everything here. */
static inline uint64_t ob_word_at(const void *p) {
    uint64_t word;
    __builtin_memcpy(&word, p, 8);
    return word;
}
static inline uint32_t ob_half_at(const void *p) {
    uint32_t half;
    __builtin_memcpy(&half, p, 4);
    return half;
}
static inline uint16_t ob_quarter_at(const void *p) {
    uint16_t quarter;
    __builtin_memcpy(&quarter, p, 2);
    return quarter;
}
static inline void ob_put_word(void *p, uint64_t word) { __builtin_memcpy(p, &word, 8); }
static inline void ob_put_half(void *p, uint32_t half) { __builtin_memcpy(p, &half, 4); }
/* Two and four words that lie anywhere, copied at once: for memcpy gcc 12 also leaves a copy on the stack. */
static inline void ob_copy_pair(void *to, const void *from) {
#ifdef __SSE2__
    _mm_storeu_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
#else
    __builtin_memcpy(to, from, 16);
#endif
}
static inline void ob_copy_four(void *to, const void *from) {
#ifdef __AVX__
    _mm256_storeu_si256((__m256i *)to, _mm256_loadu_si256((const __m256i *)from));
#else
    ob_copy_pair(to, from);
    ob_copy_pair((char *)to + 16, (const char *)from + 16);
#endif
}

/* a or b, by arithmetic: for choices that come as they like, where a branch would often be guessed wrong */
static inline uint32_t ob_pick(uint32_t which, uint32_t a, uint32_t b) {
#ifdef __x86_64__
    __asm__("testl %1, %1\n\tcmovnel %2, %0" : "+r"(b) : "r"(which), "rm"(a) : "cc");
    return b;
#else
    uint32_t mask = 0 - (uint32_t)(which != 0);
    __asm__("" : "+r"(mask)); /* keeps compilers from making a branch of it again */
    return (a & mask) | (b & ~mask);
#endif
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
/* Whether `count` commands of `stride` bytes begin with seq + 1, seq + 2, ..., times that never fall from ts_ns >= 0 on, and
   a kind within 1..largest: four words at once (the fourth is nothing here), differences and signs gathered. */
typedef int64_t ob_words __attribute__((vector_size(32)));
static inline int ob_are_in_order(const char *c, int64_t count, size_t stride, uint64_t seq, int64_t ts_ns, int64_t largest) {
    const ob_words one = {1, 0, 0, 0}, time = {0, -1, 0, 0}, kind = {0, 0, 0xFFFF, 0};
    const ob_words least = {0, 0, 1, 0}, most = {0, 0, largest, 0};
    ob_words before = {(int64_t)seq, ts_ns, 0, 0}, steps = {0, 0, 0, 0}, signs = {0, 0, 0, 0};
    for (int64_t k = 0; k < count; k++, c += stride) {
        ob_words now, step, which;
        __builtin_prefetch(c + 1024);
        __builtin_memcpy(&now, c, sizeof now);
        step = now - before;
        which = now & kind;
        steps |= step ^ one;
        signs |= ((step | now) & time) | (which - least) | (most - which);
        before = now;
    }
    return steps[0] == 0 && (signs[1] | signs[2]) >= 0;
}

/* Whether so many bytes, a multiple of 8, are all 0. */
static inline int ob_is_zero(const unsigned char *data, size_t length) {
    uint64_t all = 0;
    for (size_t k = 0; k < length; k += 8) all |= ob_word_at(data + k);
    return all == 0;
}

#define ob_likely(x) __builtin_expect(!!(x), 1)
#define ob_unlikely(x) __builtin_expect(!!(x), 0)
#endif
