# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Called genotypes as two bits, and passes over rows that are read from them; see `_called.h`."""

from libc.math cimport fabs, sqrt
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc

ctypedef fused real:
    float
    double

cdef extern from "_called.h" nogil:
    const Py_ssize_t FQTL_DONORS
    int FQTL_DECODES_WIDE
    void code_float(const float *, Py_ssize_t, double, uint8_t *, double *, Py_ssize_t *)
    void code_double(const double *, Py_ssize_t, double, uint8_t *, double *, Py_ssize_t *)
    void count_codes(const uint8_t *, Py_ssize_t, Py_ssize_t *)
    void pack_codes(uint8_t *, Py_ssize_t, const uint8_t *, uint32_t *)
    void unpack_codes(const uint32_t *, Py_ssize_t, uint8_t *)
    uint64_t hash_words(const uint32_t *, Py_ssize_t)
    void decode_row(const uint32_t *, Py_ssize_t, const float *, int, float *)

cdef extern from "_simd.h" nogil:
    void dots_float(const float *, const double *, const double *, Py_ssize_t, double *, double *)
    void add_float(const float *, double, double, Py_ssize_t, double *, double *)

DONORS = FQTL_DONORS  # of a word

# of a standard deviation, by which an imputed value may be off its row's mean; float32's rounding
cdef double MISSING = 1e-6
# of the range, by which a heterozygote may be off the middle: float32's rounding
cdef double OFF = 1e-5
# of a row's mean, up to which its scale is the rounding of a constant; as in `_kernels.pyx`
cdef double ROUNDING = 1e-10


def has_wide_decoding():
    """Whether the processor reads eight donors at once (AVX2)."""
    return bool(FQTL_DECODES_WIDE)


cdef class Coded:
    """What is known of k rows beside their words (k, words), filled row by row.

    raw : (k, 3) values of codes 0 to 2 as they were given
    mean, sd : (k,) over what is observed; sd is 0 where a row does not vary
    values : (k, 4) standardised value of each code
    top : (k,) largest code but 3; 0 where a row does not vary
    sign : (k,) 1, or -1 where code 0 is the larger end
    missing : (k,) how many are coded 3
    keys : (k,) the same for the same words
    """

    cdef double[:, ::1] raw
    cdef double[::1] mean, sd, sign
    cdef float[:, ::1] values
    cdef uint8_t[::1] top
    cdef Py_ssize_t[::1] missing
    cdef uint64_t[::1] keys

    def __init__(self, double[:, ::1] raw, double[::1] mean, double[::1] sd,
                 float[:, ::1] values, uint8_t[::1] top, double[::1] sign,
                 Py_ssize_t[::1] missing, uint64_t[::1] keys):
        self.raw, self.mean, self.sd, self.values = raw, mean, sd, values
        self.top, self.sign, self.missing, self.keys = top, sign, missing, keys


cdef double centre_of(const double *found, const Py_ssize_t *seen) noexcept nogil:
    cdef Py_ssize_t known = seen[0] + seen[1] + seen[2], c
    cdef double total = 0
    for c in range(3):
        if seen[c]:
            total += seen[c] * found[c]
    return total / known if known else 0


cdef double scale_of(
    const double *found, const Py_ssize_t *seen, double centre, Py_ssize_t imputed
) noexcept nogil:
    cdef Py_ssize_t known = seen[0] + seen[1] + seen[2], c
    cdef double total = 0, scale
    for c in range(3):
        if seen[c]:
            total += seen[c] * (found[c] - centre) * (found[c] - centre)
    scale = sqrt(total / (known + imputed)) if known else 0
    return scale if scale > ROUNDING * fabs(centre) else 0


cdef void finish(
    Coded to, uint32_t[:, ::1] words, Py_ssize_t j, uint8_t *codes, Py_ssize_t n,
    const double *found, const Py_ssize_t *seen, Py_ssize_t imputed,
) noexcept nogil:
    """Row j of codes, of which 0 is the commoner end, and 1 the other where there are but two.

    Of ends as common as each other 0 is the first that occurs, so that copies have the same codes.
    """
    cdef double centre = centre_of(found, seen), scale = scale_of(found, seen, centre, imputed)
    cdef uint8_t recode[4]
    cdef Py_ssize_t c, low = 0, high = 2, i
    cdef bint flips
    cdef uint8_t top = 0
    recode[0], recode[1], recode[2], recode[3] = 0, 0, 0, 3
    for c in range(3):
        to.raw[j, c] = 0
    for c in range(4):
        to.values[j, c] = 0
    to.mean[j], to.sd[j], to.sign[j], to.missing[j] = centre, scale, 1, seen[3] + imputed
    if scale > 0:
        low = 0 if seen[0] else 1
        high = 2 if seen[2] else 1
        top = 2 if low == 0 and high == 2 and seen[1] else 1
        flips = seen[high] > seen[low]
        if seen[high] == seen[low]:
            for i in range(n):
                if codes[i] == low or codes[i] == high:
                    flips = codes[i] == high
                    break
        recode[1] = 1  # unless it is an end
        recode[low], recode[high] = top if flips else 0, 0 if flips else top
        if (found[low] < found[high]) == flips:
            to.sign[j] = -1
        for c in range(3):
            if seen[c]:
                to.raw[j, recode[c]] = found[c]
                to.values[j, recode[c]] = <float>((found[c] - centre) * (1 / scale))
    else:
        for c in range(3):
            if seen[c]:
                to.raw[j, 0] = found[c]
    to.top[j] = top
    pack_codes(codes, n, recode, &words[j, 0])
    to.keys[j] = hash_words(&words[j, 0], words.shape[1])


