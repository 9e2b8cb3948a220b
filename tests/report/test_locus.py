"""Blocks of a trait as figures: made-up tables in, drawings and numbers out."""

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.report.locus import figure, numbers_of, read_blocks_of
from fqtl.report.locus_plots import _laid_out, _packed, block
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_tsv

WIDTH = 1_000_000  # base pairs of a block


def rows(kind, table):
    return pd.DataFrame(table).reindex(columns=list(COLUMNS[kind]))


def tables(n_blocks=2, n_variants=400):
    """Blocks of which the second has the stronger variant; in each a factor and a variant act."""
    rng = np.random.default_rng(4)
    loci, models, variants = [], [], []
    for number in range(n_blocks):
        start = 1 + number * 2 * WIDTH
        where = {"block": number, "chrom": "chr1"}
        pos = np.sort(rng.integers(start, start + WIDTH, n_variants))
        strength = rng.exponential(0.5, n_variants)
        strength[n_variants // 2] = 20 + number
        for i in range(n_variants):
            ids = {"pos": pos[i], "variant_id": f"chr1_{pos[i]}_A_{i}", "pip": 0.9 * (i == 7)}
            variants.append({**where, **ids, "z": 1.0, "neg_log10_p": strength[i], "r2": 0.5})
        for gene in range(30):
            about = {
                "kind": "factor" if gene % 2 else "tissue",
                "gene_id": f"ENSG{number}{gene:010d}.1",
                "gene_name": "",
                "tissue": "" if gene % 2 else "Liver_x",
                "factor": "0" if gene % 2 else "",
                "variant_id": "",
                "copies": "",
                "credible_set": "",
            }
            place = {"pos": start + gene * WIDTH // 30, "z": gene - 10.0, "pip": 0.95 * (gene == 5)}
            models.append({**where, **about, **place, "gene_pip": 0.0})
        of_model = next(m for m in models if m["block"] == number and m["pip"] > 0.5)
        of_variant = next(v for v in variants if v["block"] == number and v["pip"] > 0.5)
        span = {"start": start, "end": start + WIDTH, "remark": ""}
        nothing = dict.fromkeys(("gene_id", "gene_name", "tissue", "factor"), "")
        loci.append({**of_model, **span})
        loci.append({**nothing, **of_variant, "kind": "variant", **span})
    return (
        rows("loci", loci),
        rows("fine_mapping", models),
        rows("locus_variants", variants),
    )


@pytest.fixture
def twas(tmp_path):
    folder = tmp_path / "height"
    for kind, table in zip(("loci", "fine_mapping", "locus_variants"), tables(), strict=True):
        write_tsv(folder / f"{kind}.tsv.gz", table, kind)
    return folder


def test_a_figure_says_in_words_what_carries_each_effect(twas):
    found = read_blocks_of(twas)
    shown = figure(found, 0)
    assert shown.name == "height_locus_0"
    assert "1: ENSG00000000005.1 (factor 0), z -5.0, PIP 0.950; 2: chr1_" in shown.alt
    assert "−log₁₀ p 20.0; 30 models of 30 genes" in shown.alt
    assert 'role="img"' in shown.svg
    # every model and the strongest variants tell what they are
    assert shown.svg.count("<title>") == 30 + 300


def test_the_numbers_of_a_figure_are_all_that_it_shows():
    _, models, variants = tables(1)
    numbers = numbers_of(variants, models)
    assert numbers["kind"].value_counts().to_dict() == {"variant": 400, "tissue": 15, "factor": 15}
    assert numbers.loc[numbers["kind"] == "variant", "neg_log10_p"].max() == 20


def test_the_strongest_blocks_come_first_and_genes_find_theirs(twas):
    found = read_blocks_of(twas)
    assert found.strongest(2) == [1, 0]
    assert found.strongest(1) == [1]
    assert found.of_gene("ENSG10000000003") == [1]
    assert found.of_gene("ENSG10000000003.1") == [1]
    assert found.of_gene("nobody") == []


def test_no_two_names_touch_and_those_without_room_are_counted():
    rng = np.random.default_rng(0)
    start = np.sort(rng.uniform(0, 1, 60))
    places = pd.DataFrame({"start": start, "end": start, "words": "ENSG00000000000.1"})
    laid = _laid_out(places, per_inch=1 / 8, high=1.02)
    drawn = laid[laid["lane"] >= 0]
    assert 0 < len(drawn) < 60
    width = 17 * 0.058 / 8
    for _, lane in drawn.groupby("lane"):
        left = np.sort(lane["left"])
        assert (np.diff(left) > width).all()
    assert (drawn["left"] + width <= 1.02).all()


def test_spans_take_the_first_free_lane():
    start = pd.Series([0.0, 0.5, 2.0, 0.6])
    assert _packed(start, start + 1.0) == [0, 1, 0, 2]
    assert _packed(start, start + 1.0, most=2) == [0, 1, 0, -1]


def test_genes_of_an_annotation_are_drawn_with_exons_and_strand():
    loci, models, variants = tables(1)
    genes = pd.DataFrame(
        {
            "chrom": "chr1",
            "feature": ["gene", "exon", "exon"],
            "start": [300_000, 300_000, 350_000],
            "end": [400_000, 310_000, 400_000],
            "strand": "-",
            "gene_id": "ENSG00000000005.1",
            "gene_name": "ABC1",
        }
    )
    axes = block(variants, models, loci, genes).axes[3]
    assert [text.get_text() for text in axes.texts] == ["← ABC1"]
    assert axes.texts[0].get_fontweight() == "bold"
    assert sum(len(lines.get_segments()) for lines in axes.collections) == 3


def test_the_command_draws_one_block_or_a_folder(twas, tmp_path, capsys):
    def draw(*flags):
        return main(["plot", "locus", "--twas", str(twas), *flags])

    assert draw("--block", "1", "--out", str(tmp_path / "one.html")) == 0
    assert "<svg" in (tmp_path / "one.html").read_text()
    numbers = pd.read_csv(tmp_path / "one.tsv", sep="\t")
    assert len(numbers) == 430
    assert draw("--top", "5", "--out", str(tmp_path / "all")) == 0
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        *("height_locus_0.svg", "height_locus_0.tsv", "height_locus_1.svg", "height_locus_1.tsv"),
    ]
    assert draw("--block", "7", "--out", str(tmp_path / "x.svg")) == 2
    assert "expected one of 0, 1, found 7" in capsys.readouterr().err
    assert draw("--top", "2", "--out", str(tmp_path / "x.svg")) == 2
    (twas / "locus_variants.tsv.gz").unlink()
    assert draw("--block", "1", "--out", str(tmp_path / "x.svg")) == 2
    assert "--ld-panel" in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()
