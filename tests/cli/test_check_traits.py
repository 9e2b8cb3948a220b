"""Headers of GWAS are looked at before anything is fitted."""

import json

import pytest

from fqtl.cli import main

HEADER = "#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt"
FINNGEN = f"{HEADER}\n1 1 A G rs1 X 0.5 0.3 0.1 0.1 0.3\n".replace(" ", "\t")


def check(folder, sheet, build="GRCh38"):
    (folder / "f.tsv").write_text(FINNGEN)
    (folder / "traits.tsv").write_text(sheet.replace("f.tsv", str(folder / "f.tsv")))
    out = folder / "out.json"
    flags = ["--traits", str(folder / "traits.tsv"), "--genome-build", build, "--out", str(out)]
    code = main(["check", "traits", *flags])
    return code, json.loads(out.read_text()) if out.exists() else None


def test_layout_and_build_of_each_gwas_are_told(tmp_path):
    code, found = check(tmp_path, "trait\tgwas\nheight\tf.tsv\n")
    assert code == 0
    (trait,) = found["traits"]
    assert (trait["trait"], trait["genome_build"]) == ("height", "GRCh38")
    assert trait["columns"]["effect_allele"] == "alt"


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("trait\tgwas\nheight\tgone.tsv\n", "gone.tsv"),
        ("trait\tgwas\tgenome_build\nheight\tf.tsv\tGRCh37\n", "is on GRCh38 by its layout"),
        ("trait\tgwas\tcolumns\nheight\tf.tsv\tsize=beta\n", "before = in columns, found 'size'"),
        ("trait\tgwas\tcolumns\nheight\tf.tsv\tbeta=gone\n", "gone"),
        ("trait\tgwas\tchain\nheight\tf.tsv\tf.tsv\n", "nothing is to be lifted"),
    ],
)
def test_what_the_run_could_not_read_is_refused_before_it(tmp_path, capsys, sheet, message):
    code, found = check(tmp_path, sheet)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert (code, found) == (2, None)
    assert said.startswith("error: ")
    assert message in said


def test_a_chain_that_is_none_is_refused_before_the_run(tmp_path, capsys):
    code, _ = check(tmp_path, "trait\tgwas\tchain\nheight\tf.tsv\tf.tsv\n", "GRCh37")
    assert code == 2
    assert "is no chain file" in capsys.readouterr().err
