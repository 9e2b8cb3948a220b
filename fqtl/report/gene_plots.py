"""Figures of one gene."""

from collections.abc import Sequence
from textwrap import wrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fqtl.report.plots import COLOURS, INK, QUIET, STYLE
from fqtl.tables.fits import CALL

NORMAL_95 = 1.96  # standard deviations of a normal distribution that hold 95 %
PANELS_ABREAST = 4  # of single donors
MOST_POINTS = 300  # that a panel draws; hexagons count more of them
MOST_LANES = 6  # rows that gene models are drawn in


def locus(
    tss: int,
    variants: pd.DataFrame,
    r: np.ndarray,
    effects: Sequence[tuple[str, pd.DataFrame]],
    models: pd.DataFrame,
) -> Figure:
    """PIPs of each effect along the chromosome, coloured by LD, above the genes there.

    variants : variant_id, rsid, chrom, pos; r : (v, v) their correlation
    effects : name, and variant (place among the variants) and pip
    models : gene_name, feature (gene or exon), start, end, strand; maybe empty
    """
    pos = variants["pos"].to_numpy() / 1e6
    rows = len(effects) + (len(models) > 0)
    heights = [2.0] * len(effects) + [1.2] * (len(models) > 0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 0.8 + 0.9 * sum(heights)), layout="constrained")
        panels = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, loadings) in zip(panels, effects, strict=False):
            points = _draw_effect(axes, name, loadings, variants, pos, r)
            axes.axvline(tss / 1e6, color=INK, lw=0.8, ls=":")
        bar = figure.colorbar(points, ax=panels[: len(effects)], shrink=0.8, pad=0.01)
        bar.set_label("r² with the lead variant", fontsize=8)
        if len(models):
            _draw_models(panels[-1], models)
            panels[-1].axvline(tss / 1e6, color=INK, lw=0.8, ls=":")
        around = [*pos, tss / 1e6]
        margin = 0.03 * (max(around) - min(around)) or 0.01
        panels[-1].set_xlim(min(around) - margin, max(around) + margin)
        panels[-1].xaxis.set_major_locator(MaxNLocator(6))
        chrom = variants["chrom"].iloc[0]
        panels[-1].set_xlabel(f"position on {chrom} (Mb); dotted: transcription start")
    return figure


def _draw_effect(
    axes: Axes,
    name: str,
    loadings: pd.DataFrame,
    variants: pd.DataFrame,
    pos: np.ndarray,
    r: np.ndarray,
) -> mpl.collections.PathCollection:
    """PIPs of the variants of one effect, in the colour of their LD with the likeliest."""
    which, pip = loadings["variant"].to_numpy(), loadings["pip"].to_numpy()
    lead = which[int(pip.argmax())]
    r2 = r[lead, which] ** 2
    order = np.argsort(pip, kind="stable")
    which, pip, r2 = which[order], pip[order], r2[order]
    axes.vlines(pos[which], 0, pip, color=QUIET, lw=0.8, zorder=1)
    points = axes.scatter(
        pos[which],
        pip,
        c=r2,
        cmap="viridis",
        vmin=0,
        vmax=1,
        s=22,
        zorder=3,
        edgecolors=INK,
        lw=0.3,
    )
    points.set_urls(
        [
            f"hover:{variants['variant_id'].iloc[j]} {variants['rsid'].iloc[j]} PIP {p:.3f}, "
            f"r² {ld:.2f}"
            for j, p, ld in zip(which, pip, r2, strict=True)
        ]
    )
    axes.set(ylabel="PIP", ylim=(0, 1.12), yticks=[0, 0.5, 1])
    axes.set_title(name, loc="left", fontsize=9, fontweight="bold")
    return points


