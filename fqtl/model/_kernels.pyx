"""Loops over variants that BLAS has no routine for.

What bounds them is the traffic of the rows of x, which each reads once.
"""

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False

from libc.math cimport fabs, isnan, sqrt

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
