"""Figures of one trait: genes along the genome, p-values against uniform ones, genes by tissues."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import beta

from fqtl.data import contigs
from fqtl.report.plots import COLOURS, INK, QUIET, STYLE, thinned

NAMED = 10  # genes that are called by name
ROWS = 40  # genes of the heat map, at most
MOST_HOVERED = 2000  # points that tell what they are; of more, the strongest
MOST_LETTERS = 18  # of a gene's name in the figure
PLOT = (590.0, 215.0)  # width and height of the axes of `manhattan`, in points; about
LETTER = (4.3, 7.0)  # of a letter of a name
GAP = 3.0  # between a point and its name
# right of its point and above it, or elsewhere; a name that finds no place is told on hovering
SIDES = ((True, True), (False, True), (True, False), (False, False))
Box = tuple[float, float, float, float]
CAP = 8.0  # |z| from which on colours are the same


def manhattan(genes: pd.DataFrame) -> Figure:
    """-log10 p of genes along the genome, the strongest named.

    genes : gene_id, gene_name, chrom, tss, neg_log10_p, bonferroni
    """
    genes = genes[genes["neg_log10_p"].notna()]
    place, starts = _along(genes)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        axes = figure.subplots()
        for i, chrom in enumerate(starts):
            here = (genes["chrom"] == chrom).to_numpy()
            colour = INK if i % 2 == 0 else COLOURS[0]
            points = axes.scatter(
                place[here],
                genes["neg_log10_p"][here],
                s=12,
                color=colour,
                rasterized=len(genes) > MOST_HOVERED,
            )
            if len(genes) <= MOST_HOVERED:
                points.set_urls(_hovered(genes[here]))
        if len(genes) > MOST_HOVERED:
            top = np.argsort(-genes["neg_log10_p"].to_numpy(), kind="stable")[:MOST_HOVERED]
            strongest = axes.scatter(place[top], genes["neg_log10_p"].iloc[top], s=12, alpha=0)
            strongest.set_urls(_hovered(genes.iloc[top]))
        if len(genes):
            axes.axhline(-np.log10(0.05 / len(genes)), color=QUIET, lw=1, ls="--")
        _name_strongest(axes, genes, place)
        if len(starts) < 2:
            axes.set_xlabel(f"position on {next(iter(starts), 'a chromosome')} (Mb)")
        else:
            ends = [*list(starts.values())[1:], float(place.max())]
            middles = [(a + b) / 2 for a, b in zip(starts.values(), ends, strict=True)]
            axes.set_xticks(middles, [contigs.bare(name) for name in starts], fontsize=7)
            axes.set_xlabel("chromosome")
        axes.set_ylabel("−log₁₀ p of gene")
        axes.set_ylim(bottom=0)
    return figure


def _hovered(genes: pd.DataFrame) -> list[str]:
    """What a reader is shown who points at each gene."""
    return [
        f"hover:{name or gene}, {chrom}:{int(tss):,}, −log₁₀ p {strength:.2f}"
        for gene, name, chrom, tss, strength in zip(
            genes["gene_id"],
            genes["gene_name"].fillna(""),
            genes["chrom"],
            genes["tss"],
            genes["neg_log10_p"],
            strict=True,
        )
    ]


def _along(genes: pd.DataFrame) -> tuple[np.ndarray, dict[str, float]]:
    """Megabases of each gene along all chromosomes, and where each of these begins."""
    place, starts, end = np.zeros(len(genes)), {}, 0.0
    for chrom in sorted(genes["chrom"].unique(), key=contigs.order):
        here = (genes["chrom"] == chrom).to_numpy()
        pos = genes["tss"].to_numpy(dtype=float)[here] / 1e6
        starts[str(chrom)] = end
        place[here] = end + pos
        end += float(pos.max())
    return place, starts


def _name_strongest(axes: Axes, genes: pd.DataFrame, place: np.ndarray) -> None:
    label = genes["gene_name"].fillna("").where(genes["gene_name"].fillna("") != "")
    label = label.fillna(genes["gene_id"]).to_numpy()
    height = genes["neg_log10_p"].to_numpy(dtype=float)
    order = np.argsort(-height, kind="stable")[:NAMED]
    known = genes["bonferroni"].astype(float).to_numpy() < 0.05
    taken: list[Box] = []
    for row in order[known[order]]:
        words = shorten(label[row])
        x, y = _share(place[row], place) * PLOT[0], _share(height[row], [0, *height]) * PLOT[1]
        for right, above in SIDES:
            box = _box(x, y, words, right, above)
            if box[0] >= 0 and box[2] <= PLOT[0] and not any(_meet(box, one) for one in taken):
                axes.annotate(
                    words,
                    (place[row], height[row]),
                    (GAP if right else -GAP, GAP if above else -GAP),
                    textcoords="offset points",
                    ha="left" if right else "right",
                    va="bottom" if above else "top",
                    fontsize=LETTER[1],
                )
                taken.append(box)
                break


def shorten(name: str) -> str:
    """A name that is not longer than an Ensembl gene with its version."""
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"


def _share(value: float, among: Sequence[float] | np.ndarray) -> float:
    """Where a value lies between the least and the most of others."""
    low, high = np.min(among), np.max(among)
    return float((value - low) / (high - low)) if high > low else 0.0


def _box(x: float, y: float, words: str, right: bool, above: bool) -> Box:
    """Left, lower, right and upper edge of words beside a point, in points of the paper."""
    width, height = LETTER[0] * len(words) + GAP, LETTER[1] + GAP
    left, lower = (x if right else x - width), (y if above else y - height)
    return left, lower, left + width, lower + height


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def quantiles_of_logs(series: dict[str, np.ndarray]) -> Figure:
    """-log10 p against those of uniform numbers, with the band that holds 95 % of these.

    series : -log10 p by the name of what they are of; p may be smaller than any double
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.8), layout="constrained")
        axes = figure.subplots()
        for colour, (name, values) in zip(COLOURS, series.items(), strict=False):
            values = -np.sort(-values[np.isfinite(values)])
            expected = -np.log10((np.arange(len(values)) + 0.5) / max(len(values), 1))
            label = f"{name} ({len(values):,})"
            few = thinned(len(values))
            axes.plot(expected[few], values[few], ".", ms=4, color=colour, label=label)
        count = max((int(np.isfinite(values).sum()) for values in series.values()), default=0)
        if count:
            rank = 1 + thinned(count)
            low, high = (-np.log10(beta.ppf(q, rank, count + 1 - rank)) for q in (0.975, 0.025))
            expected = -np.log10((rank - 0.5) / count)
            axes.fill_between(expected, low, high, color=QUIET, alpha=0.4)
            axes.plot(expected, expected, color=INK, lw=0.8)
        axes.set(xlabel="expected −log₁₀ p", ylabel="−log₁₀ p")
        axes.legend(frameon=False, loc="upper left", fontsize=8)
    return figure


