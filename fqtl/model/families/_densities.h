/* Log-densities at (eta1, theta) with their derivatives, and their Gauss-Hermite sums.
 *
 * Written in C for the same reason as _simd.h: every loop runs over the donors of one tissue and is
 * vectorised, for which exp, log and the gamma functions have to be polynomials without branches.
 * They are good to some units in the last place over what families ask of them; a test compares
 * them with libm and scipy.
 *
 * What bounds them is the arithmetic of these polynomials: the 15 arrays of a tissue's donors stay
 * in the second-level cache from node to node. On an AMD EPYC with AVX-512 an entry costs, for each
 * pair of nodes, 5 to 7 ns in voom and binomial (an exp, a log, a division), 8 ns in counts (two
 * ln Gamma more for each node of eta2), 15 ns in beta (two ln Gamma for each pair).
 */
#ifndef FQTL_DENSITIES_H
#define FQTL_DENSITIES_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FQTL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FQTL_CLONES
#endif
#define FQTL_INLINE static inline __attribute__((always_inline))
#define FQTL_MAGIC 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to a whole number */

FQTL_INLINE double fqtl_of_bits(int64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

FQTL_INLINE int64_t fqtl_bits(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* e^x for |x| <= 700, beyond which it stays: 2^k times the Taylor series of the rest */
FQTL_INLINE double fqtl_exp(double x) {
    x = x > 700 ? 700 : x;
    x = x < -700 ? -700 : x;
    double shifted = x * 1.4426950408889634 + FQTL_MAGIC, k = shifted - FQTL_MAGIC;
    double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    return sum * fqtl_of_bits((int64_t)((uint64_t)(fqtl_bits(shifted) + 1023) << 52));
}

/* ln x for normal x > 0: exponent, and 2 artanh((m - 1) / (m + 1)) of the mantissa m */
FQTL_INLINE double fqtl_log(double x) {
    int64_t bits = fqtl_bits(x);
    int64_t above = (bits & 0x000fffffffffffffLL) > 0x6a09e667f3bcdLL; /* mantissa > sqrt(2) */
    int64_t exponent = (int64_t)((uint64_t)bits >> 52) + above;
    double m = fqtl_of_bits((bits & 0x000fffffffffffffLL) | ((1023 - above) << 52));
    /* a whole number below 2^51 becomes a double by way of the bits of FQTL_MAGIC */
    double k = fqtl_of_bits(exponent + fqtl_bits(FQTL_MAGIC)) - FQTL_MAGIC - 1023;
    double s = (m - 1) / (m + 1), s2 = s * s;
    double sum = 1.0 / 21;
    sum = sum * s2 + 1.0 / 19;
    sum = sum * s2 + 1.0 / 17;
    sum = sum * s2 + 1.0 / 15;
    sum = sum * s2 + 1.0 / 13;
    sum = sum * s2 + 1.0 / 11;
    sum = sum * s2 + 1.0 / 9;
    sum = sum * s2 + 1.0 / 7;
    sum = sum * s2 + 1.0 / 5;
    sum = sum * s2 + 1.0 / 3;
    return k * 0.693147180369123816490 + (2 * s + (2 * s * s2 * sum + k * 1.90821492927058770002e-10));
}

/* ln Gamma, digamma and trigamma of x > 0: eight steps up, where Stirling's series is exact.
 *
 * The steps in pairs, (x + k)(x + 7 - k) = t + k (7 - k) with t = x (x + 7), so that their product
 * is Q(t) = t (t + 6) (t + 10) (t + 12), and with L = Q'/Q
 *     sum 1/(x + k) = (2x + 7) L,   sum 1/(x + k)^2 = (2x + 7)^2 (L^2 - Q''/Q) - 2 L:
 * one division for all eight, where each of them costs as much as ten multiplications. ln Gamma is
 * above - ln below, so that one logarithm does for the sum of several.
 */
typedef struct {
    double above, below, first, second;
} fqtl_gamma_t;

FQTL_INLINE fqtl_gamma_t fqtl_gamma(double x) {
    double t = x * (x + 7), slope = 2 * x + 7, up = x + 8;
    double q = t * (720 + t * (252 + t * (28 + t)));
    double q1 = 720 + t * (504 + t * (84 + t * 4)), q2 = 504 + t * (168 + t * 12);
    double both = 1 / (q * up), inverse = both * up, w = both * q, w2 = w * w;
    double ratio = q1 * inverse, squares = ratio * ratio - q2 * inverse;
    double log_up = fqtl_log(up);
    double series = 1.0 / 12 + w2 * (-1.0 / 360 + w2 * (1.0 / 1260 + w2 * (-1.0 / 1680 + w2 *
        (1.0 / 1188 + w2 * (-691.0 / 360360 + w2 * (1.0 / 156))))));
    double series1 = 1.0 / 12 + w2 * (-1.0 / 120 + w2 * (1.0 / 252 + w2 * (-1.0 / 240 + w2 *
        (1.0 / 132 + w2 * (-691.0 / 32760 + w2 * (1.0 / 12))))));
    double series2 = 1.0 / 6 + w2 * (-1.0 / 30 + w2 * (1.0 / 42 + w2 * (-1.0 / 30 + w2 *
        (5.0 / 66 + w2 * (-691.0 / 2730 + w2 * (7.0 / 6))))));
    fqtl_gamma_t gamma = {
        (up - 0.5) * log_up - up + 0.91893853320467274178 + w * series,
        q,
        log_up - 0.5 * w - w2 * series1 - slope * ratio,
        w + 0.5 * w2 + w * w2 * series2 + slope * slope * squares - 2 * ratio,
    };
    return gamma;
}

/* A log-density with its derivatives in eta = eta1 and theta, and Fisher's information of each. */
typedef struct {
    double value, eta, eta_eta, eta_information, theta, theta_theta, theta_information;
} fqtl_density_t;

/* What depends on y and theta alone. */
typedef struct {
    double a, b, c, d, e;
} fqtl_shared_t;

/* Negative binomial, shape theta = a and mean e^eta. With u = eta - ln a:
 *     ln G(y + a) - ln G(a) + y u - (y + a) softplus(u) */
FQTL_INLINE fqtl_shared_t fqtl_counts_shared(double y, double trials, double a) {
    (void)trials;
    fqtl_gamma_t up = fqtl_gamma(y + a), down = fqtl_gamma(a);
    double log_ratio = up.above - down.above - fqtl_log(up.below / down.below);
    fqtl_shared_t shared = {fqtl_log(a), log_ratio, up.first - down.first,
                            up.second - down.second, 0};
    return shared;
}

FQTL_INLINE fqtl_density_t fqtl_counts(double y, double trials, double a, fqtl_shared_t shared,
                                       double eta) {
    (void)trials;
    double u = eta - shared.a, small = fqtl_exp(-fabs(u)), whole = 1 / (1 + small);
    double softplus = (u > 0 ? u : 0) + fqtl_log(1 + small);
    double logistic = (u > 0 ? 1 : small) * whole, both = small * whole * whole, inverse = 1 / a;
    double ratio = y * inverse + 1;
    fqtl_density_t at = {
        shared.b + y * u - (y + a) * softplus,
        y - (y + a) * logistic,
        -(y + a) * both,
        a * logistic,
        shared.c - softplus - y * inverse + ratio * logistic,
        shared.d + inverse * (logistic + (ratio - 1) * (1 - logistic) - ratio * both),
        0.5 * inverse * inverse * logistic * logistic, /* half the squared slope of the log-variance */
    };
    return at;
}

/* Binomial of `trials` with log-odds eta. */
FQTL_INLINE fqtl_shared_t fqtl_binomial_shared(double y, double trials, double theta) {
    (void)y, (void)trials, (void)theta;
    fqtl_shared_t shared = {0, 0, 0, 0, 0};
    return shared;
}

FQTL_INLINE fqtl_density_t fqtl_binomial(double y, double trials, double theta,
                                         fqtl_shared_t shared, double eta) {
    (void)theta, (void)shared;
    double small = fqtl_exp(-fabs(eta)), whole = 1 / (1 + small);
    double softplus = (eta > 0 ? eta : 0) + fqtl_log(1 + small);
    double logistic = (eta > 0 ? 1 : small) * whole, both = small * whole * whole;
    fqtl_density_t at = {y * eta - trials * softplus, y - trials * logistic, -trials * both,
                         trials * both, 0, 0, 0};
    return at;
}

/* Normal with mean eta and variance V = e^-eta + theta. */
FQTL_INLINE fqtl_shared_t fqtl_voom_shared(double y, double trials, double theta) {
    (void)y, (void)trials, (void)theta;
    fqtl_shared_t shared = {0, 0, 0, 0, 0};
    return shared;
}

FQTL_INLINE fqtl_density_t fqtl_voom(double y, double trials, double theta, fqtl_shared_t shared,
                                     double eta) {
    (void)trials, (void)shared;
    double poisson = fqtl_exp(-eta), variance = poisson + theta, w = 1 / variance;
    double r = y - eta, g = poisson * w, q = r * r * w;
    fqtl_density_t at = {
        -0.5 * (q + fqtl_log(variance)),
        r * w + 0.5 * g * (1 - q),
        -w + 2 * r * g * w - 0.5 * g * (1 - g) * (1 - q) - 0.5 * g * g * q,
        w + 0.5 * g * g,
        0.5 * w * (q - 1),
        w * w * (0.5 - q),
        0.5 * w * w,
    };
    return at;
}

/* Beta with mean mu = sigmoid(eta) and precision theta: shapes mu theta and (1 - mu) theta. */
FQTL_INLINE fqtl_shared_t fqtl_beta_shared(double y, double trials, double theta) {
    (void)trials;
    fqtl_gamma_t both = fqtl_gamma(theta);
    fqtl_shared_t shared = {fqtl_log(y), fqtl_log(1 - y), both.above - fqtl_log(both.below),
                            both.first, both.second};
    return shared;
}

FQTL_INLINE fqtl_density_t fqtl_beta(double y, double trials, double theta, fqtl_shared_t shared,
                                     double eta) {
    (void)y, (void)trials;
    eta = eta > 300 ? 300 : eta; /* the square of a shape is still a normal number */
    eta = eta < -300 ? -300 : eta;
    double small = fqtl_exp(-fabs(eta)), whole = 1 / (1 + small);
    double mu = (eta > 0 ? 1 : small) * whole, nu = (eta > 0 ? small : 1) * whole;
    double a = mu * theta, b = nu * theta, both = small * whole * whole;
    fqtl_gamma_t ga = fqtl_gamma(a), gb = fqtl_gamma(b);
    double pull = shared.a - shared.b - ga.first + gb.first;
    /* in this order no square of a small number stands alone */
    double bend_a = mu * nu * theta * ga.second * both * theta;
    double bend_b = mu * nu * theta * gb.second * both * theta;
    double split = mu * (mu * ga.second) + nu * (nu * gb.second);
    fqtl_density_t at = {
        shared.c - ga.above - gb.above + fqtl_log(ga.below * gb.below) + (a - 1) * shared.a + (b - 1) * shared.b,
        theta * both * pull,
        theta * both * (nu - mu) * pull - bend_a - bend_b,
        bend_a + bend_b,
        shared.d - mu * ga.first - nu * gb.first + mu * shared.a + nu * shared.b,
        shared.e - split,
        split - shared.e,
    };
    return at;
}

/* Sums over the nodes of eta1 (q1) and of eta2 (q2), per donor of one tissue.
 *
 *     y, trials, mean, sd : (n,); mean and sd are of eta1
 *     weight2, theta, first, second : (q2, n) weights of the nodes of eta2, theta there, and its
 *         derivatives
 *     out : (7, n) value; derivatives in mean and variance of eta1, and information; of eta2
 *     work : (8, n)
 */
#define FQTL_EXPECT(NAME)                                                                          \
    FQTL_CLONES static void expect_##NAME(                                                         \
        ptrdiff_t n, const double *y, const double *trials, const double *mean, const double *sd,  \
        ptrdiff_t q1, const double *z, const double *weight1, ptrdiff_t q2, const double *weight2, \
        const double *theta, const double *first, const double *second, double *out,               \
        double *work) {                                                                            \
        memset(out, 0, 7 * n * sizeof(double));                                                    \
        for (ptrdiff_t q = 0; q < q2;                                                              \
             q++, weight2 += n, theta += n, first += n, second += n) {                             \
            _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                                \
                fqtl_shared_t shared = fqtl_##NAME##_shared(y[i], trials[i], theta[i]);            \
                work[i] = shared.a;                                                                \
                work[n + i] = shared.b;                                                            \
                work[2 * n + i] = shared.c;                                                        \
                work[3 * n + i] = shared.d;                                                        \
                work[4 * n + i] = shared.e;                                                        \
                work[5 * n + i] = work[6 * n + i] = work[7 * n + i] = 0;                           \
            }                                                                                      \
            for (ptrdiff_t k = 0; k < q1; k++) {                                                   \
                _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                            \
                    double both = weight1[k] * weight2[i];                                         \
                    fqtl_shared_t shared = {work[i], work[n + i], work[2 * n + i],                 \
                                            work[3 * n + i], work[4 * n + i]};                     \
                    fqtl_density_t at =                                                            \
                        fqtl_##NAME(y[i], trials[i], theta[i], shared, mean[i] + z[k] * sd[i]);    \
                    out[i] += both * at.value;                                                     \
                    out[n + i] += both * at.eta;                                                   \
                    out[2 * n + i] += 0.5 * both * at.eta_eta;                                     \
                    out[3 * n + i] += both * at.eta_information;                                   \
                    work[5 * n + i] += both * at.theta;                                            \
                    work[6 * n + i] += both * at.theta_theta;                                      \
                    work[7 * n + i] += both * at.theta_information;                                \
                }                                                                                  \
            }                                                                                      \
            _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                                \
                double square = first[i] * first[i];                                               \
                out[4 * n + i] += work[5 * n + i] * first[i];                                      \
                out[5 * n + i] += 0.5 * (work[6 * n + i] * square + work[5 * n + i] * second[i]);  \
                out[6 * n + i] += work[7 * n + i] * square;                                        \
            }                                                                                      \
        }                                                                                          \
    }

FQTL_EXPECT(counts)
FQTL_EXPECT(binomial)
FQTL_EXPECT(voom)
FQTL_EXPECT(beta)

#endif
