"""Files for TIGAR: per copy of ALT, sorted, found by position."""

import numpy as np
import pandas as pd
import pysam
import pytest

from fqtl.errors import FqtlError
from fqtl.weights.from_fits import tissue_weights
from fqtl.weights.tigar import read_tigar, write_tigar
from tests.weights.records import record, store


@pytest.fixture
def weights():
    """Two genes whose variants interleave."""
    rng = np.random.default_rng(0)
    dosages = rng.integers(0, 3, (3, 50)).astype(float)
    fits = store(
        record("g1", dosages, [0.3, -0.2, 0.5], rsids=["rs1", "", "rs3"]),
        record("g2", dosages[:2], [0.1, 1 / 3]),
    )
    return tissue_weights(fits, "Liver", "GRCh38")


def test_the_table_is_what_tigar_reads(weights, tmp_path):
    path = write_tigar(tmp_path, weights)
    with pysam.TabixFile(str(path)) as table:
        lines = [line.split("\t") for line in table.fetch("1", 100, 101)]
        assert [(line[1], line[5]) for line in lines] == [("101", "g1"), ("101", "g2")]
    head = pysam.BGZFile(str(path)).readline().decode().split("\t")
    names = ["CHROM", "POS", "snpID", "REF", "ALT", "TargetID", "MAF", "p_HWE", "ES", "BUILD"]
    assert head == names
    table = pd.read_csv(path, sep="\t")
    assert table["POS"].is_monotonic_increasing
    first = table.iloc[0]
    assert (first["REF"], first["ALT"], first["ES"]) == ("A", "G", 0.3)
    assert (first["snpID"], first["BUILD"]) == ("1:100:A:G", "GRCh38")
    assert first["MAF"] == pytest.approx(weights.variants["frequency"][0])
    genes = pd.read_csv(tmp_path / "Liver.genes.txt", sep="\t")
    assert genes.iloc[0].tolist() == [1, 100, 100, "g1", "g1"]


def test_weights_are_read_back_as_they_were(weights, tmp_path):
    path = write_tigar(tmp_path, weights)
    found = read_tigar(path, tmp_path / "Liver.genes.txt")
    told = [name for name in weights.variants if name != "rsid"]  # for which there is no column
    pd.testing.assert_frame_equal(found.variants[told], weights.variants[told], rtol=1e-14)
    assert found.genes[["gene_id", "chrom", "start"]].equals(
        weights.genes[["gene_id", "chrom", "start"]]
    )
    assert (found.name, found.genome_build) == ("Liver", "GRCh38")


def test_ids_of_an_old_form_are_read_with_a_notice(weights, tmp_path, caplog):
    path = write_tigar(tmp_path, weights)
    table = pd.read_csv(path, sep="\t").drop(columns="BUILD")
    table["snpID"] = "chr1_" + table["POS"].astype(str) + "_A_G_b38"
    table.to_csv(tmp_path / "old.txt", sep="\t", index=False)
    found = read_tigar(tmp_path / "old.txt")
    assert "is of an old form (chr1_100_A_G_b38), by which TIGAR finds no variant" in caplog.text
    assert found.genome_build == "GRCh38"
    assert set(found.variants["variant_id"]) == set(weights.variants["variant_id"])


def test_the_files_of_tigars_own_training_are_read(tmp_path):
    (tmp_path / "w.txt").write_text(
        "CHROM\tPOS\tREF\tALT\tTargetID\tn_miss\tb\tbeta\tES\tgamma\tp_HWE\tMAF\n"
        "1\t12041\tA\tT\tENSG1.4\t0\t1e-05\t1e-06\t1.5e-06\t1\t0.28\t0.73\n"
    )
    found = read_tigar(tmp_path / "w.txt")
    row = found.variants.iloc[0]
    assert (row["chrom"], row["pos"], row["effect_allele"]) == ("chr1", 12041, "T")
    assert (row["weight"], row["frequency"], found.genome_build) == (1.5e-06, 0.73, "")


def test_another_table_is_refused(tmp_path):
    (tmp_path / "w.txt").write_text("CHROM\tPOS\tREF\tALT\n1\t1\tA\tG\n")
    with pytest.raises(FqtlError, match="TargetID, ES are missing"):
        read_tigar(tmp_path / "w.txt")
