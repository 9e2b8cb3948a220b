"""What fits with known weights, factorisations and deconvolutions give back."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.families import Family
from fqtl.model.results.fit import Posterior, Scale
from fqtl.model.results.saved import read, write

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class FactorisationFit:
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
    shared_noise: Floats
    intercept: Floats
    covariate_effects: Floats
    covariate_mean: Floats
    noise_variance: Floats
    distribution: Family
    dispersion: Moments
    scale: Scale
    elbo_trace: Floats
    converged: bool
    family: str
    engine: str
    notes: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Number of factors found."""
        return self.tissues.mean.shape[1]

    @property
    def elbo(self) -> float:
        """Lower bound of the log evidence of y, in nats, at the end."""
        return float(self.elbo_trace[-1])

    @property
    def n_iter(self) -> int:
        """Rounds of the engine: entries of `elbo_trace`."""
        return len(self.elbo_trace)

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
            count = len(posterior.mean)
            if given is not None and len(given) != count:
                raise FqtlError(f"{side} must name the {count} of the fit, found {len(given)}.")
            names = np.arange(count) if given is None else np.asarray(given)
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

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to one .npz file, whole or not at all; `load` reads it."""
        write(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "FactorisationFit":
        """What `save` wrote."""
        return read(path, cls)

    def summary(self) -> str:
        """A few lines for a person."""
        state = "converged" if self.converged else "did not converge"
        share = self.parts.var(axis=1).mean(axis=1) / max((self.scale.y_sd**2).mean(), 1e-300)
        lines = [
            f"{self.family} fit by {self.engine}: {len(self.tissues.mean)} tissues, {self.rank} "
            f"factors; ELBO {self.elbo:.2f} nats, {state} in {self.n_iter} rounds"
        ]
        lines += [
            f"  factor {k}: probability {self.factor_pip[k]:.3f}, {share[k]:.1%} of the variance"
            for k in range(self.rank)
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return f"<FactorisationFit: {self.summary().splitlines()[0]}>"
