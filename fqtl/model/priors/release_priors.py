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
    another_specific : probability of one more effect of a tissue after each
    another_effect : the same of a factor
    background_probability : that there is a polygenic background, against none
    background_median : of the prior of the share of variance that it explains
    likeness : probability of each of LIKENESS, of the loadings of a factor
    tissues : names, or numbers where those of the genes had none; none where all are alike
    factor_log_odds : ln of the odds that each of these has a factor, over those of the share; none
        where all are alike
    specific_log_odds : the same of effects beside factors
    """

    n_tissues: int
    specific_start: float
    specific_share: float
    specific_weight: float
    specific_square: float
    another_specific: float
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
    specific_log_odds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.likeness) != len(LIKENESS):
            raise FqtlError(
                f"Priors have {len(LIKENESS)} probabilities of likeness, one for each of "
                f"{', '.join(map(str, LIKENESS))}; found {len(self.likeness)}."
            )
        for name, value in self.by_name().items():
            _refuse_impossible(name, value)
        if self.tissues and not any(getattr(self, name) for name in OF_EACH):
            raise FqtlError(f"Priors name {len(self.tissues)} tissues and say nothing of them.")
        for name in OF_EACH:
            self._refuse_impossible_odds(name)
        if abs(sum(self.likeness) - 1) > ROUNDED:
            raise FqtlError(
                f"Probabilities of likeness of priors must add up to 1, found {sum(self.likeness)}."
            )

    def _refuse_impossible_odds(self, name: str) -> None:
        values = getattr(self, name)
        if values and len(values) != len(self.tissues):
            raise FqtlError(
                f"Priors must have one {name} for each of {len(self.tissues)} tissues, found "
                f"{len(values)}."
            )
        for tissue, log_odds in zip(self.tissues, values, strict=False):
            if not abs(log_odds) <= MOST_LOG_ODDS:
                raise FqtlError(
                    f"{name} of {tissue} of priors must be between {-MOST_LOG_ODDS:g} and "
                    f"{MOST_LOG_ODDS:g}, found {log_odds!r}."
                )

    def of_each(self) -> dict[str, dict[str, float]]:
        """For each of OF_EACH, numbers by the name of the tissue."""
        return {
            name: dict(zip(self.tissues, getattr(self, name), strict=False)) for name in OF_EACH
        }

    def of_tissues(self, names: Sequence[str]) -> "Priors":
        """For a response whose columns are of these tissues: one of another name is as usual."""
        return self._of_columns(names)

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
        return self._of_columns([self.tissues[t] for t in index] if self.tissues else [])

    def _of_columns(self, names: Sequence[str]) -> "Priors":
        """Of columns that are these tissues, and that go by their numbers from here on."""
        given: dict[str, tuple[float, ...]] = {
            name: tuple(known.get(tissue, 0.0) for tissue in names)
            for name, known in self.of_each().items()
        }
        of_each: dict[str, Any] = {
            name: values if any(values) else () for name, values in given.items()
        }
        tissues = _numbers(len(names)) if any(of_each.values()) else ()
        return replace(self, tissues=tissues, **of_each)

    def by_name(self) -> dict[str, float]:
        """Every number of all tissues by its name; that of a likeness has it at its end."""
        single = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("likeness", "tissues", *OF_EACH)
        }
        grid = zip(LIKENESS, self.likeness, strict=True)
        return single | {f"likeness_{alike:g}": value for alike, value in grid}

    @classmethod
    def of_names(
        cls, values: dict[str, float], of_each: dict[str, dict[str, float]] | None = None
    ) -> "Priors":
        """Of numbers as `by_name` gives them, and of those of single tissues as `of_each` does.

        A tissue of which one of the latter is not told is as all are.
        """
        single: dict[str, Any] = {
            name: value for name, value in values.items() if not name.startswith("likeness_")
        }
        _refuse_impossible("n_tissues", values["n_tissues"])
        likeness = tuple(values[f"likeness_{alike:g}"] for alike in LIKENESS)
        told = {name: known for name, known in (of_each or {}).items() if known}
        tissues = tuple(dict.fromkeys(tissue for known in told.values() for tissue in known))
        for name, known in told.items():
            single[name] = tuple(known.get(tissue, 0.0) for tissue in tissues)
        single["n_tissues"] = int(values["n_tissues"])
        return cls(**single, likeness=likeness, tissues=tissues)


def _numbers(m: int) -> tuple[str, ...]:
    """What columns without names go by."""
    return tuple(map(str, range(m)))


OF_EACH = ("factor_log_odds", "specific_log_odds")  # of which each tissue has one
# at which a probability can still be told from 0 and 1; those learned are below 14; derived
MOST_LOG_ODDS = 20.0
ROUNDED = 1e-3  # of a sum of probabilities that were written with six digits; taste
PROBABILITIES = (
    "specific_start",
    "specific_share",
    "another_specific",
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
