"""Predictors: the entries of a linear predictor. A predictor knows x and its loadings, never y.

Each entry adds mean and variance to eta (`moments`), maximises the ELBO over its own loadings
against a working response and weights (`update`), and knows its divergence from the prior.
Writing Z for the response minus the other entries and W for the weights, the part of the ELBO that
an entry with moments M, S sees is, up to a constant,

    sum W (Z M - 1/2 (M^2 + S)) - KL.

The entries there are: `factored.py`, `dense.py`, `covariates.py`.
"""

from dataclasses import dataclass
from typing import Protocol

from fqtl.model.moments import Floats, Moments


class Predictor(Protocol):
    """What engines ask of an entry of the location."""

    def mean(self) -> Floats:
        """Mean of its part of eta, (n, m) or (1, m)."""

    def moments(self) -> Moments:
        """Mean and variance of its part of eta."""

    def update(self, response: Floats, weight: Floats, screen: bool) -> None:
        """Raise the ELBO against a response (n, m) and weights (n, m).

        screen : look at every variant; otherwise only at those that mattered when last looked at
        """

    def polish(self, response: Floats, weight: Floats) -> None:
        """Last update: every loading gets its own posterior, however small."""

    def divergence(self) -> float:
        """KL(q || p) of its loadings, in nats."""


@dataclass(frozen=True)
class SweepOptions:
    """How variants are visited and what a factor must be worth.

    screen : variants whose pip would be below this wait for the final sweep
    move : standard errors by which a score must move to be worth a pass over the samples
    max_alternations : sweeps of one factor in one update
    max_screens : screens of a new factor
    factor_tolerance : nats below which one factor counts as settled
    min_gain : nats by which a factor must raise the ELBO to be kept
    max_variant_inclusion : upper bound of the learned share of variants
    max_tissue_inclusion : upper bound of the learned share of tissues in a factor. At the default
        a tissue is called (PIP > 0.5) only on a Bayes factor of 3 of its own, even in a factor that
        seems to be everywhere. Without a bound the share is overestimated where effects are of
        like size: the slab is unimodal at 0 and infers small effects that are not there.
    """

    screen: float = 1e-3
    move: float = 1e-3
    max_alternations: int = 15
    max_screens: int = 8
    factor_tolerance: float = 0.1
    min_gain: float = 0.0
    max_variant_inclusion: float = 0.5
    max_tissue_inclusion: float = 0.25
