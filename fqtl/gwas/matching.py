"""Variants of models found among rows of a GWAS, by position or rs number, and by alleles.

Alleles of the two may be swapped, and read from the other strand. A palindrome (A/T, C/G) looks
the same from both strands: frequencies tell which it is where both are known and not near one
half; else what the file does with other variants, if it nearly always reads the same strand; else
it is left out. Rows of one variant that agree are one row, and are left out where they do not.
Every variant that is not used has a reason.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.alleles import complement

NEAR_HALF = 0.08  # frequencies this near to 1/2 tell nothing of a strand
ONE_STRAND = 0.01  # share of variants of the other strand below which a file is of one strand
ENOUGH = 20  # variants from which such a share says something
SAME_Z = 1e-3  # z-scores that differ by less, or by this share, are one
NOT_THERE = "not in the GWAS"
OTHER_ALLELES = "other alleles in the GWAS"
NO_ALLELES = "its alleles are not told"
UNSURE_PALINDROME = "palindrome whose strand neither frequencies nor the other variants tell"
DISAGREEING = "rows of the GWAS that disagree"
PALINDROMES = ("infer", "as-written", "leave-out")


@dataclass(frozen=True)
class Matched:
    """Rows of a GWAS for v variants.

    row : (v,) row of the table of rows, -1 if there is none
    sign : (v,) 1, or -1 where the GWAS counts the other allele
    flipped : (v,) whether it was read from the other strand
    reason : (v,) why there is none; empty if there is
    counts : pairs by how their alleles agree, palindromes apart
    """

    row: np.ndarray
    sign: np.ndarray
    flipped: np.ndarray
    reason: np.ndarray
    counts: "Counter[str]"

    @property
    def found(self) -> int:
        return int((self.row >= 0).sum())


def match(
    variants: pd.DataFrame, rows: pd.DataFrame, key: str, palindromes: str = "infer"
) -> Matched:
    """The row of each variant.

    variants : place, rsid, other_allele, effect_allele, and frequency where it is known
    rows : of `Scan`
    key : place, lifted (of rows, against place) or rsid
    palindromes : infer, as-written, or leave-out
    """
    pairs = _pairs(variants, rows, key)
    codes = _AlleleCodes(variants, rows)
    minus = rows["minus"].to_numpy() & (key == "lifted")
    v, r = pairs["variant"].to_numpy(), pairs["row"].to_numpy()
    sign, reverse, palindrome = codes.agreement(v, r, minus)
    counts = _counts(sign, reverse, palindrome)
    turned = np.full(len(pairs), _strand(counts, palindromes))
    if palindromes == "infer" and "frequency" in variants:
        turned = _by_frequency(variants, rows, pairs, sign, palindrome, turned)
    flipped = np.where(palindrome, turned == 1, reverse)
    usable = (sign != 0) & ~(palindrome & (turned == -1))
    sign = np.where(palindrome & (turned == 1), -sign, sign)
    reason = np.full(len(variants), NOT_THERE, dtype=object)
    reason[v] = OTHER_ALLELES
    untold = (rows["effect_allele"] == "").to_numpy()[r]
    reason[v[untold]] = NO_ALLELES
    reason[v[(sign != 0) & palindrome & (turned == -1)]] = UNSURE_PALINDROME
    return _chosen(len(variants), rows, v, r, sign, flipped, usable, reason, counts)


def _pairs(variants: pd.DataFrame, rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """Every variant with every row of the same name or place: variant, row."""
    one = pd.DataFrame({"key": variants["rsid" if key == "rsid" else "place"].to_numpy()})
    two = pd.DataFrame({"key": rows[key].to_numpy()})
    one["variant"], two["row"] = np.arange(len(one)), np.arange(len(two))
    if key == "rsid":
        one, two = (part.astype({"key": str}) for part in (one, two))
        one, two = (part[part["key"].str.startswith("rs")] for part in (one, two))
    else:
        one, two = (part[part["key"].astype(np.int64) >= 0] for part in (one, two))
    return one.merge(two, on="key", how="inner", sort=False)[["variant", "row"]]


class _AlleleCodes:
    """Alleles as whole numbers, and the number of each on the other strand."""

    def __init__(self, variants: pd.DataFrame, rows: pd.DataFrame) -> None:
        columns = [
            frame[name] for frame in (variants, rows) for name in ("effect_allele", "other_allele")
        ]
        codes, names = pd.factorize(pd.concat(columns))
        number = {name: code for code, name in enumerate(names)}
        # indels are written in more ways than one, so that their other strand tells nothing
        self._single = np.array([len(name) == 1 for name in names])
        turned = [number.get(complement(name)[::-1], -2) for name in names]
        self._turned = np.array(turned if turned else [-2])
        ends = np.cumsum([len(column) for column in columns])
        self._effect, self._other, self._e, self._o = np.split(codes, ends[:-1])

    def agreement(
        self, v: np.ndarray, r: np.ndarray, minus: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of pairs: 1 or -1 by the allele that is counted, 0 if alleles differ; other strand;
        palindrome. minus : (rows,) rows to be read from the other strand to begin with."""
        effect, other = self._effect[v], self._other[v]
        e, o = self._e[r], self._o[r]
        e, o = (np.where(minus[r], self._turned[allele], allele) for allele in (e, o))
        palindrome = self._turned[effect] == other
        palindrome &= self._single[effect] & self._single[other]
        single = self._single[effect] & self._single[other]
        te, to = (np.where(single, self._turned[allele], -3) for allele in (e, o))
        same, swapped = (e == effect) & (o == other), (e == other) & (o == effect)
        forward = same | swapped
        back, back_swapped = (te == effect) & (to == other), (te == other) & (to == effect)
        reverse = ~forward & (back | back_swapped)
        sign = np.select([same, swapped, back, back_swapped], [1, -1, 1, -1], 0)
        return sign, reverse, palindrome


