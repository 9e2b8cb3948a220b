"""What a method learns from many genes: of each gene by itself, then of all genes together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import fqtl
from fqtl.model.learn_priors import FactorSeen, Seen, priors_of
from fqtl.model.learned_tissues import TissueEvidence
from tests.benchmarks.accuracy.real.patterns import Strongest, learned, strongest

LEARNING_GENES = 200  # the first of the random order, whichever are predicted


@dataclass(frozen=True)
class Learning:
    """How a method learns.

    of_gene : y (n, m) with NaN and x (n, p) become what a file keeps of the gene
    of_all : what is kept of all genes becomes what the method is given
    """

    name: str
    of_gene: Callable[[np.ndarray, np.ndarray], dict[str, Any]]
    of_all: Callable[[Sequence[dict[str, Any]]], Any]


def _seen(y: np.ndarray, x: np.ndarray) -> dict[str, Any]:
    """What a fit with the default priors says of the priors."""
    seen = Seen.of(fqtl.fit(y, x))
    arrays = {name: _as_list(getattr(seen, name)) for name in ("said", "background", "another")}
    return {**vars(seen), **arrays}


def _as_list(values: np.ndarray | None) -> list[Any] | None:
    return None if values is None else values.tolist()


def _as_array(values: list[Any] | None) -> np.ndarray | None:
    return None if values is None else np.array(values)


def _evidence(kept: Sequence[Any]) -> TissueEvidence:
    log_odds, log_bayes = kept
    return TissueEvidence(log_odds, tuple(log_bayes))


def _priors(kept: Sequence[dict[str, Any]]) -> fqtl.Priors:
    return priors_of([_as_seen(gene) for gene in kept])


def _as_seen(kept: dict[str, Any]) -> Seen:
    factors = tuple(
        FactorSeen(*numbers, _evidence(of_tissues)) for *numbers, of_tissues in kept["factors"]
    )
    arrays = {name: _as_array(kept[name]) for name in ("background", "another")}
    return Seen(
        **{
            **kept,
            **arrays,
            "said": np.array(kept["said"]),
            "own": _evidence(kept["own"]),
            "factors": factors,
            "tissues": tuple(kept["tissues"]),
        }
    )


PATTERNS = Learning(
    "strongest",
    lambda y, x: strongest(y, x).kept(),
    lambda kept: learned([Strongest.of(gene) for gene in kept]),
)
PRIORS = Learning("priors", _seen, _priors)
LEARNINGS = {learning.name: learning for learning in (PATTERNS, PRIORS)}
