"""The figure of priors shows every number that it is given beside its default."""

from dataclasses import replace

import pandas as pd

from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.priors_table import table_rows
from fqtl.report.page import figures, sections
from fqtl.report.plots import as_svg
from fqtl.report.prior_plots import priors
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
        [default.specific_start, 0.03],
    ]
    assert len(squares.get_yticks()) == 3
    assert [bar.get_height() for bar in likeness.patches] == list(known.likeness)
    assert "tissue has a factor" in as_svg(figure)


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
