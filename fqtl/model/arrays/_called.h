/* Called genotypes in two bits: sixteen donors a word, codes 0 to 2 of a row's values and 3 of what is
 * missing. A row is read through a table of its four values, eight donors an instruction, so that what
 * bounds a pass is what is done with the values: the codes are a sixteenth of float32 rows.
 */
#ifndef FQTL_CALLED_H
#define FQTL_CALLED_H
#include "_clones.h"
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FQTL_DONORS 16 /* of a word */

#define FQTL_BYTES 240 /* that a sum of ones, a byte, can count */

/* How often each of codes 0 to 4 occurs. */
FQTL_CLONES static void count_codes(const uint8_t *codes, ptrdiff_t n, ptrdiff_t *seen) {
    for (int c = 0; c < 5; c++) seen[c] = 0;
    for (ptrdiff_t start = 0; start < n; start += FQTL_BYTES) {
        ptrdiff_t end = start + FQTL_BYTES < n ? start + FQTL_BYTES : n;
        uint8_t ones = 0, twos = 0, threes = 0, fours = 0;
        _Pragma("omp simd reduction(+ : ones, twos, threes, fours)") for (ptrdiff_t i = start;
                                                                          i < end; i++) {
            ones += codes[i] == 1, twos += codes[i] == 2;
            threes += codes[i] == 3, fours += codes[i] == 4;
        }
        seen[1] += ones, seen[2] += twos, seen[3] += threes, seen[4] += fours;
    }
    seen[0] = n - seen[1] - seen[2] - seen[3] - seen[4];
}

/* Codes of a row: 0 its smallest value, 2 its largest, 1 what is halfway between up to `off` of the
 * range, 3 what is missing, 4 what is none of these. `found` (3) are the values, `seen` (5) how often
 * each occurs. */
#define FQTL_CODE(NAME, REAL, SIZE)                                                                     \
    FQTL_CLONES static void code_##NAME(const REAL *x, ptrdiff_t n, double off, uint8_t *codes,    \
                                        double *found, ptrdiff_t *seen) {                          \
        REAL low = (REAL)INFINITY, high = -(REAL)INFINITY;                                            \
        _Pragma("omp simd reduction(min : low) reduction(max : high)") for (ptrdiff_t i = 0;       \
                                                                            i < n; i++) {          \
            low = x[i] < low ? x[i] : low;                                                         \
            high = x[i] > high ? x[i] : high;                                                      \
        }                                                                                          \
        REAL middle = (low + high) / 2, width = (REAL)off * (high - low);                          \
        _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                                    \
            REAL v = x[i], from_middle = SIZE(v - middle);                                         \
            int32_t code = v == v ? 4 : 3;                                                         \
            code = from_middle <= width ? 1 : code;                                                \
            code = v == high ? 2 : code;                                                           \
            codes[i] = (uint8_t)(v == low ? 0 : code);                                             \
        }                                                                                          \
        count_codes(codes, n, seen);                                                               \
        ptrdiff_t first = 0;                                                                       \
        while (seen[1] && codes[first] != 1) first++;                                              \
        REAL at = x[first]; /* of no meaning where there is no middle */                           \
        found[0] = low, found[1] = at, found[2] = high;                                            \
    }

FQTL_CODE(float, float, fabsf)
FQTL_CODE(double, double, fabs)

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FQTL_FIRST_BYTE_LOW(x) __builtin_bswap64(x)
#else
#define FQTL_FIRST_BYTE_LOW(x) (x)
#endif

/* Two bits of each of eight bytes, side by side, and back. */
static inline uint32_t bits_of_bytes(const uint8_t *codes) {
    uint64_t x;
    memcpy(&x, codes, sizeof x);
    x = FQTL_FIRST_BYTE_LOW(x);
    x = (x | x >> 6) & UINT64_C(0x000f000f000f000f);
    x = (x | x >> 12) & UINT64_C(0x000000ff000000ff);
    return (uint32_t)((x | x >> 24) & 0xffff);
}

