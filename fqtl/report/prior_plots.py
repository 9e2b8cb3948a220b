"""Figures of the priors of a release: what its genes say beforehand, beside the defaults."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from fqtl.report.plots import COLOURS, INK, QUIET, STYLE

SHARES = {
    "specific_start": "tissue has an effect of its own",
    "another_specific": "... one more after each",
    "factor_share": "tissue has a factor",
    "another_effect": "factor has one more effect",
    "background_probability": "gene has a background",
}
SQUARES = {
    "specific_square": "effect of one tissue",
    "factor_square": "effect of a factor",
    "background_median": "background (median)",
}
ODDS = {
    "factor_log_odds": "odds of a factor",
    "specific_log_odds": "odds of effects of its own",
}
LIKENESS = "likeness_"
LEAST_SHOWN = 2.0  # odds that an axis reaches at the least: tissues that are alike look alike
WIDE = 1000.0  # from the least to the largest odds, from where powers of 10 are enough


def priors(table: pd.DataFrame) -> Figure:
    """Probabilities, sizes and likeness that fits read, each beside its default.

    table : name, value and default, as in priors.tsv, or some of its rows
    """
    known = table.set_index("name")[["value", "default"]]
    alike = [name for name in known.index if name.startswith(LIKENESS)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.4), layout="constrained")
        shares, squares, likeness = figure.subplots(1, 3, width_ratios=(1, 1, 1.6))
        _beside_defaults(shares, known, SHARES)
        shares.set_xlabel("probability")
        _beside_defaults(squares, known, SQUARES)
        squares.set_xlabel("share of variance")
        places = range(len(alike))
        likeness.bar(places, known.loc[alike, "value"], color=COLOURS[0], width=0.7)
        likeness.plot(places, known.loc[alike, "default"], "_", color=INK, ms=14)
        likeness.set_xticks(list(places), [name.removeprefix(LIKENESS) for name in alike])
        likeness.set_xlabel("likeness of a factor's loadings")
        likeness.set_ylabel("probability")
    return figure


def tissues(table: pd.DataFrame) -> Figure:
    """How often each tissue has a factor, and effects of its own, over what the share of all says;
    the oftenest on top.

    table : name (of ODDS), tissue and value (ln of the odds), as in priors.tsv
    """
    known = table.pivot(index="tissue", columns="name", values="value")
    names = [name for name in ODDS if name in known]
    known = known.sort_values(names, kind="stable")
    places = range(len(known))
    with mpl.rc_context(STYLE):
        size = (4 + 3 * len(names), 0.7 + 0.19 * len(known))
        figure = Figure(figsize=size, layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(names), sharey=True))
        for axes, name in zip(panels, names, strict=True):
            odds = np.exp(known[name])
            axes.axvline(1, color=INK, lw=1)
            axes.hlines(places, np.minimum(odds, 1), np.maximum(odds, 1), color=QUIET, lw=2)
            axes.plot(odds, places, "o", color=COLOURS[0])
            _of_odds(axes, odds.min(), odds.max())
            axes.set_xlabel(f"{ODDS[name]}, over those of the share")
        panels[0].set_yticks(list(places), known.index.tolist())
        panels[0].set_ylim(-0.6, len(known) - 0.4)
    return figure


def _of_odds(axes: Axes, least: float, most: float) -> None:
    """The horizontal axis is one of odds, around 1."""
    least, most = min(least, 1 / LEAST_SHOWN), max(most, LEAST_SHOWN)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most / least < WIDE else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda odds, _: f"{odds:g}"))
    margin = (most / least) ** 0.04
    axes.set_xlim(least / margin, most * margin)


def _beside_defaults(axes: Axes, known: pd.DataFrame, words: dict[str, str]) -> None:
    """A line for each number that there is, from its default to what was learned."""
    words = {name: said for name, said in words.items() if name in known.index}
    for place, name in enumerate(reversed(words)):
        value, default = known.loc[name]
        axes.plot([default, value], [place, place], color=QUIET, lw=2)
        axes.plot(default, place, "|", color=INK, ms=12)
        axes.plot(value, place, "o", color=COLOURS[0])
    axes.set_yticks(range(len(words)), list(reversed(words.values())))
    axes.set_ylim(-0.6, len(words) - 0.4)
    axes.set_xlim(left=0)
