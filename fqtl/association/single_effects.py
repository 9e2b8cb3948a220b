"""Which of many correlated candidates explain a locus: a sum of single effects on z-scores.

Candidates are variants, and models of genes (in one tissue, or of a factor). With G (e, n) what
each candidate predicts in n people, rows of length 1, R = GG' is the correlation of z-scores, and

    z ~ N(R b, R),   b = sum_l b_l,   b_l = beta_l at one candidate j or nowhere,
    P(j) = share[group of j] / L,   P(nowhere) = 1 - sum_j P(j),
    beta_l ~ N(0, variance[group of j]).

L effects at most have the share between them, so that as many are expected as were learned.

Given the other effects, r = z - R sum_{k != l} b_k and the Bayes factor of candidate j is
log BF_j = r_j² v / 2(1 + v) - log(1 + v) / 2: one pass over all candidates per effect, repeated
until nothing changes (Wang et al. 2020, JRSS B 82:1273; on z-scores Zou et al. 2022, PLoS Genet
18:e1010299; genes beside variants Zhao et al. 2024, Nat Genet 56:336). R is never formed.

Shares and variances of the groups are learned over all loci by expectation-maximisation of a model
with one effect a locus, in which BF_j does not depend on R; a few loci alone cannot move them far
from where they start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

EFFECTS = 5  # at most, of a locus
ROUNDS = 200
SETTLED = 1e-4  # largest change of a probability in a round
FULL = 0.9  # share of prior probability that candidates may have together
COVERAGE = 0.95
LEAST_PRESENT = 0.5  # probability of an effect whose credible set is told
# What the data are added to: one effect of a group among so many candidates, of this variance
START_SHARE = {"variant": 1e-4, "tissue": 2e-3, "factor": 5e-3}
START_VARIANCE = 25.0


@dataclass(frozen=True)
class GroupPrior:
    """share : (g,) probability that a candidate is an effect; variance : (g,) of its z"""

    share: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class SingleEffects:
    """alpha, mean : (l, e) probability that an effect is a candidate, and its size if it is;
    absent : (l,) probability that there is no such effect"""

    alpha: np.ndarray
    mean: np.ndarray
    absent: np.ndarray

    @property
    def pip(self) -> np.ndarray:
        """(e,) probability that a candidate is any of the effects."""
        return np.asarray(1 - np.prod(1 - self.alpha, axis=0))

    @property
    def total(self) -> np.ndarray:
        """(e,) b, the sum of all effects."""
        return np.asarray((self.alpha * self.mean).sum(axis=0))

    def pip_of(self, candidates: np.ndarray) -> float:
        """Probability that any of these candidates, as the models of a gene, is an effect."""
        each = np.minimum(self.alpha[:, candidates].sum(axis=1), 1.0)
        return float(1 - np.prod(1 - each))

    def sets(self) -> list[tuple[int, np.ndarray]]:
        """Effects that are likelier there than not, and their candidates by probability, up to
        COVERAGE."""
        found = []
        for number in np.argsort(self.absent, kind="stable"):
            present = 1 - self.absent[number]
            if present < LEAST_PRESENT:
                break
            order = np.argsort(-self.alpha[number], kind="stable")
            reached = np.cumsum(self.alpha[number][order]) / present
            size = int(np.searchsorted(reached, COVERAGE)) + 1
            found.append((int(number), order[:size]))
        return found


def log_bayes_factor(z: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Of an effect of N(0, variance) at each candidate against none."""
    return np.asarray(0.5 * (z**2 * variance / (1 + variance) - np.log1p(variance)))


def start_prior(groups: Sequence[str]) -> GroupPrior:
    """The prior before any locus is seen; groups : variant, tissue, factor, those that there are"""
    share = np.array([START_SHARE[name] for name in groups])
    return GroupPrior(share, np.full(len(groups), START_VARIANCE))


def learn_prior(
    z: Sequence[np.ndarray],
    group: Sequence[np.ndarray],
    start: GroupPrior,
    idle: np.ndarray,
    rounds: int = 50,
) -> GroupPrior:
    """The prior that loci tell.

    z, group : (e,) of each locus
    idle : (g,) candidates of loci that were not looked at since nothing there is associated
    """
    prior = start
    count = idle + sum(np.bincount(at, minlength=len(idle)) for at in group)
    for _ in range(rounds):
        found, size = np.zeros(len(idle)), np.zeros(len(idle))
        for mine, at in zip(z, group, strict=True):
            alpha, mean, _ = _one_effect(mine, at, prior)
            v = prior.variance[at]
            found += np.bincount(at, alpha, len(idle))
            size += np.bincount(at, alpha * (mean**2 + v / (1 + v)), len(idle))
        share = (found + 1) / (count + 1 / start.share)
        variance = (size + start.variance) / (found + 1)
        settled = np.allclose(share, prior.share, rtol=1e-4)
        prior = GroupPrior(share, variance)
        if settled:
            break
    return prior


def single_effects(
    z: np.ndarray,
    values: np.ndarray,
    group: np.ndarray,
    prior: GroupPrior,
    effects: int = EFFECTS,
) -> SingleEffects:
    """Effects of one locus.

    z : (e,); values : (e, n) with rows of length 1, whose products are the correlations of z
    group : (e,) number of each candidate's group
    """
    shape = effects, len(z)
    prior = GroupPrior(prior.share / effects, prior.variance)
    alpha, mean = np.zeros(shape), np.zeros(shape)
    absent = np.ones(effects)
    fitted = np.zeros(values.shape[1])  # sum of b at the people: R b = values @ fitted
    for _ in range(ROUNDS):
        before = alpha.copy()
        for effect in range(effects):
            fitted -= (alpha[effect] * mean[effect]) @ values
            residual = z - values @ fitted
            alpha[effect], mean[effect], absent[effect] = _one_effect(residual, group, prior)
            fitted += (alpha[effect] * mean[effect]) @ values
        if np.abs(alpha - before).max() < SETTLED:
            break
    return SingleEffects(alpha, mean, absent)


def _one_effect(
    z: np.ndarray, group: np.ndarray, prior: GroupPrior
) -> tuple[np.ndarray, np.ndarray, float]:
    """Where one effect is, its size there, and the probability that it is nowhere."""
    variance, share = prior.variance[group], prior.share[group]
    share = share * min(1.0, FULL / share.sum())
    log_each = np.log(share) + log_bayes_factor(z, variance)
    log_none = np.log1p(-share.sum())
    total = logsumexp(np.append(log_each, log_none))
    mean = variance / (1 + variance) * z
    return np.exp(log_each - total), mean, float(np.exp(log_none - total))


def conditional_z(z: np.ndarray, lead: int, correlation: np.ndarray) -> np.ndarray:
    """(e,) z of each candidate once that of the lead is accounted for; 0 of its copies.

    correlation : (e,) with the lead. (z_j - r z_lead) / sqrt(1 - r²)
    """
    left = 1 - correlation**2
    kept = left > 1e-3
    rest = z - correlation * z[lead]
    return np.where(kept, rest / np.sqrt(np.where(kept, left, 1.0)), 0.0)
