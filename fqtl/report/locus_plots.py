"""One block of a trait: GWAS, models of genes, what fine-mapping says of both, and genes."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fqtl.report.plots import COLOURS, INK, QUIET, STYLE

VECTORS = 300  # variants that are drawn as such and tell what they are; the rest is a picture
MARKS = {"variant": ("s", INK), "tissue": ("o", COLOURS[0]), "factor": ("D", COLOURS[1])}
MOST_LANES = 8  # rows of names
WIDE_IN = 8.0  # of what is drawn, beside the colour bar
NAME_IN = 0.058  # of a letter of a gene's name
NUMBER_IN = 0.16  # of the number of an effect
LIKELY = 0.5  # PIP from which a gene's name is printed heavily


def block(
    variants: pd.DataFrame, models: pd.DataFrame, effects: pd.DataFrame, genes: pd.DataFrame
) -> Figure:
    """A block from above: GWAS coloured by LD, z of models, PIPs, genes.

    variants : variant_id, pos, neg_log10_p, pip, r2 with the strongest
    models : kind, gene_id, gene_name, tissue, factor, pos (of the gene), z, pip
    effects : kind, gene_id, tissue, factor, variant_id and pip of each, numbered as they come
    genes : chrom, feature (gene or exon), start, end, strand, gene_id, gene_name of an annotation;
        maybe empty: then genes of models stand at their transcription start
    """
    places = _places(models, genes)
    low, high = _range(variants, models)
    per_inch = (high - low) / WIDE_IN
    places = places[(places["end"] >= low) & (places["start"] <= high)]
    places = _laid_out(places, per_inch, high)
    lanes = int(places["lane"].max()) + 1 if len(places) else 0
    heights = [2.4, 1.6, 1.5, 0.3 + 0.2 * lanes]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE_IN + 1.6, sum(heights) + 0.9), layout="constrained")
        panels = figure.subplots(4, 1, sharex=True, height_ratios=heights)
        points = _gwas(panels[0], variants)
        bar = figure.colorbar(points, ax=panels[0], pad=0.01, aspect=12)
        bar.set_label("r² with ◆", fontsize=8)
        _models(panels[1], models)
        _pips(panels[2], variants, models, effects, per_inch)
        _genes(panels[3], places, genes)
        panels[3].set_xlim(low, high)
        panels[3].xaxis.set_major_locator(MaxNLocator(6))
        panels[3].set_xlabel(f"position on {variants['chrom'].iloc[0]} (Mb)")
    return figure


def _range(variants: pd.DataFrame, models: pd.DataFrame) -> tuple[float, float]:
    """Megabases that are drawn."""
    pos = np.concatenate([variants["pos"], models["pos"]]) / 1e6
    margin = 0.02 * float(np.ptp(pos)) or 0.01
    return float(pos.min()) - margin, float(pos.max()) + margin


def _gwas(axes: Axes, variants: pd.DataFrame) -> mpl.collections.PathCollection:
    """-log10 p of variants; the strongest are drawn last, and as points that can be pointed at."""
    found = variants.sort_values("neg_log10_p", kind="stable")
    many = len(found) > VECTORS
    parts = [found.iloc[:-VECTORS], found.iloc[-VECTORS:]] if many else [found]
    for part in parts:
        points = axes.scatter(
            part["pos"] / 1e6,
            part["neg_log10_p"],
            c=part["r2"],
            cmap="viridis",
            vmin=0,
            vmax=1,
            s=13,
            lw=0,
            rasterized=part is not parts[-1],
        )
    points.set_urls(
        [
            f"hover:{row.variant_id}, −log₁₀ p {row.neg_log10_p:.2f}, r² {row.r2:.2f}, "
            f"PIP {row.pip:.3f}"
            for row in parts[-1].itertuples()
        ]
    )
    lead = found.iloc[-1]
    axes.plot(lead["pos"] / 1e6, lead["neg_log10_p"], "D", color=COLOURS[1], mec=INK, ms=7)
    axes.set(ylabel="−log₁₀ p", ylim=(0, float(lead["neg_log10_p"]) * 1.08 + 0.1))
    axes.set_title("variants in the GWAS", loc="left", fontsize=9, fontweight="bold")
    return points


def _models(axes: Axes, models: pd.DataFrame) -> None:
    """z of models at their genes, the larger the likelier."""
    axes.axhline(0, color=QUIET, lw=0.8, zorder=0)
    for kind, label in (("tissue", "gene in a tissue"), ("factor", "factor that tissues share")):
        mine = models[models["kind"] == kind].sort_values("pip", ascending=False, kind="stable")
        marker, colour = MARKS[kind]
        points = axes.scatter(
            mine["pos"] / 1e6,
            mine["z"],
            s=14 + 70 * mine["pip"],
            marker=marker,
            facecolor=colour,
            edgecolor="white",
            lw=0.5,
            alpha=0.85,
            label=label,
        )
        points.set_urls([f"hover:{words}" for words in described(mine)])
    most = float(models["z"].abs().max()) if len(models) else 1.0
    axes.set(ylabel="z of models", ylim=(-1.2 * most, 1.2 * most))
    axes.set_title("models, the larger the likelier", loc="left", fontsize=9, fontweight="bold")
    shown = axes.legend(
        frameon=False, fontsize=7, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0.1
    )
    for mark in shown.legend_handles:
        mark.set_sizes([24])  # type: ignore[union-attr]


def described(rows: pd.DataFrame) -> Iterator[str]:
    """What each candidate is, in words."""
    for row in rows.itertuples():
        if row.kind == "variant":
            words = row.variant_id
        else:
            inside = (
                f"factor {row.factor}" if row.kind == "factor" else row.tissue.replace("_", " ")
            )
            words = f"{row.gene_name or row.gene_id} ({inside})"
        yield f"{words}, z {row.z:.1f}, PIP {row.pip:.3f}"


def _pips(
    axes: Axes,
    variants: pd.DataFrame,
    models: pd.DataFrame,
    effects: pd.DataFrame,
    per_inch: float,
) -> None:
    """PIPs of all candidates, and the number of each effect above what carries it."""
    alone = variants.assign(kind="variant")[variants["pip"] > 0.01]
    columns = ["kind", "pos", "pip"]
    every = pd.concat([alone[columns], models[columns]], ignore_index=True)
    axes.vlines(every["pos"] / 1e6, 0, every["pip"], color=QUIET, lw=0.8, zorder=1)
    for kind, (marker, colour) in MARKS.items():
        mine = every[every["kind"] == kind]
        axes.scatter(
            mine["pos"] / 1e6,
            mine["pip"],
            s=16,
            marker=marker,
            color=colour,
            zorder=3,
            lw=0,
            label={"variant": "variant by itself"}.get(kind),
        )
    at = leads(effects, variants, models)
    at = at.assign(number=np.arange(1, len(at) + 1)).sort_values("pos", kind="stable")
    start = at["pos"] / 1e6
    lanes = _packed(start, start + NUMBER_IN * per_inch)
    for place, pip, number, lane in zip(start, at["pip"], at["number"], lanes, strict=True):
        y = 1.2 + 0.26 * lane
        axes.plot([place, place], [pip, y - 0.09], color=QUIET, lw=0.8, ls=":", zorder=0)
        axes.text(place, y, str(number), ha="center", va="center", fontsize=8, fontweight="bold")
    top = 1.35 + 0.26 * max(lanes, default=0)
    axes.set(ylabel="PIP", ylim=(0, top), yticks=[0, 0.5, 1])
    axes.set_title("fine-mapping, effects numbered", loc="left", fontsize=9, fontweight="bold")
    axes.legend(frameon=False, fontsize=7, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0.1)


def leads(effects: pd.DataFrame, variants: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """pos and pip of what carries each effect, in their order."""
    of_variant = variants.set_index("variant_id")[["pos", "pip"]]
    names = ["kind", "gene_id", "tissue", "factor"]
    of_model = models.drop_duplicates(names).set_index(names)[["pos", "pip"]]
    rows = [
        of_variant.loc[row.variant_id]
        if row.kind == "variant"
        else of_model.loc[(row.kind, row.gene_id, row.tissue, row.factor)]
        for row in effects.itertuples()
    ]
    return pd.DataFrame([row.tolist() for row in rows], columns=["pos", "pip"])


def _places(models: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """start and end in Mb, gene_id, words and whether it has a model, of genes to be drawn."""
    best = models.groupby("gene_id")["pip"].max()
    if len(genes):
        found = genes[genes["feature"] == "gene"]
        plus = found["strand"] == "+"
        words = (found["gene_name"] + " →").where(plus, "← " + found["gene_name"])
        table = pd.DataFrame(
            {"gene_id": found["gene_id"], "start": found["start"], "end": found["end"]}
        ).assign(words=words)
    else:
        mine = models.drop_duplicates("gene_id")
        name = mine["gene_name"].where(mine["gene_name"] != "", mine["gene_id"])
        table = pd.DataFrame({"gene_id": mine["gene_id"], "start": mine["pos"], "end": mine["pos"]})
        table = table.assign(words=name)
    table = table.assign(
        start=table["start"] / 1e6,
        end=table["end"] / 1e6,
        pip=table["gene_id"].map(best).fillna(-1.0),
    )
    # where there is no room for all, the likeliest genes are there
    return table.sort_values(["pip", "start"], ascending=[False, True], kind="stable")


def _laid_out(places: pd.DataFrame, per_inch: float, high: float) -> pd.DataFrame:
    """Genes with the lane of each, so that no two touch, and where its name begins."""
    width = places["words"].str.len() * NAME_IN * per_inch
    # a name that would leave the figure ends where its gene begins
    leaves = places["start"] + width > high
    left = places["start"].where(~leaves, places["start"] - 1.05 * width)
    lane = _packed(left, np.maximum(places["end"], left + width), MOST_LANES)
    return places.assign(left=left, lane=lane)


def _packed(start: "pd.Series[float]", end: "pd.Series[float]", most: int = 99) -> list[int]:
    """The first lane in which each span touches no other, -1 where it does in all."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(most)]
    found = []
    for a, b in zip(start, end, strict=True):
        free = (i for i, lane in enumerate(taken) if all(b < c or a > d for c, d in lane))
        lane = next(free, -1)
        if lane >= 0:
            taken[lane].append((a, b))
        found.append(lane)
    return found


def _genes(axes: Axes, places: pd.DataFrame, genes: pd.DataFrame) -> None:
    """Genes with their names, those without room counted."""
    exons = genes[genes["feature"] == "exon"] if len(genes) else genes
    for place in places[places["lane"] >= 0].itertuples():
        y = -place.lane
        axes.hlines(y, place.start, place.end, color=INK, lw=1)
        if place.start == place.end:
            axes.plot(place.start, y, "|", color=INK, ms=6)
        else:
            mine = exons[exons["gene_id"] == place.gene_id]
            axes.hlines([y] * len(mine), mine["start"] / 1e6, mine["end"] / 1e6, INK, lw=4)
        axes.annotate(
            place.words,
            (place.left, y),
            (1, 2),
            textcoords="offset points",
            fontsize=6.5,
            fontweight="bold" if place.pip >= LIKELY else "normal",
            color=INK if place.pip >= 0 else "#6b7884",
        )
    without = int((places["lane"] < 0).sum())
    lanes = int(places["lane"].max()) + 1 if len(places) else 1
    axes.set(ylim=(0.3 - lanes, 0.9), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("genes")
    title = "genes" + (f" ({without} more have no room)" if without else "")
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
