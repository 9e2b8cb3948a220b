"""What is compared: the model, the model without one of its parts, and tissues one by one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import fqtl
from fqtl.gene.baseline import PENALTIES, SETTINGS, elastic_net
from fqtl.model.arrays.threads import one_thread
from fqtl.model.results.credible_sets import CredibleSet
from tests.benchmarks.accuracy.ctimp import ctimp
from tests.benchmarks.accuracy.scenarios import SCENARIOS
from tests.benchmarks.accuracy.susie import susie


@dataclass(frozen=True)
class Answer:
    """What a method says about p variants in m tissues.

    effects : (p, m) in units of y per unit of x
    seconds : of CPU
    variant_pip : (p,) probability of an effect in any tissue, None if the method has none
    tissue_pip : (m,) probability of any effect, None if the method has none
    sets : credible sets, None if the method has none
    rank : number of factors, None if the method has none
    """

    effects: np.ndarray
    seconds: float
    variant_pip: np.ndarray | None = None
    tissue_pip: np.ndarray | None = None
    sets: list[CredibleSet] | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Method:
    """How y (n, m) with NaN and x (n, p) become an answer.

    replicates : no more than these are run, None for all that are asked for
    scenarios : those that are run, None for all
    """

    words: str
    run: Callable[[np.ndarray, np.ndarray], Answer]
    replicates: int | None = None
    scenarios: tuple[str, ...] | None = None


def timed(method: Method, y: np.ndarray, x: np.ndarray) -> Answer:
    """Answer of a method, and what it cost."""
    with one_thread():
        started = time.process_time()
        answer = method.run(y, x)
        return replace(answer, seconds=time.process_time() - started)


def model(**options: Any) -> Callable[[np.ndarray, np.ndarray], Answer]:
    """`fqtl.fit` of all tissues with these options."""

    def run(y: np.ndarray, x: np.ndarray) -> Answer:
        fit = fqtl.fit(y, x, **options)
        shares = options.get("factored", True) and y.shape[1] > 1
        return Answer(
            fit.effects,
            0.0,
            fit.variant_pip,
            fit.tissue_pip,
            list(fit.credible_sets),
            fit.rank if shares else None,
        )

    return run


def alone(y: np.ndarray, x: np.ndarray) -> Answer:
    """`fqtl.fit` of each tissue by itself."""
    fits, sets = [], []
    for t, column in enumerate(y.T):
        seen = ~np.isnan(column)
        fit = fqtl.fit(column[seen, None], x[seen])
        fits.append(fit)
        sets += [replace(entry, tissue=t) for entry in fit.credible_sets]
    return Answer(
        np.hstack([fit.effects for fit in fits]),
        0.0,
        1 - np.prod([1 - fit.variant_pip for fit in fits], axis=0),
        np.hstack([fit.tissue_pip for fit in fits]),
        sets,
    )


def susie_of_each(y: np.ndarray, x: np.ndarray) -> Answer:
    """SuSiE of each tissue by itself."""
    found = [susie(column[seen], x[seen]) for column, seen in zip(y.T, ~np.isnan(y.T), strict=True)]
    effects, pip = (np.column_stack(columns) for columns in zip(*found, strict=True))
    return Answer(effects, 0.0, 1 - np.prod(1 - pip, axis=1), 1 - np.prod(1 - pip, axis=0))


def ctimp_of_all(y: np.ndarray, x: np.ndarray) -> Answer:
    """CTIMP of all tissues."""
    return Answer(ctimp(y, x), 0.0)


def baseline(y: np.ndarray, x: np.ndarray) -> Answer:
    """Elastic net of each tissue by itself, its penalty by cross-validation."""
    return Answer(elastic_net(y, x, tolerance=1e-3), 0.0)


# where there is something to share, or to reconsider
OF_SEVERAL_TISSUES = tuple(
    name for name, scenario in SCENARIOS.items() if len(scenario.tissues) > 1
)
METHODS = {
    "fqtl": Method("the model as it is by default", model()),
    "no specific": Method(
        "`specific=False`: factors alone", model(specific=False), scenarios=OF_SEVERAL_TISSUES
    ),
    "no factors": Method(
        "`factored=False`: single effects of each tissue (a SuSiE of each), which share a prior "
        "and noise",
        model(factored=False),
    ),
    "not reconsidered": Method(
        "`reconsider=False`", model(reconsider=False), scenarios=OF_SEVERAL_TISSUES
    ),
    "spike and slab": Method(
        '`variant_prior="spike_slab"`: each variant of a factor with a spike and a slab, as in the '
        "method's paper, and so beside the factors",
        model(variant_prior="spike_slab"),
        scenarios=("A", "B", "C", "D"),
    ),
    "no shared noise": Method(
        "`shared_noise=False`", model(shared_noise=False), scenarios=OF_SEVERAL_TISSUES
    ),
    "alone": Method(
        "every tissue fitted by itself: single effects, nothing shared, no other tissue known",
        alone,
    ),
    "SuSiE": Method(
        "of each tissue by itself, as susieR fits it (`tests/benchmarks/accuracy/susie.py`); every "
        "effect counts as one, however improbable",
        susie_of_each,
        scenarios=("A", "B", "C", "D"),
    ),
    "CTIMP": Method(
        "a sparse group lasso of all tissues, which trained UTMOST's weights "
        "(`tests/benchmarks/accuracy/ctimp.py`), on fewer genes",
        ctimp_of_all,
        replicates=6,
        scenarios=("A", "B"),
    ),
    "elastic net": Method(
        f"of each tissue by itself (scikit-learn, l1_ratio {SETTINGS['l1_ratio']}, "
        f"{SETTINGS['cv']} folds, {PENALTIES} penalties), on fewer genes",
        baseline,
        replicates=6,
        scenarios=("A", "B", "C", "D"),
    ),
}
