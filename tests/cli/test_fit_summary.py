"""`fqtl fit-summary`: from files of z-scores and a panel to the store of fits."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.errors import FqtlError
from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.priors_table import table_rows
from fqtl.model.summary.problem import SummaryProblem
from fqtl.tables.files import read_parquet, write_tsv
from fqtl.tables.fits import explode
from fqtl.weights.audit.focus import audit_focus
from fqtl.weights.tigar import read_tigar
from tests.cli.by_hand import BUILD, complaint, run

RUN = [
    *["fit-summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--used", "used.tsv", "--out", "fits.parquet", "--folds", "2"],
]


def test_fits_of_summary_statistics_are_stored_as_those_of_individual_data(summary_files):
    run(RUN)
    fits, about = read_parquet(summary_files / "fits.parquet", "fits")
    assert about["source"] == "summary statistics"
    genes = fits.to_pandas().set_index("gene_id")
    assert genes["status"].to_dict() == {"g1": "fitted", "g2": "fitted", "g3": "skipped"}
    assert "z-score" in genes.loc["g3", "reason"]
    prediction = explode(fits, "prediction").set_index(["gene_id", "tissue"])
    assert (prediction.loc["g1", "pip"] > 0.9).all()
    assert (prediction.loc["g2", "pip"] < 0.5).all()
    assert prediction["n_donors"].tolist() == [200] * 4
    assert (prediction.loc["g1", "r2"] > 0.1).all()
    assert (prediction.loc["g2", "r2"] < 0.05).all()
    assert prediction["fold_r2"].isna().all()  # parts of people are made up
    sets = explode(fits, "credible_sets")
    assert 5030 in sets["pos"].tolist()
    used = pd.read_csv(summary_files / "used.tsv", sep="\t")
    assert used.groupby("gene_id")["rows"].sum().to_dict() == {"g1": 160, "g2": 160}
    assert set(used["what"]) == {"used"}


def test_priors_of_a_release_are_read(summary_files):
    """A tissue is told less of where all genes say that none acts."""
    run([*RUN, "--folds", "0"])
    alone = explode(read_parquet(summary_files / "fits.parquet", "fits")[0], "prediction")
    unlikely = replace(default_priors(2), specific_start=1e-6, specific_share=1e-6)
    rows = table_rows(replace(unlikely, specific_weight=1e6), 500)
    write_tsv(summary_files / "priors.tsv", pd.DataFrame(rows), "priors")
    run([*RUN, "--folds", "0", "--priors", "priors.tsv"])
    held = explode(read_parquet(summary_files / "fits.parquet", "fits")[0], "prediction")
    null = alone["gene_id"] == "g2"
    assert (held["pip"][null] < 0.5 * alone["pip"][null]).all()


def test_priors_of_each_tissue_are_read_by_its_name(summary_files):
    """Nothing acts in the first of three tissues, which stands last in the table."""
    idle = pd.read_csv("Liver.txt", sep="\t")
    idle["slope"] = 0.05 * np.random.default_rng(3).standard_normal(len(idle))
    idle.to_csv("Heart.txt", sep="\t", index=False)
    sheet = (summary_files / "sheet.tsv").read_text().splitlines(keepends=True)
    (summary_files / "sheet.tsv").write_text(sheet[0] + "Heart\tHeart.txt\t200\n" + sheet[1])
    with open("sheet.tsv", "a") as stream:
        stream.write(sheet[2])

    def elbo_where_few_factors_are_of(tissue):
        names = ("Lung", "Liver", "Heart")
        odds = {"tissues": names, "factor_log_odds": tuple(-6.0 * (n == tissue) for n in names)}
        known = replace(default_priors(3), factor_weight=10.0, **odds)
        write_tsv(summary_files / "priors.tsv", pd.DataFrame(table_rows(known, 500)), "priors")
        run([*RUN, "--folds", "0", "--priors", "priors.tsv"])
        fits = read_parquet(summary_files / "fits.parquet", "fits")[0]
        return dict(zip(fits["gene_id"].to_pylist(), fits["elbo"].to_pylist(), strict=True))["g1"]

    usual = elbo_where_few_factors_are_of(None)
    assert elbo_where_few_factors_are_of("Heart") > usual
    assert elbo_where_few_factors_are_of("Liver") < usual - 2


def test_weights_are_written_from_fits_of_summary_statistics(summary_files):
    run(RUN)
    run(
        [
            *["weights", "--fits", "fits.parquet", "--tissue", "Liver", "--formats", "predictdb"],
            *["--folder", "weights", "--out", "weights.tsv"],
        ]
    )
    assert (summary_files / "weights/predictdb/Liver.db").exists()


def test_files_of_every_format_say_what_their_models_are_fitted_to(summary_files):
    """FOCUS' cv.R2 is of pseudo-validation; TIGAR's columns are taken by name, and one is ours."""
    run(RUN)
    keeps_all = ["--min-cv-r", "0", "--max-cv-p", "1", "--min-gene-pip", "0", "--max-q", "1"]
    tissue = ["--tissue", "Liver", "--folder", "weights", "--out", "weights.tsv", *keeps_all]
    run(["weights", "--fits", "fits.parquet", "--formats", "tigar", "focus", *tissue])
    table = pd.read_csv(summary_files / "weights/tigar/Liver.txt.gz", sep="\t")
    assert set(table["FITTED_TO"]) == {"summary statistics, with LD of a panel"}
    found = read_tigar(summary_files / "weights/tigar/Liver.txt.gz")
    assert len(found.variants) == len(table)
    run(
        [
            *["joint", "--fits", "fits.parquet", "--tissues", "Liver", "Lung", *keeps_all],
            *["--formats", "focus", "--folder", "weights", "--out", "joint.tsv"],
        ]
    )
    for name in ("Liver", "all_tissues"):
        path = summary_files / f"weights/focus/{name}.db"
        with closing(sqlite3.connect(path)) as connection:
            about = dict(connection.execute("SELECT * FROM fqtl_construction"))
        assert about["fitted_to"] == "summary statistics, with LD of a panel"
        assert about["performance"].startswith("pseudo-validation")
        assert not list(audit_focus(path))


def test_noise_correlation_comes_as_a_table(summary_files):
    table = pd.DataFrame([[1, 0.2], [0.2, 1]], index=["Liver", "Lung"], columns=["Liver", "Lung"])
    table.to_csv(summary_files / "noise.tsv", sep="\t")
    run([*RUN, "--folds", "0", "--noise-correlation", "noise.tsv"])
    table.iloc[:1].to_csv(summary_files / "noise.tsv", sep="\t")
    (summary_files / "fits.parquet").unlink()
    assert main([*RUN, "--noise-correlation", "noise.tsv"]) == 2


def test_what_is_missing_is_said_in_one_line(summary_files, capsys):
    sheet = summary_files / "sheet.tsv"
    sheet.write_text("tissue\tfile\tn\nLiver\tLiver.txt\t\n")
    assert "how many people" in complaint(capsys, RUN)
    sheet.write_text("tissue\tfile\tn\nLiver\tnone.txt\t200\n")
    assert "No such file: none.txt" in complaint(capsys, RUN)
    (summary_files / "genes.bed").write_text("gene\tplace\ng1\t5\n")
    assert "#chr, start, end, gene_id" in complaint(capsys, RUN)


def test_files_of_another_build_are_refused_and_nothing_is_written(summary_files, capsys):
    """Places are others, and ids are no rs numbers: no row is of a variant of the panel."""
    lung = (summary_files / "Lung.txt").read_text()
    (summary_files / "Lung.txt").write_text(lung.replace("chr22_50", "chr22_950"))
    told = complaint(capsys, RUN)
    assert "Lung.txt: none of 160 rows" in told
    assert "22:95000" in told
    assert "one genome build?" in told
    assert not (summary_files / "fits.parquet").exists()
    assert not (summary_files / "used.tsv").exists()


def test_effects_of_summary_statistics_are_written_for_coloc(summary_files):
    run([*RUN, "--folds", "0"])
    run(["export", "--fits", "fits.parquet", "--out", "effects"])
    lbf = pd.read_csv(summary_files / "effects/factors.lbf_variable.txt.gz", sep="\t")
    assert lbf["molecular_trait_id"].unique().tolist() == ["factor0_g1"]
    assert lbf["position"].tolist() == list(range(5000, 5080))
    sets = pd.read_csv(summary_files / "effects/Liver.credible_sets.tsv.gz", sep="\t")
    given = pd.read_csv(summary_files / "Liver.txt", sep="\t")
    given = given[given["phenotype_id"] == "g1"].set_index("variant_id")
    named = sets["variant"] + "_b37"
    assert lbf.loc[lbf["lbf_variable1"].idxmax(), "variant"] in sets["variant"].tolist()
    z = given.loc[named, "slope"] / given.loc[named, "slope_se"]
    assert sets["z"].to_numpy() == pytest.approx(z.to_numpy(), rel=1e-4)


def test_nulls_that_are_drawn_again_are_counted(summary_files, monkeypatch, capsys):
    """One that contradicts its LD: here the first of each gene that is fitted."""
    seen = []  # problems of genes, as they came
    of_scores = SummaryProblem.with_scores

    def refused_once(problem, scores):
        if not any(problem is other for other in seen):
            seen.append(problem)
            raise FqtlError("LD does not fit the z-scores")
        return of_scores(problem, scores)

    monkeypatch.setattr(SummaryProblem, "with_scores", refused_once)
    draws = ["--permutations", "2", "--conditional-permutations", "0"]
    run([*RUN, "--folds", "0", *draws])
    used = pd.read_csv(summary_files / "used.tsv", sep="\t").set_index("tissue")
    assert used.loc["all", "rows"].tolist() == [1, 1]
    assert used.loc["all", "gene_id"].tolist() == ["g1", "g2"]
    assert "2 simulated nulls whose z-scores contradict the LD" in capsys.readouterr().err
