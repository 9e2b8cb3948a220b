"""Successes of known numbers of trials, with a logit link; of one trial if nothing else is said.

    log p = y eta1 - trials ln(1 + e^eta1) + ln (trials choose y).

There is no dispersion: eta2 does not enter.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import betaln, expit, logit

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.families.bounds import Curve
from fqtl.model.families.domain import not_counts, refuse
from fqtl.model.families.expected import Expected
from fqtl.model.families.response import Response


@dataclass(frozen=True)
class Binomial:
    """Successes.

    level : (m,) log-odds of the mean
    """

    level: Floats
    name: ClassVar[str] = "logit"
    density: ClassVar[str] = "binomial"
    quadratic: ClassVar[bool] = False
    dispersed: ClassVar[bool] = False
    bounds: ClassVar[None] = None
    dispersion_start: ClassVar[tuple[float, float]] = (0.0, 16.0)  # as its prior

    @classmethod
    def check(cls, y: Response) -> None:
        trials = np.broadcast_to(y.trials, y.values.shape)
        bad = (y.observed > 0) & (not_counts(trials) | (trials < 1) | ~np.isfinite(trials))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise FqtlError(
                f"trials must be whole numbers of at least 1 where y is given; found "
                f"{trials[row, column]:g} at row {row}, column {column} ({int(bad.sum())} such "
                "entries)."
            )
        expected = "whole numbers from 0 to trials" if (trials > 1).any() else "0 or 1"
        hint = "" if (trials > 1).any() else "Larger counts of successes need trials=…."
        refuse(y, not_counts(y.values) | (y.values > trials), cls.name, expected, hint)

    @classmethod
    def linked(cls, y: Response) -> Floats:
        """Log-odds with half a success and half a failure more."""
        return logit((y.values + 0.5) / (y.trials + 1)) - y.offset

    @classmethod
    def of(cls, y: Response) -> "Binomial":
        trials = y.average(np.broadcast_to(y.trials, y.values.shape))
        share = y.average(y.values) / np.where(trials > 0, trials, 1.0)
        return cls(logit(np.clip(share, 1e-6, 1 - 1e-6)) - y.average(0 * y.values + y.offset))

    def theta(self, eta2: Floats) -> Curve:
        """Nothing."""
        return Curve(*np.zeros((3, *eta2.shape)))

    def base(self, y: Response) -> Floats:
        """ln (trials choose y)."""
        choose = -np.log1p(y.trials) - betaln(y.values + 1, y.trials - y.values + 1)
        return np.where(y.observed > 0, choose, 0.0)

    def of_tissues(self, index: Indices) -> "Binomial":
        return replace(self, level=self.level[index])

    def given(self, y: Response, location: Moments, shared: bool) -> Expected:
        return Expected.at(self, y, location, shared)

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """y eta1 - trials ln(1 + e^eta1) + ln (trials choose y)."""
        eta = eta1 + y.offset
        return np.asarray(
            y.observed * (y.values * eta - y.trials * np.logaddexp(0, eta)) + self.base(y)
        )

    def noise_variance(self, dispersion: Moments) -> Floats:
        """Nothing is free in it."""
        return np.zeros_like(dispersion.mean)

    def mean(self, eta1: Floats) -> Floats:
        return expit(eta1)

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        return rng.binomial(trials.astype(np.int64), expit(eta1)).astype(np.float64)
