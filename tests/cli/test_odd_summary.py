"""`fqtl fit-summary` on odd files: a line that says what is wrong, or rows that are counted."""

from pathlib import Path

import pandas as pd
import pytest

from fqtl.cli import main, shard_summary
from tests.cli.by_hand import BUILD, complaint, run

RUN = [
    *["fit-summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--used", "used.tsv", "--out", "fits.parquet", "--folds", "0"],
    *["--permutations", "0", "--conditional-permutations", "0"],
]

CHECK = [
    *["check", "summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--out", "check.json"],
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


def of_limix(table, place):
    return pd.DataFrame(
        {
            "feature_id": table["phenotype_id"],
            "snp_id": table["variant_id"],
            "beta": -table["slope"],
            "beta_se": table["slope_se"],
            "assessed_allele": place["ref"],
            "n_samples": 200,
        }
    )


def of_regenie(table, place):
    """As of proteins, one below the other."""
    return pd.DataFrame(
        {
            "protein": table["phenotype_id"],
            "CHROM": 22,
            "GENPOS": place["pos"],
            "ALLELE0": place["ref"],
            "ALLELE1": place["alt"],
            "N": 200,
            "BETA": table["slope"],
            "SE": table["slope_se"],
            "LOG10P": 1.0,
        }
    )


def of_mbqtl(table, place):
    names = "22:" + place["pos"] + ":nors:" + place["ref"] + "_" + place["alt"]
    return pd.DataFrame(
        {
            "Gene": table["phenotype_id"],
            "SNP": names,
            "SNPChr": 22,
            "SNPPos": place["pos"],
            "SNPAlleles": place["ref"] + "/" + place["alt"],
            "SNPEffectAllele": place["ref"],
            "MetaPN": 200,
            "MetaBeta": -table["slope"],
            "MetaSE": table["slope_se"],
        }
    )


OTHER_FORMATS = {
    "LIMIX, REF counted": (
        of_limix,
        "gene=feature_id variant=snp_id effect_allele=assessed_allele beta=beta se=beta_se "
        "n=n_samples",
    ),
    "REGENIE": (
        of_regenie,
        "gene=protein chrom=CHROM pos=GENPOS effect_allele=ALLELE1 other_allele=ALLELE0 beta=BETA "
        "se=SE n=N",
    ),
    "mbQTL, REF counted": (of_mbqtl, ""),
}


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_weights_are_the_same_whatever_wrote_the_file(summary_files, name):
    run(RUN)
    expected = pd.read_parquet("fits.parquet")
    form, columns = OTHER_FORMATS[name]
    table = pd.read_csv("Lung.txt", sep="\t", float_precision="round_trip")
    place = table["variant_id"].str.extract("22_(?P<pos>[0-9]+)_(?P<ref>.)_(?P<alt>.)")
    form(table, place).to_csv("Lung.txt", sep="\t", index=False)
    lines = ["tissue\tfile\tn\tcolumns", "Liver\tLiver.txt\t200\t", f"Lung\tLung.txt\t\t{columns}"]
    Path("sheet.tsv").write_text("\n".join(lines) + "\n")
    run(RUN)
    found = pd.read_parquet("fits.parquet")
    for column in ("weights", "variants", "elbo"):
        assert repr(found[column].tolist()) == repr(expected[column].tolist())


def test_files_of_chromosomes_are_as_good_as_one(summary_files):
    """Those of chromosomes without a gene are not read."""
    table = pd.read_csv("Lung.txt", sep="\t")
    table.to_parquet("Lung.chr22.parquet")
    Path("Lung.chr7.parquet").write_text("none")
    sheet = Path("sheet.tsv")
    sheet.write_text(sheet.read_text().replace("Lung.txt", "Lung.chr{chrom}.parquet"))
    run(RUN, [*CHECK, "--chromosomes", "22"])
    assert used_of_lung() == {"used": 160}
    prepared = ["--genes", "genes.bed", "--people", "200", "--out", "Lung.parquet"]
    run(["prepare", "summary", "--tissue", "Lung", "--file", "Lung.chr{chrom}.parquet", *prepared])
    assert len(pd.read_parquet("Lung.parquet")) == 160


def test_ids_that_name_another_build_are_refused(summary_files, capsys):
    """Some places agree by chance, so that rows are matched."""
    change(variant_id=lambda table: table["variant_id"].str.replace("_b37", "_b38"))
    told = complaint(capsys, RUN)
    assert "Lung.txt: variants are named as of GRCh38 (chr22_5000_" in told


def test_a_file_without_alleles_is_warned_of(summary_files, capsys):
    """Names of the panel tell them, and nobody knows whether it is ALT that is counted."""
    names = pd.read_csv("g.vcf.gz", sep="\t", comment="#", header=None)[2]
    change(variant_id=[*names, *names])
    assert main(RUN) == 0
    assert "Lung: 160 rows tell no alleles" in capsys.readouterr().err
    assert used_of_lung() == {"used, alleles taken from the panel": 160}


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


def test_a_shard_is_planned_with_its_rows_and_with_the_records_that_it_holds(
    summary_files, monkeypatch
):
    """Both of 320 rows in two tissues and of two genes."""
    for tissue in ("Liver", "Lung"):
        prepared = ["--genes", "genes.bed", "--people", "200", "--out", f"{tissue}.parquet"]
        run(["prepare", "summary", "--tissue", tissue, "--file", f"{tissue}.txt", *prepared])

    def planned():
        run(
            [
                *["shard", "summary", "--prepared", "Liver.parquet", "Lung.parquet", *BUILD],
                *["--genes", "genes.bed", "--count", "1", "--chromosomes", "22"],
                *["--shards", "shards", "--results", "results"],
            ]
        )
        return pd.read_csv("results/plan.tsv", sep="\t").iloc[0]

    before = planned()
    monkeypatch.setattr(shard_summary, "ROW_SECONDS", 1.0)
    monkeypatch.setattr(shard_summary, "RECORD_MB", 101.5)
    after = planned()
    assert after["n_genes"] == 2
    assert after["cpu_seconds"] - before["cpu_seconds"] == pytest.approx(320, abs=1)
    assert after["memory_mb"] - before["memory_mb"] == pytest.approx(200, abs=1)
