/* CRC32C (Castagnoli): by the processor's instruction where this is compiled for one that has it, by table otherwise.
   Define OB_CRC32C_TABLE to have the table in any case. State is carried inverted: begin with 0, no last step. */
#ifndef OPENBELL_CRC32C_H
#define OPENBELL_CRC32C_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE4_2__) && defined(__x86_64__) && !defined(OB_CRC32C_TABLE)
#include <nmmintrin.h>
#define OB_CRC32C_INSTRUCTION 1
#define OB_CRC_STEP_8(crc, value) ((uint32_t)_mm_crc32_u64((crc), (value)))
#define OB_CRC_STEP_4(crc, value) _mm_crc32_u32((crc), (value))
#define OB_CRC_STEP_1(crc, value) _mm_crc32_u8((crc), (value))
#elif defined(__ARM_FEATURE_CRC32) && !defined(OB_CRC32C_TABLE)
#include <arm_acle.h>
#define OB_CRC32C_INSTRUCTION 1
#define OB_CRC_STEP_8(crc, value) __crc32cd((crc), (value))
#define OB_CRC_STEP_4(crc, value) __crc32cw((crc), (value))
#define OB_CRC_STEP_1(crc, value) __crc32cb((crc), (value))
#else
#define OB_CRC32C_INSTRUCTION 0
static uint32_t ob_crc_table[8][256]; /* [k][b]: byte b followed by k zero bytes */

__attribute__((constructor)) static void ob_crc_fill(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
        ob_crc_table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int k = 1; k < 8; k++) {
            uint32_t before = ob_crc_table[k - 1][byte];
            ob_crc_table[k][byte] = before >> 8 ^ ob_crc_table[0][before & 255];
        }
}

static inline uint32_t OB_CRC_STEP_1(uint32_t crc, uint8_t value) {
    return crc >> 8 ^ ob_crc_table[0][(crc ^ value) & 255];
}

static inline uint32_t OB_CRC_STEP_4(uint32_t crc, uint32_t value) {
    crc ^= value;
    return ob_crc_table[3][crc & 255] ^ ob_crc_table[2][crc >> 8 & 255] ^ ob_crc_table[1][crc >> 16 & 255] ^
           ob_crc_table[0][crc >> 24];
}

static inline uint32_t OB_CRC_STEP_8(uint32_t crc, uint64_t value) {
    value ^= crc;
    return ob_crc_table[7][value & 255] ^ ob_crc_table[6][value >> 8 & 255] ^ ob_crc_table[5][value >> 16 & 255] ^
           ob_crc_table[4][value >> 24 & 255] ^ ob_crc_table[3][value >> 32 & 255] ^
           ob_crc_table[2][value >> 40 & 255] ^ ob_crc_table[1][value >> 48 & 255] ^ ob_crc_table[0][value >> 56];
}
#endif

/* The checksum of a record: of its length field, then of the command. `length` is a multiple of 8. */
static inline uint32_t ob_record_crc(uint32_t length_field, const unsigned char *command, uint32_t length) {
    uint32_t crc = OB_CRC_STEP_4(0xFFFFFFFFu, length_field);
    for (uint32_t at = 0; at < length; at += 8) {
        uint64_t word;
        memcpy(&word, command + at, 8);
        crc = OB_CRC_STEP_8(crc, word);
    }
    return ~crc;
}

/* The checksum of `length` bytes that follow those whose checksum is `crc` (0 for none). */
static inline uint32_t ob_crc32c(uint32_t crc, const unsigned char *data, size_t length) {
    crc = ~crc;
    for (; length >= 8; data += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        crc = OB_CRC_STEP_8(crc, word);
    }
    for (; length; data++, length--) crc = OB_CRC_STEP_1(crc, *data);
    return ~crc;
}

/* Whether all bytes are 0. */
static inline int ob_all_zero(const unsigned char *data, size_t length) {
    for (; length >= 64; data += 64, length -= 64) {
        uint64_t words[8];
        memcpy(words, data, 64);
        if (words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) return 0;
    }
    for (; length; data++, length--)
        if (*data) return 0;
    return 1;
}
#endif
