"""Every model of every set tested: in one pass over the covariances of each.

Covariances come from the file beside a PredictDB, one gene at a time, or from genotypes of a panel,
one chromosome at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.association.permutation import generator_of, permuted_p
from fqtl.association.statistic import NO_COVARIANCE, Tested, twas
from fqtl.errors import FqtlError
from fqtl.trait.covariance_file import Asked, covariances
from fqtl.trait.models import Models, ModelSet
from fqtl.trait.panel_ld import PanelLD

NO_PHI = "phi of the model is not known, so that its inflation is not"


@dataclass(frozen=True)
class Settings:
    """How models are tested; see `twas`."""

    impute: bool = True
    min_r2: float = 0.6
    min_kept: float = 0.5
    permutations: int = 0

    def test(self, weights: np.ndarray, z: np.ndarray, covariance: np.ndarray) -> Tested:
        return twas(
            weights,
            z,
            covariance,
            impute=self.impute,
            min_r2=self.min_r2,
            min_kept=self.min_kept,
        )


@dataclass
class SetResult:
    """Tests of the g genes and w weights of one set.

    z, kept : (g,); n_used, n_imputed : (g,) variants; reason : (g,) why there is no z
    phi : (g,) of a polygenic background (see `fqtl.association.background`)
    inflation : (g,) of z² by it, 1 where nothing is known of the trait
    loadings : (w,) of z-scores that were used; r2 : (w,) of imputed ones, NaN of others
    p_permutation, n_permutations : (g,) of effects in another order, NaN and 0 where none is
    in_ld : (w,) whether the LD reference has the variant and it varies there
    """

    models: ModelSet
    z: np.ndarray = field(init=False)
    kept: np.ndarray = field(init=False)
    n_used: np.ndarray = field(init=False)
    n_imputed: np.ndarray = field(init=False)
    regularised: np.ndarray = field(init=False)
    reason: np.ndarray = field(init=False)
    loadings: np.ndarray = field(init=False)
    r2: np.ndarray = field(init=False)
    in_ld: np.ndarray = field(init=False)
    p_permutation: np.ndarray = field(init=False)
    n_permutations: np.ndarray = field(init=False)
    phi: np.ndarray = field(init=False)
    inflation: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        genes, weights = len(self.models.genes), len(self.models.weight)
        self.z, self.kept = np.full(genes, np.nan), np.zeros(genes)
        self.n_used, self.n_imputed = np.zeros(genes, dtype=int), np.zeros(genes, dtype=int)
        self.regularised = np.zeros(genes, dtype=bool)
        self.reason = np.full(genes, NO_COVARIANCE, dtype=object)
        self.loadings, self.r2 = np.zeros(weights), np.full(weights, np.nan)
        self.in_ld = np.zeros(weights, dtype=bool)
        self.phi = self.models.genes["phi"].to_numpy(dtype=float)
        self.inflation = np.ones(genes)
        self.p_permutation = np.full(genes, np.nan)
        self.n_permutations = np.zeros(genes, dtype=int)

    @property
    def calibrated(self) -> np.ndarray:
        """(g,) z without the inflation by a polygenic background."""
        return np.asarray(self.z / np.sqrt(self.inflation))

    def inflate(self, phi: np.ndarray, inflation: np.ndarray) -> None:
        """Take note of phi and inflation; where they are not known, there is a reason in place of
        a z."""
        self.phi, self.inflation = phi, inflation
        self.reason[np.isnan(inflation) & (self.reason == "")] = NO_PHI

    def test(self, gene: int, z: np.ndarray, covariance: np.ndarray, settings: Settings) -> None:
        """Test one gene; z : of all variants, covariance : (v, v) of its own."""
        rows = self.models.rows(gene)
        weights, mine = self.models.weight[rows], z[self.models.variant[rows]]
        variance = np.diagonal(covariance)
        self.in_ld[rows] = variance > 0
        if self.models.per_sd:
            sd = np.sqrt(np.where(self.in_ld[rows], variance, 1.0))
            weights = weights / sd
        tested = settings.test(weights, mine, covariance)
        self.z[gene], self.kept[gene] = tested.z, tested.kept
        self.reason[gene], self.regularised[gene] = tested.reason, tested.regularised
        self.loadings[rows], self.r2[rows] = tested.loadings, tested.r2
        if not tested.reason:
            self.n_imputed[gene] = np.isfinite(tested.r2).sum()
            used = np.isfinite(mine) & self.in_ld[rows]
            self.n_used[gene] = used.sum()
            if settings.permutations:
                sd = np.sqrt(variance[used])
                ld = covariance[np.ix_(used, used)] / sd[:, None] / sd
                name = str(self.models.genes["gene_id"].iloc[gene])
                self.p_permutation[gene], self.n_permutations[gene] = permuted_p(
                    tested.loadings[used],
                    mine[used],
                    ld,
                    settings.permutations,
                    generator_of(name, self.models.tissue),
                )


def associate_sets(
    models: Models,
    z: np.ndarray,
    settings: Settings,
    panel: PanelLD | None,
    seen: Callable[[str], None],
) -> list[SetResult]:
    """Tests of all sets.

    z : (v,) of the effect alleles of all variants, NaN where the GWAS has none
    panel : genotypes in the place of files of covariances
    seen : is told of each set or chromosome that is done
    """
    tests = [SetResult(found) for found in models.sets]
    if panel is not None:
        for chrom in panel.chromosomes():
            ld = panel.on(chrom)
            for result in tests:
                for gene in _on(result.models, models, chrom):
                    variant = result.models.variant[result.models.rows(gene)]
                    result.test(gene, z, ld.covariance(variant), settings)
            seen(chrom)
        return tests
    require_covariances(models)
    for result in tests:
        assert result.models.covariance is not None
        asked = asked_for(models, result.models.genes["gene_id"], result.models)
        for gene, matrix in covariances(result.models.covariance, asked):
            result.test(gene, z, matrix, settings)
        seen(result.models.tissue)
    return tests


def require_covariances(models: Models) -> None:
    """Refuse sets that tell no covariances, where no panel does."""
    lacking = [found for found in models.sets if found.covariance is None]
    if lacking:
        first = lacking[0]
        raise FqtlError(
            f"{first.path} comes without covariances of its variants ({len(lacking)} of "
            f"{len(models.sets)} sets). Give genotypes of a reference panel (--ld-panel)"
            + ("." if first.path.suffix != ".db" else f", or {first.path.stem}.txt.gz beside it.")
        )


def _on(found: ModelSet, models: Models, chrom: str) -> np.ndarray:
    """Numbers of the genes whose variants are on a chromosome."""
    of_first = models.variants["chrom"].to_numpy()[found.variant[found.first[:-1]]]
    return np.flatnonzero(of_first == chrom)


def asked_for(models: Models, genes: "pd.Series[str]", found: ModelSet) -> Asked:
    """The covariances that a set needs."""
    at = pa.array(found.variant)
    ids, rsids = (text_column(models.variants[name]).take(at) for name in ("variant_id", "rsid"))
    return Asked(genes.tolist(), found.first, ids, rsids)


def text_column(values: "pd.Series[str]") -> pa.Array:
    """Text of a table as Arrow has it."""
    found = pa.array(values)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found.cast(pa.string())
