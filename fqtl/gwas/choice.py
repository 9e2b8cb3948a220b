"""Whether positions of a GWAS are those of the models, must be lifted, or rs numbers must do.

Told builds are believed and checked; where a build is not told it is recognised: on the right build
positions and alleles of the models' variants are found, and rs numbers stand where the models have
them. What is already on the build of the models is not lifted.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.errors import FqtlError
from fqtl.gwas.chain import Chain
from fqtl.gwas.matching import Matched, match
from fqtl.gwas.scan import Scan

log = logging.getLogger(__name__)
ENOUGH = 20  # rs numbers that both know, from which their positions tell a build
AGREEING = 0.5  # share of them that stand at one place where both are on one build
FEW = 0.5  # share of variants found by position, below which rs numbers are tried
SAMPLED = 20_000
MODES = ("auto", "position", "rsid")


@dataclass(frozen=True)
class Chosen:
    """How variants were found: `place`, `lifted` or `rsid`, and what was found so."""

    key: str
    matched: Matched
    build: str


def choose(
    scan: Scan,
    variants: pd.DataFrame,
    *,
    gwas_build: str,
    told_by: str,
    weights_build: str,
    chain: Chain | None,
    mode: str = "auto",
    palindromes: str = "infer",
) -> Chosen:
    """The way by which variants of models are found.

    gwas_build, weights_build : as told; empty where they are not
    """
    _refuse_beyond(scan, gwas_build, told_by)
    positions = scan.with_positions and bool((variants["place"] >= 0).any())
    if mode == "position" and not positions:
        lacking = "the GWAS" if not scan.with_positions else "the models"
        raise FqtlError(f"{scan.path}: {lacking} tell no positions (--match position).")
    if chain is not None and not positions:
        raise FqtlError(f"{chain.path} lifts positions, and {scan.path} or the models tell none.")
    by_rsid = scan.with_rsids and bool(variants["rsid"].str.startswith("rs").any())
    keys = (["place"] if positions and mode != "rsid" else []) + (
        ["lifted"] if chain is not None else []
    )
    keys += ["rsid"] if by_rsid and mode != "position" else []
    if not keys:
        raise FqtlError(
            f"{scan.path} and the models have neither positions nor rs numbers in common."
        )
    matches = _Matches(scan, variants, keys, palindromes)
    key = _key(matches, gwas_build, told_by, weights_build, chain)
    return Chosen(key, matches.by(key), weights_build if key == "place" else gwas_build)


class _Matches:
    """Ways by which variants may be found, each followed when it is asked for."""

    def __init__(
        self, scan: Scan, variants: pd.DataFrame, keys: list[str], palindromes: str
    ) -> None:
        self.scan, self.variants, self.keys = scan, variants, keys
        self._palindromes = palindromes
        self._found: dict[str, Matched] = {}

    def by(self, key: str) -> Matched:
        if key not in self._found:
            self._found[key] = match(self.variants, self.scan.rows, key, self._palindromes)
        return self._found[key]


def _key(
    matches: _Matches, gwas_build: str, told_by: str, weights_build: str, chain: Chain | None
) -> str:
    scan = matches.scan
    if chain is not None:
        _refuse_lifted(matches, gwas_build, told_by, weights_build, chain)
        return "lifted"
    if "place" not in matches.keys:
        return "rsid"
    standing = _standing(scan, matches.variants)
    told = gwas_build and weights_build
    elsewhere = standing is not None and standing < AGREEING
    if told and gwas_build == weights_build:
        if elsewhere:
            raise FqtlError(
                f"{scan.path} is said to be on {gwas_build} by {told_by}, as the models are, but "
                f"only {standing:.0%} of the rs numbers that both have stand at the same position. "
                "Is it on another build? See --gwas-build; a chain file (--chain) lifts it."
            )
        return "place"
    if told or elsewhere:
        if "rsid" in matches.keys:
            log.info(
                "%s is on another build (%s) than the models (%s): variants are found by rs number",
                *(scan.path, gwas_build or "not told", weights_build or "not told"),
            )
            return "rsid"
        raise FqtlError(
            f"{scan.path} is on {gwas_build or 'another build'}{f' ({told_by})' if told_by else ''}"
            f", the models are on {weights_build or 'one that is not told'}. Give a chain file "
            "from the one to the other (--chain)."
        )
    by_place = matches.by("place").found
    few = by_place < FEW * len(matches.variants)
    if few and "rsid" in matches.keys and matches.by("rsid").found > 2 * by_place:
        log.info(
            "%s: %d variants of the models are found by rs number, %d by position: rs numbers are "
            "taken",
            *(scan.path, matches.by("rsid").found, by_place),
        )
        return "rsid"
    return "place"


def _standing(scan: Scan, variants: pd.DataFrame) -> float | None:
    """Share of rs numbers of both that stand at the same position; None if there are too few."""
    if not len(scan.rows):
        return None
    rows = scan.rows[(scan.rows["place"] >= 0) & scan.rows["rsid"].str.startswith("rs")]
    rows = rows.iloc[:: max(len(rows) // SAMPLED, 1)].drop_duplicates("rsid")
    known = variants[(variants["place"] >= 0) & variants["rsid"].isin(rows["rsid"])]
    ours = known.drop_duplicates("rsid").set_index("rsid")["place"].rename("ours")
    both = rows.set_index("rsid")[["place"]].join(ours, how="inner")
    if len(both) < ENOUGH:
        return None
    return float(np.mean(both["ours"] == both["place"]))


def _refuse_lifted(
    matches: _Matches, gwas_build: str, told_by: str, weights_build: str, chain: Chain
) -> None:
    """Refuse to lift what is on the build of the models already."""
    scan = matches.scan
    here = matches.by("place").found if "place" in matches.keys else 0
    lifted = matches.by("lifted").found
    if gwas_build and gwas_build == weights_build:
        raise FqtlError(
            f"{scan.path} is on {gwas_build} by {told_by}, and so are the models: there is nothing "
            f"to lift. Leave {chain.path} out (--chain)."
        )
    if here >= lifted and here:
        raise FqtlError(
            f"{here} variants of the models are in {scan.path} by its own positions, {lifted} by "
            f"those that {chain.path} lifts: it seems to be on the build of the models already. "
            "Leave --chain out, or is it the chain of the other direction?"
        )


def _refuse_beyond(scan: Scan, build: str, told_by: str) -> None:
    """Refuse a build whose chromosomes end before the positions of the file."""
    for chrom, last in scan.lengths.items():
        length = contigs.LENGTHS.get(build, {}).get(chrom, last)
        if last > length:
            raise FqtlError(
                f"{scan.path} is said to be on {build} by {told_by}, and has position {last:,} of "
                f"chromosome {chrom}, which ends at {length:,} there. See --gwas-build."
            )
