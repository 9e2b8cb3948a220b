"""mr.mash: a multivariate regression whose effects come from a mixture of patterns of contexts.

    y_i = mean + x_i B + e_i,  e_i ~ N(0, V),
    b_j ~ w_0 δ_0 + sum_{r,s} w_rs N(0, s U_r)  (a row of B: one variant in m contexts)

with patterns U_r that are learned from all genes (patterns.py), a grid of scales s, and w and V
learned from the gene. As in the article, q(B) is a product over variants whose factors are mixtures
as the prior is, updated one by one; w and V are at the maximum of the ELBO.

Donors whose contexts are missing: mr.mash imputes them as a factor of q, which counts an imputed
value as if it were observed. Here they are integrated out: a donor enters by what it has, with
the inverse of its part of V. A variant's likelihood then has precision P_j = sum_g c_jg L_g, over
groups g of donors with the same contexts, c_jg the sum of their x_j² and L_g the inverse of V in
the rows and columns of these contexts, 0 elsewhere.

With U = F F' and the eigenvectors Q and eigenvalues d of F' P F, W = F Q,

    posterior covariance = W diag(s / (1 + s d)) W',   mean = covariance h,
    2 ln BF = sum_i s / (1 + s d_i) (W' h)_i² - ln(1 + s d_i)

with h = sum_i x_ij L_g(i) r_i and r the residual without the variant.
A baseline, written from the article alone.
(Morgante, Carbonetto, Wang, Zou, Sarkar, Stephens 2023, PLOS Genetics 19:e1010539)
"""

from dataclasses import dataclass

import numpy as np

EXPECTED = 5  # variants with an effect at the start
TOLERANCE = 3e-4  # of an effect, standard deviations of y
MOST_ROUNDS, ACTIVE_ROUNDS = 12, 10
ACTIVE = 1e-3  # effects from which a variant is visited between full rounds
UNMOVED = 1e-6  # an effect that changes by less is left
NOISE_STEPS = 10  # of EM for V, with effects as they are


@dataclass(frozen=True)
class Patterns:
    """Covariances of effects (R, m, m), and scales (S,) that each of them is multiplied by."""

    covariances: np.ndarray
    scales: np.ndarray


@dataclass(frozen=True)
class Weights:
    """Of the mixture: ln w_0, and ln w (S, R)."""

    null: float
    others: np.ndarray

    @classmethod
    def at_start(cls, p: int, shape: tuple[int, int]) -> "Weights":
        used = min(EXPECTED / p, 0.5)
        return cls(np.log(1 - used), np.full(shape, np.log(used / np.prod(shape))))

    @classmethod
    def of(cls, responsibility: np.ndarray) -> "Weights":
        """Means over variants (p, S, R); the rest is the null's."""
        share = np.maximum(responsibility.mean(axis=0), 1e-300)
        return cls(float(np.log(max(1 - share.sum(), 1e-12))), np.log(share))


def mr_mash(y: np.ndarray, x: np.ndarray, patterns: Patterns) -> np.ndarray:
    """(p, m) effects per unit of x; y (n, m) with NaN, x (n, p) without."""
    sd = x.std(axis=0, dtype=float)
    varies = np.flatnonzero(sd > 0)
    standard = (x[:, varies] - x[:, varies].mean(axis=0)) / sd[varies]
    fit = MrMash(y, standard, patterns)
    fit.maximise()
    effects = np.zeros((x.shape[1], y.shape[1]))
    effects[varies] = fit.effects / sd[varies, None]
    return effects


