"""The page of one gene: where its effects are, in which tissues, and what they are good for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fqtl.report import gene_plots
from fqtl.report.blocks import Block, Figure, Numbers, Section, Table, Text
from fqtl.report.gene_record import GeneRecord
from fqtl.tables.fits import CALL

SHOWN_PIP = 0.01  # variants of an effect that are drawn
MOST_EFFECTS = 12  # that have a panel of their own
MOST_TISSUES = 12  # whose single donors are drawn
MOST_VARIANTS = 10  # of a credible set that a table names


def sections(gene: GeneRecord, models: pd.DataFrame) -> list[Section]:
    """Parts of the page; models : genes and exons around, as `read_gene_models` gives them."""
    return [
        Section("summary", "Summary", [Numbers(numbers(gene)), *_status(gene)]),
        Section("locus", "Where the effects are", _locus(gene, models)),
        Section("sets", "Credible sets", [_sets(gene)]),
        Section("tissues", "In which tissues", _tissues(gene)),
        Section("prediction", "Prediction", _prediction(gene)),
        Section("weights", "Weights", _weights(gene)),
        Section("traits", "Traits (TWAS)", _traits(gene)),
    ]


def title(gene: GeneRecord, models: pd.DataFrame) -> str:
    """The gene's id, with its name where that is known."""
    names = {
        name
        for table in gene.associations.values()
        for name in table["gene_name"]
        if isinstance(name, str) and name
    }
    if not names and len(models):
        mine = models.loc[models["gene_id"] == gene.gene_id, "gene_name"]
        names = set(mine[mine != gene.gene_id])
    return f"{gene.gene_id} ({', '.join(sorted(names))})" if names else gene.gene_id


def numbers(gene: GeneRecord) -> list[tuple[str, str]]:
    """What the table of fits says of the gene."""
    fit = gene.fit
    return [
        (f"{int(fit['tss']):,}", f"transcription start on {fit['chrom']}"),
        (_number(fit["n_tissues"], ",.0f"), "tissues fitted"),
        (_number(fit["n_donors"], ",.0f"), "donors"),
        (_number(fit["n_variants"], ",.0f"), "variants in the cis window"),
        (f"{int((gene.factors['pip'] > CALL).sum()):,}", "factors (PIP above one half)"),
        (_number(fit["n_tissue_specific"], ",.0f"), "tissue-specific effects"),
        (_number(fit["p"], ".3g"), "p of the gene"),
        (_number(fit["q"], ".3g"), "q (false discovery rate)"),
        (_number(fit["neg_log_null_prob"], ".3g"), "−ln probability that nothing acts"),
    ]


def _number(value: Any, form: str) -> str:
    return "–" if pd.isna(value) else format(float(value), form)


def _status(gene: GeneRecord) -> list[Block]:
    if gene.fit["status"] != "fitted":
        return [Text(f"The gene was not fitted: {gene.fit['reason']}", warning=True)]
    if not gene.fit["converged"]:
        return [Text("The fit did not converge; it is kept as it is.", warning=True)]
    return []


def effects(gene: GeneRecord) -> list[tuple[str, pd.DataFrame]]:
    """Factors, then tissues with effects of their own, that have a variant worth drawing."""
    named: list[tuple[str, pd.DataFrame]] = []
    for factor, rows in gene.variant_loadings.groupby("factor"):
        pip = gene.factors.loc[gene.factors["factor"] == factor, "pip"]
        words = f", PIP {pip.iloc[0]:.2f}" if len(pip) else ""
        named.append((f"factor {factor}{words}", rows))
    for tissue, rows in gene.specific.groupby("tissue"):
        named.append((f"{str(tissue).replace('_', ' ')} alone", rows))
    drawn = [(name, rows[rows["pip"] >= SHOWN_PIP]) for name, rows in named]
    drawn = [(name, rows) for name, rows in drawn if len(rows)]
    return sorted(drawn, key=lambda effect: -effect[1]["pip"].sum())


