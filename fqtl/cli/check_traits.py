"""Tell whether the GWAS of all traits can be read.

Of each file on the sheet: that it is there, which layout its header has, what its columns mean, and
which genome build it tells. What the sheet says of it must agree, and a chain file must be
readable. The rows are looked at by `fqtl twas`.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fqtl.cli.arguments import add_out
from fqtl.cli.flags import add_key
from fqtl.data.traits import Trait, read_traits
from fqtl.errors import FqtlError
from fqtl.gwas.chain import read_chain
from fqtl.gwas.layouts import MEANINGS, PLAIN
from fqtl.gwas.places import Chromosomes
from fqtl.gwas.reader import Gwas, open_gwas
from fqtl.tables.files import write_json

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--traits", type=Path, required=True, metavar="FILE", help="the sheet of traits"
    )
    add_key(parser, "genome_build")
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    found = [_checked(trait, given) for trait in read_traits(given.traits)]
    write_json(given.out, {"genome_build": given.genome_build, "traits": found})
    log.info("the GWAS of %d traits can be read", len(found))


def _checked(trait: Trait, given: Namespace) -> dict[str, Any]:
    columns = dict(entry.partition("=")[::2] for entry in trait.columns)
    odd = [meaning for meaning in columns if meaning not in PLAIN]
    if odd:
        raise FqtlError(
            f"{given.traits}, {trait.name}: expected one of {', '.join(MEANINGS[:13])} before = "
            f"in columns, found {odd[0]!r}."
        )
    gwas = open_gwas(trait.gwas, columns, trait.study)
    build = _build(trait, gwas, given)
    if trait.chain is not None:
        read_chain(trait.chain, Chromosomes([]))  # its form alone
    log.info(
        "%s: %s, %s, %s",
        *(trait.name, trait.gwas, gwas.layout.name, build or "a build that it does not tell"),
    )
    return {
        "trait": trait.name,
        "gwas": str(trait.gwas),
        "layout": gwas.layout.name,
        "columns": gwas.layout.columns,
        "genome_build": build or None,
    }


def _build(trait: Trait, gwas: Gwas, given: Namespace) -> str:
    """The build of a GWAS, as far as it is told; refused where the run could not use it."""
    if trait.genome_build and gwas.build and trait.genome_build != gwas.build:
        raise FqtlError(
            f"{trait.gwas} is on {gwas.build} by {gwas.told_by}, and {given.traits} says "
            f"{trait.genome_build} (genome_build of {trait.name})."
        )
    build = trait.genome_build or gwas.build
    if trait.chain is not None and build == given.genome_build:
        raise FqtlError(
            f"{trait.gwas} is on {build} as the run is, so that nothing is to be lifted: leave out "
            f"chain of {trait.name} in {given.traits}."
        )
    return build
