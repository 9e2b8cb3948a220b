"""LD from published matrices: one file for each region, with the list of its variants beside it.

A table says which (`fqtl/data/ld_sheet.py`). Regions may overlap, as those of UK Biobank do: a gene
takes the one that holds most of its window and, of several that hold the same, the one in whose
middle it is. One matrix is in memory at a time, in single precision: 4 r² bytes of r variants, up
to 16 r² while it is read. LD of a gene of p variants is decomposed in 60 p² bytes beside it.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.ld_sheet import Region, read_regions
from fqtl.data.reference import NO_FREQUENCY, Correlations
from fqtl.data.variant_filter import VariantFilter
from fqtl.data.windows import Span
from fqtl.errors import FqtlError
from fqtl.gwas.chain import Chain, read_chain
from fqtl.gwas.places import Chromosomes
from fqtl.model.summary.ld_matrix import load_ld
from fqtl.qtl.ld_variants import CONSTANT, NOT_LIFTED, lifted, read_ld_variants

log = logging.getLogger(__name__)
STEP = 1_000  # base pairs between places of a region that are lifted
SAME = 1e-3  # by which correlations may differ from symmetry and from 1, as in a fit; taste
BLOCK = 1_024  # rows that are looked at at once
ROWS = 3  # variants to an eigenvector that is kept; taste
DECOMPOSED = 3e-10  # CPU seconds to a cube of variants; measured
GENE_BYTES = 60  # to an entry of the matrix of a gene, while it is decomposed and fitted; measured
READ_BYTES = 16  # to an entry of that of a region, while it is read; measured (half, float64)
HELD_BYTES = 4  # to an entry, once it is read
OUTSIDE = "no region of {path} holds a part of the cis window"
NOT_THERE = "no variant of the cis window has a z-score and is in the LD matrix"


@dataclass
class LDOfMatrices:
    """LD of the regions of a table.

    build : genome build that it is on; choice : which variants are kept; min_maf : of them
    """

    path: Path
    build: str
    choice: VariantFilter
    min_maf: float
    regions: list[Region] = field(init=False)
    _largest: int = field(default=0, init=False)  # variants of a list, of those that were read
    _list: tuple[Region, pd.DataFrame] | None = field(default=None, init=False)
    _matrix: tuple[Region, np.ndarray] | None = field(default=None, init=False)
    _chains: dict[tuple[Path, str], Chain] = field(default_factory=dict, init=False)
    _by_chrom: dict[str, list[Region]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.regions = [self._on_build(region) for region in read_regions(self.path)]
        for region in self.regions:
            self._by_chrom.setdefault(contigs.bare(region.chrom), []).append(region)

    def _chain(self, region: Region) -> Chain | None:
        """What lifts a region's positions, of its chromosome alone."""
        if region.chain is None:
            return None
        key = region.chain, contigs.bare(region.chrom)
        if key not in self._chains:
            self._chains[key] = read_chain(region.chain, Chromosomes([region.chrom]))
        return self._chains[key]

    def _on_build(self, region: Region) -> Region:
        """The region on the build of the run: from the first to the last place that is lifted."""
        chain = self._chain(region)
        if chain is None:
            return region
        places = np.append(np.arange(region.start, region.end, STEP), region.end)
        found, _ = lifted(chain, region.chrom, places)
        found = found[found > 0]
        if not len(found):
            raise FqtlError(
                f"{region.where}: {region.chain} lifts none of {len(places)} places of "
                f"{region.chrom}:{region.start}-{region.end}."
            )
        return replace(region, start=int(found.min()), end=int(found.max()))

    @property
    def people(self) -> int | None:
        """The fewest of all regions, where all tell."""
        told = [region.people for region in self.regions]
        return None if None in told else min(one for one in told if one is not None)

    @property
    def contigs(self) -> list[str]:
        return list(dict.fromkeys(region.chrom for region in self.regions))

    def require(self, chroms: Iterable[str]) -> None:
        """Nothing: genes of chromosomes without a region are listed with their reason."""

    def windows(self, spans: Sequence[Span]) -> Iterator[Correlations]:
        for span in spans:
            found = self.described(span)
            if len(found.variants):
                region = self.region_of(span)
                assert region is not None  # else there would be no variant
                yield self._with_matrix(found, region)
            else:
                yield found

    def counted(self, spans: Sequence[Span]) -> np.ndarray:
        return np.array([len(self.described(span).variants) for span in spans], dtype=float)

    def rows(self, variants: np.ndarray) -> np.ndarray:
        most = np.inf if self.people is None else self.people
        return np.maximum(np.minimum(variants / ROWS, most), 1.0)

    def decomposed(self, variants: np.ndarray) -> np.ndarray:
        return np.asarray(DECOMPOSED * np.asarray(variants, dtype=float) ** 3)

    def held_mb(self, variants: np.ndarray) -> np.ndarray:
        read, held = (size * float(self._largest) ** 2 for size in (READ_BYTES, HELD_BYTES))
        return np.maximum(read, held + GENE_BYTES * np.asarray(variants, dtype=float) ** 2) / 1e6

    def region_of(self, span: Span) -> Region | None:
        """The region that holds most of a span, in the middle of which it is; None for none."""
        chrom, start, end = span
        best, found = (0, 0.0), None
        for region in self._by_chrom.get(contigs.bare(chrom), []):
            held = min(end, region.end) - max(start, region.start) + 1
            if held <= 0:
                continue
            beside = abs(region.start + region.end - start - end) / 2
            if found is None or (held, -beside) > best:
                best, found = (held, -beside), region
        return found

    def described(self, span: Span) -> Correlations:
        """Variants of a span with their frequencies, and a matrix that is not read yet."""
        region = self.region_of(span)
        if region is None:
            return _nothing(span, OUTSIDE.format(path=self.path))
        table = self._listed(region)
        # what was not lifted has no place
        inside = table[table["pos"].between(max(span[1], 1), span[2])]
        inside = inside.sort_values("pos", kind="stable")
        all_of_them = Correlations(
            inside.drop(columns=["frequency", "maf", "reason"]).reset_index(drop=True),
            inside.index.to_numpy(),
            np.empty((0, 0), dtype=np.float32),
            inside["maf"].to_numpy(),
            self.min_maf,
            inside["frequency"].to_numpy(),
            region.people,
            (region.start, region.end),
            pd.DataFrame({"pos": [], "reason": []}),
            NOT_THERE,
        )
        reason = inside["reason"].reset_index(drop=True)
        rare = all_of_them.why_not()
        known = (reason == "") & (rare != NO_FREQUENCY)
        kept = all_of_them.without(reason.mask(known, rare))
        return self.choice.of(kept, *span)

    def _listed(self, region: Region) -> pd.DataFrame:
        if self._list is None or self._list[0] is not region:
            chain = self._chain(region)
            table = read_ld_variants(region.variants, region.chrom, self.build, chain)
            if lost := int((table["reason"] == NOT_LIFTED).sum()):
                log.info("%s: %d of %d variants are not lifted", region.variants, lost, len(table))
            self._list = (region, table)
            self._largest = max(self._largest, len(table))
        return self._list[1]

    def _with_matrix(self, found: Correlations, region: Region) -> Correlations:
        """The same with the matrix, without variants that do not vary in it."""
        if self._matrix is None or self._matrix[0] is not region:
            self._matrix = None  # not two at a time
            self._matrix = (region, read_matrix(region, len(self._listed(region))))
        matrix = self._matrix[1]
        varies = np.diag(matrix)[found.row] > 0
        kept = found if varies.all() else found.without(pd.Series(np.where(varies, "", CONSTANT)))
        # a part of its own: whoever holds a gene does not hold the matrix of its region
        part = matrix[np.ix_(kept.row, kept.row)]
        return replace(kept, matrix=part, row=np.arange(len(part)))


