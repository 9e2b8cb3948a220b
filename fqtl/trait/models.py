"""Models of genes, whoever made them, as few arrays as possible: one list of variants for all.

Of a release of fifty tissues a weight takes 12 bytes here; covariances are read when a set is
tested, and not kept.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data import contigs
from fqtl.data.lines import read_lines, readable
from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.trait.predictdb_models import SITE as RAW_SITE
from fqtl.trait.predictdb_models import Columns, read_columns
from fqtl.weights.conversion import Loaded, covariance_of_db, load_sets
from fqtl.weights.from_fits import FACTORS, JOINT
from fqtl.weights.kinds import Kind, find_weights
from fqtl.weights.weight_set import variant_ids

log = logging.getLogger(__name__)
DESCRIPTION = ["gene_id", "gene_name", "chrom", "start", "r2", "phi"]
SITE = ["chrom", "pos", "rsid", "variant_id", "other_allele", "effect_allele"]
# chromosome and position of an id with alleles, as builds.PLACE, with names for them
PLACED = r"^(?:chr)?(?P<chrom>[\w.-]+?)[_:](?P<pos>\d{1,9})[_:][ACGT]+[_:][ACGT]+(?:[_:][\w.+-]+)?$"
NOT_SETS = ("covariance", "fusion file")
LISTS = ("*.tsv", "factors/files.tsv")


@dataclass(frozen=True)
class ModelSet:
    """Models of one tissue, or of the factors that tissues share.

    genes : gene_id, gene_name, chrom, start, r2 (cross-validated) and phi (of a polygenic
        background; NaN where it is not told) of g genes
    first : (g + 1,) where the weights of each gene begin, and the end
    variant : (w,) row in the list of all variants
    weight : (w,) per copy of the effect allele, or per standard deviation of genotype
    covariance : file of covariances by gene; None where a panel has to tell them
    """

    tissue: str
    path: Path
    genome_build: str
    per_sd: bool
    genes: pd.DataFrame
    first: np.ndarray
    variant: np.ndarray
    weight: np.ndarray
    covariance: Path | None

    @property
    def of_factors(self) -> bool:
        return self.tissue == FACTORS

    def rows(self, gene: int) -> slice:
        return slice(int(self.first[gene]), int(self.first[gene + 1]))


@dataclass(frozen=True)
class Models:
    """All sets of a run.

    variants : the columns SITE, one row per variant
    left_out : tissue, gene_id and reason of genes whose files have no model of them
    joint : files of covariances over the variants of all tissues of a gene
    """

    sets: list[ModelSet]
    variants: pd.DataFrame
    left_out: pd.DataFrame
    genome_build: str
    joint: list[Path]


def load_models(paths: Sequence[Path], model: str = "", only: str = "filtered") -> Models:
    """Models of files and folders.

    model : which model of a gene is meant, in formats that hold several
    only : filtered or unfiltered, of folders of this project
    """
    known: dict[str, Path] = {}
    sites = _Sites()
    sets, left_out = [], []
    for path, kind in _files(paths, only):
        for columns, per_sd, dropped in _read(path, kind, model):
            earlier = known.setdefault(columns.tissue, path)
            if earlier is not path:
                raise FqtlError(
                    f"Two sets are named {columns.tissue}, in {earlier} and {path}: give one of "
                    "them (--weights)."
                )
            if dropped:
                of = {"tissue": columns.tissue, "gene_id": list(dropped)}
                left_out.append(pd.DataFrame({**of, "reason": list(dropped.values())}))
            if len(columns.weight):
                sets.append(_compact(path, kind, columns, per_sd, sites))
    if not sets:
        raise FqtlError(f"No model of any gene in {', '.join(map(str, paths))}.")
    nothing = pd.DataFrame(columns=["tissue", "gene_id", "reason"], dtype=str)
    variants = sites.table()
    del sites
    pa.default_memory_pool().release_unused()  # a third of what is held so far
    return Models(
        sets,
        variants,
        pd.concat([nothing, *left_out], ignore_index=True),
        _one_build(sets),
        _joint_files(sets),
    )


class _Sites:
    """Variants of all sets, each numbered once by its id, rs number and alleles."""

    def __init__(self) -> None:
        self._names = pa.array([], pa.string())
        self._parts: list[pa.Table] = []

    def numbers(self, site: pa.Table) -> np.ndarray:
        """(w,) number of each variant; those that are new are added."""
        columns = [site[name].combine_chunks() for name in RAW_SITE]
        packed = pc.dictionary_encode(pc.binary_join_element_wise(*columns, "\t"))
        local = packed.indices.to_numpy()
        number = pc.index_in(packed.dictionary, self._names)
        new = np.flatnonzero(pc.is_null(number).to_numpy(zero_copy_only=False))
        _, first = np.unique(local, return_index=True)
        self._parts.append(site.take(pa.array(first[new])))
        number = number.fill_null(-1).to_numpy(zero_copy_only=False).copy()
        number[new] = len(self._names) + np.arange(len(new))
        self._names = pa.concat_arrays([self._names, packed.dictionary.take(pa.array(new))])
        return number[local].astype(np.int32)

    def table(self) -> pd.DataFrame:
        """The columns SITE of all variants."""
        raw = pa.concat_tables(self._parts).combine_chunks()
        told = pc.extract_regex(raw["variant_id"], PLACED)
        chrom = pc.fill_null(pc.struct_field(told, "chrom"), "").combine_chunks()
        packed = pc.dictionary_encode(chrom)
        names = [name and contigs.prefixed(name) for name in packed.dictionary.to_pylist()]
        pos = pc.struct_field(told, "pos")
        table = raw.append_column("chrom", pa.array(names, pa.string()).take(packed.indices))
        table = table.append_column("pos", pc.fill_null(pc.cast(pos, pa.int64()), 0))
        return table.select(SITE).to_pandas()


def _files(paths: Sequence[Path], only: str) -> Iterable[tuple[Path, Kind]]:
    for path in paths:
        ours = _ours(path, only) if path.is_dir() else []
        if ours:
            yield from ((file, "predictdb") for file in ours)
            continue
        found = find_weights(path)
        sets = [(file, kind) for file, kind in found if kind not in NOT_SETS]
        if not sets:
            raise FqtlError(
                f"{path} holds {'covariances' if found[0][1] == 'covariance' else 'one gene'} "
                "alone: expected a PredictDB or FOCUS db, a FUSION .pos, a TIGAR table, or a "
                "folder of them."
            )
        yield from sets


def predictdb_files_of(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Tissue and path of every PredictDB; of folders of this project, of both sets."""
    every = (_files(paths, only) for only in ("filtered", "unfiltered"))
    found = {path for files in every for path, kind in files if kind == "predictdb"}
    return [(read_columns(path).tissue, path) for path in sorted(found)]


