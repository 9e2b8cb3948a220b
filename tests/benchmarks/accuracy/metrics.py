"""How good an answer is: of one gene, and over replicates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from fqtl.model.results.credible_sets import CredibleSet
from fqtl.tables.fits import CALL
from tests.benchmarks.accuracy.methods import Answer
from tests.benchmarks.accuracy.scenarios import Data

NAN = float("nan")
PREDICTED = 0.01  # share of variance from which a tissue counts as predicted
PARTNER = 0.8  # r² from which a variant counts as a causal one
TWIN = 0.99  # r² from which variants cannot be told apart
PURITY = 0.5  # of a credible set, from which it is looked at


@dataclass(frozen=True)
class Measures:
    """Of one gene; NaN where there is nothing to measure. Tissues with effects are "active".

    r2 : with the true genetic value of test donors, mean over active tissues
    r2_expression, r2_attainable : of the prediction, and of the true genetic value, with expression
    covariance, variance : of truth and prediction, and of the prediction, summed over active
        tissues: their ratio is the slope of truth on prediction
    null_tissues, null_predicted, null_called : tissues without effects; those of them whose
        prediction has more than PREDICTED of the variance; those called
    tissue_ap : average precision of tissues
    variant_ap, variant_ap_ld : of variants; the latter takes partners of causal ones as causal
    sets, sets_right, sets_twin : credible sets; those with a simulated variant, or one that is as
        good as the same
    set_size : median number of variants of a set
    simulated, simulated_found : simulated variants; those in any set
    rank_right : whether the number of factors is the simulated one
    seconds : of CPU
    """

    r2: float
    r2_expression: float
    r2_attainable: float
    covariance: float
    variance: float
    null_tissues: float
    null_predicted: float
    null_called: float
    tissue_ap: float
    variant_ap: float
    variant_ap_ld: float
    sets: float
    sets_right: float
    sets_twin: float
    set_size: float
    simulated: float
    simulated_found: float
    rank_right: float
    seconds: float


def measure(data: Data, answer: Answer) -> Measures:
    """What an answer is worth."""
    rank_known = answer.rank is not None
    return Measures(
        **_of_predictions(data, answer),
        **_of_tissues(data, answer),
        **_of_variants(data, answer),
        **_of_sets(data, answer),
        rank_right=float(answer.rank == data.factors) if rank_known else NAN,
        seconds=answer.seconds,
    )


def _of_predictions(data: Data, answer: Answer) -> dict[str, float]:
    active = data.effects.any(axis=0)
    predicted = centred(data.x_test @ answer.effects)
    variance = predicted.var(axis=0)
    null = {
        "null_tissues": float((~active).sum()),
        "null_predicted": float((variance[~active] > PREDICTED).sum()),
    }
    names = ("r2", "r2_expression", "r2_attainable", "covariance", "variance")
    if not active.any():
        return {**dict.fromkeys(names, NAN), **null}
    truth, y = centred(data.genetic_test)[:, active], centred(data.y_test)[:, active]
    predicted = predicted[:, active]
    values = (
        r2(predicted, truth).mean(),
        r2(predicted, y).mean(),
        r2(truth, y).mean(),
        (truth * predicted).mean(axis=0).sum(),
        variance[active].sum(),
    )
    return {**dict(zip(names, map(float, values), strict=True)), **null}


def centred(values: np.ndarray) -> np.ndarray:
    """Columns around their mean."""
    return values - values.mean(axis=0)


def r2(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) squared correlation of the columns of centred a and b, 0 where one is constant."""
    both = (a * b).sum(axis=0)
    size = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    return np.divide(both**2, size, out=np.zeros_like(both), where=size > 1e-20)


def _of_tissues(data: Data, answer: Answer) -> dict[str, float]:
    if answer.tissue_pip is None:
        return {"null_called": NAN, "tissue_ap": NAN}
    active = data.effects.any(axis=0)
    return {
        "null_called": float((answer.tissue_pip[~active] > CALL).sum()),
        "tissue_ap": average_precision(active, answer.tissue_pip),
    }


def _of_variants(data: Data, answer: Answer) -> dict[str, float]:
    if answer.variant_pip is None:
        return {"variant_ap": NAN, "variant_ap_ld": NAN}
    causal = data.effects.any(axis=1)
    partner = like_causal(data.x, data.effects, PARTNER).any(axis=1)
    return {
        "variant_ap": average_precision(causal, answer.variant_pip),
        "variant_ap_ld": average_precision(partner, answer.variant_pip),
    }


def average_precision(truth: Any, score: np.ndarray) -> float:
    """Of scores against truth, both (size,); NaN if nothing is true, or all."""
    if truth.all() or not truth.any():
        return NAN
    return float(average_precision_score(truth, score))


def like_causal(x: np.ndarray, effects: np.ndarray, least: float) -> np.ndarray:
    """(p, m) whether a variant has r² of at least `least` with one that acts in a tissue."""
    causal = np.flatnonzero(effects.any(axis=1))
    return (ld(x, causal) >= least) @ (effects[causal] != 0)


def ld(x: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(p, k) r² of all variants with the k whose indices are given; x (n, p)."""
    standard = centred(x.astype(np.float64))
    standard /= np.maximum(np.sqrt((standard**2).sum(axis=0)), 1e-9)
    return (standard.T @ standard[:, among]) ** 2


def _of_sets(data: Data, answer: Answer) -> dict[str, float]:
    names = ("sets", "sets_right", "sets_twin", "set_size", "simulated", "simulated_found")
    if answer.sets is None:
        return dict.fromkeys(names, NAN)
    sets = [entry for entry in answer.sets if entry.pip > CALL and entry.purity >= PURITY]
    acts = data.effects != 0
    same = acts | like_causal(data.x, data.effects, TWIN)
    in_any = np.unique(np.concatenate([np.empty(0, int), *(entry.variants for entry in sets)]))
    values = (
        len(sets),
        sum(_holds(entry, acts) for entry in sets),
        sum(_holds(entry, same) for entry in sets),
        np.median([len(entry.variants) for entry in sets]) if sets else NAN,
        acts.any(axis=1).sum(),
        acts.any(axis=1)[in_any].sum(),
    )
    return dict(zip(names, map(float, values), strict=True))


def _holds(entry: CredibleSet, acts: np.ndarray) -> bool:
    """Whether a variant of a set acts (p, m): in the tissue of the set, or in any."""
    where = slice(None) if entry.tissue is None else entry.tissue
    return bool(acts[entry.variants, where].any())
