"""What holds for every family; a new one is a line in RESPONSES and a line in TEXTBOOK."""

import numpy as np
import pytest
from scipy import special, stats

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Moments
from fqtl.model.families import FAMILIES, Gaussian, Response
from fqtl.model.families._densities import elementary
from fqtl.model.families.expected import NODES
from tests.reference.elbo import noise_terms
from tests.reference.expectation import grid_expectation

N, M = 6, 3
# a response of each family, given an rng and a shape
RESPONSES = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "nb": lambda rng, shape: rng.negative_binomial(3, 0.2, shape).astype(float),
    "nb_pseudo": lambda rng, shape: rng.negative_binomial(0.5, 0.1, shape).astype(float),
    "voom": lambda rng, shape: 3 + rng.standard_normal(shape),
    "logit": lambda rng, shape: rng.binomial(4, 0.4, shape).astype(float),
    "beta": lambda rng, shape: rng.beta(2, 5, shape),
}
# log-density, mean and variance of one number at eta1 and what eta2 moves
TEXTBOOK = {
    "gaussian": lambda eta1, v: stats.norm(eta1, np.sqrt(v)),
    "nb": lambda eta1, a: stats.nbinom(a, a / (a + np.exp(eta1))),
    "nb_pseudo": lambda eta1, a: stats.nbinom(a, a / (a + np.exp(eta1))),
    "voom": lambda eta1, phi: stats.norm(eta1, np.sqrt(np.exp(-eta1) + phi)),
    "logit": lambda eta1, _: stats.binom(4, special.expit(eta1)),
    "beta": lambda eta1, k: stats.beta(special.expit(eta1) * k, special.expit(-eta1) * k),
}
SUMMED = [name for name in FAMILIES if name != "gaussian"]


def known_of(name, rng):
    """Offsets and trials, where a family has them."""
    known = {"offset": 0.3 * rng.standard_normal((N, M))}
    return {**known, "trials": np.full((N, M), 4.0)} if name == "logit" else known


def entries(name, seed, rows):
    """A family, a response with holes, and moments of both linear predictors."""
    rng = np.random.default_rng(seed)
    trials = {"trials": np.full((1, 1), 4.0)} if name == "logit" else {}
    family = FAMILIES[name].of(Response.of(RESPONSES[name](rng, (200, M)), **trials))
    values = RESPONSES[name](rng, (N, M))
    values[0, 1] = values[3, 2] = np.nan
    y = Response.of(values, **known_of(name, rng))
    # variances on either side of where the number of nodes changes
    variance = np.tile([0.02, 0.2, 1.5], (N, 1)) * rng.uniform(0.5, 1, (N, M))
    location = Moments(family.level + 0.5 * rng.standard_normal((N, M)), variance)
    dispersion = Moments(rng.standard_normal((rows, M)), rng.uniform(0.05, 0.5, (rows, M)))
    return family, y, location, dispersion


def value_at(family, y, location, dispersion):
    return family.given(y, location, len(dispersion.mean) == 1).expect(dispersion)[0].sum()


def moved_by(family, eta2):
    """The number that eta2 moves: what the log-density is written in."""
    return (
        family.variance_at(Moments(eta2, 0 * eta2)).value[0]
        if family.quadratic
        else family.theta(eta2).value
    )


def log_prob_of_entry(family, y, entry, eta1, eta2):
    """Log-density of one entry at many etas, each in the tissue it belongs to."""
    one = np.zeros((*eta1.shape, 1, M))
    tissue = entry[1]
    row = slice(entry[0], entry[0] + 1)
    alone = Response(
        y.values[row],
        y.observed[row],
        y.offset[row],
        y.trials[row] if len(y.trials) > 1 else y.trials,
    )
    log_prob = family.log_prob(alone, one + eta1[..., None, None], one + eta2[..., None, None])
    return log_prob[..., 0, tissue]


