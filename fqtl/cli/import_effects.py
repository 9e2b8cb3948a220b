"""Make weights of the effects released for GTEx v6p and v8.

Reads the files of the original fQTL analyses (v6p: combined.txt.gz, v8: fqtl_N.txt.gz), matches
their variants with a reference panel by position and alleles, and writes weights per copy of the
effect allele with the covariances of the panel, for every tissue. import.tsv counts what was kept
and why the rest was not; import_factors.tsv.gz and import_variants.tsv.gz list it.

Positions of v6p are on GRCh37 and those of v8 on GRCh38: the panel has to be on the same.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.cli.arguments import add_annotation, add_choice, add_genotypes, open_chosen
from fqtl.data.gene_names import read_gene_names
from fqtl.data.genotypes import GenotypeSource
from fqtl.data.panel import look_up, require_found
from fqtl.data.released import Released, read_all_released, read_counted
from fqtl.errors import FqtlError
from fqtl.published import (
    Published,
    Rules,
    factor_outcome,
    factor_set,
    outcome,
    published_weights,
    variants_of,
    weight_set,
)
from fqtl.tables import COLUMNS, write_tsv
from fqtl.weights.formats import FORMATS, write_or_clear
from fqtl.weights.from_fits import FACTORS, with_gene_names
from fqtl.weights.weight_set import WeightSet

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--effects", type=Path, nargs="+", required=True, metavar="FILE", help="released effects"
    )
    add_genotypes(parser)
    parser.add_argument(
        "--min-pip", type=float, default=0.5, metavar="P", help="of variants and of tissues [0.5]"
    )
    parser.add_argument(
        "--counted-allele",
        choices=["minor", "second", "first"],
        default="minor",
        help="which allele effects are for: the minor one in the panel, or that named second "
        "(ALT) or first (REF) in the name of the variant [minor]",
    )
    parser.add_argument(
        "--max-maf",
        type=float,
        default=0.4,
        metavar="F",
        help="largest frequency in the panel at which the minor allele counts as known [0.4]",
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
        help="unit of genotype of the effects [sd]",
    )
    parser.add_argument(
        "--min-found",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="of the variants that the panel must have, else it is refused [0.05]",
    )
    add_choice(parser)
    add_annotation(parser)
    parser.add_argument("--formats", nargs="+", choices=list(FORMATS), default=["predictdb"])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def run(given: Namespace) -> None:
    released = read_all_released(given.effects, given.min_pip)
    effects = ", ".join(map(str, given.effects))
    source = open_chosen(given)
    _require_build(released, source, effects, given.genome_build)
    if released.factors.empty:
        raise FqtlError(
            f"No factor of {effects} can be used at a PIP above {given.min_pip:g}: "
            f"{'; '.join(released.left_out['reason'].unique())}."
        )
    asked_for = variants_of(released)
    panel = look_up(source, asked_for)
    require_found(panel, given.min_found, effects, source)
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
        "panel_donors": str(len(source.samples)),
    }
    names = None if given.annotation is None else read_gene_names(given.annotation)
    _write_tissues(given, published, names, construction)
    _write_outcome(given.out, published)


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


def _write_tissues(
    given: Namespace,
    published: Published,
    names: pd.DataFrame | None,
    construction: dict[str, str],
) -> None:
    rows = []
    for folder, weights in _sets(given.out, published):
        weights = weights if names is None else with_gene_names(weights, names)
        for name in given.formats:
            written = write_or_clear(name, folder / name, weights, construction)
            rows.append(
                {
                    "tissue": weights.name,
                    "set": "published",
                    "format": name,
                    "genes": len(weights.genes),
                    "variants": len(weights.variants),
                    "filtered_out": 0,
                    "path": os.path.relpath(written, given.out) if written else "",
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS["weights"]))
    write_tsv(given.out / "weights.tsv", table, "weights")


def _sets(folder: Path, published: Published) -> Iterator[tuple[Path, WeightSet]]:
    """Every set and the folder it goes to: of tissues, and of factors."""
    for tissue in published.released.tissues:
        yield folder, weight_set(published, tissue)
    yield folder / FACTORS, factor_set(published)


def _write_outcome(folder: Path, published: Published) -> None:
    variants = published.variants.rename_axis("released").reset_index()
    table = outcome(published)
    write_tsv(
        folder / "import_variants.tsv.gz",
        variants[list(COLUMNS["imported_variants"])],
        "imported_variants",
    )
    write_tsv(folder / "import_factors.tsv.gz", factor_outcome(published), "imported_factors")
    write_tsv(folder / "import.tsv", table, "imported")
    for what, done, reason, count in table.itertuples(index=False):
        log.info("%s %s: %d%s", what, done, count, f" ({reason})" if reason else "")
