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

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from fqtl.model.arrays.moments import Floats

LEAST_VARIANCE = 1e-4  # of the grid; taste: of a few hundred donors it predicts nothing
MOST_VARIANCE = 1.0  # derived: all of the variance of a standardised response
GRID = 24  # variances; measured: evidence is good to 0.02 nats


class Rotated(NamedTuple):
    """Features, and the coordinates in which a precision of the noise is diagonal.

    Rotated features are made when they are needed, as those of all tissues together would be many
    times the genotypes.

    features : (n, k) Phi
    rotation : (k, k) V, of those that are kept in the precision of genotypes
    eigenvalues : (k,) e
    """

    features: Floats
    rotation: np.ndarray
    eigenvalues: Floats

    @classmethod
    def of(cls, features: Floats, weight: Floats) -> "Rotated":
        """Under weights (n,)."""
        values, vectors = np.linalg.eigh((features.T * weight) @ features)
        return cls(features, vectors, np.maximum(values, 0.0))

    @property
    def rotated_features(self) -> Floats:
        """(n, k) Psi."""
        return self.features @ self.rotation

    def scores(self, target: Floats) -> Floats:
        """(k,) c of a target (n,)."""
        return (target @ self.features) @ self.rotation

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
        features, rotation = rotated.rotated_features, rotated.rotation
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
        # of the mean of eta given v, over v
        between = ((shrunk - average) * scores) @ features.T
        mean = features @ (average * scores)
        features *= features
        return cls(
            q,
            float(q @ prior.variances),
            rotation @ (average * scores),
            mean,
            features @ average + q @ between**2,
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
