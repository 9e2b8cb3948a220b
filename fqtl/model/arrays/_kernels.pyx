"""Loops over variants that BLAS has no routine for.

What bounds them is the traffic of the rows of x, which each reads once; in `sweep`, for variants
that move, that of four vectors of doubles per tissue besides, 6 times as much as to look at them.
"""

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False

import numpy as np

from libc.math cimport exp, fabs, isnan, log, sqrt

ctypedef fused real:
    float
    double

cdef extern from "_simd.h" nogil:
    void dots_float(const float *, const double *, const double *, Py_ssize_t, double *, double *)
    void dots_double(const double *, const double *, const double *, Py_ssize_t, double *, double *)
    double sum_float(const float *, Py_ssize_t)
    double sum_double(const double *, Py_ssize_t)
    double squares_float(const float *, double, Py_ssize_t)
    double squares_double(const double *, double, Py_ssize_t)
    void rescale_float(float *, double, double, Py_ssize_t)
    void rescale_double(double *, double, double, Py_ssize_t)
    void add_float(const float *, double, double, Py_ssize_t, double *, double *)
    void add_double(const double *, double, double, Py_ssize_t, double *, double *)
    void move_float(
        const float *, const double *, double, double, Py_ssize_t, double *, double *, double *
    )
    void move_double(
        const double *, const double *, double, double, Py_ssize_t, double *, double *, double *
    )


def dot_rows(
    const real[:, ::1] x,
    const Py_ssize_t[::1] index,
    const double[::1] gradient,
    const double[::1] weight,
    double[::1] xg,
    double[::1] xxw,
):
    """Fill xg_k = sum_i x_ki gradient_i and xxw_k = sum_i x_ki^2 weight_i of the rows `index`.

    x : (p, n); gradient, weight : (n,)
    """
    cdef Py_ssize_t n = x.shape[1], k
    with nogil:
        for k in range(index.shape[0]):
            if real is float:
                dots_float(&x[index[k], 0], &gradient[0], &weight[0], n, &xg[k], &xxw[k])
            else:
                dots_double(&x[index[k], 0], &gradient[0], &weight[0], n, &xg[k], &xxw[k])


def add_rows(
    const real[:, ::1] x,
    const Py_ssize_t[::1] index,
    const double[::1] first,
    const double[::1] second,
    double[::1] total,
    double[::1] squares,
):
    """Add sum_k first_k x_k to `total` and sum_k second_k x_k^2 to `squares`, each (n,).

    x : (p, n); first, second : of the rows `index`
    """
    cdef Py_ssize_t n = x.shape[1], k
    with nogil:
        for k in range(index.shape[0]):
            if real is float:
                add_float(&x[index[k], 0], first[k], second[k], n, &total[0], &squares[0])
            else:
                add_double(&x[index[k], 0], first[k], second[k], n, &total[0], &squares[0])


cdef inline double variance_of(double pip, double mean, double precision) noexcept nogil:
    return pip / precision + pip * (1 - pip) * mean * mean


