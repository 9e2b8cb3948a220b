# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Expected log-densities: Gauss-Hermite sums over both linear predictors, entry by entry.

The sums themselves are in `_densities.h`; here the observed donors of a tissue are laid side by
side, and what was summed is put back.
"""

from libc.math cimport sqrt

import numpy as np

ctypedef void (*Sums)(
    Py_ssize_t n, const double *y, const double *trials, const double *mean, const double *sd,
    Py_ssize_t q1, const double *z, const double *weight1, Py_ssize_t q2, const double *weight2,
    const double *theta, const double *first, const double *second, double *out, double *work,
) noexcept nogil

cdef extern from "_densities.h" nogil:
    ctypedef struct fqtl_gamma_t:
        double above, below, first, second
    double fqtl_exp(double)
    double fqtl_log(double)
    fqtl_gamma_t fqtl_gamma(double)
    # each a `Sums`
    void expect_counts(
        Py_ssize_t, const double *, const double *, const double *, const double *,
        Py_ssize_t, const double *, const double *, Py_ssize_t, const double *,
        const double *, const double *, const double *, double *, double *) noexcept
    void expect_binomial(
        Py_ssize_t, const double *, const double *, const double *, const double *,
        Py_ssize_t, const double *, const double *, Py_ssize_t, const double *,
        const double *, const double *, const double *, double *, double *) noexcept
    void expect_voom(
        Py_ssize_t, const double *, const double *, const double *, const double *,
        Py_ssize_t, const double *, const double *, Py_ssize_t, const double *,
        const double *, const double *, const double *, double *, double *) noexcept
    void expect_beta(
        Py_ssize_t, const double *, const double *, const double *, const double *,
        Py_ssize_t, const double *, const double *, Py_ssize_t, const double *,
        const double *, const double *, const double *, double *, double *) noexcept

cdef Sums sums_of(str density) except NULL:
    if density == "counts":
        return expect_counts
    if density == "binomial":
        return expect_binomial
    if density == "voom":
        return expect_voom
    if density == "beta":
        return expect_beta
    raise ValueError(density)


def expect(
    str density,
    const double[:, ::1] y,
    const double[:, ::1] observed,
    const double[:, ::1] trials,
    const double[:, ::1] mean,
    const double[:, ::1] variance,
    tuple rules,
    const double[:, :, ::1] weight2,
    const double[:, :, ::1] theta,
    const double[:, :, ::1] first,
    const double[:, :, ::1] second,
    double[:, :, ::1] out,
):
    """Fill out (7, n, m): expected log-density, then derivatives in eta1, then in eta2.

    Of each eta: the derivative in its mean, that in its variance, and Fisher's information. What
    was not observed is left as it was.

    density : "counts", "binomial", "voom" or "beta"
    y, observed, trials : (n, m)
    mean, variance : (n, m) of eta1
    rules : for eta1, each the largest variance that it serves and its (2, q1) nodes and weights
    weight2, theta, first, second : (q2, n or 1, m) weights of the nodes of eta2, theta there, and
        its derivatives in eta2
    """
    cdef Sums sums = sums_of(density)
    cdef Py_ssize_t n = y.shape[0], m = y.shape[1], q2 = theta.shape[0]
    cdef Py_ssize_t i, t, q, k, seen
    cdef bint shared = theta.shape[1] == 1
    cdef double largest
    cdef const double[:, ::1] rule
    cdef Py_ssize_t[::1] donors = np.empty(n, dtype=np.intp)
    cdef double[:, ::1] given = np.empty((4, n)), noise = np.empty((4, q2 * n))
    cdef double[::1] total = np.empty(7 * n), work = np.empty(8 * n)
    for t in range(m):
        seen = 0
        largest = 0
        for i in range(n):
            if observed[i, t]:
                donors[seen] = i
                given[0, seen] = y[i, t]
                given[1, seen] = trials[i, t]
                given[2, seen] = mean[i, t]
                given[3, seen] = sqrt(variance[i, t])
                largest = max(largest, variance[i, t])
                seen += 1
        for most, values in rules:
            rule = values
            if largest <= most:
                break
        with nogil:
            for q in range(q2):
                for k in range(seen):
                    i = 0 if shared else donors[k]
                    noise[0, q * seen + k] = theta[q, i, t]
                    noise[1, q * seen + k] = first[q, i, t]
                    noise[2, q * seen + k] = second[q, i, t]
                    noise[3, q * seen + k] = weight2[q, i, t]
            sums(
                seen, &given[0, 0], &given[1, 0], &given[2, 0], &given[3, 0],
                rule.shape[1], &rule[0, 0], &rule[1, 0], q2, &noise[3, 0],
                &noise[0, 0], &noise[1, 0], &noise[2, 0], &total[0], &work[0],
            )
            for q in range(7):
                for k in range(seen):
                    out[q, donors[k], t] = total[q * seen + k]


def elementary(const double[::1] x, double[:, ::1] out):
    """Fill out (5, len(x)): exp, ln, ln Gamma, digamma and trigamma of x, as `expect` sees them."""
    cdef Py_ssize_t i
    cdef fqtl_gamma_t gamma
    with nogil:
        for i in range(x.shape[0]):
            gamma = fqtl_gamma(x[i])
            out[0, i] = fqtl_exp(x[i])
            out[1, i] = fqtl_log(x[i])
            out[2, i] = gamma.above - fqtl_log(gamma.below)
            out[3, i] = gamma.first
            out[4, i] = gamma.second
