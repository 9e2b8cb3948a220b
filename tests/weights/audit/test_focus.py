"""What is wrong in a FOCUS db is found, row by row."""

import sqlite3

import pytest

from fqtl.weights.audit.focus import audit_focus
from fqtl.weights.focus import write_focus
from tests.weights.audit.sound import sound_weights


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "focus.db"
    write_focus(path, [sound_weights()])
    return path


def damaged(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return [str(fault).removeprefix(str(path)) for fault in audit_focus(path)]


def test_what_we_write_is_sound(db):
    assert damaged(db) == []


W = "UPDATE weight SET"


FAULTS = [
    (f"{W} pos = 1.5 WHERE snp = 'rs1'", ", weight 2, rs1: pos is not a position (1.5)"),
    (
        "UPDATE molecularfeature SET tx_stop = 1e300 WHERE id = 2",
        ", molecularfeature 2: tx_start and tx_stop are",
    ),
    ("DROP TABLE refpanel", ": has no table refpanel"),
    ("DELETE FROM model", ", table model: is empty"),
    (
        "ALTER TABLE weight RENAME COLUMN effect TO w",
        ", table weight: columns are missing (eff",
    ),
    ("UPDATE model SET ref_id = 9 WHERE id = 2", ", model 2: ref_id is not in the table refp"),
    ("UPDATE model SET mol_id = 9 WHERE id = 2", ", model 2: mol_id is not in the table molec"),
    (
        f"{W} model_id = 9 WHERE id = 4",
        ", weight 4: model_id is not in the table model (9)",
    ),
    ("DELETE FROM weight WHERE model_id = 2", ", model 2: has no weights"),
    ("UPDATE model SET mol_id = 1", ", model 2: is there twice for a gene and tissue"),
    (
        "UPDATE molecularfeature SET ens_gene_id = 'ENSG1'",
        ", model 2: is there twice for a gene and tissue",
    ),
    (
        "UPDATE modelattribute SET model_id = 2 WHERE id = 1",
        ", modelattribute 2: is there twice for a model (cv.R2)",
    ),
    (
        "UPDATE molecularfeature SET chrom = 'chr1'",
        ", molecularfeature 1: chrom has chr (chr1)",
    ),
    (
        "UPDATE molecularfeature SET ens_gene_id = ''",
        ", molecularfeature 1: ens_gene_id is emp",
    ),
    (
        "UPDATE molecularfeature SET tx_start = 900",
        ", molecularfeature 1: tx_start and tx_stop",
    ),
    (f"{W} snp = '' WHERE id = 4", ", weight 4, : snp is empty"),
    (f"{W} effect = 'x' WHERE id = 4", ", weight 4, rs3: effect is not a number (x)"),
    (f"{W} effect = 7 WHERE id = 4", ", weight 4, rs3: effect is implausible"),
    (
        f"{W} effect_allele = 'A' WHERE id = 4",
        ", weight 4, rs3: both alleles are the same (A/A)",
    ),
    (f"{W} alt_allele = '-' WHERE id = 4", ", weight 4, rs3: alleles are not bases (-/G)"),
    (f"{W} snp = 'rs0' WHERE id = 2", ", weight 2, rs0: snp is there twice for a model"),
    (f"{W} effect = 0 WHERE model_id = 2", ", model 2: all weights are 0"),
    (f"{W} pos = 'x' WHERE id = 4", ", weight 4, rs3: pos is not a position (x)"),
    (f"{W} pos = 250000000 WHERE id = 4", ", weight 4, rs3: position is beyond the end of"),
    (f"{W} pos = 9000000 WHERE id = 4", ", weight 4, rs3: position is far from the gene: of"),
    (f"{W} chrom = '2' WHERE id = 4", ", weight 4, rs3: chromosome is not that of the gene (2"),
    (
        f"{W} snp = 'chr1_103_A_G_b37' WHERE id = 4",
        ", fqtl_build: genome build is not that of the variant ids (GRCh38 and GRCh37)",
    ),
    (
        "UPDATE modelattribute SET value = 'x' WHERE id = 2",
        ", modelattribute 2: value is not a number (x)",
    ),
    (
        "UPDATE modelattribute SET value = 5 WHERE id = 2",
        ", modelattribute 2: R² or p is not between 0 and 1 (cv.R2",
    ),
    (
        "UPDATE fqtl_build SET genome_build = 'hg99'",
        ", fqtl_build: no genome build has this na",
    ),
    ("DELETE FROM fqtl_build", ", table fqtl_build: does not hold one genome build (none)"),
    (
        "INSERT INTO fqtl_build VALUES ('GRCh37')",
        ": genome builds contradict each other (GRCh38",
    ),
    ("DROP TABLE fqtl_build", ": has no table fqtl_build (but fqtl_dosage)"),
    ("DROP TABLE fqtl_dosage", ": has no table fqtl_dosage (but fqtl_build)"),
    (
        "ALTER TABLE fqtl_dosage RENAME COLUMN sd TO x",
        ", table fqtl_dosage: columns are missing (sd)",
    ),
    (
        "DELETE FROM fqtl_dosage WHERE weight_id = 2",
        ", table fqtl_dosage: weights are not in it (1 of 6, the first 2)",
    ),
    (
        "INSERT INTO fqtl_dosage VALUES (99, 0.5)",
        ", fqtl_dosage, weight 99: weight is not in the table weight",
    ),
    *[
        (
            f"UPDATE fqtl_dosage SET sd = {value} WHERE weight_id = 2",
            ", fqtl_dosage, weight 2: is not the standard deviation of a dosage",
        )
        for value in ("0", "NULL", "'x'", "4")
    ],
    (f"{W} chrom = 'chr1' WHERE id = 4", ", weight 4, rs3: chrom has chr (chr1)"),
]


@pytest.mark.parametrize("statement, told", FAULTS)
def test_a_fault_is_found_with_its_place(db, statement, told):
    assert any(line.startswith(told) for line in damaged(db, statement))


def test_a_db_of_others_has_no_tables_of_ours(db):
    assert damaged(db, "DROP TABLE fqtl_build", "DROP TABLE fqtl_dosage") == []


def test_a_gene_without_a_model_is_remarked_on(db):
    told = damaged(db, "INSERT INTO molecularfeature SELECT 9, 'ENSG9', '', '', '', 1, 1, 2")
    assert told == [", molecularfeature 9: gene has no model (ENSG9) [remark]"]


def test_an_allele_that_is_null_is_one_fault(db):
    """Other programs' tables may allow NULL."""
    told = damaged(
        db,
        "CREATE TABLE other AS SELECT * FROM weight",
        "DROP TABLE weight",
        "ALTER TABLE other RENAME TO weight",
        "UPDATE weight SET effect_allele = NULL WHERE id = 2",
    )
    assert told == [", weight 2, rs1: alleles are not bases (A/)"]
