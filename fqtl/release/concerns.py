"""What a release must tell beside its tables, in sentences for people."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import binom

from fqtl.release.discoveries import SUMMARY_RATE
from fqtl.tables.fits import explode

CERTAIN = 0.95  # probability of an effect that noise is not to have
# Share of permuted fits that have it (2 of 3,000 of one tissue with Gaussian noise, 1 of 167 of 44)
CERTAIN_OF_NOISE = 0.002
# and that noise does not reach in many genes: 10 of 2,000 of two tissues, 7 of 2,000 of 44
CERTAIN_OF_MANY = 0.0075
UNLIKELY = 0.02
# statistic above which noise is about as rare whatever the number of tissues; measured
# (docs/calibration.md)
ALIKE = 2.0
ENOUGH_ALIKE = (
    round(1 / SUMMARY_RATE) - 1
)  # permuted fits among which a gene can have such a p-value


def about_release(fits: pa.Table, tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Of discoveries: false certainty, too few permuted fits (in all, or of as many tissues), and
    rates that there are not.

    tables : as `result_tables` makes them
    """
    permuted = explode(fits, "permuted_fits")
    yield from _about_certainty(permuted["neg_log_null_prob"].to_numpy())
    yield from _about_few(tables["fits"], permuted)
    yield from _about_rare(tables["fits"])
    yield from _about_absent(tables["prediction"])


def _about_certainty(permuted: np.ndarray) -> Iterator[str]:
    """More fits of noise that are certain of an effect than there should be."""
    certain = int((permuted > -np.log(1 - CERTAIN)).sum())
    if certain <= CERTAIN_OF_MANY * len(permuted):
        return
    if binom.sf(certain - 1, len(permuted), CERTAIN_OF_NOISE) < UNLIKELY:
        yield (
            f"{certain} of {len(permuted)} permuted fits have an effect with a probability above "
            f"{CERTAIN:g}, which noise is not to have. Is expression far from normal, with values "
            "of many standard deviations? Set prepare.scale: inverse_normal, or believe p and q "
            "and not PIPs"
        )


def _about_few(genes: pd.DataFrame, permuted: pd.DataFrame) -> Iterator[str]:
    """Genes that stand above all permuted fits, and of which no q can be small: those of one tissue
    and those of several, which have permuted fits of their own."""
    of_one = genes["n_tissues"] == 1
    for kind, words in ((~of_one, "of several tissues "), (of_one, "of one tissue ")):
        theirs = permuted["gene_id"].isin(genes.loc[kind, "gene_id"])
        null = permuted.loc[theirs, "neg_log_null_prob"].to_numpy()
        mine = genes[kind & genes["q"].notna()]
        if len(null) and len(mine) and not (mine["q"] < SUMMARY_RATE).any():
            yield from _above_all(genes, mine, null, words if 0 < of_one.sum() < len(genes) else "")


def _above_all(
    genes: pd.DataFrame, mine: pd.DataFrame, null: np.ndarray, words: str
) -> Iterator[str]:
    """Of genes that are compared with these null statistics, and none of which is found."""
    beyond = int((mine["neg_log_null_prob"] > null.max()).sum())
    if beyond:
        found = beyond + int((genes["q"] < SUMMARY_RATE).sum())
        tests = int(genes["q"].notna().sum())
        each = int(np.ceil(tests / (SUMMARY_RATE * found * len(mine))))
        yield (
            f"{beyond} of {len(mine)} genes {words}have more evidence than each of {len(null)} "
            f"permuted fits, but with so few no q is below {SUMMARY_RATE:g}: the smallest is "
            f"{mine['q'].min():.2g}. Set calibration.permutations to {each} or more"
        )


def _about_rare(genes: pd.DataFrame) -> Iterator[str]:
    """Genes that are found by little evidence, among genes of other numbers of tissues."""
    alike = genes.groupby("n_tissues")["permutations"].transform("sum")
    others = genes["p_tissues"].fillna("").str.contains("-")
    weak = (genes["q"] < SUMMARY_RATE) & (genes["neg_log_null_prob"] < ALIKE)
    rare = genes[weak & others & (alike < ENOUGH_ALIKE)]
    if len(rare):
        numbers = ", ".join(str(int(m)) for m in sorted(rare["n_tissues"].unique()))
        yield (
            f"{len(rare)} genes have q below {SUMMARY_RATE:g} by little evidence "
            f"(neg_log_null_prob below {ALIKE:g}) and numbers of tissues ({numbers}) of which "
            f"there are fewer than {ENOUGH_ALIKE} permuted fits, so that p rests on genes of other "
            "numbers, in which noise may give less. Raise calibration.permutations"
        )


def _about_absent(prediction: pd.DataFrame) -> Iterator[str]:
    """Pairs of gene and tissue without a rate."""
    absent = prediction[prediction["q"].isna()]
    if not len(absent):
        return
    yield (
        f"{len(absent)} of {len(prediction)} pairs of gene and tissue have neither pip_p nor q: "
        "those of genes in several tissues need calibration.conditional_permutations, those of "
        "genes in one tissue calibration.permutations above 0"
    )
