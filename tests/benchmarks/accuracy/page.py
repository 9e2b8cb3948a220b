"""docs/accuracy.md and its figure, from what was measured."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fqtl.report.plots import COLOURS, STYLE
from tests.benchmarks.accuracy import power
from tests.benchmarks.accuracy.estimates import Estimate, mean_of, ratio_of
from tests.benchmarks.accuracy.methods import METHODS
from tests.benchmarks.accuracy.metrics import (
    PARTNER,
    PREDICTED,
    PURITY,
    TWIN,
)
from tests.benchmarks.accuracy.scenarios import SCENARIOS, SITES, TEST, TRAIN
from tests.benchmarks.accuracy.text import listed, machine, markdown

FIGURE = Path("images") / "accuracy-r2.svg"
Summary = Callable[[pd.DataFrame], Estimate]


def mean(name: str) -> Summary:
    return lambda rows: mean_of(rows, name)


def ratio(above: str, below: str) -> Summary:
    return lambda rows: ratio_of(rows, above, below)


# title, what it is, how it is summed up, digits
TABLES: list[tuple[str, str, Summary, int]] = [
    (
        "Prediction: r² with the true genetic value",
        "Of unseen donors, mean over tissues with effects; a prediction that does not vary "
        "counts 0.",
        mean("r2"),
        2,
    ),
    (
        "Prediction: r² with expression, of what is attainable",
        "Of unseen donors; 1 is what the true genetic value would reach.",
        ratio("r2_expression", "r2_attainable"),
        2,
    ),
    (
        "Slope of truth on prediction",
        "Over the tissues with effects of all replicates; above 1, predictions are too small.",
        ratio("covariance", "variance"),
        2,
    ),
    (
        "Tissues without effects that are predicted",
        f"Share of them in which the prediction has more than {PREDICTED:.0%} of the variance.",
        ratio("null_predicted", "null_tissues"),
        3,
    ),
    (
        "Tissues without effects that are called",
        "Share of them with PIP > 0.5.",
        ratio("null_called", "null_tissues"),
        4,
    ),
    ("Average precision of tissues", "Tissues ranked by PIP.", mean("tissue_ap"), 2),
    (
        "Average precision of variants",
        "Ranked by the probability of an effect in any tissue; only the simulated ones count.",
        mean("variant_ap"),
        2,
    ),
    (
        "Average precision of variants and their partners",
        f"Variants of r² > {PARTNER} with a simulated one count as simulated.",
        mean("variant_ap_ld"),
        2,
    ),
    (
        "Credible sets: coverage",
        f"Sets of 95 % with PIP > 0.5 and purity of at least {PURITY}: share that holds a "
        "simulated variant, of that tissue where the set is of a single one.",
        ratio("sets_right", "sets"),
        2,
    ),
    (
        "Credible sets: coverage up to twins",
        f"The same if a variant of r² > {TWIN} with a simulated one will do.",
        ratio("sets_twin", "sets"),
        2,
    ),
    (
        "Credible sets: size",
        "Median number of variants in the sets of a gene, mean over genes.",
        mean("set_size"),
        1,
    ),
    (
        "Credible sets: simulated variants found",
        "Share of the simulated variants, however small their effects, that are in any set.",
        ratio("simulated_found", "simulated"),
        2,
    ),
    (
        "Right number of factors",
        "Share of genes with as many factors as were simulated in more than one tissue.",
        mean("rank_right"),
        2,
    ),
    ("CPU seconds per gene", "One thread.", mean("seconds"), 2),
]

HEAD = """# Accuracy

How well simulated effects are found. `make accuracy` repeats all of it
and writes this page; seeds are fixed, so that numbers other than seconds come back on a machine
of this kind. While the model was made it was judged on genes of seeds 1000 to 1019; the genes here
are of seeds 0 to {last}, which played no part in it.

Machine: {machine}; one thread.

± is one standard error over genes (of a ratio of sums: by the jackknife); – means that there is
nothing to measure.

## Data

{train} donors are fitted and {test} others are predicted. There are {sites} neighbouring variants
of minor allele frequency above 0.05, simulated with recombination (msprime), and unless said
otherwise 44 tissues with the numbers of donors of GTEx v6p, 70 to 361. {replicates} genes each of:

{scenarios}

and of each gene an answer by:

{methods}

