"""Every option is read by the models that take it, and refused by the others."""

import sys
from dataclasses import fields

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.arrays.checked_options import CheckedOptions
from fqtl.model.options import CLASSES, READ_WITH, ModelKind
from fqtl.model.priors.default_model import default_priors
from tests.conftest import simulated_gene

N, P, M = 60, 12, 4
GENE = simulated_gene(2, n=N, p=P, m=M, tissues_each=3, h2=0.5, observed=1.0)
RNG = np.random.default_rng(0)
SHARED = GENE.y + 1.5 * RNG.standard_normal((N, 1))  # noise that tissues of a donor share
COUNTS = RNG.poisson(np.exp(1 + 0.5 * GENE.y)).astype(float)
FRACTIONS = RNG.dirichlet(np.ones(2), N)
PLACES = {"y_loc": np.arange(M) * 3.0, "x_loc": np.arange(P) * 1.0, "window": 4}
SHORT = {"max_iter": 40, "check_every": 20}


def fit(y=SHARED, **settings):
    return lambda **options: fqtl.fit(y, GENE.x, **{"rank": 2, **settings, **options})


# the model, its function of options, and what there is to be chosen from
MODELS = {
    "default": (ModelKind("fit", "cavi", "gaussian", M, True), fit()),
    "one tissue": (ModelKind("fit", "cavi", "gaussian", 1, True), fit(SHARED[:, 0])),
    "unfactored": (ModelKind("fit", "cavi", "gaussian", M, False), fit(factored=False)),
    "counts": (ModelKind("fit", "cavi", "nb", M, True), fit(COUNTS, family="nb")),
    **{
        f"factors, {prior}": (
            ModelKind("fit", "cavi", "gaussian", M, True, variant_prior=prior),
            fit(variant_prior=prior),
        )
        for prior in ("spike_slab", "column_spike_slab", "slab")
    },
    **{
        f"unfactored, {prior}": (
            ModelKind("fit", "cavi", "gaussian", M, False, variant_prior=prior),
            fit(variant_prior=prior, factored=False),
        )
        for prior in ("spike_slab", "row_spike_slab", "slab")
    },
    "non-negative tissues": (
        ModelKind(
            "fit",
            "cavi",
            "gaussian",
            M,
            True,
            variant_prior="spike_slab",
            tissue_prior="non_negative",
        ),
        fit(variant_prior="spike_slab", tissue_prior="non_negative"),
    ),
    "sgvb": (
        ModelKind("fit", "sgvb", "gaussian", M, True, variant_prior="spike_slab", specific=False),
        fit(engine="sgvb", **SHORT),
    ),
    "sgvb, unfactored": (
        ModelKind("fit", "sgvb", "gaussian", M, False, variant_prior="spike_slab", specific=False),
        fit(engine="sgvb", factored=False, **SHORT),
    ),
    "fit_cis": (
        ModelKind("fit_cis", "cavi", "gaussian", M, False, variant_prior="spike_slab"),
        lambda **options: fqtl.fit_cis(SHARED, GENE.x, **PLACES, **options),
    ),
    "fit_weighted": (
        ModelKind("fit_weighted", "cavi", "gaussian", M, True, variant_prior="spike_slab"),
        lambda **options: fqtl.fit_weighted(SHARED, GENE.x, FRACTIONS, **options),
    ),
    "factorise": (
        ModelKind(
            "factorise",
            "cavi",
            "gaussian",
            M,
            True,
            False,
            "column_spike_slab",
            variant_prior="spike_slab",
            tissue_prior="slab",
        ),
        lambda **options: fqtl.factorise(SHARED, 2, **options),
    ),
    "deconvolve": (
        ModelKind(
            "deconvolve",
            "cavi",
            "gaussian",
            M,
            True,
            True,
            "column_spike_slab",
            variant_prior="spike_slab",
            tissue_prior="non_negative",
        ),
        lambda **options: fqtl.deconvolve(SHARED, FRACTIONS, x=GENE.x, **options),
    ),
}
OTHERWISE = {
    "variant_prior": "slab",
    "specific": False,
    "max_effects": 1,
    "min_sharing": 1e3,
    "background": False,
    "background_probability": 0.9,
    "priors": default_priors(M),
    "median_background": 0.2,
    "max_tissue_inclusion": 0.9,
    "max_alternations": 1,
    "factor_tolerance": 50.0,
    "min_gain": 1e3,
    "inclusion": 0.3,
    "precision": 400.0,
    "tissue_prior": "non_negative",
    "tissue_inclusion": 0.9,
    "tissue_precision": 50.0,
    "max_iter": 1,
    "tolerance": 30.0,
    "shared_noise": False,
    "reconsider": False,
    "samples": 4,
    "rate": 0.2,
    "decay": -0.5,
    "learn_prior": False,
    "svd_start": False,
    "jitter": 1.0,
    "check_every": 15,
    "patience": 1,
}


@pytest.fixture
def read(monkeypatch):
    """Names of options that are read from where the model is, not where options are checked."""
    seen = set()
    known = {field.name for kind in CLASSES for field in fields(kind)}
    plain = CheckedOptions.__getattribute__

    def remember(self, name):
        place = sys._getframe(1).f_globals["__name__"]
        if name in known and not place.endswith("options") and place != "dataclasses":
            seen.add(name)
        return plain(self, name)

    monkeypatch.setattr(CheckedOptions, "__getattribute__", remember)
    return seen


def conditions_unmet(kind, name):
    return [one for one in READ_WITH[name] if not one.holds(kind)]


def other_values(kind):
    """Values that are not the defaults of a model."""
    return OTHERWISE | ({"specific": True} if kind.engine == "sgvb" else {})


def test_every_option_has_a_place_among_these():
    known = {field.name for kind in CLASSES for field in fields(kind)} - {"seed"}
    assert set(READ_WITH) == set(OTHERWISE) == known


@pytest.mark.parametrize("model", MODELS)
def test_what_a_model_does_not_read_is_refused_and_what_it_takes_is_read(model, read):
    kind, run = MODELS[model]
    run()
    for name, value in other_values(kind).items():
        unmet = conditions_unmet(kind, name)
        if not unmet:  # the default of `variant_prior` is read in the choice of a class
            assert name in read | {"variant_prior"}, f"{model} takes {name} and never reads it"
        elif name not in ("shared_noise", "reconsider", "background"):
            with pytest.raises(FqtlError, match=f"Option {name}=.* it needs .*, found "):
                run(**{name: value})


@pytest.mark.parametrize("model", MODELS)
def test_what_is_not_there_may_be_declined_and_cannot_be_asked_for(model):
    kind, run = MODELS[model]
    for name in ("shared_noise", "reconsider"):
        if conditions_unmet(kind, name):
            run(**{name: False})
            with pytest.raises(FqtlError, match=f"Option {name}=True would not be read"):
                run(**{name: True})