def _locus(gene: GeneRecord, models: pd.DataFrame) -> list[Block]:
    found = effects(gene)
    if not found:
        return [Text("Nothing to draw: no variant has a PIP of 0.01 or more in any effect.")]
    variants = gene.variants.assign(chrom=gene.fit["chrom"])
    near = _near(models, gene, variants)
    data = pd.concat(
        [
            rows[["variant_id", "rsid", "pos", "mean", "sd", "pip"]].assign(effect=name)
            for name, rows in found
        ]
    )
    shown = found[:MOST_EFFECTS]
    more = f" The first {MOST_EFFECTS} of {len(found)} effects." if len(found) > len(shown) else ""
    strongest = data.loc[data["pip"].idxmax()] if data.index.is_unique else data.iloc[0]
    blocks: list[Block] = [
        Figure(
            "locus",
            "Posterior inclusion probabilities",
            "One panel for each effect: a factor that tissues share, or an effect of one tissue. "
            "Each point is a variant; its colour is the LD with the likeliest variant of the "
            "effect. Several points of one colour and similar height cannot be told apart." + more,
            f"{len(shown)} panels; the first has {len(shown[0][1])} variants, the largest PIP is "
            f"{data['pip'].max():.2f} ({strongest['variant_id']}).",
            gene_plots.locus(int(gene.fit["tss"]), variants, gene.r, shown, near),
            data,
        )
    ]
    if not len(models):
        blocks.append(Text("Genes nearby are drawn where a GTF is given (`--annotation`)."))
    elif not len(near):
        blocks.append(Text("The GTF has no gene between these variants."))
    return blocks


def _near(models: pd.DataFrame, gene: GeneRecord, variants: pd.DataFrame) -> pd.DataFrame:
    """Gene models that overlap the variants and the start of the gene."""
    places = [*variants["pos"], int(gene.fit["tss"])]
    overlaps = (models["end"] >= min(places)) & (models["start"] <= max(places))
    return models[overlaps & (models["chrom"] == gene.fit["chrom"])]


def _sets(gene: GeneRecord) -> Block:
    if gene.sets.empty:
        return Text("None: no effect is known to lie in a set of variants in LD (purity 0.5).")
    rows = []
    for number, members in gene.sets.groupby("set", sort=True):
        first = members.iloc[0]
        tissue, names = first["tissue"], list(members["variant_id"])
        rest = f" and {len(names) - MOST_VARIANTS} more" if len(names) > MOST_VARIANTS else ""
        of = f"factor {int(first['factor'])}" if pd.isna(tissue) else str(tissue).replace("_", " ")
        rows.append(
            [
                str(number),
                of,
                f"{first['pip']:.3f}",
                f"{first['coverage']:.3f}",
                f"{first['purity']:.2f}",
                str(len(names)),
                ", ".join(names[:MOST_VARIANTS]) + rest,
            ]
        )
    return Table(
        "The fewest variants that hold each effect with 95 % probability, the likeliest first. "
        "Purity: smallest absolute correlation between two of them.",
        ["set", "effect of", "PIP of the effect", "coverage", "purity", "variants", "which"],
        rows,
    )


def _tissues(gene: GeneRecord) -> list[Block]:
    if gene.tissue_loadings.empty:
        return [Text("No factor: nothing is shared between tissues, as far as is known.")]
    names = [str(name) for name in gene.prediction["tissue"]] or sorted(
        set(gene.tissue_loadings["tissue"])
    )
    called = gene.tissue_loadings[gene.tissue_loadings["pip"] > CALL]
    return [
        Figure(
            "loadings",
            "Tissue loadings",
            "Posterior mean and 95 % interval of each tissue on each factor, in colour where the "
            "PIP of the tissue is above one half. Tissues on opposite sides of 0 have effects of "
            "opposite sign; the sign of a whole factor is arbitrary.",
            f"{gene.tissue_loadings['factor'].nunique()} factors; {called['tissue'].nunique()} "
            f"of {len(names)} tissues have a PIP above one half.",
            gene_plots.loadings(gene.tissue_loadings, names[::-1]),
            gene.tissue_loadings[["factor", "tissue", "mean", "sd", "pip"]],
        )
    ]


def _prediction(gene: GeneRecord) -> list[Block]:
    pairs = gene.prediction
    if pairs.empty or not pairs["r"].notna().any():
        return [Text("Nothing to show: the gene was not cross-validated.")]
    best = pairs.loc[pairs["r"].idxmax()]
    columns = ["tissue", "n_donors", "pip", "r", "r2", "p", "enet_r2"]
    return [
        Figure(
            "prediction",
            "Cross-validated prediction",
            "Correlation of expression with its prediction in donors held out, with its 95 % "
            "interval, in each tissue; where an elastic net was trained, its correlation.",
            f"The best of {len(pairs)} tissues is {best['tissue']} with r {best['r']:.2f}.",
            gene_plots.prediction(pairs),
            pairs[columns],
        ),
        _single_donors(gene),
    ]


