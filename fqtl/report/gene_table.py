"""Every gene of a run as compact rows, for a table that is sorted and searched in a browser."""

import json
from typing import Any

import numpy as np
import pandas as pd

from fqtl.release.discoveries import SUMMARY_RATE
from fqtl.report.blocks import Block, GeneTable, Links, Section, Text
from fqtl.report.results import PREDICTED, Results
from fqtl.report.traits import numeric
from fqtl.tables.fits import CALL

DIGITS = 4  # that a number of the table keeps


def section(results: Results) -> Section:
    """The table of genes, and links to the pages of single genes."""
    if results.fits.empty:
        return Section("genes", "Genes", [Text("Nothing to show: no gene was to be fitted.")])
    blocks: list[Block] = [GeneTable(gene_rows(results))]
    if results.gene_pages:
        blocks.append(
            Links("Genes with a page of their own:", list(results.gene_pages.items())),
        )
    else:
        blocks.append(
            Text(
                "No gene has a page of its own yet: `fqtl plot gene --top 50 --results RESULTS "
                "--out RESULTS/genes` makes some, and `fqtl plot gene GENE --results RESULTS "
                "--out gene.html` makes that of one gene."
            )
        )
    return Section("genes", "Genes", blocks)


def gene_rows(results: Results) -> dict[str, Any]:
    """Columns, tissues and a row for each gene, all of what JSON knows.

    Rows are in the order of the evidence that anything acts, which a sort by q leaves among equal
    ones. A row ends in the tissues with an effect (PIP above one half), as places in the list of
    tissues.
    """
    fits, names = results.fits, results.names
    fits = fits.sort_values("neg_log_null_prob", ascending=False, kind="stable")
    ids = fits["gene_id"].astype(str)
    strong = results.factors[results.factors["pip"] > CALL]
    pairs = results.prediction
    called = pairs[pairs["pip"] > CALL]
    best = _best(pairs)
    columns: dict[str, list[Any]] = {
        "gene": ids.tolist(),
        "chromosome": fits["chrom"].tolist(),
        "start (bp)": fits["tss"].tolist(),
        "status": fits["status"].tolist(),
        "tissues": _numbers(fits["n_tissues"]),
        "factors": _counts(strong["gene_id"], ids),
        "tissue-specific": _numbers(fits["n_tissue_specific"]),
        "tissues with an effect": _counts(called["gene_id"], ids),
        "best CV R²": _numbers(best["r2"].reindex(ids)),
        "in tissue": [_tissue(name) for name in best["tissue"].reindex(ids)],
        "p": _numbers(fits["p"]),
        "q": _numbers(fits["q"]),
    }
    gene_names: dict[str, str] = {}
    for trait in results.traits:
        tested = numeric(trait.genes).set_index("gene_id")
        columns[f"{trait.name} −log₁₀ p"] = _numbers(tested["neg_log10_p"].reindex(ids))
        gene_names |= {str(k): str(v) for k, v in tested["gene_name"].dropna().items() if v}
    if gene_names:
        columns = {"gene": columns.pop("gene"), "name": [gene_names.get(g, "") for g in ids]} | (
            columns
        )
    place = {name: i for i, name in enumerate(names)}
    acting: dict[str, list[int]] = {}
    for gene, tissue in zip(called["gene_id"].astype(str), called["tissue"], strict=True):
        acting.setdefault(gene, []).append(place[str(tissue)])
    lists = [acting.get(gene, []) for gene in ids]
    return {
        "columns": list(columns),
        "tissues": [_tissue(name) for name in names],
        "rate": SUMMARY_RATE,
        "predicted": PREDICTED,
        "pages": results.gene_pages,
        "rows": [list(row) for row in zip(*columns.values(), lists, strict=True)],
    }


def as_json(genes: dict[str, Any]) -> str:
    """The rows as text that may stand in a script of a page."""
    text = json.dumps(genes, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "").replace("\u2029", "")


def _best(pairs: pd.DataFrame) -> pd.DataFrame:
    """Largest cross-validated R² of each gene and its tissue; by gene_id."""
    known = pairs[pairs["r2"].notna()]
    first = known.sort_values("r2", ascending=False, kind="stable").drop_duplicates("gene_id")
    return first.assign(gene_id=first["gene_id"].astype(str)).set_index("gene_id")[["tissue", "r2"]]


def _counts(genes: "pd.Series[Any]", ids: "pd.Series[str]") -> list[int]:
    counted = genes.astype(str).value_counts()
    return [int(n) for n in counted.reindex(ids, fill_value=0)]


def _numbers(values: "pd.Series[Any]") -> list[float | int | None]:
    """Numbers with few digits; None where there is none."""
    return [_short(value) for value in values.to_numpy(dtype=float, na_value=np.nan).tolist()]


def _short(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.{DIGITS}g}")


def _tissue(name: Any) -> str:
    return name.replace("_", " ") if isinstance(name, str) else ""
