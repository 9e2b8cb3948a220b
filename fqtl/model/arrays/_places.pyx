# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Where a single effect may be, of all rows in one pass; see `_places.h` and `priors/place.py`.

What NumPy does in a dozen temporaries, each of which goes through the cache, is five loops here
that stay in it. What bounds them is arithmetic: a logarithm and an exponential of each row.
"""

from libc.math cimport exp, expm1, log, log1p

cdef extern from "_places.h" nogil:
    double log_odds_of_rows(
        const double *, const double *, const double *, double, double, Py_ssize_t, double *,
        double *, double *, double *
    )
    double exponentials(const double *, double, Py_ssize_t, double *)
    Py_ssize_t probabilities(double *, double, const double *, double, Py_ssize_t)
    void moments_of_rows(
        const double *, const double *, const double *, const double *, const double *,
        const double *, double, Py_ssize_t, double *, double *, double *
    )
    void weigh_squares(const float *, const float *, float, float, Py_ssize_t, double *)


def place_rows(
    const double[::1] score,
    const double[::1] information,
    const double[::1] log_share,
    const double[::1] share,
    double prior_precision,
    double log_odds,
    double tail,
    double[:, ::1] found,
    double[:, ::1] moments,
    double[:, ::1] scratch,
    Py_ssize_t[::1] kept,
):
    """Posterior of one effect over rows; of those that hold more than `tail` of their share.

    score, information, share : (p,); log_share : ln share
    prior_precision, log_odds : of the effect's size, and of there being one
    found, moments : (3, p) alpha, mean, precision, and (2, p) first and second moment of the
        loading, of the rows that are kept
    scratch : (3, p); kept : (p,) which rows these are, unless all are

    Gives how many are kept, ln P(none), and the sums of alpha, of second moments, and of
    alpha (ln(alpha / share) + 1/2 ln(precision / prior_precision)).
    """
    cdef Py_ssize_t p = score.shape[0], j, k = 0, count
    cdef double top, total, factor, none, log_norm
    cdef double sums[3]
    cdef double *alpha = &found[0, 0]
    cdef double *mean = &found[1, 0]
    cdef double *precision = &found[2, 0]
    cdef double *of_kept = &scratch[2, 0]  # their log_share
    cdef double *log_ratio = &scratch[0, 0]
    cdef double *log_each = &scratch[1, 0]
    with nogil:
        top = log_odds_of_rows(
            &score[0], &information[0], &log_share[0], prior_precision, log_odds, p, precision,
            log_ratio, mean, log_each,
        )
        total = exponentials(log_each, top, p, alpha)
        factor = 1 / (exp(-top) + total)
        none = -(top + log1p(expm1(-top) + total))
        log_norm = top - log(factor)
        count = probabilities(alpha, factor, &share[0], tail, p)
        if count < p:
            for j in range(p):
                if alpha[j] > tail * share[j]:
                    kept[k] = j
                    alpha[k], mean[k], precision[k] = alpha[j], mean[j], precision[j]
                    log_ratio[k], log_each[k], of_kept[k] = log_ratio[j], log_each[j], log_share[j]
                    k += 1
        moments_of_rows(
            alpha, mean, precision, log_ratio, log_each, &log_share[0] if count == p else of_kept,
            log_norm, count, &moments[0, 0], &moments[1, 0], sums,
        )
    return count, none, sums[0], sums[1], sums[2]


def weigh_rows(
    const float[:, ::1] squares,
    const float[::1] share,
    const double[::1] scale,
    const double[::1] top,
    double[:, ::1] sums,
):
    """Sums (m, 2) over rows of w_tj = share_j exp(scale_t squares_tj - top_t), and of w squares.

    squares : (m, p); top : (m,) no exponent is above 0
    """
    cdef Py_ssize_t t
    with nogil:
        for t in range(squares.shape[0]):
            weigh_squares(
                &squares[t, 0], &share[0], <float>scale[t], <float>top[t], squares.shape[1],
                &sums[t, 0],
            )
