"""What no GWAS can hold: noticed in the first rows that have it, with line, column and number."""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.errors import FqtlError
from fqtl.gwas.batches import Batch
from fqtl.gwas.effects import is_share, log_of_text, magnitude
from fqtl.gwas.layouts import Layout

log = logging.getLogger(__name__)
ENOUGH = 50  # rows from which the range of a column says something
RATIOS = (0.5, 2.0)  # where the median of odds ratios is
AGREE = (0.8, 1.25)  # z of beta and se over z of p; genomic control moves it by a tenth or so
SAMPLED = 5_000
TELLING = (1.0, 30.0)  # |z| from which the two can be compared
SIGNED = ("beta", "z")
MANY = 1_000  # rows of which some should have an effect below 0
FREQUENCIES = ("frequency", "other_frequency")
A_FREQUENCY = "a frequency from 0 to 1"


class Checks:
    """Of every batch.

    bad_rows : whether values that cannot be are ignored and counted, or else refused
    """

    def __init__(self, path: Path, layout: Layout, skipped: int, *, bad_rows: bool = False) -> None:
        self._path, self._layout, self._skipped = path, layout, skipped
        self._bad_rows = bad_rows
        self._lowest = dict.fromkeys(SIGNED, np.inf)
        self._count = dict.fromkeys(SIGNED, 0)
        self._median = np.nan  # of beta in the first rows
        self._compared = False
        self.ignored: Counter[str] = Counter()

    def see(self, batch: Batch) -> None:
        """Check a batch; with `bad_rows` what cannot be is counted, and is not used later."""
        if "se" in batch.columns:
            self._refuse(batch, "se", batch.number("se") <= 0, "a standard error above 0")
        if "odds_ratio" in batch.columns:
            wrong = batch.number("odds_ratio") <= 0
            self._refuse(batch, "odds_ratio", wrong, "an odds ratio above 0, not its logarithm")
        if "neg_log10_p" in batch.columns:
            self._refuse(batch, "neg_log10_p", batch.number("neg_log10_p") < 0, "-log10 of p")
        if "p" in batch.columns:
            p = self._as_numbers(batch)
            self._refuse(batch, "p", (p < 0) | (p > 1), "a p-value from 0 to 1")
        pos = batch.number("pos")
        if "pos" in self._layout.columns:
            wrong = (pos < 0) | (pos % 1 != 0) & ~np.isnan(pos)
            self._refuse(batch, "pos", wrong, "a position in base pairs")
        for meaning in FREQUENCIES:
            self._see_frequencies(batch, meaning)
        self._notice_signs(batch)
        self._compare(batch)

    def finish(self) -> None:
        """Refuse odds ratios in a column of effects; tell where nothing is below 0."""
        name = self._layout.columns.get("beta", "ES")
        if are_ratios(self._count["beta"], self._lowest["beta"], self._median):
            raise FqtlError(
                f"{self._path}, column {name!r}: expected effects with both signs, found "
                f"{self._count['beta']} values all above 0 with a median of {self._median:.3g}, as "
                f"odds ratios have. If so, say it: --columns odds_ratio={name}."
            )
        for meaning in SIGNED:
            count = self._count[meaning]
            warn_unsigned(self._path, self._layout, meaning, count, self._lowest[meaning])

    def _see_frequencies(self, batch: Batch, meaning: str) -> None:
        """Refuse a column of other numbers, as percentages; -9 here and there is no frequency."""
        frequency = batch.number(meaning)
        wrong = np.isfinite(frequency) & ~is_share(frequency)
        if 2 * wrong.sum() > np.isfinite(frequency).sum():
            self._refuse(batch, meaning, wrong, A_FREQUENCY)
        elif wrong.any():
            name = self._layout.columns.get(meaning, meaning)
            self.ignored[f"{name} is not {A_FREQUENCY}"] += int(wrong.sum())

    def _refuse(self, batch: Batch, meaning: str, wrong: np.ndarray, expected: str) -> None:
        found = np.flatnonzero(wrong)
        if not len(found):
            return
        name = self._layout.columns.get(meaning, meaning)
        if self._bad_rows:
            self.ignored[f"{name} is not {expected}"] += len(found)
            return
        row = int(batch.rows()[found[0]])
        value = batch.columns[meaning][int(found[0])].as_py()
        shown = value if isinstance(value, str) else f"{value:g}"
        raise FqtlError(
            f"{self._path}, line {row + self._skipped}, column {name!r}: expected {expected}, "
            f"found {shown} ({len(found)} of {len(batch)} rows from line "
            f"{batch.first + self._skipped} on). Is it the right column? To go on without such "
            "values, give --bad-rows ignore."
        )

    def _as_numbers(self, batch: Batch) -> np.ndarray:
        text = pc.utf8_trim_whitespace(batch.columns["p"])
        try:
            return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            for row, value in zip(batch.rows(), text.to_pylist(), strict=True):
                if value is not None and not _is_number(value):
                    name = self._layout.columns["p"]
                    raise FqtlError(
                        f"{self._path}, line {row + self._skipped}, column {name!r}: expected a "
                        f"number, found {value!r}."
                    ) from None
            raise

    def _notice_signs(self, batch: Batch) -> None:
        for meaning in SIGNED:
            values = batch.number(meaning)
            values = values[~np.isnan(values)]
            if len(values):
                self._count[meaning] += len(values)
                self._lowest[meaning] = min(self._lowest[meaning], float(values.min()))
                if meaning == "beta" and np.isnan(self._median):
                    self._median = float(np.median(values))

    def _compare(self, batch: Batch) -> None:
        """Tell once where beta and se say something else than p."""
        if self._compared or not {"p", "se"} <= batch.columns.keys():
            return
        self._compared = True
        beta, se = batch.number("beta")[:SAMPLED], batch.number("se")[:SAMPLED]
        if "odds_ratio" in batch.columns:
            with np.errstate(divide="ignore", invalid="ignore"):
                beta = np.where(np.isnan(beta), np.log(batch.number("odds_ratio")[:SAMPLED]), beta)
        found = disagreement(
            beta, se, lambda rows: log_of_text(batch.columns["p"][:rows].to_pylist())
        )
        if found is not None:
            log.warning(
                "%s: z-scores of effects and standard errors are %.2f times those of the p-values "
                "(median of %d rows). Is the standard error of another scale than the effect, as "
                "of an odds ratio beside its logarithm?",
                *(self._path, *found),
            )


