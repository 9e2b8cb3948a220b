"""Tables of a run, as the report needs them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from fqtl.data.annotation import read_gene_models
from fqtl.release.stale_outputs import written_files
from fqtl.report.locus import NO_GENES, Blocks, read_blocks_of
from fqtl.simulation.evaluation import pairs_with_truth
from fqtl.tables.files import read_parquet, read_tsv

PREDICTED = 0.01  # R² above which a gene counts as predicted
# what stands for the files of a set, by the folder of its format
LISTED = {"predictdb": ".db", "fusion": ".pos", "tigar": ".txt.gz", "focus": ".db"}
# files of a run, and of large ones the columns that are shown
TABLES: dict[str, tuple[str, list[str] | None]] = {
    "genes": ("genes.tsv", None),
    "prepared": ("prepared.tsv", None),
    "confounders": ("confounders.tsv", None),
    "dropped": ("dropped.tsv.gz", None),
    "fits": ("fits.tsv.gz", None),
    "factors": ("factors.tsv.gz", ["gene_id", "factor", "pip", "n_variants", "n_tissues", "q"]),
    "tissues": ("tissues.tsv.gz", ["gene_id", "factor", "tissue", "pip"]),
    "credible_sets": ("credible_sets.tsv.gz", ["gene_id", "size"]),
    "prediction": ("prediction.tsv.gz", ["gene_id", "tissue", "pip", "r2", "enet_r2", "q"]),
    "dropped_variants": ("dropped_variants.tsv.gz", None),
    "nulls": ("nulls.tsv.gz", None),
    "calibration": ("calibration.tsv.gz", None),
}
TWAS = {
    "associations": "associations.tsv.gz",
    "twas_factors": "factors.tsv.gz",
    "twas_genes": "genes.tsv.gz",
}


@dataclass(frozen=True)
class Trait:
    """What `fqtl twas` wrote of one trait, if it is below the results.

    others : further tables by name, as loci, whatever their columns
    blocks : those that were fine-mapped, with all of their variants; None where there are none
    """

    name: str
    associations: pd.DataFrame
    factors: pd.DataFrame
    genes: pd.DataFrame
    others: dict[str, pd.DataFrame] = field(default_factory=dict)
    blocks: Blocks | None = None


@dataclass(frozen=True)
class Results:
    """Tables of a run; of large ones the columns in TABLES.

    store : gene_id and permuted_fits of the store of fits
    foreign_weights : weight files beside this run's that are not its own
    benchmarks : a row per job, with its stage, seconds and memory
    priors : what was learned over all genes, where it was
    used : of a run on summary statistics, what became of their rows; None of individual data
    noise_correlation : tissues by tissues, where one table is of all genes
    pairs, simulated : what was found of what was simulated, in a simulated panel
    gene_pages : genes that have a page, and where that is
    loci : blocks of each trait that are drawn
    gene_models : genes and exons of an annotation, maybe none
    """

    genes: pd.DataFrame
    prepared: pd.DataFrame
    confounders: pd.DataFrame
    dropped: pd.DataFrame
    fits: pd.DataFrame
    factors: pd.DataFrame
    tissues: pd.DataFrame
    credible_sets: pd.DataFrame
    prediction: pd.DataFrame
    dropped_variants: pd.DataFrame
    nulls: pd.DataFrame
    calibration: pd.DataFrame
    store: pa.Table
    weights: pd.DataFrame
    foreign_weights: list[str]
    settings: dict[str, str]
    benchmarks: pd.DataFrame
    priors: pd.DataFrame | None = None
    used: pd.DataFrame | None = None
    noise_correlation: pd.DataFrame | None = None
    traits: list[Trait] = field(default_factory=list)
    pairs: pd.DataFrame | None = None
    simulated: pd.DataFrame | None = None
    gene_pages: dict[str, str] = field(default_factory=dict)
    loci: int = 0
    gene_models: pd.DataFrame = field(default_factory=NO_GENES.copy)

    @property
    def of_summary(self) -> bool:
        """Whether fits are to summary statistics."""
        return self.used is not None

    @property
    def nulls_are(self) -> str:
        """What p-values come from."""
        return "simulated nulls" if self.of_summary else "permuted fits"

    @property
    def names(self) -> list[str]:
        """Tissues that were kept."""
        return list(self.prepared.loc[self.prepared["reason"] == "", "tissue"])


def read_results(
    folder: Path,
    weights: Sequence[Path],
    settings: dict[str, str],
    panel: Path | None = None,
    *,
    only_traits: Sequence[str] | None = None,
    gene_pages: bool = True,
    loci: int = 0,
    annotation: Path | None = None,
) -> Results:
    """Tables of the run in a folder.

    weights : tables of weight files; panel : what `fqtl simulate` wrote
    only_traits : those of the run, where others may lie beside them; all by default
    gene_pages : whether the run has made any
    loci : blocks of each trait to be drawn; annotation : GTF of genes in them
    """
    tables = {
        kind: read_tsv(folder / name, kind, columns=columns)
        for kind, (name, columns) in TABLES.items()
    }
    lists = [_with_folder(read_tsv(path, "weights"), path.parent, folder) for path in weights]
    pairs = simulated = None
    if panel is not None:
        simulated = read_tsv(panel / "simulated.tsv", "simulated")
        truth = read_tsv(panel / "truth.tsv.gz", "truth")
        pairs = pairs_with_truth(as_text(tables["prediction"]), truth, simulated)
    priors = folder / "priors.tsv"
    columns = ["gene_id", "permuted_fits"]
    store, about = read_parquet(folder / "fits.parquet", "fits", columns)
    of_summary = about.get("source") == "summary statistics"
    traits = read_traits(folder / "twas", only_traits)
    drawn = loci > 0 and any(trait.blocks is not None for trait in traits)
    return Results(
        **tables,
        store=store,
        weights=pd.concat(lists, ignore_index=True),
        foreign_weights=foreign(weights, folder / "weights"),
        settings=settings,
        benchmarks=read_benchmarks(folder / "benchmarks"),
        priors=pd.read_csv(priors, sep="\t", keep_default_na=False) if priors.exists() else None,
        used=read_tsv(folder / "used.tsv", "used") if of_summary else None,
        noise_correlation=_noise(folder / "noise_correlation.tsv") if of_summary else None,
        traits=traits,
        pairs=pairs,
        simulated=simulated,
        gene_pages=_pages(folder / "genes") if gene_pages else {},
        loci=loci,
        gene_models=read_gene_models(annotation) if drawn and annotation else NO_GENES,
    )


def _noise(path: Path) -> pd.DataFrame | None:
    """Table of tissues by tissues; none where noise was looked for gene by gene."""
    return pd.read_csv(path, sep="\t", index_col=0) if path.exists() else None


def _pages(folder: Path) -> dict[str, str]:
    """The page of each gene that has one, as it is linked from the report."""
    pages = (path for path in sorted(folder.glob("*.html")) if path.stem != "index")
    return {path.stem: f"{folder.name}/{path.name}" for path in pages}


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with names as text in place of categories, for tables to be joined."""
    names = frame.columns[frame.dtypes.astype(str) == "category"]
    return frame.astype(dict.fromkeys(names, object))


