"""What a fit gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import as_matrix, beside, labels_of
from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.single_effects import LIKELY
from fqtl.model.results.credible_sets import CredibleSet
from fqtl.model.results.model_fit import ModelFit, names_or_numbers
from fqtl.model.results.posterior import Posterior

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class Fit(ModelFit):
    """Posterior of one gene: n donors, p variants, m tissues, k factors.

    variants : Posterior of shape (p, k)
        Variant loadings, per standard deviation of genotype.
    tissues : Posterior of shape (m, k)
        Tissue loadings, in standard deviations of expression. The second moment of their slab is 1,
        the largest tissue loading of a factor is positive, and factors are in the order of the
        variance they explain. There are none, k = 0, in a fit of one tissue and with
        `factored=False`.
    specific : Posterior of shape (p, m)
        Effects of single tissues beside the factors; all effects, where there are no factors.
    credible_sets : one for every effect that is likely there
    shared_noise : (m,)
        Loadings of noise that tissues of one donor share, in units of eta1; 0 where none is
        seen.
    intercept : (m,)
        eta1 at the mean genotype and the mean of the covariates, without offset. eta1 is the
        expected y in families "gaussian" and "voom", its logarithm for counts, its log-odds in
        "logit" and "beta".
    covariate_effects : (q, m)
        In units of eta1 per unit of the covariate.
    covariate_mean : (q,)
    noise_variance : (m,), or (n, m) with dispersion covariates
        Posterior mean of the residual variance beside shared noise, in squared units of y. Where
        the variance hangs on the mean, of what else decides it: 1/a for counts, phi in "voom",
        variance over mean (1 - mean) in "beta", and 0 in "logit".
    distribution : Family
        Bounds of the noise, in units of y.
    dispersion : Moments
        Mean and variance of eta2, (1, m), or (n, m) with dispersion covariates.
    scale : Scale
    elbo_trace : (n_iter,)
        Nats, for y as it was given: of the posterior that the fit held after each round that was
        run, from the first on. A round that was undone repeats the entry before; so do rounds that
        try another way, until it is taken. It never falls beyond rounding in the Gaussian family,
        nor by more than 1e-3 in others. With engine "sgvb" an entry is a check of the ELBO, which
        may fall, and each phase ends with the best of it.
    converged : bool
        Whether the ELBO settled within the iterations allowed.
    notes : what was set aside, in words
    background_variance : (m,)
        Posterior mean of the variance that the polygenic background makes over donors, in units of
        the standardised response; 0 where there is none.
    standardised_background : (p, m)
        Posterior mean of its effects, of least norm, in standard deviations of y per standard
        deviation of x; None where no tissue has any.
    background_log_bayes : (1 + m, g)
        ln Bayes factor of each variance of a grid (`model/priors/polygenic.py`) against no
        background: of one that all tissues share, then of each tissue's where they share none;
        m of those that vary. None where the model has no background.
    factor_there : (k,)
        Posterior probability that a factor is there. `variants` are those of a factor that is;
        `tissues` are 0 where it is not. None where the fit is of another model than the default.
    factor_share : (k,)
        Prior probability that a tissue has a factor, as the factor learned it. None where the fit
        is of another model than the default.
    tissue_prior : (m, k)
        Prior probability that each tissue has each factor: that share, but where priors of a
        release say that some tissues have factors more often than others. None as before.
    specific_share : float
        Prior probability that a tissue has effects beside factors, as the gene learned it; None as
        before, and where a fit has no such effects.
    specific_prior : (m,)
        The same of each tissue: that share, but where priors of a release say that some tissues
        have such effects more often than others.
    specific_number : (m, 1 + slots)
        Posterior probability of each number of effects beside factors, from none on; None as
        before.
    specific_another : float
        Prior probability of one more effect of a tissue after each; None as before.
    """

    variants: Posterior
    tissues: Posterior
    specific: Posterior
    credible_sets: tuple[CredibleSet, ...]
    background_variance: Floats | None = None
    standardised_background: Floats | None = None
    background_log_bayes: Floats | None = None
    factor_there: Floats | None = None
    factor_share: Floats | None = None
    tissue_prior: Floats | None = None
    specific_share: float | None = None
    specific_prior: Floats | None = None
    specific_number: Floats | None = None
    specific_another: float | None = None

    @property
    def rank(self) -> int:
        """Number of factors found."""
        return self.variants.mean.shape[1]

    @cached_property
    def shared_effects(self) -> Floats:
        """(p, m) what the factors make of the effects, in units of y per unit of x."""
        return self._per_unit(self.variants.mean @ self.tissues.mean.T)

    @cached_property
    def specific_effects(self) -> Floats:
        """(p, m) what tissues have beside the factors, in units of y per unit of x."""
        return self._per_unit(self.specific.mean)

    @cached_property
    def effects(self) -> Floats:
        """(p, m) effects in units of eta1 per unit of x, so per allele where x counts alleles.

        Everything that `predict` counts: `sparse_effects`, and the `background` where there is one.
        """
        if self.standardised_background is None:
            return self.sparse_effects
        return self.sparse_effects + self.background

    @cached_property
    def sparse_effects(self) -> Floats:
        """(p, m) the part of `effects` that PIPs and credible sets are of: shared and specific."""
        return self.shared_effects + self.specific_effects

    @cached_property
    def background(self) -> Floats:
        """(p, m) the part of `effects` that is the polygenic background.

        Many small effects that cannot be told apart: PIPs and credible sets know nothing of them.
        """
        if self.standardised_background is None:
            return np.zeros((len(self.scale.x_mean), len(self.scale.y_mean)))
        return self._per_unit(self.standardised_background)

    @property
    def background_share(self) -> Floats:
        """(m,) share of the variance of y that the polygenic background explains.

        Of family "gaussian"; of the others the variance of eta1 that it makes.
        """
        if self.background_variance is None:  # a fit of a version, or a prior, without it
            return np.zeros(len(self.scale.y_mean))
        return self.background_variance

    @cached_property
    def standardised_effects(self) -> Floats:
        """(p, m) `effects` in standard deviations of y per standard deviation of x."""
        sparse = self.variants.mean @ self.tissues.mean.T + self.specific.mean
        if self.standardised_background is None:
            return sparse
        return sparse + self.standardised_background

    @cached_property
    def pip(self) -> Floats:
        """(p, m) probability that a variant has an effect in a tissue, whichever way."""
        absent = 1 - self.specific.pip
        for variant, tissue in zip(self.variants.pip.T, self.tissues.pip.T, strict=True):
            absent *= 1 - np.outer(variant, tissue)
        return 1 - absent

    @cached_property
    def variant_pip(self) -> Floats:
        """(p,) probability that a variant has an effect in any tissue.

        Not the complement of the product over tissues of 1 - `pip`: that a variant is of a factor
        is one event, in however many tissues the factor acts.
        """
        shared = np.prod(1 - self.variants.pip * self.tissues.any, axis=1)
        return 1 - shared * np.prod(1 - self.specific.pip, axis=1)

    @cached_property
    def tissue_pip(self) -> Floats:
        """(m,) probability that any variant has an effect in a tissue."""
        shared = np.prod(1 - self.tissues.pip * self.variants.any, axis=1)
        return 1 - shared * (1 - self.specific.any)

    @cached_property
    def factor_pip(self) -> Floats:
        """(k,) probability that a factor has any variant and any tissue."""
        return self.variants.any * self.tissues.any

    @cached_property
    def neg_log_null_prob(self) -> float:
        """-ln of the posterior probability that nothing acts on the gene, in nats.

        Of factors and effects beside them. Kept on the logarithmic scale, so that it tells effects
        apart whose PIPs round to 1.
        """
        variants, tissues = self.variants.log_no_loading, self.tissues.log_no_loading
        with np.errstate(divide="ignore"):  # a factor without variants is absent, ln 1 = 0
            # 1 - v t = (1 - v) + v (1 - t)
            absent = np.logaddexp(variants, np.log(-np.expm1(variants)) + tissues)
        return float(-absent.sum() - self.specific.log_no_loading.sum())

    def _per_unit(self, effects: Floats) -> Floats:
        x_sd = self.scale.x_sd
        per_sd = np.divide(1.0, x_sd, out=np.zeros_like(x_sd), where=x_sd > 0)
        return effects * np.outer(per_sd, self.scale.y_sd)

    def predict(
        self,
        x: ArrayLike,
        covariates: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        scale: str = "response",
        background: bool = True,
    ) -> Floats:
        """(n, m) expected response at the posterior mean of all effects.

        x : (n, p) in the units of the fit; NaN becomes the variant's mean
        covariates : (n, q) in the units of the fit; left out, they stand at their mean
        offset : (n, m), (n, 1) or (n,) as in the fit; left out, it is 0: a size factor of 1
        scale : "response", in units of y (of successes, the probability); or "link", that is eta1
        background : whether the polygenic background counts: all of `effects`, or `sparse_effects`
        """
        if scale not in ("response", "link"):
            raise FqtlError(f"scale must be 'response' or 'link', found {scale!r}.")
        given = as_matrix("x", x, missing=True)
        if given.shape[1] != len(self.scale.x_mean):
            raise FqtlError(
                f"x must have the {len(self.scale.x_mean)} variants of the fit in its columns, "
                f"found shape {given.shape}."
            )
        self._refuse_other_variants(labels_of(x))
        effects = self.effects if background else self.sparse_effects
        eta = self.intercept + np.nan_to_num(given - self.scale.x_mean) @ effects
        eta += beside("offset", offset, eta, 0.0)
        if covariates is not None:
            known = as_matrix("covariates", covariates, missing=False)
            if known.shape != (len(eta), len(self.covariate_mean)):
                raise FqtlError(
                    f"covariates must have shape {(len(eta), len(self.covariate_mean))}: the rows "
                    f"of x and the covariates of the fit; found {known.shape}."
                )
            eta += (known - self.covariate_mean) @ self.covariate_effects
        return eta if scale == "link" else self.distribution.mean(eta)

    def _refuse_other_variants(self, labels: tuple[str, ...]) -> None:
        """Where both the fit and these have names: columns are not matched by them."""
        for j, (was, now) in enumerate(zip(self.scale.x_labels, labels, strict=False)):
            if was != now:
                raise FqtlError(
                    f"x must have the variants of the fit in the same order; column {j} is "
                    f"{now!r}, and was {was!r} in the fit."
                )

    def simulate(
        self,
        rng: np.random.Generator,
        x: ArrayLike,
        covariates: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        trials: ArrayLike | None = None,
    ) -> Floats:
        """(n, m) responses drawn from the fitted model, as for posterior-predictive checks.

        Effects stand at their posterior mean; noise that tissues share, the dispersion and the
        response are drawn. With dispersion covariates the rows of x are those of the fit.

        x, covariates, offset : as in `predict`
        trials : (n, m), (n, 1) or (n,) of family "logit"; left out, 1
        """
        if not isinstance(rng, np.random.Generator):
            raise FqtlError(f"rng must be a generator as of np.random.default_rng, found {rng!r}.")
        eta = self.predict(x, covariates, offset=offset, scale="link")
        mean, variance = self.dispersion
        if len(mean) not in (1, len(eta)):
            raise FqtlError(
                f"x must have the {len(mean)} rows of the fit, whose dispersion has covariates; "
                f"found {len(eta)}."
            )
        eta += rng.standard_normal((len(eta), 1)) * self.shared_noise
        eta2 = mean + np.sqrt(variance) * rng.standard_normal(mean.shape)
        return self.distribution.draw(
            rng, eta, np.broadcast_to(eta2, eta.shape), beside("trials", trials, eta, 1.0)
        )

    def to_frame(
        self,
        variants: Sequence[str] | None = None,
        tissues: Sequence[str] | None = None,
        min_pip: float = 0.0,
    ) -> "DataFrame":
        """Effects as a table, a row for each pair of a variant and a tissue.

        Columns: variant, tissue, effect and what it is made of (shared, specific, background), pip.

        variants, tissues : their names; left out, those that x and y had, or their numbers
        min_pip : pairs with a lower PIP are left out
        """
        import pandas as pd  # the model is of use to those without

        p, m = self.effects.shape
        if variants is None:
            variants = self.scale.x_labels or None
        if tissues is None:
            tissues = self.scale.y_labels or None
        row_names = names_or_numbers("variants", variants, p)
        column_names = names_or_numbers("tissues", tissues, m)
        rows, columns = np.nonzero(self.pip >= min_pip)
        return pd.DataFrame(
            {
                "variant": row_names[rows],
                "tissue": column_names[columns],
                "effect": self.effects[rows, columns],
                "shared": self.shared_effects[rows, columns],
                "specific": self.specific_effects[rows, columns],
                "background": self.background[rows, columns],
                "pip": self.pip[rows, columns],
            }
        )

    def _sets(self, factor: int | None = None, tissue: int | None = None) -> str:
        """The effects of a factor or a tissue in words."""
        found = [
            f"variant {entry.variants[0]} or {len(entry.variants) - 1} more (PIP {entry.pip:.3f})"
            if len(entry.variants) > 1
            else f"variant {entry.variants[0]} (PIP {entry.pip:.3f})"
            for entry in self.credible_sets
            if entry.factor == factor and (factor is not None or entry.tissue == tissue)
        ]
        return ", ".join(found) or "no certain effect"

    def summary(self) -> str:
        """A few lines for a person: how the fit went, and what each factor holds."""
        p, m = len(self.scale.x_mean), len(self.scale.y_mean)
        factors = f"{self.rank or 'no'} factor{'s' * (self.rank != 1)}"
        size = "1 tissue" if m == 1 else f"{m} tissues, {factors}"
        if self.standardised_background is not None:
            size += ", a polygenic background"
        found = []
        beside = " beside the factors" if self.rank else ""
        for k in range(self.rank):
            tissues = int((self.tissues.pip[:, k] > LIKELY).sum())
            found.append(
                f"  factor {k}, tissues with PIP > {LIKELY}: {tissues}; {self._sets(factor=k)}"
            )
        for t in np.flatnonzero(self.specific.any > LIKELY):
            found.append(f"  tissue {t}{beside}: {self._sets(tissue=int(t))}")
        if self.standardised_background is not None:
            share = self.background_share
            found.append(
                f"  polygenic background in {int((share > 0).sum())} of {m} tissues, up to "
                f"{share.max():.3f} of the variance"
            )
        return self._summary(f"{p} variants, {size}", found)
