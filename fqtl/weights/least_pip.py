"""Which probability of an effect a released model must reach, by the number of tissues of its gene.

The same evidence leaves a higher probability where an effect is likelier beforehand, as it is in a
gene of few tissues (`fqtl/model/priors/default_model.py`): noise has 0.02 in one of 44 tissues, and
0.1 to 0.3 in one of two. `min_gene_pip` is meant for tissues of many.
"""

import pandas as pd
import pyarrow as pa

from fqtl.model.priors.default_model import tissue_specific_effects

OF_MANY = 0.05  # probability beforehand, up to which `min_gene_pip` is as it stands; taste


def least_pip(fits: pa.Table, min_gene_pip: float) -> "pd.Series[float]":
    """By gene_id; fits : gene_id and n_tissues."""
    tissues = pd.Series(fits["n_tissues"].to_pylist(), dtype=float)  # NaN of a gene that failed
    least = {m: of_tissues(int(m), min_gene_pip) for m in tissues.unique() if m >= 1}
    told = tissues.map(least).fillna(min_gene_pip)
    return pd.Series(told.to_numpy(), index=fits["gene_id"].to_pylist(), dtype=float)


def of_tissues(m: int, min_gene_pip: float) -> float:
    """What the evidence that leads from OF_MANY to `min_gene_pip` makes of m tissues' prior."""
    prior = max(tissue_specific_effects(m).inclusion, OF_MANY)
    factor = prior / (1 - prior) * (1 - OF_MANY) / OF_MANY
    return min_gene_pip * factor / (1 - min_gene_pip + min_gene_pip * factor)