def are_ratios(count: int, lowest: float, median: float) -> bool:
    """Whether effects, of which there are so many, look like odds ratios."""
    return count >= ENOUGH and lowest > 0 and RATIOS[0] < median < RATIOS[1]


def warn_unsigned(path: Path, layout: Layout, meaning: str, count: int, lowest: float) -> None:
    """Tell where so many effects or z-scores have no value below 0."""
    if count >= MANY and lowest >= 0:
        log.warning(
            "%s, column %r: none of %d values is below 0. Are their signs lost, as of abs(z) or "
            "chi squared? If the effect allele is the one that increases the trait in every row, "
            "all is well",
            *(path, layout.columns.get(meaning, meaning), count),
        )


def disagreement(
    beta: np.ndarray, se: np.ndarray, log_p: Callable[[int], np.ndarray]
) -> tuple[float, int] | None:
    """How many times z of effects are those of p-values, and of how many rows; None if they agree,
    or too few tell.

    beta, se : (rows,), of which the first are looked at; log_p : of so many of these
    """
    beta, se = beta[:SAMPLED], se[:SAMPLED]
    of_p = magnitude(log_p(len(beta)))
    telling = (of_p > TELLING[0]) & (of_p < TELLING[1]) & np.isfinite(beta) & (se > 0)
    if telling.sum() < ENOUGH:
        return None
    ratio = float(np.median(np.abs(beta[telling] / se[telling]) / of_p[telling]))
    return None if AGREE[0] < ratio < AGREE[1] else (ratio, int(telling.sum()))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