CTIMP and the elastic net were run on the first {slow} genes only; on these alone the default model
has r² {same}.

![r² with the true genetic value, by scenario and method]({figure})
"""

BASELINES = ("SuSiE", "CTIMP", "alone", "elastic net")
GOALS = """## Comparison with baselines, on the same genes

r² of the default model with the true genetic value, divided by that of another method; and by how
much its average precision of variants is above the other's.

{table}
"""

POWER = """## Power, in the design of the 2017 paper

Of 44 tissues 5, 10, 20 or 30 are causal, each in one of one, two or three groups (the rank) at
random. A group has 1, 3 or 5 causal variants within 1 Mb of the start of a gene, with N(0, 1)
effects times N(0, 1) effects of its tissues; noise is added up to the heritability h² of a tissue,
the other tissues are noise. Genotypes are real: {donors} Europeans of the 1000 Genomes Project
around {genes} genes of chromosome 22, {least} to {most} variants each. Tissues have the numbers of
donors of GTEx v6p, 70 to 361, or all there are. {replicates} genes a cell, as many of each number
of tissues and variants.

Power is the share of causal tissues (variants) above the lowest cut-off of their PIPs at which the
share of false calls is at most 1 % or 10 %: with a cut-off for each gene (mean over genes), as it
was published, or one cut-off for all genes of a cell (pooled), which is the harder task. A causal
variant counts as found only if it is called itself. Variants in complete LD have the same PIP and
are called together, so that one of them is always wrong; the third table takes a call of a variant
of r² > {twin} with a causal one for a call of that one.

Published: Park, Sarkar, Bhutani, Kellis 2017, bioRxiv 107623, 94 genes. That study had genes
and genotypes of its own (450 donors), and ranked tissues by the variance that is predicted and
variants by their loadings.

