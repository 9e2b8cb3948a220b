"""Gauss rules of any measure, and the sums over a dispersion that they shorten."""

import numpy as np
import pytest

from fqtl.model.families.quadrature import gauss, hermite
from tests.model.families.test_families import SUMMED, N, entries


def test_the_gauss_rule_of_a_hermite_rule_is_a_shorter_hermite_rule():
    z, weight = hermite(20)
    node, weights = gauss(z[:, None], weight, 6)
    np.testing.assert_allclose(node[:, 0], hermite(6)[0], atol=1e-12)
    np.testing.assert_allclose(weights[:, 0], hermite(6)[1], atol=1e-12)


def test_moments_are_those_of_the_points():
    rng = np.random.default_rng(0)
    points, weight = rng.uniform(-1, 2, (20, 7)), rng.dirichlet(np.ones(20))
    node, weights = gauss(points, weight, 4)
    for degree in range(8):
        np.testing.assert_allclose((weights * node**degree).sum(axis=0), weight @ points**degree)


@pytest.mark.parametrize("different", [1, 2, 3])
def test_points_that_are_fewer_than_the_nodes_are_found(different):
    points = 0.7 + np.resize(np.arange(different), 20)[:, None] / 4
    node, weights = gauss(points, np.full(20, 1 / 20), 5)
    for degree in range(10):
        np.testing.assert_allclose((weights * node**degree).sum(), (points**degree).mean())


@pytest.mark.parametrize("mean, variance", [(0.0, 1.2), (9.0, 7.0), (4.0, 5.0), (2.0, 4.0)])
@pytest.mark.parametrize("name", [name for name in SUMMED if name != "logit"])
def test_a_dispersion_that_donors_share_is_summed_over_as_if_each_had_its_own(name, mean, variance):
    family, y, location, dispersion = entries(name, 14, 1)
    one = dispersion._replace(
        mean=np.full_like(dispersion.mean, mean),
        variance=np.full_like(dispersion.variance, variance),
    )
    each = one._replace(mean=np.tile(one.mean, (N, 1)), variance=np.tile(one.variance, (N, 1)))
    value, slope = family.given(y, location, True).expect(one)
    of_each, slopes = family.given(y, location, False).expect(each)
    # of the order of what the long sum itself misses of the integral, in nats of a tissue
    assert value == pytest.approx(of_each, abs=1e-3)
    for part, parts in zip(slope, slopes, strict=True):
        assert part[0] == pytest.approx(parts.sum(axis=0), abs=1e-3)
