"""Make the GWAS of a trait that follows some of the effects of a simulated panel.

The trait follows genes by a factor that tissues share and by one tissue in turn, and single
variants without any gene. Writes trait.tsv.gz (GWAS-SSF) and trait_truth.tsv (what it follows)
to a folder.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_genotypes, open_given
from fqtl.cli.flags import add_key
from fqtl.data.dosages import Limits
from fqtl.errors import FqtlError
from fqtl.gwas.effects import log_p_of
from fqtl.simulation.trait import gwas_table, simulate_trait
from fqtl.tables.files import read_tsv, text_writer, write_tsv
from fqtl.trait.tables import p_texts

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    add_genotypes(parser)
    add_key(parser, "simulate.chromosome", required=True, metavar="NAME")
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="FILE", help="effects, from `simulate`"
    )
    add_key(parser, "simulate.trait_donors", required=True, metavar="N")
    add_key(parser, "simulate.trait_genes", metavar="N")
    add_key(parser, "simulate.trait_variants", metavar="N")
    add_key(parser, "simulate.trait_h2", metavar="SHARE")
    add_key(parser, "simulate.seed")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def run(given: Namespace) -> None:
    source = open_given(given)
    genotypes = source.read(given.chromosome, 1, 2**31 - 1, source.donors, Limits())
    effects = read_tsv(given.truth, "truth")
    if not effects["variant_id"].isin(genotypes.variants["variant_id"]).any():
        raise FqtlError(
            f"No variant of {given.truth} is in {given.genotypes}, on chromosome "
            f"{given.chromosome}."
        )
    trait = simulate_trait(
        genotypes,
        effects,
        donors=given.trait_donors,
        genes=given.trait_genes,
        variants=given.trait_variants,
        h2=given.trait_h2,
        seed=given.seed,
    )
    rows = gwas_table(genotypes, trait.z, given.trait_donors)
    rows.insert(7, "p_value", p_texts(log_p_of(trait.z)))
    with text_writer(given.out / "trait.tsv.gz") as stream:
        rows.to_csv(stream, sep="\t", index=False, lineterminator="\n")
    write_tsv(given.out / "trait_truth.tsv", trait.truth, "trait_truth")
    counts = trait.truth["mechanism"].value_counts()
    log.info(
        "%d variants of %d donors; the trait follows %s",
        *(len(rows), given.trait_donors, ", ".join(f"{n} by {kind}" for kind, n in counts.items())),
    )
