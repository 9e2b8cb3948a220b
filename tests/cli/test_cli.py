"""What the command line says of input that it cannot use: one line, exit 2, nothing written."""

import gzip
import json

import numpy as np
import pytest

from fqtl.cli import SUBCOMMANDS, main
from fqtl.prepare.expression_store import read_prepared
from fqtl.tables.files import read_parquet, read_tsv
from tests.cli.by_hand import (
    CHECK,
    DONORS,
    FIT,
    GENES,
    PREPARE,
    SHARD,
    complaint,
    run,
)
from tests.conftest import linked_genotypes
from tests.files import (
    vcf_records,
    write_bed,
    write_covariates,
    write_plink1,
    write_sheet,
    write_vcf,
)


def test_no_index(here, capsys):
    (here / "g.vcf.gz.tbi").unlink()
    assert "g.vcf.gz has no index. Make one with `tabix -p vcf g.vcf.gz`." in complaint(
        capsys, CHECK
    )


def test_another_build_than_the_header_says(here, capsys):
    x = np.tile([0, 1, 2], (3, 20))
    records = vcf_records(x, np.arange(4900, 4903))
    write_vcf(here / "g.vcf.gz", records, DONORS, lengths=(50818468,))
    said = complaint(capsys, CHECK)
    assert "are said to be on GRCh37, but chr22 has 50818468 bp in its header, as in GRCh38" in said


def test_variants_without_rs_numbers_where_models_need_them(here, capsys):
    run([*CHECK, "--needs-rsids"])
    (here / "out" / "check.json").unlink()
    x = np.tile([0, 1, 2], (3, 20))
    nameless = [record.replace("rs49", "v49") for record in vcf_records(x, np.arange(4900, 4903))]
    write_vcf(here / "g.vcf.gz", nameless, DONORS)
    run(CHECK)
    said = complaint(capsys, [*CHECK, "--needs-rsids"])
    assert "None of 3 variants of g.vcf.gz near 2 genes has an rs number" in said
    assert "Name a lookup table as genotypes.rsids" in said


@pytest.fixture
def plink(here):
    """The same genotypes as PLINK's .bed, and the command that checks with them."""
    x = linked_genotypes(np.random.default_rng(0), 60, 40).T.astype(int)
    bim = [f"22 rs{pos} 0 {pos} G A" for pos in range(4900, 4940)]
    write_plink1(here / "g.bed", x, bim, DONORS)
    return [word.replace("g.vcf.gz", "g.bed") for word in CHECK]


def test_genotypes_of_plink_that_were_cut_short(here, plink, capsys):
    run(plink)
    (here / "out" / "check.json").unlink()
    whole = (here / "g.bed").read_bytes()
    (here / "g.bed").write_bytes(whole[:-20])
    assert "g.bed cannot be read as genotypes of 40 variants (g.bim)" in complaint(capsys, plink)
    (here / "g.bed").write_bytes(whole)
    bim = (here / "g.bim").read_text().splitlines(keepends=True)
    (here / "g.bim").write_text("".join(bim[:-1]))
    assert "g.bed cannot be read as genotypes of 39 variants (g.bim)" in complaint(capsys, plink)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--scale", "log_cpm"], "prepare.scale of normalised values must be one of as_given,"),
        (["--counts"], "prepare.scale of counts must be one of inverse_normal, log_cpm, log_c"),
        (["--scale", "raw", "--controls", "3"], "neither prepare.components nor prepare.controls"),
        (
            ["--counts", "--scale", "log_cpm"],
            "liver.bed does not say how long genes are, and prepare.min_tpm: 0.1 asks",
        ),
        (["--donor-covariates", "liver.txt"], "The covariate 'PC1' is both among those of the"),
        (["--gene-names", "liver.txt"], "liver.txt: expected a GTF with lines of genes"),
    ],
)
def test_check_refuses_what_later_stages_refuse(here, capsys, flags, message):
    if "--counts" in flags:
        write_bed(here / "liver.bed", GENES, np.arange(120).reshape(2, 60), DONORS)
    assert message in complaint(capsys, [*CHECK, *flags])


