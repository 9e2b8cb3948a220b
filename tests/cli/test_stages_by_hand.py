"""The stages of a run by hand, one command after the other, from BEDs and from counts."""

import json

import numpy as np
import pytest

from fqtl.cli import main
from fqtl.gene.sample import has_baseline
from fqtl.prepare.expression_store import read_prepared
from fqtl.shards.shard_file import read_shard
from fqtl.tables.files import FORMAT_VERSION, read_parquet, read_tsv
from tests.cli.by_hand import (
    BLOOD,
    CHECK,
    DONORS,
    FIT,
    PREPARE,
    SHARD,
    SPLIT,
    complaint,
    run,
    write_release,
)
from tests.files import write_bed, write_covariates


def test_the_whole_road_by_hand(here, capsys):
    run(CHECK, PREPARE, SHARD, [*FIT, "--folds", "3"])
    found = json.loads((here / "out" / "check.json").read_text())
    assert found["tissues"][0]["donors_with_genotypes"] == 60
    fits, about = read_parquet(here / "out" / "fits.parquet", "fits")
    assert fits["status"].to_pylist() == ["fitted", "fitted"]
    assert about == {
        "kind": "fits",
        "version": FORMAT_VERSION,
        "genome_build": "GRCh37",
        "donors": 60,
        "exceedances": 5,
    }
    prediction = fits["prediction"].to_pylist()
    assert prediction[0][0]["r2"] > 0.7
    assert "error" not in capsys.readouterr().err


def test_the_road_from_the_counts_of_a_release(here):
    write_release(here)
    run([*SPLIT, "--tissues", "Whole_Blood", "Brain_Cortex"])
    run([*BLOOD, "--scale", "log_cpm", "--components", "auto"])
    found = read_prepared(here / "out" / "Whole_Blood.parquet")
    assert found.donors == [f"GTEX-{i:04d}" for i in range(45)]
    assert found.genes.loc[found.genes["reason"] != "", "gene_id"].tolist() == ["g4"]
    assert found.genes["tss"].tolist()[:2] == [5000, 7002]
    shard = [word.replace("Liver", "Whole_Blood") for word in SHARD]
    run(shard, [*FIT, "--folds", "3"])
    fits = read_parquet(here / "out" / "fits.parquet", "fits")[0].to_pylist()
    assert fits[0]["prediction"][0]["r2"] > 0.5


def test_counts_as_they_are_go_to_shards_with_the_sizes_of_their_libraries(here):
    write_release(here)
    run([*SPLIT, "--tissues", "Whole_Blood"], [*BLOOD, "--scale", "counts"])
    run([word.replace("Liver", "Whole_Blood") for word in SHARD])
    genes, donors = read_shard(here / "out" / "shards" / "0001.parquet")
    assert len(genes) == 28
    assert np.nanmax(genes[0].y) > 20
    assert genes[0].offset.shape == (len(donors), 1)
    assert np.ptp(genes[0].offset) > 0.5


def test_genes_are_regressed_on_controls_of_other_chromosomes(here, capsys):
    rng = np.random.default_rng(8)
    batch = rng.standard_normal(60)
    genes = [("chr22", 5000, "g1"), *((f"chr{i}", 5000, f"h{i}") for i in range(1, 8))]
    values = 2 * batch + rng.standard_normal((8, 60))
    write_bed(here / "liver.bed", genes, values, DONORS)
    run([*PREPARE, "--controls", "5"])
    assert "0.6 controls per gene" in capsys.readouterr().err  # chr22 alone has genotypes
    table = read_parquet(here / "out" / "Liver.parquet", "prepared")[0].to_pylist()
    assert abs(np.corrcoef(table[0]["values"], batch)[0, 1]) < 0.4
    assert abs(np.corrcoef(table[1]["values"], batch)[0, 1]) > 0.7


def test_covariates_of_donors_are_regressed_out_of_every_tissue(here, capsys):
    rng = np.random.default_rng(9)
    write_covariates(here / "donors.txt", {"age": list(rng.standard_normal(58))}, DONORS[:58])
    run([*PREPARE, "--donor-covariates", "donors.txt"])
    found = read_prepared(here / "out" / "Liver.parquet")
    assert found.about["covariates"] == 2
    assert found.about["donors_without"]["covariates"] == 2
    assert list(found.about["quality"]["explained"]) == ["PC1", "age"]
    write_covariates(here / "donors.txt", {"PC1": list(range(60))}, DONORS)
    said = complaint(capsys, [*PREPARE, "--donor-covariates", "donors.txt"])
    assert "The covariate 'PC1' is both among those of the tissue and among those of all" in said


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            [*SPLIT, "--tissues", "Liver"],
            "No sample of Liver among 90 in reads.gct; tissues there: ",
        ),
        ([*PREPARE, "--scale", "log_cpm"], "of normalised values must be one of as_given, inverse"),
        ([*PREPARE, "--components", "some"], "expected auto or a whole number, found some"),
    ],
)
def test_what_cannot_be_prepared_is_refused(here, capsys, command, message):
    write_release(here)
    if "some" in command:
        with pytest.raises(SystemExit):
            main(command)
        assert message in capsys.readouterr().err
    else:
        assert message in complaint(capsys, command)


def test_a_gene_that_an_elastic_net_is_fitted_to_has_few_others_in_its_shard(here):
    write_release(here)
    run([*SPLIT, "--tissues", "Whole_Blood"], [*BLOOD, "--scale", "log_cpm"])
    names = [f"g{i}" for i in range(1, 30)]
    share = next(s for s in np.arange(0.01, 1, 0.01) if any(has_baseline(g, s) for g in names))
    shard = [word.replace("Liver", "Whole_Blood") for word in SHARD]
    shard[shard.index("--count") + 1] = "2"
    run([*shard, "--baseline", str(share)])
    genes = read_tsv(here / "out" / "shards.tsv", "shards")
    (compared,) = genes.loc[genes["gene_id"].map(lambda g: has_baseline(g, share)), "shard"]
    plan = read_tsv(here / "out" / "plan.tsv", "plan").set_index("shard")
    # a net takes 200 fits, a gene without one 15: with it 7 genes, 21 without, give or take one
    assert 6 <= plan.loc[compared, "n_genes"] <= 8
    assert plan["n_genes"].sum() == 28
