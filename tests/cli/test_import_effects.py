"""The two releases of chromosome 22 become weight files, and nobody's build is mixed up."""

import gzip
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from fqtl.cli import main
from fqtl.data.alleles import is_palindrome
from fqtl.data.released import read_released
from fqtl.tables.files import read_tsv
from fqtl.weights.covariance import read_covariance
from fqtl.weights.fusion import read_fusion
from fqtl.weights.predictdb import read_predictdb
from fqtl.weights.published_effects import variants_of
from fqtl.weights.tigar import read_tigar
from tests.files import write_vcf

RESOURCES = Path(__file__).parents[2] / "resources"
V6P = RESOURCES / "published" / "gtex_v6p_chr22.txt.gz"
V8 = RESOURCES / "published" / "gtex_v8_chr22.txt.gz"
DEMO = RESOURCES / "demo" / "genotypes.chr22.vcf.gz"


def counts(folder):
    """Counts by what was counted and by reason, which is `kept` where there is none."""
    table = read_tsv(folder / "import.tsv", "imported")
    reasons = table["reason"].where(table["outcome"] == "left out", "kept")
    table = table[(table["outcome"] == "left out") | (table["reason"] == "")]
    return {
        what: dict(zip(reasons[rows.index], rows["count"], strict=True))
        for what, rows in table.groupby("what")
    }


def read_set(folder, tissue):
    return read_predictdb(
        folder / "predictdb" / f"{tissue}.db", folder / "predictdb" / f"{tissue}.txt.gz"
    )


@pytest.fixture(scope="module")
def v8_panel(tmp_path_factory):
    """60 donors at the positions of the v8 effects; every tenth variant is absent."""
    rng = np.random.default_rng(0)
    variants = variants_of(read_released(V8, 0.1)).sort_values("pos", kind="stable")
    calls = np.array(["0/0", "0/1", "1/1"])
    records = [
        f"chr22 {row.pos} rs{row.pos} {row.other_allele} {row.effect_allele} . PASS . GT "
        + " ".join(calls[rng.binomial(2, 0.3, 60)])
        for i, row in enumerate(variants.itertuples())
        if i % 10
    ]
    path = tmp_path_factory.mktemp("panel") / "g.vcf.gz"
    return write_vcf(path, records, [f"d{i}" for i in range(60)], lengths=(50818468,))


def test_v6p_becomes_weights_on_real_genotypes(tmp_path):
    panel = ["--genotypes", str(DEMO), "--genome-build", "GRCh37"]
    assert main(["import-effects", "--effects", str(V6P), *panel, "--out", str(tmp_path)]) == 0
    found = counts(tmp_path)
    assert found == {
        "genes": {"kept": 160, "none of its variants can be used": 406},
        "tissues": {"kept": 44},
        "factors": {"kept": 461, "none of its variants can be used": 1769},
        "variants": {
            "kept": 708,
            "minor allele uncertain: frequency in the panel above 0.4": 186,
            "not in the panel": 3028,  # the demo has 7.5 Mb of the chromosome
        },
        "models of a gene in a tissue": {"kept": 1443},
        "weights": {"kept": 10228},
    }
    listed = read_tsv(tmp_path / "weights.tsv", "weights").set_index("tissue")
    assert len(listed) == 44 + 2
    assert listed.loc["factors", "genes"] == found["factors"]["kept"]
    blood = read_set(tmp_path, "Whole_Blood")
    assert len(blood.genes) == listed.loc["Whole_Blood", "genes"]
    assert blood.n_samples == 338
    assert np.isfinite(blood.covariance).all()
    assert listed.loc["*", "genes"] == found["genes"]["kept"]
    assert_joint_covariance_holds_that_of_each_tissue(tmp_path / "predictdb", listed.index[:44])


def assert_joint_covariance_holds_that_of_each_tissue(folder, tissues):
    """Each pair of a gene's variants in a tissue, by the same names and with the same value."""
    for place in (folder, folder / "varid"):
        joint = read_covariance(place / "joint_covariance.txt.gz")
        known = {
            (row.GENE, *sorted((row.RSID1, row.RSID2))): row.VALUE for row in joint.itertuples()
        }
        assert len(known) == len(joint)
        for tissue in tissues:
            own = read_covariance(place / f"{tissue}.txt.gz")
            keys = [(row.GENE, *sorted((row.RSID1, row.RSID2))) for row in own.itertuples()]
            np.testing.assert_allclose([known[key] for key in keys], own["VALUE"], atol=1e-11)


