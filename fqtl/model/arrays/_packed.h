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
#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* A row's values as counts of steps from its end `low`; 3 for 0 where that is neither end nor
 * middle, and 4 for what is no count. `seen` (5) is how often each occurs. */
FQTL_CLONES static void count_row(const float *x, ptrdiff_t n, float off, float zero,
                                  uint8_t *counts, float *ends, ptrdiff_t *seen) {
    float low = x[0], high = x[0];
    _Pragma("omp simd reduction(min : low) reduction(max : high)") for (ptrdiff_t i = 0; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    float middle = (low + high) / 2, width = off * (high - low);
    int32_t lows = 0, highs = 0, middles = 0, zeros = 0;
    _Pragma("omp simd reduction(+ : lows, highs, middles, zeros)") for (ptrdiff_t i = 0; i < n; i++) {
        float v = x[i], from_middle = fabsf(v - middle), size = fabsf(v);
        int32_t is_low = v == low, is_high = (v == high) & (is_low ^ 1), is_end = is_low | is_high;
        int32_t is_middle = (from_middle <= width) & (is_end ^ 1);
        int32_t is_zero = (size <= zero) & ((is_end | is_middle) ^ 1);
        int32_t is_none = (is_end | is_middle | is_zero) ^ 1;
        lows += is_low, highs += is_high, middles += is_middle, zeros += is_zero;
        counts[i] = (uint8_t)(is_middle + 2 * is_high + 3 * is_zero + 4 * is_none);
    }
    ends[0] = low, ends[1] = high;
    seen[0] = lows, seen[1] = middles, seen[2] = highs, seen[3] = zeros;
    seen[4] = n - lows - highs - middles - zeros;
}

/* counts[i] = to[counts[i]] */
FQTL_CLONES static void recode_row(uint8_t *counts, ptrdiff_t n, const uint8_t *to) {
    uint8_t zero = to[0], one = to[1], two = to[2];
    _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {
        uint8_t g = counts[i];
        counts[i] = g == 0 ? zero : g == 1 ? one : g == 2 ? two : g;
    }
}

#define FQTL_LANES 32    /* of a group: four vectors, for which a table is loaded once */
#define FQTL_PER_WORD 10 /* codes */
#define FQTL_ENTRIES 8   /* of a table */

/* Bits of up to 30 items in one lane: words of counts of 1 or 2, and of 2. */
FQTL_CLONES static void pack_along(const uint8_t *counts, ptrdiff_t items, uint32_t *once,
                                   uint32_t *twice) {
    uint32_t first = 0, second = 0;
    _Pragma("omp simd reduction(| : first, second)") for (ptrdiff_t k = 0; k < items; k++) {
        first |= (uint32_t)(counts[k] == 1 || counts[k] == 2) << k;
        second |= (uint32_t)(counts[k] == 2) << k;
    }
    *once = first, *twice = second;
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
