"""What is made of real genes: contexts of the same donors, of disjoint ones, one without effects.

People that are split at random into groups are contexts that share every effect; the best that a
joint model can do is what a model of all people does. Where the values of a context are permuted it
is a context without any effect.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.gene.cross_validation import assign_folds
from tests.benchmarks.accuracy.real.data import Gene

FOLDS = 5
SEED = 1


@dataclass(frozen=True)
class Setting:
    """Which genes, into how many groups their donors are split, whether the last is permuted."""

    words: str
    source: str
    groups: int = 1
    permuted: bool = False

    @property
    def several(self) -> bool:
        """Whether there is more than one context."""
        return self.groups > 1 or self.permuted or self.source == "mouse"


@dataclass(frozen=True)
class Case:
    """A gene in a setting.

    y : (n, m) with NaN; x : (n, p)
    fold : (n,), of each group of donors the same share
    real : (m,) False for the context whose values are permuted
    """

    name: str
    y: np.ndarray
    x: np.ndarray
    fold: np.ndarray
    real: np.ndarray

    def without(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """y and x of the donors of the other folds."""
        kept = self.fold != fold
        return self.y[kept], self.x[kept]


def _split(groups: int, permuted: bool) -> Setting:
    words = f"chromosome 22, the people split at random into {groups} groups of the same size"
    last = "; in the last one values are permuted among its people" if permuted else ""
    return Setting(words + last, "chr22", groups, permuted)


SETTINGS = {
    "whole": Setting("chromosome 22, one context of all people", "chr22"),
    "whole, permuted": Setting(
        "the same, and a second context of the same people with the values permuted",
        "chr22",
        permuted=True,
    ),
    "2 groups": _split(2, False),
    "2 groups, permuted": _split(2, True),
    "4 groups": _split(4, False),
    "4 groups, permuted": _split(4, True),
    "8 groups": _split(8, False),
    "8 groups, permuted": _split(8, True),
    "mouse": Setting("gastrocnemius and islet of the same animals of an intercross", "mouse"),
}


def case_of(setting: Setting, gene: Gene) -> Case:
    """The gene in its contexts, with the folds of its donors."""
    n = len(gene.y)
    group = np.random.default_rng([SEED, setting.groups]).permutation(n) % setting.groups
    y = gene.y
    if setting.groups > 1:
        y = np.where(group[:, None] == np.arange(setting.groups), gene.y, np.nan)
    elif setting.permuted:
        y = np.hstack([gene.y, gene.y])
    real = np.full(y.shape[1], True)
    if setting.permuted:
        real[-1] = False
        y = with_permuted(y, y.shape[1] - 1, np.random.default_rng([SEED, *gene.name.encode()]))
    fold = np.empty(n, dtype=np.int64)
    for one in range(setting.groups):
        fold[group == one] = assign_folds(int((group == one).sum()), FOLDS, SEED)
    return Case(gene.name, y, gene.x, fold, real)


def with_permuted(y: np.ndarray, context: int, rng: np.random.Generator) -> np.ndarray:
    """Expression (n, m) in which the donors of one context have exchanged their values."""
    mixed, seen = y.copy(), np.flatnonzero(np.isfinite(y[:, context]))
    mixed[seen, context] = y[rng.permutation(seen), context]
    return mixed
