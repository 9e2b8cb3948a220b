"""What is compared on real genes: effects (p, m) from the training donors of a gene."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fqtl
from fqtl.gene.baseline import PENALTIES, elastic_net
from fqtl.gene.baseline import SETTINGS as ELASTIC_NET
from tests.benchmarks.accuracy.ctimp import ctimp
from tests.benchmarks.accuracy.real.blup import blup
from tests.benchmarks.accuracy.real.learning import LEARNING_GENES, PATTERNS, PRIORS, Learning
from tests.benchmarks.accuracy.real.mr_mash import mr_mash
from tests.benchmarks.accuracy.real.settings import Setting
from tests.benchmarks.accuracy.susie import susie

FEWEST_DONORS = 10  # of a context that anything is learned from


@dataclass(frozen=True)
class Training:
    """Donors of a gene that a method may learn from.

    y : (n, m) with NaN; x : (n, p); real : as of a case
    learned : from many genes in the same donors, if the method learns
    """

    y: np.ndarray
    x: np.ndarray
    real: np.ndarray
    learned: Any = None


Run = Callable[[Training], np.ndarray]


Where = Callable[[Setting], bool]


def everywhere(setting: Setting) -> bool:
    return True


def several(setting: Setting) -> bool:
    return setting.several


def of_a_release(setting: Setting) -> bool:
    """Whether there are genes enough to learn from."""
    return setting.source == "chr22"


def permuted(setting: Setting) -> bool:
    return setting.permuted


def unpermuted(setting: Setting) -> bool:
    """A method of single contexts predicts the same beside a permuted one."""
    return not setting.permuted


def several_unpermuted(setting: Setting) -> bool:
    return setting.several and not setting.permuted


@dataclass(frozen=True)
class Method:
    """How training donors become effects (p, m) per unit of x.

    where : settings in which it says something of its own
    stage : methods of a stage are run after those of all stages before
    genes : no more than these are run, None for all that are asked for
    learns : how it learns from many genes, None for one that does not
    """

    words: str
    run: Run
    where: Where = everywhere
    stage: int = 0
    genes: int | None = None
    learns: Learning | None = None


def of_contexts(of_one: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Run:
    """Every context by itself; `of_one` makes effects (p,) of y (n,) and x (n, p)."""

    def run(training: Training) -> np.ndarray:
        return np.column_stack([_learned(of_one, y, training.x) for y in training.y.T])

    return run


def of_pooled(of_one: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Run:
    """All contexts as one: the mean of a donor's contexts, each around its own mean."""

    def run(training: Training) -> np.ndarray:
        effects = _learned(of_one, pooled(training.y), training.x)
        return np.repeat(effects[:, None], training.y.shape[1], axis=1)

    return run


def pooled(y: np.ndarray) -> np.ndarray:
    """(n,) mean of each donor's contexts, NaN without any."""
    around = y - np.nanmean(y, axis=0)
    seen = np.isfinite(y)
    total, count = np.where(seen, around, 0).sum(axis=1), seen.sum(axis=1)
    return np.divide(total, count, out=np.full(len(y), np.nan), where=count > 0)


def _learned(
    of_one: Callable[[np.ndarray, np.ndarray], np.ndarray], y: np.ndarray, x: np.ndarray
) -> np.ndarray:
    seen = np.isfinite(y)
    if seen.sum() < FEWEST_DONORS or np.ptp(y[seen]) == 0:
        return np.zeros(x.shape[1])
    return of_one(y[seen], x[seen])


def model_of_one(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return fqtl.fit(y[:, None], x).effects[:, 0]


def joint(training: Training) -> np.ndarray:
    return fqtl.fit(training.y, training.x).effects


def joint_learned(training: Training) -> np.ndarray:
    return fqtl.fit(training.y, training.x, priors=training.learned).effects


def joint_of_real(training: Training) -> np.ndarray:
    """The model as if the permuted context had not been measured."""
    effects = np.zeros((training.x.shape[1], training.y.shape[1]))
    effects[:, training.real] = fqtl.fit(training.y[:, training.real], training.x).effects
    return effects


def elastic_net_of_one(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return elastic_net(y[:, None], x, tolerance=1e-3)[:, 0]


def susie_of_one(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return susie(y, x)[0]


def mr_mash_of_all(training: Training) -> np.ndarray:
    return mr_mash(training.y, training.x, training.learned)


METHODS = {
    "joint": Method("`fqtl.fit` of all contexts together, as it is by default", joint),
    "joint, learned": Method(
        f"the same with priors that are learned from {LEARNING_GENES} genes, as a release has them",
        joint_learned,
        of_a_release,
        learns=PRIORS,
    ),
    "joint without": Method("the same without the permuted context", joint_of_real, permuted),
    "alone": Method("`fqtl.fit` of each context by itself", of_contexts(model_of_one), several),
    "pooled": Method(
        "`fqtl.fit` of all contexts as one: the mean of a donor's contexts",
        of_pooled(model_of_one),
        several,
    ),
    "elastic net": Method(
        f"of each context by itself (scikit-learn, l1_ratio {ELASTIC_NET['l1_ratio']}, "
        f"{ELASTIC_NET['cv']} folds, {PENALTIES} penalties)",
        of_contexts(elastic_net_of_one),
        unpermuted,
        stage=1,
    ),
    "elastic net, pooled": Method(
        "of all contexts as one", of_pooled(elastic_net_of_one), several_unpermuted, stage=1
    ),
    "BLUP": Method(
        "of each context by itself, its variance by restricted maximum likelihood "
        "(`tests/benchmarks/accuracy/real/blup.py`)",
        of_contexts(blup),
        unpermuted,
    ),
    "BLUP, pooled": Method("of all contexts as one", of_pooled(blup), several_unpermuted),
    "SuSiE": Method(
        "of each context by itself (`tests/benchmarks/accuracy/susie.py`)",
        of_contexts(susie_of_one),
        unpermuted,
        stage=1,
    ),
    "CTIMP": Method(
        "a sparse group lasso of all contexts (`tests/benchmarks/accuracy/ctimp.py`)",
        lambda training: ctimp(training.y, training.x),
        several_unpermuted,
        stage=3,
        genes=20,
    ),
    "mr.mash": Method(
        "all contexts, with patterns of sharing that are learned from the strong effects of "
        f"{LEARNING_GENES} genes (`tests/benchmarks/accuracy/real/mr_mash.py`)",
        mr_mash_of_all,
        several,
        stage=2,
        genes=40,
        learns=PATTERNS,
    ),
}
