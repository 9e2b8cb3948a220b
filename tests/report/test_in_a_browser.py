"""The report and a gene's page in Chromium: what is asked for, what fits, what a key does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from fqtl import cli
from tests.report.browser import Browser
from tests.report.made import page_of, results
from tests.report.test_gene_page import run as run_of_genes
from tests.report.test_report import with_truth

N_GENES = 40
# an error of a script, an address elsewhere, and a box that is too wide
FAULTY = """<!DOCTYPE html><img src="http://127.0.0.1:9/x.png"><div style="width: 1500px">wide</div>
<script>undefined_here();</script>"""
run = run_of_genes  # a fixture


def with_many_genes():
    """Results of 40 genes g00 to g39: the larger its number, the larger p and q of a gene.

    The first 30 have a factor; the last three were predicted, the last of them best.
    """
    base = with_truth()
    names = [f"g{i:02d}" for i in range(N_GENES)]
    at = np.arange(N_GENES)
    fits = pd.concat([base.fits.iloc[[0]]] * N_GENES, ignore_index=True).assign(
        gene_id=names, start=at, p=(at + 1) / 100, q=(at + 1) / 100
    )
    factors = pd.concat([base.factors.assign(gene_id=name) for name in names[:30]])
    first = base.prediction.iloc[[0]]
    predicted = pd.concat([first.assign(gene_id=f"g{i}", r2=i / 100) for i in (37, 38, 39)])
    pages = {"g07": "genes/g07.html"}
    return replace(base, fits=fits, factors=factors, prediction=predicted, gene_pages=pages)


@pytest.fixture(scope="module")
def browser(browser_paths):
    driven = Browser(*browser_paths)
    yield driven
    driven.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    page = tmp_path_factory.mktemp("report") / "report.html"
    page.write_text(page_of(with_many_genes()))
    return page


@pytest.fixture
def shown(browser, report):
    """The report of 40 genes, in a window as wide as a desk's."""
    browser.open(report)
    return browser


def genes_of(browser):
    """Genes of the rows that the table shows, all at one moment."""
    return browser.ask(
        "return [...document.querySelectorAll('#gene-table tbody td:first-child')]"
        ".map((cell) => cell.innerText)"
    )


def heading(browser, words):
    (found,) = [one for one in browser.all("#gene-table thead th") if one.text == words]
    return found


def counted(browser):
    return browser.ask("return document.querySelector('.dt-info').innerText")


def special():
    """Pages of runs that lack something, by what they lack."""
    base = results()
    empty = {
        name: getattr(base, name)[:0]
        for name in ("factors", "tissues", "credible_sets", "prediction", "nulls", "weights")
    }
    return {
        "everything": with_truth(),
        "one tissue": results(("Liver",)),
        "no factor": results(factors=False),
        "no cross-validation": replace(
            base, prediction=base.prediction.assign(r2=np.nan, enet_r2=np.nan)
        ),
        "one gene": replace(base, fits=base.fits[:1], genes=base.genes[:1]),
        "nothing found": replace(base, **empty, fits=base.fits[1:]),
    }


def assert_sound(browser, page):
    """On a desk and on a telephone nothing is cut off, nothing fails, nothing else is asked for."""
    for width in (1280, 400):
        browser.open(page, width)
        assert browser.beyond() == []
        assert browser.errors() == []
        asked = {url for url in browser.requests() if not url.startswith("data:")}
        assert asked == {page.as_uri()}


def test_what_is_wrong_with_a_page_is_seen(browser, tmp_path):
    page = tmp_path / "faulty.html"
    page.write_text(FAULTY)
    browser.open(page)
    assert [tag.split(".")[0] for tag in browser.beyond()] == ["DIV"]
    assert any("undefined_here" in message for message in browser.errors())
    assert "http://127.0.0.1:9/x.png" in browser.requests()


@pytest.mark.parametrize("lacking", special())
def test_a_report_fits_its_window_and_asks_for_nothing(browser, tmp_path, lacking):
    page = tmp_path / "report.html"
    page.write_text(page_of(special()[lacking]))
    assert_sound(browser, page)
    assert len(browser.all("#gene-table tbody tr")) in (1, 2)


@pytest.mark.parametrize("gene", ["g1", "g2", "g3"])
def test_a_page_of_a_gene_fits_its_window_and_asks_for_nothing(browser, run, gene):
    page = run / "page.html"
    assert cli.main(["plot", "gene", gene, "--results", str(run), "--out", str(page)]) == 0
    assert_sound(browser, page)
    assert browser.one("h1").text.startswith(gene)


def test_what_is_drawn_has_words_for_who_does_not_see_it(shown):
    figures = shown.all("figure svg")
    assert len(figures) >= 5
    for figure in figures:
        assert figure.aria_role in ("img", "image")
        assert len(figure.accessible_name) > 20


def test_genes_come_by_their_q_and_a_click_on_a_heading_sorts_them(shown):
    assert genes_of(shown) == [f"g{i:02d}" for i in range(25)]
    heading(shown, "start (bp)").click()
    shown.until(lambda: genes_of(shown)[0] == "g00")
    heading(shown, "start (bp)").click()
    shown.until(lambda: genes_of(shown)[0] == "g39")
    assert genes_of(shown)[:3] == ["g39", "g38", "g37"]


def test_what_is_missing_comes_last_whichever_way_a_column_is_sorted(shown):
    for first in (["g37", "g38", "g39"], ["g39", "g38", "g37"]):
        heading(shown, "best CV R²").click()
        shown.until(lambda first=first: genes_of(shown)[:3] == first)


def test_a_search_finds_genes(shown):
    shown.one(".dt-search input").send_keys("g1")
    shown.until(lambda: genes_of(shown) == [f"g1{i}" for i in range(10)])
    assert "filtered from 40" in counted(shown)
    shown.one(".dt-search input").send_keys("zzz")
    shown.until(lambda: "0 to 0" in counted(shown))


def test_filters_leave_the_genes_that_they_name(shown):
    filters = {name: Select(shown.one(f"#filter-{name}")) for name in ("found", "tissue")}
    filters["found"].select_by_value("q")
    # q is 0.01, 0.02 … and the rate 0.05
    shown.until(lambda: genes_of(shown) == ["g00", "g01", "g02", "g03"])
    filters["found"].select_by_value("factors")
    shown.until(lambda: "of 30 entries" in counted(shown))
    filters["found"].select_by_value("page")
    shown.until(lambda: genes_of(shown) == ["g07"])
    assert shown.one("#gene-table tbody a").get_attribute("href").endswith("genes/g07.html")
    filters["found"].select_by_value("")
    filters["tissue"].select_by_visible_text("Lung")
    shown.until(lambda: "0 to 0" in counted(shown))


def test_keys_alone_reach_the_table_and_sort_it(shown):
    shown.press(Keys.TAB)
    assert shown.driver.switch_to.active_element.text == "Skip to the content"
    shown.press(Keys.ENTER)
    focused = "return document.activeElement.closest('#gene-table thead th')?.innerText || ''"
    for _ in range(200):
        if shown.ask(focused).startswith("start"):
            break
        shown.press(Keys.TAB)
    assert shown.ask(focused).startswith("start")
    shown.press(Keys.ENTER)
    shown.press(Keys.ENTER)
    shown.until(lambda: genes_of(shown)[0] == "g39")
