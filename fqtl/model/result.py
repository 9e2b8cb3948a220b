"""What a fit gives back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.dense import Dense
from fqtl.model.factored import Factored
from fqtl.model.moments import Floats
from fqtl.model.priors import SpikeSlab


@dataclass(frozen=True)
class Posterior:
    """Posterior of loadings, on the standardised scale.

    mean, sd : posterior mean and standard deviation
    pip : posterior inclusion probability
    """

    mean: Floats
    sd: Floats
    pip: Floats


def loadings(effects: Factored | Dense) -> tuple[Posterior, Posterior]:
    """Variant and tissue loadings of a fitted predictor, ordered and signed as `Fit` says."""
    if isinstance(effects, Dense):
        m, p = effects.effects.pip.shape
        itself = Posterior(np.eye(m), np.zeros((m, m)), np.eye(m))
        return _stack([effects.effects.row(t) for t in range(m)], p), itself
    p, m = len(effects.x), effects.m
    explained = [factor.score.var() * (factor.tissues.mean**2).sum() for factor in effects.factors]
    order = np.argsort(-np.array(explained), kind="stable")
    factors = [effects.factors[k] for k in order]
    variants = _stack([factor.variants for factor in factors], p)
    tissues = _stack([factor.tissues for factor in factors], m)
    largest = np.abs(tissues.mean).argmax(axis=0)
    sign = np.where(tissues.mean[largest, np.arange(len(factors))] < 0, -1.0, 1.0)
    return (
        Posterior(variants.mean * sign, variants.sd, variants.pip),
        Posterior(tissues.mean * sign, tissues.sd, tissues.pip),
    )


def _stack(columns: list[SpikeSlab], length: int) -> Posterior:
    """Posteriors side by side."""
    empty = [np.empty((length, 0))]
    return Posterior(
        mean=np.hstack(empty + [column.mean[:, None] for column in columns]),
        sd=np.hstack(empty + [np.sqrt(column.variance)[:, None] for column in columns]),
        pip=np.hstack(empty + [column.pip[:, None] for column in columns]),
    )


@dataclass(frozen=True)
class Scale:
    """Location and scale that standardisation took away; sd 0 marks a column that did not vary.

    x_mean, x_sd : (p,)
    y_mean, y_sd : (m,)
    """

    x_mean: Floats
    x_sd: Floats
    y_mean: Floats
    y_sd: Floats


@dataclass(frozen=True)
class Fit:
    """Posterior of one gene: n individuals, p variants, m tissues, k factors.

    variants : Posterior of shape (p, k)
        Variant loadings, per standard deviation of genotype.
    tissues : Posterior of shape (m, k)
        Tissue loadings, in standard deviations of expression. Their slab has unit variance, the
        largest tissue loading of a factor is positive, and factors are in the order of the
        variance they explain. In a dense fit factor t is tissue t.
    covariate_effects : (q, m)
        In units of y per unit of the covariate.
    noise_variance : (m,), or (n, m) with dispersion covariates
        Posterior mean of the residual variance, in squared units of y.
    scale : Scale
    elbo_trace : (n_iter,)
        Nats, for y as it was given; never falls beyond rounding in the Gaussian family.
    converged : bool
        Whether the ELBO settled within the iterations allowed.
    notes : what was set aside, in words
    """

    variants: Posterior
    tissues: Posterior
    intercept: Floats
    covariate_effects: Floats
    noise_variance: Floats
    scale: Scale
    elbo_trace: Floats
    converged: bool
    family: str
    engine: str
    notes: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Number of factors found."""
        return self.variants.mean.shape[1]

    @property
    def elbo(self) -> float:
        """Lower bound of the log evidence of y, in nats, at the end."""
        return float(self.elbo_trace[-1])

    @property
    def n_iter(self) -> int:
        """Rounds of coordinate ascent."""
        return len(self.elbo_trace)

    @cached_property
    def standardised_effects(self) -> Floats:
        """(p, m) effects in standard deviations of y per standard deviation of x."""
        return self.variants.mean @ self.tissues.mean.T

    @cached_property
    def effects(self) -> Floats:
        """(p, m) effects in units of y per unit of x, so per allele where x counts alleles."""
        per_sd = np.divide(
            1.0, self.scale.x_sd, out=np.zeros_like(self.scale.x_sd), where=self.scale.x_sd > 0
        )
        return self.standardised_effects * np.outer(per_sd, self.scale.y_sd)

    @cached_property
    def pip(self) -> Floats:
        """(p, m) probability that a variant has an effect in a tissue, through any factor."""
        absent = np.ones((len(self.variants.pip), len(self.tissues.pip)))
        for variant, tissue in zip(self.variants.pip.T, self.tissues.pip.T, strict=True):
            absent *= 1 - np.outer(variant, tissue)
        return 1 - absent

    @cached_property
    def tissue_pip(self) -> Floats:
        """(m,) probability that any variant has an effect in a tissue."""
        some_variant = -np.expm1(np.log1p(-np.minimum(self.variants.pip, 1 - 1e-15)).sum(axis=0))
        return 1 - np.prod(1 - self.tissues.pip * some_variant, axis=1)

    def predict(self, x: ArrayLike, covariates: ArrayLike | None = None) -> Floats:
        """(n, m) expected response, in units of y.

        x : (n, p) in the units of the fit; NaN becomes the variant's mean
        covariates : (n, q) in the units of the fit; left out, they stand at their mean
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.scale.x_mean):
            raise FqtlError(
                f"x must have the {len(self.scale.x_mean)} variants of the fit in its columns, "
                f"found shape {x.shape}."
            )
        centred = np.where(np.isnan(x), 0.0, x - self.scale.x_mean)
        y = self.intercept + centred @ self.effects
        if covariates is not None:
            y = y + np.asarray(covariates, dtype=np.float64) @ self.covariate_effects
        return y

    def summary(self) -> str:
        """A few lines for a person: how the fit went, and what each factor holds."""
        p, m = len(self.scale.x_mean), len(self.scale.y_mean)
        state = "converged" if self.converged else "did not converge"
        head = (
            f"{self.family} fit by {self.engine}: {p} variants, {m} tissues, {self.rank} factors; "
            f"ELBO {self.elbo:.2f} nats, {state} in {self.n_iter} rounds"
        )
        lines = [head]
        for k in range(self.rank):
            variants, tissues = self.variants.pip[:, k], self.tissues.pip[:, k]
            lead = int(np.argmax(variants))
            lines.append(
                f"  factor {k}: {int((variants > 0.5).sum())} variants and "
                f"{int((tissues > 0.5).sum())} tissues with PIP > 0.5; "
                f"strongest variant {lead} (PIP {variants[lead]:.3f})"
            )
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
