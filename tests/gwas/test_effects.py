import numpy as np
import pytest
from scipy.stats import norm

from fqtl.gwas.effects import (
    LN10,
    NO_SIGN,
    P_IMPOSSIBLE,
    P_IS_ZERO,
    log_of_text,
    log_p_of,
    magnitude,
    z_scores,
)

UNKNOWN = np.array([np.nan])


def one(**told):
    values = dict.fromkeys(("beta", "se", "z", "log_p"), UNKNOWN)
    z, reason = z_scores(**values | {name: np.array([value]) for name, value in told.items()})
    return z[0], reason[0]


def test_the_first_of_beta_z_and_p_that_is_there_counts():
    assert one(beta=0.2, se=0.1, z=9.0, log_p=-9.0) == (pytest.approx(2.0), "")
    assert one(beta=0.2, z=9.0, log_p=-9.0) == (9.0, "")
    z, reason = one(beta=-0.2, log_p=np.log(0.05))
    assert (z, reason) == (pytest.approx(norm.ppf(0.025)), "")


@pytest.mark.parametrize("z", [0.1, 1.0, 5.0, 38.0, 100.0, 1000.0])
def test_z_comes_back_from_the_logarithm_of_its_p(z):
    assert magnitude(log_p_of(np.array([z])))[0] == pytest.approx(z, rel=1e-9)


def test_p_of_any_size_is_a_number():
    told = log_of_text(["1e-500", "1.5E-1000", "0.05", "0", None, "0." + "0" * 400 + "1"])
    expected = [-500 * LN10, np.log(1.5) - 1000 * LN10, np.log(0.05), -np.inf, np.nan, -401 * LN10]
    assert told == pytest.approx(np.array(expected), nan_ok=True)
    # z 100 has log p -5004.83 (scipy.stats.norm.logsf + log 2)
    assert magnitude(np.array([-5004.831061513645]))[0] == pytest.approx(100.0, rel=1e-12)
    z = magnitude(np.array([-1000 * LN10]))[0]
    assert norm.logsf(z) + np.log(2) == pytest.approx(-1000 * LN10, rel=1e-12)


@pytest.mark.parametrize(
    "told, reason",
    [
        ({"log_p": -3.0}, NO_SIGN),
        ({"beta": 0.1, "log_p": -np.inf}, P_IS_ZERO),
        ({"beta": 0.1, "log_p": 0.1}, P_IMPOSSIBLE),
    ],
)
def test_a_row_without_z_has_a_reason(told, reason):
    z, said = one(**told)
    assert np.isnan(z)
    assert said == reason


def test_an_effect_of_nothing_is_no_evidence():
    assert one(beta=0.0, log_p=np.log(0.9))[0] == 0.0
