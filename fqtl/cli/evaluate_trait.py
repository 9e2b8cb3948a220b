"""Compare the association of a simulated trait with what `simulate trait` made it follow.

For each gene that the trait follows: whether it was tested, whether it is significant, and how many
of the genes near it are stronger; where loci were fine-mapped, its probability and what leads.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_out
from fqtl.simulation.trait_evaluation import trait_recovery
from fqtl.tables.files import read_tsv, write_json

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--twas", type=Path, required=True, metavar="FOLDER", help="what `twas` wrote of the trait"
    )
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="FILE", help="from `simulate trait`"
    )
    add_out(parser, "the comparison, as JSON")


def run(given: Namespace) -> None:
    tables = {
        kind: read_tsv(path, kind) if (path := given.twas / f"{kind}.tsv.gz").is_file() else None
        for kind in ("fine_mapping", "colocalisation")
    }
    found = trait_recovery(
        read_tsv(given.truth, "trait_truth"),
        read_tsv(given.twas / "genes.tsv.gz", "twas_genes"),
        tables["fine_mapping"],
        tables["colocalisation"],
    )
    write_json(given.out, found)
    log.info(
        "of %d genes that the trait follows %d have models, %d are significant, and %d are the "
        "strongest of their neighbourhood",
        *(found["genes_followed"], found["genes_followed_tested"]),
        *(found["genes_followed_significant"], found["genes_followed_leading"]),
    )
    if "genes_likely" in found:
        log.info(
            "of %d genes with a probability above one half the trait follows %d",
            *(found["genes_likely"], found["genes_followed_likely"]),
        )
    if "genes_colocalised" in found:
        log.info(
            "of %d genes with an effect that colocalises the trait follows %d",
            *(found["genes_colocalised"], found["genes_followed_colocalised"]),
        )
