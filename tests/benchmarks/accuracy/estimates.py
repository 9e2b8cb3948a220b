"""Means and ratios of sums over genes, with their standard errors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error; NaN where there is none."""

    value: float
    error: float

    def written(self, digits: int) -> str:
        """As it stands in a table."""
        if np.isnan(self.value):
            return "–"
        if np.isnan(self.error):
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} ± {self.error:.{digits}f}"


def mean_of(rows: pd.DataFrame, name: str) -> Estimate:
    """Mean of a measure over replicates that have it."""
    values = rows[name].dropna().to_numpy()
    if not len(values):
        return Estimate(NAN, NAN)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else NAN
    return Estimate(float(values.mean()), float(error))


def ratio_of(rows: pd.DataFrame, above: str, below: str) -> Estimate:
    """Ratio of two sums over replicates, its error by the jackknife."""
    both = rows[[above, below]].dropna().to_numpy()
    total = both.sum(axis=0)
    if not len(both) or total[1] <= 0:
        return Estimate(NAN, NAN)
    left = total - both
    left = left[left[:, 1] > 0]
    without = left[:, 0] / left[:, 1]
    error = NAN
    if len(without) > 1:
        spread = ((without - without.mean()) ** 2).sum()
        error = float(np.sqrt(spread * (len(without) - 1) / len(without)))
    return Estimate(float(total[0] / total[1]), error)
