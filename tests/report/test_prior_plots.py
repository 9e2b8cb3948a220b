"""The figure of priors shows every number that it is given beside its default."""

from dataclasses import replace

import numpy as np
import pandas as pd

from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.priors_table import table_rows
from fqtl.report.page import figures, sections
from fqtl.report.plots import as_svg
from fqtl.report.prior_plots import priors, tissues
from tests.report.made import page_of, results


def test_the_figure_shows_what_was_learned_beside_the_defaults():
    changed = {"specific_start": 0.03, "factor_share": 0.2, "background_probability": 0.9}
    known = replace(default_priors(44), **changed)
    figure = priors(pd.DataFrame(table_rows(known, 200)))
    shares, squares, likeness = figure.axes
    shown = [line.get_xdata().tolist() for line in shares.lines if len(line.get_xdata()) == 2]
    default = default_priors(44)
    assert shown == [
        [0.5, 0.9],
        [0.5, 0.5],
        [default.factor_share, 0.2],
        [0.3, 0.3],
        [default.specific_start, 0.03],
    ]
    assert len(squares.get_yticks()) == 3
    assert [bar.get_height() for bar in likeness.patches] == list(known.likeness)
    assert "tissue has a factor" in as_svg(figure)


def test_how_often_tissues_have_factors_is_a_figure_with_the_oftenest_on_top():
    odds = (-2.0, 0.5, 0.0)
    known = replace(default_priors(3), tissues=("Testis", "Liver", "Spleen"), factor_log_odds=odds)
    learned = pd.DataFrame(table_rows(known, 87))
    axes = tissues(learned[learned["tissue"] != "all"]).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Testis", "Spleen", "Liver"]
    shown = next(line for line in axes.lines if len(line.get_xdata()) == 3)
    np.testing.assert_allclose(shown.get_xdata(), np.exp([-2.0, 0.0, 0.5]))
    drawn = {f.name: f for f in figures(sections(replace(results(), priors=learned)))}
    assert "Liver has factors most often (odds 1.6 times" in drawn["tissue_priors"].alt
    assert "Testis least often (0.14 times)" in drawn["tissue_priors"].alt
    assert drawn["priors"].data["tissue"].unique().tolist() == ["all"]
    alike = replace(results(), priors=learned[learned["tissue"] == "all"])
    assert "tissue_priors" not in {figure.name for figure in figures(sections(alike))}


def test_factors_and_effects_of_a_tissues_own_stand_side_by_side():
    """Each tissue in one line of both; one that is not told of by one has no dot there."""
    names = ("Testis", "Liver", "Spleen")
    odds = {"factor_log_odds": (-2.0, 0.5, 0.0), "specific_log_odds": (1.5, -1.0, 0.0)}
    known = replace(default_priors(3), tissues=names, **odds)
    learned = pd.DataFrame(table_rows(known, 87))
    figure = tissues(learned[learned["tissue"] != "all"])
    of_factors, of_own = figure.axes
    assert [one.get_text() for one in of_factors.get_yticklabels()] == ["Testis", "Spleen", "Liver"]
    shown = [
        next(line for line in axes.lines if len(line.get_xdata()) == 3).get_xdata()
        for axes in (of_factors, of_own)
    ]
    np.testing.assert_allclose(shown, np.exp([[-2.0, 0.0, 0.5], [1.5, 0.0, -1.0]]))
    assert "effects of its own" in of_own.get_xlabel()
    drawn = {f.name: f for f in figures(sections(replace(results(), priors=learned)))}
    alt = drawn["tissue_priors"].alt
    assert "Liver has factors most often (odds 1.6 times those of the share)" in alt
    assert "Testis has own effects most often (odds 4.5 times those of the share)" in alt


def test_tissues_that_are_alike_look_alike():
    """By an axis that does not follow one per cent, and whose numbers are those of people."""
    known = replace(default_priors(2), tissues=("a", "b"), factor_log_odds=(0.01, -0.01))
    learned = pd.DataFrame(table_rows(known, 87))
    figure = tissues(learned[learned["name"] == "factor_log_odds"])
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    assert low < 0.5 < 2 < high
    figure.draw_without_rendering()
    shown = [label.get_text() for label in axes.get_xticklabels() if label.get_visible()]
    assert {"0.5", "1", "2"} <= set(shown)


def test_a_tissue_may_be_called_all():
    known = replace(default_priors(2), tissues=("all", "b"), factor_log_odds=(1.0, -1.0))
    learned = pd.DataFrame(table_rows(known, 87))
    drawn = {f.name: f for f in figures(sections(replace(results(), priors=learned)))}
    assert drawn["tissue_priors"].data["tissue"].tolist() == ["all", "b"]
    assert "factor_log_odds" not in drawn["priors"].data["name"].tolist()


def test_what_all_genes_said_beforehand_is_a_figure_unless_fits_read_the_defaults():
    learned = pd.DataFrame(table_rows(replace(default_priors(44), factor_share=0.21), 87))
    found = replace(results(), priors=learned)
    drawn = {figure.name: figure for figure in figures(sections(found))}["priors"]
    assert "87 genes" in drawn.caption
    assert "a factor with probability 0.21" in drawn.alt
    assert drawn.data["name"].tolist() == list(default_priors(1).by_name())
    assert "background with probability 0.5" in drawn.alt
    # of a background that no fit has nothing is said
    without = replace(found, settings={"polygenic background": "none"})
    sparse = {figure.name: figure for figure in figures(sections(without))}["priors"]
    assert "background" not in sparse.alt
    assert not sparse.data["name"].str.startswith("background").any()
    assert "gene has a background" in drawn.svg
    assert "gene has a background" not in sparse.svg
    # what an earlier run learned is not shown as if it were of this one
    other = replace(found, settings={"priors": "default"})
    assert "priors" not in {figure.name for figure in figures(sections(other))}
    assert "model.priors: default" in page_of(other)
