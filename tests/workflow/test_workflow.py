"""The workflow as its users run it: from files to weights, twice, and misused."""

import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from fqtl.cli import main
from fqtl.weights.covariance import read_covariance
from fqtl.weights.focus import read_focus
from fqtl.weights.predictdb import read_predictdb
from tests.workflow.conftest import make_release


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that went to its end, on two cores with three shards."""
    release = make_release(tmp_path_factory.mktemp("release"))
    release.configure("out", report={"gene_pages": 1})
    run = release.run("out", **release.without("pgenlib", "sklearn"))
    assert run.returncode == 0, run.stdout
    release.first = release.results("out")
    return release, run.stdout


def table(release, name):
    return pd.read_csv(release.folder / "out" / name, sep="\t", keep_default_na=False)


def test_the_run_says_where_the_results_are(finished):
    _, said = finished
    assert "Results: out/report.html" in said


def test_the_strongest_gene_has_a_page_that_the_report_links_to(finished):
    release, _ = finished
    (page,) = [name for name in release.first if re.fullmatch(r"genes/ENSG.*\.html", name)]
    gene = page.removeprefix("genes/").removesuffix(".html")
    assert f'<a href="{page}">{gene}</a>' in release.first["report.html"].decode()


def test_snakemake_makes_its_report_with_captions_and_categories(finished):
    release, _ = finished
    run = release.run("out", "--report", "archive.zip", "--cores", "1")
    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(release.folder / "archive.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
        text = archive.read("archive/report.html").decode()
    assert {"report.html", "calibration.svg", "prediction.svg"} <= names
    for category in ("Report", "Figures", "Genes"):
        assert f'"{category}"' in text
    assert "warnings, input and settings, discoveries" in text


@pytest.mark.parametrize("module", ["pgenlib", "sklearn"])
def test_genotypes_in_a_vcf_and_no_baseline_need_no_further_package(finished, module):
    release, _ = finished
    command = [sys.executable, "-c", f"import {module}"]
    env = {**os.environ, **release.without(module)}
    tried = subprocess.run(command, env=env, capture_output=True, text=True)
    assert f"ModuleNotFoundError: {module}" in tried.stderr
    assert (release.folder / "out" / "report.html").exists()


def test_every_gene_has_one_row(finished):
    release, _ = finished
    fits = table(release, "fits.tsv.gz")
    assert len(fits) == 8
    assert set(fits["status"]) == {"fitted"}
    assert fits["gene_id"].tolist() == table(release, "genes.tsv")["gene_id"].tolist()


def test_simulated_effects_are_found_and_predicted(finished):
    release, _ = finished
    factors = table(release, "factors.tsv.gz")
    found = factors[factors["pip"] > 0.5]
    assert set(found["gene_id"]) == {f"ENSG{i:011d}.1" for i in range(3)}
    prediction = table(release, "prediction.tsv.gz").set_index(["gene_id", "tissue"])
    assert prediction.loc[("ENSG00000000001.1", "Lung"), "r2"] > 0.3
    assert prediction.loc[("ENSG00000000000.1", "Lung"), "pip"] < 0.5


def test_genes_with_effects_stand_above_every_permuted_gene(finished):
    """Of eight genes with a permuted fit each, three with effects: p = 1/9, that of one in nine."""
    release, _ = finished
    fits = table(release, "fits.tsv.gz")
    assert fits["p"][:3].tolist() == pytest.approx([1 / 9] * 3, rel=1e-5)
    # those without are compared with the seven permuted genes of as many tissues, of which one at
    # least has as much; a gene that one tissue lacks is like its own alone, above which half stand
    assert fits["n_tissues"].tolist() == [3, 3, 3, 3, 3, 2, 3, 3]
    without = fits.loc[[3, 4, 6, 7]]
    assert (without["p"] >= 2 / 8).all()
    assert set(without["p_tissues"]) == {"3"}
    assert fits[["p_fits", "p_tissues"]].head(3).values.tolist() == [[8, "2-3"]] * 3
    assert fits["q"].tolist() == pytest.approx(false_discovery_control(fits["p"]), rel=1e-4)
    summary = table(release, "calibration.tsv.gz").set_index("level")
    assert summary.loc["gene", ["tests", "n_permuted", "found"]].tolist() == [8, 8, 0]


def test_what_was_left_out_is_listed_with_reasons(finished):
    release, _ = finished
    dropped = table(release, "dropped.tsv.gz")
    assert dropped.values.tolist() == [
        ["ENSG00000000005.1", "Liver", "constant expression"],
        ["*", "Tiny", "3 donors with genotypes and covariates, fewer than 30"],
    ]
    prepared = table(release, "prepared.tsv").set_index("tissue")
    assert prepared.loc["Liver", "n_genes"] == 7
    page = (release.folder / "out" / "report.html").read_text()
    assert "gene left out of a tissue: constant expression" in page


def test_weights_are_there_for_every_tissue_that_has_any(finished):
    release, _ = finished
    weights = release.folder / "out" / "weights"
    found = sorted(path.name for path in (weights / "predictdb").glob("*.db"))
    assert found == ["Liver.db", "Lung.db", "Whole_Blood.db"]
    with sqlite3.connect(weights / "predictdb" / "Liver.db") as connection:
        genes = [row[0] for row in connection.execute("SELECT gene FROM extra")]
    assert genes == [f"ENSG{i:011d}.1" for i in range(3)]
    tiny = pd.read_csv(weights / "Tiny.tsv", sep="\t", keep_default_na=False)
    assert tiny["genes"].tolist() == [0, 0, 0, 0]
    assert tiny["path"].tolist() == ["", "", "", ""]


def test_every_format_that_the_config_names_holds_the_same_genes(finished):
    release, _ = finished
    weights = release.folder / "out" / "weights"
    genes = [f"ENSG{i:011d}.1" for i in range(3)]
    listed = pd.read_csv(weights / "fusion" / "Liver.pos", sep="\t")
    assert listed["ID"].tolist() == genes
    assert all((weights / "fusion" / path).exists() for path in listed["WGT"])
    tigar = pd.read_csv(weights / "tigar" / "Liver.txt.gz", sep="\t")
    assert sorted(tigar["TargetID"].unique()) == genes
    [focus] = [
        some for some in read_focus(weights / "focus" / "all_tissues.db") if some.name == "Liver"
    ]
    assert focus.genes["gene_id"].tolist() == genes
    for path in (weights / "Liver.tsv", weights / "joint" / "files.tsv"):
        written = pd.read_csv(path, sep="\t")["path"]
        assert all((path.parent / name).exists() for name in written)


def test_everything_that_was_written_is_sound(finished, capsys):
    release, _ = finished
    assert main(["check", "weights", str(release.folder / "out" / "weights")]) == 0
    said = capsys.readouterr()
    assert all(
        line.endswith("[remark]") or "such remarks" in line for line in said.out.splitlines()
    )
    for kind in ("predictdb", "fusion", "tigar", "focus", "covariance"):
        assert kind in said.err


def test_the_joint_covariance_has_every_pair_of_what_a_gene_has_in_any_tissue(finished):
    release, _ = finished
    folder = release.folder / "out" / "weights" / "predictdb"
    joint = read_covariance(folder / "joint_covariance.txt.gz")
    for tissue in ("Liver", "Lung", "Whole_Blood"):
        own = read_covariance(folder / f"{tissue}.txt.gz")
        found = own.merge(joint, how="left", on=["GENE", "RSID1", "RSID2"])
        assert (found["VALUE_x"] == found["VALUE_y"]).all()


def test_factors_are_models_of_their_own(finished):
    release, _ = finished
    folder = release.folder / "out" / "weights" / "factors"
    found = read_predictdb(folder / "predictdb" / "factors.db")
    assert found.genes["gene_id"].tolist() == [f"factor0_ENSG{i:011d}.1" for i in range(3)]
    lead = found.variants.loc[
        found.variants["weight"].abs().groupby(found.variants["gene_id"]).idxmax()
    ]
    assert lead["pos"].tolist() == [100_070, 200_080, 300_090]
    assert (lead["weight"] > 0).all()  # the largest loading of a tissue is positive
    assert (folder / "fusion" / "factors" / "factor0_ENSG00000000000.1.wgt.RDat").exists()


def test_a_weight_is_an_effect_per_copy_of_the_alternative_allele(finished):
    """From VCF to .db: simulated is +1.5 per ALT allele; expression is then standardised."""
    release, _ = finished
    path = release.folder / "out" / "weights" / "predictdb" / "Liver.db"
    with sqlite3.connect(path) as connection:
        query = "SELECT * FROM weights WHERE gene = 'ENSG00000000001.1' ORDER BY ABS(weight) DESC"
        weight = pd.read_sql(query, connection).iloc[0]
    assert (weight["varID"], weight["rsid"]) == ("chr1_200080_A_G_b38", "rs200080")
    assert (weight["ref_allele"], weight["eff_allele"]) == ("A", "G")
    dosage = release.dosages["chr1", 200_000][8]
    unit = 1.5 / np.sqrt(1 + 1.5**2 * dosage.var())  # of a standard deviation of expression
    assert weight["weight"] == pytest.approx(unit, rel=0.15)


def test_a_second_run_does_nothing(finished):
    release, _ = finished
    run = release.run("out")
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout


def planned(release, name):
    """Commands of a dry run."""
    run = release.run(name, "--dry-run", "--printshellcmds", "--quiet", "host")
    assert run.returncode == 0, run.stdout
    return " ".join(run.stdout.split()).split(" fqtl ")[1:]


def test_factors_that_are_no_longer_wanted_are_a_reason_to_tidy_up(finished):
    release, _ = finished
    weights = {"formats": ["predictdb", "fusion", "tigar", "focus"], "factors": False}
    release.configure("factorless", results="out", weights=weights)
    tidy, report = planned(release, "factorless")
    assert tidy.startswith("tidy ")
    assert report.startswith("report ")
    assert "weights/factors" not in tidy + report


def test_other_formats_fit_nothing_again(finished):
    release, _ = finished
    release.configure("fewer", results="out", weights={"formats": ["predictdb", "fusion"]})
    commands = {command.split()[0] for command in planned(release, "fewer")}
    assert commands == {"check", "weights", "joint", "tidy", "report"}
    checks = [command for command in planned(release, "fewer") if command.startswith("check")]
    assert [command.split()[:2] for command in checks] == [["check", "formats"]]


def test_a_trait_that_comes_later_is_tested_and_fits_nothing_again(finished):
    release, _ = finished
    dosages = release.dosages["chr1", 200_000]
    effect = dosages[8] - dosages[8].mean()
    z = 10 * (dosages - dosages.mean(axis=1, keepdims=True)) @ effect / len(effect)
    z /= dosages.std(axis=1) * effect.std()
    rows = [
        "chromosome\tposition\teffect_allele\tother_allele\tz",
        *(f"1\t{200_000 + 10 * i}\tG\tA\t{value:.4f}" for i, value in enumerate(z)),
    ]
    (release.folder / "gwas.tsv").write_text("\n".join(rows) + "\n")
    (release.folder / "traits.tsv").write_text("trait\tgwas\tn\th2\nheight\tgwas.tsv\t1000\t0.5\n")
    before = release.fits("out")
    traits = {"traits": "traits.tsv", "min_matched": 0.1}
    formats = ["predictdb", "fusion", "tigar", "focus"]
    release.configure("out", twas=traits, weights={"formats": formats, "phi": True})
    run = release.run("out")
    assert run.returncode == 0, run.stdout
    assert release.fits("out") == before
    genes = table(release, "twas/height/genes.tsv.gz").set_index("gene_id")
    assert genes["bonferroni"].astype(float).idxmin() == "ENSG00000000001.1"
    assert (release.folder / "out/twas/height/manhattan.svg").is_file()
    assert (release.folder / "out/twas/height/colocalisation.tsv.gz").is_file()
    phi = table(release, "weights/phi.tsv.gz").set_index(["tissue", "gene_id"])["phi"]
    tested = table(release, "twas/height/associations.tsv.gz").set_index(["tissue", "gene_id"])
    told = phi.astype(float).reindex(tested.index)
    assert tested["phi"].astype(float).tolist() == pytest.approx(told.tolist(), rel=1e-3)
    inflation = 1 + 1000 * 0.5 * told
    assert tested["inflation"].astype(float).tolist() == pytest.approx(inflation.tolist(), rel=1e-3)


def test_cores_and_shards_do_not_change_a_byte(finished):
    release, _ = finished
    release.configure("alone", shards={"count": 1}, report={"gene_pages": 1})
    assert release.run("alone", "--cores", "1").returncode == 0
    one, other = release.first, release.results("alone")
    assert set(one) == set(other)
    differing = [name for name in one if one[name] != other[name]]
    assert {"report.html", "fits.parquet", "weights/predictdb/Liver.db"} <= set(one)
    assert differing == []


def test_one_tissue_is_a_legal_release(release):
    sheet = (release.folder / "tissues.tsv").read_text().splitlines()[:2]
    (release.folder / "tissues.tsv").write_text("\n".join(sheet) + "\n")
    # so few genes need many permuted fits for a q-value below weights.max_q
    release.configure("out", calibration={"permutations": "auto"})
    run = release.run("out")
    assert run.returncode == 0, run.stdout
    assert (release.folder / "out" / "weights" / "predictdb" / "Liver.db").exists()


def test_without_factors_folds_and_permutations(release):
    release.configure(
        "out",
        model={"factored": False},
        cross_validation={"folds": 0},
        calibration={"permutations": 0, "conditional_permutations": 0},
    )
    run = release.run("out")
    assert run.returncode == 0, run.stdout
    prediction = table(release, "prediction.tsv.gz").set_index(["gene_id", "tissue"])
    assert prediction.loc[("ENSG00000000001.1", "Lung"), "pip"] > 0.5
    assert prediction.loc[("ENSG00000000001.1", "Lung"), "r2"] == "NA"
    weights = release.folder / "out" / "weights" / "predictdb"
    assert not list(weights.glob("*.db"))  # nothing can pass a filter that was not computed
    assert len(list((weights / "unfiltered").glob("*.db"))) == 3


def test_a_lookup_table_is_kept_before_variants_are_chosen(release):
    (release.folder / "lookup.txt").write_text("chr\tpos\tref\talt\trsid\n1\t5\tA\tG\trs7\n")
    genotypes = {"path": "genotypes.vcf.gz", "rsids": "lookup.txt"}
    release.configure("named", genotypes=genotypes, weights={"formats": ["fusion"]})
    planned = release.run("named", "--dry-run", "--printshellcmds", "--quiet", "host")
    assert planned.returncode == 0, planned.stdout
    said = " ".join(planned.stdout.split())
    kept = "fqtl rsids --table lookup.txt --genome-build GRCh38 --out named/rsids.parquet"
    assert kept in said
    readers = [part for part in said.split("fqtl ") if part.startswith(("shard ", "fit "))]
    assert len(readers) >= 4  # the list of shards, and three of them
    assert all("--variants unambiguous --rsids named/rsids.parquet" in part for part in readers)
    assert "--needs-rsids" not in said


def refused(release, **changes):
    """The one line that a run says before any job, with exit code 2."""
    release.configure("bad", **changes)
    run = release.run("bad")
    said = [line for line in run.stdout.splitlines() if line.startswith("error:")]
    assert run.returncode == 2, run.stdout
    assert len(said) == 1
    assert not (release.folder / "bad").exists()
    return said[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"genotype": {}}, "unknown key genotype; there are results, genome_build"),
        ({"model": None}, "model must be a section with keys of its own; found None."),
        ({"model": {"rnak": 3}}, "unknown key model.rnak; there are family"),
        ({"model": {"family": "nb"}}, "found model.family: nb and prepare.scale: as_given."),
        ({"model": {"family": "voom"}}, "voom goes with prepare.scale: log_counts or raw, and"),
        ({"prepare": {"scale": "counts"}}, "goes with model.family nb or nb_pseudo, and only with"),
        (
            {"prepare": {"values": "counts"}},
            "with prepare.scale: inverse_normal, log_cpm, log_coun",
        ),
        ({"prepare": {"scale": "log_cpm"}}, "with prepare.scale: as_given, inverse_normal, raw;"),
        (
            {"prepare": {"scale": "raw", "components": 3}},
            "found prepare.components: 3, covariates of 4 tissues, the first Liver (tissues.tsv).",
        ),
        ({"model": {"rank": "ten"}}, "model.rank must be a number of factors of at least 1"),
        ({"calibration": {"permute": "genes"}}, "permute must be donors or tissues; found 'genes'"),
        ({"genome_build": "my mouse"}, "genome_build must be the name of a genome build: letters"),
        ({"genome_build": "GRCh73"}, "genome_build in the config: expected the name of a genome"),
        ({"cross_validation": {"folds": 1}}, "folds must be 0 for none or a number of parts"),
        ({"tissues": "nowhere.tsv"}, "No such file: nowhere.tsv. See tissues in the config."),
        (
            {"genotypes": {"path": "nowhere.vcf.gz"}},
            "No such file: nowhere.vcf.gz. See genotypes.path in the config.",
        ),
    ],
)
def test_a_bad_config_is_one_line_before_any_job(release, changes, message):
    assert message in refused(release, **changes)


def test_genotypes_without_what_belongs_to_them_are_named_before_any_job(release):
    for name in ("bare.vcf.gz", "bare.bed"):
        (release.folder / name).write_bytes((release.folder / "genotypes.vcf.gz").read_bytes())
    said = refused(release, genotypes={"path": "bare.vcf.gz"})
    assert "bare.vcf.gz has no index. Make one with `tabix -p vcf bare.vcf.gz`." in said
    said = refused(release, genotypes={"path": "bare.bed"})
    assert "No such file: bare.bim, bare.fam. See genotypes.path in the config." in said


def test_a_bad_sheet_is_one_line_before_any_job(release):
    sheet = release.folder / "tissues.tsv"
    sheet.write_text(sheet.read_text().replace("Lung", "The Lung", 1))
    said = refused(release)
    assert "tissues.tsv, line 3: tissue must be a name of letters, digits" in said


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace("\t", ","), "found 'tissue,expression,covariates'"),
        (lambda text: text.replace("expression", "expresion"), "found 'tissue', 'expresion', 'cov"),
    ],
)
def test_a_sheet_with_another_header_is_told_so(release, change, found):
    sheet = release.folder / "tissues.tsv"
    sheet.write_text(change(sheet.read_text()))
    assert "tissues.tsv, line 1: expected the columns tissue, expre" in (said := refused(release))
    assert found in said


def test_a_sheet_that_a_spreadsheet_marked_is_read(release):
    sheet = release.folder / "tissues.tsv"
    sheet.write_bytes(b"\xef\xbb\xbf" + sheet.read_bytes())
    release.configure("out")
    run = release.run("out", "--cores", "2", "--until", "check")
    assert run.returncode == 0, run.stdout


def test_bad_input_stops_the_run_with_its_reason_and_no_results(release):
    (release.folder / "Lung.txt").write_text("ID\tx\ty\nPC1\t1\t2\n")
    release.configure("out")
    run = release.run("out", "--cores", "2")
    assert run.returncode != 0
    assert "error: No samples shared between Lung.bed" in run.stdout
    assert not (release.folder / "out" / "check.json").exists()
    assert not list((release.folder / "out").rglob("*.parquet"))
