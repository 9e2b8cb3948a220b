"""Tables between stages: every kind has a schema and a version, and is written whole or not at all.

Text tables are tab-separated with one header line, gzipped where the name says so, floats with six
significant digits; the same rows give the same bytes. Parquet tables carry their kind, their
version and what else a reader must know in the file's metadata, and a checksum of every page, so
that a file of another kind, of another version, cut short or damaged is refused with its name: the
time stamp of such a file may be older than that of what was made of it, and no workflow notices.
"""

import errno
import glob
import gzip
import io
import json
import os
import shlex
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fqtl.errors import FqtlError

FORMAT_VERSION = 2  # of every Parquet table; rises when a schema changes
METADATA_KEY = b"fqtl"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a full disk, a quota, a limit on file size


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Temporary path beside `path` that becomes it if all goes well and vanishes if not.

    What a writer that was killed left there vanishes, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        leftover.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except Exception as fault:
        if _says_no_room(fault):
            free = shutil.disk_usage(path.parent).free / 1e6
            raise FqtlError(
                f"No room to write {path} ({fault}); {free:.0f} MB are free there. Make "
                "room, or see results in the config; then start the same command again: what is "
                "finished is kept."
            ) from fault
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _says_no_room(fault: Exception) -> bool:
    if isinstance(fault, OSError):
        return fault.errno in NO_ROOM
    return getattr(fault, "sqlite_errorname", "") == "SQLITE_FULL"


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Temporary folder beside `path` that takes its place if all goes well and vanishes if not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def text_writer(path: Path) -> Iterator[IO[str]]:
    """Text file, whole or not at all; gzipped if its name says so, without name or time inside."""
    with whole(path) as temporary, open(temporary, "wb") as raw:
        if path.suffix == ".gz":
            with (
                gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text,
            ):
                yield text
        else:
            with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as text:
                yield text


