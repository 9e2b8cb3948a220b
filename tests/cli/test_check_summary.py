"""`fqtl check summary`: usual mistakes, each in one line."""

import json

import pandas as pd
import pytest

from tests.cli.by_hand import BUILD, complaint, run

CHECK = [
    *["check", "summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--chromosomes", "22", "--out", "check.json"],
]


def test_files_in_order_are_told_with_their_format_people_and_matches(summary_files):
    run(CHECK)
    found = json.loads((summary_files / "check.json").read_text())
    assert [one["layout"] for one in found["tissues"]] == ["tensorQTL"] * 2
    assert [one["n"] for one in found["tissues"]] == [200, 200]
    assert [one["looked_at"]["matched"] for one in found["tissues"]] == [160, 160]
    assert found["genes"]["to_fit"] == 3
    assert found["genotypes"]["donors"] == 120


def test_genes_of_chromosomes_that_are_not_asked_for_are_counted(summary_files):
    genes = summary_files / "genes.bed"
    genes.write_text(genes.read_text() + "chr21\t999\t1000\tELSEWHERE\n")
    run(CHECK)
    found = json.loads((summary_files / "check.json").read_text())["genes"]
    assert (found["all"], found["to_fit"]) == (4, 3)


def changed(path, change):
    table = pd.read_csv(path, sep="\t")
    change(table).to_csv(path, sep="\t", index=False)


def other_build(table):
    return table.assign(variant_id=table["variant_id"].str.replace("chr22_50", "chr22_950"))


def other_alleles(table):
    return table.assign(variant_id=table["variant_id"].str.replace("_A_G_", "_A_C_"))


MISTAKES = {
    "a column is missing": (
        lambda table: table.drop(columns="slope"),
        "which are those of no format that is known",
    ),
    "places of another build": (other_build, "on one genome build?"),
    "other alleles": (other_alleles, "other alleles"),
    "genes by other names": (
        lambda table: table.assign(phenotype_id="SYMBOL"),
        "none of 160 rows is of one of 3 genes",
    ),
    "no effects": (lambda table: table.assign(slope=float("nan"), pval_nominal=float("nan")), "z"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_used_is_one_line_and_nothing_is_written(
    summary_files, capsys, mistake
):
    change, words = MISTAKES[mistake]
    changed(summary_files / "Lung.txt", change)
    told = complaint(capsys, CHECK)
    assert "Lung.txt" in told
    assert words in told
    assert not (summary_files / "check.json").exists()


def test_people_files_and_genes_that_are_missing_are_named(summary_files, capsys):
    sheet = summary_files / "sheet.tsv"
    whole = sheet.read_text()
    sheet.write_text(whole.replace("Lung.txt\t200", "Lung.txt\t"))
    assert "give n of Lung in the sheet" in complaint(capsys, CHECK)
    sheet.write_text(whole.replace("Lung.txt", "none.txt"))
    assert "No such file: none.txt" in complaint(capsys, CHECK)
    sheet.write_text(whole.replace("file", "path"))
    assert "file is missing" in complaint(capsys, CHECK)
    sheet.write_text(whole)
    assert "No such file: no.bed" in complaint(
        capsys, ["no.bed" if word == "genes.bed" else word for word in CHECK]
    )
    (summary_files / "genes.bed").write_text("#chr\tstart\tend\tgene_id\nchr9\t1\t2\tg1\n")
    assert "chr9 is not among genes.chromosomes" in complaint(capsys, CHECK)


def test_tables_of_noise_are_looked_at(summary_files, capsys):
    table = pd.DataFrame([[1.0]], index=["Liver"], columns=["Liver"])
    table.to_csv(summary_files / "noise.tsv", sep="\t")
    told = complaint(capsys, [*CHECK, "--noise-correlation", "noise.tsv"])
    assert "each of 2 tissues; 1 are missing, the first 'Lung'" in told
