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

v is a point estimate under N(0, 1/ridge); given q(u), least squares (an EM step).
"""

from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments

EM_STEPS = 30


@dataclass(frozen=True)
class Precision:
    """Of the noise of every donor's tissues, P_i = diag(W_i) - a_i a_i'.

    weight : (n, m) W, 0 where nothing was observed
    shared : (n, m) a, or None where tissues are independent
    """

    weight: Floats
    shared: Floats | None = None

    def times(self, residual: Floats) -> Floats:
        """(n, m) P_i r_i."""
        pull = self.weight * residual
        if self.shared is not None:
            pull -= self.shared * (self.shared * residual).sum(axis=1, keepdims=True)
        return pull

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
        """sum_i second_i P_i: its diagonal (m,), and what lies beside it (m, m) if anything."""
        diagonal = second @ self.weight
        if self.shared is None:
            return diagonal, None
        beside = -(self.shared.T * second) @ self.shared
        diagonal += np.diag(beside)
        np.fill_diagonal(beside, 0.0)
        return diagonal, beside


@dataclass
class SharedNoise:
    """One direction of noise that tissues share.

    loadings : (m,) v
    conditional_variance : (n,) c
    """

    loadings: Floats
    conditional_variance: Floats = field(default_factory=lambda: np.ones(1))
    ridge: float = 1.0

    def precision(self, weight: Floats) -> Precision:
        """Precision of the noise; q(u) follows."""
        along = weight * self.loadings
        self.conditional_variance = 1 / (1 + along @ self.loadings)
        return Precision(weight, along * np.sqrt(self.conditional_variance)[:, None])

    def part(self, residual: Floats, covariance: Floats, precision: Precision) -> "NoisePart":
        """Moments of u v', given the residual y - M and C, each (n, m), under `precision`."""
        assert precision.shared is not None
        c = self.conditional_variance
        root = np.sqrt(c)
        mean = root * (precision.shared * residual).sum(axis=1)
        variance = c * (1 + (precision.shared * covariance).sum(axis=1))
        return NoisePart(mean, variance, root[:, None] * covariance, c)

    def learn(self, residual: Floats, weight: Floats, part: "NoisePart") -> None:
        """Least squares of the residual on u."""
        cross = (weight * (part.mean[:, None] * residual + part.covariance)).sum(axis=0)
        square = (part.mean**2 + part.variance) @ weight
        self.loadings = cross / (square + self.ridge)

    def log_prior(self) -> float:
        return -0.5 * self.ridge * float(self.loadings @ self.loadings)

    @classmethod
    def found_in(cls, residual: Floats, weight: Floats) -> "SharedNoise | None":
        """Noise that tissues seem to share, if the evidence (Laplace) is for any.

        residual, weight : (n, m), where the inverse weight is all of the variance
        """
        if weight.shape[1] < 3:
            return None  # one direction of two tissues could not be told from their variances
        noise = cls._by_factoring(residual, weight)
        own = weight / np.maximum(1 - weight * noise.loadings**2, 0.05)
        for _ in range(EM_STEPS):
            precision = noise.precision(own)
            noise.learn(residual, own, noise.part(residual, np.zeros_like(residual), precision))
            own = weight / np.maximum(1 - weight * noise.loadings**2, 0.05)
        precision = noise.precision(own)
        seen = weight > 0
        gain = 0.5 * (
            np.log(own[seen] / weight[seen]).sum() + np.log(noise.conditional_variance).sum()
        )
        gain += 0.5 * float((residual * (weight * residual - precision.times(residual))).sum())
        part = noise.part(residual, np.zeros_like(residual), precision)
        information = (part.mean**2 + part.variance) @ own
        noise.ridge = len(noise.loadings) / max(float(noise.loadings @ noise.loadings), 1e-12)
        occam = 0.5 * float(np.log1p(information / noise.ridge).sum())
        return noise if gain - occam + noise.log_prior() > 0 else None

    @classmethod
    def _by_factoring(cls, residual: Floats, weight: Floats) -> "SharedNoise":
        """Start: the leading direction of the tissues' covariance beside its diagonal."""
        seen = (weight > 0).astype(np.float64)
        pairs = seen.T @ seen
        covariance = (seen * residual).T @ (seen * residual) / np.maximum(pairs, 1.0)
        loadings = np.zeros(len(covariance))
        for _ in range(5):
            np.fill_diagonal(covariance, loadings**2)
            values, vectors = np.linalg.eigh(covariance)
            loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
        return cls(loadings)


@dataclass(frozen=True)
class NoisePart:
    """Moments of u given the data, and its covariance with eta.

    mean, variance, conditional_variance : (n,) E[u], V[u], and V[u | eta]
    covariance : (n, m) -Cov(u, eta)
    """

    mean: Floats
    variance: Floats
    covariance: Floats
    conditional_variance: Floats

    def beside(self, location: Moments, loadings: Floats) -> Moments:
        """Moments of eta + u v'."""
        mean = location.mean + np.outer(self.mean, loadings)
        variance = location.variance - 2 * loadings * self.covariance
        variance += np.outer(self.variance, loadings**2)
        return Moments(mean, variance)

    def divergence(self) -> float:
        """E KL(q(u | eta) || p), in nats."""
        c = self.conditional_variance
        return 0.5 * float((self.mean**2 + self.variance - 1 - np.log(c)).sum())
