"""What to fit of each gene, and what to keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fqtl.data.sex import SexChromosomes, sex_chromosomes
from fqtl.gene.permutations import PermutationPlan
from fqtl.model.arrays.moments import Floats, Indices


@dataclass(frozen=True)
class Settings:
    """What to fit and what to keep.

    fit : arguments of `fqtl.fit` by name
    fold : (n,) fold of each donor; None leaves cross-validation out
    min_pip : a weight is kept where the PIP of its variant in its tissue reaches this
    covariates : (n, q) of the donors, with effects of their own in each tissue; None for none
    permutations : permuted fits; None for none
    keep_predictions : keep what is predicted of single donors held out
    baseline : share of genes, drawn by their names, that an elastic net is cross-validated in, too
    is_male : (n,) of the donors, for genes on a sex chromosome; None where none is fitted
    sexes : chromosomes of which one sex has one copy
    """

    fit: dict[str, Any]
    fold: Indices | None
    min_pip: float
    covariates: Floats | None = None
    permutations: PermutationPlan | None = None
    baseline: float = 0.0
    keep_predictions: bool = False
    is_male: np.ndarray | None = None
    sexes: SexChromosomes = field(default_factory=lambda: sex_chromosomes(""))

    def of_donors(self, donors: np.ndarray) -> "Settings":
        """Settings of the donors under a mask (n,) alone."""
        fold, covariates, is_male = (
            None if known is None else known[donors]
            for known in (self.fold, self.covariates, self.is_male)
        )
        return replace(self, fold=fold, covariates=covariates, is_male=is_male)

    def of_chromosome(self, chrom: str) -> "Settings":
        """Settings of genes of a chromosome: of X, sex is a covariate of all donors' fits."""
        if self.is_male is None or not self.sexes.with_one_copy(chrom):
            return replace(self, is_male=None)
        known = np.empty((len(self.is_male), 0)) if self.covariates is None else self.covariates
        if not both_sexes(self.is_male):
            return self
        return replace(self, covariates=np.column_stack([known, self.is_male.astype(float)]))


def both_sexes(is_male: np.ndarray) -> bool:
    """Whether there are donors of either."""
    return bool(is_male.any() and not is_male.all())


def of_named_tissues(arguments: dict[str, Any], tissues: Sequence[str]) -> dict[str, Any]:
    """Arguments of a fit whose columns are these tissues, which arrays do not name."""
    priors = arguments.get("priors")
    if priors is None:
        return arguments
    return {**arguments, "priors": priors.of_tissues(tissues)}
