/* Inner loops of the kernels: one pass over the samples of one variant.
 *
 * Written in C only because a reduction needs `omp simd` to be vectorised without -ffast-math
 * (which would lose NaN), and because `target_clones` lets one portable build use AVX2 or
 * AVX-512 where the processor has them. Sums run in double precision whatever the type of x:
 * the dot products are bound by the traffic of x, so the wider arithmetic costs nothing.
 */
#ifndef FQTL_SIMD_H
#define FQTL_SIMD_H
#include "_clones.h"
#include <stddef.h>

#define FQTL_LOOPS(NAME, REAL)                                                                     \
    /* xg = sum x g,  xxw = sum x^2 w */                                                           \
    FQTL_CLONES static void dots_##NAME(const REAL *x, const double *g, const double *w,           \
                                        ptrdiff_t n, double *xg, double *xxw) {                    \
        double a = 0, b = 0;                                                                       \
        _Pragma("omp simd reduction(+ : a, b)") for (ptrdiff_t i = 0; i < n; i++) {                \
            double v = x[i];                                                                       \
            a += v * g[i];                                                                         \
            b += v * v * w[i];                                                                     \
        }                                                                                          \
        *xg = a;                                                                                   \
        *xxw = b;                                                                                  \
    }                                                                                              \
    /* total += x first,  squares += x^2 second */                                                 \
    FQTL_CLONES static void add_##NAME(const REAL *x, double first, double second, ptrdiff_t n,    \
                                       double *total, double *squares) {                           \
        _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                                    \
            double v = x[i];                                                                       \
            total[i] += v * first;                                                                 \
            squares[i] += v * v * second;                                                          \
        }                                                                                          \
    }                                                                                              \
    /* score += x dm,  gradient -= w x dm,  variance += x^2 dv */                                  \
    FQTL_CLONES static void move_##NAME(const REAL *x, const double *w, double dm, double dv,      \
                                        ptrdiff_t n, double *score, double *variance,              \
                                        double *gradient) {                                        \
        _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) {                                    \
            double v = x[i], d = v * dm;                                                           \
            score[i] += d;                                                                         \
            gradient[i] -= w[i] * d;                                                               \
            variance[i] += v * v * dv;                                                             \
        }                                                                                          \
    }

/* Sum of a row, NaN if any entry is. */                                                          
#define FQTL_ROWS(NAME, REAL)                                                                      \
    FQTL_CLONES static double sum_##NAME(const REAL *x, ptrdiff_t n) {                             \
        double a = 0;                                                                              \
        _Pragma("omp simd reduction(+ : a)") for (ptrdiff_t i = 0; i < n; i++) a += x[i];          \
        return a;                                                                                  \
    }                                                                                              \
    FQTL_CLONES static double squares_##NAME(const REAL *x, double centre, ptrdiff_t n) {          \
        double a = 0;                                                                              \
        _Pragma("omp simd reduction(+ : a)") for (ptrdiff_t i = 0; i < n; i++) {                   \
            double v = x[i] - centre;                                                              \
            a += v * v;                                                                            \
        }                                                                                          \
        return a;                                                                                  \
    }                                                                                              \
    FQTL_CLONES static void rescale_##NAME(REAL *x, double centre, double factor, ptrdiff_t n) {   \
        _Pragma("omp simd") for (ptrdiff_t i = 0; i < n; i++) x[i] =                               \
            (REAL)((x[i] - centre) * factor);                                                      \
    }

FQTL_ROWS(float, float)
FQTL_ROWS(double, double)
FQTL_LOOPS(float, float)
FQTL_LOOPS(double, double)

#endif
