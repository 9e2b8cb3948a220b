"""Tables of a trait: associations, factors, genes over tissues, and the audit of every variant.

p-values are written out of their logarithms, so that 1e-400 is a number in the text.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from fqtl.gwas.effects import LN10, log_p_of
from fqtl.gwas.matching import Matched
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import text_writer
from fqtl.tables.numbers import p_text
from fqtl.trait.associate import SetResult, text_column
from fqtl.trait.models import Models
from fqtl.trait.over_tissues import gene_and_factor

NOT_IN_LD = "not in the LD reference, or constant there"
NOT_TESTED = "its model is not tested"
NOT_IMPUTED = "; too little LD with others to impute it"


def associations(tests: list[SetResult], *, factors: bool) -> pd.DataFrame:
    """One row per gene and tissue, or per gene and factor."""
    frames = [_of_set(result) for result in tests if result.models.of_factors == factors]
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS["twas_factors" if factors else "associations"]))
    frame = pd.concat(frames, ignore_index=True)
    z = frame["z"].to_numpy(dtype=float)
    frame = frame.assign(phi=_texts(frame["phi"].to_numpy(dtype=float), 4))
    frame = with_p(frame, log_p_of(z)).assign(z=_texts(z, 10))
    if factors:
        gene, factor = gene_and_factor(frame["gene_id"])
        frame = frame.assign(gene_id=gene, factor=factor)
    return frame[list(COLUMNS["twas_factors" if factors else "associations"])]


def _of_set(result: SetResult) -> pd.DataFrame:
    genes = result.models.genes
    return pd.DataFrame(
        {
            "tissue": result.models.tissue,
            "gene_id": genes["gene_id"],
            "gene_name": genes["gene_name"],
            "chrom": genes["chrom"],
            "tss": genes["start"],
            "n_variants": np.diff(result.models.first),
            "n_used": result.n_used,
            "n_imputed": result.n_imputed,
            "r2_kept": result.kept,
            "cv_r2": genes["r2"],
            "phi": result.phi,
            "inflation": np.round(result.inflation, 6),
            "z": result.calibrated,
            "p_permutation": result.p_permutation,
            "n_permutations": result.n_permutations,
            "reason": np.where(
                result.regularised & (result.reason == ""),
                "regularised: its variants nearly cancel each other",
                result.reason,
            ),
        }
    )


def with_p(frame: pd.DataFrame, log_p: np.ndarray) -> pd.DataFrame:
    """A table with p, -log10 p, q and Bonferroni's p of natural logarithms."""
    known = np.isfinite(log_p)
    size = int(known.sum())
    bonferroni = np.minimum(log_p + np.log(max(size, 1)), 0.0)
    return frame.assign(
        p=p_texts(log_p),
        neg_log10_p=np.abs(log_p) / LN10,
        q=p_texts(log_q(log_p)),
        bonferroni=p_texts(bonferroni),
    )


def log_q(log_p: np.ndarray) -> np.ndarray:
    """Natural logarithms of false discovery rates (Benjamini & Hochberg 1995), NaN left out."""
    q = np.full(len(log_p), np.nan)
    known = np.flatnonzero(np.isfinite(log_p))
    order = known[np.argsort(log_p[known], kind="stable")]
    size = len(order)
    scaled = log_p[order] + np.log(size) - np.log(np.arange(1, size + 1))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 0.0)
    return q


def p_texts(log_p: np.ndarray) -> list[str]:
    """Numbers of natural logarithms as text, however small; NA where there is none."""
    return [p_text(value) for value in log_p.tolist()]


def genes_table(over: pd.DataFrame, described: pd.DataFrame) -> pd.DataFrame:
    """Genes over tissues and factors with what is known of them.

    described : gene_id, gene_name, chrom, tss of all genes, rows of one gene alike
    """
    if over.empty:
        return pd.DataFrame(columns=list(COLUMNS["twas_genes"]))
    about = described.drop_duplicates("gene_id").set_index("gene_id")
    frame = over.join(about[["gene_name", "chrom", "tss"]], on="gene_id")
    for name in ("tissues", "components", "factors"):
        frame[f"p_{name}"] = p_texts(over[f"log_p_{name}"].to_numpy(dtype=float))
    frame = with_p(frame, over["log_p"].to_numpy(dtype=float))
    return frame[list(COLUMNS["twas_genes"])]


def audit(
    tests: list[SetResult], models: Models, matched: Matched, z: np.ndarray, lifted: bool
) -> pa.Table:
    """What became of every variant of every model."""
    status, reasons = _statuses(matched, lifted)
    parts = [_audit_of_set(result, models, z, status, reasons) for result in tests]
    return pa.concat_tables(parts)


def _statuses(matched: Matched, lifted: bool) -> tuple[np.ndarray, np.ndarray]:
    """(v,) how the GWAS has each variant, and why it has not."""
    how = np.full(len(matched.row), "used", dtype=object)
    how[matched.sign < 0] = "swapped"
    how[matched.flipped] = "flipped"
    how[matched.flipped & (matched.sign < 0)] = "flipped, swapped"
    if lifted:
        how = np.where(how == "used", "lifted", "lifted, " + how.astype(str))
    how[matched.row < 0] = "left out"
    return how, matched.reason


def _audit_of_set(
    result: SetResult, models: Models, z: np.ndarray, status: np.ndarray, reasons: np.ndarray
) -> pa.Table:
    found = result.models
    variant = found.variant
    how, why = status[variant].copy(), reasons[variant].copy()
    absent = np.isnan(z[variant])
    imputed = np.isfinite(result.r2)
    why[absent & ~imputed & (why != "")] += NOT_IMPUTED
    how[imputed] = "imputed"
    sizes = np.diff(found.first)
    untested = np.repeat(np.isnan(result.z), sizes)
    outside = ~result.in_ld
    how[outside], why[outside] = "left out", NOT_IN_LD
    idle = untested & ~outside & ~absent
    how[idle], why[idle] = "left out", NOT_TESTED
    gene = np.repeat(found.genes["gene_id"].to_numpy(dtype=object), sizes)
    columns = {
        "tissue": pa.array([found.tissue]).take(pa.array(np.zeros(len(variant), dtype=int))),
        "gene_id": pa.array(gene, pa.string()),
        **{
            name: text_column(models.variants[name]).take(pa.array(variant))
            for name in ("variant_id", "rsid", "other_allele", "effect_allele")
        },
        "weight": _numbers(found.weight),
        "status": pa.array(how, pa.string()),
        "z": _numbers(z[variant]),
        "r2": _numbers(result.r2),
        "reason": pa.array(why, pa.string()),
    }
    assert list(columns) == list(COLUMNS["twas_variants"])
    return pa.table(columns)


def _numbers(values: np.ndarray) -> pa.Array:
    return pa.array(_texts(values, 6))


def _texts(values: np.ndarray, digits: int) -> list[str]:
    """Numbers as text, NA where there is none."""
    return ["NA" if value != value else f"{value:.{digits}g}" for value in values.tolist()]


def write_audit(path: Path, table: pa.Table) -> None:
    """A table of text, gzipped, whole or not at all; it may have millions of rows."""
    options = pcsv.WriteOptions(delimiter="\t", quoting_style="none", include_header=False)
    with text_writer(path, level=1) as stream:
        stream.write("\t".join(table.column_names) + "\n")
        stream.flush()
        pcsv.write_csv(table, stream.buffer, options)  # type: ignore[attr-defined]
