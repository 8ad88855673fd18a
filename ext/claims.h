/* Amounts of interest, dividends and splits, through 128 bits: docs/borrow.md and docs/actions.md. */
#ifndef OPENBELL_CLAIMS_H
#define OPENBELL_CLAIMS_H
#include <stdint.h>

typedef unsigned __int128 ob_amount;

static inline int64_t ob_at_most(ob_amount amount, int64_t most) { return amount > (ob_amount)most ? most : (int64_t)amount; }
static inline uint64_t ob_magnitude(int64_t a) { return a < 0 ? 0 - (uint64_t)a : (uint64_t)a; }

/* What a balance costs (> 0, rounded up) or earns (< 0, truncated); the balance is within 2^66, a rate below 2^24. */
static inline int64_t ob_interest(__int128 base, int64_t debit, int64_t credit, int64_t days, int64_t year, int64_t most) {
    const ob_amount unit = (ob_amount)1000000 * (uint64_t)year;
    if (base < 0) return ob_at_most(((ob_amount)-base * (uint64_t)debit * (uint64_t)days + unit - 1) / unit, most);
    return -ob_at_most((ob_amount)base * (uint64_t)credit * (uint64_t)days / unit, most);
}

/* |lots| x mark x multiplier x fee x days / (10^6 x 360), rounded up. Of what is 2^92 or more in value this is more than
   2^62 wherever it is not 0: so far the products stay within 128 bits. */
static inline int64_t ob_borrow_fee(int64_t lots, int64_t mark, int64_t multiplier, int64_t fee, int64_t days, int64_t most) {
    const ob_amount unit = (ob_amount)1000000 * 360;
    ob_amount value = (ob_amount)ob_magnitude(lots) * (uint64_t)mark;
    if (value == 0 || fee == 0) return 0;
    if (value >> 92 || (value *= (uint64_t)multiplier) >> 92) return most;
    return ob_at_most((value * (uint64_t)fee * (uint64_t)days + unit - 1) / unit, most);
}

/* amount x new / old, truncated, cut to INT64_MAX; amount >= 0 */
static inline int64_t ob_scaled(int64_t amount, int64_t new_lots, int64_t old_lots) {
    return ob_at_most((ob_amount)(uint64_t)amount * (uint64_t)new_lots / (uint64_t)old_lots, INT64_MAX);
}

/* What is left of a split, in old-ths of a new lot; whole = lots x new / old */
static inline int64_t ob_rest(int64_t lots, int64_t whole, int64_t new_lots, int64_t old_lots) {
    return (int64_t)((__int128)lots * new_lots - (__int128)whole * old_lots);
}

/* The worth of that: rest x price x multiplier / new */
static inline int64_t ob_lieu(int64_t rest, int64_t price, int64_t multiplier, int64_t new_lots, int64_t most) {
    return ob_at_most((ob_amount)(uint64_t)rest * (uint64_t)price * (uint64_t)multiplier / (uint64_t)new_lots, most);
}

/* The part of a cost that goes with it: cost x rest / (lots x new), toward zero; lots > 0 */
static inline int64_t ob_released(int64_t cost, int64_t rest, int64_t lots, int64_t new_lots) {
    return (int64_t)((__int128)cost * rest / ((__int128)lots * new_lots));
}

/* due + lots x lot_size x amount: within 2^124 */
static inline __int128 ob_due_with(int64_t due, int64_t lots, int64_t lot_size, int64_t amount) {
    return due + (__int128)lots * lot_size * amount;
}

#endif
