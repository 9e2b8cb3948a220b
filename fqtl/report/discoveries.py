"""What was found: at which rates, and what tissues share of it."""

from typing import Any

import numpy as np
import pandas as pd

from fqtl.model.priors.release_priors import OF_EACH
from fqtl.release.discoveries import SUMMARY_RATE
from fqtl.report import plots, prior_plots
from fqtl.report.blocks import Block, Figure, Numbers, Section, Table, Text
from fqtl.report.results import PREDICTED, Results
from fqtl.tables.fits import CALL

RATES = (0.01, 0.05, 0.1, 0.2)


def section(results: Results) -> Section:
    """Numbers, rates, sharing between tissues, and what was learned over all genes."""
    blocks: list[Block] = [Numbers(numbers(results)), *contradictions(results)]
    rows = rate_rows(results)
    if rows:
        blocks.append(
            Table(
                "Found at four false discovery rates. A rate is made of permuted fits, so the "
                "fewer there are the larger the smallest rate that can be told, even if every "
                "test stands above all of them; a rate below that can find nothing.",
                [
                    "level",
                    "tests",
                    "permuted",
                    "smallest rate that can be told",
                    *[f"{100 * rate:g} %" for rate in RATES],
                ],
                rows,
            )
        )
    else:
        blocks.append(
            Text("No false discovery rates: there are no permuted fits (calibration.permutations).")
        )
    blocks += _sharing(results)
    blocks += _priors(results)
    return Section("discoveries", "Discoveries", blocks)


def numbers(results: Results) -> list[tuple[str, str]]:
    """What a reader asks first: figure and words."""
    strong = results.factors[results.factors["pip"] > CALL]
    predicted = results.prediction[results.prediction["r2"] > PREDICTED]
    return [
        _genes_found(results.calibration),
        (f"{strong['gene_id'].nunique():,}", "genes with a factor (PIP above one half)"),
        (f"{len(strong):,}", "factors (PIP above one half)"),
        (_median(strong["n_tissues"]), "tissues in a factor (median)"),
        (
            f"{int(results.fits['n_tissue_specific'].sum()):,}",
            "tissue-specific effects beside factors",
        ),
        (f"{len(results.credible_sets):,}", "credible sets (purity at least one half)"),
        (_median(results.credible_sets["size"]), "variants in a credible set (median)"),
        (f"{predicted['gene_id'].nunique():,}", "genes predicted in any tissue (CV R² > 0.01)"),
        (f"{results.fits['n_donors'].max():,}", "donors"),
    ]


def _genes_found(calibration: pd.DataFrame) -> tuple[str, str]:
    """Genes with an effect, and what the number of permuted genes allows to say of them."""
    words = "genes with an effect"
    row = calibration[calibration["level"] == "gene"]
    smallest = float(smallest_q(calibration).get("gene", np.nan))
    if np.isnan(smallest):
        return "–", f"{words} (no rate: no permuted fits)"
    if smallest >= SUMMARY_RATE:
        permuted = row["n_permuted"].iloc[0]
        few = f"{permuted} permuted genes cannot show less than {100 * smallest:.1f} %"
        return f"{row['found'].iloc[0]:,}", f"{words} (FDR {100 * SUMMARY_RATE:.0f} %; {few})"
    return f"{row['found'].iloc[0]:,}", f"{words} (FDR {100 * SUMMARY_RATE:.0f} %)"


def smallest_q(calibration: pd.DataFrame) -> "pd.Series[float]":
    """By level, the false discovery rate if everything stood above all permuted fits.

    That is pi0 / (fits + 1). Of factors, what counts are the permuted genes and not the factors
    found in them.
    """
    rows = calibration.set_index("level")
    permuted = rows["n_permuted"].copy()
    if {"gene", "factor"} <= set(permuted.index):
        permuted["factor"] = permuted["gene"]
    return (rows["pi0"].astype(float) / (permuted + 1)).where(permuted > 0)


def _median(counts: "pd.Series[int]") -> str:
    return f"{counts.median():.0f}" if len(counts) else "–"


def rate_rows(results: Results) -> list[list[Any]]:
    """Of each level that was calibrated: tests, permuted statistics, and what is found."""
    smallest = smallest_q(results.calibration)
    q = {
        "gene": results.fits["q"],
        "factor": results.factors["q"],
        "gene and tissue": results.prediction["q"],
    }
    return [
        [
            row.level,
            f"{row.tests:,}",
            f"{row.n_permuted:,}",
            f"{100 * smallest[row.level]:.2g} %",
            *[f"{int((q[row.level] < rate).sum()):,}" for rate in RATES],
        ]
        for row in results.calibration.itertuples()
        if not np.isnan(row.pi0)
    ]