def test_a_tissue_that_is_another_by_another_name_is_refused(here, capsys):
    (here / "copy.bed").write_bytes((here / "liver.bed").read_bytes())
    twice = [("Liver", "liver.bed", ""), ("Lung", "copy.bed", "")]
    write_sheet(here / "tissues.tsv", twice)
    said = complaint(capsys, CHECK)
    assert "Liver (liver.bed) and Lung (copy.bed) have the same values of 2 genes in 60" in said


def test_genes_that_no_file_can_be_named_after_are_refused_for_fusion_alone(here, capsys):
    odd = [("chr22", 5000, "HLA/A"), ("chr22", 6000, "g2")]
    write_bed(here / "liver.bed", odd, np.random.default_rng(0).random((2, 60)), DONORS)
    run([*CHECK, "--formats", "predictdb", "tigar"])
    (here / "out" / "check.json").unlink()
    said = complaint(capsys, [*CHECK, "--formats", "fusion"])
    assert "Gene 'HLA/A' cannot be written for FUSION" in said
    assert "(1 such genes)" in said


def test_no_shared_samples(here, capsys):
    write_bed(here / "liver.bed", GENES, np.zeros((2, 60)), [f"D.{name}" for name in DONORS])
    said = complaint(capsys, CHECK)
    assert "No samples shared between g.vcf.gz (d0, …; 60) and liver.bed (D.d0, …; 60)" in said


def test_wrong_chromosome_names(here, capsys):
    write_bed(here / "liver.bed", [("chr7", 1, "g1")], np.ones((1, 60)), DONORS)
    said = complaint(capsys, CHECK)
    assert "No chromosome chr7 in g.vcf.gz, which has 1 (chr22)" in said


def test_genes_of_other_chromosomes(here, capsys):
    said = complaint(capsys, [*CHECK, "--chromosomes", "21"])
    assert "None of 2 genes can be fitted; the most frequent reason, of 2 of them: chr22" in said


def test_tissues_that_are_all_too_small(here, capsys):
    said = complaint(capsys, [*CHECK, "--min-samples", "61"])
    assert "No tissue has 61 donors with genotypes and covariates; the most, 60, has Liver" in said


def test_genes_in_two_places(here, capsys):
    rng = np.random.default_rng(0)
    moved = [("chr22", 5001, "g1")]
    write_bed(here / "lung.bed", moved, rng.standard_normal((1, 60)), DONORS)
    rows = [("Liver", "liver.bed", "liver.txt"), ("Lung", "lung.bed", "")]
    write_sheet(here / "tissues.tsv", rows)
    assert "g1 is at chr22:5000 in Liver but at chr22:5001 in Lung" in complaint(capsys, CHECK)


def test_covariates_of_other_donors(here, capsys):
    write_covariates(here / "liver.txt", {"PC1": [1, 2]}, ["x", "y"])
    assert "No samples shared between liver.bed" in complaint(capsys, CHECK)


@pytest.mark.parametrize("command", [CHECK, PREPARE])
def test_nan_covariates(here, capsys, command):
    write_covariates(here / "liver.txt", {"PC1": ["NA", *range(59)]}, DONORS)
    said = complaint(capsys, command)
    assert "liver.txt: covariate 'PC1' is missing for 1 of 60 donors, the first d0" in said


@pytest.mark.parametrize("command", [CHECK, PREPARE])
def test_empty_bed(here, capsys, command):
    (here / "liver.bed").write_text("")
    assert "liver.bed is empty." in complaint(capsys, command)


def test_truncated_gzip(here, capsys):
    packed = gzip.compress((here / "liver.bed").read_bytes())
    (here / "liver.bed").write_bytes(packed[:-50])
    assert "liver.bed is not a whole gzip file" in complaint(capsys, PREPARE)


