"""Noise that the tissues of a donor share, and the precision of noise that it leads to.

    y_it = eta_it + u_i v_t + e_it,   u_i ~ N(0, 1),   e_it ~ N(0, 1/W_it)

Whatever makes a sample of one tissue look high (ischaemia, batch, cell composition) makes the
donor's other samples look high, and a model of independent noise takes m of them for m witnesses.
Given eta, u_i is normal, so it is integrated out instead of being estimated beside the effects,
which it could imitate. With w = W v and c_i = 1 / (1 + sum_t W_it v_t^2),

    precision of donor i:  P_i = diag(W_i) - a_i a_i',   a_i = sqrt(c_i) w_i
    q(u_i | eta) = N(sqrt(c_i) a_i . (y_i - eta_i), c_i),
    KL(q(u_i) || p) = 1/2 (c_i + E[(sqrt(c_i) a_i . (y_i - eta_i))^2] - 1 - ln c_i).

The likelihood of an entry then has the moments of eta_it + u_i v_t, in which eta_it and u_i are
correlated: with C_it = Cov(eta_it, a_i . eta_i) and Q_i = V[a_i . eta_i] = sum_t a_it C_it,

    E[u_i] = sqrt(c_i) a_i . (y_i - M_i),    V[eta_it + u_i v_t] = S_it - 2 v_t sqrt(c_i) C_it
                                                                   + v_t^2 c_i (1 + Q_i).

v is a point estimate under N(0, 1/ridge); given q(u), least squares (an EM step). Of two tissues
the data tell v_1 v_2 alone, all that their covariance is of; how it is split is for the prior.
"""

from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments

EM_STEPS = 30  # of a search in residuals; taste: rounds go on from there
FACTOR_STEPS = 5  # of the diagonal of the first guess; taste: EM goes on from it
LEAST_TISSUES = 2  # derived: a tissue alone shares with none
LEAST_OWN = 0.05  # of a tissue's variance is its own noise, in a search; taste
NO_LOADING = 1e-12  # sum of squares below which there is nothing to scale a ridge by; taste


@dataclass(frozen=True)
class NoisePrecision:
    """Of the noise of every donor's tissues, P_i = diag(W_i) - a_i a_i'.

    weight : (n, m) W, 0 where nothing was observed
    shared : (n, m) a, or None where tissues are independent
    conditional_variance : (n,) c = V[u_i | eta], where tissues share noise
    """

    weight: Floats
    shared: Floats | None = None
    conditional_variance: Floats | None = None

    def times(self, residual: Floats) -> Floats:
        """(n, m) P_i r_i."""
        weighted = self.weight * residual
        if self.shared is not None:
            weighted -= self.shared * (self.shared * residual).sum(axis=1, keepdims=True)
        return weighted

    @property
    def diagonal(self) -> Floats:
        """(n, m) P_tt."""
        return self.weight if self.shared is None else self.weight - self.shared**2

    def of_score(self, tissues: Floats, variance: Floats) -> Floats:
        """(n,) E[r' P_i r] for independent r with this mean and variance, each (m,)."""
        total = self.weight @ (tissues**2 + variance)
        if self.shared is not None:
            total -= (self.shared @ tissues) ** 2 + self.shared**2 @ variance
        return total

    def of_tissues(self, second: Floats) -> tuple[Floats, Floats | None]:
        """sum_i second_i P_i: its diagonal (m,), and what is off it (m, m) if anything."""
        diagonal = second @ self.weight
        if self.shared is None:
            return diagonal, None
        off_diagonal = -(self.shared.T * second) @ self.shared
        diagonal += np.diag(off_diagonal)
        np.fill_diagonal(off_diagonal, 0.0)
        return diagonal, off_diagonal


