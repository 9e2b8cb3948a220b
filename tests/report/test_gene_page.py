"""The page of a gene shows what the run's files hold of it."""

import io
import re
from base64 import b64decode

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl import cli
from fqtl.data.annotation import read_gene_models
from fqtl.errors import FqtlError
from fqtl.report import gene_page, gene_plots, plots
from fqtl.report.gene_record import (
    correlation,
    named,
    read_fits,
    read_found,
    read_records,
    stores_of,
    strongest,
)
from fqtl.report.page import figures, render
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_parquet, write_tsv
from fqtl.tables.fits import FITS, HELD_OUT
from tests.report.test_report import outline

LOADING = {"mean": 0.5, "sd": 0.1}
GTF = """##comment
chr1\tX\tgene\t90\t400\t.\t+\t.\tgene_id "g1.1"; gene_name "ONE";
chr1\tX\texon\t90\t120\t.\t+\t.\tgene_id "g1.1"; gene_name "ONE";
chr1\tX\tgene\t9000\t9900\t.\t-\t.\tgene_id "far.1";
"""


KEPT = pa.schema([*FITS, *HELD_OUT])


def record_of(gene, **lists):
    nothing = {name: [] if pa.types.is_list(KEPT.field(name).type) else None for name in KEPT.names}
    return {**nothing, "gene_id": gene, **lists}


def variant(name, pos):
    return {
        "variant_id": name,
        "rsid": f"rs{pos}",
        "pos": pos,
        "other_allele": "A",
        "effect_allele": "G",
        "frequency": 0.3,
        "hwe_p": 1.0,
    }


def prediction(tissue, r):
    return {
        "tissue": tissue,
        "n_donors": 103,
        "pip": 0.9,
        "r": r,
        "r2": r * r,
        "p": 0.01,
        "enet_r2": 0.04,
    }


FULL = record_of(
    "g1.1",
    variants=[variant("v1", 100), variant("v2", 200), variant("v3", 300)],
    variant_loadings=[
        {"factor": 0, "variant": 1, **LOADING, "pip": 0.9},
        {"factor": 0, "variant": 0, **LOADING, "pip": 0.1},
    ],
    tissue_loadings=[
        {"factor": 0, "tissue": "Liver", "mean": 1.0, "sd": 0.2, "pip": 0.9},
        {"factor": 0, "tissue": "Lung", "mean": 0.1, "sd": 0.2, "pip": 0.1},
    ],
    tissue_specific=[{"tissue": "Lung", "variant": 2, **LOADING, "pip": 0.8}],
    credible_sets=[
        {"set": 0, "factor": 0, "tissue": None, "variant": 1, "pip": 1.0, "coverage": 0.97}
        | {"purity": 0.9},
        {"set": 1, "factor": None, "tissue": "Lung", "variant": 2, "pip": 0.8, "coverage": 1.0}
        | {"purity": 1.0},
    ],
    weights=[
        {"tissue": "Liver", "variant": 1, "weight": 0.4},
        {"tissue": "Lung", "variant": 2, "weight": -0.2},
    ],
    prediction=[prediction("Liver", 0.5), prediction("Lung", -0.1)],
    # r 0.5 and -0.1 of 103 donors are not what three points have; only their places are told
    held_out=[
        {"tissue": "Liver", "predicted": [-1.0, 0.0, 1.0], "observed": [0.5, -2.0, 1.5]},
        {"tissue": "Lung", "predicted": [-0.1, 0.0, 0.1], "observed": [0.1, 0.3, -0.1]},
    ],
    # standard deviations 1, 2 and 1; v1 and v2 in LD with r 0.5
    covariance=[1.0, 1.0, 0.0, 4.0, 0.0, 1.0],
)


@pytest.fixture
def run(tmp_path):
    """Results of three genes: one with everything, one with nothing, one that was not fitted."""
    records = [FULL, record_of("g2.1"), record_of("g3.1")]
    table = pa.Table.from_pylist(records, schema=KEPT)
    write_parquet(tmp_path / "fits.parquet", table, "fits")
    calibrated = (12.0, 1, 0.5, 0.01, 0.02, 99, "2")
    null = (0.1, 1, 0.5, 0.8, 0.9, 99, "2")
    rows = [
        ("g1.1", "chr1", 100, "fitted", "", 103, 9, 2, 1, 1, -10.0, 4, True, *calibrated),
        ("g2.1", "chr1", 200, "fitted", "", 103, 9, 2, 0, 0, -9.0, 4, True, *null),
        ("g3.1", "chr1", 300, "skipped", "no variant in the cis window", 103, 0, 2) + (None,) * 12,
    ]
    write_tsv(tmp_path / "fits.tsv.gz", pd.DataFrame(rows, columns=list(COLUMNS["fits"])), "fits")
    factor = ("g1.1", 0, 0.99, 1, 1, "v2", 0.9, "v2", "Liver", 0.1, 0.2)
    frame = pd.DataFrame([factor], columns=list(COLUMNS["factors"]))
    write_tsv(tmp_path / "factors.tsv.gz", frame, "factors")
    return tmp_path


