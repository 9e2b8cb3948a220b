"""`fqtl weights` and `fqtl joint`: what is written for whom, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.tables.files import read_tsv, write_parquet
from fqtl.weights.focus import read_focus
from fqtl.weights.formats import FORMATS
from tests.weights.records import record, store


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Fits of two genes in Liver, one of which does not pass, and of one in Lung."""
    monkeypatch.chdir(tmp_path)
    dosages = np.array([[0.0, 1, 2, 1, 0, 2], [1.0, 0, 2, 2, 0, 1]])
    fits = store(
        record("g1", dosages, [0.3, -0.2]),
        record("weak", dosages, [0.1, 0.1], r2=0.001, p=0.4),
        record("g2", dosages, [0.0, 0.2], tissue="Lung"),
    )
    write_parquet(tmp_path / "fits.parquet", fits, "fits", genome_build="GRCh38", donors=6)
    return tmp_path


def run(*arguments):
    return main([*arguments, "--fits", "fits.parquet", "--folder", "w", "--out", "w/list.tsv"])


def test_every_format_is_written_and_listed(here):
    assert run("weights", "--tissue", "Liver", "--formats", *FORMATS) == 0
    listed = read_tsv(here / "w" / "list.tsv", "weights")
    assert listed[["set", "format", "genes", "filtered_out"]].values.tolist() == [
        *(["filtered", name, 1, 1] for name in FORMATS),
        ["unfiltered", "predictdb", 2, 0],
    ]
    assert all((here / "w" / path).exists() for path in listed["path"])


def test_nothing_stays_of_a_tissue_that_lost_its_genes(here):
    assert run("weights", "--tissue", "Liver", "--formats", *FORMATS) == 0
    assert run("weights", "--tissue", "Liver", "--formats", *FORMATS, "--min-cv-r", "0.9") == 0
    left = [path for path in (here / "w").rglob("*") if path.is_file()]
    unfiltered = here / "w" / "predictdb" / "unfiltered"
    assert {path for path in left if unfiltered not in path.parents} == {here / "w" / "list.tsv"}


def test_tissues_of_one_call_have_the_files_that_each_has_alone(here):
    for folder, calls in (("alone", [["Liver"], ["Lung"]]), ("together", [["Liver", "Lung"]])):
        for names in calls:
            lists = [f"{folder}/{name}.tsv" for name in names]
            flags = ["--fits", "fits.parquet", "--folder", folder, "--formats", *FORMATS]
            assert main(["weights", "--tissue", *names, *flags, "--out", *lists]) == 0
    alone, together = (
        {
            path.relative_to(here / folder): path.read_bytes()
            for path in (here / folder).rglob("*.*")
        }
        for folder in ("alone", "together")
    )
    assert len(alone) > 8
    assert alone == together


def test_tissues_and_their_lists_are_as_many(here, capsys):
    assert run("weights", "--tissue", "Liver", "Lung") == 2
    assert "--out: expected as many files as there are sets of weights (2), found 1" in (
        capsys.readouterr().err
    )
    assert not (here / "w").exists()


def test_factors_of_a_store_without_any(here):
    assert run("weights", "--factors") == 0
    listed = read_tsv(here / "w" / "list.tsv", "weights")
    assert listed[["tissue", "genes"]].values.tolist() == [["factors", 0], ["factors", 0]]


def test_all_tissues_together(here):
    formats = ["--formats", "predictdb", "focus"]
    assert run("joint", "--tissues", "Liver", "Lung", "Brain", *formats) == 0
    listed = read_tsv(here / "w" / "list.tsv", "weights")
    assert listed[["tissue", "set", "genes", "variants", "filtered_out"]].values.tolist() == [
        ["*", "joint", 3, 5, 0],
        ["*", "filtered", 2, 3, 1],
    ]
    sets = read_focus(here / "w" / "focus" / "all_tissues.db")
    assert [(some.name, list(some.genes["gene_id"])) for some in sets] == [
        ("Liver", ["g1"]),
        ("Lung", ["g2"]),
    ]
    pairs = pd.read_csv(here / "w" / "predictdb" / "joint_covariance.txt.gz", sep=" ")
    assert pairs.groupby("GENE").size().to_dict() == {"g1": 3, "g2": 1, "weak": 3}


def test_all_tissues_without_a_gene_have_no_db(here):
    formats = ["--formats", "focus"]
    assert run("joint", "--tissues", "Liver", *formats, "--min-cv-r", "0.9") == 0
    assert read_tsv(here / "w" / "list.tsv", "weights")["path"].tolist() == [""]
    assert not list((here / "w").rglob("*.db"))


def test_an_annotation_that_is_none_is_one_line(here, capsys):
    (here / "x.gtf").write_text("no annotation\n")
    assert run("weights", "--tissue", "Liver", "--annotation", "x.gtf") == 2
    assert "error: x.gtf: expected a GTF with lines of genes" in capsys.readouterr().err
    assert not (here / "w").exists()


def test_a_lookup_table_is_kept(here):
    (here / "lookup.txt").write_text("chr\tpos\tref\talt\trsid\n1\t5\tA\tG\trs7\n1\t6\tA\tG\t.\n")
    command = ["rsids", "--table", "lookup.txt", "--genome-build", "GRCh37", "--out", "r.parquet"]
    assert main(command) == 0
    assert pd.read_parquet(here / "r.parquet").values.tolist() == [["chr1", 5, "A", "G", "rs7"]]


def test_a_rate_that_few_permuted_fits_cannot_show_is_told(here, capsys):
    """Ten genes of one tissue, one with an effect, and a permuted fit of each."""
    dosages = np.array([[0.0, 1, 2, 1, 0, 2]])
    alone = [
        {
            **record(f"g{i}", dosages, [0.3], p=1e-4 if i == 0 else 0.5),
            "n_tissues": 1,
            "neg_log_null_prob": 20.0 if i == 0 else 0.2,
            "permuted_fits": [{"draw": 0, "neg_log_null_prob": 0.3}],
        }
        for i in range(10)
    ]
    write_parquet(here / "fits.parquet", store(*alone), "fits", genome_build="GRCh38", donors=6)
    assert run("weights", "--tissue", "Liver") == 0
    assert read_tsv(here / "w" / "list.tsv", "weights")["genes"].tolist() == [0, 10]
    told = capsys.readouterr().err
    assert "10 permuted fits of 10 genes of one tissue show no q below 0.91" in told
    assert "Set calibration.permutations to 20 or more" in told
    assert run("weights", "--tissue", "Liver", "--max-q", "1") == 0
    assert read_tsv(here / "w" / "list.tsv", "weights")["genes"].tolist() == [1, 10]
