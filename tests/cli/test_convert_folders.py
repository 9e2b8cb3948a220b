"""What of weights is left out is listed, and results are whole or not at all."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fqtl.cli import main
from fqtl.errors import FqtlError
from fqtl.tables.files import read_tsv
from fqtl.weights.conversion import Loaded, on_build, require_places
from fqtl.weights.focus import write_focus
from fqtl.weights.formats import FORMATS
from tests.cli.conversions import convert, damage, refusal, written
from tests.weights.audit.sound import sound_weights


def left_out(folder):
    """gene and reason of the genes that were left out, and their number in the other table."""
    gone = read_tsv(folder / "out" / "converted_left_out.tsv.gz", "converted_left_out")
    genes = gone[gone["variant_id"] == ""]
    table = read_tsv(folder / "out" / "converted.tsv", "converted")
    assert table["genes_left_out"].sum() == len(genes)
    return dict(zip(genes["gene_id"], genes["reason"], strict=True))


def idle_second(folder, kind):
    """The sound weights, all weights of the second gene 0."""
    weights = sound_weights()
    variants = weights.variants
    idle = variants.assign(weight=variants["weight"].mask(variants["gene_id"] == "ENSG2", 0.0))
    return FORMATS[kind].write(folder / kind, replace(weights, variants=idle), {})


@pytest.mark.parametrize("source", FORMATS)
def test_a_gene_whose_weights_are_all_0_is_left_out_and_listed(tmp_path, capsys, source):
    assert convert(idle_second(tmp_path, source), "tigar", tmp_path) == 0
    assert left_out(tmp_path) == {"ENSG2": "all its weights are 0"}
    assert "2 of 3 genes converted, 1 left out (1 all its weights are 0)" in capsys.readouterr().err


def test_genes_that_a_db_tells_of_without_weights_are_listed(tmp_path):
    path = written(tmp_path, "predictdb")
    damage(path, "DELETE FROM weights WHERE gene = 'ENSG2'")
    assert convert(path, "tigar", tmp_path) == 0
    assert left_out(tmp_path) == {"ENSG2": "has no weights"}


def test_focus_models_without_weights_or_of_another_name_are_listed(tmp_path):
    path = written(tmp_path, "focus")
    damage(path, "DELETE FROM weight WHERE id = 4", "DELETE FROM fqtl_dosage WHERE weight_id = 4")
    assert convert(path, "tigar", tmp_path) == 0
    assert left_out(tmp_path) == {"ENSG2": "has no weights"}
    damage(path, "UPDATE model SET inference = 'lasso' WHERE id = 3")
    assert convert(path, "tigar", tmp_path / "2", "--model", "lasso") == 0
    assert left_out(tmp_path / "2") == {
        "ENSG1": "has no model lasso",
        "ENSG2": "has no model lasso",
    }


def test_a_tissue_of_which_nothing_is_left_is_a_row_and_a_file_of_none_is_refused(tmp_path, capsys):
    path = tmp_path / "both.db"
    write_focus(path, [sound_weights(), replace(sound_weights(), name="Lung")])
    damage(path, "UPDATE weight SET effect = 0 WHERE model_id > 3")
    assert convert(path, "tigar", tmp_path) == 0
    table = read_tsv(tmp_path / "out" / "converted.tsv", "converted").set_index("set")
    assert table.loc["Lung", ["genes", "genes_left_out", "path"]].tolist() == [0, 3, ""]
    assert table.loc["Liver", "genes"] == 3
    damage(path, "UPDATE weight SET effect = 0")
    said = refusal(capsys, path, "tigar", tmp_path / "2")
    assert "holds no gene that can be converted: 6 all its weights are 0" in said


@pytest.mark.parametrize("kind, told", [("predictdb", "A PredictDB"), ("tigar", "A table of")])
def test_a_model_is_not_named_where_a_gene_has_one(tmp_path, capsys, kind, told):
    said = refusal(capsys, written(tmp_path, kind), "focus", tmp_path, "--model", "lasso")
    assert f"{told}" in said
    assert "there is no lasso (--model)" in said


def test_models_that_a_file_does_not_have_are_refused_with_those_it_has(tmp_path, capsys):
    said = refusal(capsys, written(tmp_path, "fusion"), "tigar", tmp_path, "--model", "enet")
    assert "has no model enet; there are fqtl, top1" in said


@pytest.mark.parametrize("name", ["", "NA"])
def test_a_gene_without_an_id_is_refused(name):
    variants = sound_weights().variants
    unnamed = variants.assign(gene_id=variants["gene_id"].replace("ENSG2", name))
    told = rf"1 of 6 weights are of a gene without an id \('{name}'\), the first of 'rs3'"
    with pytest.raises(FqtlError, match=told):
        require_places(Path("Liver.pos"), replace(sound_weights(), variants=unnamed))


def test_variants_of_two_builds_are_refused_whatever_the_flag_says():
    variants = sound_weights().variants
    mixed = variants.assign(variant_id=[*variants["variant_id"][:5], "chr1_105_A_G_b37"])
    weights = replace(sound_weights(), genome_build="", variants=mixed)
    for flag in (None, "GRCh38"):
        with pytest.raises(FqtlError, match=r"one genome build, found GRCh37 \(1 of 6 .*\(5 of 6"):
            on_build(Loaded(Path("Liver.pos"), weights), flag)


def files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_conversion_that_fails_half_way_leaves_what_was_there(tmp_path, capsys):
    first = written(tmp_path / "a", "predictdb")
    assert convert(first, "tigar", tmp_path) == 0
    before = files_of(tmp_path / "out")
    for name in ("Lung", "Ovary"):
        FORMATS["predictdb"].write(tmp_path / "b", replace(sound_weights(), name=name), {})
    damage(tmp_path / "b" / "Ovary.db", "UPDATE weights SET weight = 'x'")
    assert convert(tmp_path / "b", "tigar", tmp_path) == 2
    assert "Ovary.db" in capsys.readouterr().err
    assert files_of(tmp_path / "out") == before
    assert refusal(capsys, tmp_path / "b", "tigar", tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


def test_conversions_to_one_folder_add_up(tmp_path):
    for name in ("Liver", "Lung"):
        weights = replace(sound_weights(), name=name)
        path = FORMATS["predictdb"].write(tmp_path / "a", weights, {})
        assert convert(path, "tigar", tmp_path) == 0
    table = read_tsv(tmp_path / "out" / "converted.tsv", "converted")
    assert list(table["set"]) == ["Liver", "Lung"]
    assert all((tmp_path / "out" / path).exists() for path in table["path"])


def test_the_same_conversion_replaces_what_it_made(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    assert convert(path, "fusion", tmp_path) == 0
    damage(path, "DELETE FROM weights WHERE gene = 'ENSG2'")
    assert convert(path, "fusion", tmp_path) == 0
    assert "Liver.pos is replaced" in capsys.readouterr().err
    assert len(read_tsv(tmp_path / "out" / "converted.tsv", "converted")) == 1
    assert left_out(tmp_path) == {"ENSG2": "has no weights"}
    assert not (tmp_path / "out" / "Liver" / "ENSG2.wgt.RDat").exists()


def test_files_of_others_are_not_written_over(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    assert convert(path, "focus", tmp_path) == 0
    before = files_of(tmp_path / "out")
    other = shutil.copytree(path.parent, tmp_path / "other") / "Liver.db"
    for source, kind in ((other, "focus"), (path, "predictdb")):  # another file, another format
        assert convert(source, kind, tmp_path) == 2
        said = capsys.readouterr().err
        assert "Liver.db, and are not of an earlier run of the same command" in said
        assert files_of(tmp_path / "out") == before


def test_what_was_converted_within_a_folder_is_not_converted_with_it(tmp_path):
    path = written(tmp_path, "predictdb")
    for _ in range(2):
        out = path.parent / "converted"
        assert main(["convert", str(path.parent), "--to", "tigar", "--out", str(out)]) == 0
    assert list(read_tsv(out / "converted.tsv", "converted")["path"]) == ["Liver.txt.gz"]
