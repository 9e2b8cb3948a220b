"""Variants looked up in a reference panel, by position and alleles.

Weights that were made elsewhere need dosages to go with them: their standard deviations, their
covariance, and which allele is rare. A variant is found where position and both alleles agree; its
alleles may be swapped, or read from the other strand. A palindrome (A/T, C/G) that is swapped looks
the same as one from the other strand and is left out. Every variant that is not found has a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.alleles import OTHER_ALLELES, agreeing
from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.errors import FqtlError

GAP = 50_000  # base pairs without a variant that is looked for, from which a new query pays
BLOCK = 1_000_000  # base pairs that are held in memory at once
ELSEWHERE = "chromosome is not in the panel"
SHOWN = 5  # examples of ids in a complaint
AGREEING = 0.8  # share of shared positions with the same alleles; by chance, every other one has
ENOUGH = 20  # shared positions from which such a share says something


@dataclass(frozen=True)
class Panel:
    """What a reference panel says of variants.

    variants : one row per variant asked for, by its id: variant_id, rsid, pos, other_allele and
        effect_allele as the panel has them; swapped (the panel's effect allele is the other allele
        of the question); frequency of the panel's effect allele; row of `dosages`, -1 if not found;
        reason, empty if found
    dosages : (v, n) copies of the panel's effect allele; a missing call stands at the mean
    """

    variants: pd.DataFrame
    dosages: np.ndarray


def look_up(source: GenotypeSource, variants: pd.DataFrame) -> Panel:
    """The variants in a panel, with the dosages of those that it has.

    variants : variant_id, chrom, pos, other_allele, effect_allele; where the panel has a file per
        chromosome, each of theirs must have one
    """
    wanted = variants.drop_duplicates("variant_id")
    source.require(wanted["chrom"].unique())
    found, dosages = [], [np.empty((0, len(source.donors)))]
    total = 0
    for chrom, of_chrom in wanted.groupby("chrom", sort=False):
        if contigs.bare(str(chrom)) not in {contigs.bare(name) for name in source.contigs}:
            found.append(_absent(of_chrom, ELSEWHERE))
            continue
        for block in _blocks(of_chrom.sort_values("pos", kind="stable")):
            first, last = int(block["pos"].iloc[0]), int(block["pos"].iloc[-1])
            genotypes = source.read(str(chrom), first, last, source.donors, Limits())
            matched, rows = _match(block, genotypes)
            kept = rows[rows >= 0]
            row = np.full(len(rows), -1)
            row[rows >= 0] = total + np.arange(len(kept))
            total += len(kept)
            values = _filled(genotypes.dosages[kept])
            frequency = np.full(len(rows), np.nan)
            frequency[rows >= 0] = values.mean(axis=1) / 2
            found.append(matched.assign(row=row, frequency=frequency))
            dosages.append(values)
    return Panel(pd.concat(found), np.vstack(dosages))


def require_found(panel: Panel, least: float, asked_for: str, source: GenotypeSource) -> None:
    """Refuse a panel that has so few of the variants that it must be of another kind.

    least : share of variants that has to be found
    asked_for : the file that names the variants
    """
    if len(source.donors) < 2:
        raise FqtlError(
            f"{source.path} has genotypes of {len(source.donors)} donor: dosages vary between "
            "donors, and a panel needs some hundreds."
        )
    got = panel.variants["row"] >= 0
    if got.mean() >= least and got.any():
        _require_alleles(panel, asked_for, source)
        return
    dropped = panel.variants[~got]
    raise FqtlError(
        f"{int(got.sum())} of {len(got)} variants of {asked_for} are in {source.path}, expected at "
        f"least {least:.0%}. Not found: {', '.join(dropped.index[:SHOWN])}. In the panel: "
        f"{', '.join(_examples(dropped, source))}. Are both on one genome build, and does the "
        "panel cover these chromosomes?"
    )


def _require_alleles(panel: Panel, asked_for: str, source: GenotypeSource) -> None:
    """Refuse a panel that shares positions, but not alleles: so it is between two builds."""
    got = int((panel.variants["row"] >= 0).sum())
    there = got + int(panel.variants["reason"].isin(OTHER_ALLELES).sum())
    if there >= ENOUGH and got < AGREEING * there:
        raise FqtlError(
            f"{source.path} has the positions of {there} variants of {asked_for}, and of only "
            f"{got} of these ({got / there:.0%}) the same alleles, expected nearly all. Are both "
            "on one genome build?"
        )


def _examples(dropped: pd.DataFrame, source: GenotypeSource) -> list[str]:
    """Variants of the panel near those that it lacks, or else its chromosomes."""
    readable = {contigs.bare(name) for name in source.contigs}
    for chrom, pos in dropped[["chrom", "pos"]].itertuples(index=False):
        if contigs.bare(chrom) in readable:
            near = source.read(chrom, max(pos - GAP, 1), pos + GAP, source.donors, Limits())
            if len(near.variants):
                return list(near.variants["variant_id"][:SHOWN])
    return [f"chromosome {name}" for name in source.contigs[:SHOWN]]


def _blocks(of_chrom: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Parts of a chromosome, in order, each to be read at once."""
    positions = of_chrom["pos"].tolist()
    start = 0
    for row in range(1, len(positions) + 1):
        if row == len(positions) or (
            positions[row] - positions[row - 1] > GAP or positions[row] - positions[start] > BLOCK
        ):
            yield of_chrom.iloc[start:row]
            start = row


def _absent(wanted: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Rows of variants none of which the panel has."""
    return pd.DataFrame(
        {
            "chrom": wanted["chrom"].to_numpy(),
            "pos": wanted["pos"].to_numpy(),
            "variant_id": "",
            "rsid": "",
            "other_allele": "",
            "effect_allele": "",
            "swapped": False,
            "reason": reason,
            "row": -1,
            "frequency": np.nan,
        },
        index=pd.Index(wanted["variant_id"], name="asked_for"),
    )


def _match(block: pd.DataFrame, genotypes: Genotypes) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the variants of one block, and where each is in the genotypes, -1 if nowhere."""
    known = genotypes.variants
    at: dict[int, list[int]] = {}
    for row, pos in enumerate(known["pos"]):
        at.setdefault(int(pos), []).append(row)
    dropped = dict(zip(genotypes.dropped["pos"], genotypes.dropped["reason"], strict=True))
    alleles = list(zip(known["other_allele"], known["effect_allele"], strict=True))
    rows, swapped, reasons = [], [], []
    for pos, other, effect in block[["pos", "other_allele", "effect_allele"]].itertuples(
        index=False
    ):
        here = {alleles[row]: row for row in at.get(pos, [])}
        pair, turned, reason = agreeing(other, effect, list(here))
        if pair is None and pos in dropped:
            reason = f"in the panel, but {dropped[pos]}"
        rows.append(-1 if pair is None else here[pair])
        swapped.append(turned)
        reasons.append(reason)
    matched = _absent(block, "")
    matched["reason"] = reasons
    matched["swapped"] = swapped
    which = np.array(rows)
    for name in ("variant_id", "rsid", "other_allele", "effect_allele"):
        matched[name] = (
            np.where(which >= 0, known[name].to_numpy()[which], "") if len(known) else ""
        )
    return matched, which


def _filled(dosages: np.ndarray) -> np.ndarray:
    """(v, n) in double precision, with the mean of its variant where a call is missing."""
    values = dosages.astype(np.float64)
    if not len(values):
        return values
    mean = np.nanmean(values, axis=1, keepdims=True)
    return np.where(np.isnan(values), mean, values)
