"""The list of variants beside a matrix of LD: which variant each row of the matrix is of.

A table with a header, plain or gzipped, separated by tabs or blanks, or a `.bim` without one. Names
of columns are known in the ways that lists are published with: UK Biobank's (rsid, chromosome,
position, allele1, allele2), PLINK's `.pvar` (#CHROM, POS, ID, REF, ALT), and plain words. Signs of
correlations are of one allele of each variant; where all are turned round nothing changes, so of
`allele1` and `allele2` the second is taken for the effect allele, as ALT is.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.alleles import complement
from fqtl.data.dosages import BASES, NOT_BASES, rsid_of, variant_id
from fqtl.data.lines import read_lines
from fqtl.data.text import guarded, read_table
from fqtl.errors import FqtlError
from fqtl.gwas.chain import Chain
from fqtl.gwas.places import Chromosomes

NAMES = {
    "chrom": ("chrom", "chr", "chromosome"),
    "pos": ("pos", "position", "bp"),
    "other_allele": ("other_allele", "ref", "allele1", "a2"),
    "effect_allele": ("effect_allele", "alt", "allele2", "a1"),
    "rsid": ("rsid", "id", "snp", "variant", "variant_id", "name"),
    "frequency": ("frequency", "freq", "af", "eaf", "alt_freqs", "effect_allele_frequency"),
    "maf": ("maf", "minor_allele_frequency"),
}
OPTIONAL = ("rsid", "frequency", "maf")
BIM = ["chrom", "id", "cm", "pos", "a1", "a2"]
PREAMBLE = 5_000  # lines of ## before a header
REPEATED = "listed twice"
CONSTANT = "constant"
NOT_LIFTED = "not lifted"


def read_ld_variants(
    path: Path, chrom: str, build: str, chain: Chain | None = None
) -> pd.DataFrame:
    """Variants in the order of the matrix.

    build : of the run, to which `chain` lifts positions

    variant_id, rsid, chrom, pos, other_allele, effect_allele; frequency of the effect allele and
    maf, NaN where they are not known; reason why a variant is of no use, empty if it is
    """
    table = _read(path)
    found = pd.DataFrame({name: _column(path, table, name) for name in NAMES})
    bare = found["chrom"].map(contigs.bare)
    if (bare != contigs.bare(chrom)).any():
        row = int(np.flatnonzero(bare != contigs.bare(chrom))[0])
        raise FqtlError(
            f"{path}: the region is on {chrom}, and variant {row + 1} of {len(found)} on "
            f"{found['chrom'].iloc[row]!r}."
        )
    pos = pd.to_numeric(found["pos"], errors="coerce")
    if not (pos > 0).all() or (pos % 1 != 0).any():
        row = int(np.flatnonzero(~((pos > 0) & (pos % 1 == 0)))[0])
        raise FqtlError(
            f"{path}: variant {row + 1} of {len(found)} must have a position, found "
            f"{found['pos'].iloc[row]!r}."
        )
    found["chrom"], found["pos"] = contigs.prefixed(chrom), pos.astype(np.int64)
    for name in ("other_allele", "effect_allele"):
        found[name] = found[name].str.upper()
    if chain is not None:
        found = _lift(found, chain, chrom)
    lost = (found["pos"] == 0).to_numpy()
    for name in ("frequency", "maf"):
        found[name] = _shares(path, found[name], name)
    known = found["frequency"].notna()
    found["maf"] = found["maf"].mask(known, np.minimum(found["frequency"], 1 - found["frequency"]))
    found["rsid"] = found["rsid"].map(rsid_of)
    places = zip(found["pos"], found["other_allele"], found["effect_allele"], strict=True)
    found["variant_id"] = [variant_id(chrom, *place, build) for place in places]
    found["reason"] = np.where(lost, NOT_LIFTED, _reasons(found))
    return found


def lifted(chain: Chain, chrom: str, pos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(v,) positions on the same chromosome of another build, 0 for none; whether strands differ.

    chain : of this chromosome alone
    """
    code = Chromosomes([chrom]).code(chrom)
    to_chrom, to_pos, minus = chain.lift(np.full(len(pos), code), pos)
    return np.where(to_chrom == code, to_pos, 0), minus


def _lift(found: pd.DataFrame, chain: Chain, chrom: str) -> pd.DataFrame:
    """Variants at their other place, position 0 where there is none.

    On the other strand alleles are those of the other strand; indels are written in more ways
    than one there, and have no place.
    """
    pos, minus = lifted(chain, chrom, found["pos"].to_numpy())
    long = found["other_allele"].str.len() + found["effect_allele"].str.len() > 2
    turned = {
        name: found[name].where(~minus, found[name].map(complement))
        for name in ("other_allele", "effect_allele")
    }
    return found.assign(pos=np.where(minus & long, 0, pos), **turned)


def _reasons(found: pd.DataFrame) -> np.ndarray:
    """Why a variant is of no use, whatever the matrix says; empty if it is."""
    bases = found["other_allele"].str.match(BASES) & found["effect_allele"].str.match(BASES)
    twice = found.duplicated(["pos", "other_allele", "effect_allele"])
    return np.select([~bases, twice, found["maf"] <= 0], [NOT_BASES, REPEATED, CONSTANT], "")


def _read(path: Path) -> pd.DataFrame:
    """All columns as text, by names of small letters."""
    head = guarded(path, lambda: read_lines(path, PREAMBLE))
    before = next((i for i, line in enumerate(head) if not line.startswith("##")), len(head))
    fields = head[before].split() if before < len(head) else []
    if len(fields) == len(BIM) and fields[3].isdigit():
        table = read_table(path, None)
        first = pd.DataFrame([table.columns.tolist()], columns=table.columns)
        return pd.concat([first, table], ignore_index=True).set_axis(BIM, axis="columns")
    table = read_table(path, None, before)
    return table.set_axis([str(name).lstrip("#").lower() for name in table], axis="columns")


def _column(path: Path, table: pd.DataFrame, name: str) -> "pd.Series[str]":
    """A column by any of its names; of one that need not be there, empty text."""
    there = [other for other in NAMES[name] if other in table]
    if there:
        return table[there[0]].fillna("").astype(str)
    if name in OPTIONAL:
        return pd.Series("", index=table.index)
    raise FqtlError(
        f"{path}: expected a column {name} ({', '.join(NAMES[name][1:])}), or the six of a .bim; "
        f"found {', '.join(map(str, table.columns))}."
    )


def _shares(path: Path, words: "pd.Series[str]", name: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(words, errors="coerce").astype(float)
    most = 0.5 if name == "maf" else 1.0
    bad = (numbers < 0) | (numbers > most)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise FqtlError(
            f"{path}: {name} must be from 0 to {most:g}, found {words.iloc[row]!r} of variant "
            f"{row + 1} of {len(words)} ({int(bad.sum())} such entries)."
        )
    return numbers
