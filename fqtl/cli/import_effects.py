"""Make weights of the effects released for GTEx v6p and v8.

Reads the files of the original fQTL analyses (v6p: combined.txt.gz, v8: fqtl_N.txt.gz), matches
their variants with a reference panel by position and alleles, and writes weights per copy of the
effect allele with the covariances of the panel, for every tissue, and for S-MultiXcan those of all
tissues together. import.tsv counts what was kept and why the rest was not; import_factors.tsv.gz
and import_variants.tsv.gz list it. All is written whole or not at all, and takes the place of what
an earlier import wrote to the same folder.

Positions of v6p are on GRCh37 and those of v8 on GRCh38: the panel has to be on the same.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.cli.arguments import add_annotation, add_genotypes, add_variant_filter, open_filtered
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import number_in
from fqtl.data.dosages import GenotypeSource
from fqtl.data.gene_names import read_gene_names
from fqtl.data.panel import ELSEWHERE, Panel, look_up, require_found
from fqtl.data.released import Released, read_all_released, read_counted
from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_tsv, write_tsv
from fqtl.weights.covariance import write_covariance
from fqtl.weights.formats import FORMATS, write_or_clear
from fqtl.weights.from_fits import FACTORS, JOINT, with_gene_names
from fqtl.weights.published_effects import (
    Published,
    Rules,
    factor_outcome,
    factor_set,
    joint_set,
    outcome,
    published_weights,
    variants_of,
    weight_set,
)
from fqtl.weights.staging import staged
from fqtl.weights.weight_set import WeightSet

log = logging.getLogger(__name__)
TABLES = ["weights.tsv", "import.tsv", "import_factors.tsv.gz", "import_variants.tsv.gz"]
FEW = 0.5  # share of the variants on its chromosomes, of which a whole panel has more


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--effects", type=Path, nargs="+", required=True, metavar="FILE", help="released effects"
    )
    add_genotypes(parser)
    parser.add_argument(
        "--min-pip",
        type=number_in(0, 1),
        default=0.5,
        metavar="P",
        help="of variants and of tissues",
    )
    parser.add_argument(
        "--counted-allele",
        choices=["minor", "second", "first"],
        default="minor",
        help="which allele effects are for: the minor one in the panel, or that named second "
        "(ALT) or first (REF) in the name of the variant",
    )
    parser.add_argument(
        "--max-maf",
        type=number_in(0, 0.5),
        default=0.4,
        metavar="F",
        help="largest frequency in the panel at which the minor allele counts as known",
    )
    parser.add_argument(
        "--bim",
        type=Path,
        metavar="FILE",
        help="PLINK .bim of the genotypes that the effects were found in: effects are for its A1, "
        "whatever its frequency",
    )
    parser.add_argument(
        "--effects-per",
        choices=["sd", "allele"],
        default="sd",
        help="unit of genotype of the effects",
    )
    parser.add_argument(
        "--min-found",
        type=number_in(0, 1),
        default=0.05,
        metavar="SHARE",
        help="of the variants that the panel must have, else it is refused",
    )
    add_variant_filter(parser)
    add_annotation(parser)
    add_key(parser, "weights.formats")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def run(given: Namespace) -> None:
    released = read_all_released(given.effects, given.min_pip)
    effects = ", ".join(map(str, given.effects))
    source = open_filtered(given)
    _require_build(released, source, effects, given.genome_build)
    if released.factors.empty:
        raise FqtlError(
            f"No factor of {effects} can be used at a PIP above {given.min_pip:g}: "
            f"{'; '.join(released.left_out['reason'].unique())}."
        )
    asked_for = variants_of(released)
    panel = look_up(source, asked_for)
    require_found(panel, given.min_found, effects, source)
    _tell_found(panel, source, effects)
    a1 = None if given.bim is None else read_counted(given.bim, asked_for)
    rules = Rules(given.counted_allele, given.effects_per == "sd", given.max_maf, a1)
    published = published_weights(released, panel, rules)
    if published.weights.empty:
        raise FqtlError(
            f"No variant of {effects} that is in {source.path} can be used: "
            f"{'; '.join(sorted(set(published.variants['reason'])))}."
        )
    construction = {
        "software": f"fqtl {fqtl.__version__}",
        "effects": f"released fQTL effects of GTEx {released.name}",
        "min_pip": f"{given.min_pip:g}",
        "counted_allele": given.counted_allele if a1 is None else f"A1 of {given.bim.name}",
        "effects_per": given.effects_per,
        "panel": source.path.name,
        "panel_donors": str(len(source.donors)),
    }
    names = None if given.annotation is None else read_gene_names(given.annotation)
    with staged(given.out) as stage:
        stage.replaced.extend(_of_earlier_import(given.out))
        _write_sets(given, stage.folder, published, names, construction)
        table = _write_outcome(stage.folder, published)
    for what, done, reason, count in table.itertuples(index=False):
        log.info("%s %s: %d%s", what, done, count, f" ({reason})" if reason else "")


def _tell_found(panel: Panel, source: GenotypeSource, effects: str) -> None:
    """How many variants the panel has; a warning where it ought to have more."""
    there = panel.variants[panel.variants["reason"] != ELSEWHERE]
    found = int((there["row"] >= 0).sum())
    reported = f"{found} of {len(there)} variants of {effects} on its chromosomes"
    if found < FEW * len(there):
        log.warning(
            "%s has %s (%.0f %%): is it a part of these chromosomes, or without rare variants? A "
            "panel on another build has hardly any.",
            *(source.path, reported, 100 * found / len(there)),
        )
    else:
        log.info("%s has %s", source.path, reported)


def _require_build(released: Released, source: GenotypeSource, effects: str, build: str) -> None:
    """Refuse a panel on another build; positions would match by chance, and few."""
    if released.build != build:
        raise FqtlError(
            f"Effects of GTEx {released.name} are on {released.build}, the panel {source.path} is "
            f"on {build} (--genome-build): {effects}. Use a panel on {released.build}."
        )
    other = source.other_build()
    if other:
        raise FqtlError(f"The panel is said to be on {build}, but {other}: {source.path}.")


def _of_earlier_import(out: Path) -> list[Path]:
    """What an earlier import wrote to the folder, in whatever formats."""
    tables = [out / name for name in TABLES]
    if not all(path.is_file() for path in tables):
        return []
    listed = read_tsv(out / "weights.tsv", "weights")
    paths = []
    for row in listed[listed["path"] != ""].to_dict("records"):
        folder = (out / row["path"]).parent
        joint = row["set"] == "joint"
        paths += (
            _joint_files(folder) if joint else FORMATS[row["format"]].files(folder, row["tissue"])
        )
    log.info("%s holds an earlier import, which is replaced", out)
    return [*tables, *paths]


def _joint_files(folder: Path) -> list[Path]:
    """Covariances of all tissues together, by rsid and by varID."""
    return [folder / f"{JOINT}.txt.gz", folder / "varid" / f"{JOINT}.txt.gz"]


def _write_sets(
    given: Namespace,
    out: Path,
    published: Published,
    names: pd.DataFrame | None,
    construction: dict[str, str],
) -> None:
    rows = []

    def add(tissue: str, kind: str, name: str, weights: WeightSet, path: Path | None) -> None:
        reported = os.path.relpath(path, out) if path else ""
        sizes = (len(weights.genes), len(weights.variants))
        rows.append((tissue, kind, name, *sizes, 0, reported))

    for folder, weights in _sets(out, published):
        weights = weights if names is None else with_gene_names(weights, names)
        for name in dict.fromkeys(given.formats):
            path = write_or_clear(name, folder / name, weights, construction)
            add(weights.name, "published", name, weights, path)
    if "predictdb" in given.formats:
        union = joint_set(published)
        by_rsid, by_varid = _joint_files(out / "predictdb")
        write_covariance(by_rsid, union, "rsid")
        write_covariance(by_varid, union, "varID")
        add("*", "joint", "predictdb", union, by_rsid)
    table = pd.DataFrame(rows, columns=list(COLUMNS["weights"]))
    write_tsv(out / "weights.tsv", table, "weights")


def _sets(folder: Path, published: Published) -> Iterator[tuple[Path, WeightSet]]:
    """Every set and the folder it goes to: of tissues, and of factors."""
    for tissue in published.released.tissues:
        yield folder, weight_set(published, tissue)
    yield folder / FACTORS, factor_set(published)


def _write_outcome(folder: Path, published: Published) -> pd.DataFrame:
    """Write what was kept and why the rest was not; the counts."""
    variants = published.variants.rename_axis("released").reset_index()
    table = outcome(published)
    write_tsv(
        folder / "import_variants.tsv.gz",
        variants[list(COLUMNS["imported_variants"])],
        "imported_variants",
    )
    write_tsv(folder / "import_factors.tsv.gz", factor_outcome(published), "imported_factors")
    write_tsv(folder / "import.tsv", table, "imported")
    return table
