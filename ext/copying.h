/* Fields of PostgreSQL's binary COPY format: a length of 4 bytes, then the value, big endian. */
#ifndef OPENBELL_COPYING_H
#define OPENBELL_COPYING_H
#include <stdint.h>
#include <string.h>

static inline unsigned char *ob_put_count(unsigned char *to, uint16_t fields) {
    uint16_t swapped = __builtin_bswap16(fields);
    memcpy(to, &swapped, 2);
    return to + 2;
}

static inline unsigned char *ob_put_8(unsigned char *to, uint64_t value) {
    uint32_t length = __builtin_bswap32(8);
    uint64_t swapped = __builtin_bswap64(value);
    memcpy(to, &length, 4);
    memcpy(to + 4, &swapped, 8);
    return to + 12;
}

static inline unsigned char *ob_put_4(unsigned char *to, uint32_t value) {
    uint32_t both[2] = {__builtin_bswap32(4), __builtin_bswap32(value)};
    memcpy(to, both, 8);
    return to + 8;
}

static inline unsigned char *ob_put_2(unsigned char *to, uint16_t value) {
    uint32_t length = __builtin_bswap32(2);
    uint16_t swapped = __builtin_bswap16(value);
    memcpy(to, &length, 4);
    memcpy(to + 4, &swapped, 2);
    return to + 6;
}

static inline unsigned char *ob_put_1(unsigned char *to, uint8_t value) {
    uint32_t length = __builtin_bswap32(1);
    memcpy(to, &length, 4);
    to[4] = value;
    return to + 5;
}

static inline unsigned char *ob_put_text(unsigned char *to, const char *text, uint32_t length) {
    uint32_t swapped = __builtin_bswap32(length);
    memcpy(to, &swapped, 4);
    memcpy(to + 4, text, length);
    return to + 4 + length;
}

static inline unsigned char *ob_put_null(unsigned char *to) {
    memset(to, 0xFF, 4);
    return to + 4;
}

/* timestamptz: microseconds since 2000-01-01 UTC; toward the past */
static inline unsigned char *ob_put_time(unsigned char *to, int64_t ts_ns) {
    int64_t us = ts_ns / 1000 - (ts_ns % 1000 < 0);
    return ob_put_8(to, (uint64_t)(us - 946684800000000LL));
}
#endif
