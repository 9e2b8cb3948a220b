"""`fqtl learn-priors`: the sample, the table, and the fits that read it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fqtl
from fqtl.gene.sample import sample_of
from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.priors_table import table_rows
from fqtl.tables.files import read_parquet, read_tsv, write_tsv
from tests.cli.by_hand import BUILD, FIT, GENES, PREPARE, SHARD, complaint, run
from tests.files import write_bed


def learn(*shards, out="out/priors.tsv", more=()):
    paths = [f"out/shards/{number:04d}.parquet" for number in shards]
    return ["learn-priors", "--shards", *paths, *BUILD, *more, "--out", out]


def in_shards(count):
    return [str(count) if word == "1" else word for word in SHARD]


def test_the_table_is_the_same_whatever_the_shards_and_their_order(here):
    run(PREPARE, SHARD, learn(1))
    whole = Path("out/priors.tsv").read_bytes()
    run(in_shards(2), learn(2, 1))
    assert Path("out/priors.tsv").read_bytes() == whole
    table = read_tsv(Path("out/priors.tsv"), "priors")
    assert set(table["n_genes"]) == {2}
    assert table.loc[table["name"] == "n_tissues", "value"].item() == 1
    assert fqtl.read_priors("out/priors.tsv").specific_start > 0


def test_fits_and_permuted_fits_read_the_priors(here):
    once = [*FIT, "--permutations", "1"]
    run(PREPARE, SHARD, learn(1), once)
    table = read_tsv(Path("out/priors.tsv"), "priors")
    table.loc[table["name"].isin(["specific_start", "specific_share"]), "value"] = 1e-6
    table.loc[table["name"] == "specific_weight", "value"] = 1e4
    table.to_csv("out/none.tsv", sep="\t", index=False)

    def said(fits):
        rows = read_parquet(Path(fits), "fits")[0].to_pylist()
        return [
            [row["neg_log_null_prob"], *(one["neg_log_null_prob"] for one in row["permuted_fits"])]
            for row in rows
        ]

    usual = np.array(said("out/fits.parquet"))
    run([*once, "--priors", "out/none.tsv"])
    held_back = np.array(said("out/fits.parquet"))
    assert (held_back < usual).all()
    assert (held_back[:, 1] < 1e-3).all()  # permuted: as improbable as the priors say


def test_tissues_of_other_names_than_those_of_the_priors_are_told(here, capsys):
    run(PREPARE, SHARD)
    for tissues in (("liver", "Lung"), ("Liver", "Lung")):
        known = replace(default_priors(2), tissues=tissues, factor_log_odds=(-1.0, 1.0))
        write_tsv(Path("out/priors.tsv"), pd.DataFrame(table_rows(known, 9)), "priors")
        run([*FIT, "--priors", "out/priors.tsv"])
    said = [line for line in capsys.readouterr().err.splitlines() if "--priors" in line]
    assert len(said) == 1
    assert "how often each of 2 tissues has effects (liver, ...), and has none of the 1" in said[0]


def test_a_gene_that_cannot_be_fitted_is_told_and_teaches_nothing(here, capsys):
    rng = np.random.default_rng(1)
    genes = [*GENES, ("chr22", 9_000_000, "far")]
    donors = [f"d{i}" for i in range(60)]
    write_bed(here / "liver.bed", genes, rng.standard_normal((3, 60)), donors)
    run(PREPARE, SHARD, learn(1))
    assert set(read_tsv(Path("out/priors.tsv"), "priors")["n_genes"]) == {2}
    assert "priors learned from 2 of 3 genes" in capsys.readouterr().err


def test_a_sample_is_drawn_by_names_and_seed_alone():
    genes = [f"g{i}" for i in range(500)]
    drawn = sample_of(genes, 100, 1)
    assert drawn == sample_of(reversed(genes), 100, 1)
    assert len(set(drawn)) == 100
    assert sample_of(genes, 100, 2) != drawn
    assert sample_of(genes, 50, 1) == drawn[:50]
    more = sample_of([*genes, *(f"h{i}" for i in range(50))], 100, 1)
    assert len(set(more) & set(drawn)) > 80
    assert sorted(sample_of(genes[:3], 100, 1)) == genes[:3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (learn(1, more=["--genes", "0"]), "--genes must be at least 1, found 0."),
        ([*FIT, "--priors", "liver.txt"], "liver.txt: expected the columns name, tissue, value"),
        ([*FIT, "--priors", "nowhere.tsv"], "No such file: nowhere.tsv."),
    ],
)
def test_what_cannot_be_is_one_line(here, capsys, arguments, said):
    run(PREPARE, SHARD)
    assert said in complaint(capsys, arguments)
