"""Normal effects of many features at once, under one variance that is learned with them.

    eta_i = phi_i . w,   w ~ N(0, v I),   v ~ median / (median + v)^2  on (0, 1)

The prior of v has a tail as heavy as a prior can have that is nearly flat below its median: most
backgrounds are small, and a large one that the data show is not held back. It is kept as its mass
on a grid. Seen by a part of the ELBO that is quadratic in eta, target . eta - 1/2 eta' D eta, w is
normal given v. With the eigenvalues e and eigenvectors V of Phi' D Phi, rotated features
Psi = Phi V and scores c = Psi' target, it has in the coordinates V'w

    variance s_j = v / (1 + v e_j),   mean s_j c_j,

and the log marginal likelihood of v beside that of v = 0 is

    gain(v) = 1/2 sum_j [c_j^2 v / (1 + v e_j) - ln(1 + v e_j)].

So the best q(w, v) is known whole: q(v) has the mass of the prior times exp(gain), what the ELBO
gains by it is the evidence ln sum_v p(v) exp(gain(v)), and the moments of eta are averages over
q(v). A single best v would not do: in a few hundred donors the likelihood of v is flat, and its
mode is 0 where its mean predicts.

Features exist with a prior probability. Where the evidence and the prior log odds are below 0
together the ELBO is higher without them, and there are none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.special import logsumexp

from fqtl.model.arrays.moments import Floats

LEAST_VARIANCE = 1e-4  # of the grid; taste: of a few hundred donors it predicts nothing
MOST_VARIANCE = 1.0  # derived: all of the variance of a standardised response
BLOCK = 64  # donors whose rotated features are made at a time; taste
GRID = 24  # variances; measured: evidence is good to 0.02 nats


class Rotated(NamedTuple):
    """Features, and the coordinates in which a precision of the noise is diagonal.

    Rotated features are made when they are needed, as those of all tissues together would be many
    times the genotypes.

    features : (n, k) Phi, in any precision; sums over them are in double precision
    rotation : (k, k) V, of those that are kept in the precision of genotypes
    eigenvalues : (k,) e
    """

    features: np.ndarray
    rotation: np.ndarray
    eigenvalues: Floats

    @classmethod
    def of(cls, features: np.ndarray, weight: Floats) -> "Rotated":
        """Under weights (n,)."""
        k = features.shape[1]
        gram = np.zeros((k, k), order="F")
        for donors, rows in in_blocks(features):
            gram += (rows.T * weight[donors]) @ rows
        values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
        return cls(features, vectors, np.maximum(values, 0.0))

    def of_donors(self) -> Iterator[tuple[slice, Floats]]:
        """Rows of Psi (n, k), a block of donors at a time."""
        rotation = self.rotation.astype(np.float64)
        return ((donors, rows @ rotation) for donors, rows in in_blocks(self.features))

    def scores(self, target: Floats) -> Floats:
        """(k,) c of a target (n,)."""
        total = np.zeros(self.features.shape[1])
        for donors, rows in in_blocks(self.features):
            total += target[donors] @ rows
        return total @ self.rotation

    def compact(self, precision: np.dtype) -> "Rotated":
        """The same, to be kept."""
        return self._replace(rotation=self.rotation.astype(precision))

    def times(self, weight: float) -> "Rotated":
        """Under these weights times a number."""
        return self._replace(eigenvalues=weight * self.eigenvalues)


@dataclass(frozen=True, eq=False)
class VariancePrior:
    """Of a variance.

    median : of the prior
    variances : (G,) grid
    log_mass : (G,) of the prior around each
    """

    median: float
    variances: Floats = field(init=False)
    log_mass: Floats = field(init=False)

    def __post_init__(self) -> None:
        variances = np.geomspace(LEAST_VARIANCE, MOST_VARIANCE, GRID)
        between = np.sqrt(variances[1:] * variances[:-1])
        # of v / (median + v), the distribution function
        below = between / (self.median + between)
        mass = np.diff(below, prepend=0.0, append=MOST_VARIANCE / (self.median + MOST_VARIANCE))
        object.__setattr__(self, "variances", variances)
        object.__setattr__(self, "log_mass", np.log(mass / mass.sum()))

    def gains(self, scores: Floats, eigenvalues: Floats) -> Floats:
        """(G,) nats that each variance brings beside 0."""
        scaled = 1 + np.multiply.outer(self.variances, eigenvalues)
        fitted = (self.variances[:, None] * scores**2 / scaled).sum(axis=1)
        return 0.5 * (fitted - np.log(scaled).sum(axis=1))

    def evidence(self, scores: Floats, eigenvalues: Floats) -> float:
        """Nats that all of them bring together."""
        return float(logsumexp(self.log_mass + self.gains(scores, eigenvalues)))


@dataclass(frozen=True)
class PolygenicPosterior:
    """Effects of features, and the part of eta that they make.

    probability : (G,) of each variance of the prior's grid
    prior_variance : E[v]
    effects : (k,) E[w]
    mean, variance : (n,) of phi_i . w
    evidence : nats that the ELBO gained when it was made
    kl : nats, of q(w, v) from the prior
    """

    probability: Floats
    prior_variance: float
    effects: Floats
    mean: Floats
    variance: Floats
    evidence: float
    kl: float

    @classmethod
    def of(cls, rotated: Rotated, target: Floats, prior: VariancePrior) -> "PolygenicPosterior":
        """The best one; target (n,)."""
        eigenvalues = rotated.eigenvalues
        scores = rotated.scores(target)
        log_q = prior.log_mass + prior.gains(scores, eigenvalues)
        evidence = float(logsumexp(log_q))
        q = np.exp(log_q - evidence)
        shrunk = 1 / (1 / prior.variances[:, None] + eigenvalues)  # (G, k) s
        average = q @ shrunk
        scaled = shrunk / prior.variances[:, None]
        divergence = (scaled * (1 + shrunk * scores**2) - 1 - np.log(scaled)).sum(axis=1)
        kl = float(q @ (log_q - evidence - prior.log_mass + 0.5 * divergence))
        mean, variance = np.empty((2, len(target)))
        apart = (shrunk - average) * scores  # of the mean of eta given v, over v
        for donors, features in rotated.of_donors():
            mean[donors] = features @ (average * scores)
            variance[donors] = features**2 @ average + q @ (apart @ features.T) ** 2
        return cls(
            q,
            float(q @ prior.variances),
            rotated.rotation @ (average * scores),
            mean,
            variance,
            evidence,
            kl,
        )

    def log_bayes_factors(self, prior: VariancePrior) -> Floats:
        """(G,) nats that each variance of the grid brings beside 0; of the prior it was made with.

        -inf where there is no probability in double precision.
        """
        with np.errstate(divide="ignore"):
            found: Floats = np.log(self.probability) - prior.log_mass + self.evidence
        return found


def in_blocks(features: np.ndarray) -> Iterator[tuple[slice, Floats]]:
    """Donors a block at a time, and their rows of (n, k) in double precision."""
    for start in range(0, len(features), BLOCK):
        donors = slice(start, start + BLOCK)
        yield donors, features[donors].astype(np.float64)