def _ours(folder: Path, only: str) -> list[Path]:
    """PredictDB files that the tables of a folder of this project list; none if it is no such."""
    found = []
    for pattern in LISTS:
        for table in sorted(folder.glob(pattern)):
            lines = [line.split("\t") for line in readable(table, partial(read_lines, table))]
            if lines and [name.strip() for name in lines[0]] == list(COLUMNS["weights"]):
                listed = (dict(zip(COLUMNS["weights"], line, strict=False)) for line in lines[1:])
                found += [
                    table.parent / row["path"].strip()
                    for row in listed
                    if (row["set"], row["format"]) == (only, "predictdb") and row["path"].strip()
                ]
    return found


def _read(path: Path, kind: Kind, model: str) -> Iterable[tuple[Columns, bool, dict[str, str]]]:
    """Every set of a file, whether it is per standard deviation, and genes without a model."""
    if kind == "predictdb" and not model:
        columns = read_columns(path)
        yield columns, False, dict.fromkeys(columns.unweighted, "has no weights")
        return
    for loaded in load_sets(path, kind, model):
        dropped = dict(zip(loaded.left_out["gene_id"], loaded.left_out["reason"], strict=True))
        yield _columns(loaded), loaded.per_sd, dropped


def _columns(loaded: Loaded) -> Columns:
    """A set that was read as tables."""
    weights = loaded.weights
    variants = weights.variants
    weight = variants["weight"].to_numpy()
    if not np.isfinite(weight).all():
        first = variants[~np.isfinite(weight)].iloc[0]
        raise FqtlError(
            f"{loaded.path}: {int((~np.isfinite(weight)).sum())} of {len(weight)} weights are no "
            f"numbers, the first of {first['rsid'] or first['variant_id']!r} of "
            f"{first['gene_id']}; see `fqtl check weights`."
        )
    # an id that tells no place, as FUSION's may be, makes way for one that does
    ids = pd.Series(variant_ids(variants, weights.genome_build), index=variants.index)
    placed = variants.assign(variant_id=ids.where(variants["pos"] > 0, variants["variant_id"]))
    site = {name: pa.array(placed[name].to_numpy(dtype=object), pa.string()) for name in RAW_SITE}
    for name in RAW_SITE[2:]:
        site[name] = pc.utf8_upper(site[name])
    return Columns(
        weights.name,
        weights.genome_build,
        list(weights.genes[DESCRIPTION].itertuples(index=False, name=None)),
        np.repeat(np.arange(len(weights.genes)), weights.sizes),
        pa.table(site),
        weight,
        [],
    )


def _compact(path: Path, kind: Kind, columns: Columns, per_sd: bool, sites: _Sites) -> ModelSet:
    """A set whose variants are numbers; the rows of a gene together."""
    order = np.argsort(columns.gene, kind="stable")
    sizes = np.bincount(columns.gene, minlength=len(columns.genes))
    return ModelSet(
        tissue=columns.tissue,
        path=path,
        genome_build=columns.genome_build,
        per_sd=per_sd,
        genes=pd.DataFrame(columns.genes, columns=DESCRIPTION),
        first=np.concatenate([[0], np.cumsum(sizes)]),
        variant=sites.numbers(columns.site)[order],
        weight=columns.weight[order],
        covariance=covariance_of_db(path)[0] if kind == "predictdb" else None,
    )


def _one_build(sets: list[ModelSet]) -> str:
    told = {found.genome_build: found.path for found in sets if found.genome_build}
    if len(told) > 1:
        both = "; ".join(f"{build} ({path})" for build, path in sorted(told.items()))
        raise FqtlError(f"Models are on more than one genome build: {both}. Give those of one.")
    return next(iter(told), "")


def _joint_files(sets: list[ModelSet]) -> list[Path]:
    folders = dict.fromkeys(found.path.parent for found in sets)
    beside = [
        path
        for folder in folders
        for path in (folder / "varid" / f"{JOINT}.txt.gz", folder / f"{JOINT}.txt.gz")
    ]
    return [path for path in beside if path.is_file()][:1]
