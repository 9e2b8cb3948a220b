"""Which probability of an effect a released model must reach, by the number of tissues of its gene.

The same evidence leaves a higher probability where an effect is likelier beforehand, as it is in a
gene of few tissues (`fqtl/model/priors/default_model.py`): noise has 0.02 in one of 44 tissues, and
0.1 to 0.3 in one of two. `min_gene_pip` is meant for tissues of many.

Where a release has learned priors an effect may be likelier still: of 90 genes of one tissue with
their donors permuted 2 reach what is asked by default; under priors that say that half of all genes
have effects 8 do, and 2 reach what is asked there. Less than by default is never asked: of few
tissues a factor gives a probability to noise, too.
"""

from math import exp

import pandas as pd
import pyarrow as pa

from fqtl.model.priors import SuccessivePrior
from fqtl.model.priors.default_model import tissue_specific_effects
from fqtl.model.priors.release_priors import Priors

OF_MANY = 0.05  # probability beforehand, up to which `min_gene_pip` is as it stands; taste


def least_pip(
    fits: pa.Table, min_gene_pip: float, priors: Priors | None = None
) -> "pd.Series[float]":
    """By gene_id; fits : gene_id and n_tissues; priors : that they were made with."""
    tissues = pd.Series(fits["n_tissues"].to_pylist(), dtype=float)  # NaN of a gene that failed
    least = {m: of_tissues(int(m), min_gene_pip, priors) for m in tissues.unique() if m >= 1}
    told = tissues.map(least).fillna(min_gene_pip)
    return pd.Series(told.to_numpy(), index=fits["gene_id"].to_pylist(), dtype=float)


def of_tissues(m: int, min_gene_pip: float, priors: Priors | None = None) -> float:
    """What the evidence that leads from OF_MANY to `min_gene_pip` makes of m tissues' prior."""
    odds = _odds_of_one(tissue_specific_effects(m))
    if priors is not None:
        odds = max(odds, _odds_of_one(tissue_specific_effects(m, priors)))
    factor = max(odds * (1 - OF_MANY) / OF_MANY, 1.0)
    return min_gene_pip * factor / (1 - min_gene_pip + min_gene_pip * factor)


def _odds_of_one(prior: SuccessivePrior) -> float:
    """Prior odds of one effect and no other in a tissue, against none."""
    return exp(prior.of_last(0, 2).log_odds)
