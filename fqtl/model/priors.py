"""Priors and the posteriors they allow. A prior knows its parameters, never x or y.

Spike and slab: a loading is 0 with probability 1 - inclusion and N(0, 1/precision) otherwise.

    q(theta) = pip N(slab_mean, 1/slab_precision) + (1 - pip) delta_0
    E[theta] = pip slab_mean
    V[theta] = pip/slab_precision + pip (1 - pip) slab_mean^2
    KL(q || p) = pip ln(pip/inclusion) + (1 - pip) ln((1 - pip)/(1 - inclusion))
               + pip/2 [ln(slab_precision/precision) - 1
                        + precision (slab_mean^2 + 1/slab_precision)]

Against a quadratic objective  score theta - 1/2 information theta^2  the best q is

    slab_precision = precision + information,   slab_mean = score/slab_precision,
    logit pip = logit inclusion + 1/2 ln(precision/slab_precision) + 1/2 slab_precision slab_mean^2.

Given q, the prior that minimises the sum of KL (empirical Bayes) has inclusion = mean pip and
1/precision = the pip-weighted mean of slab_mean^2 + 1/slab_precision, clipped to the bounds.

Slab: N(0, 1/precision) without a spike, for covariates and dispersion. Its loadings of one tissue
are few, so their joint normal posterior is kept whole instead of factorising it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import entr, expit

from fqtl.model.moments import Floats


@dataclass
class SpikeSlab:
    """Independent spike-and-slab loadings with one learned prior.

    pip, slab_mean, slab_precision : arrays of one shape, the posterior
    inclusion, precision : the prior
    inclusion_bounds, precision_bounds : where `learn` may move it
    """

    pip: Floats
    slab_mean: Floats
    slab_precision: Floats
    inclusion: float
    precision: float
    inclusion_bounds: tuple[float, float]
    precision_bounds: tuple[float, float]

    @classmethod
    def empty(
        cls,
        shape: int | tuple[int, ...],
        *,
        inclusion: float,
        precision: float,
        inclusion_bounds: tuple[float, float] = (1e-8, 1 - 1e-6),
        precision_bounds: tuple[float, float] = (1e-4, 1e8),
    ) -> "SpikeSlab":
        """Loadings that are all 0."""
        return cls(
            pip=np.zeros(shape),
            slab_mean=np.zeros(shape),
            slab_precision=np.full(shape, precision),
            inclusion=min(max(inclusion, inclusion_bounds[0]), inclusion_bounds[1]),
            precision=precision,
            inclusion_bounds=inclusion_bounds,
            precision_bounds=precision_bounds,
        )

    @property
    def mean(self) -> Floats:
        return self.pip * self.slab_mean

    @property
    def any(self) -> float:
        """Probability that any loading is included."""
        return 1 - float(np.prod(1 - self.pip))

    @property
    def variance(self) -> Floats:
        return self.pip / self.slab_precision + self.pip * (1 - self.pip) * self.slab_mean**2

    def log_odds(self, slab_mean: Floats, slab_precision: Floats | float) -> Floats:
        """Posterior log-odds of inclusion for a slab posterior."""
        prior = np.log(self.inclusion) - np.log1p(-self.inclusion)
        bayes = np.log(self.precision / slab_precision) + slab_precision * slab_mean**2
        return prior + 0.5 * bayes

    def divergence(self) -> float:
        """KL(q || p) summed over the loadings."""
        some = self.pip.nonzero()  # a loading at the spike costs -ln(1 - inclusion) and no more
        pip, mean, precision = self.pip[some], self.slab_mean[some], self.slab_precision[some]
        gates = (
            -entr(pip).sum()
            - entr(1 - pip).sum()
            - pip.sum() * np.log(self.inclusion)
            - (self.pip.size - pip.sum()) * np.log1p(-self.inclusion)
        )
        ratio = precision / self.precision
        slab = np.log(ratio) - 1 + self.precision * mean**2 + 1 / ratio
        return float(gates + 0.5 * (pip * slab).sum())

    def update(self, score: Floats, information: Floats, beside: Floats | None = None) -> None:
        """Best q against  score theta - 1/2 information theta^2, each loading on its own.

        beside : (m, m) information between loadings, 0 on the diagonal; they are then updated one
            after the other
        """
        self.slab_precision[:] = self.precision + information
        if beside is None:
            self.slab_mean[:] = score / self.slab_precision
            self.pip[:] = expit(self.log_odds(self.slab_mean, self.slab_precision))
            return
        for t in np.argsort(-np.abs(score), kind="stable"):
            left = score[t] - beside[t] @ self.mean
            self.slab_mean[t] = left / self.slab_precision[t]
            self.pip[t] = expit(self.log_odds(self.slab_mean[t], self.slab_precision[t]))

    def evidence(self) -> Floats:
        """What each loading adds to the ELBO at its best q, in nats: ln of its Bayes factor."""
        log_odds = self.log_odds(self.slab_mean, self.slab_precision)
        return np.log1p(-self.inclusion) + np.logaddexp(0.0, log_odds)

    def learn(self) -> None:
        """The prior that suits q best, within its bounds."""
        included = float(self.pip.sum())
        self.inclusion = float(np.clip(included / self.pip.size, *self.inclusion_bounds))
        second = float((self.pip * (self.slab_mean**2 + 1 / self.slab_precision)).sum())
        if second > 0:
            self.precision = float(np.clip(included / second, *self.precision_bounds))

    def rescale(self, factor: float) -> None:
        """Multiply every loading by `factor` and the prior with it: the divergence stays."""
        self.slab_mean *= factor
        self.slab_precision /= factor**2
        self.precision /= factor**2


@dataclass
class Slab:
    """Normal loadings (q, m): a joint normal posterior per tissue under N(0, 1/precision).

    mean : (q, m)
    covariance : (m, q, q)
    """

    mean: Floats
    covariance: Floats
    precision: float

    @classmethod
    def empty(cls, q: int, m: int, precision: float) -> "Slab":
        """Posterior equal to the prior's mean, without uncertainty to speak of."""
        return cls(np.zeros((q, m)), np.tile(np.eye(q) * 1e-8, (m, 1, 1)), precision)

    def of_tissue(self, tissue: int) -> "Slab":
        """Posterior of one tissue."""
        one = slice(tissue, tissue + 1)
        return Slab(self.mean[:, one], self.covariance[one], self.precision)

    def divergence(self) -> Floats:
        """(m,) KL(q || p) of each tissue."""
        q = len(self.mean)
        trace = np.trace(self.covariance, axis1=1, axis2=2) + (self.mean**2).sum(axis=0)
        log_det = np.linalg.slogdet(self.covariance)[1]
        return 0.5 * (self.precision * trace - q - log_det - q * np.log(self.precision))

    def posterior(
        self, score: Floats, information: Floats, precision: float | None = None
    ) -> "Slab":
        """Best q against  score' theta - 1/2 theta' information theta.

        score : (q, m)
        information : (m, q, q)
        precision : of the prior, in place of its own
        """
        ridge = self.precision if precision is None else precision
        precision_matrix = information + ridge * np.eye(len(self.mean))
        covariance = np.asarray(np.linalg.inv(precision_matrix), dtype=np.float64)
        mean = (covariance @ score.T[:, :, None])[:, :, 0].T
        return Slab(mean, covariance, self.precision)

    def towards(self, goal: "Slab", step: Floats) -> "Slab":
        """Posterior moved from here by `step` (m,) of the way to `goal`."""
        mean = self.mean + step * (goal.mean - self.mean)
        covariance = self.covariance + step[:, None, None] * (goal.covariance - self.covariance)
        return Slab(mean, covariance, self.precision)
