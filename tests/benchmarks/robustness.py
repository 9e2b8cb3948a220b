"""Random small problems through every family: no NaN, no crash, no falling ELBO.

    python -m tests.benchmarks.robustness [--problems 10000] [--family nb] [--first 0]

Shapes from one donor to more variants than donors, one tissue or many, missing values, constant
and duplicate columns, all missing but one, outliers, extreme units, covariates, offsets. Numpy's
warnings count as errors. At the end it is said how many fits converged, and how many inputs were
refused with which message. The tests run a sample.
"""

import argparse
import collections
import time
import warnings
from typing import Any

import numpy as np

import fqtl
from fqtl.model.families import FAMILIES

Problem = tuple[np.ndarray, np.ndarray, dict[str, Any]]


def problem(family: str, seed: int) -> Problem:
    """y, x and the other arguments of a fit."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3, 5, 10, 10, 30, 30, 30, 60, 60, 60]))
    p = int(rng.choice([1, 2, 5, 20, 60, 150]))
    m = int(rng.choice([1, 1, 2, 3, 6, 12]))
    x = genotypes(rng, n, p)
    y, known = responses(rng, family, location(rng, x, m))
    y[rng.random((n, m)) < rng.choice([0, 0.3, 0.7])] = np.nan
    if rng.random() < 0.05:
        y[np.arange(y.size).reshape(y.shape) != rng.integers(y.size)] = np.nan
    if rng.random() < 0.1:
        y[:, rng.integers(m)] = y[0, 0]
        known.pop("trials", None)  # the column may hold more successes than its trials
        if family == "logit":
            y = np.minimum(y, 1)
    options: dict[str, Any] = dict(known)
    if rng.random() < 0.15:
        options["covariates"] = rng.standard_normal((n, int(rng.integers(1, 4))))
    if rng.random() < 0.15 and family != "logit":
        options["dispersion_covariates"] = rng.standard_normal((n, int(rng.integers(1, 3))))
    if rng.random() < 0.2:
        options["factored"] = False
    return y, x, options


def genotypes(rng: np.random.Generator, n: int, p: int) -> np.ndarray:
    """Dosages, some of them constant, duplicate or missing, now and then in odd units."""
    x = rng.binomial(2, rng.uniform(0.02, 0.5, p), (n, p)).astype(float)
    if rng.random() < 0.3:
        x[:, rng.integers(p)] = x[:, rng.integers(p)]
    if rng.random() < 0.3:
        x[:, rng.integers(p)] = 1.0
    if rng.random() < 0.2:
        x = x * 10.0 ** rng.integers(-6, 7) + rng.choice([0, 0, 1e3])
    if rng.random() < 0.3:
        x[rng.random((n, p)) < 0.1] = np.nan
    return x


def location(rng: np.random.Generator, x: np.ndarray, m: int) -> np.ndarray:
    """An effect of one variant in all tissues, and noise of the donors."""
    centred = np.nan_to_num(x[:, [rng.integers(x.shape[1])]])
    centred = centred - centred.mean()
    score = centred / (centred.std() or 1.0)
    eta = score * rng.normal(0, rng.choice([0, 0.3, 3]), (1, m))
    return eta + rng.choice([0, 0, 0.5, 2]) * rng.standard_normal((len(x), 1))


def responses(
    rng: np.random.Generator, family: str, eta: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A response of a family at some location, and what is known beside it."""
    shape, scale = eta.shape, rng.choice([0.1, 1, 5])
    probability = 1 / (1 + np.exp(-np.clip(eta * scale, -30, 30)))
    if family == "gaussian":
        unit = 10.0 ** rng.integers(-8, 9)
        return (eta + rng.standard_normal(shape)) * unit + rng.choice([0, 0, 1e6]), {}
    if family == "voom":
        return rng.choice([-3, 0, 3, 10]) + scale * (eta + rng.standard_normal(shape)), {}
    if family == "logit":
        trials = rng.choice([1, 5, 200]) * np.ones(shape)
        return rng.binomial(trials.astype(int), probability).astype(float), {"trials": trials}
    if family == "beta":
        precision = rng.choice([0.05, 2, 100, 1e5])
        shapes = (
            np.maximum(probability * precision, 1e-3),
            np.maximum((1 - probability) * precision, 1e-3),
        )
        return np.clip(rng.beta(*shapes), 1e-15, 1 - 1e-15), {}
    offset = rng.choice([0, 0.5, 2]) * rng.standard_normal(shape)
    mean = np.exp(np.clip(eta + rng.choice([-3, 0, 3, 8]) + offset, -20, 20))
    spread = rng.choice([0.01, 0.3, 3])
    y = rng.poisson(rng.gamma(1 / spread, spread, shape) * mean).astype(float)
    if rng.random() < 0.1:
        y.flat[rng.integers(y.size)] = 1e7
    return y, {"offset": offset} if rng.random() < 0.6 else {}


def outcome(family: str, seed: int) -> str:
    """What became of one problem; AssertionError or another exception where it should not."""
    y, x, options = problem(family, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # what a person is told of such input is no fault of the fit
        warnings.filterwarnings("ignore", message=".*can explain whatever there is")
        try:
            fit = fqtl.fit(y, x, family=family, **options)
        except fqtl.FqtlError as fault:
            return f"refused: {str(fault)[:40]}"
        parts = (fit.effects, fit.pip, fit.elbo_trace, fit.intercept, fit.noise_variance)
        parts += (fit.variants.sd, fit.tissues.sd, fit.specific.sd, fit.shared_noise)
        for part in (*parts, fit.covariate_effects, fit.predict(x)):
            assert np.isfinite(part).all()
    # rounding is relative to the size of the ELBO; other families may lose 1e-3 nats a round
    slack = 1e-9 * np.abs(fit.elbo) + (1e-6 if family == "gaussian" else 1e-3)
    assert (np.diff(fit.elbo_trace) > -slack).all(), np.diff(fit.elbo_trace).min()
    if fit.converged:
        return "converged"
    assert any("stopped" in note for note in fit.notes)
    return "stopped, and said why"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=10_000, help="of each family")
    parser.add_argument("--family", choices=FAMILIES, help="only this one")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    given = parser.parse_args()
    for family in [given.family] if given.family else FAMILIES:
        started = time.process_time()
        counts: collections.Counter[str] = collections.Counter()
        for seed in range(given.first, given.first + given.problems):
            try:
                counts[outcome(family, seed)] += 1
            except Exception as fault:
                counts["failed"] += 1
                print(f"{family}, seed {seed}: {type(fault).__name__}: {fault}", flush=True)
        print(f"{family}: {time.process_time() - started:.0f} CPU seconds")
        for what, count in counts.most_common():
            print(f"  {count:6d} {what}", flush=True)


if __name__ == "__main__":
    main()