def test_a_gene_without_variants_is_recorded(here):
    rng = np.random.default_rng(1)
    far = [("chr22", 5000, "g1"), ("chr22", 9_000_000, "far")]
    write_bed(here / "liver.bed", far, rng.standard_normal((2, 60)), DONORS)
    run(PREPARE, SHARD, [*FIT, "--folds", "0"])
    fits = read_parquet(here / "out" / "fits.parquet", "fits")[0].to_pylist()
    assert [row["status"] for row in fits] == ["fitted", "skipped"]
    assert fits[1]["reason"] == "no variant in the cis window"


def test_a_tissue_of_three_is_recorded_and_refused_when_it_is_the_only_one(here, capsys):
    rng = np.random.default_rng(2)
    write_bed(here / "liver.bed", GENES, rng.standard_normal((2, 3)), DONORS[:3])
    run(PREPARE)
    reason = "3 donors with genotypes and covariates, fewer than 30"
    assert read_prepared(here / "out" / "Liver.parquet").about["reason"] == reason
    assert main(SHARD) == 2
    said = capsys.readouterr().err
    assert f"error: None of 1 tissues can be fitted; Liver: {reason}." in said


def test_constant_expression_is_recorded(here):
    rng = np.random.default_rng(3)
    values = np.vstack([np.full(60, 2.5), rng.standard_normal(60)])
    write_bed(here / "liver.bed", GENES, values, DONORS)
    run(PREPARE, SHARD)
    lines = (here / "out" / "genes.tsv").read_text().splitlines()
    assert lines[1].split("\t")[-1] == "usable in no tissue"
    dropped = gzip.decompress((here / "out" / "dropped.tsv.gz").read_bytes()).decode()
    assert dropped.splitlines()[1] == "g1\tLiver\tconstant expression"


def test_components_that_leave_nothing_are_named(here, capsys):
    run([*PREPARE, "--components", "40"])
    capsys.readouterr()
    said = complaint(capsys, SHARD)
    assert "usable in no tissue, 2 times of 2 since 'nothing left after covariates'" in said
    assert "See prepare.components and covariates in the config." in said


def test_a_tissue_without_covariates_has_nothing_explained(here):
    prepare = [word for word in PREPARE if word not in ("--covariates", "liver.txt")]
    run(prepare, SHARD)
    listed = read_tsv(here / "out" / "prepared.tsv", "prepared")
    assert listed[["n_covariates", "explained"]].values.tolist() == [[0, 0]]


def test_of_a_tissue_that_is_left_out_nothing_is_regressed_out(here):
    rng = np.random.default_rng(2)
    write_bed(here / "lung.bed", GENES, rng.standard_normal((2, 20)), DONORS[:20])
    lung = [word.replace("liver.bed", "lung.bed").replace("Liver", "Lung") for word in PREPARE]
    run(PREPARE, lung, [*SHARD[:3], "out/Lung.parquet", *SHARD[3:]])
    listed = read_tsv(here / "out" / "prepared.tsv", "prepared")
    assert listed["n_covariates"].tolist() == [1, 0]
    assert listed["explained"].iloc[1] == 0


def test_a_shard_cut_short_is_named(here, capsys):
    run(PREPARE, SHARD)
    path = here / "out" / "shards" / "0001.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    assert "0001.parquet is not a whole Parquet file" in complaint(capsys, FIT)


def test_fits_that_do_not_cover_the_genes_are_refused(here, capsys):
    run(PREPARE, SHARD, [*FIT, "--folds", "0"])
    genes = here / "out" / "genes.tsv"
    genes.write_text(genes.read_text() + "g9\tchr22\t7000\t1\t\n")
    command = ["aggregate", "--fits", "out/fits.parquet", "--genes", "out/genes.tsv"]
    said = complaint(capsys, [*command, "--results", "tables", "--out", "tables/all.parquet"])
    assert "lists 3 genes to fit, the fits hold 2: 1 missing ['g9']" in said