{tables}"""


def page(measures: pd.DataFrame, cells: pd.DataFrame, about: str) -> str:
    """Text of docs/accuracy.md.

    measures : scenario, method, seed and the fields of `Measures`; cells : of `power.study`
    about : how the genotypes of the power study are described
    """
    slow = measures[measures["method"] == "elastic net"]
    head = HEAD.format(
        last=measures["seed"].max(),
        machine=machine(),
        train=TRAIN,
        test=TEST,
        sites=SITES,
        replicates=measures["seed"].nunique(),
        scenarios=listed((k, SCENARIOS[k].words) for k in in_order(measures, "scenario")),
        methods=listed((k, METHODS[k].words) for k in in_order(measures, "method")),
        slow=slow["seed"].nunique(),
        same=_same_genes(measures, slow),
        figure=FIGURE.as_posix(),
    )
    tables = [section(measures, *table) for table in TABLES]
    parts = [head, goals(measures), *tables]
    if len(cells):
        genes = cells["genes"].max()
        parts.append(about.format(replicates=genes, tables=power_tables(cells)))
    return "\n".join(parts)


def goals(measures: pd.DataFrame) -> str:
    """The default model against each baseline, gene by gene."""
    ours, rows = measures[measures["method"] == "fqtl"], []
    scenarios = [name for name in ("A", "B", "C", "D") if name in set(ours["scenario"])]
    for method in BASELINES:
        both = ours.merge(
            measures[measures["method"] == method], on=["scenario", "seed"], suffixes=("", " other")
        )
        both["gain"] = both["variant_ap"] - both["variant_ap other"]
        of_each = [both[both["scenario"] == name] for name in scenarios]
        ratios = [ratio_of(genes, "r2", "r2 other").written(2) for genes in of_each]
        gains = [mean_of(genes, "gain").written(3) for genes in of_each]
        if set(ratios) != {"–"}:
            rows.append([f"r² over {method}'s", *ratios])
        if set(gains) != {"–"}:
            rows.append([f"precision of variants above {method}'s", *gains])
    return GOALS.format(table=markdown(["", *scenarios], rows))


def _same_genes(measures: pd.DataFrame, slow: pd.DataFrame) -> str:
    """r² of the default model on the genes of a method that has fewer, by scenario."""
    words = []
    for scenario, rows in slow.groupby("scenario"):
        default = measures[(measures["method"] == "fqtl") & (measures["scenario"] == scenario)]
        r2 = mean_of(default[default["seed"].isin(rows["seed"])], "r2").value
        words.append(f"{r2:.2f} ({scenario})")
    return ", ".join(words)


def in_order(measures: pd.DataFrame, column: str) -> list[str]:
    """Scenarios or methods that were run, in the order in which they are defined."""
    known = SCENARIOS if column == "scenario" else METHODS
    return [name for name in known if (measures[column] == name).any()]


def section(measures: pd.DataFrame, title: str, words: str, summary: Summary, digits: int) -> str:
    """Heading and table of one measure: a row for each method, a column for each scenario."""
    groups = dict(list(measures.groupby(["scenario", "method"])))
    empty = measures.iloc[:0]
    scenarios, rows = in_order(measures, "scenario"), {}
    for method in in_order(measures, "method"):
        found = [summary(groups.get((s, method), empty)).written(digits) for s in scenarios]
        if set(found) != {"–"}:
            rows[method] = found
    kept = [i for i in range(len(scenarios)) if any(row[i] != "–" for row in rows.values())]
    header = ["", *(scenarios[i] for i in kept)]
    body = [[method, *(row[i] for i in kept)] for method, row in rows.items()]
    return f"## {title}\n\n{words}\n\n{markdown(header, body)}\n"


def about_power(region: power.Region) -> str:
    """Section of the power study, its tables and replicates left open."""
    sizes = [region.window(gene).shape for gene in range(len(region.tss))]
    return POWER.format(
        donors=sizes[0][0],
        genes=len(sizes),
        least=min(p for _, p in sizes),
        most=max(p for _, p in sizes),
        twin=TWIN,
        replicates="{replicates}",
        tables="{tables}",
    )


def power_tables(cells: pd.DataFrame) -> str:
    """Power of tissues and of variants, and how often the rank is right."""
    parts = []
    for what in power.WHAT:
        rows = []
        for rank, of_rank in cells.groupby("rank"):
            rows += _power_rows(what, int(rank), of_rank)
        parts.append(f"Causal {what}:\n\n{markdown(_header(), rows)}\n")
    right = [
        [str(rank), "", *(f"{value:.2f}" for value in of_rank["rank_right"])]
        for rank, of_rank in cells.groupby("rank")
    ]
    words = "Share of genes with as many factors as there are groups of more than one tissue:"
    return "\n".join([*parts, f"{words}\n\n{markdown(_header(), right)}\n"])


def _power_rows(what: str, rank: int, cells: pd.DataFrame) -> list[list[str]]:
    """Rows of the table of power of a rank."""
    rows = []
    if what in power.PUBLISHED:
        published = [f"{value:.2f}" for value in power.PUBLISHED[what][rank]]
        rows.append([str(rank), "published, by gene, 1%", *published])
    for level in power.LEVELS:
        name = f"{what} {level} by gene"
        both = zip(cells[name], cells[f"{name} error"], strict=True)
        found = [Estimate(value, error).written(2) for value, error in both]
        rows.append([str(rank), f"fqtl, by gene, {level:.0%}", *found])
    for level in power.LEVELS:
        found = [f"{value:.2f}" for value in cells[f"{what} {level} pooled"]]
        rows.append([str(rank), f"fqtl, pooled, {level:.0%}", *found])
    return rows


def _header() -> list[str]:
    return ["rank", "", *(f"h² {h2:g}" for h2 in power.H2)]


def draw_r2(measures: pd.DataFrame) -> Figure:
    """r² with the true genetic value: scenarios side by side, a colour for each method."""
    active = measures.dropna(subset=["r2"])
    drawn = active[active["method"].isin(["fqtl", "no specific", "no factors", *BASELINES])]
    scenarios, methods = in_order(active, "scenario"), in_order(drawn, "method")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        axes = figure.subplots()
        for k, method in enumerate(methods):
            place = np.arange(len(scenarios)) + 0.13 * (k - (len(methods) - 1) / 2)
            rows = active[active["method"] == method]
            found = [mean_of(rows[rows["scenario"] == name], "r2") for name in scenarios]
            axes.errorbar(
                place,
                [estimate.value for estimate in found],
                [estimate.error for estimate in found],
                fmt="o",
                ms=4,
                lw=1,
                color=COLOURS[k],
                label=method,
            )
        axes.set_xticks(range(len(scenarios)), scenarios)
        axes.set(ylabel="r² with the true genetic value", ylim=(-0.02, 1.02))
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=7)
    return figure
