"""Traits that were tested for association with predicted expression."""

from typing import Any

import numpy as np
import pandas as pd

from fqtl.report import locus, trait_plots
from fqtl.report.blocks import Block, Figure, Numbers, Section, Table, Text
from fqtl.report.results import Results, Trait

TOP = 20  # rows of a table
LEVEL = 0.05
SHOWN = {
    "loci": [
        "chrom",
        "start",
        "end",
        "kind",
        "gene_id",
        "gene_name",
        "tissue",
        "factor",
        "variant_id",
        "z",
        "pip",
        "gwas_lead",
        "pp_h4",
        "remark",
    ],
    "colocalisation": [
        "gene_id",
        "gene_name",
        "tissue",
        "factor",
        "effect_lead",
        "trait_lead",
        "trait_lead_z",
        "pp_h3",
        "pp_h4",
        "shared_variant",
        "shared_pip",
    ],
    "fine_mapping": [
        "block",
        "kind",
        "gene_id",
        "gene_name",
        "tissue",
        "factor",
        "variant_id",
        "z",
        "pip",
        "gene_pip",
        "credible_set",
    ],
}
READ = {
    "loci": "Each row is an effect on the trait in an associated block, and what most likely "
    "carries it: a tissue or a factor of a gene, or a variant by itself",
    "colocalisation": "Each row is an effect on expression, of a tissue or a factor, and one on "
    "the trait: the probability that they are of one variant (pp h4) or of two (pp h3)",
    "fine_mapping": "The probability of each gene in a tissue, factor or variant to carry an "
    "effect of its block",
}
MOST_POINTS = 5000  # of a quantile plot's data: the strongest


def section(results: Results) -> Section:
    """Of each trait genes along the genome, p-values, and the strongest genes."""
    if not results.traits:
        why = (
            "Nothing to show: no trait was tested. `fqtl twas --gwas FILE --weights "
            "RESULTS/weights --out RESULTS/twas/TRAIT` tests one, and the next report shows it."
        )
        return Section("traits", "Traits (TWAS)", [Text(why)])
    blocks = [
        block for trait in results.traits for block in [*_of_trait(trait), *_loci(trait, results)]
    ]
    return Section("traits", "Traits (TWAS)", blocks)


def _of_trait(trait: Trait) -> list[Block]:
    genes = numeric(trait.genes)
    if not genes["neg_log10_p"].notna().any():
        return [Text(f"{trait.name}: no gene could be tested; audit.json of the trait says why.")]
    return [
        Numbers([(trait.name, "trait"), *numbers(trait)]),
        *_figures(trait, genes),
        Table(
            f"{trait.name}: the strongest genes. z is that of the best tissue.",
            ["gene", "name", "best tissue", "z", "p", "q", "tissues", "factors"],
            top_rows(trait.genes),
        ),
        *[_other(trait, name, table) for name, table in trait.others.items()],
    ]


def _loci(trait: Trait, results: Results) -> list[Figure]:
    """The blocks of the strongest variants."""
    if trait.blocks is None:
        return []
    return [
        locus.figure(trait.blocks, number, results.gene_models)
        for number in trait.blocks.strongest(results.loci)
    ]


def numeric(table: pd.DataFrame) -> pd.DataFrame:
    """The table with p-values as numbers; below 1e-308 they are 0, and neg_log10_p has them."""
    columns = ("z", "best_z", "p", "q", "bonferroni", "neg_log10_p")
    there = [name for name in columns if name in table]
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in there})


def numbers(trait: Trait) -> list[tuple[str, str]]:
    """Tests and what they find."""
    genes = numeric(trait.genes)
    tissues, factors = numeric(trait.associations), numeric(trait.factors)
    return [
        (f"{int(genes['neg_log10_p'].notna().sum()):,}", "genes tested"),
        (f"{int((genes['q'] < LEVEL).sum()):,}", "genes at a false discovery rate of 5 %"),
        (f"{int((genes['bonferroni'] < LEVEL).sum()):,}", "genes at 5 % by Bonferroni"),
        (f"{int(tissues['z'].notna().sum()):,}", "pairs of gene and tissue tested"),
        (f"{int(factors['z'].notna().sum()):,}", "factors tested"),
    ]


