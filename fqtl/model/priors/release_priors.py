"""What the genes of a release say beforehand of one of them: the few numbers that its fit reads.

They are learned from a sample of genes (`fqtl.model.learn_priors`), and are where a fit starts and
what holds it back; a gene still learns shares and sizes of its own. Each of them stands in the
place of a constant of `default_model.py`, whose values they keep where few genes were seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any

from fqtl.errors import FqtlError
from fqtl.model.priors.likeness import LIKENESS


@dataclass(frozen=True)
class Priors:
    """Of the default model; sizes are squares of effects, in variances of a standardised response.

    n_tissues : of most genes it was learned from
    specific_start : probability that a tissue has effects beside factors, in genes of so many,
        with which a fit starts
    specific_share : share of tissues with such effects, beside which a gene learns its own
    specific_weight : tissues more that it counts for
    specific_square : mean square of an effect of a single tissue
    factor_share : share of tissues that have a factor
    factor_weight : tissues more that this share counts for, where a factor learns its own
    factor_square : mean square of an effect of a factor, in a tissue that has it
    factor_square_weight : effects more that this counts for, where a factor learns its own
    another_effect : probability of one more effect of a factor after each
    background_probability : that there is a polygenic background, against none
    background_median : of the prior of the share of variance that it explains
    likeness : probability of each of LIKENESS, of the loadings of a factor
    tissues : names, or numbers where those of the genes had none; none where all are alike
    factor_log_odds : ln of the odds that each of these has a factor, over those of the share
    """

    n_tissues: int
    specific_start: float
    specific_share: float
    specific_weight: float
    specific_square: float
    factor_share: float
    factor_weight: float
    factor_square: float
    factor_square_weight: float
    another_effect: float
    background_probability: float
    background_median: float
    likeness: tuple[float, ...]
    tissues: tuple[str, ...] = ()
    factor_log_odds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.likeness) != len(LIKENESS):
            raise FqtlError(
                f"Priors have {len(LIKENESS)} probabilities of likeness, one for each of "
                f"{', '.join(map(str, LIKENESS))}; found {len(self.likeness)}."
            )
        for name, value in self.by_name().items():
            _refuse_impossible(name, value)
        if len(self.tissues) != len(self.factor_log_odds):
            raise FqtlError(
                f"Priors must have one log-odds for each of {len(self.tissues)} tissues, found "
                f"{len(self.factor_log_odds)}."
            )
        for tissue, log_odds in zip(self.tissues, self.factor_log_odds, strict=True):
            if not abs(log_odds) <= MOST_LOG_ODDS:
                raise FqtlError(
                    f"factor_log_odds of {tissue} of priors must be between {-MOST_LOG_ODDS:g} and "
                    f"{MOST_LOG_ODDS:g}, found {log_odds!r}."
                )
        if abs(sum(self.likeness) - 1) > ROUNDED:
            raise FqtlError(
                f"Probabilities of likeness of priors must add up to 1, found {sum(self.likeness)}."
            )

    def of_tissues(self, names: Sequence[str]) -> "Priors":
        """For a response whose columns are of these tissues: one of another name is as usual."""
        known = dict(zip(self.tissues, self.factor_log_odds, strict=True))
        return self._of_columns([known.get(name, 0.0) for name in names])

    def of_labels(self, labels: Sequence[str], m: int) -> "Priors":
        """For m columns with these labels, or with none.

        Columns without names are those of the genes it was learned from if these had none, too, and
        as many. Else nothing is known of any, rather than of one what is true of another.
        """
        if labels:
            return self.of_tissues(labels)
        return self if self.tissues == _numbers(m) else self._of_columns([])

    def of_index(self, index: Sequence[int]) -> "Priors":
        """For some of the columns, of priors whose tissues are columns."""
        known = self.factor_log_odds
        return self._of_columns([known[t] for t in index] if known else [])

    def _of_columns(self, log_odds: Sequence[float]) -> "Priors":
        given = tuple(log_odds) if any(log_odds) else ()
        return replace(self, tissues=_numbers(len(given)), factor_log_odds=given)

    def by_name(self) -> dict[str, float]:
        """Every number of all tissues by its name; that of a likeness has it at its end."""
        single = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("likeness", "tissues", "factor_log_odds")
        }
        grid = zip(LIKENESS, self.likeness, strict=True)
        return single | {f"likeness_{alike:g}": value for alike, value in grid}

    @classmethod
    def of_names(
        cls, values: dict[str, float], factor_log_odds: dict[str, float] | None = None
    ) -> "Priors":
        """Of numbers as `by_name` gives them, and of those of single tissues by theirs."""
        single: dict[str, Any] = {
            name: value for name, value in values.items() if not name.startswith("likeness_")
        }
        _refuse_impossible("n_tissues", values["n_tissues"])
        likeness = tuple(values[f"likeness_{alike:g}"] for alike in LIKENESS)
        of_each = factor_log_odds or {}
        return cls(
            **{**single, "n_tissues": int(values["n_tissues"])},
            likeness=likeness,
            tissues=tuple(of_each),
            factor_log_odds=tuple(of_each.values()),
        )


def _numbers(m: int) -> tuple[str, ...]:
    """What columns without names go by."""
    return tuple(map(str, range(m)))


# at which a probability can still be told from 0 and 1; those learned are below 14; derived
MOST_LOG_ODDS = 20.0
ROUNDED = 1e-3  # of a sum of probabilities that were written with six digits; taste
PROBABILITIES = (
    "specific_start",
    "specific_share",
    "factor_share",
    "another_effect",
    "background_probability",
    "background_median",
    "likeness",
)
POSITIVE = ("specific_square", "factor_square", "specific_weight")


def _refuse_impossible(name: str, value: float) -> None:
    if name == "n_tissues":
        good, needed = value >= 1 and value % 1 == 0, "a whole number of at least 1"
    elif name.startswith(PROBABILITIES):
        most = 1.0 if name.startswith("likeness") else 1 - 1e-9
        good, needed = 0 <= value <= most, "a probability"
        if not name.startswith("likeness"):
            good, needed = 0 < value <= most, "a probability between 0 and 1"
    elif name in POSITIVE:
        good, needed = value > 0, "above 0"
    else:
        good, needed = value >= 0, "a number that is not negative"
    if not (good and isfinite(value)):
        raise FqtlError(f"{name} of priors must be {needed}, found {value!r}.")