class MrMash:
    """Effects (p, m) of columns of x (n, p), and what is learned with them: weights and noise V."""

    def __init__(self, y: np.ndarray, x: np.ndarray, patterns: Patterns) -> None:
        measured = np.isfinite(y).any(axis=1)
        y, self.x = y[measured], np.asfortranarray(x[measured], dtype=float)
        seen = np.isfinite(y)
        self.contexts, group = np.unique(seen, axis=0, return_inverse=True)
        self.group = group.ravel()  # NumPy 2.0.0 alone gives a column
        member = self.group[:, None] == np.arange(len(self.contexts))
        self.count = member.sum(axis=0)
        self.squares = (self.x**2).T @ member  # (p, groups)
        self.noise = np.diag(np.nanvar(y, axis=0))
        self.residual = np.where(seen, y - np.nanmean(y, axis=0), 0.0)
        self.seen = seen
        self.scales = patterns.scales
        self.root = np.array([_root(covariance) for covariance in patterns.covariances])
        p, m = self.x.shape[1], y.shape[1]
        shape = (len(self.scales), len(self.root))
        self.weights = Weights.at_start(p, shape)
        self.effects, self.slope = np.zeros((p, m)), np.zeros((p, m))
        self.responsibility = np.zeros((p, *shape))
        self.prepare()

    def prepare(self) -> None:
        """What depends on the noise alone."""
        self.inverse = np.array([_inverse(self.noise, known) for known in self.contexts])
        self.precision = np.einsum("jg,gtu->jtu", self.squares, self.inverse)
        inner = np.einsum("rta,jtu,rub->jrab", self.root, self.precision, self.root, optimize=True)
        size, vectors = np.linalg.eigh(inner)
        self.basis = self.root @ vectors  # (p, R, m, m)
        scaled = self.scales[:, None, None] * np.maximum(size, 0)[:, None]  # (p, S, R, m)
        self.shrunk = self.scales[:, None, None] / (1 + scaled)
        self.log_det = np.log1p(scaled).sum(axis=-1)

    def maximise(self) -> None:
        """Full rounds, each after which weights and noise move, and between them active ones."""
        slope = np.einsum("ij,it->jt", self.x, self._weighted())
        order = np.argsort(-(slope**2).sum(axis=1), kind="stable")
        for _ in range(MOST_ROUNDS):
            moved = self.visit(order)
            for _ in range(ACTIVE_ROUNDS):
                active = order[np.abs(self.effects[order]).max(axis=1) > ACTIVE]
                if self.visit(active) < TOLERANCE:
                    break
            if moved < TOLERANCE:
                return
            self.weights = Weights.of(self.responsibility)
            self.noise = self.likely_noise()
            self.prepare()

    def visit(self, variants: np.ndarray) -> float:
        """Update variants one by one, then the mean; the largest change of an effect."""
        moved = 0.0
        weighted = self._weighted()
        for j in variants:
            before = self.effects[j]
            self.slope[j] = self.x[:, j] @ weighted + self.precision[j] @ before
            now, self.responsibility[j] = self.posterior(j)
            change = now - before
            most = float(np.abs(change).max())
            if most > UNMOVED:
                self.effects[j] = now
                # what a donor lacks stays 0: its row of L is 0, and `seen` keeps the residual so
                self.residual -= np.outer(self.x[:, j], change) * self.seen
                weighted -= self.x[:, j, None] * (self.inverse @ change)[self.group]
                moved = max(moved, most)
        total = np.einsum("g,gtu->tu", self.count, self.inverse)
        self.residual -= np.linalg.solve(total, weighted.sum(axis=0)) * self.seen
        return moved

    def posterior(self, j: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean (m,) of an effect and the probability of every pattern and scale (S, R)."""
        along = self.slope[j] @ self.basis[j]  # (R, m): W' h
        log_bayes = 0.5 * ((self.shrunk[j] * along**2).sum(axis=-1) - self.log_det[j])
        log_each = self.weights.others + log_bayes
        most = max(
            log_each.max(), self.weights.null
        )  # scipy's logsumexp takes longer than the rest
        of_each = np.exp(log_each - most)
        of_each /= of_each.sum() + np.exp(self.weights.null - most)
        length = (of_each[:, :, None] * self.shrunk[j]).sum(axis=0) * along
        return (self.basis[j] @ length[:, :, None]).sum(axis=0)[:, 0], of_each

    def covariances(self) -> np.ndarray:
        """(p, m, m) posterior covariance of every variant's effects."""
        along = np.einsum("jt,jrta->jra", self.slope, self.basis)
        within = np.einsum("jsr,jsra->jra", self.responsibility, self.shrunk)
        covariance = np.einsum("jrta,jra,jrua->jtu", self.basis, within, self.basis, optimize=True)
        means = np.einsum("jrta,jsra->jsrt", self.basis, self.shrunk * along[:, None])
        weighted = self.responsibility[..., None] * means
        between = np.einsum("jsrt,jsru->jtu", weighted, means, optimize=True)
        return covariance + between - self.effects[:, :, None] * self.effects[:, None]

    def likely_noise(self) -> np.ndarray:
        """V that maximises the ELBO, by EM over what is missing."""
        uncertain = np.einsum("jg,jtu->gtu", self.squares, self.covariances())
        squares = np.array(
            [
                self.residual[self.group == g].T @ self.residual[self.group == g]
                for g in range(len(self.count))
            ]
        )
        noise = self.noise
        for _ in range(NOISE_STEPS):
            inverse = np.array([_inverse(noise, known) for known in self.contexts])
            filled = noise @ inverse  # (groups, m, m): residuals of all contexts from those known
            total = filled @ (squares + uncertain) @ filled.transpose(0, 2, 1)
            total += self.count[:, None, None] * (noise - filled @ noise)
            noise = total.sum(axis=0) / self.count.sum()
        return noise

    def _weighted(self) -> np.ndarray:
        """(n, m) inverse noise times residual."""
        return np.einsum("itu,iu->it", self.inverse[self.group], self.residual)


def _root(covariance: np.ndarray) -> np.ndarray:
    """F with F F' = covariance."""
    size, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(size, 0))


def _inverse(noise: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(m, m) inverse of the part of the contexts that are known, 0 elsewhere."""
    inverse = np.zeros_like(noise)
    part = np.flatnonzero(known)
    inverse[np.ix_(part, part)] = np.linalg.inv(noise[np.ix_(part, part)])
    return inverse
