"""Figures of results: a table in, a figure out."""

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.stats import beta

INK = "#22313f"
QUIET = "#c3ccd4"
MOST_POINTS = 1000  # that a curve of quantiles is drawn with
# Okabe and Ito's colours, told apart by people with any colour vision
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"]
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "fqtl",  # the same figure is the same bytes
    "svg.fonttype": "none",
}


def as_svg(figure: Figure, name: str = "", label: str = "") -> str:
    """Figure as text to be put into a page.

    name : of the figure, so that its ids are its own; label : what it shows, in words
    Points whose address is `hover:WORDS` show the words.
    """
    out = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = out.getvalue()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(
        r'<a xlink:href="hover:([^"]*)"[^>]*>(.*?)</a>',
        r'<g class="point"><title>\1</title>\2</g>',
        text,
        flags=re.DOTALL,
    )
    if name:
        text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    if label:
        text = f'<svg role="img" aria-label="{escape(label)}"{text[len("<svg") :]}'
    return text


def sharing(tissues: pd.DataFrame, names: Sequence[str]) -> Figure:
    """How often two tissues are in one factor: of the factors of either, the share that has both.

    tissues : gene_id, factor, tissue of every tissue called in a factor
    """
    shared = shared_factors(tissues, names)
    return _between_tissues(shared, names, "share of factors in common", vmin=0)


def correlations(table: pd.DataFrame) -> Figure:
    """Correlations of two tissues each; table : square, with names."""
    return _between_tissues(table.to_numpy(dtype=float), list(table.columns), "correlation")


def _between_tissues(
    values: np.ndarray, names: Sequence[str], meaning: str, vmin: float | None = None
) -> Figure:
    """A field for each two tissues, like ones beside each other; values (m, m)."""
    order = _by_likeness(values)
    shown = values[np.ix_(order, order)]
    np.fill_diagonal(shown, np.nan)  # a tissue shares everything with itself
    labels = [names[i].replace("_", " ") for i in order]
    with mpl.rc_context(STYLE):
        size = 2.5 + 0.14 * len(names)
        figure = Figure(figsize=(size + 1.4, size), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(shown, cmap="viridis", vmin=vmin)
        axes.set_xticks(range(len(names)), labels, rotation=90, fontsize=6)
        axes.set_yticks(range(len(names)), labels, fontsize=6)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, shrink=0.5, label=meaning)
    return figure


