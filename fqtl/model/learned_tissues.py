"""Which tissues have factors more often than others: learned from what factors of all genes say.

A factor k, fitted where a tissue had it with probability s_kt beforehand, holds the Bayes factor
BF_kt of each tissue: the odds of its PIP over those of s_kt. If the odds of a tissue are those of
the share of its factor times exp(c + a_t), all factors together say

    L_t(c + a_t) = sum_k ln (1 + o_k exp(c + a_t) BF_kt) / (1 + o_k exp(c + a_t)),

with o_k the odds of the share, and beside them stand so many factors in which every tissue is as
often as in all of these: a tissue that none of fifty has may still have the next. a_t ~ N(0, s^2):
how far tissues differ is learned with the rest, and one of which hardly anything is seen is as the
others. c is of all tissues. It is not used: the score of a factor was fitted to the noise of its
tissues, so that their Bayes factors are too large, all alike. c and s are those of the highest
evidence, and a_t is its posterior mean less c.

Of effects beside factors the same is learned, where a gene takes the place of a factor.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from fqtl.model.arrays.moments import Floats

LOG_ODDS = np.linspace(-7.0, 7.0, 141)  # that are tried, of c + a; taste: from 0.001 to 1000
SPREADS = np.geomspace(0.1, 4.0, 19)  # standard deviations of a that are tried; taste
USUAL_SPREAD, SPREAD = 0.5, 1.0  # its median beforehand, and how far ln s is from it; taste


class TissueEvidence(NamedTuple):
    """What a factor says of its tissues, or a gene of those that have effects beside factors.

    log_odds : of the share of tissues that have it, ln
    log_bayes : (m,) of each tissue, NaN of one that the gene does not have
    """

    log_odds: float
    log_bayes: tuple[float, ...]


class Named(NamedTuple):
    """What a gene says, or each of its factors, and its m tissues by name, if these have one."""

    tissues: tuple[str, ...]
    said: tuple[TissueEvidence, ...]


def learned_log_odds(
    genes: Sequence[Named], unseen: float, *, keep_mean: bool = False
) -> dict[str, float]:
    """a_t by name of the tissue, or by number where none has a name; none of nothing.

    unseen : factors more, or genes, in which all tissues are alike
    keep_mean : whether the mean of exp a_t is 1, so that a small share is that of all tissues

    None, too, where only some have names, or have no names and are not as many in every gene.
    """
    saying = [gene for gene in genes if any(one.log_bayes for one in gene.said)]
    named = {bool(gene.tissues) for gene in saying}
    sizes = {len(gene.said[0].log_bayes) for gene in saying}
    if len(named) != 1 or (named == {False} and len(sizes) > 1):
        return {}
    named_alike = named == {True}
    seen: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for gene in saying:
        for log_odds, log_bayes in gene.said:
            names = gene.tissues if named_alike else tuple(map(str, range(len(log_bayes))))
            for tissue, one in zip(names, log_bayes, strict=True):
                if np.isfinite(one):
                    seen[tissue].append((log_odds, one))
    shares = [one.log_odds for gene in saying for one in gene.said]
    alike = unseen * _said_alike(fsum(shares) / len(shares))
    tissues = sorted(seen) if named_alike else sorted(seen, key=int)
    each = (np.vstack([alike, _said(*np.array(seen[tissue]).T)]) for tissue in tissues)
    value = np.array([[fsum(column) for column in rows.T] for rows in each])
    found = np.array(_posterior_means(value))
    if keep_mean:
        found -= np.log(fsum(np.exp(found)) / len(found))
    known = dict(zip(tissues, found.tolist(), strict=True))
    if named_alike:
        return known
    return {str(t): known.get(str(t), 0.0) for t in range(max(sizes))}


def _said(log_odds: Floats, log_bayes: Floats) -> Floats:
    """(K, G) ln (1 + o BF) / (1 + o) of a tissue, of K factors with these odds of their shares."""
    at = log_odds[:, None] + LOG_ODDS
    return np.logaddexp(0.0, at + log_bayes[:, None]) - np.logaddexp(0.0, at)


def _said_alike(log_odds: float) -> Floats:
    """(G,) of a factor that a tissue has with the probability of the share."""
    at = log_odds + LOG_ODDS
    return expit(log_odds) * log_expit(at) + expit(-log_odds) * log_expit(-at)


def _posterior_means(value: Floats) -> list[float]:
    """a_t of each tissue; value : (tissues, G) what is said of each of LOG_ODDS."""
    best, found = -np.inf, np.zeros(len(value))
    for spread in SPREADS:
        # (centres, G) of N(c, s^2) on the grid
        log_prior = -0.5 * ((LOG_ODDS - LOG_ODDS[:, None]) / spread) ** 2
        log_prior -= logsumexp(log_prior, axis=1, keepdims=True)
        evidence = logsumexp(value[:, None, :] + log_prior, axis=2)  # (tissues, centres)
        of_spread = -0.5 * (np.log(spread / USUAL_SPREAD) / SPREAD) ** 2
        total = evidence.sum(axis=0) + of_spread
        centre = int(total.argmax())
        if total[centre] > best:
            best = float(total[centre])
            posterior = value + log_prior[centre] - evidence[:, centre, None]
            found = np.exp(posterior) @ LOG_ODDS - LOG_ODDS[centre]
    return [float(one) for one in found]
