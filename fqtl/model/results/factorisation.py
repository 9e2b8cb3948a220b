"""What fits with known weights, factorisations and deconvolutions give back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.results.model_fit import ModelFit, names_or_numbers
from fqtl.model.results.posterior import Posterior

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class FactorisationFit(ModelFit):
    """Posterior of  y_it = sum_k w_ik f_ik r_tk + x A + covariates + noise.

    n donors, p variants, m tissues, k factors; f = x left, or left itself.

    left : Posterior of shape (p, k), or (n, k) where factors belong to donors
        Per standard deviation of genotype. In the order of the weights' columns where there are
        weights, else in that of the variance they explain.
    tissues : Posterior of shape (m, k)
        In standard deviations of expression; the slab of each factor has unit variance.
    weights : (n, k)
        As given, or 1.
    specific : Posterior of shape (p, m)
        A, per standard deviation of genotype, in standard deviations of expression.
    scores : (n, k)
        Posterior mean of f.
    fitted : (n, m)
        Posterior mean of the location, in units of eta1 (of y, in the Gaussian family).
    intercept, covariate_effects, covariate_mean, noise_variance, shared_noise, distribution,
    dispersion, scale, elbo_trace, converged, family, engine, notes
        As in `fqtl.Fit`.
    """

    left: Posterior
    tissues: Posterior
    weights: Floats
    specific: Posterior
    scores: Floats
    fitted: Floats

    @property
    def rank(self) -> int:
        """Number of factors found."""
        return self.tissues.mean.shape[1]

    @property
    def factor_pip(self) -> Floats:
        """(k,) probability that a factor has anything on either side."""
        return self.left.any * self.tissues.any

    @property
    def parts(self) -> Floats:
        """(k, n, m) what each factor makes of y, in units of y: of cell types, their expression."""
        parts = np.einsum("nk,nk,mk->knm", self.weights, self.scores, self.tissues.mean)
        return np.asarray(parts * self.scale.y_sd)

    def to_frame(
        self,
        left: Sequence[str] | None = None,
        tissues: Sequence[str] | None = None,
        min_pip: float = 0.0,
    ) -> "DataFrame":
        """Loadings as a table: factor, side, name, mean, sd, pip; a row for each loading.

        left : names of variants, or of donors where factors belong to them
        tissues : names of tissues; of both sides, left out, their numbers
        min_pip : loadings with a lower PIP are left out
        """
        import pandas as pd  # the model is of use to those without

        sides = (("left", self.left, left), ("tissues", self.tissues, tissues))
        parts = []
        for side, posterior, given in sides:
            names = names_or_numbers(side, given, len(posterior.mean))
            pip = posterior.pip.T
            factor, row = np.nonzero(pip >= min_pip)
            columns = {
                "factor": factor,
                "side": side,
                "name": names[row],
                "mean": posterior.mean[row, factor],
                "sd": posterior.sd[row, factor],
                "pip": posterior.pip[row, factor],
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts).sort_values("factor", kind="stable", ignore_index=True)

    def summary(self) -> str:
        """A few lines for a person."""
        share = self.parts.var(axis=1).mean(axis=1) / max((self.scale.y_sd**2).mean(), 1e-300)
        found = [
            f"  factor {k}: probability {self.factor_pip[k]:.3f}, {share[k]:.1%} of the variance"
            for k in range(self.rank)
        ]
        return self._summary(f"{len(self.tissues.mean)} tissues, {self.rank} factors", found)