def shared_factors(tissues: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """(m, m) Jaccard index of the factors of each two tissues; 1 on the diagonal."""
    factors = tissues.groupby(["gene_id", "factor"], sort=False).ngroup().to_numpy()
    position = {name: i for i, name in enumerate(names)}
    member = np.zeros((factors.max() + 1 if len(factors) else 0, len(names)))
    member[factors, tissues["tissue"].map(position)] = 1
    both = member.T @ member
    either = member.sum(axis=0)[:, None] + member.sum(axis=0) - both
    share = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    np.fill_diagonal(share, 1.0)
    return share


def _by_likeness(similarity: np.ndarray) -> np.ndarray:
    """Order in which like rows are neighbours."""
    if len(similarity) < 3:
        return np.arange(len(similarity))
    return leaves_list(linkage(similarity, "average", optimal_ordering=True))


def tissues_and_confounders(prepared: pd.DataFrame, confounders: pd.DataFrame) -> Figure:
    """Donors of each tissue, and how much of expression follows what is not genetics."""
    kept = prepared[prepared["reason"] == ""].sort_values("n_donors", kind="stable")
    place = {name: i for i, name in enumerate(kept["tissue"])}
    each = confounders[confounders["tissue"].isin(place)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 1 + 0.16 * len(kept)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        left.barh(range(len(kept)), kept["n_donors"], color=COLOURS[0], height=0.8)
        left.set_yticks(range(len(kept)), kept["tissue"].str.replace("_", " "), fontsize=7)
        left.set(xlabel="donors", ylim=(-0.6, len(kept) - 0.4))
        right.barh(range(len(kept)), kept["explained"], color=QUIET, height=0.8)
        right.plot(each["explained"], each["tissue"].map(place), ".", color=COLOURS[1], ms=3)
        right.set(xlabel="share of variance explained", xlim=(0, None))
    return figure


def prediction_by_tissue(prediction: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Genes whose expression is predicted in each tissue, by cross-validated R²."""
    levels = [0.01, 0.05, 0.2]
    counts = np.array(
        [
            [
                int((prediction["r2"][prediction["tissue"] == name] > level).sum())
                for level in levels
            ]
            for name in names
        ]
    )
    order = np.argsort(counts[:, 0], kind="stable")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 1 + 0.16 * len(names)), layout="constrained")
        axes = figure.subplots()
        for k, level in enumerate(levels):
            axes.barh(
                range(len(names)),
                counts[order, k],
                color=["#bcd9ea", "#5aa5d1", "#0072b2"][k],
                label=f"R² > {level:g}",
                height=0.8,
            )
        labels = [names[i].replace("_", " ") for i in order]
        axes.set_yticks(range(len(names)), labels, fontsize=7)
        axes.set(xlabel="genes", ylim=(-0.6, len(names) - 0.4))
        axes.legend(frameon=False, loc="lower right")
    return figure


def prediction_histogram(r2: "pd.Series[float]") -> Figure:
    """Cross-validated R² of the genes of one tissue."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6, 2.6), layout="constrained")
        axes = figure.subplots()
        axes.hist(r2[r2 > 0.01], bins=40, range=(0, 1), color=COLOURS[0])
        axes.set(xlabel="cross-validated R²", ylabel=f"genes with R² > 0.01 of {len(r2)}")
    return figure


def found_of_simulated(pairs: pd.DataFrame) -> Figure:
    """Is a PIP a probability, and how much is found at what price?

    pairs : pip, simulated
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_calibration(left, pairs)
        ranked = pairs.sort_values("pip", ascending=False, kind="stable")
        found = ranked["simulated"].cumsum().to_numpy()
        called = np.arange(1, len(ranked) + 1)
        right.plot(1 - found / called, found / max(found[-1], 1), color=COLOURS[0])
        at = int((ranked["pip"] > 0.5).sum()) - 1
        if at >= 0:
            where = (1 - found[at] / called[at], found[at] / max(found[-1], 1))
            right.scatter(*where, color=COLOURS[1], zorder=3)
            right.annotate("PIP > 0.5", where, (8, -10), textcoords="offset points", fontsize=8)
        right.set(
            xlabel="false discovery proportion",
            ylabel="simulated pairs found",
            xlim=(-0.02, 0.6),
            ylim=(0, 1),
        )
    return figure


def _draw_calibration(axes: Axes, pairs: pd.DataFrame) -> None:
    edges = np.array([0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0001])
    bins = pairs.groupby(np.digitize(pairs["pip"], edges))
    mean, share, count = bins["pip"].mean(), bins["simulated"].mean(), bins.size()
    error = np.sqrt(share * (1 - share) / count)
    axes.plot([0, 1], [0, 1], color=QUIET, lw=1, zorder=0)
    axes.errorbar(mean, share, 2 * error, fmt="o", ms=4, color=COLOURS[0], lw=1)
    axes.set(
        xlabel="PIP of gene and tissue",
        ylabel="share with a simulated effect",
        xlim=(0, 1),
        ylim=(0, 1),
    )


def against_baseline(tissues: pd.DataFrame) -> Figure:
    """Mean R² of each tissue beside that of an elastic net.

    tissues : tissue, r2, enet_r2
    """
    tissues = tissues.sort_values("r2", kind="stable")
    place = range(len(tissues))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 1.4 + 0.16 * len(tissues)), layout="constrained")
        axes = figure.subplots()
        axes.hlines(place, tissues["enet_r2"], tissues["r2"], color=QUIET, lw=1)
        axes.plot(tissues["enet_r2"], place, "o", ms=4, color=COLOURS[1], label="elastic net")
        axes.plot(tissues["r2"], place, "o", ms=4, color=COLOURS[0], label="factors")
        axes.set_yticks(place, tissues["tissue"].str.replace("_", " "), fontsize=7)
        axes.set(xlabel="mean cross-validated R²", ylim=(-0.6, len(tissues) - 0.4))
        axes.legend(frameon=False, loc="lower right")
    return figure


def quantiles(series: Mapping[str, np.ndarray]) -> Figure:
    """P-values against those of as many uniform numbers, with the band that holds 95 % of these.

    series : p-values by the name of what they are of; the first is drawn in grey
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for colour, (name, p) in zip([QUIET, *COLOURS], series.items(), strict=False):
            p = np.sort(p[np.isfinite(p)])
            expected = (np.arange(len(p)) + 0.5) / max(len(p), 1)
            label = f"{name} ({len(p):,})"
            few = thinned(len(p))
            p, expected = p[few], expected[few]
            left.plot(-np.log10(expected), -np.log10(p), ".", ms=4, color=colour, label=name)
            right.step(p, expected, color=colour, lw=1.5, label=label)
        fewest = min((np.isfinite(p).sum() for p in list(series.values())[1:]), default=0)
        _draw_band(left, right, int(fewest))
        left.set(xlabel="expected −log₁₀ p", ylabel="−log₁₀ p")
        right.set(xlabel="p", ylabel="share of genes", xlim=(0, 1), ylim=(0, 1))
        right.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


def thinned(count: int) -> np.ndarray:
    """Ranks that are enough to draw quantiles: the first, and of the others ever fewer."""
    if count <= MOST_POINTS:
        return np.arange(count)
    others = np.geomspace(MOST_POINTS / 2, count, MOST_POINTS // 4)
    evenly = np.linspace(0, count - 1, MOST_POINTS // 4)
    ranks = np.concatenate([np.arange(MOST_POINTS // 2), others, evenly])
    return np.unique(np.minimum(ranks.astype(int), count - 1))


def _draw_band(left: Axes, right: Axes, count: int) -> None:
    """Where `count` uniform numbers would lie (order statistics are beta)."""
    if not count:
        return
    rank = 1 + thinned(count)
    low, high = (beta.ppf(tail, rank, count + 1 - rank) for tail in (0.025, 0.975))
    expected = (rank - 0.5) / count
    left.fill_between(-np.log10(expected), -np.log10(high), -np.log10(low), color=QUIET, alpha=0.4)
    left.plot(-np.log10(expected), -np.log10(expected), color=INK, lw=0.8)
    right.plot([0, 1], [0, 1], color=INK, lw=0.8)


def false_discoveries(series: Mapping[str, pd.DataFrame]) -> Figure:
    """Share of false discoveries at several cut-offs: promised and true.

    series : cut, found and false (a proportion) by the name of what is found
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 4), layout="constrained")
        axes = figure.subplots()
        most = max(rows[["promised", "false"]].to_numpy().max() for rows in series.values())
        for colour, (name, rows) in zip(COLOURS, series.items(), strict=False):
            rows = rows[rows["found"] > 0]
            error = 2 * np.sqrt(rows["false"] * (1 - rows["false"]) / rows["found"])
            axes.errorbar(
                rows["promised"], rows["false"], error, fmt="o-", ms=4, color=colour, label=name
            )
        axes.plot([0, most], [0, most], color=INK, lw=0.8, zorder=0)
        axes.set(
            xlabel="nominal false discovery rate",
            ylabel="false discovery proportion",
            xlim=(0, 1.05 * most),
            ylim=(0, 1.05 * most),
        )
        axes.legend(frameon=False, loc="upper left", fontsize=8)
    return figure
