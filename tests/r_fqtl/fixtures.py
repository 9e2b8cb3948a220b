"""Fits of the R package, and the same data and models here."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from fqtl.model.arguments import Given
from fqtl.model.arrays.inputs import Design
from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.engines import cavi
from fqtl.model.engines.model import Model
from fqtl.model.engines.options import CaviOptions
from fqtl.model.families import FAMILIES, Response
from fqtl.model.predictors.bilinear import GROWTH_LIMIT, Bilinear
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.dense import Dense, in_cis
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.predictor import Grown, Predictor
from fqtl.model.priors import LoadingsPosterior, NonNegativePosterior, SpikeSlabPosterior
from fqtl.model.problem import Problem, Solved
from fqtl.model.spike_slab_model import dense_effects, factors

FOLDER = Path(__file__).parent
GENES = np.array([5.0, 12, 5, 12, 20, 30, 30, 35])
GENE_ENDS = np.array([6.0, 13, 6, 13, 21, 31, 31, 36])
VARIANTS = np.arange(1.0, 41.0)


def load(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"{name}.npz") as archive:
        return dict(archive)


def factored(problem: Problem) -> list[Predictor]:
    return [factors(problem.variants, problem.m, 3, problem.settings.spike_slab)]


def eight_factors(problem: Problem) -> list[Predictor]:
    return [factors(problem.variants, problem.m, 8, problem.settings.spike_slab)]


def dense(problem: Problem) -> list[Predictor]:
    effects = dense_effects(problem.variants.p, problem.m, problem.settings.spike_slab)
    return [Dense(Linear.of(problem.variants, effects))]


def cis(ends: Floats, window: float) -> Callable[[Problem], list[Predictor]]:
    def entries(problem: Problem) -> list[Predictor]:
        allowed = in_cis(GENES, ends, VARIANTS, window)
        effects = dense_effects(problem.variants.p, problem.m, problem.settings.spike_slab, allowed)
        return [Dense(Linear.of(problem.variants, effects))]

    return entries


def hidden(problem: Problem) -> list[Predictor]:
    options = problem.with_variant_prior("column_spike_slab")
    return [*dense(problem), factors(None, problem.m, 4, options, n=problem.n)]


def weighted(weights: Floats) -> Callable[[Problem], list[Predictor]]:
    return lambda problem: [
        factors(problem.variants, problem.m, weights.shape[1], problem.settings.spike_slab, weights)
    ]


def unmixed(weights: Floats) -> Callable[[Problem], list[Predictor]]:
    def entries(problem: Problem) -> list[Predictor]:
        options = problem.with_variant_prior("column_spike_slab")
        k = weights.shape[1]
        return [factors(None, problem.m, k, options, weights, problem.n)]

    return entries


@dataclass(frozen=True)
class Fixture:
    """A fit of the R package: its model, and how many iterations it was given."""

    name: str
    entries: Callable[[Problem], list[Predictor]]
    family: str = "gaussian"
    iterations: int = 1500
    learn_prior: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    inclusion: float | None = None  # fixed there
    simulated: bool = True  # whether truth.npz is of these data

    @property
    def data(self) -> dict[str, np.ndarray]:
        return load(self.name)

    def solve(self, engine: str, **options: Any) -> Solved:
        data = self.data
        given = Given(
            self.family,
            data.get("in.c.mean"),
            data.get("in.x.var"),
            engine=engine,
            options={**self.options, **options},
        )
        problem = Problem.of(
            data["in.y"],
            data.get("in.x.mean"),
            given,
            function="fit_weighted",
            variant_prior="spike_slab",
        )
        return problem.solve(self.entries(problem))

    def theirs(self) -> Moments:
        """Moments of the location in the R package's solution, without its covariates."""
        out = {k.removeprefix("out."): v for k, v in self.data.items() if k.startswith("out.")}
        x = self.data.get("in.x.mean")
        total = Moments(*np.zeros((2, *self.data["in.y"].shape)))
        if "mean.theta" in out and x is not None:
            mean, variance = x @ out["mean.theta"], x**2 @ out["mean.theta.var"]
            total = Moments(total.mean + mean, total.variance + variance)
        if "mean.left.theta" in out:
            left = Moments(x @ out["mean.left.theta"], x**2 @ out["mean.left.theta.var"])
            right = Moments(out["mean.right.theta"], out["mean.right.theta.var"])
        elif "U.theta" in out:
            left = Moments(out["U.theta"], out["U.theta.var"])
            right = Moments(out["V.theta"], out["V.theta.var"])
        else:
            return total
        w = self.data.get("in.weight.nk", np.ones_like(left.mean))
        (f, f_var), (r, r_var) = left, right
        f, f_var = w * f, w**2 * f_var
        variance = f_var @ (r**2 + r_var).T + f**2 @ r_var.T
        return Moments(total.mean + f @ r.T, total.variance + variance)

    def their_effects(self) -> Floats | None:
        """(p, m), or (p, k) of factors with weights; None without variants."""
        data = self.data
        if "out.mean.theta" in data and "in.x.mean" in data:
            return data["out.mean.theta"]
        if "out.mean.left.theta" not in data:
            return None
        left, right = data["out.mean.left.theta"], data["out.mean.right.theta"]
        return left * right if "in.weight.nk" in data else left @ right.T

    def climb_from_theirs(self) -> Solved:
        """What `cavi` makes of their factors, where it starts from them."""
        solved, data = self.solve("cavi", max_iter=1), self.data
        sides = ("mean.left", "mean.right") if "out.mean.left.theta" in data else ("U", "V")
        ((index, entry),) = (
            (index, entry)
            for index, entry in enumerate(solved.model.location)
            if isinstance(entry, Bilinear)
        )
        made, units = (
            [entry.make(k) for k in range(entry.rank)],
            (1, solved.results()["scale"].y_sd),
        )
        blocks = []
        for side, unit, loadings in zip(
            sides,
            units,
            ([factor.left.loadings for factor in made], [factor.tissues for factor in made]),
            strict=True,
        ):
            for k, one in enumerate(loadings):
                theta = data[f"out.{side}.theta"][:, k] / unit
                blocks.append(put(one, theta, data[f"out.{side}.theta.var"][:, k]))
        theirs = replace(
            entry,
            factors=tuple(made),
            is_open=(True,) * entry.rank,
            n_grown=GROWTH_LIMIT * entry.rank,
        ).with_blocks(blocks)
        model = solved.model.with_entry(index, theirs)
        return Solved(solved.problem, cavi.maximise(model, solved.problem.settings.engine))

    def their_likelihood(self) -> float:
        """Expected log-likelihood of their location, beside the best covariates and dispersion."""
        data, theirs = self.data, self.theirs()
        n, m = data["in.y"].shape
        response = Response.of(data["in.y"])
        family = FAMILIES[self.family].of(response)
        response = Response.of(data["in.y"], offset=np.broadcast_to(family.level, (n, m)))
        mean_design = Design.of("c", data.get("in.c.mean"), np.full(n, True))
        noise_design = Design.of("d", data.get("in.x.var"), np.full(n, True))
        dispersion = Covariates.of_dispersion(noise_design.columns, m, family.dispersion_start)
        location: tuple[Predictor, ...] = (
            Covariates.empty(mean_design.columns, m),
            FixedEntry(theirs),
        )
        model = Model(family, response, location, dispersion)
        solution = cavi.maximise(model, CaviOptions(shared_noise=False))
        return float(solution.elbo_trace[-1]) + solution.model.kl()