def sweep(
    const real[:, ::1] x,
    const Py_ssize_t[::1] order,
    const unsigned char[:, :] allowed,
    const double[:, ::1] weight,
    double[:, ::1] score,
    double[:, ::1] score_variance,
    double[:, ::1] gradient,
    double[:, :] pip,
    double[:, :] slab_mean,
    double[:, :] slab_precision,
    double log_odds,
    double precision,
    double tolerance,
):
    """Coordinate ascent of spike-and-slab loadings theta (p, m), variant after variant, in place.

    The objective is  sum_it g0_it f_it - 1/2 w_it (f_it^2 + var f_it) - KL  with f = x' theta, of
    which `gradient` = g0 - w f is kept up to date. For variant j and tissue t

        s_jt = precision + sum_i w_it x_ji^2,
        b_jt = (x_j . gradient_t + E[theta_jt] sum_i w_it x_ji^2) / s_jt,
        logit pip = log_odds + sum of 1/2 ln(precision / s_jt) + 1/2 s_jt b_jt^2,

    the sum over this tissue, or over all where the tissues of a variant share a gate.

    x : (p, n); order : variants to visit, none twice
    allowed : (p, m) 0 where theta is known to be 0
    weight, score, score_variance, gradient : (m, n)
    pip : (p, m), or (p, 1) where tissues share a gate; slab_mean, slab_precision : (p, m)
    tolerance : what has a posterior keeps it if its score would move by less than this many
        standard errors, in mean and in variance
    """
    cdef Py_ssize_t n = x.shape[1], m = weight.shape[0], step, j, t, gate
    cdef bint shared = pip.shape[1] < m, any_moves
    cdef double xg, xxw, odds, old, squared = tolerance * tolerance
    # of every tissue, what would be: precision, mean, pip, changes of mean and variance, whether
    cdef double[:, ::1] new = np.zeros((6, m))
    with nogil:
        for step in range(order.shape[0]):
            j = order[step]
            odds = log_odds
            for t in range(m):
                if not allowed[j, t]:
                    continue
                if real is float:
                    dots_float(&x[j, 0], &gradient[t, 0], &weight[t, 0], n, &xg, &xxw)
                else:
                    dots_double(&x[j, 0], &gradient[t, 0], &weight[t, 0], n, &xg, &xxw)
                gate = 0 if shared else t
                new[0, t] = precision + xxw
                new[1, t] = (xg + pip[j, gate] * slab_mean[j, t] * xxw) / new[0, t]
                if not shared:
                    odds = log_odds
                odds += 0.5 * (log(precision / new[0, t]) + new[0, t] * new[1, t] * new[1, t])
                new[2, t] = 1 / (1 + exp(-odds))
            any_moves = False
            for t in range(m):
                if not allowed[j, t]:
                    continue
                gate = 0 if shared else t
                old = pip[j, gate]
                if shared:
                    new[2, t] = 1 / (1 + exp(-odds))  # by now the sum over all tissues
                xxw = new[0, t] - precision
                new[3, t] = new[2, t] * new[1, t] - old * slab_mean[j, t]
                new[4, t] = variance_of(new[2, t], new[1, t], new[0, t]) - variance_of(
                    old, slab_mean[j, t], slab_precision[j, t]
                )
                new[5, t] = (
                    old == 0
                    or new[3, t] * new[3, t] * xxw >= squared
                    or new[4, t] * new[4, t] * xxw * xxw >= squared
                )
                any_moves = any_moves or new[5, t] > 0
            for t in range(m):
                if not allowed[j, t] or not (any_moves if shared else new[5, t] > 0):
                    continue
                if real is float:
                    move_float(
                        &x[j, 0], &weight[t, 0], new[3, t], new[4, t], n,
                        &score[t, 0], &score_variance[t, 0], &gradient[t, 0],
                    )
                else:
                    move_double(
                        &x[j, 0], &weight[t, 0], new[3, t], new[4, t], n,
                        &score[t, 0], &score_variance[t, 0], &gradient[t, 0],
                    )
                pip[j, 0 if shared else t] = new[2, t]
                slab_mean[j, t] = new[1, t]
                slab_precision[j, t] = new[0, t]


def standardise_rows(real[:, ::1] x, double[::1] mean, double[::1] sd):
    """Centre and scale every row of x over what is observed, in place; the number of NaN replaced.

    A missing value becomes 0, the row's mean. A row without variance (or without values) becomes
    0 throughout and gets sd 0. `mean` and `sd` (population, ddof 0) are filled, each (p,).
    """
    cdef Py_ssize_t n = x.shape[1], j, i, seen, missing = 0
    cdef double total, centre, scale
    with nogil:
        for j in range(x.shape[0]):
            seen = n
            if real is float:
                total = sum_float(&x[j, 0], n)
            else:
                total = sum_double(&x[j, 0], n)
            if isnan(total):
                seen = 0
                total = 0
                for i in range(n):
                    if not isnan(x[j, i]):
                        seen += 1
                        total += x[j, i]
            centre = total / seen if seen else 0
            for i in range(n if seen < n else 0):  # the mean adds nothing to what follows
                if isnan(x[j, i]):
                    x[j, i] = <real>centre
            if real is float:
                scale = squares_float(&x[j, 0], centre, n)
            else:
                scale = squares_double(&x[j, 0], centre, n)
            scale = sqrt(scale / seen) if seen else 0
            if scale <= 1e-10 * fabs(centre):  # the rounding noise of a constant row
                scale = 0
            mean[j] = centre
            sd[j] = scale
            missing += n - seen
            if real is float:
                rescale_float(&x[j, 0], centre, 1 / scale if scale > 0 else 0, n)
            else:
                rescale_double(&x[j, 0], centre, 1 / scale if scale > 0 else 0, n)
    return missing
