"""TIGAR: one table of weights, indexed by position, and the list of its genes.

`{tissue}.txt.gz` (bgzip, with `{tissue}.txt.gz.tbi`) has the columns `CHROM POS snpID REF ALT
TargetID MAF p_HWE ES BUILD`, sorted by position, chromosomes without `chr`. ES is expression per
copy of ALT, the unit of this project, and MAF is, as in TIGAR's own files, the frequency of ALT.
snpID is CHROM:POS:REF:ALT: TIGAR compares it with what it makes so of the GWAS, and any other id
loses every gene without a word. The genome build has a column of its own, which TIGAR passes over;
so has, of fits to summary statistics, what they are fitted to (FITTED_TO). There is no performance.
`{tissue}.genes.txt` is what TIGAR wants as `--gene_anno`. TIGAR's statistic for weights per allele
is `SPrediXcan`; its statistic `FUSION` takes weights per standard deviation.
(Reader: https://github.com/yanglab-emory/TIGAR, TIGARutils.py)
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from fqtl.data import contigs
from fqtl.data.text import read_table
from fqtl.errors import FqtlError
from fqtl.tables.files import text_writer, whole
from fqtl.weights.builds import builds_of, one_build
from fqtl.weights.columns import Columns, as_numbers
from fqtl.weights.weight_set import WeightSet, variant_ids

log = logging.getLogger(__name__)
COLUMNS = ["CHROM", "POS", "snpID", "REF", "ALT", "TargetID", "MAF", "p_HWE", "ES", "BUILD"]
KEY = ["CHROM", "POS", "REF", "ALT"]  # of which TIGAR makes an id
GENES = ["CHROM", "GeneStart", "GeneEnd", "TargetID", "GeneName"]
NEEDED = ["CHROM", "POS", "REF", "ALT", "TargetID", "ES"]


def tigar_files(folder: Path, name: str) -> list[Path]:
    """The files that `write_tigar` writes for a set of that name: weights, index, genes."""
    endings = (".txt.gz", ".txt.gz.tbi", ".genes.txt")
    return [folder / f"{name}{ending}" for ending in endings]


def write_tigar(folder: Path, weights: WeightSet, fitted_to: str = "") -> Path:
    """Write the weights, their index and their genes; the path of the weights.

    fitted_to : what the column FITTED_TO says; empty for none
    """
    assert len(weights.variants), "an empty table cannot be indexed"
    path, index, genes = tigar_files(folder, weights.name)
    table = _weights(weights)
    if fitted_to:
        table = table.assign(FITTED_TO=fitted_to)
    text = table.to_csv(sep="\t", index=False, na_rep="NA", float_format="%.15g")
    with whole(path) as temporary, whole(index) as temporary_index:
        with pysam.BGZFile(str(temporary), "wb", None) as packed:
            packed.write(text.encode())
        pysam.tabix_index(
            str(temporary),
            index=str(temporary_index),
            seq_col=0,
            start_col=1,
            end_col=1,
            line_skip=1,
            force=True,
            keep_original=True,
        )
    with text_writer(genes) as stream:
        _genes(weights).to_csv(stream, sep="\t", index=False)
    return path


def _weights(weights: WeightSet) -> pd.DataFrame:
    variants = weights.variants
    table = pd.DataFrame(
        {
            "CHROM": variants["chrom"].map(contigs.bare),
            "POS": variants["pos"],
            "REF": variants["other_allele"],
            "ALT": variants["effect_allele"],
            "TargetID": variants["gene_id"],
            "MAF": variants["frequency"],
            "p_HWE": variants["hwe_p"],
            "ES": variants["weight"],
            "BUILD": weights.genome_build or "unknown",
        }
    )
    table = table.assign(snpID=snp_ids(table))[COLUMNS]
    rank = {
        name: place for place, name in enumerate(sorted(set(table["CHROM"]), key=contigs.order))
    }
    order = np.lexsort((table["POS"], table["CHROM"].map(rank)))
    return table.iloc[order]


def snp_ids(table: pd.DataFrame) -> list[str]:
    """The ids that TIGAR makes of the columns CHROM, POS, REF and ALT."""
    return [":".join(map(str, row)) for row in table[KEY].itertuples(index=False)]


def _genes(weights: WeightSet) -> pd.DataFrame:
    genes = weights.genes
    name = genes["gene_name"].where(genes["gene_name"] != "", genes["gene_id"])
    columns = [
        genes["chrom"].map(contigs.bare),
        genes["start"],
        genes["end"],
        genes["gene_id"],
        name,
    ]
    return pd.concat(columns, axis="columns", keys=GENES)


def read_tigar(path: Path, genes: Path | None = None) -> WeightSet:
    """Weights of this project or of TIGAR's own training.

    genes : list of genes, as for --gene_anno; without it a gene stands at its first variant
    """
    table = read_table(path, None)
    absent = [name for name in NEEDED if name not in table]
    if absent:
        raise FqtlError(
            f"{path}: expected the columns {', '.join(NEEDED)} of TIGAR's weights; "
            f"{', '.join(absent)} are missing."
        )
    columns = Columns(path, table)
    variants = pd.DataFrame(
        {
            "gene_id": columns.names("TargetID"),
            "chrom": columns.names("CHROM").map(contigs.prefixed),
            "pos": columns.positions("POS"),
            "other_allele": columns.names("REF").str.upper(),
            "effect_allele": columns.names("ALT").str.upper(),
            "weight": _numbers(table, "ES"),
            "frequency": _numbers(table, "MAF"),
            "hwe_p": _numbers(table, "p_HWE"),
        }
    )
    build = _build(path, columns)
    variants = variants.assign(variant_id=variant_ids(variants, build))
    first = variants.drop_duplicates("gene_id")
    listed = pd.DataFrame({"gene_id": first["gene_id"], "chrom": first["chrom"]})
    listed = listed.assign(start=first["pos"], end=first["pos"])
    if genes is not None:
        listed = _told(listed, read_genes(genes))
    name = path.name.removesuffix(".gz").removesuffix(".txt")
    return WeightSet.of(name, build, 0, listed, variants, None)


def _build(path: Path, columns: Columns) -> str:
    """The genome build, by its column, or by ids as files before version 0.1 of fqtl had them."""
    none = pd.Series("", index=columns.frame.index)
    ids = columns.text("snpID") if "snpID" in columns else none
    told = columns.text("BUILD").unique() if "BUILD" in columns else []
    if builds_of(ids).ne("").any():
        log.warning(
            "%s: snpID is of an old form (%s), by which TIGAR finds no variant. It is read as it "
            "is; `fqtl convert --to tigar` writes the file anew.",
            *(path, ids.iloc[0]),
        )
    return one_build(path, told, ids)


def read_genes(path: Path) -> pd.DataFrame:
    """The list of genes: TargetID, GeneStart and GeneEnd (0 where not told), GeneName."""
    table = read_table(path, None)
    absent = [name for name in GENES[1:] if name not in table]
    if absent:
        raise FqtlError(
            f"{path}: expected the columns {', '.join(GENES)} of TIGAR's list of genes; "
            f"{', '.join(absent)} are missing."
        )
    columns = Columns(path, table)
    return pd.DataFrame(
        {
            "TargetID": columns.names("TargetID"),
            "GeneStart": columns.positions("GeneStart", needed=False),
            "GeneEnd": columns.positions("GeneEnd", needed=False),
            "GeneName": columns.text("GeneName"),
        }
    )


def _told(listed: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """Genes with the places and names that a list has for them, in its order where it has them."""
    reported = genes.drop_duplicates("TargetID").set_index("TargetID")
    order = {gene: place for place, gene in enumerate(reported.index)}
    listed = listed.sort_values("gene_id", key=lambda x: x.map(order), kind="stable")
    reported = reported.reindex(listed["gene_id"])
    known = (reported["GeneStart"] > 0).to_numpy()
    name = reported["GeneName"].fillna("").to_numpy()
    return listed.assign(
        start=np.where(known, reported["GeneStart"].fillna(0).astype(int), listed["start"]),
        end=np.where(known, reported["GeneEnd"].fillna(0).astype(int), listed["end"]),
        gene_name=np.where(name == listed["gene_id"], "", name),  # the id stands in
    )


def _numbers(table: pd.DataFrame, name: str) -> "pd.Series[float]":
    """Numbers of a column; what is none is NaN."""
    return as_numbers(table[name]) if name in table else pd.Series(np.nan, index=table.index)
