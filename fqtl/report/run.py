"""How the run went: input, settings, versions, time, memory, and what was left out."""

import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pandas as pd

import fqtl
from fqtl.report import plots
from fqtl.report.blocks import Block, Figure, Section, Table, Text
from fqtl.report.results import PREDICTED, Results
from fqtl.tables.fits import CALL
from fqtl.tables.reasons import count_reasons

LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow")


def section(results: Results) -> Section:
    """What went in, how, and what did not go in."""
    blocks: list[Block] = [
        Table("Settings.", ["setting", "value"], list(results.settings.items())),
        Table("Versions.", ["program", "version"], versions()),
        Table(
            "Tissues. Explained: share of the variance of expression that covariates and "
            "components explain. With an effect: PIP of gene and tissue above one half. "
            "Predicted: cross-validated R² > 0.01. Outlying donors are kept, and listed in "
            "outliers.tsv.",
            [
                "tissue",
                "donors",
                "outlying",
                "explained",
                "genes",
                "with an effect",
                "predicted",
                "note",
            ],
            tissue_rows(results),
        ),
        *_input(results),
        left_out_block(results),
    ]
    return Section("run", "The run", blocks)


def resources(results: Results) -> Section:
    """Time and memory; a section of its own, since it is another one in each run."""
    rows = resource_rows(results.benchmarks)
    if not rows:
        block: Block = Text(
            "Not known: there is no folder benchmarks/ beside the results. The workflow makes it."
        )
    else:
        block = Table(
            "By stage, from benchmarks/: jobs, hours of processor time, the longest job, and the "
            "most memory that one held. These numbers are another one in each run.",
            ["stage", "jobs", "CPU hours", "longest job (minutes)", "peak memory (MB)"],
            rows,
        )
    return Section("resources", "Time and memory", [block])


def versions() -> list[tuple[str, str]]:
    """Programs that the results depend on."""
    return [
        ("fqtl", fqtl.__version__),
        ("Python", platform.python_version()),
        *[(name, version(name)) for name in LIBRARIES],
    ]


def found_by_tissue(results: Results) -> Callable[[str], tuple[str, str]]:
    """Of a tissue, genes with an effect and genes that are predicted."""
    prediction = results.prediction
    called = prediction[prediction["pip"] > CALL]["tissue"].value_counts()
    predicted = prediction[prediction["r2"] > PREDICTED]["tissue"].value_counts()
    return lambda tissue: (
        f"{int(called.get(tissue, 0)):,}",
        f"{int(predicted.get(tissue, 0)):,}",
    )


def tissue_rows(results: Results) -> list[list[Any]]:
    """One row per tissue: what went in and what came out."""
    found = found_by_tissue(results)
    return [
        [
            row.tissue.replace("_", " "),
            f"{row.n_donors:,}",
            f"{row.n_outliers:,}",
            f"{row.explained:.2f}",
            f"{row.n_genes:,}",
            *found(row.tissue),
            row.reason or row.concern,
        ]
        for row in results.prepared.itertuples()
    ]


def resource_rows(benchmarks: pd.DataFrame) -> list[list[Any]]:
    """Jobs, CPU hours, longest job and peak memory of each stage, the longest stage first."""
    if benchmarks.empty:
        return []
    stages = benchmarks.groupby("stage", sort=False)
    table = pd.DataFrame(
        {
            "jobs": stages.size(),
            "hours": stages["cpu_time"].sum() / 3600,
            "longest": stages["s"].max() / 60,
            "peak": stages["max_rss"].max(),
        }
    ).sort_values("hours", ascending=False, kind="stable")
    return [
        [
            stage,
            f"{row.jobs:,.0f}",
            f"{row.hours:.3f}",
            f"{row.longest:.1f}",
            "–" if pd.isna(row.peak) else f"{row.peak:,.0f}",
        ]
        for stage, row in table.iterrows()
    ]


def _input(results: Results) -> list[Block]:
    if not results.names:
        return [Text("Donors and covariates are not shown: no tissue was kept.")]
    columns = ["tissue", "n_donors", "explained"]
    kept = results.prepared.loc[results.prepared["reason"] == "", columns]
    several = f"{len(kept)} tissues with" if len(kept) > 1 else "one tissue with"
    return [
        Figure(
            "input",
            "Donors and covariates",
            "Donors of each tissue, and the share of the variance of expression that "
            "covariates and components of expression explain: all together (bar), each by "
            "itself (dot). A tissue unlike the others may have a covariate too many, or a batch "
            "that none of them knows.",
            f"Bars of {several} {kept['n_donors'].min():,} to {kept['n_donors'].max():,} donors.",
            plots.tissues_and_confounders(results.prepared, results.confounders),
            kept,
        )
    ]


def left_out_block(results: Results) -> Block:
    rows = left_out(results)
    if not rows:
        return Text("Left out: nothing. Every gene, tissue and donor of the input was used.")
    return Table("Left out, and why.", ["what", "how many"], [[what, f"{n:,}"] for what, n in rows])


def left_out(results: Results) -> list[tuple[str, int]]:
    """Everything that was not used, by reason."""
    dropped = results.dropped
    counted = [
        ("genes not fitted: ", results.genes.loc[results.genes["reason"] != "", "reason"]),
        ("genes not fitted: ", results.fits.loc[results.fits["status"] != "fitted", "reason"]),
        ("gene left out of a tissue: ", dropped.loc[dropped["gene_id"] != "*", "reason"]),
        ("tissue left out: ", results.prepared.loc[results.prepared["reason"] != "", "reason"]),
    ]
    rows = [
        (prefix + reason, count)
        for prefix, reasons in counted
        for reason, count in count_reasons(reasons)
    ]
    for name, words in (
        ("without_genotypes", "donors of a tissue without genotypes"),
        ("without_covariates", "donors of a tissue without covariates"),
        ("repeated", "samples of a donor and tissue beside a deeper one"),
    ):
        rows.append((words, int(results.prepared[name].sum())))
    variants = results.dropped_variants.groupby("reason")["count"].sum()
    rows += [(f"variant in a gene's cis window: {why}", int(n)) for why, n in variants.items()]
    slow = int((results.fits["converged"] == False).sum())  # noqa: E712  (NA where not fitted)
    rows.append(("genes whose fit did not converge (kept)", slow))
    return [row for row in rows if row[1]]