def records_of(run, *genes):
    found = read_found(run, read_fits(run))
    return [one for piece in stores_of(run, genes).items() for one in read_records(*piece, found)]


def parts_of(record, models):
    return {part.name: part.blocks for part in gene_page.sections(record, models)}


@pytest.fixture
def models(tmp_path):
    (tmp_path / "genes.gtf").write_text(GTF)
    return read_gene_models(tmp_path / "genes.gtf")


def test_numbers_of_the_page_are_those_of_the_files(run, models):
    (gene,) = records_of(run, "g1.1")
    parts = parts_of(gene, models)
    found = {words: figure for figure, words in parts["summary"][0].items}
    assert found["q (false discovery rate)"] == "0.02"
    assert found["transcription start on chr1"] == "100"
    assert found["factors (PIP above one half)"] == "1"
    (sets,) = parts["sets"]
    assert sets.rows == [
        ["0", "factor 0", "1.000", "0.970", "0.90", "1", "v2"],
        ["1", "Lung", "0.800", "1.000", "1.00", "1", "v3"],
    ]
    weights = gene_page.weight_table(gene)
    assert weights.loc["Liver", "v2"] == 0.4
    assert weights.loc["Lung", "v3"] == -0.2
    assert weights.to_numpy().tolist() == [[0.4, 0.0], [0.0, -0.2]]


def test_every_effect_has_a_panel_and_ld_with_its_likeliest_variant(run, models):
    (gene,) = records_of(run, "g1.1")
    found = gene_page.effects(gene)
    assert [name for name, _ in found] == ["factor 0, PIP 0.99", "Lung alone"]
    np.testing.assert_allclose(gene.r[0], [1.0, 0.5, 0.0])
    svg = parts_of(gene, models)["locus"][0].svg
    assert "v1 rs100 PIP 0.100, r² 0.25" in svg
    assert "v2 rs200 PIP 0.900, r² 1.00" in svg
    assert "ONE →" in svg
    assert "far.1" not in svg


