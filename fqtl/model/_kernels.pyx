"""Loops over variants that NumPy cannot express: each step needs the result of the one before.

What bounds them, measured at n = 838, p = 5,000, float32 (one thread, 45 GB/s of cache traffic):
visiting a column costs 1.8 times a float32 product of that column (the weighted square beside the
dot product); moving it costs 6 more, because three double vectors of length n are read and
written. So a sweep visits only the variants that a cheap BLAS product has not ruled out, and
moves only those whose posterior really changed.
"""

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False

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
    void move_float(
        const float *, const double *, double, double, Py_ssize_t, double *, double *, double *
    )
    void move_double(
        const double *, const double *, double, double, Py_ssize_t, double *, double *, double *
    )


cdef inline double posterior_variance(double pip, double mean, double precision) noexcept nogil:
    return pip / precision + pip * (1 - pip) * mean * mean


def spike_slab_sweep(
    const real[:, ::1] x,
    const Py_ssize_t[::1] order,
    const double[::1] weight,
    double[::1] score,
    double[::1] score_variance,
    double[::1] gradient,
    double[::1] pip,
    double[::1] slab_mean,
    double[::1] slab_precision,
    double inclusion,
    double precision,
    double tolerance,
):
    """Coordinate ascent over the variants in `order`, in place; the number of variants moved.

    The objective is  sum_i g0_i f_i - 1/2 sum_i w_i (f_i^2 + var f_i) - KL  with f = x' theta,
    of which `gradient` = g0 - w f is kept up to date. For variant j

        s_j = precision + sum_i w_i x_ji^2,
        b_j = (x_j . gradient + E[theta_j] sum_i w_i x_ji^2) / s_j,
        logit pip_j = logit inclusion + 1/2 ln(precision / s_j) + 1/2 s_j b_j^2.

    x : (p, n) standardised genotypes, a variant per row
    order : variants to visit, in this order; one may be absent, none twice
    weight, score, score_variance, gradient : (n,)
    pip, slab_mean, slab_precision : (p,) the posterior
    tolerance : a variant that has a posterior (pip > 0) keeps it if its score would move by less
        than this many standard errors, in mean and in variance
    """
    cdef Py_ssize_t n = x.shape[1], step, j, moved = 0
    cdef double xg, xxw, s, b, a, dm, dv
    cdef double logit = log(inclusion / (1 - inclusion)), squared = tolerance * tolerance
    with nogil:
        for step in range(order.shape[0]):
            j = order[step]
            if real is float:
                dots_float(&x[j, 0], &gradient[0], &weight[0], n, &xg, &xxw)
            else:
                dots_double(&x[j, 0], &gradient[0], &weight[0], n, &xg, &xxw)
            s = precision + xxw
            b = (xg + pip[j] * slab_mean[j] * xxw) / s
            a = 1 / (1 + exp(-(logit + 0.5 * log(precision / s) + 0.5 * s * b * b)))
            dm = a * b - pip[j] * slab_mean[j]
            dv = posterior_variance(a, b, s) - posterior_variance(
                pip[j], slab_mean[j], slab_precision[j]
            )
            if pip[j] > 0 and dm * dm * xxw < squared and dv * dv * xxw * xxw < squared:
                continue
            if real is float:
                move_float(
                    &x[j, 0], &weight[0], dm, dv, n, &score[0], &score_variance[0], &gradient[0]
                )
            else:
                move_double(
                    &x[j, 0], &weight[0], dm, dv, n, &score[0], &score_variance[0], &gradient[0]
                )
            pip[j] = a
            slab_mean[j] = b
            slab_precision[j] = s
            moved += 1
    return moved


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
