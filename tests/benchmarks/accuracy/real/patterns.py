"""How contexts share effects: canonical patterns, and patterns learned from many genes.

Strong effects: of each gene the variant with the largest test over all contexts, if it passes
Bonferroni's bound in its gene. Their covariances by extreme deconvolution, which takes what errors
bring out of the spread of estimates, from principal components of the estimates on, as mash does.
Donors of the fold that is predicted take no part.
(Urbut, Wang, Carbonetto, Stephens 2019, Nature Genetics 51:187;
Bovy, Hogg, Roweis 2011, Annals of Applied Statistics 5:1657)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2

from tests.benchmarks.accuracy.real.mr_mash import Patterns

LEVEL = 0.05
FEWEST = 10  # strong effects; from fewer no pattern is learned
COMPONENTS = 3
STEPS = 200
SHARING = (0.25, 0.5, 0.75)  # correlations of canonical patterns
LEAST_WEIGHT = 1e-3  # of a pattern that is kept


@dataclass(frozen=True)
class Strongest:
    """Of a gene: effects (m,) of one variant per standard deviation, errors (m, m), and the test.

    p : smallest p-value over all contexts, times the number of variants
    """

    effects: np.ndarray
    errors: np.ndarray
    p: float

    def kept(self) -> dict[str, Any]:
        """For a file."""
        return {"effects": self.effects.tolist(), "errors": self.errors.tolist(), "p": self.p}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Strongest":
        """From what a file holds."""
        return cls(np.array(kept["effects"]), np.array(kept["errors"]), kept["p"])


def strongest(y: np.ndarray, x: np.ndarray) -> Strongest:
    """Each variant by itself in each context; y (n, m) with NaN, x (n, p)."""
    seen = np.isfinite(y)
    count = seen.sum(axis=0)
    around = np.where(seen, y - np.nanmean(y, axis=0), 0)
    sd = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(sd > 0, sd, np.inf)
    # in the donors of a context x has mean 0 and variance 1 but for chance
    effects = x.T @ around / count
    both = seen.T.astype(float) @ seen
    covariance = around.T @ around / np.maximum(both, 1)
    errors = covariance * both / np.outer(count, count)
    tests = np.einsum("jt,tu,ju->j", effects, np.linalg.inv(errors), effects)
    best = int(np.argmax(tests))
    return Strongest(effects[best], errors, float(chi2.sf(tests[best], y.shape[1]) * x.shape[1]))


def learned(genes: Sequence[Strongest]) -> Patterns:
    """Patterns and scales from the strong effects among those of all genes."""
    strong = [gene for gene in genes if gene.p < LEVEL]
    m = len(genes[0].effects)
    covariances = canonical(m)
    if len(strong) >= FEWEST:
        effects = np.array([gene.effects for gene in strong])
        errors = np.array([gene.errors for gene in strong])
        weights, found = deconvolve(effects, errors, components(effects))
        size = np.einsum("rtt->rt", found).max(axis=1)
        kept = (weights > LEAST_WEIGHT) & (size > 1e-8)
        covariances = np.concatenate([covariances, found[kept] / size[kept, None, None]])
    return Patterns(covariances, scales(genes))


def canonical(m: int) -> np.ndarray:
    """(m + 5, m, m): one context alone, and effects of every correlation from 0 to 1 in all."""
    single = [np.diag(row) for row in np.eye(m)]
    shared = [np.full((m, m), r) + (1 - r) * np.eye(m) for r in (0.0, *SHARING, 1.0)]
    return np.array(single + shared)


def scales(genes: Sequence[Strongest]) -> np.ndarray:
    """Variances by factors of 4: from a tenth of the smallest error to twice the largest effect."""
    variance = np.array([np.diag(gene.errors) for gene in genes])
    effects = np.array([gene.effects for gene in genes])
    least = np.sqrt(variance.min()) / 10
    most = 2 * np.sqrt(np.maximum(effects**2 - variance, variance).max())
    return (least * 2.0 ** np.arange(np.ceil(np.log2(most / least)) + 1)) ** 2


def components(effects: np.ndarray) -> np.ndarray:
    """Covariances (R, m, m) to start from: principal ones, their sum, and that of all."""
    *_, size, right = np.linalg.svd(effects / np.sqrt(len(effects)), full_matrices=False)
    single = [s**2 * np.outer(v, v) for s, v in zip(size, right, strict=True)][:COMPONENTS]
    return np.array([*single, np.sum(single, axis=0), effects.T @ effects / len(effects)])


def deconvolve(
    effects: np.ndarray, errors: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (R,) and covariances (R, m, m) of a mixture that estimates (g, m) come from.

    errors : (g, m, m) covariance of every estimate around its truth
    """
    weights, covariances = np.full(len(start), 1 / len(start)), start
    for _ in range(STEPS):
        total = covariances + errors[:, None]  # (g, R, m, m)
        gain = np.linalg.solve(total, np.broadcast_to(covariances, total.shape))  # T^-1 U
        quadratic = np.einsum("gt,grtu,gu->gr", effects, np.linalg.inv(total), effects)
        log = np.log(weights) - 0.5 * (np.linalg.slogdet(total)[1] + quadratic)
        of_each = np.exp(log - logsumexp(log, axis=1, keepdims=True))
        mean = np.einsum("grtu,gt->gru", gain, effects)
        spread = covariances - covariances @ gain
        moments = mean[..., None] * mean[..., None, :] + spread
        sums = np.maximum(of_each.sum(axis=0), 1e-12)
        covariances = np.einsum("gr,grtu->rtu", of_each, moments) / sums[:, None, None]
        weights = sums / sums.sum()
    return weights, covariances
