"""What the genes of a release say beforehand of one of them: the few numbers that its fit reads.

They are learned from a sample of genes (`fqtl.model.learn_priors`), and are where a fit starts and
what holds it back; a gene still learns shares and sizes of its own. Each of them stands in the
place of a constant of `default_model.py`, whose values they keep where few genes were seen.
"""

from dataclasses import dataclass, fields
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

    def __post_init__(self) -> None:
        if len(self.likeness) != len(LIKENESS):
            raise FqtlError(
                f"Priors have {len(LIKENESS)} probabilities of likeness, one for each of "
                f"{', '.join(map(str, LIKENESS))}; found {len(self.likeness)}."
            )
        for name, value in self.by_name().items():
            _refuse_impossible(name, value)
        if abs(sum(self.likeness) - 1) > ROUNDED:
            raise FqtlError(
                f"Probabilities of likeness of priors must add up to 1, found {sum(self.likeness)}."
            )

    def by_name(self) -> dict[str, float]:
        """Every number by its name; that of a likeness has it at its end."""
        single = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "likeness"
        }
        grid = zip(LIKENESS, self.likeness, strict=True)
        return single | {f"likeness_{alike:g}": value for alike, value in grid}

    @classmethod
    def of_names(cls, values: dict[str, float]) -> "Priors":
        """Of numbers as `by_name` gives them."""
        single: dict[str, Any] = {
            name: value for name, value in values.items() if not name.startswith("likeness_")
        }
        likeness = tuple(values[f"likeness_{alike:g}"] for alike in LIKENESS)
        return cls(**{**single, "n_tissues": int(values["n_tissues"])}, likeness=likeness)


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
        good, needed = value >= 1 and value == int(value), "a whole number of at least 1"
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
