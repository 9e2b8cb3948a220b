"""What a method learns from many genes: of each gene by itself, then of all genes together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import fqtl
from fqtl.model.learn_priors import FactorSeen, Seen, priors_of
from fqtl.model.learned_tissues import FactorTissues
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
    background = None if seen.background is None else seen.background.tolist()
    return {**vars(seen), "said": seen.said.tolist(), "background": background}


def _priors(kept: Sequence[dict[str, Any]]) -> fqtl.Priors:
    return priors_of([_as_seen(gene) for gene in kept])


def _as_seen(kept: dict[str, Any]) -> Seen:
    factors = tuple(
        FactorSeen(*numbers, FactorTissues(log_odds, tuple(log_bayes)))
        for *numbers, (log_odds, log_bayes) in kept["factors"]
    )
    of_background = kept["background"]
    return Seen(
        **{
            **kept,
            "said": np.array(kept["said"]),
            "factors": factors,
            "tissues": tuple(kept["tissues"]),
            "background": None if of_background is None else np.array(of_background),
        }
    )


PATTERNS = Learning(
    "strongest",
    lambda y, x: strongest(y, x).kept(),
    lambda kept: learned([Strongest.of(gene) for gene in kept]),
)
PRIORS = Learning("priors", _seen, _priors)
LEARNINGS = {learning.name: learning for learning in (PATTERNS, PRIORS)}
