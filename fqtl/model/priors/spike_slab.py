"""Spike and slab: a loading is 0 with probability 1 - inclusion and N(0, 1/precision) otherwise.

    q(theta) = pip N(slab_mean, 1/slab_precision) + (1 - pip) delta_0
    E[theta] = pip slab_mean
    V[theta] = pip/slab_precision + pip (1 - pip) slab_mean^2
    KL(q || p) = pip ln(pip/inclusion) + (1 - pip) ln((1 - pip)/(1 - inclusion))
               + pip/2 [ln(slab_precision/precision) - 1
                        + precision (slab_mean^2 + 1/slab_precision)]

A gate may be shared: by a row of loadings (a variant acts in all tissues or in none) or by a column
(a factor is there or is not). The term of the slab is then summed over the loadings of the gate.

Against a quadratic objective  score theta - 1/2 information theta^2  the best q is

    slab_precision = precision + information,   slab_mean = score/slab_precision,
    logit pip = logit inclusion + sum over the gate's loadings of
                1/2 ln(precision/slab_precision) + 1/2 slab_precision slab_mean^2.

Given q, the prior that minimises the sum of KL (empirical Bayes) has inclusion = mean pip and
1/precision = the pip-weighted mean of slab_mean^2 + 1/slab_precision, clipped to the bounds; where
the bounds are equal the prior is fixed. With inclusion 1 there is no spike.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import entr, expit, logit, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.prior import Coordinates

SURE = 1e-12  # a probability as near to 0 or 1 as coordinates go


@dataclass
class SpikeSlab:
    """Independent spike-and-slab loadings with one learned prior.

    slab_mean, slab_precision : arrays of one shape, the posterior where the gate is open
    pip : probability that it is; of the same shape, or of extent 1 where loadings share a gate
    inclusion, precision : the prior
    inclusion_bounds, precision_bounds : where `learn` may move it
    allowed : 1 where a loading may be included, 0 where it is known to be 0; None: everywhere
    """

    pip: Floats
    slab_mean: Floats
    slab_precision: Floats
    inclusion: float
    precision: float
    inclusion_bounds: tuple[float, float]
    precision_bounds: tuple[float, float]
    allowed: Floats | None = None

    @classmethod
    def empty(
        cls,
        shape: int | tuple[int, ...],
        *,
        inclusion: float,
        precision: float,
        inclusion_bounds: tuple[float, float] = (1e-8, 1 - 1e-6),
        precision_bounds: tuple[float, float] = (1e-4, 1e8),
        gates: int | tuple[int, ...] | None = None,
        allowed: Floats | None = None,
    ) -> "SpikeSlab":
        """Loadings that are all 0; without a spike, loadings without uncertainty to speak of.

        gates : shape of the gates where loadings share them
        """
        low, high = inclusion_bounds
        sure = low == 1
        present = np.ones(shape) if allowed is None else allowed
        pip = np.broadcast_to(float(sure) * present, shape).copy()
        if gates is not None:
            pip = np.full(gates, float(sure))
        return cls(
            pip=pip,
            slab_mean=np.zeros(shape),
            slab_precision=np.full(shape, 1e8 if sure else precision),
            inclusion=min(max(inclusion, low), high),
            precision=precision,
            inclusion_bounds=inclusion_bounds,
            precision_bounds=precision_bounds,
            allowed=allowed,
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
        spread = self.pip / self.slab_precision + self.pip * (1 - self.pip) * self.slab_mean**2
        return spread if self.allowed is None else spread * self.allowed

    @property
    def spans(self) -> bool:
        """Whether one gate is shared by all variants."""
        return self.pip.shape[0] < self.slab_mean.shape[0]

    def of_columns(self, columns: slice) -> "SpikeSlab":
        """View of some columns, each loading of which has a gate of its own."""
        return replace(
            self,
            pip=self.pip[:, columns],
            slab_mean=self.slab_mean[:, columns],
            slab_precision=self.slab_precision[:, columns],
            allowed=None if self.allowed is None else self.allowed[:, columns],
        )

    def per_gate(self, values: Floats) -> Floats:
        """Sum over the loadings that share a gate."""
        shared = tuple(
            axis
            for axis, (gates, size) in enumerate(zip(self.pip.shape, values.shape, strict=True))
            if gates < size
        )
        if self.allowed is not None:
            values = values * self.allowed
        return values.sum(axis=shared, keepdims=True) if shared else values

    def log_odds(self, slab_mean: Floats, slab_precision: Floats | float) -> Floats:
        """Posterior log-odds of inclusion for a slab posterior."""
        bayes = np.log(self.precision / slab_precision) + slab_precision * slab_mean**2
        return logit(self.inclusion) + 0.5 * self.per_gate(bayes)

    def slab_divergence(self) -> Floats:
        """KL of the slab of every loading, were its gate open."""
        ratio = self.slab_precision / self.precision
        return 0.5 * (np.log(ratio) - 1 + self.precision * self.slab_mean**2 + 1 / ratio)

    def divergence(self) -> float:
        """KL(q || p) summed over the loadings."""
        included, gates = float(self.pip.sum()), self._gates
        doubt = -entr(self.pip).sum() - entr(1 - self.pip).sum()
        prior = xlogy(included, self.inclusion) + xlog1py(gates - included, -self.inclusion)
        slabs = (self.pip * self.per_gate(self.slab_divergence())).sum()
        return float(doubt - prior + slabs)

    @property
    def _gates(self) -> float:
        """Number of gates that may be open."""
        if self.allowed is None:
            return float(self.pip.size)
        return float((self.per_gate(np.ones_like(self.slab_mean)) > 0).sum())

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
        prior = logit(self.inclusion)
        for t in np.argsort(-np.abs(score), kind="stable"):
            left = score[t] - beside[t] @ self.mean
            s = self.slab_precision[t]
            self.slab_mean[t] = left / s
            bayes = np.log(self.precision / s) + s * self.slab_mean[t] ** 2
            self.pip[t] = expit(prior + 0.5 * bayes)

    def evidence(self) -> Floats:
        """What each loading adds to the ELBO at its best q, in nats: ln of its Bayes factor."""
        log_odds = self.log_odds(self.slab_mean, self.slab_precision)
        return np.log1p(-self.inclusion) + np.logaddexp(0.0, log_odds)

    def learn(self) -> None:
        """The prior that suits q best, within its bounds."""
        self.inclusion = float(np.clip(float(self.pip.sum()) / self._gates, *self.inclusion_bounds))
        slabs = float((self.pip * self.per_gate(np.ones_like(self.slab_mean))).sum())
        moment = self.per_gate(self.slab_mean**2 + 1 / self.slab_precision)
        second = float((self.pip * moment).sum())
        if second > 0:
            self.precision = float(np.clip(slabs / second, *self.precision_bounds))

    def rescale(self, factor: float) -> None:
        """Multiply every loading by `factor` and the prior with it: the divergence stays."""
        self.slab_mean *= factor
        self.slab_precision /= factor**2
        self.precision /= factor**2

    def linear(self) -> Moments:
        if self.spans:
            return Moments(self.slab_mean, 1 / self.slab_precision)
        return Moments(self.mean, self.variance)

    def score(self, linear: Moments) -> Moments:
        if not self.spans:
            return linear
        pip, (g, h) = self.pip, linear
        return Moments(pip * g, pip * h + pip * (1 - pip) * g**2)

    def through(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        if not self.spans:
            return Moments(mean, variance), np.zeros(())
        pip, (g, h) = self.pip, linear
        gate = (mean * g + variance * (h + (1 - 2 * pip) * g**2)).sum(axis=0, keepdims=True)
        return Moments(pip * mean + 2 * pip * (1 - pip) * g * variance, pip * variance), gate

    def coordinates(self) -> Coordinates:
        """(logit pip, slab_mean, ln slab_precision)."""
        pip = self.pip if self.inclusion == 1 else np.clip(self.pip, SURE, 1 - SURE)
        return logit(pip), self.slab_mean.copy(), np.log(self.slab_precision)

    def move_to(self, coordinates: Coordinates) -> None:
        gate, mean, log_precision = coordinates
        self.pip[:] = expit(gate)
        if self.allowed is not None:
            self.pip *= self.per_gate(np.ones_like(self.slab_mean)) > 0
        self.slab_mean[:] = mean if self.allowed is None else mean * self.allowed
        np.exp(log_precision, out=self.slab_precision)

    def slopes(self, mean: Floats, variance: Floats, gate: Floats | float = 0.0) -> Coordinates:
        pip, b, v = self.pip, self.slab_mean, 1 / self.slab_precision
        if self.spans:
            of_pip, of_mean, of_variance = gate, mean, variance
        else:
            of_pip = self.per_gate(mean * b + variance * (v + (1 - 2 * pip) * b**2)) + gate
            of_mean = pip * (mean + 2 * (1 - pip) * b * variance)
            of_variance = pip * variance
        of_mean = of_mean - pip * self.precision * b
        of_variance = of_variance - 0.5 * pip * (self.precision - self.slab_precision)
        if self.allowed is not None:
            of_mean, of_variance = of_mean * self.allowed, of_variance * self.allowed
        return self._gate_slope(of_pip), of_mean, -v * of_variance

    def _gate_slope(self, of_pip: Floats | float) -> Floats:
        """d/d logit pip; 0 where there is no spike, and where nothing is allowed."""
        if self.inclusion == 1:
            return np.zeros_like(self.pip)
        pip = np.clip(self.pip, SURE, 1 - SURE)
        cost = logit(pip) - logit(self.inclusion) + self.per_gate(self.slab_divergence())
        slope = self.pip * (1 - self.pip) * (of_pip - cost)
        return np.asarray(slope, dtype=np.float64)
