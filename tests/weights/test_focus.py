"""A FOCUS db that no web service was asked for."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fqtl.errors import FqtlError
from fqtl.weights.focus import read_focus, write_focus
from fqtl.weights.from_fits import tissue_weights
from tests.weights.records import record, store

# as pyfocus.models declares them; what it adds to a query is by these names
COLUMNS = {
    "refpanel": ["id", "ref_name", "tissue", "assay"],
    "molecularfeature": [
        *["id", "ens_gene_id", "ens_tx_id", "mol_name", "type", "chrom", "tx_start", "tx_stop"]
    ],
    "model": ["id", "inference", "ref_id", "mol_id"],
    "weight": [
        *["id", "snp", "chrom", "pos", "effect_allele", "alt_allele", "effect", "std_error"],
        "model_id",
    ],
    "modelattribute": ["id", "attr_name", "value", "model_id"],
}


@pytest.fixture
def sets():
    """Two tissues, one with two genes, one of which was not cross-validated."""
    rng = np.random.default_rng(0)
    dosages = rng.integers(0, 3, (3, 50)).astype(float)
    fits = store(
        record("ENSG00000000001.4", dosages, [0.3, -0.2, 0.5], rsids=["rs1", "", "rs3"]),
        record("ENSG00000000002.1", dosages[:1], [0.1], r2=np.nan, p=np.nan),
        record("ENSG00000000003.1", dosages[1:], [0.2, 0.4], tissue="Lung"),
    )
    return [tissue_weights(fits, tissue, "GRCh38") for tissue in ("Liver", "Lung")]


def test_the_tables_are_those_that_focus_declares(sets, tmp_path):
    write_focus(tmp_path / "x.db", sets)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        for table, columns in COLUMNS.items():
            found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            assert found == columns
        panels = connection.execute("SELECT tissue FROM refpanel").fetchall()
        assert panels == [("Liver",), ("Lung",)]


def test_an_effect_is_per_standard_deviation_and_belongs_to_its_gene(sets, tmp_path):
    write_focus(tmp_path / "x.db", sets)
    query = """SELECT ens_gene_id, tissue, snp, weight.chrom, effect_allele, effect FROM weight
        JOIN model ON model.id = model_id JOIN molecularfeature ON molecularfeature.id = mol_id
        JOIN refpanel ON refpanel.id = ref_id ORDER BY weight.id"""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        found = connection.execute(query).fetchall()
        values = "SELECT attr_name, value FROM modelattribute WHERE model_id = 2"
        assert dict(connection.execute(values).fetchall()) == {"cv.R2": None, "cv.R2.pval": None}
    sd = sets[0].dosage_sd()
    assert found[0] == ("ENSG00000000001", "Liver", "rs1", "1", "G", pytest.approx(0.3 * sd[0]))
    genes = ["ENSG00000000001"] * 3 + ["ENSG00000000002"] + ["ENSG00000000003"] * 2
    assert [row[0] for row in found] == genes


def test_weights_per_allele_are_read_back(sets, tmp_path):
    write_focus(tmp_path / "x.db", iter(sets))
    for found, written in zip(read_focus(tmp_path / "x.db"), sets, strict=True):
        assert (found.name, found.genome_build) == (written.name, "GRCh38")
        told = ["gene_id", "variant_id", "rsid", "chrom", "pos", "effect_allele", "weight"]
        pd.testing.assert_frame_equal(
            found.variants[told], written.variants[told], rtol=1e-14, check_dtype=False
        )
        told = ["gene_id", "chrom", "start", "r2", "p"]
        pd.testing.assert_frame_equal(found.genes[told], written.genes[told], check_dtype=False)


def test_a_db_without_standard_deviations_is_refused(sets, tmp_path):
    write_focus(tmp_path / "x.db", sets)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("DROP TABLE fqtl_dosage")
    with pytest.raises(FqtlError, match="weights per allele need a reference panel"):
        read_focus(tmp_path / "x.db")
