"""Log Bayes factors of single effects: what coloc and its kin read.

Where the model is one effect in one tissue, a Bayes factor is a ratio of two normal densities of y.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import fqtl
from fqtl.model.arguments import Given
from fqtl.model.fit import _effects
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.problem import Problem, Solved

N, P = 150, 60


def genotypes(rng, n=N, p=P):
    """Dosages in blocks of LD, the last two variants copies of the first two by other alleles."""
    base = rng.binomial(1, 0.4, (2, n, p // 5))
    x = np.repeat(base, 5, axis=2)
    swapped = rng.random(x.shape) < 0.1
    x = np.where(swapped, rng.binomial(1, 0.4, x.shape), x).sum(axis=0).astype(float)
    x[:, -1], x[:, -2] = 2 - x[:, 0], x[:, 1]
    return x


def solved(y, x, factored=False, **options) -> Solved:
    given = Given("gaussian", None, None, None, None, "cavi", 0, {"background": False, **options})
    problem = Problem.of(y, x, given, function="fit", factored=factored)
    return problem.solve(_effects(problem, 2, factored))


@pytest.fixture(scope="module")
def one_tissue():
    rng = np.random.default_rng(1)
    x = genotypes(rng)
    y = 0.9 * x[:, 12] + rng.standard_normal(N)
    y[rng.random(N) < 0.2] = np.nan
    return y, x


def test_in_one_tissue_it_is_the_ratio_of_two_normal_densities_of_y(one_tissue):
    y, x = one_tissue
    solution = solved(y, x, max_effects=1).solution
    (entry,) = [part for part in solution.model.location if isinstance(part, TissueSpecific)]
    working = solution.working
    seen = np.isfinite(y)
    noise = np.diag(1 / working.precision.weight[seen, 0])
    z = (working.response - solution.model.location[0].mean())[seen, 0]
    standard = (x - x[seen].mean(axis=0)) / x[seen].std(axis=0)
    (found,) = fqtl.fit(y, x, background=False, max_effects=1).credible_sets
    null = multivariate_normal(cov=noise).logpdf(z)
    for j in range(P):
        column = standard[seen, j]
        cov = noise + np.outer(column, column) / entry.prior.precision
        slow = multivariate_normal(cov=cov).logpdf(z) - null
        assert found.log_bayes_factor[j] == pytest.approx(slow, abs=2e-5, rel=1e-5)


def test_with_the_prior_it_gives_the_posterior_of_the_effect(one_tissue):
    y, x = one_tissue
    solution = solved(y, x, max_effects=1).solution
    (entry,) = [part for part in solution.model.location if isinstance(part, TissueSpecific)]
    fit = fqtl.fit(y, x, background=False, max_effects=1)
    (found,) = fit.credible_sets
    inclusion = entry.prior.of_slot(0).inclusion
    joint = found.log_bayes_factor + np.log(inclusion / P)
    alpha = np.exp(joint - logsumexp(np.append(joint, np.log1p(-inclusion))))
    # within what one more round would change
    assert np.allclose(alpha, fit.specific.pip[:, 0], atol=1e-3)
    assert alpha.sum() == pytest.approx(found.pip, abs=1e-4)


def test_of_a_factor_it_integrates_what_all_tissues_say():
    """By quadrature over the size of an effect, tissue loadings at their posterior."""
    rng = np.random.default_rng(2)
    x = genotypes(rng)
    y = np.outer(0.4 * x[:, 12], [1.0, 0.9, 1.1]) + rng.standard_normal((N, 3))
    y[rng.random((N, 3)) < 0.2] = np.nan
    run = solved(y, x, factored=True)
    solution, working = run.solution, run.solution.working
    (index,) = [i for i, part in enumerate(solution.model.location) if isinstance(part, Factored)]
    (factor,) = solution.model.location[index].factors
    weight, left = working.precision.weight, working.residual(solution.model, index)
    r, v = factor.tissues.mean, factor.tissues.variance
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    fit = fqtl.fit(y, x, rank=2, background=False)
    (found,) = [one for one in fit.credible_sets if one.factor == 0]

    def log_likelihood(size, column):
        total = 0.0
        for t in range(3):
            f = size * column
            square = left[:, t] ** 2 - 2 * left[:, t] * f * r[t] + f**2 * (r[t] ** 2 + v[t])
            total -= 0.5 * float(weight[:, t] @ square)
        return total

    base = log_likelihood(0.0, standard[:, 0])
    precision = factor.prior.precision
    for j in (0, 12, 13, 40, P - 1):
        column = standard[:, j]
        top = max(log_likelihood(b, column) for b in np.linspace(-2, 2, 801))

        def integrand(b, column=column, top=top):
            prior = np.sqrt(precision / 2 / np.pi) * np.exp(-0.5 * precision * b**2)
            return np.exp(log_likelihood(b, column) - top) * prior

        value = quad(integrand, -3, 3, epsabs=1e-12, epsrel=1e-9, limit=400, points=[0.0])[0]
        slow = np.log(value) + top - base
        assert found.log_bayes_factor[j] == pytest.approx(slow, abs=1e-3, rel=1e-5)


def test_copies_have_the_same_and_alleles_and_units_do_not_matter(one_tissue):
    y, x = one_tissue
    (found,) = fqtl.fit(y, x, background=False).credible_sets
    assert found.log_bayes_factor[P - 1] == found.log_bayes_factor[0]
    assert found.log_bayes_factor[P - 2] == found.log_bayes_factor[1]
    (other,) = fqtl.fit(3 + 7 * y, 2 - x[:, ::-1], background=False).credible_sets
    assert np.allclose(other.log_bayes_factor[::-1], found.log_bayes_factor, atol=1e-4)


def test_of_z_scores_it_is_near_that_of_the_same_people():
    rng = np.random.default_rng(3)
    x = genotypes(rng)[:, :-2]
    y = 0.9 * x[:, 12] + rng.standard_normal(N)
    r = np.array([np.corrcoef(y, column)[0, 1] for column in x.T])
    z = r * np.sqrt((N - 2) / (1 - r**2))
    (own,) = fqtl.fit(y, x, background=False).credible_sets
    (summary,) = fqtl.fit_summary(z[:, None], N, ld=np.corrcoef(x.T)).credible_sets
    there = own.log_bayes_factor > 5
    assert there.sum() > 2
    assert np.corrcoef(own.log_bayes_factor, summary.log_bayes_factor)[0, 1] > 0.99
    assert np.allclose(
        summary.log_bayes_factor[there], own.log_bayes_factor[there], atol=1.5, rtol=0.1
    )


def test_a_saved_fit_keeps_them(one_tissue, tmp_path):
    y, x = one_tissue
    fit = fqtl.fit(y, x, background=False)
    fit.save(tmp_path / "fit.npz")
    (found,) = fqtl.Fit.load(tmp_path / "fit.npz").credible_sets
    assert np.array_equal(found.log_bayes_factor, fit.credible_sets[0].log_bayes_factor)
