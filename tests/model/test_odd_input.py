"""What can be computed on and should be looked at first."""

import warnings

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.response_scale import ResponseScale


def libraries(tissues=3, spread=0.4):
    """Counts (n, m) that grow with sizes (n, 1) of libraries."""
    rng = np.random.default_rng(0)
    sizes = np.exp(spread * rng.standard_normal((100, 1)))
    sizes /= np.exp(np.log(sizes).mean())
    rate = np.array([5.0, 50, 500])[:tissues] * rng.gamma(3, 1 / 3, (100, tissues))
    return rng.poisson(rate * sizes).astype(float), sizes


@pytest.mark.parametrize("reads", [1e6, 2e7, 80])
def test_offsets_that_are_numbers_of_reads_are_refused(reads):
    y, sizes = libraries()
    with pytest.raises(FqtlError, match=r"offset must be the natural logarithm .*np\.log\(sizes\)"):
        fqtl.fit(y, np.ones((100, 1)), family="nb", offset=sizes * reads)


@pytest.mark.parametrize("unit", [1, 3])
def test_offsets_that_look_like_size_factors_are_told(unit):
    y, sizes = libraries()
    with pytest.warns(UserWarning, match="looks like sizes"):
        ResponseScale.of(y, "nb", unit * sizes, None)


@pytest.mark.parametrize("unit", [1, 3, 20, 2e7])
@pytest.mark.parametrize("tissues", [1, 3])
def test_logarithms_in_any_unit_are_what_is_asked_for(unit, tissues):
    y, sizes = libraries(tissues)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ResponseScale.of(y, "nb", np.log(unit * sizes), None)


def test_as_many_covariates_as_donors_are_told():
    rng = np.random.default_rng(1)
    y, x = rng.standard_normal((30, 1)), rng.binomial(2, 0.3, (30, 5)).astype(float)
    with pytest.warns(UserWarning, match="40 covariates of 30 donors"):
        fqtl.fit(y, x, covariates=rng.standard_normal((30, 40)))


@pytest.mark.parametrize("options", [{}, {"background": False}, {"factored": False}])
def test_a_tissue_that_nobody_gave_takes_nothing_from_the_others(options):
    rng = np.random.default_rng(0)
    x, y = rng.binomial(2, 0.3, (120, 300)).astype(float), rng.standard_normal((120, 5))
    y[:, :2] += 0.8 * x[:, [7]]
    y[:, 3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fqtl.fit(y, x, **options)
    assert np.isfinite(fit.elbo_trace).all()
    assert (np.abs(fit.effects).argmax(axis=0)[:2] == 7).all()
    assert not fit.effects[:, 3].any()


@pytest.mark.parametrize("code", [-9, -1, 9])
@pytest.mark.parametrize("dtype", [np.int8, float])
def test_codes_of_missing_genotypes_are_told(code, dtype):
    rng = np.random.default_rng(0)
    x = rng.binomial(2, 0.3, (60, 5)).astype(dtype)
    y = rng.standard_normal(60)
    x[3, 2] = x[7, 1] = code
    with pytest.warns(UserWarning, match=rf"2 of 300 entries of x are {code} beside dosages"):
        fqtl.fit(y, x)


def test_other_numbers_of_genotypes_are_no_codes():
    rng = np.random.default_rng(0)
    y, x = rng.standard_normal(60), rng.binomial(2, 0.3, (60, 5)).astype(float)
    missing = x.copy()
    missing[2, 3] = np.nan
    for known in (x, missing, x - 1, (x - x.mean(0)) / x.std(0), 4.5 * x, 2 * x > 1, x - 9):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fqtl.fit(y, known)
