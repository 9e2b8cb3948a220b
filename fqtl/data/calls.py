"""Copies of an allele in one record of a VCF, and who has a single copy of the chromosome.

Dosages that programs write outside of 0 to 2 mean something else than dosages: -1 and -9 stand for
what is missing, lengths and infinities for nothing that a model could use.
"""

from dataclasses import dataclass

import cyvcf2
import numpy as np

from fqtl.data.dosages import NOT_DIPLOID

ABSENT = -2  # htslib's filling where a call has fewer alleles than others
NO_INTEGER = -(2**31)  # htslib's missing Integer
MISSING_CODES = (-1.0, -9.0)
ROUNDING = 0.01  # a dosage may leave 0 to 2 by this much
NOT_PER_ALLELE = "not one DS for each alternative allele"
NOT_NUMBERS = "DS is not a number"
OUTSIDE = "DS outside of 0 to 2"
UNLISTED = "call of an allele that the record does not list"


@dataclass(frozen=True)
class Copies:
    """Copies of one ALT allele.

    dosage : (n,) NaN where missing
    single : (n,) whether a donor's call is of one allele; None where all are of two
    """

    dosage: np.ndarray
    single: np.ndarray | None = None


def called(site: cyvcf2.Variant, number: int) -> Copies | str:
    """Copies by the calls, NaN where any part of one is missing; or why there are none."""
    calls = site.genotype.array()[:, :-1]
    if len(site.ALT) == 1 and calls.shape[1] == 2 and calls.min() >= 0 and calls.max() <= 1:
        # nearly every record: two known alleles, each 0 or 1; a third of the time of what follows
        return Copies((calls[:, 0] + calls[:, 1]).astype(np.float32))
    if calls.max() > len(site.ALT):
        return UNLISTED
    if (calls[:, 2:] != ABSENT).any():
        return NOT_DIPLOID
    dosage = (calls == number).sum(axis=1).astype(np.float32)
    dosage[((calls < 0) & (calls != ABSENT)).any(axis=1)] = np.nan
    single = single_calls(calls)
    return Copies(dosage, single if single.any() else None)


def single_calls(calls: np.ndarray) -> np.ndarray:
    """(n,) whether a call (n, ploidy) is of one allele; a missing one may be of two."""
    known = calls[:, 0] >= 0
    if calls.shape[1] == 1:
        return known
    return known & (calls[:, 1:] == ABSENT).all(axis=1)


def imputed(site: cyvcf2.Variant, number: int, value_type: type) -> Copies | str:
    """Copies by DS as it is given, whose ploidy the calls tell where the record has them."""
    values = site.format("DS", value_type)
    if values is None:
        return NOT_NUMBERS
    if value_type is str:
        values = _numbers(values)
        if values is None:
            return NOT_NUMBERS
    if values.shape[1] != len(site.ALT):
        return NOT_PER_ALLELE
    dosage = values[:, number - 1].astype(np.float32)
    dosage[np.isin(dosage, MISSING_CODES) | (dosage == NO_INTEGER)] = np.nan
    if "GT" not in site.FORMAT:
        return Copies(dosage)
    calls = site.genotype.array()[:, :-1]
    if (calls[:, 2:] != ABSENT).any():
        return NOT_DIPLOID
    single = single_calls(calls)
    return Copies(dosage, single if single.any() else None)


def _numbers(words: np.ndarray) -> np.ndarray | None:
    """(n, alleles) numbers of text; None where some are none."""
    rows = [["nan" if word in (".", "") else word for word in text.split(",")] for text in words]
    width = max(map(len, rows))
    try:
        return np.array([row * width if row == ["nan"] else row for row in rows], dtype=np.float64)
    except ValueError:
        return None


def within(dosage: np.ndarray) -> np.ndarray | str:
    """Dosages with what rounding left outside of 0 to 2 at its ends; or that they are none."""
    with np.errstate(invalid="ignore"):
        if ((dosage < -ROUNDING) | (dosage > 2 + ROUNDING)).any():
            return OUTSIDE
    return np.clip(dosage, 0, 2)
