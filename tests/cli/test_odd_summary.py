"""`fqtl fit-summary` on odd files: a line that says what is wrong, or rows that are counted."""

from pathlib import Path

import pandas as pd
import pytest

from fqtl.cli import main
from tests.cli.by_hand import BUILD, complaint, run

RUN = [
    *["fit-summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--used", "used.tsv", "--out", "fits.parquet", "--folds", "0"],
    *["--permutations", "0", "--conditional-permutations", "0"],
]


def change(**columns):
    """Lung.txt with other values; of a function of the table."""
    table = pd.read_csv("Lung.txt", sep="\t").astype({"slope": object, "slope_se": object})
    for name, value in columns.items():
        table[name] = value(table) if callable(value) else value
    table.to_csv("Lung.txt", sep="\t", index=False)


def used_of_lung():
    used = pd.read_csv("used.tsv", sep="\t")
    return used[used["tissue"] == "Lung"].groupby("what")["rows"].sum().to_dict()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("slope_se", "inf", "no effect is told"),
        ("slope_se", "0", "no effect is told"),
        ("slope_se", "-1", "no effect is told"),
        ("slope", "-inf", "no effect is told"),
        ("slope", "NA", "no effect is told"),
    ],
)
def test_rows_that_tell_no_z_score_are_counted(summary_files, column, value, reason):
    def some(table):
        return table[column].where(table.index >= 7, value)

    change(**{column: some, "pval_nominal": "NA"})
    run(RUN)
    assert used_of_lung() == {"used": 153, reason: 7}


def test_p_of_0_counts_only_where_no_standard_error_tells_more(summary_files, capsys):
    change(pval_nominal=0.0)
    run(RUN)
    assert used_of_lung() == {"used": 160}
    for name in ("fits.parquet", "used.tsv"):
        Path(name).unlink()
    change(slope_se="NA")
    told = complaint(capsys, RUN)
    assert "none of 160 rows" in told
    assert "160 of them: its p is 0" in told
    assert "build" not in told


def test_alleles_in_small_letters_are_alleles(summary_files):
    change(variant_id=lambda table: table["variant_id"].str.lower())
    run(RUN)
    assert used_of_lung() == {"used": 160}


@pytest.mark.parametrize("people", ["inf", "1e9", "nan", "many", "-5"])
def test_people_are_a_number_of_people(summary_files, capsys, people):
    sheet = summary_files / "sheet.tsv"
    sheet.write_text(f"tissue\tfile\tn\nLiver\tLiver.txt\t{people}\nLung\tLung.txt\t200\n")
    assert "sheet.tsv, line 2: n must be" in complaint(capsys, RUN)


def test_few_rows_of_the_panel_are_a_warning(summary_files, capsys):
    """As between builds that agree here and there by chance."""

    def elsewhere(table):
        ids = table["variant_id"]
        return ids.where(table.index % 40 < 5, ids.str.replace("chr22_5", "chr22_95"))

    change(variant_id=elsewhere)
    assert main(RUN) == 0
    said = capsys.readouterr().err
    assert "Lung: 20 of 160 rows are used" in said
    assert used_of_lung() == {"used": 20, "not in the panel, or outside of the window": 140}
