# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""Genotypes in two bits, and sums over them; see `_packed.h` and `packed.py`."""

from libc.stdint cimport uint8_t, uint32_t

cdef extern from "_packed.h" nogil:
    int FQTL_HAS_AVX2
    const Py_ssize_t FQTL_LANES, FQTL_PER_WORD, FQTL_ENTRIES
    void pack_along(
        const uint32_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, uint32_t *, uint32_t *
    )
    void pack_across(const uint8_t *, Py_ssize_t, int, uint32_t *, uint32_t *)
    void lookup_all(const uint32_t *, Py_ssize_t, Py_ssize_t, const float *, int, float *)

LANES, PER_WORD, ENTRIES = FQTL_LANES, FQTL_PER_WORD, FQTL_ENTRIES
ITEMS = 3 * FQTL_PER_WORD  # of a word


def has_wide_lookup():
    """Whether the processor looks up 8 lanes in a table of 8 at once (AVX2)."""
    return bool(FQTL_HAS_AVX2)


def pack_rows(const uint32_t[:, ::1] words, uint32_t[:, :, :, ::1] codes):
    """Codes of lanes, each a row of words of two-bit counts (`called.py`), of which 3 adds nothing.

    codes : (2, groups, words, 32), of counts of at least 1, and of at least 2
    """
    cdef Py_ssize_t lane, group, place
    with nogil:
        for lane in range(words.shape[0]):
            group, place = lane // FQTL_LANES, lane % FQTL_LANES
            pack_along(
                &words[lane, 0], words.shape[1], FQTL_LANES, codes.shape[2],
                &codes[0, group, 0, place], &codes[1, group, 0, place],
            )


def pack_columns(const uint8_t[:, ::1] counts, uint32_t[:, :, :, :] codes):
    """The same of counts (items, lanes), a byte each.

    codes : all 0 before, its last axis contiguous
    """
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