def put(loadings: LoadingsPosterior, theta: Floats, variance: Floats) -> LoadingsPosterior:
    """A posterior with these means, certain of what is large and of nothing else."""
    if isinstance(loadings, NonNegativePosterior):
        return replace(loadings, location=theta, rate=1 / variance)
    assert isinstance(loadings, SpikeSlabPosterior)
    large, pip = np.abs(theta) > 0.05 * np.abs(theta).max(), loadings.pip
    if loadings.prior.has_spike:
        pip = np.where(large, 0.99, 0.01)
        pip = np.full_like(loadings.pip, 0.99) if loadings.has_shared_indicator else pip
    return replace(loadings, pip=pip, slab_mean=theta / pip, slab_precision=1 / variance)


@dataclass
class FixedEntry:
    """An entry of the location that stays as it is."""

    fixed: Moments

    def mean(self) -> Floats:
        return self.fixed.mean

    def moments(self) -> Moments:
        return self.fixed

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.fixed.variance

    def updated(self, *_: object) -> "FixedEntry":
        return self

    def grown(self, *_: object) -> Grown:
        return Grown(self, False)

    def cleared(self) -> None:
        return None

    def kl(self) -> float:
        return 0.0


FIXTURES = [
    Fixture("freg_gaussian", factored, learn_prior=True),
    Fixture("freg_cis", factored, learn_prior=True),
    Fixture("freg_resid", factored),
    Fixture("freg_v8opts", eight_factors, iterations=5000, learn_prior=True),
    Fixture(
        "freg_nn_j1",
        factored,
        iterations=3000,
        options={"tissue_prior": "non_negative"},
        inclusion=0.5,
    ),
    Fixture("freg_nb", factored, family="nb"),
    Fixture("freg_voom_j1", factored, family="voom"),
    Fixture("freg_beta_j1", factored, family="beta"),
    Fixture("freg_logit", factored, family="logit"),
    Fixture("reg_gaussian", dense, learn_prior=True),
    Fixture("reg_cis", cis(GENES, 8), learn_prior=True),
    Fixture("reg_cis_cis", cis(GENE_ENDS, 10), learn_prior=True),
    Fixture(
        "fwreg",
        weighted(load("fwreg")["in.weight.nk"]),
        options={"tissue_prior": "slab"},
        simulated=False,
    ),
    Fixture(
        "fwreg_nn",
        weighted(load("fwreg_nn")["in.weight.nk"]),
        options={"tissue_prior": "non_negative"},
        simulated=False,
    ),
    Fixture("mf_j1", hidden, iterations=1000, options={"tissue_prior": "slab"}),
    Fixture(
        "deconv_j1",
        unmixed(load("deconv_j1")["in.weight.nk"]),
        options={"tissue_prior": "non_negative"},
        simulated=False,
    ),
]