def contradictions(results: Results) -> list[Block]:
    """Why probabilities and rates may not agree, where they do not."""
    strong = results.factors[results.factors["pip"] > CALL]
    found = int((results.fits["q"] < SUMMARY_RATE).sum())
    models = results.weights[results.weights["set"] == "filtered"]["genes"].sum()
    if found or not (len(strong) or models):
        return []
    what = []
    if len(strong):
        what.append(f"{len(strong):,} factors have a PIP above one half")
    if models:
        what.append("there are models in the weight files")
    return [
        Text(
            f"No gene is found at a false discovery rate of {100 * SUMMARY_RATE:.0f} %, and yet "
            f"{' and '.join(what)}. These are different questions. A PIP is the probability of an "
            "effect given the model and its priors, of each gene by itself; weights are kept if "
            "they predict donors that were held out. A false discovery rate compares genes with "
            "permuted fits, and of few genes or few permuted fits it cannot be small. Take such "
            "findings as candidates."
        )
    ]


def _sharing(results: Results) -> list[Block]:
    """How often two tissues are in one factor."""
    names = results.names
    if len(names) < 2:
        return [Text("Sharing between tissues is not shown: there is one tissue.")]
    strong = results.factors.loc[results.factors["pip"] > CALL, ["gene_id", "factor"]]
    called = results.tissues[results.tissues["pip"] > CALL]
    keys = pd.MultiIndex.from_frame(strong.astype({"gene_id": str}))
    mine = pd.MultiIndex.from_frame(called[["gene_id", "factor"]].astype({"gene_id": str}))
    called = called[mine.isin(keys)]
    shared = plots.shared_factors(called, names)
    if not np.triu(shared, 1).any():
        return [
            Text(
                "Sharing between tissues is not shown: no factor (PIP above one half) acts in two "
                "tissues (PIP above one half)."
            )
        ]
    pairs = [(a, b) for a in range(len(names)) for b in range(a)]
    data = pd.DataFrame(
        [(names[a], names[b], shared[a, b]) for a, b in pairs],
        columns=["tissue", "other_tissue", "share"],
    )
    top = data.loc[data["share"].idxmax()]
    return [
        Figure(
            "sharing",
            "Tissues that share factors",
            "Of the factors that act in either of two tissues, the share that acts in both "
            "(PIP of factor and tissue above one half). Bright squares are groups of tissues with "
            "common regulation; tissues are ordered by likeness.",
            f"Heat map of {len(names)} tissues; the most alike are {top['tissue']} and "
            f"{top['other_tissue']}, which share {top['share']:.2f} of their factors.",
            plots.sharing(called, names),
            data,
        )
    ]


def _priors(results: Results) -> list[Block]:
    """What the genes of the run say beforehand of one of them."""
    priors = results.priors
    if results.settings.get("priors") == "default":
        return [
            Text("Fits read the default priors (model.priors: default), which no gene changed.")
        ]
    if priors is None or not len(priors):
        return [
            Text(
                "Priors learned over all genes are not shown: every gene learned its own, and "
                "priors.tsv is not among the results."
            )
        ]
    genes = int(priors["n_genes"].iloc[0])
    of_each = priors[priors["name"].isin(OF_EACH)]
    priors = priors[~priors["name"].isin(OF_EACH)]
    of_background = ""
    if results.settings.get("polygenic background") == "none":  # of which no fit reads these
        priors = priors[~priors["name"].str.startswith("background_")]
    else:
        of_background = (
            "; a gene has a polygenic background with probability "
            f"{_value(priors, 'background_probability')}"
        )
    return [
        Figure(
            "priors",
            "Priors",
            f"What {genes} genes of the run say beforehand of each, which every fit reads: dots "
            "and bars are learned, dashes the defaults, which few genes leave as they are. A gene "
            "still learns its own from there.",
            f"Learned from {genes} genes: a tissue has an effect of its own with probability "
            f"{_value(priors, 'specific_start')}, and a factor with probability "
            f"{_value(priors, 'factor_share')}{of_background}.",
            prior_plots.priors(priors),
            priors,
        ),
        *_priors_of_tissues(of_each),
    ]


def _priors_of_tissues(of_each: pd.DataFrame) -> list[Block]:
    """Which tissues have effects more often than others, if genes say so."""
    if not len(of_each):
        return []
    said = [
        _most_and_least(of_each[of_each["name"] == name], what)
        for name, what in (("factor_log_odds", "factors"), ("specific_log_odds", "own effects"))
        if name in of_each["name"].tolist()
    ]
    return [
        Figure(
            "tissue_priors",
            "How often tissues have effects",
            "What the same genes say of each tissue: the odds that it has a factor, and effects of "
            "its own beside factors, over those of the share of tissues that have these. Every fit "
            "reads them: a tissue without effects takes no part in what the others share, and does "
            "not hold it back. One whose samples say little is as the others.",
            f"Of {of_each['tissue'].nunique()} tissues {'; '.join(said)}.",
            prior_plots.tissues(of_each),
            of_each,
        )
    ]


def _most_and_least(odds: pd.DataFrame, what: str) -> str:
    """In words; odds : tissue and value (ln)."""
    ordered = odds.sort_values("value", kind="stable")
    most, least = ordered.iloc[-1], ordered.iloc[0]
    return (
        f"{most['tissue']} has {what} most often (odds {np.exp(most['value']):.2g} times those of "
        f"the share), {least['tissue']} least often ({np.exp(least['value']):.2g} times)"
    )


def _value(priors: pd.DataFrame, name: str) -> str:
    return f"{float(priors.set_index('name').loc[name, 'value']):.3g}"
