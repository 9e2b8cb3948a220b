"""The GWAS of `fqtl twas`: its flags, and its rows for given variants."""

import logging
from argparse import ArgumentTypeError, Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.cli.flags import add_key
from fqtl.cli.ranges import genome_build
from fqtl.errors import FqtlError
from fqtl.gwas.chain import Chain, read_chain
from fqtl.gwas.checks import Checks
from fqtl.gwas.choice import MODES, Chosen, choose
from fqtl.gwas.layouts import MEANINGS, PLAIN
from fqtl.gwas.matching import PALINDROMES
from fqtl.gwas.places import Chromosomes, place
from fqtl.gwas.reader import Gwas
from fqtl.gwas.scan import Scan, Wanted, scan
from fqtl.trait.models import Models

log = logging.getLogger(__name__)


def add_gwas(group: Any) -> None:
    group.add_argument(
        "--columns",
        type=_meaning,
        nargs="+",
        default=[],
        metavar="MEANING=COLUMN",
        help=f"what columns mean, where the header does not tell: {', '.join(MEANINGS[:13])}",
    )
    group.add_argument("--study", default="", metavar="NAME", help="of a GWAS-VCF with several")
    group.add_argument(
        "--gwas-build", type=genome_build, metavar="BUILD", help="recognised by default"
    )
    group.add_argument(
        "--weights-build",
        type=genome_build,
        metavar="BUILD",
        help="where the models do not tell theirs",
    )
    group.add_argument(
        "--chain", type=Path, metavar="FILE", help="chain file from the GWAS' build to the models'"
    )
    group.add_argument(
        "--match",
        choices=MODES,
        default="auto",
        help="variants by position and alleles, or by rs number and alleles",
    )
    group.add_argument(
        "--palindromes",
        choices=PALINDROMES,
        default="infer",
        help="A/T and C/G: infer the strand from frequencies and from the other variants",
    )
    add_key(group, "twas.min_matched", metavar="SHARE")
    group.add_argument(
        "--bad-rows",
        choices=["refuse", "ignore"],
        default="refuse",
        help="values that cannot be, as a standard error of 0",
    )


def _meaning(text: str) -> tuple[str, str]:
    meaning, mark, name = text.partition("=")
    if not mark or meaning not in PLAIN or not name:
        raise ArgumentTypeError(
            f"expected MEANING=COLUMN with one of {', '.join(MEANINGS[:13])}, found {text!r}"
        )
    return meaning, name


def matched_with(
    given: Namespace, gwas: Gwas, variants: pd.DataFrame, weights_build: str
) -> tuple[Checks, Scan, Chosen]:
    """The GWAS gone through, and how its rows are those of these variants.

    variants : the columns SITE; place is added
    weights_build : of the variants, empty if it is not told
    """
    chromosomes = Chromosomes(name for name in variants["chrom"].unique() if name)
    number = {name: chromosomes.code(name) for name in variants["chrom"].unique()}
    codes = variants["chrom"].map(number).to_numpy()
    variants["place"] = place(codes, variants["pos"].to_numpy())
    wanted = Wanted.of(chromosomes, variants["place"].to_numpy(), variants["rsid"])
    chain: Chain | None = None
    build, told_by = (given.gwas_build, "--gwas-build") if given.gwas_build else ("", "")
    if build and gwas.build and build != gwas.build:
        raise FqtlError(
            f"{gwas.path} is on {gwas.build} by {gwas.told_by}, and --gwas-build says {build}."
        )
    if not build:
        build, told_by = gwas.build, gwas.told_by
    if given.chain is not None:
        chain = read_chain(given.chain, chromosomes)
    checks = Checks(
        gwas.path, gwas.layout, gwas.header.skipped, bad_rows=given.bad_rows == "ignore"
    )
    left_out: Counter[str] = Counter()
    batches = gwas.batches(left_out)
    found = scan(gwas.path, gwas.layout, batches, wanted, checks, chain, zero_based=gwas.zero_based)
    found.left_out.update(left_out)
    log.info(
        "%s: %s, %d rows, %d of them of variants of the models",
        *(gwas.path, gwas.layout.name, found.n_rows, len(found.rows)),
    )
    chosen = choose(
        found,
        variants,
        gwas_build=build,
        told_by=told_by,
        weights_build=weights_build,
        chain=chain,
        mode=given.match,
        palindromes=given.palindromes,
    )
    log.info(
        "%d of %d variants matched by %s",
        *(chosen.matched.found, len(variants), chosen.key),
    )
    return checks, found, chosen


def weights_build_of(given: Namespace, models: Models) -> str:
    if given.weights_build and models.genome_build not in ("", given.weights_build):
        raise FqtlError(
            f"The models are on {models.genome_build}, and --weights-build says "
            f"{given.weights_build}."
        )
    return given.weights_build or models.genome_build


def z_of(found: Scan, chosen: Chosen) -> np.ndarray:
    """(v,) z of the effect alleles of the variants."""
    matched = chosen.matched
    z = np.full(len(matched.row), np.nan)
    there = matched.row >= 0
    told = found.rows["z"].to_numpy(dtype=float)
    z[there] = matched.sign[there] * told[matched.row[there]]
    return z