def read_matrix(region: Region, variants: int) -> np.ndarray:
    """(r, r) correlations in single precision; 0 on the diagonal where a variant does not vary.

    variants : as many as the list beside it has
    """
    matrix = load_ld(region.matrix).astype(np.float32, copy=False)
    if len(matrix) != variants:
        raise FqtlError(
            f"{region.matrix} has {len(matrix)} rows, and {region.variants} lists {variants} "
            f"variants: one must be of the other ({region.where})."
        )
    known = np.nan_to_num(np.diag(matrix)) > 0
    matrix[~known] = 0.0
    matrix[:, ~known] = 0.0
    _refuse_no_correlations(matrix, known, region)
    return matrix


def _refuse_no_correlations(matrix: np.ndarray, known: np.ndarray, region: Region) -> None:
    for first in range(0, len(matrix), BLOCK):
        part = slice(first, first + BLOCK)
        rows, turned = matrix[part], matrix[:, part].T
        if np.isnan(rows).any():
            i, j = np.argwhere(np.isnan(rows))[0]
            _refuse(region, f"entry ({first + i + 1}, {j + 1}) is NaN, and both variants vary")
        if (unlike := np.abs(rows - turned)).max() > SAME:
            i, j = np.unravel_index(int(unlike.argmax()), unlike.shape)
            _refuse(
                region,
                f"it is not symmetric: entries ({first + i + 1}, {j + 1}) and ({j + 1}, "
                f"{first + i + 1}) are {rows[i, j]:.4g} and {turned[i, j]:.4g}",
            )
        if (size := np.abs(rows)).max() > 1 + SAME:
            i, j = np.unravel_index(int(size.argmax()), size.shape)
            _refuse(
                region,
                f"entry ({first + i + 1}, {j + 1}) is {rows[i, j]:.4g}, beyond -1 to 1",
            )
    off = np.abs(np.diag(matrix) - 1)[known]
    if off.size and off.max() > SAME:
        place = int(np.flatnonzero(known)[int(off.argmax())])
        _refuse(
            region, f"entry {place + 1} of the diagonal is {matrix[place, place]:.4g}, expected 1"
        )


def _refuse(region: Region, what: str) -> None:
    raise FqtlError(f"{region.matrix} must hold correlations of variants: {what} ({region.where}).")


def _nothing(span: Span, why: str) -> Correlations:
    names = ["variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]
    none = np.empty(0)
    return Correlations(
        pd.DataFrame({name: [] for name in names}).astype({"pos": np.int64}),
        none.astype(int),
        np.empty((0, 0)),
        none,
        0.0,
        none,
        None,
        (span[1], span[2]),
        pd.DataFrame({"pos": [], "reason": []}),
        why,
    )