def code_rows(const real[:, ::1] x, uint32_t[:, ::1] words, Coded to):
    """Words and what else is known of rows x (k, n), NaN where missing.

    Gives how many are missing, and how many are at the mean of their row, as imputed ones are; None
    where a row is not called.
    """
    cdef Py_ssize_t n = x.shape[1], j, i, missing = 0, imputed = 0
    cdef Py_ssize_t seen[5]
    cdef double found[3]
    cdef double centre, scale
    cdef bint called = True
    cdef uint8_t *codes = <uint8_t *>calloc(n + FQTL_DONORS, 1)
    if codes == NULL:
        raise MemoryError(f"No memory for {n} codes.")
    with nogil:
        for j in range(x.shape[0]):
            if real is float:
                code_float(&x[j, 0], n, OFF, codes, found, seen)
            else:
                code_double(&x[j, 0], n, OFF, codes, found, seen)
            if seen[4]:
                centre = centre_of(found, seen)
                scale = scale_of(found, seen, centre, seen[4])
                for i in range(n):
                    if codes[i] == 4:
                        called = called and fabs(x[j, i] - centre) <= MISSING * scale
                        codes[i] = 3
                if not called:
                    break
            missing += seen[3]
            imputed += seen[4]
            finish(to, words, j, codes, n, found, seen, seen[4])
    free(codes)
    return (missing, imputed) if called else None


def code_some(
    const uint32_t[:, ::1] before, const double[:, ::1] raw, Py_ssize_t n_before,
    const Py_ssize_t[::1] donors, uint32_t[:, ::1] words, Coded to,
):
    """The same of some of the donors of rows that are coded (k, words before), none imputed.

    raw : (k, 3) values of their codes
    """
    cdef Py_ssize_t n = donors.shape[0], j, i, c
    cdef Py_ssize_t seen[5]
    cdef double found[3]
    cdef uint8_t *every = <uint8_t *>calloc(n_before + n + FQTL_DONORS, 1)
    cdef uint8_t *codes = every + n_before
    if every == NULL:
        raise MemoryError(f"No memory for {n_before + n} codes.")
    with nogil:
        for j in range(before.shape[0]):
            unpack_codes(&before[j, 0], n_before, every)
            for i in range(n):
                codes[i] = every[donors[i]]
            count_codes(codes, n, seen)
            for c in range(3):
                found[c] = raw[j, c]
            finish(to, words, j, codes, n, found, seen, 0)
    free(every)


def unpack_rows(const uint32_t[:, ::1] words, uint8_t[:, ::1] codes):
    """Codes (k, n) of words (k, words)."""
    cdef Py_ssize_t j, n = codes.shape[1]
    with nogil:
        for j in range(words.shape[0]):
            unpack_codes(&words[j, 0], n, &codes[j, 0])


def decode_rows(
    const uint32_t[:, ::1] words, const float[:, ::1] values, const Py_ssize_t[::1] index,
    float[:, ::1] x, bint wide,
):
    """Rows x (k, n) of words, through values (p, 4); index : (k,) which rows."""
    cdef Py_ssize_t k, n = x.shape[1]
    with nogil:
        for k in range(index.shape[0]):
            decode_row(&words[index[k], 0], n, &values[index[k], 0], wide, &x[k, 0])


def dot_called(
    const uint32_t[:, ::1] words, const float[:, ::1] values, const Py_ssize_t[::1] index,
    const double[::1] gradient, const double[::1] weight, double[::1] xg, double[::1] xxw,
    bint wide,
):
    """`dot_rows` of rows that are read from words."""
    cdef Py_ssize_t k, n = gradient.shape[0]
    cdef float *row = <float *>malloc((n + 1) * sizeof(float))
    if row == NULL:
        raise MemoryError(f"No memory for {n} donors.")
    with nogil:
        for k in range(index.shape[0]):
            decode_row(&words[index[k], 0], n, &values[index[k], 0], wide, row)
            dots_float(row, &gradient[0], &weight[0], n, &xg[k], &xxw[k])
    free(row)


def add_called(
    const uint32_t[:, ::1] words, const float[:, ::1] values, const Py_ssize_t[::1] index,
    const double[::1] first, const double[::1] second, double[::1] total, double[::1] squares,
    bint wide,
):
    """`add_rows` of rows that are read from words."""
    cdef Py_ssize_t k, n = total.shape[0]
    cdef float *row = <float *>malloc((n + 1) * sizeof(float))
    if row == NULL:
        raise MemoryError(f"No memory for {n} donors.")
    with nogil:
        for k in range(index.shape[0]):
            decode_row(&words[index[k], 0], n, &values[index[k], 0], wide, row)
            add_float(row, first[k], second[k], n, &total[0], &squares[0])
    free(row)
