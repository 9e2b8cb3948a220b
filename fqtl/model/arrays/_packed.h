/* Sums over bits of three items at a time, looked up instead of multiplied.
 *
 * A code of three bits says which of three items (donors, or variants) count; a table of 8 floats
 * says what a code adds, so that a vector of 8 lanes takes one permutation, one addition and one
 * shift for 24 bits. Ten codes share a word of 32 bits: both bits of 838 donors times 5,000 variants
 * are 1.1 MB, which stay in the cache of a core. What bounds the loop is arithmetic. Every lane adds
 * the same numbers in the same order with or without AVX2.
 */
#ifndef FQTL_PACKED_H
#define FQTL_PACKED_H
#include "_clones.h"
#include <stddef.h>
#include <stdint.h>

#define FQTL_LANES 32    /* of a group: four vectors, for which a table is loaded once */
#define FQTL_PER_WORD 10 /* codes */
#define FQTL_ENTRIES 8   /* of a table */

/* Every other bit of a word, from the first, side by side. */
static inline uint32_t even_bits(uint32_t x) {
    x &= 0x55555555;
    x = (x | x >> 1) & 0x33333333;
    x = (x | x >> 2) & 0x0f0f0f0f;
    x = (x | x >> 4) & 0x00ff00ff;
    return (x | x >> 8) & 0xffff;
}

/* Bits of one lane, an item after another: words of counts of 1 or 2, and of 2. Of two-bit codes, 16
 * to a word; words of a lane lie `stride` apart. */
FQTL_CLONES static void pack_along(const uint32_t *codes, ptrdiff_t n_codes, ptrdiff_t stride,
                                   ptrdiff_t words, uint32_t *once, uint32_t *twice) {
    const int items = 3 * FQTL_PER_WORD;
    const uint64_t all = (UINT64_C(1) << items) - 1;
    uint64_t first = 0, second = 0;
    int held = 0;
    ptrdiff_t w = 0;
    for (ptrdiff_t c = 0; c < n_codes; c++) {
        uint32_t low = codes[c], high = codes[c] >> 1; /* both of what is missing */
        first |= (uint64_t)even_bits(low ^ high) << held;
        second |= (uint64_t)even_bits(high & ~low) << held;
        held += 16;
        if (held < items) continue;
        once[w * stride] = (uint32_t)(first & all), twice[w * stride] = (uint32_t)(second & all);
        first >>= items, second >>= items, held -= items, w++;
    }
    if (w < words) once[w * stride] = (uint32_t)first, twice[w * stride] = (uint32_t)second;
}

/* Bit k of up to 32 lanes, added to their words. */
FQTL_CLONES static void pack_across(const uint8_t *counts, ptrdiff_t lanes, int k, uint32_t *once,
                                    uint32_t *twice) {
    _Pragma("omp simd") for (ptrdiff_t lane = 0; lane < lanes; lane++) {
        uint32_t g = counts[lane];
        once[lane] |= (uint32_t)(g == 1 || g == 2) << k;
        twice[lane] |= (uint32_t)(g == 2) << k;
    }
}

/* sums (32 lanes) of codes (words, 32), by tables (words * 10, 8) */
static void lookup_portable(const uint32_t *codes, ptrdiff_t words, const float *tables,
                            float *sums) {
    for (int lane = 0; lane < FQTL_LANES; lane++) sums[lane] = 0;
    for (ptrdiff_t w = 0; w < words; w++) {
        float part[FQTL_LANES] = {0};
        for (int c = 0; c < FQTL_PER_WORD; c++) {
            const float *table = tables + (w * FQTL_PER_WORD + c) * FQTL_ENTRIES;
            for (int lane = 0; lane < FQTL_LANES; lane++)
                part[lane] += table[(codes[w * FQTL_LANES + lane] >> (3 * c)) & 7];
        }
        for (int lane = 0; lane < FQTL_LANES; lane++) sums[lane] += part[lane];
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define FQTL_HAS_AVX2 __builtin_cpu_supports("avx2")

__attribute__((target("avx2"))) static void
lookup_avx2(const uint32_t *codes, ptrdiff_t words, const float *tables, float *sums) {
    for (int v = 0; v < 4; v++) _mm256_storeu_ps(sums + 8 * v, _mm256_setzero_ps());
    for (ptrdiff_t w = 0; w < words; w++) {
        const __m256i *word = (const __m256i *)(codes + w * FQTL_LANES);
        const float *table = tables + w * FQTL_PER_WORD * FQTL_ENTRIES;
        __m256i a = _mm256_loadu_si256(word), b = _mm256_loadu_si256(word + 1);
        __m256i c = _mm256_loadu_si256(word + 2), d = _mm256_loadu_si256(word + 3);
        __m256 of_a = _mm256_setzero_ps(), of_b = of_a, of_c = of_a, of_d = of_a;
#pragma GCC unroll 1
        for (int k = 0; k < FQTL_PER_WORD; k++, table += FQTL_ENTRIES) {
            /* a permutation reads no more than three bits */
            __m256 entries = _mm256_loadu_ps(table);
            of_a = _mm256_add_ps(of_a, _mm256_permutevar8x32_ps(entries, a));
            of_b = _mm256_add_ps(of_b, _mm256_permutevar8x32_ps(entries, b));
            of_c = _mm256_add_ps(of_c, _mm256_permutevar8x32_ps(entries, c));
            of_d = _mm256_add_ps(of_d, _mm256_permutevar8x32_ps(entries, d));
            a = _mm256_srli_epi32(a, 3);
            b = _mm256_srli_epi32(b, 3);
            c = _mm256_srli_epi32(c, 3);
            d = _mm256_srli_epi32(d, 3);
        }
        _mm256_storeu_ps(sums, _mm256_add_ps(_mm256_loadu_ps(sums), of_a));
        _mm256_storeu_ps(sums + 8, _mm256_add_ps(_mm256_loadu_ps(sums + 8), of_b));
        _mm256_storeu_ps(sums + 16, _mm256_add_ps(_mm256_loadu_ps(sums + 16), of_c));
        _mm256_storeu_ps(sums + 24, _mm256_add_ps(_mm256_loadu_ps(sums + 24), of_d));
    }
}
#else
#define FQTL_HAS_AVX2 0
#define lookup_avx2 lookup_portable
#endif

/* sums (groups * 32) of codes (groups, words, 32) */
static void lookup_all(const uint32_t *codes, ptrdiff_t groups, ptrdiff_t words,
                       const float *tables, int wide, float *sums) {
    for (ptrdiff_t g = 0; g < groups; g++) {
        const uint32_t *of_group = codes + g * words * FQTL_LANES;
        if (wide) lookup_avx2(of_group, words, tables, sums + g * FQTL_LANES);
        else lookup_portable(of_group, words, tables, sums + g * FQTL_LANES);
    }
}

#endif
