"""Draw associated blocks of a trait: GWAS with LD, models of genes, fine-mapping, genes.

Of blocks that `fqtl twas` fine-mapped. Each figure is an .svg or a page, with its numbers in a .tsv
beside it.

    fqtl plot locus --twas results/demo/twas/height --gene ENSG00000100321 --out locus.svg
    fqtl plot locus --twas results/demo/twas/height --top 10 --out results/demo/loci
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.ranges import COUNT, count_from
from fqtl.data.annotation import read_gene_models
from fqtl.errors import FqtlError
from fqtl.report.blocks import Figure, Section
from fqtl.report.locus import NO_GENES, Blocks, figure, required_blocks
from fqtl.report.page import render
from fqtl.tables.files import write_text

log = logging.getLogger(__name__)
ENDINGS = (".svg", ".html")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--twas", type=Path, required=True, metavar="FOLDER", help="what `fqtl twas` wrote"
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--block", type=COUNT, metavar="NUMBER", help="of a block, as in loci.tsv.gz"
    )
    which.add_argument(
        "--gene", metavar="GENE", help="blocks with models of a gene, by its id or name"
    )
    which.add_argument(
        "--top", type=count_from(1), metavar="N", help="the N blocks of the strongest variants"
    )
    parser.add_argument(
        "--annotation", type=Path, metavar="GTF", help="genes to be drawn along the chromosome"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="of one block .svg or .html, or a folder for an .svg of each",
    )


def run(given: Namespace) -> None:
    found = required_blocks(given.twas)
    numbers = _numbers(given, found)
    single = given.out.suffix in ENDINGS
    if single and len(numbers) != 1:
        raise FqtlError(f"--out {given.out} is one figure; {len(numbers)} blocks need a folder.")
    genes = read_gene_models(given.annotation) if given.annotation else NO_GENES
    for number in numbers:
        shown = figure(found, number, genes)
        _write(given.out if single else given.out / f"{shown.name}.svg", shown)
    log.info("%d of %d blocks: %s", len(numbers), found.loci["block"].nunique(), given.out)


def _numbers(given: Namespace, found: Blocks) -> list[int]:
    known = sorted(int(x) for x in found.loci["block"].unique())
    if not known:
        raise FqtlError(f"No block of {given.twas} is associated with the trait (loci.tsv.gz).")
    if given.top is not None:
        return found.strongest(given.top)
    if given.gene is not None:
        numbers = found.of_gene(given.gene)
        if not numbers:
            raise FqtlError(
                f"No associated block of {given.twas} has a model of {given.gene} "
                "(fine_mapping.tsv.gz)."
            )
        return numbers
    if given.block not in known:
        raise FqtlError(
            f"--block: expected one of {', '.join(map(str, known[:20]))}, found {given.block}."
        )
    return [given.block]


def _write(path: Path, shown: Figure) -> None:
    """The figure, and its numbers beside it."""
    if path.suffix == ".html":
        write_text(path, render(shown.title, [Section("locus", "Locus", [shown])]))
    else:
        write_text(path, shown.svg + "\n")
    write_text(path.with_suffix(".tsv"), shown.tsv)
