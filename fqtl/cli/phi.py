"""Compute how much of a polygenic background each model takes up, for PredictDB files and others.

A polygenic trait gives models without any effect z-scores that are too large: E[z²] = 1 + N h² phi,
with N donors of a GWAS and h² the trait's heritability. phi is the mean squared correlation of what
a model predicts with the common variants of the whole genome, taken over all chromosomes that the
genotypes have.

Weights may be a folder of this project or anybody's. The column phi is added to the table extra of
PredictDB files, which `fqtl twas` and S-PrediXcan read with --gwas-n and --gwas-h2 (--gwas_N,
--gwas_h2); of all formats phi is written to a table.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd

import fqtl
from fqtl.cli.arguments import add_genotypes, add_out, open_given
from fqtl.cli.ranges import SHARE
from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_tsv
from fqtl.trait.models import Models, load_models, predictdb_files_of
from fqtl.trait.panel_ld import PanelLD
from fqtl.trait.polygenic import Background, background_of
from fqtl.weights.predictdb import add_phi

log = logging.getLogger(__name__)
STANDS_IN = "none of its variants is in the genotypes: the median of the set stands in"
ALL_HUMAN = 22  # chromosomes, from which on h² is that of a whole genome


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--weights", type=Path, nargs="+", required=True, metavar="PATH", help="files or folders"
    )
    parser.add_argument(
        "--model", default="", metavar="NAME", help="of a gene, where a file has several"
    )
    add_genotypes(parser)
    parser.add_argument(
        "--min-found",
        type=SHARE,
        default=0.5,
        metavar="SHARE",
        help="of the models' variants that the genotypes must have",
    )
    add_out(parser, "phi of every model, as TSV")


def run(given: Namespace) -> None:
    models = load_models(given.weights, given.model, "unfiltered")
    if models.genome_build not in ("", given.genome_build):
        raise FqtlError(
            f"The models are on {models.genome_build}, and --genome-build says "
            f"{given.genome_build}."
        )
    source = open_given(given)
    panel = PanelLD(source, models.variants, given.min_found, "the models")
    found = background_of(models, panel, source)
    table = _table(models, found)
    log.info(
        "%d models, %d common variants of %d donors on %d chromosomes, median phi %.3g",
        *(len(table), found.n_variants, len(source.donors), len(found.chromosomes)),
        table["phi"].median(),
    )
    if len(found.chromosomes) < ALL_HUMAN:
        log.warning(
            "genotypes are of %s alone: phi goes with the heritability by these chromosomes",
            ", ".join(found.chromosomes[:5]),
        )
    about = {
        "phi": f"of {found.n_variants} common variants of {len(source.donors)} donors in "
        f"{source.path.name}, on {', '.join(found.chromosomes)} (fqtl {fqtl.__version__})"
    }
    without = 0
    for tissue, path in predictdb_files_of(given.weights):
        mine = table[table["tissue"] == tissue]
        without += add_phi(
            path, dict(zip(mine["gene_id"], mine["phi"].tolist(), strict=True)), about
        )
    if without:
        log.info("%d genes that files tell of have no model, and no phi", without)
    write_tsv(given.out, table, "phi")


def _table(models: Models, found: Background) -> pd.DataFrame:
    rows = []
    for of_set, phi, n_found in zip(models.sets, found.phi, found.n_found, strict=True):
        known = np.isfinite(phi)
        rows.append(
            pd.DataFrame(
                {
                    "tissue": of_set.tissue,
                    "gene_id": of_set.genes["gene_id"],
                    "n_variants": np.diff(of_set.first),
                    "n_found": n_found,
                    "phi": np.where(known, phi, np.median(phi[known]) if known.any() else np.nan),
                    "reason": np.where(known, "", STANDS_IN),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)[list(COLUMNS["phi"])]
