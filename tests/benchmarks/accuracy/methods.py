"""What is compared: the model, the model without one of its parts, and tissues one by one."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNetCV

import fqtl
from fqtl.model.credible import CredibleSet
from fqtl.model.threads import one_thread

ELASTIC_NET: dict[str, Any] = {"l1_ratio": 0.5, "cv": 5, "tol": 1e-3}
PENALTIES, SMALLEST_PENALTY = 20, 0.05  # on a logarithmic scale, of the one that leaves nothing


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


def elastic_net(y: np.ndarray, x: np.ndarray) -> Answer:
    """Elastic net of each tissue by itself, its penalty by cross-validation."""
    return Answer(np.column_stack([_elastic_net(column, x) for column in y.T]), 0.0)


def _elastic_net(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(p,) effects per unit of x; y (n,) with NaN."""
    seen = ~np.isnan(y)
    y, x = y[seen].astype(x.dtype), x[seen]
    sd = np.maximum(x.std(axis=0), 1e-9)
    x, y = (x - x.mean(axis=0)) / sd, y - y.mean()
    largest = np.abs(x.T @ y).max() / (len(y) * ELASTIC_NET["l1_ratio"])
    penalties = np.geomspace(largest, SMALLEST_PENALTY * largest, PENALTIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = ElasticNetCV(alphas=penalties, **ELASTIC_NET).fit(x, y)
    return np.asarray(fitted.coef_ / sd, dtype=np.float64)


METHODS = {
    "fqtl": Method("the model as it is by default", model()),
    "no specific": Method("`specific=False`: factors alone", model(specific=False)),
    "no factors": Method(
        "`factored=False`: single effects of each tissue (a SuSiE of each), which share a prior "
        "and noise",
        model(factored=False),
    ),
    "no shared noise": Method("`shared_noise=False`", model(shared_noise=False)),
    "alone": Method(
        "every tissue fitted by itself: single effects, nothing shared, no other tissue known",
        alone,
    ),
    "elastic net": Method(
        f"of each tissue by itself (scikit-learn, l1_ratio {ELASTIC_NET['l1_ratio']}, "
        f"{ELASTIC_NET['cv']} folds, {PENALTIES} penalties), on fewer genes",
        elastic_net,
        replicates=6,
        scenarios=("A", "B", "C", "D"),
    ),
}