def test_a_run_that_fitted_nothing_has_no_result(here, capsys):
    run(PREPARE, SHARD, [*FIT, "--folds", "0", "--family", "beta"])
    command = ["aggregate", "--fits", "out/fits.parquet", "--genes", "out/genes.tsv"]
    said = complaint(capsys, [*command, "--results", "tables", "--out", "tables/all.parquet"])
    assert "None of 2 genes was fitted; the most frequent reason, of 2 of them: Family beta" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "invalid choice: 'nothing'"),
        (["fit"], "the following arguments are required: --shard"),
        (
            [*FIT, "--rank", "many"],
            "argument --rank: expected a whole number of at least 1, found many",
        ),
        ([*FIT, "--min-pip", "0"], "expected a number above 0 and up to 1, found 0"),
        (["check", "--tisues", "x"], "are required"),
    ],
)
def test_a_wrong_flag_is_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert said.startswith("error: ")
    assert message in said
    assert said.count("\n") == 1


def test_a_missing_folder_or_file_is_named(here, capsys):
    assert "No such file: absent.tsv." in complaint(capsys, [*CHECK, "--tissues", "absent.tsv"])


def test_an_unforeseen_fault_is_one_line_and_a_traceback_on_request(here, capsys, monkeypatch):
    monkeypatch.setattr("fqtl.cli.check.read_tissues", lambda path: 1 / 0)
    assert "unexpected ZeroDivisionError: division by zero" in complaint(capsys, CHECK)
    assert main([*CHECK, "-vv"]) == 2
    assert "Traceback" in capsys.readouterr().err


ONLY_SAY = {"check config", "check slurm", "check weights", "completion"}  # these write no file


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_explains_itself(capsys, name):
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: fqtl {name}")
    assert name in ONLY_SAY or "--out" in said or "--results" in said


def test_check_tells_what_is_odd_and_goes_on(here, capsys):
    """Two thirds of the donors by other names, one value far off, and no build to be told."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 60))
    y[:, 4] = 40
    names = [f"S_{name}" if i > 44 else name for i, name in enumerate(DONORS)]
    write_bed(here / "liver.bed", GENES, y, names)
    write_covariates(here / "liver.txt", {"PC1": list(rng.standard_normal(60))}, names)
    run([*CHECK, "--min-samples", "20"])
    told = capsys.readouterr().err
    assert "Liver: 15 of 60 donors of liver.bed are left out" in told
    assert "Liver: 2 of 2 genes have heavy tails" in told
    assert "tells GRCh37 from GRCh38: genome_build is taken at its word" in told
    assert "45 can be used" in told
    assert "mind the 2 warnings above" in told
    warned = json.loads((here / "out" / "check.json").read_text())["tissues"][0]["warnings"]
    assert len(warned) == 2
    run([*PREPARE, "--min-samples", "20"])
    told = capsys.readouterr().err
    assert "Liver: 15 of 60 donors of liver.bed are left out" in told
    assert "genes have heavy tails" in told
    assert (
        "2 of 2 genes have heavy tails"
        in read_prepared(here / "out/Liver.parquet").about["concern"]
    )


def test_more_covariates_than_donors_are_told_before_anything_is_computed(here, capsys):
    rng = np.random.default_rng(0)
    many = {f"PC{i}": list(rng.standard_normal(60)) for i in range(70)}
    write_covariates(here / "liver.txt", many, DONORS)
    run(CHECK)
    assert "60 donors and 70 covariates leave 0 degrees of freedom" in capsys.readouterr().err


def test_counts_without_a_gene_in_every_library_have_no_median_of_ratios(here, capsys):
    counts = np.full((2, 60), 9.0)
    counts[0, 0] = counts[1, 1] = 0
    write_bed(here / "liver.bed", GENES, counts, DONORS)
    asked = [*CHECK, "--counts", "--scale", "log_cpm", "--min-tpm", "0"]
    said = complaint(capsys, [*asked, "--size-factors", "median_of_ratios"])
    assert "liver.bed: size factors by the median of ratios need a gene with reads in all" in said
