"""Tell whether weights can be written in the formats that a run asks for.

Before any gene is fitted: genes whose names FUSION's files cannot have, and an annotation that says
nothing of genes.
"""

import json
import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_annotation, add_out
from fqtl.cli.flags import add_key
from fqtl.data.gene_names import read_gene_names
from fqtl.tables.files import write_json
from fqtl.weights.fusion import refuse_odd_names

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--checked", type=Path, required=True, metavar="FILE", help="what `fqtl check` wrote"
    )
    add_key(parser, "weights.formats")
    add_annotation(parser)
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    found = json.loads(given.checked.read_text())
    if "fusion" in given.formats:
        refuse_odd_names(found["genes"]["odd_names"])
    named = None if given.annotation is None else len(read_gene_names(given.annotation))
    write_json(given.out, {"formats": given.formats, "genes_in_annotation": named})
    log.info("weights can be written for %s", ", ".join(given.formats))