def _figures(trait: Trait, genes: pd.DataFrame) -> list[Block]:
    tables = {
        "gene and tissue": trait.associations,
        "gene and factor": trait.factors,
        "gene": trait.genes,
    }
    logs = {
        name: numeric(table)["neg_log10_p"].to_numpy(dtype=float)
        for name, table in tables.items()
        if len(table)
    }
    best = genes.loc[genes["neg_log10_p"].idxmax()]
    tested = numeric(trait.associations)
    shown: list[Block] = [
        Figure(
            f"{trait.name}_manhattan",
            f"{trait.name}: genes along the genome",
            "−log₁₀ p of each gene over its tissues and factors, at its transcription start. The "
            "dashed line is 5 % by Bonferroni. Neighbours rise together where they share variants "
            "in LD: a tower names a locus, not a gene.",
            f"The strongest gene is {best['gene_name'] or best['gene_id']} with −log₁₀ p "
            f"{best['neg_log10_p']:.1f}.",
            trait_plots.manhattan(genes),
            trait.genes,
        ),
        Figure(
            f"{trait.name}_quantiles",
            f"{trait.name}: p-values against uniform ones",
            "Points above the grey band (95 % of as many uniform numbers) are more than chance "
            "gives. A rise from the very left is inflation, as of a polygenic trait.",
            "Quantiles of "
            + ", ".join(f"{np.isfinite(p).sum():,} tests of {name}" for name, p in logs.items())
            + ".",
            trait_plots.quantiles_of_logs(logs),
            pd.concat(
                [
                    pd.DataFrame({"of": name, "neg_log10_p": np.sort(p)[::-1][:MOST_POINTS]})
                    for name, p in ((name, p[np.isfinite(p)]) for name, p in logs.items())
                ],
                ignore_index=True,
            ),
        ),
    ]
    if tested["z"].notna().any():
        shown.append(
            Figure(
                f"{trait.name}_tissues",
                f"{trait.name}: the strongest genes by tissue",
                "z of predicted expression: red where more expression goes with a larger trait, "
                "blue where with a smaller one, blank where the gene has no model in the tissue.",
                f"Heat map of {tested['tissue'].nunique()} tissues.",
                trait_plots.genes_by_tissues(tested, genes),
                trait.associations[["gene_id", "tissue", "z"]],
            )
        )
    return shown


def top_rows(genes: pd.DataFrame) -> list[list[Any]]:
    """The strongest genes; p as it stands in the table, however small."""
    order = numeric(genes)["neg_log10_p"].sort_values(ascending=False, kind="stable").index
    return [
        [
            row.gene_id,
            _word(row.gene_name),
            _word(row.best_tissue).replace("_", " "),
            row.best_z,
            row.p,
            row.q,
            row.n_tissues,
            row.n_factors,
        ]
        for row in genes.loc[order[:TOP]].itertuples()
    ]


def _word(cell: Any) -> str:
    return cell if isinstance(cell, str) else ""


def _other(trait: Trait, name: str, table: pd.DataFrame) -> Block:
    words = name.replace("_", "-")
    if table.empty:
        return Text(f"{trait.name}: {words} has no row ({name}.tsv.gz): nothing is associated.")
    by = next((column for column in ("pip", "pp_h4") if column in table), None)
    if by is not None:
        order = pd.to_numeric(table[by], errors="coerce")
        table = table.loc[order.sort_values(ascending=False, kind="stable").index]
    columns = [column for column in SHOWN[name] if column in table]
    shown = f"the likeliest {TOP} of {len(table):,} rows" if len(table) > TOP else "all rows"
    return Table(
        f"{trait.name}: {words}. {READ[name]} ({shown} of {name}.tsv.gz).",
        [column.replace("_", " ") for column in columns],
        [[_told(cell) for cell in row] for row in table[columns].head(TOP).to_numpy().tolist()],
    )


def _told(cell: Any) -> Any:
    return "" if cell == "NA" or (isinstance(cell, float) and np.isnan(cell)) else cell
