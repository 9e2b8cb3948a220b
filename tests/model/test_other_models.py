"""Models beside `fit`: they find what was simulated, and refuse what cannot be."""

from dataclasses import fields
from inspect import signature

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.arguments import Given
from tests.conftest import linked_genotypes


def genes_of_a_region(seed, n=150, p=60, m=4):
    """A variant near each gene acts on it; positions 1 to p."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p, correlation=0.5)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    loc, causal = np.array([10.0, 20, 35, 50]), np.array([7, 22, 30, 53])
    y = 0.6 * standard[:, causal] + rng.standard_normal((n, m))
    y[rng.random((n, m)) < 0.2] = np.nan
    return y, x, {"y_loc": loc, "x_loc": np.arange(1, p + 1)}, causal


@pytest.mark.parametrize("engine", ["cavi", "sgvb"])
def test_cis_effects_of_many_genes_are_found_and_nothing_lies_outside_of_a_window(engine):
    y, x, where, causal = genes_of_a_region(0)
    quick = {"rate": 0.05, "max_iter": 600} if engine == "sgvb" else {}
    fit = fqtl.fit_cis(y, x, window=6, engine=engine, **where, **quick)
    np.testing.assert_array_equal(fit.specific.pip.argmax(axis=0), causal)
    outside = np.abs(where["x_loc"][:, None] - where["y_loc"]) > 6
    assert not fit.specific.pip[outside].any()
    assert not fit.effects[outside].any()


def test_a_window_begins_at_either_end_of_a_gene():
    y, x, where, _ = genes_of_a_region(1)
    at = np.array([30.0, 31, 32, 33])
    fit = fqtl.fit_cis(y, x, window=6, y_end=at + 20, **{**where, "y_loc": at})
    assert fit.specific.pip[53 - 1, 3] > 0  # 53 is within 20 + 6 of the start, and of no other end
    assert not fit.specific.pip[:23].any()


def test_a_gene_without_variants_is_counted():
    y, x, where, _ = genes_of_a_region(2)
    where["y_loc"] = np.array([10.0, 20, 35, 500])
    fit = fqtl.fit_cis(y, x, window=6, **where)
    assert "1 of 4 genes have no variant in cis" in fit.summary()


def bulk(seed, n=200, p=40, m=1):
    """Two cell types, a variant of each, and their fractions."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p, correlation=0.5)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    fractions = rng.dirichlet(np.ones(2), n)
    tissues = rng.uniform(0.7, 1.3, m)
    causal = fractions[:, 0] * standard[:, 5] - fractions[:, 1] * standard[:, 30]
    y = np.outer(causal, tissues) + 0.5 * rng.standard_normal((n, m))
    return y, x, fractions


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("engine", ["cavi", "sgvb"])
def test_effects_in_cell_types_are_told_apart_by_their_fractions(engine, m):
    y, x, fractions = bulk(3, m=m)
    quick = {"rate": 0.05, "max_iter": 600} if engine == "sgvb" else {}
    fit = fqtl.fit_weighted(y, x, fractions, engine=engine, **quick)
    np.testing.assert_array_equal(fit.left.pip.argmax(axis=0), [5, 30])
    effects = fit.left.mean @ fit.tissues.mean.T
    assert (effects[5] > 0).all()
    assert (effects[30] < 0).all()


def test_what_is_fitted_is_the_sum_of_its_parts():
    y, x, fractions = bulk(4, m=3)
    c = np.random.default_rng(0).standard_normal((len(y), 2))
    fit = fqtl.fit_weighted(y, x, fractions, covariates=c)
    covariates = (c - fit.covariate_mean) @ fit.covariate_effects
    np.testing.assert_allclose(
        fit.parts.sum(axis=0) + fit.intercept + covariates, fit.fitted, atol=1e-8
    )