def write_text(path: Path, text: str) -> None:
    """Text file, whole or not at all."""
    with text_writer(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """JSON for people and programs, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_tsv(path: Path, frame: pd.DataFrame, kind: str) -> None:
    """Text table of one of the kinds in `COLUMNS`."""
    columns = list(COLUMNS[kind])
    assert list(frame.columns) == columns, (kind, list(frame.columns))
    with text_writer(path) as stream:
        frame.to_csv(stream, sep="\t", index=False, float_format="%.6g", na_rep="NA")


def read_tsv(path: Path, kind: str) -> pd.DataFrame:
    """Text table, refused if its columns are not those of its kind."""
    if not path.exists():
        raise FqtlError(f"No such file: {path}.")
    try:
        frame = pd.read_csv(
            path, sep="\t", na_values=["NA"], keep_default_na=False, dtype=_text_columns(kind)
        )
    except (EOFError, zlib.error, gzip.BadGzipFile, pd.errors.EmptyDataError) as fault:
        raise FqtlError(f"{path} is not whole ({fault}). {_made_anew(path)}") from fault
    if list(frame.columns) != list(COLUMNS[kind]):
        raise FqtlError(
            f"{path}: expected the columns of {kind} ({', '.join(COLUMNS[kind])}), "
            f"found {', '.join(frame.columns)}."
        )
    return frame


def write_parquet(path: Path, table: pa.Table, kind: str, **about: Any) -> None:
    """Parquet table with its kind, version and `about` in the metadata."""
    with whole(path) as temporary:
        described = table.replace_schema_metadata(_metadata(kind, about))
        pq.write_table(described, temporary, write_page_checksum=True)


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema, kind: str, **about: Any) -> Iterator[Any]:
    """Writer of a Parquet table in parts; the file appears when the context closes."""
    with (
        whole(path) as temporary,
        pq.ParquetWriter(
            temporary, schema.with_metadata(_metadata(kind, about)), write_page_checksum=True
        ) as writer,
    ):
        yield writer


def read_parquet(
    path: Path,
    kind: str,
    columns: list[str] | None = None,
    rows: list[tuple[str, str, Any]] | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Parquet table and its metadata; another kind or a cut file is refused.

    columns : those wanted; rows : what must hold for those wanted, as ("pos", ">=", 1000)
    """
    if not path.exists():
        raise FqtlError(f"No such file: {path}.")
    try:
        table = pq.read_table(path, columns=columns, filters=rows, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # the system's word: no permission, a broken disk
        raise FqtlError(
            f"{path} is not a whole Parquet file ({fault})."
            # what is no Parquet at all was not made here, and is not to be deleted
            + (f" {_made_anew(path)}" if _begins_as_parquet(path) else f" Is it a table of {kind}?")
        ) from fault
    about = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
    found = (about.get("kind"), about.get("version"))
    if found != (kind, FORMAT_VERSION):
        raise FqtlError(
            f"{path}: expected a table of kind {kind}, version {FORMAT_VERSION}; "
            f"found kind {found[0]}, version {found[1]}."
            + (f" {_made_anew(path)}" if found[0] == kind else "")
        )
    return table, about


def read_parquets(paths: Sequence[Path], kind: str) -> list[tuple[pa.Table, dict[str, Any]]]:
    """Parquet tables of many files; those that cannot be used are named together."""
    tables, refused = [], {}
    for path in paths:
        try:
            tables.append(read_parquet(path, kind))
        except FqtlError as fault:
            refused[path] = fault
    if not refused:
        return tables
    first = next(iter(refused.values()))
    if len(refused) == 1:
        raise first
    raise FqtlError(
        f"{len(refused)} of {len(paths)} files cannot be used. {_made_anew(*refused)} "
        f"The first: {first}"
    )


def _begins_as_parquet(path: Path) -> bool:
    with open(path, "rb") as stream:
        return stream.read(4) in (b"PAR1", b"")


def _made_anew(*paths: Path) -> str:
    """What to do about broken files; only the user knows how the workflow was started."""
    return (
        f"Delete it: `rm {shlex.join(map(str, paths))}`, and start the workflow again as before; "
        "only this and what depends on it is made anew."
    )


def _metadata(kind: str, about: dict[str, Any]) -> dict[bytes, bytes]:
    text = json.dumps({"kind": kind, "version": FORMAT_VERSION, **about})
    return {METADATA_KEY: text.encode()}


def _text_columns(kind: str) -> dict[str, type]:
    """Columns that must not be read as numbers, whatever they look like."""
    text = {"gene_id", "chrom", "tissue", "variant_id", "rsid", "reason", "status", "shard"}
    text |= {"donor"}
    if kind.startswith("converted"):
        text |= {"set", "from", "path"}
    return {name: str for name in COLUMNS[kind] if name in text}


# What each column means; docs/results.md is made of the same words.
GENE = {
    "gene_id": "gene, as named in the first tissue that has it",
    "chrom": "chromosome, as chr22",
    "tss": "transcription start site, 1-based",
}
SITE = {
    "variant_id": "chromosome_position_other_effect_build",
    "rsid": "rs number, empty where unknown",
    "chrom": "chromosome, as chr22",
    "pos": "position, 1-based",
    "other_allele": "REF",
    "effect_allele": "ALT; every sign refers to it",
}
LOADING = {
    "mean": "posterior mean, standardised scale",
    "sd": "posterior standard deviation, standardised scale",
    "pip": "posterior inclusion probability",
}
COLUMNS: dict[str, dict[str, str]] = {
    "genes": {
        **GENE,
        "n_tissues": "tissues in which the gene is to be fitted",
        "reason": "why the gene is not fitted; empty if it is",
    },
    "shards": {
        "gene_id": "gene",
        "shard": "shard in which it is fitted",
    },
    "plan": {
        "shard": "shard",
        "first_gene": "its first gene",
        "last_gene": "its last gene, in the order of the genome",
        "n_genes": "genes",
        "n_variants": "expected variants of a cis window, from a sample of the genotypes",
        "cpu_seconds": "expected CPU seconds of its job",
        "memory_mb": "expected peak memory of its job, megabytes",
    },
    "dropped": {
        "gene_id": "gene; of a line that repeats a gene with its number, as `ENSG01.2 (line 7)`",
        "tissue": "tissue in which it is not fitted",
        "reason": "why",
    },
    "fits": {
        **GENE,
        "status": "fitted, skipped (nothing to fit) or failed",
        "reason": "why it was not fitted; empty if it was",
        "n_donors": "donors with expression in at least one tissue",
        "n_variants": "variants in the cis window after filters",
        "n_tissues": "tissues fitted",
        "n_factors": "factors found",
        "n_specific": "effects of single tissues beside them, with probability above 0.5",
        "elbo": "lower bound of the log evidence, nats",
        "n_iter": "rounds of coordinate ascent",
        "converged": "whether the ELBO settled",
        "evidence": "that anything acts: -ln of the probability that nothing does",
        "permutations": "permuted fits that were drawn",
        "own_p": "p-value of the evidence among the gene's own permuted fits, drawn in sequence",
        "p": "p-value of the evidence among the first permuted fits of all genes",
        "q": "false discovery rate of genes at this p",
    },
    "factors": {
        "gene_id": "gene",
        "factor": "factor, from 0 in the order of variance explained",
        "pip": "probability that it has any variant and any tissue",
        "n_variants": "variants with PIP > 0.5",
        "n_tissues": "tissues with PIP > 0.5",
        "lead_variant": "variant with the largest PIP; NA if none reaches weights.min_pip",
        "lead_pip": "its PIP",
        "variants": "variants with PIP > 0.5, joined by commas",
        "tissues": "tissues with PIP > 0.5, joined by commas",
        "p": "factors of such a pip expected in a gene without effects, at most 1",
        "q": "false discovery rate of factors at this p",
    },
    "variants": {
        "gene_id": "gene",
        "factor": "factor",
        **SITE,
        **LOADING,
    },
    "tissues": {
        "gene_id": "gene",
        "factor": "factor",
        "tissue": "tissue",
        **LOADING,
    },
    "specific": {
        "gene_id": "gene",
        "tissue": "tissue",
        **SITE,
        **LOADING,
    },
    "credible_sets": {
        "gene_id": "gene",
        "set": "credible set, from 0",
        "factor": "factor that it is an effect of; NA if of a tissue beside the factors",
        "tissue": "tissue that it is an effect of; NA if of a factor that tissues share",
        "pip": "probability that there is this effect",
        "coverage": "probability that one of the variants has it, if it is there",
        "purity": "smallest absolute correlation between two of the variants",
        "size": "number of variants",
        "lead_variant": "the most probable",
        "variants": "all, the most probable first, joined by commas",
    },
    "dropped_variants": {
        "gene_id": "gene",
        "reason": "why variants of its cis window were left out",
        "count": "how many",
    },
    "prediction": {
        "gene_id": "gene",
        "tissue": "tissue",
        "n_donors": "donors with expression",
        "pip": "probability that any variant acts on the gene in the tissue",
        "r": "correlation of expression with its cross-validated prediction, 0 if that is constant",
        "r2": "its square, 0 if r is negative",
        "p": "one-sided p-value of r",
        "fold_r2": "mean over folds of the squared correlation within the fold",
        "fold_p": "Fisher's combination of the p-values of the folds",
        "spearman": "rank correlation, 0 if the prediction is constant",
        "enet_r2": "r2 of an elastic net of the tissue, in a share of the genes",
        "enet_p": "its p",
        "enet_spearman": "its rank correlation",
        "pip_p": "p-value of pip among tissues permuted beside others",
        "q": "false discovery rate of pairs of gene and tissue at this pip_p",
    },
    "nulls": {
        "gene_id": "gene",
        "evidence": "of its first permuted fit",
        "p": "p-value of that among those of the other half of the genes",
    },
    "calibration": {
        "level": "gene, factor, or gene and tissue",
        "tests": "hypotheses",
        "nulls": "null statistics in the pool",
        "null_share": "estimated share of hypotheses without an effect; 1 for factors",
        "found": "with q below 0.05",
        "found_among_nulls": "share of genes with q below 0.05 were their permuted fits the data",
    },
    "truth": {
        "gene_id": "gene",
        "tissue": "tissue",
        "factor": "planted factor",
        "variant_id": "planted variant",
        "effect": "planted effect, standard deviations of expression per allele",
    },
    "simulated": {
        **GENE,
        "n_factors": "planted factors, 0 for a gene without genetics",
        "n_tissues": "tissues with a planted effect",
        "n_variants": "variants with a planted effect",
    },
    "prepared": {
        "tissue": "tissue",
        "n_donors": "donors with expression, genotypes and covariates",
        "without_genotypes": "donors of the file that have no genotypes",
        "without_covariates": "donors with genotypes that have no covariates",
        "repeated": "samples beside another of the same donor, which was used",
        "n_covariates": "independent covariates regressed out, components of expression among them",
        "n_components": "components of expression",
        "n_controls": "genes elsewhere that a gene was regressed on, in the mean",
        "explained": "share of the variance of expression that the covariates explain together",
        "n_outliers": "donors unlike the others, in outliers.tsv; they are kept",
        "n_genes": "genes kept",
        "n_dropped": "genes not kept, and lines that repeat a gene",
        "reason": "why the whole tissue is left out; empty if it is not",
    },
    "confounders": {
        "tissue": "tissue",
        "covariate": "covariate, or component of expression",
        "explained": "share of the variance of a gene that it explains by itself, mean over genes",
    },
    "outliers": {
        "tissue": "tissue",
        "donor": "donor",
        "deviations": "how far the median correlation with other donors lies below that of most",
    },
    "weights": {
        "tissue": "tissue; `factors` for the factors of all genes, `*` for all tissues together",
        "set": "filtered (by cross-validation), unfiltered, published, or joint (over all tissues)",
        "format": "predictdb, fusion, tigar or focus",
        "genes": "genes in the file (factors of genes, of `factors`)",
        "variants": "weights in the file",
        "filtered_out": "genes with weights that did not pass the filter",
        "path": "the file, relative to this table; empty where no gene was left for it",
    },
    "converted": {
        "set": "name of the set: its tissue",
        "from": "file it was read from",
        "format": "predictdb, fusion, tigar or focus",
        "genes": "genes in the file written",
        "weights": "weights in it",
        "genes_left_out": "genes of the file read that are not in it",
        "weights_left_out": "weights that the reference panel lacks",
        "path": "the file written, relative to this table; empty where no gene was left for it",
    },
    "converted_left_out": {
        "set": "name of the set",
        "from": "file it was read from",
        "format": "format it was to be written in",
        "gene_id": "gene",
        "variant_id": "variant; empty if it is the gene that is left out",
        "reason": "why its weight, or the gene, is left out",
    },
    "imported": {
        "what": "genes, tissues, factors, variants, models of a gene in a tissue, or weights",
        "outcome": "kept or left out",
        "reason": "why they were left out; a remark on those kept",
        "count": "how many",
    },
    "imported_factors": {
        "gene_id": "gene",
        "factor": "factor, as numbered in the release",
        "variants": "variants of the factor above the PIP cut-off",
        "kept": "variants of them that have a weight",
        "reason": "why the factor is left out; empty if it is not",
    },
    "imported_variants": {
        "released": "variant as released: chromosome_position_allele_allele_build",
        "variant_id": "the same in the panel; empty if it is not found",
        "rsid": "rs number in the panel, empty where unknown",
        "frequency": "of the effect allele (ALT) in the panel",
        "sign": "of a released effect, for the effect allele of the panel",
        "reason": "why the variant is left out; empty if it is not",
    },
}
