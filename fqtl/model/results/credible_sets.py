"""Credible sets: the fewest variants that hold an effect with a given probability.

An effect that is there is of one variant. Given that it is there, its credible set is the smallest
set of variants whose probabilities add up to `COVERAGE`; the purity of a set is the smallest
absolute correlation between two of its variants, so that a low one says that the set holds unlike
variants. (Wang, Sarkar, Carbonetto, Stephens 2020, JRSS B 82:1273)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.single_effects import SingleEffect

COVERAGE = 0.95  # of a credible set; the field's custom, taste
MIN_PURITY = 0.5  # of a set whose variants belong together; the field's custom, taste
BLOCK = 128  # variants that are compared with all before them at once; taste


@dataclass(frozen=True)
class CredibleSet:
    """Where one effect may be.

    variants : indices, the most probable first
    pip : probability that there is an effect
    coverage : probability that it is of one of the variants, if it is there
    purity : smallest absolute correlation between two variants, 1 for a single one; of a set that
        is not pure the smallest among the most probable variants that show it
    factor, tissue : index of the factor, or of the tissue, that it is an effect of
    log_bayes_factor : (p,) ln of the Bayes factor of the effect at each variant against no such
        effect, all else as it was found; None in fits saved before it was kept
    """

    variants: Indices
    pip: float
    coverage: float
    purity: float
    factor: int | None = None
    tissue: int | None = None
    log_bayes_factor: Floats | None = None


def credible_sets(
    effects: Sequence[SingleEffect],
    x: Variants,
    log_bayes_factors: Sequence[Floats],
    factor: int | None = None,
    tissue: int | None = None,
) -> list[CredibleSet]:
    """Sets of effects that are likely there, which are of single variants, not of classes.

    log_bayes_factors : (k,) of each of these effects, of classes
    """
    found = []
    for effect, of_classes in zip(effects, log_bayes_factors, strict=True):
        share = effect.alpha / effect.alpha.sum()
        order = np.argsort(-share, kind="stable")
        size = int(np.searchsorted(np.cumsum(share[order]), COVERAGE)) + 1
        variants = effect.index[order[:size]]
        coverage = float(share[order[:size]].sum())
        purity = _purity(x, variants)
        of_variants = of_classes[x.copies.of]
        found.append(
            CredibleSet(variants, effect.pip, coverage, purity, factor, tissue, of_variants)
        )
    return found


def _purity(x: Variants, variants: Indices) -> float:
    """Every pair is looked at, unless the first pairs show that the set is not pure."""
    classes = x.copies.of[variants]
    _, first = np.unique(classes, return_index=True)
    classes = classes[np.sort(first)]
    least = 1.0
    for start in range(0, len(classes) if len(classes) > 1 else 0, BLOCK):
        rows = x.rows.take(classes[: start + BLOCK]).astype(np.float64)
        least = min(least, float(np.abs(rows[start:] @ rows.T).min()) / x.n)
        if least < MIN_PURITY:
            break
    return least
