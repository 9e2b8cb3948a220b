"""Two conditions of the same donors: what they share beside genetics is no witness of an effect."""

import numpy as np
import pytest

import fqtl

N, P = 109, 60


def segregants(rng):
    """(N, P) 0 or 1, of long blocks, as of a cross of two haploid strains."""
    crossovers = rng.random((N, P)) < 0.02
    return ((rng.integers(2, size=(N, 1)) + crossovers.cumsum(axis=1)) % 2).astype(float)


def conditions(seed, correlation, effect=(0.0, 0.0)):
    """Expression in two conditions whose noise is correlated, and genotypes."""
    rng = np.random.default_rng(seed)
    x = segregants(rng)
    causal = x[:, P // 2] / x[:, P // 2].std()
    noise = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], N)
    return noise + np.outer(causal, effect), x


def test_noise_of_two_conditions_makes_no_effects():
    called = {True: 0, False: 0}
    for seed in range(40):
        y, x = conditions(seed, 0.8)
        for shared_noise in called:
            fit = fqtl.fit(y, x, shared_noise=shared_noise)
            called[shared_noise] += int((fit.tissue_pip > 0.9).sum())
    # of 80 pairs; without it a hint in one condition is one in the other, too
    assert called[True] <= 4 < called[False]


def test_an_effect_of_one_condition_is_seen_beside_the_noise_of_the_other():
    found = {True: [], False: []}
    for seed in range(15):
        y, x = conditions(seed, 0.8, (0.3, 0.0))
        for shared_noise, pip in found.items():
            pip.append(fqtl.fit(y, x, shared_noise=shared_noise).tissue_pip[0])
    assert np.mean(found[True]) > np.mean(found[False]) + 0.2


@pytest.mark.parametrize("correlation", [0.6, -0.6])
def test_the_correlation_of_noise_is_told(correlation):
    y, x = conditions(3, correlation, (0.5, 0.5))
    fit = fqtl.fit(y * [1.0, 50.0], x)
    covariance = fit.shared_noise.prod()
    sd = np.sqrt(fit.noise_variance + fit.shared_noise**2)
    # the standard error of a correlation of 109 donors is 0.06
    assert covariance / sd.prod() == pytest.approx(correlation, abs=0.15)


def test_conditions_of_other_donors_share_no_noise():
    y, x = conditions(1, 0.9)
    y[: N // 2, 0] = y[N // 2 :, 1] = np.nan
    assert not fqtl.fit(y, x).shared_noise.any()