def effects_of(solved: Solved) -> Floats | None:
    """(p, m), or (p, k) of factors with weights, on the scale of the model; None without variants.

    The variants of these data are standardised, but for rounding.
    """
    found: Floats | None = None
    for entry in solved.effects:
        if isinstance(entry, Dense):
            found = entry.loadings.mean
        elif isinstance(entry, Bilinear) and entry.x is not None:
            left = np.column_stack([c.left.loadings.mean for c in entry.factors])
            right = np.column_stack([c.tissues.mean for c in entry.factors])
            weights = np.column_stack([c.weight for c in entry.factors])
            found = left @ right.T if (weights == 1).all() else left * right
    return found


def likelihood_of(solved: Solved) -> float:
    """Expected log-likelihood, in nats, of y as it was given."""
    return float(solved.results()["elbo_trace"][-1]) + solved.model.kl()


@dataclass(frozen=True)
class Recovery:
    """Average precision of simulated variants, tissues and pairs; correlation with the truth."""

    variants: float
    tissues: float
    pairs: float
    correlation: float

    @classmethod
    def of(cls, effects: Floats, x: Floats) -> "Recovery":
        truth = load("truth")
        simulated = (truth["left"] @ truth["right"].T) != 0
        size = np.abs(effects)
        fitted = x @ effects
        return cls(
            float(average_precision_score(simulated.any(axis=1), np.linalg.norm(size, axis=1))),
            float(average_precision_score(simulated.any(axis=0), np.linalg.norm(size, axis=0))),
            float(average_precision_score(simulated.ravel(), size.ravel())),
            float(np.corrcoef(fitted.ravel(), truth["eta"].ravel())[0, 1])
            if fitted.std() > 0
            else 0.0,
        )
