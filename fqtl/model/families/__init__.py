"""Families: log p(y | eta1, eta2) and its expectation under q. A family knows eta, never x.

A family is one class with one method for engines, `given`, which sees the response and the moments
of the location and returns a likelihood: the expected log-likelihood with its gradient, as
the moments of the dispersion vary. By Price's theorem that of the location defines a working
response and working weights that turn any family into a weighted Gaussian problem.

Where the log-likelihood is not quadratic in eta1 the expectations are Gauss-Hermite sums of one
C function per family (`_densities.h`); `log_prob` of the class is the same density, in NumPy, with
the formula in its docstring. In all of them the noise grows with eta2, within bounds that come from
the data: without a bound a rich location could drive it to zero.

| family | response | eta1 is | eta2 moves, within bounds |
|---|---|---|---|
| gaussian | numbers | the mean | the variance |
| nb, nb_pseudo | counts | the log of the mean | the overdispersion 1/a |
| voom | log-counts | the mean | what the variance has beside exp(-eta1) |
| logit | successes of trials | the log-odds | nothing |
| beta | shares | the log-odds of the mean | the variance over mean (1 - mean) |
"""

from fqtl.model.families.beta import Beta
from fqtl.model.families.binomial import Binomial
from fqtl.model.families.counts import NegativeBinomial, PseudoNegativeBinomial
from fqtl.model.families.family import Family, Likelihood
from fqtl.model.families.gaussian import Gaussian
from fqtl.model.families.response import Response
from fqtl.model.families.voom import Voom

FAMILIES: dict[str, type[Family]] = {
    "gaussian": Gaussian,
    "nb": NegativeBinomial,
    "nb_pseudo": PseudoNegativeBinomial,
    "voom": Voom,
    "logit": Binomial,
    "beta": Beta,
}

__all__ = [
    "FAMILIES",
    "Beta",
    "Binomial",
    "Family",
    "Gaussian",
    "Likelihood",
    "NegativeBinomial",
    "PseudoNegativeBinomial",
    "Response",
    "Voom",
]