def test_the_test_list_is_complete():
    assert set(RESPONSES) == set(TEXTBOOK) == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_log_densities_are_those_of_the_textbook(name):
    family, y, location, dispersion = entries(name, 0, 1)
    log_prob = family.log_prob(y, location.mean, dispersion.mean)
    theta = np.broadcast_to(moved_by(family, dispersion.mean), (N, M))
    for i, t in np.argwhere(y.observed):
        density = TEXTBOOK[name](location.mean[i, t] + y.offset[i, t], theta[i, t])
        log = density.logpmf if hasattr(density.dist, "pmf") else density.logpdf
        assert log_prob[i, t] == pytest.approx(log(y.values[i, t]), rel=1e-9)
    assert (log_prob[y.observed == 0] == 0).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_log_densities_of_many_draws_of_eta_are_those_of_each(name):
    family, y, location, dispersion = entries(name, 1, 1)
    shift = np.array([-1.0, 0.0, 0.5])[:, None, None]
    together = family.log_prob(y, location.mean + shift, dispersion.mean + shift)
    for k, by in enumerate(shift):
        alone = family.log_prob(y, location.mean + by, dispersion.mean + by)
        np.testing.assert_allclose(together[k], alone, rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_entries_side_by_side_have_the_densities_they_have_in_their_table(name):
    family, y, location, dispersion = entries(name, 14, N)
    index = np.array([13, 2, 7, 2])
    log_prob = family.log_prob(y, location.mean, dispersion.mean)
    alone = family.of_tissues(index % M).log_prob(
        y.of_entries(index),
        location.mean.ravel()[None, index],
        dispersion.mean.ravel()[None, index],
    )
    np.testing.assert_allclose(alone[0], log_prob.ravel()[index], rtol=1e-14)


@pytest.mark.parametrize("rows", [1, N])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_expected_likelihood_is_its_integral(name, rows):
    family, y, location, dispersion = entries(name, 2, rows)
    total = 0.0
    for i, t in np.argwhere(y.observed):
        row = i if rows > 1 else 0
        total += grid_expectation(
            lambda eta1, eta2, i=i, t=t: log_prob_of_entry(family, y, (i, t), eta1, eta2),
            (location.mean[i, t], location.variance[i, t]),
            (dispersion.mean[row, t], dispersion.variance[row, t]),
        )
    assert value_at(family, y, location, dispersion) == pytest.approx(total, rel=1e-7)


@pytest.mark.parametrize("rows", [1, N])
@pytest.mark.parametrize("name", FAMILIES)
def test_slopes_are_central_differences(name, rows):
    family, y, location, dispersion = entries(name, 3, rows)
    likelihood = family.given(y, location, rows == 1)
    step = 1e-5
    for slope, moments, evaluate in (
        (
            likelihood.location_gradient(dispersion),
            location,
            lambda moments: value_at(family, y, moments, dispersion),
        ),
        (
            likelihood.expect(dispersion)[1],
            dispersion,
            lambda moments: value_at(family, y, location, moments),
        ),
    ):
        for part in ("mean", "variance"):
            for index in np.ndindex(moments.mean.shape):
                shift = np.zeros(moments.mean.shape)
                shift[index] = step
                up = evaluate(moments._replace(**{part: getattr(moments, part) + shift}))
                down = evaluate(moments._replace(**{part: getattr(moments, part) - shift}))
                found = getattr(slope, part)[index]
                assert found == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_information_is_the_expected_curvature(name):
    # where eta is certain: the mean of -l'' over responses drawn there
    family, _, location, dispersion = entries(name, 4, 1)
    rng = np.random.default_rng(0)
    n = 50_000
    eta1 = np.tile(location.mean[:1], (n, 1))
    eta2 = dispersion.mean
    draws = family.draw(rng, eta1, np.broadcast_to(eta2, eta1.shape), np.full(eta1.shape, 4.0))
    known = {"trials": np.full((1, 1), 4.0)} if name == "logit" else {}
    certain = Moments(eta1, np.zeros_like(eta1))
    likelihood = family.given(Response.of(draws, **known), certain, True)
    slope = likelihood.location_gradient(Moments(eta2, np.zeros_like(eta2)))
    np.testing.assert_allclose(
        slope.information.mean(axis=0), -2 * slope.variance.mean(axis=0), rtol=0.05
    )
    assert (np.abs(slope.mean.mean(axis=0)) < 6 * slope.mean.std(axis=0) / np.sqrt(n)).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_not_measured_has_no_slope(name):
    family, y, location, dispersion = entries(name, 5, 1)
    slope = family.given(y, location, True).location_gradient(dispersion)
    for part in slope:
        assert (part[y.observed == 0] == 0).all()
        assert (part[y.observed > 0] != 0).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_have_the_moments_of_the_textbook(name):
    family, _, location, dispersion = entries(name, 6, 1)
    n = 50_000
    eta1, eta2 = location.mean[0], dispersion.mean[0]
    theta = np.broadcast_to(moved_by(family, dispersion.mean), (1, M))[0]
    draws = family.draw(
        np.random.default_rng(1), np.tile(eta1, (n, 1)), np.tile(eta2, (n, 1)), np.full((n, M), 4.0)
    )
    for t in range(M):
        density = TEXTBOOK[name](eta1[t], theta[t])
        error = density.std() / np.sqrt(n)
        assert draws[:, t].mean() == pytest.approx(density.mean(), abs=5 * error)
        fourth = float(((draws[:, t] - density.mean()) ** 4).mean())
        error = np.sqrt((fourth - density.var() ** 2) / n)
        assert draws[:, t].var() == pytest.approx(density.var(), abs=5 * error)
        trials = 4 if name == "logit" else 1
        assert trials * family.mean(eta1)[t] == pytest.approx(density.mean(), rel=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_model_is_never_noisier_than_what_was_observed(name):
    rng = np.random.default_rng(7)
    values = RESPONSES[name](rng, (500, M))
    if name == "nb":
        values = rng.negative_binomial(8, 0.2, (500, M)).astype(float)
    known = {"trials": np.full((1, 1), 4.0)} if name == "logit" else {}
    family = FAMILIES[name].of(Response.of(values, **known))
    for eta2, least in ((-50.0, True), (0.0, False), (50.0, False)):
        theta = np.broadcast_to(moved_by(family, np.full((1, M), eta2)), (1, M))[0]
        model = np.array(
            [
                TEXTBOOK[name](*at).var()
                for at in zip(family_eta(family, values), theta, strict=True)
            ]
        )
        beside_counting = 0.0 if name != "voom" else np.exp(-values.mean(axis=0))
        assert (model <= values.var(axis=0) * 1.0000001 + beside_counting).all() or name == "logit"
        if least and name in ("nb", "nb_pseudo"):  # hardly more than Poisson's
            np.testing.assert_allclose(model, values.mean(axis=0), rtol=0.01)


def family_eta(family, values):
    return values.mean(axis=0) if family.quadratic else family.level


@pytest.mark.parametrize("name", FAMILIES)
def test_a_response_on_the_scale_of_its_link_lies_around_its_location(name):
    family, *_ = entries(name, 15, 1)
    rng = np.random.default_rng(3)
    offset = np.full((2000, M), 0.7)
    eta = np.tile(family.level, (2000, 1)) + (1.0 if name.startswith("nb") else 0.0)
    draws = family.draw(rng, eta + offset, np.full(eta.shape, -9.0), np.full(eta.shape, 50.0))
    known = {"trials": np.full(eta.shape, 50.0)} if name == "logit" else {}
    linked = family.linked(Response.of(draws, offset=offset, **known))
    np.testing.assert_allclose(np.median(linked, axis=0), eta[0], atol=0.3)


def test_counts_that_vary_less_than_poisson_are_taken_for_poisson():
    y = Response.of(np.tile([[9.0], [10.0], [11.0]], (20, 1)))
    for name in ("nb", "nb_pseudo"):
        family = FAMILIES[name].of(y)
        certain = Moments(np.zeros((1, 1)), np.zeros((1, 1)))
        assert 0 < family.noise_variance(certain)[0, 0] < 2e-3


def test_a_library_twice_as_large_says_the_same_with_twice_the_counts():
    rng = np.random.default_rng(8)
    size = rng.uniform(0.5, 4, (4000, 1))
    counts = rng.poisson(size * 30 * rng.gamma(10, 0.1, (4000, 2))).astype(float)
    family = FAMILIES["nb"].of(Response.of(counts, offset=np.log(size)))
    np.testing.assert_allclose(family.level, np.log(30), atol=0.02)
    np.testing.assert_allclose(family.bounds.high, 0.1, atol=0.01)


@pytest.mark.parametrize(
    "name, entry, message",
    [
        ("nb", -1.0, "nb expects whole counts of at least 0; found -1 in y at row 2, column 1"),
        ("nb_pseudo", 2.5, "nb_pseudo expects whole counts of at least 0; found 2.5"),
        ("logit", 5.0, "logit expects whole numbers from 0 to trials; found 5"),
        ("beta", 1.0, "beta expects shares between 0 and 1, both excluded; found 1"),
    ],
)
def test_what_a_family_cannot_have_is_named(name, entry, message):
    rng = np.random.default_rng(9)
    values = RESPONSES[name](rng, (N, M))
    known = known_of(name, rng)
    FAMILIES[name].check(Response.of(values, **known))
    values[2, 1] = entry
    with pytest.raises(FqtlError, match=message):
        FAMILIES[name].check(Response.of(values, **known))


def test_elementary_functions_are_those_of_libm_and_scipy():
    rng = np.random.default_rng(10)
    x = np.concatenate([np.exp(rng.uniform(-300, 40, 5000)), rng.uniform(1e-3, 700, 5000)])
    out = np.empty((5, len(x)))
    elementary(x, out)
    _, log, log_gamma, digamma, trigamma = out
    np.testing.assert_allclose(log, np.log(x), rtol=4e-16, atol=1e-16)
    np.testing.assert_allclose(log_gamma, special.gammaln(x), rtol=1e-14, atol=3e-14)
    np.testing.assert_allclose(digamma, special.digamma(x), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(trigamma, special.polygamma(1, x), rtol=4e-15)
    small = rng.uniform(-700, 700, 5000)
    exp = np.empty((5, 5000))
    elementary(small, exp)
    np.testing.assert_allclose(exp[0], np.exp(small), rtol=4e-16)


@pytest.mark.parametrize("name", SUMMED)
def test_fewer_nodes_where_the_variance_is_small_lose_nothing(name):
    family, y, location, dispersion = entries(name, 11, 1)
    for limit, _ in NODES[:-1]:
        few = location._replace(variance=np.full((N, M), limit))
        many = location._replace(variance=np.full((N, M), limit * (1 + 1e-12)))
        values = [value_at(family, y, moments, dispersion) for moments in (few, many)]
        assert values[0] == pytest.approx(values[1], abs=18 * 1e-6)


@pytest.mark.parametrize("name", SUMMED)
def test_a_variance_just_below_nothing_is_none(name):
    family, y, location, dispersion = entries(name, 13, 1)
    none = location._replace(variance=np.zeros((N, M)))
    debt = location._replace(variance=np.full((N, M), -1e-3))
    assert value_at(family, y, debt, dispersion) == value_at(family, y, none, dispersion)


@pytest.mark.parametrize("rows", [1, N])
def test_the_gaussian_integral_is_that_of_its_closed_form(rows):
    _, y, location, dispersion = entries("gaussian", 12, rows)
    family = Gaussian(np.full(M, 0.1), np.full(M, 2.0))
    expected = 0.0
    for i, t in np.argwhere(y.observed):
        eta = [part[i if rows > 1 else 0, t] for part in dispersion]
        inverse, log_v = noise_terms(*eta, 0.1, 2.0)
        squares = (y.values[i, t] - location.mean[i, t] - y.offset[i, t]) ** 2
        squares += location.variance[i, t]
        expected -= 0.5 * (squares * inverse + log_v + np.log(2 * np.pi))
    assert value_at(family, y, location, dispersion) == pytest.approx(expected, rel=1e-9)


def test_noise_never_exceeds_what_was_observed():
    rng = np.random.default_rng(13)
    y = Response.of(rng.standard_normal((40, M)) * [1.0, 2.0, 5.0])
    extreme = Moments(np.array([[-50.0, 0.0, 50.0]]), np.ones((1, M)))
    noise = Gaussian.of(y).noise_variance(extreme)[0]
    observed = y.values.var(axis=0)
    assert (noise <= observed * (1 + 1e-12)).all()
    assert (noise >= 1e-4 * observed * (1 - 1e-12)).all()
