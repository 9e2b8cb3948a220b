# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Loops over variants that BLAS has no routine for.

What bounds their speed is memory traffic, not arithmetic. `dot_rows`, `add_rows` and
`standardise_rows` read each row of x once. `sweep` does so for variants that stay as they are; for
one that moves it also reads and writes four vectors of doubles of each tissue (weight, mean,
variance, gradient), 6 times as much as to look at it. `match_rows` reads rows that are copies to
their ends, and of others the first values.
"""

from libc.math cimport exp, fabs, isnan, log, sqrt
from libc.stdlib cimport free, malloc

ctypedef fused real:
    float
    double

# of a row's mean, up to which its scale is the rounding of a constant; taste: far above float64's
cdef double ROUNDING = 1e-10

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


cdef class Scores:
    """Genetic scores of donors in m tissues, each (m, n); a sweep moves all but the weights.

    weight : of the donors
    mean, variance : of the scores
    gradient : of the objective in the scores, the weights' part included
    """

    cdef double[:, ::1] weight, mean, variance, gradient

    def __init__(self, double[:, ::1] weight, double[:, ::1] mean, double[:, ::1] variance,
                 double[:, ::1] gradient):
        self.weight, self.mean, self.variance, self.gradient = weight, mean, variance, gradient


cdef class Slabs:
    """Posterior of spike-and-slab loadings (p, m), which a sweep moves.

    pip : (p, m), or (p, 1) where the tissues of a variant share an inclusion indicator
    mean, precision : of the slab
    allowed : 0 where a loading is known to be 0
    """

    cdef double[:, :] pip, mean, precision
    cdef const unsigned char[:, :] allowed

    def __init__(self, double[:, :] pip, double[:, :] mean, double[:, :] precision,
                 const unsigned char[:, :] allowed):
        self.pip, self.mean, self.precision, self.allowed = pip, mean, precision, allowed


cdef struct Proposal:
    # what a loading would become, and by how much the moments of its theta would change
    double pip
    double mean
    double precision
    double mean_change
    double variance_change
    bint moves


cdef inline double variance_of(double pip, double mean, double precision) noexcept nogil:
    return pip / precision + pip * (1 - pip) * mean * mean


cdef inline double probability(double log_odds) noexcept nogil:
    return 1 / (1 + exp(-log_odds))


def sweep(
    const real[:, ::1] x,
    const Py_ssize_t[::1] order,
    Scores scores,
    Slabs slabs,
    double log_odds,
    double precision,
    double tolerance,
):
    """Coordinate ascent of spike-and-slab loadings theta (p, m), variant after variant, in place.

    The objective is  sum_it g0_it f_it - 1/2 w_it (f_it^2 + var f_it) - KL  with f = x' theta, of
    which the gradient g0 - w f is kept up to date. For variant j and tissue t

        s_jt = precision + sum_i w_it x_ji^2,
        b_jt = (x_j . gradient_t + E[theta_jt] sum_i w_it x_ji^2) / s_jt,
        logit pip = log_odds + sum of 1/2 ln(precision / s_jt) + 1/2 s_jt b_jt^2,

    the sum over this tissue, or over all where the tissues of a variant share an indicator.

    x : (p, n); order : variants to visit, none twice
    log_odds, precision : of the prior
    tolerance : what has a posterior keeps it if its score would move by less than this many
        standard errors, in mean and in variance
    """
    cdef Py_ssize_t n = x.shape[1], m = scores.weight.shape[0], step, j, t, indicator
    cdef double[:, ::1] weight = scores.weight, mean = scores.mean
    cdef double[:, ::1] variance = scores.variance, gradient = scores.gradient
    cdef double[:, :] pip = slabs.pip, slab_mean = slabs.mean, slab_precision = slabs.precision
    cdef const unsigned char[:, :] allowed = slabs.allowed
    cdef bint shared = pip.shape[1] < m, any_moves
    cdef double xg, xxw, odds, old, squared = tolerance * tolerance
    cdef Proposal *proposals = <Proposal *>malloc(m * sizeof(Proposal))
    cdef Proposal *to
    if proposals == NULL:
        raise MemoryError(f"No memory for the proposals of {m} tissues.")
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
                to, indicator = &proposals[t], 0 if shared else t
                to.precision = precision + xxw
                to.mean = (xg + pip[j, indicator] * slab_mean[j, t] * xxw) / to.precision
                if not shared:
                    odds = log_odds
                odds += 0.5 * (log(precision / to.precision) + to.precision * to.mean * to.mean)
                to.pip = probability(odds)
            any_moves = False
            for t in range(m):
                if not allowed[j, t]:
                    continue
                to, indicator = &proposals[t], 0 if shared else t
                old = pip[j, indicator]
                if shared:
                    to.pip = probability(odds)  # by now the sum over all tissues
                xxw = to.precision - precision
                to.mean_change = to.pip * to.mean - old * slab_mean[j, t]
                to.variance_change = variance_of(to.pip, to.mean, to.precision) - variance_of(
                    old, slab_mean[j, t], slab_precision[j, t]
                )
                to.moves = (
                    old == 0
                    or to.mean_change * to.mean_change * xxw >= squared
                    or to.variance_change * to.variance_change * xxw * xxw >= squared
                )
                any_moves = any_moves or to.moves
            for t in range(m):
                to = &proposals[t]
                if not allowed[j, t] or not (any_moves if shared else to.moves):
                    continue
                if real is float:
                    move_float(
                        &x[j, 0], &weight[t, 0], to.mean_change, to.variance_change, n,
                        &mean[t, 0], &variance[t, 0], &gradient[t, 0],
                    )
                else:
                    move_double(
                        &x[j, 0], &weight[t, 0], to.mean_change, to.variance_change, n,
                        &mean[t, 0], &variance[t, 0], &gradient[t, 0],
                    )
                pip[j, 0 if shared else t] = to.pip
                slab_mean[j, t] = to.mean
                slab_precision[j, t] = to.precision
    free(proposals)


def match_rows(
    const real[:, ::1] x,
    const Py_ssize_t[::1] order,
    const double[::1] key,
    double near,
    double rounding,
    Py_ssize_t[::1] same,
    double[::1] sign,
):
    """Fill same_j, one row for all that are x_j or -x_j up to rounding, and sign_j: which.

    x : (p, n); order : all rows, by |key|
    near : rows whose |key| differ by more are not compared
    rounding : relative, of a value
    """
    cdef Py_ssize_t n = x.shape[1], step, back, j, other, i
    cdef double flip, a, b
    with nogil:
        for step in range(order.shape[0]):
            j = order[step]
            same[j], sign[j] = j, 1
            for back in range(step - 1, -1, -1):
                other = order[back]
                if fabs(key[j]) - fabs(key[other]) > near:
                    break
                flip = 1 if key[j] * key[other] >= 0 else -1
                for i in range(n):
                    a, b = x[j, i], flip * x[other, i]
                    if fabs(a - b) > rounding * fabs(a):
                        break
                else:
                    same[j], sign[j] = same[other], flip * sign[other]
                    break


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
            if scale <= ROUNDING * fabs(centre):
                scale = 0
            mean[j] = centre
            sd[j] = scale
            missing += n - seen
            if real is float:
                rescale_float(&x[j, 0], centre, 1 / scale if scale > 0 else 0, n)
            else:
                rescale_double(&x[j, 0], centre, 1 / scale if scale > 0 else 0, n)
    return missing
