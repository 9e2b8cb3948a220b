"""The report says what the tables say, of any run, and needs nothing but itself."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from fqtl.report import calibration, concerns, discoveries, plots, prediction, run
from fqtl.report import weights as weights_section
from fqtl.report.blocks import Table
from fqtl.report.page import figures, headline, render, sections
from fqtl.report.results import Trait, read_benchmarks
from fqtl.tables.columns import COLUMNS
from tests.report.made import page_of, results, store


def rows_of(found):
    """Rows of the table of genes, as a browser reads them."""
    text = re.search(r'id="gene-rows">(.*?)</script>', page_of(found), re.DOTALL).group(1)
    genes = json.loads(text)
    return [dict(zip([*genes["columns"], "acting"], row, strict=True)) for row in genes["rows"]]


class Outline(HTMLParser):
    """What a page is made of: its ids, links, headings, and whether every tag is closed."""

    VOID = ("meta", "link", "br", "img", "input", "hr")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.targets, self.headings, self.labels = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.targets += [given[name] for name in ("href", "src", "xlink:href") if name in given]
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        if tag == "svg":
            self.labels.append(given.get("aria-label", ""))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())


def outline(page):
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    assert parsed.open == []
    return parsed


def test_a_page_is_whole_html_asks_nothing_of_a_network_and_can_be_walked_without_eyes():
    page = page_of(with_truth())
    found = outline(page)
    assert len(found.ids) == len(set(found.ids))
    assert not [target for target in found.targets if re.match("(https?:)?//", target)]
    inside = [target[1:] for target in found.targets if target.startswith("#")]
    assert set(inside) <= set(found.ids)
    assert found.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False))
    assert len(found.labels) == len(figures(sections(with_truth()))) >= 5
    assert all(len(label) > 20 for label in found.labels)
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page


def test_what_stands_in_a_table_is_text_whatever_it_looks_like():
    page = page_of(results())
    assert "&lt;script&gt;" in page
    assert "<td><script>" not in page
    odd = results()
    odd.fits["gene_id"] = ["</script><b>", "g2"]
    assert "</script><b>" not in page_of(odd)


def test_numbers_are_those_of_the_tables():
    found = {words: figure for figure, words in discoveries.numbers(results())}
    assert found["genes with a factor (PIP above one half)"] == "1"
    assert found["tissues in a factor (median)"] == "2"
    assert found["tissue-specific effects beside factors"] == "2"
    assert found["variants in a credible set (median)"] == "2"
    assert found["donors"] == "60"


def test_the_table_of_genes_says_what_the_tables_say():
    first, second = rows_of(results())
    assert first == {
        "gene": "g1",
        "chromosome": "chr1",
        "start (bp)": 100,
        "status": "fitted",
        "tissues": 2,
        "factors": 1,
        "tissue-specific": 2,
        "tissues with an effect": 2,
        "best CV R²": 0.25,
        "in tissue": "Liver",
        "p": 0.01,
        "q": 0.02,
        "acting": [0, 1],
    }
    assert second["gene"] == "g2"
    assert second["status"] == "skipped"
    assert second["p"] is None
    assert second["acting"] == []


def test_pages_of_genes_are_linked_from_their_rows_and_listed():
    page = page_of(replace(results(), gene_pages={"g1": "genes/g1.html"}))
    assert '"pages":{"g1":"genes/g1.html"}' in page
    assert '<li><a href="genes/g1.html">g1</a></li>' in page


def test_everything_left_out_is_counted_with_its_reason():
    assert dict(run.left_out(results())) == {
        "genes not fitted: chromosome chrX is not fitted": 1,
        "genes not fitted: no variant in the cis window": 1,
        "gene left out of a tissue: constant expression": 1,
        "donors of a tissue without genotypes": 2,
        "variant in a gene's cis window: constant": 5,
    }


def test_warnings_come_first_and_name_what_is_wrong():
    found = results()
    prepared = found.prepared.assign(concern=["", "2 of 2 genes have heavy tails"])
    fits = found.fits.assign(converged=[False, None])
    parts = sections(replace(found, prepared=prepared, fits=fits))
    assert parts[0].name == "warnings"
    said = " ".join(block.text for block in parts[0].blocks)
    assert "Lung: 2 of 2 genes have heavy tails" in said
    assert "1 of 2 fits did not converge" in said
    assert "not of this run: Old.db" in said


def test_a_run_without_anything_odd_has_no_warning():
    calm = replace(results(), foreign_weights=[])
    calm = replace(calm, calibration=calm.calibration.assign(n_permuted=99, pi0=1.0))
    assert concerns.warnings(calm) == []
    assert "None: nothing stands out." in page_of(calm)


@pytest.mark.parametrize("tissues", [("Liver",), ("Liver", "Lung")])
@pytest.mark.parametrize("factors", [True, False])
@pytest.mark.parametrize("validated", [True, False])
def test_a_page_can_be_made_of_any_run(tissues, factors, validated):
    found = results(tissues, factors)
    if not validated:
        found = replace(found, prediction=found.prediction.assign(r2=np.nan, enet_r2=np.nan))
    page = page_of(found)
    outline(page)
    assert f"<h1>{headline(found)}</h1>" in page
    assert ("no cross-validation" in page) == (not validated)
    assert ("Sharing between tissues is not shown: there is one tissue" in page) == (
        len(tissues) == 1
    )
    assert ("no factor (PIP above one half) acts in two tissues" in page) == (
        len(tissues) == 2 and not factors
    )


def test_a_run_of_one_gene_that_was_not_fitted_has_a_page():
    found = results()
    nothing = {
        name: getattr(found, name)[:0]
        for name in ("factors", "tissues", "credible_sets", "prediction", "nulls", "weights")
    }
    found = replace(found, **nothing, fits=found.fits[1:], store=store([]))
    page = page_of(found)
    outline(page)
    assert "<h1>0 genes in 2 tissues</h1>" in page
    assert "No weight file was written" in page


def test_the_same_results_give_the_same_bytes():
    assert page_of(results()) == page_of(results())


def with_truth():
    """Results of a simulated panel, with a baseline and a trait."""
    base = results()
    pairs = pd.DataFrame(
        {
            "gene_id": ["g1", "g1"],
            "tissue": ["Liver", "Lung"],
            "pip": [0.9, 0.2],
            "q": [0.01, 0.3],
            "simulated": [True, False],
        }
    )
    simulated = pd.DataFrame({"gene_id": ["g1", "g2"], "n_factors": [1, 0]})
    genes = {name: [1.0] for name in COLUMNS["twas_genes"]} | {
        "gene_id": ["g1"],
        "gene_name": ["ONE"],
        "chrom": ["chr1"],
        "best_tissue": ["Liver"],
        "p": ["1e-400"],
        "neg_log10_p": [400.0],
    }
    tested = {"gene_id": ["g1"], "tissue": ["Liver"], "z": [42.0], "neg_log10_p": [400.0]}
    trait = Trait("height", pd.DataFrame(tested), pd.DataFrame(tested), pd.DataFrame(genes))
    return replace(
        base,
        pairs=pairs,
        simulated=simulated,
        prediction=base.prediction.assign(enet_r2=[0.2, 0.3]),
        traits=[trait],
    )


def section_of(found, name):
    return next(part for part in sections(found) if part.name == name)


def test_a_panel_with_truth_says_what_was_found():
    numbers = section_of(with_truth(), "simulated").blocks[0].items
    found = {words: figure for figure, words in numbers}
    assert found["simulated pairs of gene and tissue"] == "1"
    assert found["of them found (PIP above one half)"] == "1"
    assert found["false discovery proportion of pairs"] == "0.000"


def test_a_trait_is_shown_with_p_values_as_they_stand_in_its_table():
    blocks = section_of(with_truth(), "traits").blocks
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert table.rows[0][:5] == ["g1", "ONE", "Liver", 1.0, "1e-400"]
    assert rows_of(with_truth())[0]["height −log₁₀ p"] == 400
    assert rows_of(with_truth())[0]["name"] == "ONE"


def test_the_baseline_stands_beside_the_model_over_the_same_genes():
    assert prediction.baseline_rows(with_truth().prediction) == [
        ["Liver", 1, 0.25, 0.2, 1.0],
        ["Lung", 1, 0.25, 0.3, 0.0],
    ]


def test_every_figure_comes_with_the_numbers_that_it_shows():
    shown = {figure.name: figure.data for figure in figures(sections(with_truth()))}
    assert shown["prediction"].to_dict("list") == {
        "tissue": ["Liver", "Lung"],
        "genes_r2_above_0.01": [1, 1],
        "genes_r2_above_0.05": [1, 1],
        "genes_r2_above_0.2": [1, 1],
    }
    assert shown["sharing"]["share"].tolist() == [1.0]
    assert shown["calibration"].query("of == 'genes'")["p"].tolist() == [0.01]
    page = page_of(with_truth())
    assert all(f'href="figures/{name}.tsv"' in page for name in shown)


def test_a_figure_of_the_page_is_its_file_to_the_byte():
    # drawn a second time, lines move by some thousandths of a point and names of clips differ
    parts = sections(with_truth())
    files = [figure.svg for figure in figures(parts)]
    page = render("a run", parts)
    assert len(files) >= 5
    assert all(svg in page for svg in files)


def test_levels_that_were_calibrated_are_listed():
    rows = calibration.calibration_rows(results())
    assert rows == [["gene", "1", "2", "0", "0.90", "1", "0.000"]]


def test_permuted_genes_of_fewer_tissues_are_drawn_apart_where_there_are_any():
    found = results()
    fewer = "permuted genes, fewer tissues than half of them"
    assert fewer not in calibration.p_values(found)
    fits = found.fits.assign(n_tissues=[1, 2])
    shown = calibration.p_values(replace(found, fits=fits, nulls=found.nulls.assign(p=[0.3, 0.6])))
    assert shown[fewer].tolist() == [0.3]


def test_discoveries_are_counted_at_each_rate():
    (row,) = discoveries.rate_rows(results())
    # the gene has q 0.02; two permuted fits and pi0 0.9 can show 0.3 at least
    assert row == ["gene", "1", "2", "30 %", "0", "1", "1", "1"]


def test_factors_are_listed_where_no_permuted_fit_has_any():
    found = pd.DataFrame(
        [("gene", 9, 9, 0, 0.5, 4, 0.0), ("factor", 9, 0, 0, 1.0, 3, None)],
        columns=list(COLUMNS["calibration"]),
    )
    rows = discoveries.rate_rows(replace(results(), calibration=found))
    assert [row[:4] for row in rows] == [["gene", "9", "9", "5 %"], ["factor", "9", "0", "10 %"]]


def test_models_without_a_discovery_are_explained():
    found = results()
    assert discoveries.contradictions(found) == []
    (said,) = discoveries.contradictions(replace(found, fits=found.fits.assign(q=0.2)))
    assert "1 factors have a PIP above one half" in said.text
    assert "models in the weight files" in said.text


def test_commands_name_the_very_files_of_the_run():
    listed = [
        ("Liver", "filtered", "predictdb", 3, 9, 1, "weights/predictdb/Liver.db"),
        ("Liver", "filtered", "fusion", 3, 9, 1, "weights/fusion/Liver.pos"),
        ("Lung", "filtered", "predictdb", 0, 0, 4, ""),
        ("*", "joint", "predictdb", 3, 9, 0, "weights/predictdb/joint_covariance.txt.gz"),
    ]
    weights = pd.DataFrame(listed, columns=list(COLUMNS["weights"]))
    said = {
        block.title: block.text for block in weights_section.commands(weights[weights.path != ""])
    }
    assert "weights/predictdb/Liver.txt.gz" in said["S-PrediXcan"]
    assert "--weights_dir weights/fusion/" in said["FUSION"]
    assert "--snp_covariance weights/predictdb/joint_covariance.txt.gz" in said["S-MultiXcan"]
    assert weights_section.tissue_rows(weights) == [
        ["Liver", "3", "3", "1"],
        ["Lung", "0", "0", "4"],
    ]


def test_time_and_memory_are_summed_by_stage(tmp_path):
    for name, text in (
        ("fit/0001.tsv", "60\t0:01:00\t100\t3600"),
        ("fit/0002.tsv", "120\t0:02:00\t-\t1800"),
        ("report.tsv", "6\t0:00:06\t50\t36"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("s\th:m:s\tmax_rss\tcpu_time\n" + text + "\n")
    assert run.resource_rows(read_benchmarks(tmp_path)) == [
        ["fit", "2", "1.500", "2.0", "100"],
        ["report", "1", "0.010", "0.1", "50"],
    ]


def with_genes(**calibrated):
    """Results whose genes were calibrated so."""
    row = {"level": "gene", "tests": 12, "pi0": 1.0, "found": 0, "found_among_permuted": 0.0}
    return replace(results(), calibration=pd.DataFrame([{**row, **calibrated}]))


@pytest.mark.parametrize(
    ("calibrated", "shown"),
    [
        # of twelve genes with a permuted fit each no p-value is below 1/13
        (
            {"n_permuted": 12},
            ("0", "genes with an effect (FDR 5 %; 12 permuted genes cannot show less than 7.7 %)"),
        ),
        ({"n_permuted": 19, "pi0": 0.9, "found": 3}, ("3", "genes with an effect (FDR 5 %)")),
        (
            {"n_permuted": 0, "pi0": np.nan},
            ("–", "genes with an effect (no rate: no permuted fits)"),
        ),
    ],
)
def test_a_rate_that_cannot_be_reached_is_told_so(calibrated, shown):
    assert discoveries.numbers(with_genes(**calibrated))[0] == shown


def test_a_run_without_permuted_fits_says_so_and_has_no_figure_of_them():
    base = results()
    found = replace(
        base,
        nulls=base.nulls[:0],
        calibration=base.calibration.assign(n_permuted=0, pi0=np.nan),
        store=store([], []),
    )
    page = page_of(found)
    assert "No false discovery rates: there are no permuted fits" in page
    assert "P-values of genes" not in page
    assert discoveries.rate_rows(found) == []


def test_large_quantile_plots_keep_their_ends_and_few_points():
    ranks = plots.thinned(100_000)
    assert len(ranks) <= 1000
    assert ranks[:500].tolist() == list(range(500))
    assert ranks[-1] == 99_999
    assert plots.thinned(7).tolist() == list(range(7))


def test_what_is_hovered_over_tells_what_it_is():
    figure = plots.Figure()
    points = figure.subplots().scatter([1, 2], [3, 4])
    points.set_urls(["hover:one & all", "hover:two"])
    svg = plots.as_svg(figure, "name", "two points")
    assert "<title>one &amp; all</title>" in svg
    assert "hover:" not in svg
    assert svg.startswith('<svg role="img" aria-label="two points"')


def test_shared_factors_are_a_jaccard_index():
    tissues = pd.DataFrame(
        [("g", 0, "a"), ("g", 0, "b"), ("g", 1, "a"), ("h", 0, "a")],
        columns=["gene_id", "factor", "tissue"],
    )
    found = plots.shared_factors(tissues, ["a", "b", "c"])
    np.testing.assert_allclose(found, [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]])


def test_loci_and_fine_mapping_of_a_trait_are_shown_the_likeliest_first():
    found = with_truth()
    loci = pd.DataFrame({"chrom": "chr1", "kind": ["variant", "factor"], "pip": ["0.2", "0.9"]})
    loci["variant_id"] = ["v1", "NA"]
    trait = replace(found.traits[0], others={"loci": loci, "fine_mapping": loci[:0]})
    blocks = section_of(replace(found, traits=[trait]), "traits").blocks
    assert blocks[-2].columns == ["chrom", "kind", "variant id", "pip"]
    assert blocks[-2].rows == [["chr1", "factor", "", "0.9"], ["chr1", "variant", "v1", "0.2"]]
    assert "fine-mapping has no row" in blocks[-1].text


def test_among_genes_of_equal_q_the_strongest_stands_first():
    found = results()
    second = found.fits.iloc[[0]].assign(gene_id="g3", neg_log_null_prob=99.0)
    fits = pd.concat([found.fits, second], ignore_index=True)
    assert [row["gene"] for row in rows_of(replace(found, fits=fits))] == ["g3", "g1", "g2"]


def test_colocalisation_of_a_trait_is_shown_the_likeliest_first():
    found = with_truth()
    rows = pd.DataFrame({"gene_id": ["g1", "g2", "g3"], "pp_h3": [0.5, 0.1, "NA"]})
    rows["pp_h4"] = [0.4, 0.85, "NA"]
    trait = replace(found.traits[0], others={"colocalisation": rows})
    shown = section_of(replace(found, traits=[trait]), "traits").blocks[-1]
    assert shown.columns == ["gene id", "pp h3", "pp h4"]
    assert shown.rows == [["g2", 0.1, 0.85], ["g1", 0.5, 0.4], ["g3", "", ""]]