def genes_by_tissues(associations: pd.DataFrame, genes: pd.DataFrame) -> Figure:
    """z of the strongest genes in each tissue.

    associations : gene_id, tissue, z; genes : gene_id, gene_name, neg_log10_p
    """
    strongest = genes.sort_values("neg_log10_p", ascending=False, kind="stable")["gene_id"]
    z = associations.pivot_table(index="gene_id", columns="tissue", values="z")
    z = z.reindex([gene for gene in strongest if gene in z.index][:ROWS])
    names = genes.set_index("gene_id")["gene_name"].fillna("").reindex(z.index)
    labels = [name or gene for gene, name in names.items()]
    with mpl.rc_context(STYLE):
        size = (3.0 + 0.16 * z.shape[1], 2.5 + 0.16 * len(z))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        if len(z):
            image = axes.imshow(z.to_numpy(), cmap="RdBu_r", vmin=-CAP, vmax=CAP, aspect="auto")
            figure.colorbar(image, ax=axes, label="z", shrink=0.6)
        tissues = [name.replace("_", " ") for name in z.columns]
        axes.set_xticks(range(z.shape[1]), tissues, rotation=90, fontsize=6)
        axes.set_yticks(range(len(z)), labels, fontsize=6)
        axes.tick_params(length=0)
    return figure