def _single_donors(gene: GeneRecord) -> Block:
    """Donors held out, in the tissues that are predicted best."""
    if gene.held_out.empty:
        return Text(
            "Single donors are not drawn: the run kept none of their predictions "
            "(`cross_validation.keep_predictions`)."
        )
    told = gene.prediction[gene.prediction["tissue"].isin(gene.held_out["tissue"])]
    best = told.sort_values("r2", ascending=False, kind="stable").head(MOST_TISSUES)
    more = f" The {len(best)} of {len(told)} tissues that are predicted best."
    shown = gene.held_out[gene.held_out["tissue"].isin(best["tissue"])]
    return Figure(
        "donors",
        "Observed against cross-validated prediction",
        "Each point is a donor who was held out: expression over what fits to other donors "
        "predict, in standard deviations; in large tissues, hexagons coloured by how many donors "
        "they hold. The line is that of least squares; "
        "where it falls, r² is told as 0."
        + (more if len(told) > len(best) else "")
        + " Expression of single donors is individual-level data: pass this page on to nobody "
        "who may not see them.",
        f"{len(best)} tissues; the best predicted is {_words(best['tissue'].iloc[0])}, "
        f"with r² {best['r2'].iloc[0]:.3f}.",
        gene_plots.single_donors(shown, best),
        shown,
    )


def _words(tissue: Any) -> str:
    return str(tissue).replace("_", " ")


def _weights(gene: GeneRecord) -> list[Block]:
    if gene.weights.empty:
        return [Text("None: no variant has a PIP worth a weight (weights.min_pip).")]
    table = weight_table(gene)
    return [
        Figure(
            "weights",
            "Weights of each tissue",
            "Standard deviations of expression per copy of the effect allele: red where it "
            "raises expression, blue where it lowers it. Weight files hold those of tissues that "
            "pass the filter.",
            f"{table.shape[0]} tissues and {table.shape[1]} variants; the largest weight is "
            f"{np.abs(table.to_numpy()).max():.3f}.",
            gene_plots.weights(table),
            gene.weights[["tissue", "variant_id", "rsid", "effect_allele", "weight"]],
        )
    ]


def weight_table(gene: GeneRecord) -> pd.DataFrame:
    """Weights, tissues by variants in the order of position; 0 where there is none."""
    wide = gene.weights.pivot(index="tissue", columns="variant", values="weight").fillna(0.0)
    wide.columns = gene.variants["variant_id"].to_numpy()[wide.columns]
    return wide


def _traits(gene: GeneRecord) -> list[Block]:
    if not gene.associations:
        return [Text("No trait was tested with the weights of this run.")]
    blocks: list[Block] = []
    for trait, tissues in gene.associations.items():
        rows = trait_rows(tissues, gene.trait_factors[trait])
        if rows:
            columns = ["model", "z", "p", "variants used", "of", "note"]
            blocks.append(Table(f"{trait}: each model of the gene.", columns, rows))
        else:
            blocks.append(Text(f"{trait}: the gene has no model in the weight files tested."))
        shared = gene.colocalisation.get(trait)
        if shared is not None and len(shared):
            blocks.append(colocalisation_table(trait, shared))
    return blocks


def colocalisation_table(trait: str, rows: pd.DataFrame) -> Table:
    """Effects of the gene beside those on the trait."""
    return Table(
        f"{trait}: is an effect on expression and one on the trait of one variant (PP.H4) or of "
        "two (PP.H3)?",
        ["effect of", "its lead", "lead of the trait", "PP.H3", "PP.H4", "likeliest shared"],
        [
            [
                f"factor {row.factor}"
                if row.kind == "factor"
                else str(row.tissue).replace("_", " "),
                row.effect_lead,
                row.trait_lead,
                *("" if cell == "NA" else cell for cell in (row.pp_h3, row.pp_h4)),
                row.shared_variant or row.reason,
            ]
            for row in rows.itertuples()
        ],
    )


def trait_rows(tissues: pd.DataFrame, factors: pd.DataFrame) -> list[Sequence[Any]]:
    """Tests of tissues and of factors, each as it stands in its table."""
    named = [(str(row.tissue).replace("_", " "), row) for row in tissues.itertuples()]
    named += [(f"factor {row.factor}", row) for row in factors.itertuples()]
    return [
        [name, _cell(row.z), _cell(row.p), row.n_used, row.n_variants, _cell(row.reason)]
        for name, row in named
    ]


def _cell(value: Any) -> Any:
    return "" if pd.isna(value) else value