def test_v8_becomes_weights_on_its_own_build(tmp_path, v8_panel):
    panel = ["--genotypes", str(v8_panel), "--genome-build", "GRCh38"]
    more = ["--formats", "predictdb", "tigar", "--out", str(tmp_path)]
    assert main(["import-effects", "--effects", str(V8), *panel, *more]) == 0
    found = counts(tmp_path)
    unnamed = "tissues are numbered among those of the gene, which are not named"
    assert found == {
        "genes": {
            "kept": 56,
            "no variant with PIP above 0.5": 24,
            unnamed: 37,
            f"no variant with PIP above 0.5; {unnamed}": 4,
            "none of its variants can be used": 2,
        },
        "tissues": {"kept": 48},
        "factors": {
            "kept": 63,
            "no variant with PIP above 0.5": 30,
            unnamed: 46,
            "none of its variants can be used": 2,
        },
        "variants": {
            "kept": 407,
            "minor allele uncertain: frequency in the panel above 0.4": 2,
            "not in the panel": 45,
        },
        "models of a gene in a tissue": {"kept": 726},
        "weights": {"kept": 8672},
    }
    with sqlite3.connect(tmp_path / "predictdb" / "Whole_Blood.db") as connection:
        about = dict(connection.execute("SELECT * FROM construction"))
        names = [row[0] for row in connection.execute("SELECT genename FROM extra")]
    assert about["genome_build"] == "GRCh38"
    assert about["counted_allele"] == "minor"
    assert not any(name.startswith("ENSG") for name in names)
    same = read_tigar(tmp_path / "tigar" / "Whole_Blood.txt.gz").variants["weight"]
    blood = read_set(tmp_path, "Whole_Blood").variants["weight"]
    np.testing.assert_allclose(np.sort(same), np.sort(blood), rtol=1e-10)


def test_what_fusion_would_drop_can_be_left_out_and_is_counted(tmp_path, v8_panel):
    panel = ["--genotypes", str(v8_panel), "--genome-build", "GRCh38"]
    more = ["--variants", "unambiguous", "--formats", "fusion", "--min-pip", "0.9"]
    gtf = tmp_path / "g.gtf"
    gtf.write_text('22\tx\tgene\t1\t9\t.\t+\t.\tgene_id "ENSG00000184702"; gene_name "SEPT5";\n')
    more += ["--annotation", str(gtf), "--out", str(tmp_path)]
    assert main(["import-effects", "--effects", str(V8), *panel, *more]) == 0
    assert counts(tmp_path)["variants"]["in the panel, but palindromic alleles"] > 10
    weights = read_fusion(tmp_path / "fusion" / "Liver.pos")
    assert not any(
        map(is_palindrome, weights.variants["other_allele"], weights.variants["effect_allele"])
    )
    assert main(["check", "weights", str(tmp_path / "fusion" / "Liver.pos")]) == 0