static inline void bytes_of_bits(uint32_t bits, uint8_t *codes) {
    uint64_t x = bits;
    x = (x | x << 24) & UINT64_C(0x000000ff000000ff);
    x = (x | x << 12) & UINT64_C(0x000f000f000f000f);
    x = FQTL_FIRST_BYTE_LOW((x | x << 6) & UINT64_C(0x0303030303030303));
    memcpy(codes, &x, sizeof x);
}

/* Words of codes, each replaced, in place, by to[code]. There are zeros behind them, up to 16. */
FQTL_CLONES static void pack_codes(uint8_t *codes, ptrdiff_t n, const uint8_t *to, uint32_t *words) {
    uint8_t zero = to[0], one = to[1], two = to[2];
    _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {
        uint8_t c = codes[i], new = c == 2 ? two : 3;
        new = c == 1 ? one : new;
        codes[i] = c == 0 ? zero : new;
    }
    for (ptrdiff_t w = 0; w * FQTL_DONORS < n; w++) {
        const uint8_t *of_word = codes + w * FQTL_DONORS;
        words[w] = bits_of_bytes(of_word) | bits_of_bytes(of_word + 8) << 16;
    }
}

/* Codes of n donors from their words. */
FQTL_CLONES static void unpack_codes(const uint32_t *words, ptrdiff_t n, uint8_t *codes) {
    ptrdiff_t whole = n / FQTL_DONORS;
    for (ptrdiff_t w = 0; w < whole; w++) {
        bytes_of_bits(words[w] & 0xffff, codes + w * FQTL_DONORS);
        bytes_of_bits(words[w] >> 16, codes + w * FQTL_DONORS + 8);
    }
    for (ptrdiff_t i = whole * FQTL_DONORS; i < n; i++)
        codes[i] = (uint8_t)((words[i / FQTL_DONORS] >> (2 * (i % FQTL_DONORS))) & 3);
}

/* A number that words of the same codes have in common. */
static uint64_t hash_words(const uint32_t *words, ptrdiff_t n_words) {
    uint64_t hash = 0;
    for (ptrdiff_t w = 0; w < n_words; w++) {
        hash = (hash ^ words[w]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash;
}

static void decode_some(const uint32_t *words, ptrdiff_t first, ptrdiff_t n, const float *values,
                        float *x) {
    for (ptrdiff_t i = first; i < n; i++)
        x[i] = values[(words[i / FQTL_DONORS] >> (2 * (i % FQTL_DONORS))) & 3];
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define FQTL_DECODES_WIDE __builtin_cpu_supports("avx2")

__attribute__((target("avx2"))) static void decode_avx2(const uint32_t *words, ptrdiff_t n,
                                                        const float *values, float *x) {
    /* twice: of the three bits that a permutation reads the third belongs to the next donor */
    __m256 table = _mm256_setr_ps(values[0], values[1], values[2], values[3], values[0], values[1],
                                  values[2], values[3]);
    __m256i low = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
    __m256i high = _mm256_setr_epi32(16, 18, 20, 22, 24, 26, 28, 30);
    ptrdiff_t whole = n / FQTL_DONORS;
    for (ptrdiff_t w = 0; w < whole; w++) {
        __m256i word = _mm256_set1_epi32((int)words[w]);
        float *to = x + w * FQTL_DONORS;
        _mm256_storeu_ps(to, _mm256_permutevar8x32_ps(table, _mm256_srlv_epi32(word, low)));
        _mm256_storeu_ps(to + 8, _mm256_permutevar8x32_ps(table, _mm256_srlv_epi32(word, high)));
    }
    decode_some(words, whole * FQTL_DONORS, n, values, x);
}
#else
#define FQTL_DECODES_WIDE 0
#define decode_avx2(words, n, values, x) decode_some(words, 0, n, values, x)
#endif

/* Values (n) of a row's words. */
static void decode_row(const uint32_t *words, ptrdiff_t n, const float *values, int wide, float *x) {
    if (wide) decode_avx2(words, n, values, x);
    else decode_some(words, 0, n, values, x);
}

#endif
