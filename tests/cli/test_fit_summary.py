"""`fqtl fit-summary`: from files of z-scores and a panel to the store of fits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.priors_table import table_rows
from fqtl.tables.files import read_parquet, write_tsv
from fqtl.tables.fits import explode
from tests.cli.by_hand import BUILD, complaint, run
from tests.files import vcf_records, write_vcf
from tests.model.summary.conftest import dosages, z_scores

RUN = [
    *["fit-summary", "--summary", "sheet.tsv", "--genes", "genes.bed", *BUILD],
    *["--used", "used.tsv", "--out", "fits.parquet", "--folds", "2"],
]
ACTS = 30


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A panel of 120 people, and two tissues of 200 others in whom a variant acts on g1."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    both = dosages(rng, 320, 80)
    panel, x = both[:120], both[120:]
    pos = np.arange(5000, 5080)
    write_vcf(
        tmp_path / "g.vcf.gz", vcf_records(panel.T, pos), [f"d{i}" for i in range(len(panel))]
    )
    ids = pd.read_csv(tmp_path / "g.vcf.gz", sep="\t", comment="#", header=None)
    names = [f"chr22_{p}_{ref}_{alt}_b37" for p, ref, alt in zip(pos, ids[3], ids[4], strict=True)]
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    for tissue in ("Liver", "Lung"):
        y = np.column_stack([0.6 * standard[:, ACTS], np.zeros(200)])
        z, _ = z_scores(y + 0.8 * rng.standard_normal(y.shape), x)
        pd.DataFrame(
            {
                "phenotype_id": np.repeat(["g1", "g2"], 80),
                "variant_id": [*names, *names],
                "pval_nominal": 0.5,
                "slope": z.T.ravel() * 0.05,
                "slope_se": 0.05,
            }
        ).to_csv(f"{tissue}.txt", sep="\t", index=False)
    (tmp_path / "sheet.tsv").write_text(
        "tissue\tfile\tn\nLiver\tLiver.txt\t200\nLung\tLung.txt\t200\n"
    )
    (tmp_path / "genes.bed").write_text(
        "#chr\tstart\tend\tgene_id\nchr22\t4999\t5000\tg1\nchr22\t5039\t5040\tg2\n"
        "chr22\t9000000\t9000001\tg3\n"
    )
    return tmp_path


def test_fits_of_summary_statistics_are_stored_as_those_of_individual_data(files):
    run(RUN)
    fits, about = read_parquet(files / "fits.parquet", "fits")
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
    assert 5000 + ACTS in sets["pos"].tolist()
    used = pd.read_csv(files / "used.tsv", sep="\t")
    assert used.groupby("gene_id")["rows"].sum().to_dict() == {"g1": 160, "g2": 160}
    assert set(used["what"]) == {"used"}


def test_priors_of_a_release_are_read(files):
    """A tissue is told less of where all genes say that none acts."""
    run([*RUN, "--folds", "0"])
    alone = explode(read_parquet(files / "fits.parquet", "fits")[0], "prediction")
    unlikely = replace(default_priors(2), specific_start=1e-6, specific_share=1e-6)
    rows = table_rows(replace(unlikely, specific_weight=1e6), 500)
    write_tsv(files / "priors.tsv", pd.DataFrame(rows), "priors")
    run([*RUN, "--folds", "0", "--priors", "priors.tsv"])
    held = explode(read_parquet(files / "fits.parquet", "fits")[0], "prediction")
    null = alone["gene_id"] == "g2"
    assert (held["pip"][null] < 0.5 * alone["pip"][null]).all()


def test_weights_are_written_from_fits_of_summary_statistics(files):
    run(RUN)
    run(
        [
            *["weights", "--fits", "fits.parquet", "--tissue", "Liver", "--formats", "predictdb"],
            *["--folder", "weights", "--out", "weights.tsv"],
        ]
    )
    assert (files / "weights/predictdb/Liver.db").exists()


def test_noise_correlation_comes_as_a_table(files):
    table = pd.DataFrame([[1, 0.2], [0.2, 1]], index=["Liver", "Lung"], columns=["Liver", "Lung"])
    table.to_csv(files / "noise.tsv", sep="\t")
    run([*RUN, "--folds", "0", "--noise-correlation", "noise.tsv"])
    table.iloc[:1].to_csv(files / "noise.tsv", sep="\t")
    (files / "fits.parquet").unlink()
    assert main([*RUN, "--noise-correlation", "noise.tsv"]) == 2


def test_what_is_missing_is_said_in_one_line(files, capsys):
    sheet = files / "sheet.tsv"
    sheet.write_text("tissue\tfile\tn\nLiver\tLiver.txt\t\n")
    assert "how many people" in complaint(capsys, RUN)
    sheet.write_text("tissue\tfile\tn\nLiver\tnone.txt\t200\n")
    assert "No such file: none.txt" in complaint(capsys, RUN)
    (files / "genes.bed").write_text("gene\tplace\ng1\t5\n")
    assert "#chr, start, end, gene_id" in complaint(capsys, RUN)


def test_files_of_another_build_are_refused_and_nothing_is_written(files, capsys):
    """Places are others, and ids are no rs numbers: no row is of a variant of the panel."""
    lung = (files / "Lung.txt").read_text()
    (files / "Lung.txt").write_text(lung.replace("chr22_50", "chr22_950"))
    told = complaint(capsys, RUN)
    assert "Lung.txt: none of 160 rows" in told
    assert "22:95000" in told
    assert "one genome build?" in told
    assert not (files / "fits.parquet").exists()
    assert not (files / "used.tsv").exists()
