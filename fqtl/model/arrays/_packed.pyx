"""Genotypes in two bits, and sums over them; see `_packed.h` and `packed.py`."""

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False

from libc.stdint cimport uint8_t, uint32_t

cdef extern from "_packed.h" nogil:
    int FQTL_HAS_AVX2
    const Py_ssize_t FQTL_LANES, FQTL_PER_WORD, FQTL_ENTRIES
    void count_row(
        const float *, Py_ssize_t, float, float, uint8_t *, float *, Py_ssize_t *
    )
    void recode_row(uint8_t *, Py_ssize_t, const uint8_t *)
    void pack_along(const uint8_t *, Py_ssize_t, uint32_t *, uint32_t *)
    void pack_across(const uint8_t *, Py_ssize_t, int, uint32_t *, uint32_t *)
    void lookup_all(const uint32_t *, Py_ssize_t, Py_ssize_t, const float *, int, float *)

LANES, PER_WORD, ENTRIES = FQTL_LANES, FQTL_PER_WORD, FQTL_ENTRIES
ITEMS = 3 * FQTL_PER_WORD  # of a word

# missing genotypes are the mean, 0 up to the rounding of what was centred
cdef float MISSING = 1e-6
# of the range, by which a heterozygote may be off the middle: float32's rounding
cdef float OFF = 1e-5


def has_wide_lookup():
    """Whether the processor looks up 8 lanes in a table of 8 at once (AVX2)."""
    return bool(FQTL_HAS_AVX2)


def count_rows(
    const float[:, ::1] x, uint8_t[:, ::1] counts, double[::1] base, double[::1] step,
    Py_ssize_t[::1] missing,
):
    """Rows of x as counts of an allele, x_ji = base_j + step_j counts_ji; whether that is so.

    x, counts : (p, n); a missing genotype is counted 3
    base, step : (p,); count 0 is the commoner end of the row
    missing : (p,) how many of a row
    """
    cdef Py_ssize_t p = x.shape[0], n = x.shape[1], j
    cdef Py_ssize_t seen[5]
    cdef float ends[2]
    cdef uint8_t to[3]
    cdef uint8_t most
    with nogil:
        for j in range(p):
            count_row(&x[j, 0], n, OFF, MISSING, &counts[j, 0], ends, seen)
            if seen[4] > 0:
                break
            missing[j] = seen[3]
            most = 2 if seen[1] > 0 else 1  # a row of two values counts 0 and 1
            base[j], step[j] = ends[0], (<double>ends[1] - <double>ends[0]) / most
            to[0], to[1], to[2] = 0, 1, most
            if seen[2] > seen[0]:
                base[j], step[j] = ends[1], -step[j]
                to[0], to[2] = most, 0
            recode_row(&counts[j, 0], n, to)
        else:
            j = p
    return j == p


def pack_rows(const uint8_t[:, ::1] counts, uint32_t[:, :, :, ::1] codes):
    """Codes of counts (lanes, items), of which 3 adds nothing.

    codes : (2, groups, words, 32), of counts of at least 1, and of at least 2; all 0 before
    """
    cdef Py_ssize_t lane, w, first, group, place, items = counts.shape[1]
    with nogil:
        for lane in range(counts.shape[0]):
            group, place = lane // FQTL_LANES, lane % FQTL_LANES
            for w in range(codes.shape[2]):
                first = 3 * FQTL_PER_WORD * w
                pack_along(
                    &counts[lane, first], min(items - first, 3 * FQTL_PER_WORD),
                    &codes[0, group, w, place], &codes[1, group, w, place],
                )


def pack_columns(const uint8_t[:, ::1] counts, uint32_t[:, :, :, ::1] codes):
    """The same of counts (items, lanes)."""
    cdef Py_ssize_t item, group, first, w, lanes = counts.shape[1]
    cdef int k
    with nogil:
        for item in range(counts.shape[0]):
            w, k = item // (3 * FQTL_PER_WORD), <int>(item % (3 * FQTL_PER_WORD))
            for group in range(codes.shape[1]):
                first = FQTL_LANES * group
                pack_across(
                    &counts[item, first], min(lanes - first, FQTL_LANES), k,
                    &codes[0, group, w, 0], &codes[1, group, w, 0],
                )


def fill_tables(const double[::1] values, float[:, ::1] tables):
    """What each code adds, of what each item adds.

    values : (items,); tables : (items / 3, 8)
    """
    cdef Py_ssize_t t
    cdef double a, b, c
    with nogil:
        for t in range(tables.shape[0]):
            a, b, c = values[3 * t], values[3 * t + 1], values[3 * t + 2]
            tables[t, 0] = 0
            tables[t, 1] = <float>a
            tables[t, 2] = <float>b
            tables[t, 3] = <float>(a + b)
            tables[t, 4] = <float>c
            tables[t, 5] = <float>(a + c)
            tables[t, 6] = <float>(b + c)
            tables[t, 7] = <float>(a + b + c)


def look_up(
    const uint32_t[:, :, ::1] codes, const float[:, ::1] tables, float[::1] sums, bint wide
):
    """Fill sums (groups * 32) from codes (groups, words, 32).

    wide : with AVX2
    """
    with nogil:
        lookup_all(
            &codes[0, 0, 0], codes.shape[0], codes.shape[1], &tables[0, 0], wide, &sums[0]
        )


def take_missing(
    const Py_ssize_t[::1] start, const Py_ssize_t[::1] donor, const double[::1] of_donor,
    double[::1] total,
):
    """total_j = sum of `of_donor` over the donors of whom row j is missing."""
    cdef Py_ssize_t j, k
    cdef double one
    with nogil:
        for j in range(start.shape[0] - 1):
            one = 0
            for k in range(start[j], start[j + 1]):
                one += of_donor[donor[k]]
            total[j] = one
