"""What fits with known weights, factorisations and deconvolutions give back."""

from dataclasses import dataclass

import numpy as np

from fqtl.model.families import Family
from fqtl.model.moments import Floats, Moments
from fqtl.model.result import Posterior, Scale


@dataclass(frozen=True, repr=False)
class Products:
    """Posterior of  y_it = sum_k w_ik f_ik r_tk + x A + covariates + noise.

    n individuals, p variants, m tissues, k factors; f = x left, or left itself.

    left : Posterior of shape (p, k), or (n, k) where factors belong to individuals
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
        return f"<Products: {self.summary().splitlines()[0]}>"
