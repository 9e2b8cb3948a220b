"""Polygenic background: small effects of all variants at once, under three hypotheses.

Beside few effects that can be told apart, expression hangs on many that cannot: every variant has
an effect N(0, v/p), and donors' backgrounds are as alike as their genotypes (`relatedness.py`).
Which tissues share these effects is hardly known from some hundred donors. So there are two
accounts of it (`background_account.py`), *apart*, in which tissues have their own, and *together*,
in which they share one and may have something beside it, and the hypothesis that there is none.
Given all else each is a lower bound of the evidence, so that with the gain G_a of an account over
none, its prior odds included,

    q(account a) = exp(G_a) / (1 + sum_a' exp(G_a')),

the ELBO gains ln (1 + sum_a exp(G_a)), and moments are those of the mixture. Choosing the best one
instead would predict worse where the data do not choose, and lets a tissue without a background
spoil that of others.

There is a shared background with probability rho, and with the same odds one in each of two
tissues; of m tissues, m > 2, that share nothing each has one at odds 2/m of that: about two have.
Where tissues share one, about one has something beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy.special import logit

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.background_account import BackgroundAccount
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.predictors.relatedness import Relatedness
from fqtl.model.priors import NoisePrecision, VariancePrior

Numbers = TypeVar("Numbers", float, Floats)

EXPECTED = 2.0  # tissues with a background of their own where nothing is shared; taste
NEGLIGIBLE = 1e-3  # weight of an account below which it is not refined; taste


def log_odds_alone(log_odds: Numbers, m: int) -> Numbers:
    """ln prior odds that a tissue of m that share no background has one, of those of a gene."""
    return log_odds - np.log(max(m / EXPECTED, 1.0))


@dataclass(frozen=True)
class Background:
    """Accounts of it, weighed by how well each explains what it sees.

    accounts : one of tissues apart, and of several tissues one of all together
    weights : q(account) of each; what they lack of 1 is that there is no background
    """

    relatedness: Relatedness
    accounts: tuple[BackgroundAccount, ...]
    weights: Floats

    @classmethod
    def empty(
        cls, x: Variants, observed: Floats, median: float, probability: float
    ) -> "Background":
        """None yet; median : of the prior of variances, probability : that there is any."""
        relatedness, prior = Relatedness(x, observed), VariancePrior(median)
        log_odds, m = float(logit(probability)), observed.shape[1]
        alone = float(log_odds_alone(log_odds, m))

        def account(shared: float | None, own: float) -> BackgroundAccount:
            return BackgroundAccount(relatedness, prior, shared, own, None, (None,) * m)

        accounts = [account(None, alone)]
        if m > 1:
            accounts.append(account(log_odds, log_odds - float(np.log(m))))
        return cls(relatedness, tuple(accounts), np.zeros(len(accounts)))

    @property
    def m(self) -> int:
        return self.relatedness.observed.shape[1]

    @property
    def found(self) -> int:
        """Number of variances above 0, in all accounts."""
        return sum(account.found for account in self.accounts)

    @property
    def weighed(self) -> list[tuple[float, BackgroundAccount]]:
        """Accounts that say something, and their weights."""
        both = zip(self.weights.tolist(), self.accounts, strict=True)
        return [(weight, account) for weight, account in both if weight > 0]

    def mean(self) -> Floats:
        mean = np.zeros(self.relatedness.observed.shape)
        for weight, account in self.weighed:
            of_account = account.mean()
            of_account *= weight
            mean += of_account
        return mean

    def moments(self) -> Moments:
        mean = self.mean()
        variance = (1 - self.weights.sum()) * mean**2
        for weight, account in self.weighed:
            found = account.moments()
            beyond, of_account = found.mean, found.variance  # in place: each is as large as y
            beyond -= mean
            beyond *= beyond
            of_account += beyond
            of_account *= weight
            variance += of_account
        return Moments(mean, variance)

    def covariance_along(self, direction: Floats) -> Floats:
        mean = self.mean()
        nothing = 1 - self.weights.sum()
        covariance = nothing * (direction * mean).sum(axis=1, keepdims=True) * mean
        for weight, account in self.weighed:
            beyond = account.mean() - mean
            along = (direction * beyond).sum(axis=1, keepdims=True)
            covariance += weight * (account.covariance_along(direction) + along * beyond)
        return covariance

    def kl(self) -> float:
        """With -ln of the prior odds of what is there."""
        nothing = 1 - self.weights.sum()
        total = nothing * np.log(nothing) if nothing > 0 else 0.0
        for weight, account in self.weighed:
            total += weight * (account.kl() + np.log(weight))
        return total

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> "Background":
        """Every part that is there, and the weights."""
        if not self.found:
            return self
        both = zip(self.weights, self.accounts, strict=True)
        # what hardly counts is left as it is
        accounts = [
            account.updated(residual, precision) if weight > NEGLIGIBLE else account
            for weight, account in both
        ]
        return self._weighing(accounts, residual, precision)

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """With the parts that raise the ELBO, in each account."""
        accounts = [account.grown(residual, precision) for account in self.accounts]
        if sum(account.found for account in accounts) == self.found:
            return Grown(replace(self, accounts=tuple(accounts)), False)
        return Grown(self._weighing(accounts, residual, precision), True)

    def cleared(self) -> None:
        return None

    def effects(self) -> Floats | None:
        """(p, m) posterior mean per standard deviation of the variants; None if there are none."""
        if not self.found:
            return None
        total = np.zeros((self.relatedness.x.n_variants, self.m))
        for weight, account in self.weighed:
            total += weight * account.effects()
        return total

    def variance(self) -> Floats:
        """(m,) expected variance over measured donors of the part of eta."""
        prior = np.zeros(self.m)
        for weight, account in self.weighed:
            prior += weight * account.prior_variance()
        if not self.found:
            return prior
        of_donors = (self.relatedness.features**2).sum(axis=1, dtype=np.float64)
        return prior * float(of_donors[self.relatedness.measured].mean())

    def log_bayes_factors(self) -> Floats:
        """(1 + m, G) ln Bayes factor of each variance of the grid against no background: of one
        that tissues share, which a single tissue has not, then of each tissue's where none is."""
        apart, *together = [account.log_bayes_factors() for account in self.accounts]
        apart[0] = together[0][0] if together else 0.0
        return apart

    def _weighing(
        self, accounts: Sequence[BackgroundAccount], residual: Floats, precision: NoisePrecision
    ) -> "Background":
        """These accounts, and that there is none, weighed by what the ELBO gains by each."""
        gains = [one.gain(residual, precision) if one.found else -np.inf for one in accounts]
        total = np.logaddexp.reduce([0.0, *gains])
        return replace(self, accounts=tuple(accounts), weights=np.exp(gains - total))