def _with_folder(table: pd.DataFrame, beside: Path, folder: Path) -> pd.DataFrame:
    """Paths of weight files as they are from the folder of the results."""
    place = Path(*_relative(beside, folder))
    return table.assign(path=[_tidy(place / path) if path else "" for path in table["path"]])


def _relative(path: Path, folder: Path) -> tuple[str, ...]:
    """Parts of a path below a folder; of one elsewhere all of them."""
    if path.resolve().is_relative_to(folder.resolve()):
        return path.resolve().relative_to(folder.resolve()).parts
    return path.parts


def _tidy(path: Path) -> str:
    """The path without steps to and fro, as `joint/../predictdb`."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Seconds and memory (MB) of every job of a run, by its stage; no row where none is known."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*.tsv")):
        stage = path.relative_to(folder).parts[0].removesuffix(".tsv")
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        rows += [{"stage": stage, **row} for row in table.to_dict(orient="records")]
    columns = ["stage", "s", "max_rss", "cpu_time"]
    return pd.DataFrame(rows, columns=columns)


def read_traits(folder: Path, only: Sequence[str] | None = None) -> list[Trait]:
    """Traits that `fqtl twas` tested, one folder each, in the order of their names.

    only : those of the run, where others may lie beside them; all by default
    """
    return [
        _trait(path.parent)
        for path in sorted(folder.glob("*/genes.tsv.gz"))
        if (only is None or path.parent.name in only)
        and all((path.parent / name).exists() for name in TWAS.values())
    ]


def _trait(folder: Path) -> Trait:
    tables = {kind: read_tsv(folder / name, kind) for kind, name in TWAS.items()}
    others = {
        path.name.removesuffix(".tsv.gz"): pd.read_csv(path, sep="\t", keep_default_na=False)
        for path in sorted(folder.glob("*.tsv.gz"))
        if path.name in ("loci.tsv.gz", "fine_mapping.tsv.gz", "colocalisation.tsv.gz")
    }
    return Trait(
        folder.name,
        tables["associations"],
        tables["twas_factors"],
        tables["twas_genes"],
        others,
        read_blocks_of(folder),
    )


def foreign(lists: Sequence[Path], folder: Path) -> list[str]:
    """Weight files that no run is known to have written, as of a tissue no longer listed."""
    written = {path.resolve() for path in written_files(lists)}
    found = sorted(
        path for name, ending in LISTED.items() for path in (folder / name).rglob(f"*{ending}")
    )
    return [str(path) for path in found if path.resolve() not in written]