def test_a_variant_that_does_not_vary_is_in_ld_with_nothing_but_itself():
    r = correlation(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert r.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_intervals_of_correlations_are_those_of_fisher():
    low, high = gene_plots.interval(np.array([0.5]), np.array([103]))
    # atanh(0.5) = 0.5493, 1.96 / sqrt(100) = 0.196
    np.testing.assert_allclose([low[0], high[0]], [np.tanh(0.3533), np.tanh(0.7453)], atol=1e-4)


def test_a_gene_with_nothing_and_one_that_was_not_fitted_have_pages_that_say_so(run, models):
    for gene in records_of(run, "g2.1", "g3.1"):
        page = render(gene_page.title(gene, models), gene_page.sections(gene, models))
        outline(page)
        assert "Nothing to draw" in page
        assert "<figure>" not in page
        assert ("no variant in the cis window" in page) == (gene.gene_id == "g3.1")


def test_a_whole_page_is_whole_html_with_the_name_of_the_gene(run, models):
    (gene,) = records_of(run, "g1.1")
    page = render(gene_page.title(gene, models), gene_page.sections(gene, models))
    found = outline(page)
    assert len(found.ids) == len(set(found.ids))
    assert "<h1>g1.1 (ONE)</h1>" in page
    assert page.count("<figure>") == 5
    assert page == render(gene_page.title(gene, models), gene_page.sections(gene, models))


def test_genes_are_read_from_their_shard_where_it_is_there(run):
    shards = pd.DataFrame({"gene_id": ["g1.1", "g2.1"], "shard": ["0001", "0002"]})
    write_tsv(run / "shards.tsv", shards, "shards")
    other = record_of("g1.1", prediction=[prediction("Spleen", 0.3)])
    table = pa.Table.from_pylist([other], schema=FITS)
    write_parquet(run / "fits" / "0001.parquet", table, "fits")
    first, second = records_of(run, "g1.1", "g2.1")
    assert first.prediction["tissue"].tolist() == ["Spleen"]
    assert second.gene_id == "g2.1"


def test_single_donors_are_drawn_beside_the_r2_of_the_table(run, models):
    (gene,) = records_of(run, "g1.1")
    (_, figure) = parts_of(gene, models)["prediction"]
    assert figure.name == "donors"
    assert "r² 0.250" in figure.alt
    assert "individual-level data" in figure.caption
    assert figure.data.to_dict("list") == {
        "tissue": ["Liver"] * 3 + ["Lung"] * 3,
        "predicted": pytest.approx([-1, 0, 1, -0.1, 0, 0.1]),
        "observed": pytest.approx([0.5, -2, 1.5, 0.1, 0.3, -0.1]),
    }


def test_a_run_that_kept_no_predictions_says_how_to_keep_them(run, models):
    kept = pa.Table.from_pylist([FULL], schema=KEPT)
    for table in (kept.select(FITS.names), kept.set_column(*no_held_out())):
        write_parquet(run / "fits.parquet", table, "fits")
        (gene,) = records_of(run, "g1.1")
        (_, said) = parts_of(gene, models)["prediction"]
        assert "cross_validation.keep_predictions" in said.text


def no_held_out():
    """Where the column stands, with nothing in it."""
    field = HELD_OUT.field("held_out")
    return len(FITS), field, pa.nulls(1, field.type)


def test_many_donors_of_a_tissue_are_counted_in_hexagons():
    rng = np.random.default_rng(1)
    x = rng.standard_normal(2000)
    donors = pd.DataFrame({"tissue": "Lung", "predicted": x, "observed": x + rng.random(2000)})
    best = pd.DataFrame({"tissue": ["Lung"], "r2": [0.9]})
    few, many = (
        plots.as_svg(gene_plots.single_donors(some, best), "donors", "a panel")
        for some in (donors[:300], donors)
    )
    assert len(many) < len(few)
    assert "2000 donors" in many


def test_the_strongest_come_first_and_what_was_not_fitted_not_at_all(run):
    assert strongest(read_fits(run), 9) == ["g1.1", "g2.1"]
    assert strongest(read_fits(run), 1) == ["g1.1"]


def test_a_gene_is_known_without_its_version(run):
    fits = read_fits(run)
    assert named(fits, ["g1", "g2.1"]) == ["g1.1", "g2.1"]
    with pytest.raises(FqtlError, match=r"Gene g9: expected one of the 3 genes .* found 0"):
        named(fits, ["g9"])


def test_a_gallery_has_a_page_for_each_gene_and_an_index(run, capsys):
    out = run / "genes"
    assert cli.main(["plot", "gene", "--top", "2", "--results", str(run), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["g1.1.html", "g2.1.html", "index.html"]
    assert 'href="g1.1.html"' in (out / "index.html").read_text()
    assert 'href="../report.html"' in (out / "g1.1.html").read_text()
    one = run / "one.html"
    assert cli.main(["plot", "gene", "g1", "--results", str(run), "--out", str(one)]) == 0
    assert "<h1>g1.1</h1>" in one.read_text()
    for wrong in (["g1", "--top", "2"], [], ["g1", "g2"]):
        assert cli.main(["plot", "gene", *wrong, "--results", str(run), "--out", str(one)]) == 2
        assert capsys.readouterr().err.count("error:") == 1


def test_the_numbers_of_every_figure_can_be_had_from_the_page_alone(run, models):
    (gene,) = records_of(run, "g1.1")
    drawn = figures(gene_page.sections(gene, models))
    out = run / "one.html"
    gtf = ["--annotation", str(run / "genes.gtf")]
    asked = ["plot", "gene", "g1", "--results", str(run), "--out", str(out)]
    assert cli.main(asked + gtf) == 0
    links = re.findall(r'href="data:[^,"]*;base64,([^"]+)" download="([^"]+)"', out.read_text())
    assert [name for _, name in links] == [f"{figure.name}.tsv" for figure in drawn]
    for (text, _), figure in zip(links, drawn, strict=True):
        table = pd.read_csv(io.BytesIO(b64decode(text)), sep="\t")
        assert list(table) == list(figure.data)
        numbers = figure.data.select_dtypes("number")
        np.testing.assert_allclose(table[list(numbers)], numbers, rtol=1e-5)


def test_effects_that_share_a_variant_with_a_trait_are_told():
    rows = pd.DataFrame(
        {
            "kind": ["factor", "tissue"],
            "factor": ["0", ""],
            "tissue": ["", "Whole_Blood"],
            "effect_lead": ["v1", "v2"],
            "trait_lead": ["v1", "v9"],
            "pp_h3": [0.02, "NA"],
            "pp_h4": [0.97, "NA"],
            "shared_variant": ["v1", ""],
            "reason": ["", "the GWAS lacks the variants that hold most of the effect"],
        }
    )
    assert gene_page.colocalisation_table("height", rows).rows == [
        ["factor 0", "v1", "v1", 0.02, 0.97, "v1"],
        ["Whole Blood", "v2", "v9", "", "", rows["reason"][1]],
    ]
