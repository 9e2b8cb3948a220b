/* Exponentials and logarithms of many numbers at once, and what a single effect is made of.
 *
 * A compiler turns no call of libm into vectors without -ffast-math, so both are written out: an
 * argument is reduced to where a polynomial is good to the last bit or two. Sums run in an order
 * that the number of rows alone decides.
 */
#ifndef FQTL_PLACES_H
#define FQTL_PLACES_H
#include "_clones.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FQTL_ROUND 0x1.8p52  /* added to a double, rounds it to a whole number */
#define FQTL_ROUNDF 0x1.8p23f /* to a float */

static inline double of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* exp(x) for x between LOWEST and 0. What is lower is set to that in a loop of its own: in this one
 * it would be a branch. */
#define FQTL_LOWEST -700.0
#define FQTL_LOWEST_FLOAT -80.0f

static inline double exp_down(double x) {
    double shifted = x * 0x1.71547652b82fep+0 + FQTL_ROUND, k = shifted - FQTL_ROUND;
    double r = x - k * 0x1.62e42fefa39efp-1 - k * 0x1.abc9e3b39803fp-56;
    double y = 1.0 / 479001600;
    y = y * r + 1.0 / 39916800;
    y = y * r + 1.0 / 3628800;
    y = y * r + 1.0 / 362880;
    y = y * r + 1.0 / 40320;
    y = y * r + 1.0 / 5040;
    y = y * r + 1.0 / 720;
    y = y * r + 1.0 / 120;
    y = y * r + 1.0 / 24;
    y = y * r + 1.0 / 6;
    y = y * r + 0.5;
    y = y * r + 1.0;
    y = y * r + 1.0;
    /* the last bits of `shifted` are k */
    return y * of_bits((bits_of(shifted) + 1023) << 52);
}

/* The same in single precision. */
static inline float exp_down_float(float x) {
    float shifted = x * 0x1.715476p+0f + FQTL_ROUNDF, k = shifted - FQTL_ROUNDF;
    float r = x - k * 0x1.62e4p-1f - k * 0x1.7f7d1cp-20f;
    float y = 1.0f / 720;
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return y * scale;
}

/* ln(x) of a positive number that is not subnormal: 2 atanh((m - 1)/(m + 1)) for x = 2^e m */
static inline double log_of(double x) {
    uint64_t from_root = bits_of(x) - 0x3fe6a09e667f3bcdULL + (1024ULL << 52);
    uint64_t exponent = from_root >> 52; /* e + 1024 */
    double m = of_bits((from_root & 0x000fffffffffffffULL) + 0x3fe6a09e667f3bcdULL);
    double e = of_bits(exponent | 0x4330000000000000ULL) - 0x1p52 - 1024;
    double f = (m - 1) / (m + 1), s = f * f;
    double y = 2.0 / 19;
    y = y * s + 2.0 / 17;
    y = y * s + 2.0 / 15;
    y = y * s + 2.0 / 13;
    y = y * s + 2.0 / 11;
    y = y * s + 2.0 / 9;
    y = y * s + 2.0 / 7;
    y = y * s + 2.0 / 5;
    y = y * s + 2.0 / 3;
    y = y * s + 2.0;
    return e * 0x1.62e42fefa39efp-1 + (f * y + e * 0x1.abc9e3b39803fp-56);
}

/* precision_j, ln of its ratio to the prior's, mean_j, and ln(share_j odds BF_j); the largest. */
FQTL_CLONES static double log_odds_of_rows(const double *score, const double *information,
                                           const double *log_share, double prior, double log_odds,
                                           ptrdiff_t p, double *precision, double *log_ratio,
                                           double *mean, double *log_each) {
    double top = 0, inverse = 1 / prior;
    _Pragma("omp simd reduction(max : top)") for (ptrdiff_t j = 0; j < p; j++) {
        double s = prior + information[j], b = score[j] / s, ratio = log_of(s * inverse);
        double odds = 0.5 * (score[j] * b - ratio) + (log_share[j] + log_odds);
        precision[j] = s, log_ratio[j] = ratio, mean[j] = b, log_each[j] = odds;
        top = odds > top ? odds : top;
    }
    return top;
}

/* exp(log_each - top), and their sum */
FQTL_CLONES static double exponentials(const double *log_each, double top, ptrdiff_t p,
                                       double *each) {
    double total = 0;
    _Pragma("omp simd") for (ptrdiff_t j = 0; j < p; j++) {
        double x = log_each[j] - top;
        each[j] = x < FQTL_LOWEST ? FQTL_LOWEST : x;
    }
    _Pragma("omp simd reduction(+ : total)") for (ptrdiff_t j = 0; j < p; j++) {
        double one = exp_down(each[j]);
        each[j] = one;
        total += one;
    }
    return total;
}

/* each times `factor`; how many are above tail share_j */
FQTL_CLONES static ptrdiff_t probabilities(double *each, double factor, const double *share,
                                           double tail, ptrdiff_t p) {
    int64_t kept = 0;
    _Pragma("omp simd reduction(+ : kept)") for (ptrdiff_t j = 0; j < p; j++) {
        each[j] *= factor;
        kept += each[j] > tail * share[j];
    }
    return kept;
}

/* First and second moments of each row's loading. Sums (3): of the probabilities a_j, of the second
 * moments, of a_j (ln(a_j / share_j) + 1/2 ln(precision_j / prior)), of what ln a_j is log_each -
 * log_norm. */
FQTL_CLONES static void moments_of_rows(const double *alpha, const double *mean,
                                        const double *precision, const double *log_ratio,
                                        const double *log_each, const double *log_share,
                                        double log_norm, ptrdiff_t p, double *first, double *second,
                                        double *sums) {
    double included = 0, square = 0, shape = 0;
    _Pragma("omp simd reduction(+ : included, square, shape)") for (ptrdiff_t j = 0; j < p; j++) {
        double a = alpha[j], b = mean[j], two = a * (b * b + 1 / precision[j]);
        first[j] = a * b, second[j] = two;
        included += a, square += two;
        shape += a * (log_each[j] - log_norm - log_share[j] + 0.5 * log_ratio[j]);
    }
    sums[0] = included, sums[1] = square, sums[2] = shape;
}

#define FQTL_AT_A_TIME 512 /* rows that are added in single precision; taste */

/* Sums (2) of share_j exp(scale squares_j - top), and of that times squares_j. */
FQTL_CLONES static void weigh_squares(const float *squares, const float *share, float scale,
                                      float top, ptrdiff_t p, double *sums) {
    double total = 0, second = 0;
    for (ptrdiff_t from = 0; from < p; from += FQTL_AT_A_TIME) {
        float exponent[FQTL_AT_A_TIME], of_block = 0, second_of_block = 0;
        ptrdiff_t rows = p - from < FQTL_AT_A_TIME ? p - from : FQTL_AT_A_TIME;
        const float *square = squares + from, *prior = share + from;
        _Pragma("omp simd") for (ptrdiff_t j = 0; j < rows; j++) {
            float x = square[j] * scale - top;
            exponent[j] = x < FQTL_LOWEST_FLOAT ? FQTL_LOWEST_FLOAT : x;
        }
        _Pragma("omp simd reduction(+ : of_block, second_of_block)") for (ptrdiff_t j = 0; j < rows;
                                                                          j++) {
            float weight = prior[j] * exp_down_float(exponent[j]);
            of_block += weight;
            second_of_block += weight * square[j];
        }
        total += of_block, second += second_of_block;
    }
    sums[0] = total, sums[1] = second;
}

#endif