@dataclass(frozen=True)
class SharedNoise:
    """One direction of noise that tissues share.

    loadings : (m,) v, a point estimate
    ridge : precision of their prior
    """

    loadings: Floats
    ridge: float = 1.0

    def precision(self, weight: Floats) -> NoisePrecision:
        """Precision of the noise, beside which the tissues' own has these weights (n, m)."""
        along = weight * self.loadings
        variance = 1 / (1 + along @ self.loadings)
        return NoisePrecision(weight, along * np.sqrt(variance)[:, None], variance)

    def part(
        self, residual: Floats, covariance: Floats, precision: NoisePrecision
    ) -> "NoisePosterior":
        """Posterior of u, given the residual y - M and C, each (n, m), under `precision`."""
        c = precision.conditional_variance
        assert precision.shared is not None
        assert c is not None
        root = np.sqrt(c)
        mean = root * (precision.shared * residual).sum(axis=1)
        variance = c * (1 + (precision.shared * covariance).sum(axis=1))
        return NoisePosterior(mean, variance, root[:, None] * covariance, c)

    def learned(self, residual: Floats, weight: Floats, part: "NoisePosterior") -> "SharedNoise":
        """Loadings by least squares of the residual on u."""
        cross = (weight * (part.mean[:, None] * residual + part.covariance)).sum(axis=0)
        square = (part.mean**2 + part.variance) @ weight
        return replace(self, loadings=cross / (square + self.ridge))

    def log_prior(self) -> float:
        return -0.5 * self.ridge * float(self.loadings @ self.loadings)

    @classmethod
    def found_in(cls, residual: Floats, weight: Floats) -> "SharedNoise | None":
        """Noise that tissues seem to share, if the evidence (Laplace) is for any.

        residual, weight : (n, m), where the inverse weight is all of the variance
        """
        if weight.shape[1] < LEAST_TISSUES:
            return None
        noise = cls._by_factoring(residual, weight)
        own = noise._own_weight(weight)
        for _ in range(EM_STEPS):
            noise = noise._after_a_step(residual, own)
            own = noise._own_weight(weight)
        return noise._if_the_evidence_is_for_it(residual, weight, own)

    def _after_a_step(self, residual: Floats, own: Floats) -> "SharedNoise":
        """Loadings that `learned` makes of `part`, where eta is certain."""
        weighted = own * residual
        variance = 1 / (1 + own @ self.loadings**2)
        mean = variance * (weighted @ self.loadings)
        square = (mean**2 + variance) @ own
        return replace(self, loadings=(mean @ weighted) / (square + self.ridge))

    def _own_weight(self, weight: Floats) -> Floats:
        """(n, m) inverse of what the variance 1/weight has beside v v'."""
        return weight / np.maximum(1 - weight * self.loadings**2, LEAST_OWN)

    def _if_the_evidence_is_for_it(
        self, residual: Floats, weight: Floats, own: Floats
    ) -> "SharedNoise | None":
        """This noise under the ridge that suits it, or None."""
        precision, seen = self.precision(own), weight > 0
        part = self.part(residual, np.zeros_like(residual), precision)
        gain = 0.5 * (
            np.log(own[seen] / weight[seen]).sum() + np.log(part.conditional_variance).sum()
        )
        gain += 0.5 * float((residual * (weight * residual - precision.times(residual))).sum())
        information = (part.mean**2 + part.variance) @ own
        square = float(self.loadings @ self.loadings)
        noise = replace(self, ridge=len(self.loadings) / max(square, NO_LOADING))
        occam = 0.5 * float(np.log1p(information / noise.ridge).sum())
        return noise if gain - occam + noise.log_prior() > 0 else None

    @classmethod
    def _by_factoring(cls, residual: Floats, weight: Floats) -> "SharedNoise":
        """Start: the leading direction of the tissues' covariance off its diagonal."""
        seen = (weight > 0).astype(np.float64)
        pairs = seen.T @ seen
        covariance = (seen * residual).T @ (seen * residual) / np.maximum(pairs, 1.0)
        loadings = np.zeros(len(covariance))
        for _ in range(FACTOR_STEPS):
            np.fill_diagonal(covariance, loadings**2)
            values, vectors = np.linalg.eigh(covariance)
            loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
        return cls(loadings)


@dataclass(frozen=True)
class NoisePosterior:
    """Moments of u given the data, and its covariance with eta.

    mean, variance, conditional_variance : (n,) E[u], V[u], and V[u | eta]
    covariance : (n, m) -Cov(u, eta)
    """

    mean: Floats
    variance: Floats
    covariance: Floats
    conditional_variance: Floats

    def added_to(self, location: Moments, loadings: Floats) -> Moments:
        """Moments of eta + u v'."""
        mean = location.mean + np.outer(self.mean, loadings)
        variance = location.variance - 2 * loadings * self.covariance
        variance += np.outer(self.variance, loadings**2)
        return Moments(mean, variance)

    def kl(self) -> float:
        """E KL(q(u | eta) || p), in nats."""
        c = self.conditional_variance
        return 0.5 * float((self.mean**2 + self.variance - 1 - np.log(c)).sum())
