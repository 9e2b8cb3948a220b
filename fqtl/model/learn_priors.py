"""`learn_priors`: what fits of some genes say beforehand of the next.

Empirical Bayes. Under the priors that they were made with, fits hold the expected values of what
the priors are of: which tissues have effects, how large these are, how alike loadings are. A mean
is that of what is expected, as in the M-step of EM, and beside it stand so many genes that hold
just what the defaults say (`FACTORS`, `EFFECTS`): few genes give the defaults back.

The share of tissues with tissue-specific effects is not learned from such a mean: a tissue that
says nothing has the probability that the fit held beforehand. What a tissue says is its Bayes
factor, the odds of its PIP over the prior odds of the fit. The share of a gene differs from gene to
gene as one of Beta(u s, u (1 - s)) does, so all of them together say

    sum_g ln integral Beta(pi; u s, u (1 - s)) prod_t (1 - pi + pi BF_gt) dpi,

and s and u are its mode on a grid, under a prior around their defaults.

The tissues of a factor are counted instead, those that have it beyond doubt: its score was fitted
to the noise of all its tissues, whose Bayes factors are therefore too large, and not independent
(in the demo they say 0.42 of tissues). For that reason, too, what is counted holds a factor with a
weight that is set, and not learned.

Which tissues have factors more often than others is learned from the Bayes factors of tissues
relative to each other, and which have effects beside factors in the same way
(`learned_tissues.py`). Of the latter these odds are such that they leave the mean over tissues as
it is where a share is small: the share is of all tissues together.

How likely a tissue has one more effect after each is learned from the numbers of effects of tissues
that have any (`learned_numbers.py`).

The likeness of a factor has the posterior of what its loadings say of each (`priors/likeness.py`)
times the probability of each, which are learned by EM over all factors.

How likely a background is, and how large, is learned from Bayes factors of its variance
(`learned_background.py`).

Every sum is exact before it is rounded, so that it does not depend on the order of the fits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import fsum
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, expit, logit

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.model.learned_background import learned_background, said_of_background
from fqtl.model.learned_numbers import learned_another, said_of_another
from fqtl.model.learned_tissues import Named, TissueEvidence, learned_log_odds
from fqtl.model.priors.default_model import MOST_SPECIFIC, default_priors
from fqtl.model.priors.likeness import weight_of_evidence
from fqtl.model.priors.release_priors import Priors
from fqtl.model.results.fit import Fit

# effects of its own that each tissue had in genes in which tissues are alike, beside those that
# were seen; taste: a release sees few of them, and four of one tissue are no more than a hint
OWN_EFFECTS = 2.0
FACTORS = 10.0  # factors that the defaults of factors amount to; taste
EFFECTS = 10.0  # effects that the default of a mean square amounts to; taste
LEAST_PROBABILITY = 1e-3  # of a likeness that no factor has; taste
BEYOND_DOUBT = 0.9  # PIP from which a tissue counts as one that has a factor; taste
# tissues that the share of tissues of a factor counts for, or those of a gene if these are more;
# measured on released effects in 44 tissues: with 40, PIPs keep better what they promise than with
# 10, and rank pairs better; in 5 tissues 10 predict a little better than 40
FACTOR_WEIGHT = 10.0
SURE = 1e-9  # a PIP is as near to 0 or 1 as its odds are followed; taste
NODES = 160  # of an integral over shares, on the scale of their log-odds; taste
FARTHEST = 9.0  # log-odds of the least share, and of the largest; taste: one of 8000 tissues
SHARES = expit(np.linspace(-7.0, 3.0, 61))  # that are tried; taste
WEIGHTS = np.geomspace(1.0, 200.0, 28)  # tissues that a share may count for; taste
USUAL_WEIGHT = 10.0  # those that are likeliest beforehand; taste
SPREAD = 1.0  # of the logarithms of shares and weights beforehand; taste: within a factor of e
EM_STEPS = 50  # of the likeness; taste: more change no digit that is written
NOTHING = TissueEvidence(0.0, ())  # said of tissues


class FactorSeen(NamedTuple):
    """What a fit says of a factor, whose slab of tissue loadings has a second moment of 1.

    certain : number of tissues that have it beyond doubt
    tissues, first, second : sums over tissues of PIP, mean and second moment
    effects, square : expected number of effects of variants where it is there, and the sum of their
        squares
    of_tissues : what it says of each tissue
    """

    certain: int
    tissues: float
    first: float
    second: float
    effects: float
    square: float
    of_tissues: TissueEvidence = NOTHING


@dataclass(frozen=True)
class Seen:
    """What a fit says of the priors.

    m : number of tissues
    said : (NODES,) ln of the likelihood of a share of tissues with effects beside factors
    effects, square : expected number of such effects, the sum of their squares
    own : which tissues have them
    another : ln of the likelihood of how likely one more is, None without such effects
    background : ln of the likelihood of how likely and how large a background is, None without one
    tissues : names of all columns of y; none where these had none
    """

    m: int
    said: Floats
    effects: float
    square: float
    factors: tuple[FactorSeen, ...]
    own: TissueEvidence = NOTHING
    another: Floats | None = None
    background: Floats | None = None
    tissues: tuple[str, ...] = ()

    @classmethod
    def of(cls, fit: Fit, names: Sequence[str] = ()) -> "Seen":
        """Of the default model; names : of the tissues, if y had none."""
        own, variants, tissues = fit.specific, fit.variants, fit.tissues
        there = fit.scale.y_sd > 0  # others say nothing
        if fit.factor_share is None or fit.tissue_prior is None or fit.factor_there is None:
            raise FqtlError(
                "Priors are learned from fits of the default model of effects by this version of "
                f"fqtl; found one of engine {fit.engine!r} with another prior, or an older one."
            )
        said, of_each, another = _said_of_own(fit, there)
        return cls(
            m=int(there.sum()),
            said=said,
            effects=float(own.pip.sum()),
            square=float((own.mean**2 + own.sd**2).sum()),
            factors=tuple(
                FactorSeen(
                    int((tissues.pip[:, k] >= BEYOND_DOUBT).sum()),
                    float(tissues.pip[:, k].sum()),
                    float(tissues.mean[:, k].sum()),
                    float((tissues.mean[:, k] ** 2 + tissues.sd[:, k] ** 2).sum()),
                    float(variants.pip[:, k].sum()),
                    float((variants.mean[:, k] ** 2 + variants.sd[:, k] ** 2).sum()),
                    _of_each_tissue(fit, k, there),
                )
                for k in range(fit.rank)
            ),
            own=of_each,
            another=another,
            background=said_of_background(fit.background_log_bayes),
            tissues=tuple(names) or fit.scale.y_labels,
        )


def _said_of_own(fit: Fit, there: np.ndarray) -> tuple[Floats, TissueEvidence, Floats | None]:
    """What it says of effects beside factors in the tissues that were fitted, a mask (m,): of the
    share that has them, of each tissue, and of the number of effects."""
    if fit.specific_share is None or fit.specific_prior is None:
        return np.zeros(NODES), NOTHING, None
    assert fit.specific_number is not None
    assert fit.specific_another is not None
    log_bayes = _log_bayes(fit.specific.any, fit.specific_prior, there)
    return (
        _said(log_bayes[there]),
        TissueEvidence(float(logit(fit.specific_share)), tuple(log_bayes.tolist())),
        said_of_another(fit.specific_number[there], fit.specific_another),
    )


def _of_each_tissue(fit: Fit, k: int, there: np.ndarray) -> TissueEvidence:
    """What factor k says of the tissues that were fitted, a mask (m,), where it is there."""
    assert fit.factor_share is not None
    assert fit.tissue_prior is not None
    assert fit.factor_there is not None
    pip = fit.tissues.pip[:, k] / fit.factor_there[k]
    log_bayes = _log_bayes(pip, fit.tissue_prior[:, k], there)
    return TissueEvidence(float(logit(fit.factor_share[k])), tuple(log_bayes.tolist()))


def _log_bayes(pip: Floats, prior: Floats, there: np.ndarray) -> Floats:
    """(m,) ln Bayes factor of tissues with these PIPs and prior probabilities; NaN of others."""
    log_bayes = np.full(len(there), np.nan)
    log_bayes[there] = logit(np.clip(pip[there], SURE, 1 - SURE)) - logit(prior[there])
    return log_bayes


def learn_priors(fits: Iterable[Fit]) -> Priors:
    """What these fits of the default model say of the next gene; in any order.

    Genes should be of one family and of the same tissues, drawn from all genes, not the best.
    Tissues go by the names of the columns of y, if all fits had such, and genes need not have all;
    else by their places, if all fits had as many; else they are taken to be alike.

    Raises
    ------
    FqtlError
        No fit, or one of another model.
    """
    return priors_of([Seen.of(_a_fit(fit)) for fit in ([fits] if isinstance(fits, Fit) else fits)])


def _a_fit(given: object) -> Fit:
    if not isinstance(given, Fit):
        raise FqtlError(
            f"Priors are learned from fits, as fqtl.fit returns them, found {type(given).__name__}."
        )
    return given


def priors_of(seen: Sequence[Seen]) -> Priors:
    """What these say of the next gene."""
    if not seen:
        raise FqtlError("Priors are learned from at least one fit, found none.")
    default = default_priors(int(np.median([gene.m for gene in seen])))
    return _of_each(_of_background(_of_factors(_of_tissues(default, seen), seen), seen), seen)


def _of_tissues(default: Priors, seen: Sequence[Seen]) -> Priors:
    """With what is learned of effects beside factors."""
    said = [gene.said for gene in seen]
    share, weight = _share_and_weight(said, default.specific_start, default.specific_weight)
    squares, effects = [gene.square for gene in seen], [gene.effects for gene in seen]
    numbers = [gene.another for gene in seen if gene.another is not None]
    return replace(
        default,
        specific_start=min(share, MOST_SPECIFIC),
        specific_share=min(share, MOST_SPECIFIC),
        specific_weight=weight,
        specific_square=_shrunk(squares, effects, default.specific_square, EFFECTS),
        another_specific=learned_another(numbers, default.another_specific, EFFECTS),
    )


def _of_factors(default: Priors, seen: Sequence[Seen]) -> Priors:
    """With what is learned of factors."""
    factors = [factor for gene in seen for factor in gene.factors]
    m = [float(gene.m) for gene in seen for _ in gene.factors]
    if not factors:
        return default
    effects = [one.effects for one in factors]
    default_weight = FACTORS * default.n_tissues
    share = _shrunk([one.certain for one in factors], m, default.factor_share, default_weight)
    total, squares = fsum(effects), [one.square for one in factors]
    more = max(total - len(factors), 0.0)
    return replace(
        default,
        factor_share=share,
        factor_weight=max(FACTOR_WEIGHT, default.n_tissues)
        * len(factors)
        / (len(factors) + FACTORS),
        factor_square=_shrunk(squares, effects, default.factor_square, EFFECTS),
        factor_square_weight=total / (total + EFFECTS),
        another_effect=(more + FACTORS * default.another_effect) / (more + len(factors) + FACTORS),
        likeness=_likeness(factors, default.likeness),
    )


def _of_each(default: Priors, seen: Sequence[Seen]) -> Priors:
    """With what is learned of each tissue."""
    of_factors = learned_log_odds(
        [Named(gene.tissues, tuple(one.of_tissues for one in gene.factors)) for gene in seen],
        FACTORS,
    )
    own = _odds_of_own(seen)
    odds = {"factor_log_odds": of_factors, "specific_log_odds": own if len(own) > 1 else {}}
    return Priors.of_names(default.by_name(), odds)


def _odds_of_own(seen: Sequence[Seen]) -> dict[str, float]:
    """ln of the odds of each tissue that it has effects beside factors."""
    shares = [gene.own.log_odds for gene in seen if gene.own.log_bayes]
    if not shares:
        return {}
    genes = OWN_EFFECTS / float(expit(fsum(shares) / len(shares)))
    named = [Named(gene.tissues, (gene.own,)) for gene in seen]
    return learned_log_odds(named, genes, keep_mean=True)


def _of_background(default: Priors, seen: Sequence[Seen]) -> Priors:
    """With what is learned of a background."""
    probability, median = learned_background(
        [gene.background for gene in seen if gene.background is not None],
        default.background_probability,
        default.background_median,
    )
    return replace(default, background_probability=probability, background_median=median)


def _nodes() -> tuple[Floats, Floats]:
    """(NODES,) ln of shares and of 1 less them, evenly on the scale of log-odds."""
    log_odds = np.linspace(-FARTHEST, FARTHEST, NODES)
    return -np.logaddexp(0, -log_odds), -np.logaddexp(0, log_odds)


def _said(log_bayes: Floats) -> Floats:
    """(NODES,) ln prod_t (1 - pi + pi BF_t) of tissues with these ln BF."""
    log_share, log_rest = _nodes()
    each = np.logaddexp(log_rest[:, None], log_share[:, None] + log_bayes)
    return np.array([fsum(row) for row in each])


@cache
def _betas() -> tuple[Floats, Floats, Floats]:
    """Every pair of SHARES and WEIGHTS, and (pairs, NODES) mass of its Beta around each node."""
    share, weight = (grid.ravel() for grid in np.meshgrid(SHARES, WEIGHTS))
    log_odds = np.linspace(-FARTHEST, FARTHEST, NODES)
    between = expit(0.5 * (log_odds[1:] + log_odds[:-1]))
    below = betainc((weight * share)[:, None], (weight * (1 - share))[:, None], between)
    return share, weight, np.diff(below, axis=1, prepend=0.0, append=1.0)


def _share_and_weight(
    said: Sequence[Floats], usual_share: float, usual_weight: float
) -> tuple[float, float]:
    """Mean of shares, and the tissues that it counts for."""
    share, weight, mass = _betas()
    rows = np.array(sorted(map(tuple, said)))
    top = rows.max(axis=1, keepdims=True)
    each = np.log(np.exp(rows - top) @ mass.T)  # top is alike for all
    value = np.array([fsum(column) for column in each.T])
    value -= 0.5 * ((logit(share) - logit(usual_share)) / (2 * SPREAD)) ** 2
    value -= 0.5 * (np.log(weight / usual_weight) / SPREAD) ** 2
    best = int(value.argmax())
    return float(share[best]), float(weight[best])


def _shrunk(found: Sequence[float], of: Sequence[float], default: float, unseen: float) -> float:
    """A ratio of sums, beside `unseen` more that are as by default."""
    return (fsum(found) + unseen * default) / (fsum(of) + unseen)


def _likeness(factors: Sequence[FactorSeen], start: Sequence[float]) -> tuple[float, ...]:
    """Probability of each of LIKENESS, by EM over factors."""
    evidence = np.array([weight_of_evidence(f.tissues, f.first, f.second) for f in factors])
    default = np.array(start)
    weights = default
    for _ in range(EM_STEPS):
        log_q = evidence + np.log(weights)
        q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        weights = _mean_of_rows(q, default)
    weights = np.maximum(weights, LEAST_PROBABILITY)
    weights = weights / weights.sum()
    return tuple(float(weight) for weight in weights)


def _mean_of_rows(q: Floats, default: Floats) -> Floats:
    """(7,) mean over factors (k, 7), beside FACTORS more that are as by default."""
    total = np.array([fsum(column) for column in q.T])
    return (total + FACTORS * default) / (len(q) + FACTORS)