def _draw_models(axes: Axes, models: pd.DataFrame) -> None:
    """Genes as lines, their exons as boxes, with arrows for their strand."""
    genes = models[models["feature"] == "gene"].sort_values("start", kind="stable")
    ends = [-np.inf] * MOST_LANES
    room = 0.06 * (genes["end"].max() - genes["start"].min()) if len(genes) else 0
    for gene in genes.itertuples():
        lane = next((i for i, end in enumerate(ends) if end < gene.start), None)
        if lane is None:
            continue  # a crowd: those that begin first are drawn
        ends[lane] = gene.end + room
        axes.hlines(-lane, gene.start / 1e6, gene.end / 1e6, color=INK, lw=1)
        exons = models[(models["feature"] == "exon") & (models["gene_id"] == gene.gene_id)]
        axes.hlines([-lane] * len(exons), exons["start"] / 1e6, exons["end"] / 1e6, INK, lw=5)
        label = f"{gene.gene_name} →" if gene.strand == "+" else f"← {gene.gene_name}"
        axes.text(gene.start / 1e6, -lane + 0.25, label, fontsize=6, clip_on=True)
    used = sum(np.isfinite(ends))
    axes.set(ylim=(-used + 0.3, 0.9), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("genes")


def loadings(tissues: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Loading of each tissue on each factor, with its 95 % interval, in colour where called.

    tissues : factor, tissue, mean, sd, pip
    """
    place = {name: i for i, name in enumerate(names)}
    factors = sorted(tissues["factor"].unique())
    with mpl.rc_context(STYLE):
        size = (2.5 + 2.4 * len(factors), 1.2 + 0.17 * len(names))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(factors), sharey=True, squeeze=False)[0]
        for axes, factor in zip(panels, factors, strict=True):
            rows = tissues[tissues["factor"] == factor]
            called = (rows["pip"] > CALL).to_numpy()
            y = rows["tissue"].map(place).to_numpy()
            axes.axvline(0, color=QUIET, lw=0.8, zorder=0)
            for mine, colour in ((~called, QUIET), (called, COLOURS[int(factor) % len(COLOURS)])):
                of_it = rows[mine]
                axes.errorbar(
                    of_it["mean"],
                    y[mine],
                    xerr=NORMAL_95 * of_it["sd"],
                    fmt="o",
                    ms=4,
                    lw=1.2,
                    color=colour,
                )
            axes.set_title(f"factor {factor}", fontsize=9)
        labels = [name.replace("_", " ") for name in names]
        panels[0].set_yticks(range(len(names)), labels, fontsize=7)
        panels[0].set_ylim(-0.7, len(names) - 0.3)
        figure.supxlabel("tissue loading (standardised)", fontsize=9)
    return figure


def prediction(pairs: pd.DataFrame) -> Figure:
    """Cross-validated correlation in each tissue with its 95 % interval, and an elastic net's R.

    pairs : tissue, n_donors, r, pip, enet_r2
    """
    pairs = pairs.iloc[::-1]
    place = np.arange(len(pairs))
    low, high = interval(pairs["r"].to_numpy(), pairs["n_donors"].to_numpy())
    called = (pairs["pip"] > CALL).to_numpy()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.5, 1.2 + 0.17 * len(pairs)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=QUIET, lw=0.8, zorder=0)
        axes.hlines(place, low, high, color=QUIET, lw=1.5)
        for mine, colour, label in (
            (called, COLOURS[0], "factors, PIP > 0.5"),
            (~called, "#8a98a5", "factors, PIP below"),
        ):
            axes.plot(pairs["r"][mine], place[mine], "o", ms=4, color=colour, label=label)
        if pairs["enet_r2"].notna().any():
            net = np.sqrt(pairs["enet_r2"])
            axes.plot(net, place, "|", ms=8, mew=2, color=COLOURS[1], label="elastic net")
        axes.set_yticks(place, pairs["tissue"].str.replace("_", " "), fontsize=7)
        axes.set(xlabel="correlation in donors held out", ylim=(-0.7, len(pairs) - 0.3))
        axes.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return figure


def single_donors(donors: pd.DataFrame, best: pd.DataFrame) -> Figure:
    """Observed expression over its prediction, a panel for each tissue with its r².

    donors : tissue, predicted, observed; best : tissue, r2, in the order of the panels
    """
    rows, columns = -(-len(best) // PANELS_ABREAST), min(len(best), PANELS_ABREAST)
    with mpl.rc_context(STYLE):
        width, height = 2.1 * columns + 0.6, 2.1 * rows + 0.4
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        # room that is known need not be looked for, which takes as long as to draw
        figure.subplots_adjust(
            left=0.7 / width,
            right=1 - 0.1 / width,
            bottom=0.5 / height,
            top=1 - 0.55 / height,
            wspace=0.25,
            hspace=0.55,
        )
        for axes, tissue in zip(panels, best.itertuples(), strict=False):
            mine = donors[donors["tissue"] == tissue.tissue]
            x, y = mine["predicted"].to_numpy(float), mine["observed"].to_numpy(float)
            if len(mine) > MOST_POINTS:
                axes.hexbin(x, y, gridsize=24, cmap="Blues", mincnt=1, linewidths=0.1)
            else:
                axes.plot(x, y, "o", ms=2.5, mew=0, alpha=0.6, color=COLOURS[0])
            slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
            ends = np.array([x.min(), x.max()])
            axes.plot(ends, y.mean() + slope * (ends - x.mean()), color=COLOURS[1], lw=1.2)
            name = "\n".join(wrap(tissue.tissue.replace("_", " "), 26)[:2])
            axes.set_title(f"{name}\nr² {tissue.r2:.3f}, {len(mine)} donors", fontsize=7)
            axes.tick_params(labelsize=6)
            axes.locator_params(nbins=3)  # each costs as much as all points of a panel
        for axes in panels[len(best) :]:
            axes.remove()
        figure.supxlabel("predicted", fontsize=8)
        figure.supylabel("observed", fontsize=8)
    return figure


def interval(r: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of correlations of n pairs each, by Fisher's z; of four and more."""
    z = np.arctanh(np.clip(r, -0.999999, 0.999999))
    half = NORMAL_95 / np.sqrt(np.maximum(n - 3, 1))
    return np.tanh(z - half), np.tanh(z + half)


def weights(table: pd.DataFrame) -> Figure:
    """Weights of variants (columns, in the order of position) in tissues (rows).

    table : tissues by variants; 0 where there is no weight
    """
    most = float(np.abs(table.to_numpy()).max()) or 1.0
    with mpl.rc_context(STYLE):
        size = (min(2.8 + 0.1 * table.shape[1], 9), 1.6 + 0.16 * len(table))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(
            table.to_numpy(),
            cmap="RdBu_r",
            vmin=-most,
            vmax=most,
            aspect="auto",
            interpolation="nearest",
        )
        figure.colorbar(image, ax=axes, label="weight", shrink=0.7)
        labels = [name.replace("_", " ") for name in table.index]
        axes.set_yticks(range(len(table)), labels, fontsize=7)
        axes.set_xticks([])
        axes.set_xlabel(f"{table.shape[1]} variants in the order of position")
    return figure