def hidden(seed, n=150, m=12, p=20):
    """Two hidden factors of all tissues, a variant of three of them, a covariate of two."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p, correlation=0.3)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    scores, c = rng.standard_normal((n, 2)), rng.standard_normal(n)
    y = scores @ rng.standard_normal((2, m)) + 0.7 * rng.standard_normal((n, m))
    y[:, :3] += 0.8 * standard[:, [4]]
    y[:, 3:5] += c[:, None]
    y[rng.random((n, m)) < 0.2] = np.nan
    return y, x, c, scores


@pytest.mark.parametrize("engine", ["cavi", "sgvb"])
def test_hidden_factors_are_counted_and_known_causes_keep_their_part(engine):
    y, x, c, scores = hidden(5)
    quick = {"rate": 0.05, "max_iter": 800} if engine == "sgvb" else {}
    fit = fqtl.factorise(y, 4, x=x, covariates=c, engine=engine, **quick)
    assert (fit.factor_pip > 0.5).sum() == 2
    both = np.linalg.lstsq(fit.scores, scores, rcond=None)[0]
    explained = 1 - ((scores - fit.scores @ both) ** 2).sum() / (scores**2).sum()
    assert explained > 0.85
    np.testing.assert_array_equal(np.argwhere(fit.specific.pip > 0.5), [[4, 0], [4, 1], [4, 2]])
    np.testing.assert_allclose(fit.covariate_effects[0, 3:5], 1, atol=0.25)


def test_hidden_factors_make_genetic_effects_plainer():
    y, x, c, _ = hidden(6)
    without = fqtl.fit(
        y, x, covariates=c, factored=False, variant_prior="spike_slab", shared_noise=False
    )
    beside = fqtl.factorise(y, 4, x=x, covariates=c)
    assert beside.specific.sd[4, :3].mean() < 0.8 * without.specific.sd[4, :3].mean()


def test_expression_of_cell_types_is_not_negative_in_tissues_and_sums_to_what_is_fitted():
    rng = np.random.default_rng(7)
    fractions = rng.dirichlet(np.ones(3), 200)
    scores = rng.standard_normal((200, 3)) * [1, 1, 0]
    y = (fractions * scores) @ rng.uniform(0.5, 1.5, (3, 8)) + 0.2 * rng.standard_normal((200, 8))
    fit = fqtl.deconvolve(y, fractions)
    np.testing.assert_array_equal(fit.factor_pip > 0.5, [True, True, False])
    assert fit.tissues.mean.min() >= 0
    np.testing.assert_allclose(fit.parts.sum(axis=0) + fit.intercept, fit.fitted, atol=1e-8)
    rows = fractions[:, 0] > 0.5
    assert np.corrcoef(fit.scores[rows, 0], scores[rows, 0])[0, 1] > 0.8


def test_factors_come_back_from_disk_and_as_a_table(tmp_path):
    rng = np.random.default_rng(5)
    u, r = rng.standard_normal((40, 2)), rng.standard_normal((6, 2))
    fit = fqtl.factorise(u @ r.T + 0.3 * rng.standard_normal((40, 6)), 2)
    fit.save(tmp_path / "factors.npz")
    back = fqtl.FactorisationFit.load(tmp_path / "factors.npz")
    assert back.summary() == fit.summary()
    np.testing.assert_array_equal(back.parts, fit.parts)
    table = back.to_frame(tissues=list("abcdef"))
    assert len(table) == fit.rank * (40 + 6)
    for row in table[table["side"] == "tissues"].itertuples():
        assert row.mean == fit.tissues.mean["abcdef".index(row.name), row.factor]
    with pytest.raises(fqtl.FqtlError, match="left must name the 40 of the fit, found 1"):
        fit.to_frame(left=["a"])


def test_a_response_with_holes_is_factorised_by_either_engine():
    # the first implementation handed NaN to its singular value decomposition
    y, *_ = hidden(8)
    for engine in ("cavi", "sgvb"):
        quick = {"max_iter": 50} if engine == "sgvb" else {}
        fit = fqtl.factorise(y, 20, engine=engine, **quick)
        assert np.isfinite(fit.fitted).all()
        assert np.isfinite(fit.elbo_trace).all()


def test_dispersion_has_covariates_of_its_own():
    rng = np.random.default_rng(9)
    d = rng.standard_normal(300)
    y = np.exp(0.5 * d)[:, None] * rng.standard_normal((300, 4))
    fit = fqtl.factorise(y, 1, dispersion_covariates=d)
    assert fit.noise_variance.shape == (300, 4)
    order = np.argsort(d)
    assert fit.noise_variance[order[-50:]].mean() > 3 * fit.noise_variance[order[:50]].mean()


def test_one_more_covariate_of_many_is_a_sparse_effect():
    """Location covariates, dispersion covariates and x in one model."""
    y, x, c, _ = hidden(10)
    fit = fqtl.factorise(y, 3, x=x, covariates=c, dispersion_covariates=c)
    assert fit.converged
    assert fit.covariate_effects.shape == (1, 12)
    assert fit.noise_variance.shape == y.shape


@pytest.mark.parametrize(
    "function", [fqtl.fit_cis, fqtl.fit_weighted, fqtl.factorise, fqtl.deconvolve]
)
def test_help_shows_what_all_functions_take_with_the_defaults_of_fit(function):
    of_fit, own = signature(fqtl.fit).parameters, signature(function).parameters
    shared = [field.name for field in fields(Given) if field.name != "options"]
    assert shared[0] == "family"
    for name in [*shared, "options"]:
        assert own[name] == of_fit[name]
    assert "arguments" not in own
    assert str(own["offset"]) == "offset: 'ArrayLike | None' = None"


Y, X = np.random.default_rng(0).standard_normal((2, 10, 3))
W = np.ones((10, 2))


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: fqtl.fit_cis(Y, X, y_loc=[1, 2], x_loc=[1, 2, 3]), "3 genes"),
        (lambda: fqtl.fit_cis(Y, X, y_loc=[1, 2, 3], x_loc=[1, 2]), "3 variants"),
        (lambda: fqtl.fit_cis(Y, X, y_loc=[1, 2, 3], x_loc=[50, 60, 70], window=5), "window"),
        (
            lambda: fqtl.fit_cis(Y, X, y_loc=[1, 2, 3], x_loc=[1, 2, 3], window="1"),
            "window must be a number of base pairs of at least 0, found '1'",
        ),
        (
            lambda: fqtl.fit_cis(Y, X, y_loc=[1, 2, 3], x_loc=[1, 2, 3], window=-1),
            "window must be a number of base pairs of at least 0, found -1",
        ),
        (lambda: fqtl.fit_weighted(Y, X, W[:5]), "10 rows"),
        (lambda: fqtl.fit_weighted(Y, X, -W), "row 0, column 0 .20 such"),
        (lambda: fqtl.fit_weighted(Y, X, W * [1, 0]), "column 1 is 0"),
        (lambda: fqtl.fit_weighted(Y, X, W, variant_prior="single_effects"), "fqtl.fit"),
        (lambda: fqtl.fit_weighted(Y, X, W, rank=2), "Unknown option 'rank'"),
        (lambda: fqtl.factorise(Y, 2, options={}), "Unknown option 'options'"),
        (lambda: fqtl.factorise(Y, 0), "rank"),
        (lambda: fqtl.factorise(Y, 2, donor_prior="row_spike_slab"), "donor_prior"),
        (lambda: fqtl.deconvolve(Y, W, x=X[:4]), "10 rows"),
        (lambda: fqtl.deconvolve(np.ones((10, 3)), W), "must vary"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(FqtlError, match=says):
        call()


@pytest.mark.parametrize("with_fractions", [False, True])
def test_known_depth_is_an_offset_and_no_factor_of_donors(with_fractions):
    rng = np.random.default_rng(8)
    hidden, depth = rng.normal(0, 0.7, 200), rng.normal(0, 1, 200)
    y = rng.poisson(np.exp(3 + depth + hidden)[:, None], (200, 6)).astype(float)
    which = {"fractions": np.ones(200)} if with_fractions else {"rank": 2}
    solve = fqtl.deconvolve if with_fractions else fqtl.factorise
    found = solve(y, **which, family="nb", offset=depth)
    assert abs(np.corrcoef(found.scores[:, 0], hidden)[0, 1]) > 0.9
    assert found.elbo > solve(y, **which, family="nb").elbo


def test_other_models_take_successes_of_many_trials():
    rng = np.random.default_rng(9)
    x, y = rng.binomial(2, 0.3, (60, 5)), rng.binomial(5, 0.4, (60, 3))
    at = {"y_loc": [1, 2, 3], "x_loc": np.arange(5)}
    several = {"family": "logit", "trials": np.full(60, 5)}
    assert np.isfinite(fqtl.fit_cis(y, x, **at, **several).effects).all()
    assert np.isfinite(fqtl.fit_weighted(y, x, np.ones(60), **several).elbo)


def test_a_family_that_is_no_name_is_refused_by_what_it_could_be():
    with pytest.raises(FqtlError, match=r"family must be one of gaussian, .*; found \['nb'\]"):
        fqtl.fit(np.eye(3), np.eye(3), family=["nb"])


def test_names_of_the_version_before_are_read_with_a_notice():
    with pytest.warns(FutureWarning, match="fqtl.Products is now fqtl.FactorisationFit"):
        assert fqtl.Products is fqtl.FactorisationFit
    y = np.random.default_rng(0).standard_normal((30, 4))
    with pytest.warns(FutureWarning, match="individual_prior is now donor_prior"):
        old = fqtl.factorise(y, 1, individual_prior="slab", max_iter=5)
    new = fqtl.factorise(y, 1, donor_prior="slab", max_iter=5)
    np.testing.assert_array_equal(old.fitted, new.fitted)