def _counts(sign: np.ndarray, reverse: np.ndarray, palindrome: np.ndarray) -> "Counter[str]":
    plain = (sign != 0) & ~palindrome
    return Counter(
        {
            "same": int((plain & ~reverse & (sign == 1)).sum()),
            "swapped": int((plain & ~reverse & (sign == -1)).sum()),
            "other strand": int((plain & reverse).sum()),
            "other alleles": int((sign == 0).sum()),
            "palindromes": int(((sign != 0) & palindrome).sum()),
        }
    )


def _strand(counts: "Counter[str]", palindromes: str) -> int:
    """Of palindromes: 0 as written, 1 from the other strand, -1 not known."""
    if palindromes != "infer":
        return 0 if palindromes == "as-written" else -1
    forward, reverse = counts["same"] + counts["swapped"], counts["other strand"]
    total = forward + reverse
    if total < ENOUGH:
        return 0 if reverse == 0 and total else -1
    if reverse <= ONE_STRAND * total:
        return 0
    return 1 if forward <= ONE_STRAND * total else -1


def _by_frequency(
    variants: pd.DataFrame,
    rows: pd.DataFrame,
    pairs: pd.DataFrame,
    sign: np.ndarray,
    palindrome: np.ndarray,
    turned: np.ndarray,
) -> np.ndarray:
    """(pairs,) of palindromes, whether they are of the other strand; as before where frequencies
    do not tell."""
    ours = variants["frequency"].to_numpy(dtype=float)[pairs["variant"]]
    theirs = rows["frequency"].to_numpy(dtype=float)[pairs["row"]]
    theirs = np.where(sign == -1, 1 - theirs, theirs)
    with np.errstate(invalid="ignore"):
        telling = (np.abs(ours - 0.5) > NEAR_HALF) & (np.abs(theirs - 0.5) > NEAR_HALF)
        agree = (ours - 0.5) * (theirs - 0.5) > 0
    return np.where(palindrome & telling, np.where(agree, 0, 1), turned)


def _chosen(
    size: int,
    rows: pd.DataFrame,
    v: np.ndarray,
    r: np.ndarray,
    sign: np.ndarray,
    flipped: np.ndarray,
    usable: np.ndarray,
    reason: np.ndarray,
    counts: "Counter[str]",
) -> Matched:
    """One row for each variant of those that have the same alleles."""
    z = rows["z"].to_numpy(dtype=float)[r] if len(rows) else np.empty(0)
    without = rows["reason"].to_numpy(dtype=object)[r] if len(rows) else np.empty(0, dtype=object)
    reason[v[usable]] = without[usable]
    usable = usable & np.isfinite(z)
    table = pd.DataFrame({"v": v, "r": r, "sign": sign, "flipped": flipped, "z": z * sign})
    table = table[usable]
    # one of the same strand is preferred: A/C and T/G may both be at one place
    best = table.groupby("v")["flipped"].transform("min")
    table = table[table["flipped"] == best]
    span = table.groupby("v")["z"].agg(["min", "max", "size"])
    tolerance = SAME_Z * np.maximum(1.0, span[["min", "max"]].abs().max(axis=1))
    agree = (span["max"] - span["min"]) <= tolerance
    reason[span.index[~agree]] = DISAGREEING
    first = table.drop_duplicates("v")
    first = first[first["v"].map(agree).astype(bool)]
    at = first["v"].to_numpy()
    row, signs = np.full(size, -1), np.ones(size)
    turned = np.zeros(size, dtype=bool)
    row[at], signs[at], turned[at] = first["r"], first["sign"], first["flipped"]
    reason[at] = ""
    counts["repeated rows"] = int(len(table) - len(span))
    return Matched(row, signs, turned, reason, counts)