def refusal(capsys, folder, *arguments):
    """The one line that the command says; nothing is written."""
    assert main(["import-effects", *map(str, arguments), "--out", str(folder / "out")]) == 2
    assert not (folder / "out").exists()
    (said,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    return said


def test_builds_are_not_mixed(tmp_path, capsys, v8_panel):
    panel = ["--genotypes", DEMO, "--genome-build"]
    said = refusal(capsys, tmp_path, "--effects", V8, *panel, "GRCh37")
    assert "GTEx v8 are on GRCh38" in said
    assert "on GRCh37 (--genome-build)" in said
    said = refusal(capsys, tmp_path, "--effects", V8, *panel, "GRCh38")
    assert "51304566 bp in its header, as in GRCh37" in said
    panel = ["--genotypes", v8_panel, "--genome-build"]
    assert "on GRCh37" in refusal(capsys, tmp_path, "--effects", V6P, *panel, "GRCh38")


def test_a_panel_that_hides_its_build_is_betrayed_by_its_positions(tmp_path, capsys, v8_panel):
    blind = tmp_path / "blind.vcf.gz"
    lines = gzip.decompress(v8_panel.read_bytes()).decode().splitlines()
    write_vcf(blind, [line for line in lines if line[0] != "#"], [f"d{i}" for i in range(60)])
    panel = ["--genotypes", blind, "--genome-build", "GRCh37"]
    said = refusal(capsys, tmp_path, "--effects", V6P, *panel)
    assert "of 3922 variants" in said
    assert "Are both on one genome build" in said


def test_a_second_import_leaves_nothing_of_the_first(tmp_path, v8_panel):
    panel = ["--genotypes", str(v8_panel), "--genome-build", "GRCh38"]
    command = ["import-effects", "--effects", str(V8), *panel, "--out", str(tmp_path / "out")]
    assert main([*command, "--formats", "predictdb", "fusion", "--min-pip", "0.9"]) == 0
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert main([*command, "--formats", "tigar", "--min-pip", "0.9"]) == 0
    assert (
        main([*command[:-1], str(tmp_path / "new"), "--formats", "tigar", "--min-pip", "0.9"]) == 0
    )
    found, expected = (
        {path.relative_to(folder) for path in folder.rglob("*")}
        for folder in (tmp_path / "out", tmp_path / "new")
    )
    assert found == {*expected, Path("notes.txt")}


def test_an_import_that_fails_leaves_what_was_there(tmp_path, capsys, v8_panel, monkeypatch):
    panel = ["--genotypes", str(v8_panel), "--genome-build", "GRCh38", "--min-pip", "0.9"]
    command = ["import-effects", "--effects", str(V8), *panel, "--out", str(tmp_path / "out")]

    def fail(*_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("fqtl.cli.import_effects.write_covariance", fail)
        assert main(command) == 2
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "out" / "predictdb").mkdir(parents=True)
    mine = tmp_path / "out" / "predictdb" / "Liver.db"
    mine.write_text("of a run of my own")
    assert main(command) == 2
    assert f"the first {mine}, and are not of an earlier run" in capsys.readouterr().err
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [mine]


def test_a_table_of_variants_on_another_build_is_refused(tmp_path, capsys, v8_panel):
    variants = variants_of(read_released(V8, 0.5))
    bim = tmp_path / "g.bim"
    rows = variants[["pos", "effect_allele", "other_allele"]].itertuples(index=False)
    bim.write_text("".join(f"22 v 0 {pos + 1000} {one} {two}\n" for pos, one, two in rows))
    panel = ["--genotypes", v8_panel, "--genome-build", "GRCh38", "--bim", bim]
    said = refusal(capsys, tmp_path, "--effects", V8, *panel)
    assert f"{bim} has 0 of the {len(variants)} released variants on its chromosomes" in said
    assert "on the build of chr22_" in said


def test_a_panel_that_shares_positions_by_chance_is_refused(tmp_path, capsys):
    """At every position an other change of one base, as between builds where panels are dense."""
    others = {"A": "C", "C": "A", "G": "T", "T": "G"}
    rng = np.random.default_rng(0)
    calls = np.array(["0/0", "0/1", "1/1"])
    variants = variants_of(read_released(V8, 0.5)).sort_values("pos", kind="stable")
    records = [
        f"chr22 {row.pos} . {row.other_allele[0]} {others[row.other_allele[0]]} . PASS . GT "
        + " ".join(calls[rng.binomial(2, 0.3, 60)])
        for row in variants.itertuples()
    ]
    path = write_vcf(tmp_path / "g.vcf.gz", records, [f"d{i}" for i in range(60)])
    panel = ["--genotypes", path, "--genome-build", "GRCh38"]
    said = refusal(capsys, tmp_path, "--effects", V8, *panel)
    assert f"has the positions of {len(variants)} variants" in said
    assert "the same alleles, expected nearly all. Are both on one genome build?" in said


@pytest.mark.parametrize(
    "flag, value", [("--max-maf", "7"), ("--min-found", "nan"), ("--min-pip", "-1")]
)
def test_numbers_that_mean_nothing_are_refused(tmp_path, capsys, flag, value):
    panel = ["--genotypes", str(DEMO), "--genome-build", "GRCh37", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="2"):
        main(["import-effects", "--effects", str(V6P), *panel, flag, value])
    assert f"argument {flag}: expected a number from 0 to" in capsys.readouterr().err


def test_a_cut_off_that_leaves_nothing_is_refused(tmp_path, capsys, v8_panel):
    panel = ["--genotypes", v8_panel, "--genome-build", "GRCh38", "--min-pip", "0.99999"]
    assert "No factor" in refusal(capsys, tmp_path, "--effects", V8, *panel)
