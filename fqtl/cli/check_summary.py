"""Tell whether the summary statistics of all tissues can be used.

Of each file on the sheet: that it is there, which format its columns have, whether the number of
people is known, and whether rows of the first genes in it are of variants of the panel, by place
and by alleles. Files are read as far as the first rows of a gene that is listed.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from fqtl.cli.arguments import (
    add_chromosomes,
    add_ld,
    add_out,
    add_variants,
    chromosomes_of,
    open_ld,
)
from fqtl.cli.check import check_build, require_rsids
from fqtl.cli.prepare_summary import add_genes, with_people
from fqtl.cli.summary_data import (
    LEAST_MATCHED,
    MATCHED,
    few_people,
    read_noise,
    scores_with_ld,
    spans_of,
    without_alleles,
)
from fqtl.data.summary_sheet import TissueFile, read_sheet
from fqtl.errors import FqtlError
from fqtl.qtl.genes import gene_chromosomes, keys_of, read_genes
from fqtl.qtl.ld_source import LDOfPanel, LDSource
from fqtl.qtl.reader import open_pairs
from fqtl.shards.assignment import list_genes, on_wanted, require_some
from fqtl.tables.files import write_json
from fqtl.weights.fusion import odd_names

log = logging.getLogger(__name__)
LOOKED_AT = 3  # genes of a file


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--summary", type=Path, required=True, metavar="SHEET", help="the sheet of tissues"
    )
    add_genes(parser)
    add_ld(parser)
    add_variants(parser)
    add_chromosomes(parser)
    parser.add_argument(
        "--noise-correlation", type=Path, metavar="FILE", help="a table of tissues by tissues"
    )
    parser.add_argument(
        "--needs-rsids", action="store_true", help="models are to be trained on named variants"
    )
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    source, sheet = open_ld(given), read_sheet(given.summary)
    if isinstance(source, LDOfPanel):
        check_build(source.source, given)
    if given.noise_correlation is not None:
        read_noise(given.noise_correlation, [one.tissue for one in sheet])
    listed = _listed(read_genes(given.genes), source, given)
    genes = listed[listed["reason"] == ""].reset_index(drop=True)
    if given.needs_rsids:
        _require_rsids(source, genes, given)
    warnings = few_people(source)
    tissues = [_checked(one, genes, source, given) for one in sheet]
    for text in (*warnings, *(text for one in tissues for text in one["warnings"])):
        log.warning("%s", text)
    write_json(
        given.out,
        {
            "genome_build": given.genome_build,
            "genotypes": {"path": str(source.path), "donors": source.people},
            "genes": {
                "all": len(listed),
                "to_fit": len(genes),
                "odd_names": odd_names(genes["gene_id"]),
            },
            "tissues": tissues,
        },
    )
    log.info("summary statistics of %d tissues and LD can be used", len(sheet))


def _require_rsids(source: LDSource, genes: pd.DataFrame, given: Namespace) -> None:
    """Refuse LD of which no variant has an rs number, of all that are near genes."""
    if isinstance(source, LDOfPanel):
        require_rsids(source.source, genes)
    elif not source.counted(spans_of(genes, given.cis_window_bp)).any():
        raise FqtlError(
            f"No variant near {len(genes)} genes is left of the lists of {source.path}: rs numbers "
            "are needed, without which FUSION does not find a variant, changes of one base that "
            "are no palindromes, and frequencies. Name a lookup table as genotypes.rsids in the "
            "config, or write `none` there to go by position, or weights.variants: all."
        )


def _listed(genes: pd.DataFrame, source: LDSource, given: Namespace) -> pd.DataFrame:
    """All genes, with the reason why not of those on chromosomes that are not asked for or that
    the panel has not."""
    chromosomes = chromosomes_of(given)
    listed = list_genes([("genes", genes.assign(reason=""))], chromosomes, source.contigs)
    source.require(on_wanted(listed, chromosomes))
    require_some(listed)
    return listed


def _checked(
    one: TissueFile, genes: pd.DataFrame, source: LDSource, given: Namespace
) -> dict[str, Any]:
    """What there is to say of a tissue."""
    layout, parts = open_pairs(
        one.file, keys_of(genes), one.columns, given.genome_build, gene_chromosomes(genes)
    )
    seen = 0
    for rows, part in parts:
        seen += rows
        if len(part):
            break
    else:
        raise FqtlError(
            f"{one.file}: none of {seen} rows is of one of {len(genes)} genes of {given.genes}, "
            f"the first {genes['gene_id'].iloc[0]}. Does it name genes in another way? See "
            "summary_statistics.genes in the config."
        )
    part = with_people(part, one)
    places = list(islice(dict.fromkeys(part["gene"]), LOOKED_AT))
    counts, matched, total = _matched(part, places, genes, source, given)
    if not matched:
        first, why = part.iloc[0], counts.most_common(1)[0]
        raise FqtlError(
            f"{one.file}: none of {total} rows of the genes "
            f"{', '.join(genes['gene_id'].iloc[places])} is of a variant of {source.path} (on "
            f"{given.genome_build}), {why[1]} of them: {why[0]}. The first is "
            f"{first['rsid'] or 'without a name'} at {first['chrom'] or '?'}:{first['pos']} "
            f"{first['other_allele']}>{first['effect_allele']}. Are file, genes and LD on one "
            "genome build? See genome_build and summary_statistics in the config."
        )
    warnings = []
    if matched < LEAST_MATCHED * total:
        warnings.append(f"{one.tissue}: {matched} of the first {total} rows have LD")
    warnings += without_alleles(one.tissue, counts)
    log.info("%s: %s, %s, %d of %d rows match", one.tissue, one.file, layout, matched, total)
    return {
        "tissue": one.tissue,
        "file": str(one.file),
        "layout": layout,
        "n": float(part["n"].median()),
        "looked_at": {"rows": total, "matched": matched, **dict(counts)},
        "warnings": warnings,
    }


def _matched(
    rows: pd.DataFrame,
    places: list[int],
    genes: pd.DataFrame,
    source: LDSource,
    given: Namespace,
) -> tuple["Counter[str]", int, int]:
    """Of rows of these genes: how many by what becomes of them, of the panel, and in all."""
    counts, places = Counter[str](), sorted(places)  # as windows are read
    some = genes.iloc[places]
    windows = source.windows(spans_of(some, given.cis_window_bp))
    for place, chrom, cis in zip(places, some["chrom"], windows, strict=True):
        mine = rows[rows["gene"] == place].drop(columns="gene").reset_index(drop=True)
        counts += scores_with_ld(cis, str(chrom), [mine], source)[1].counts[0]
    return counts, sum(counts[what] for what in MATCHED), counts.total()
