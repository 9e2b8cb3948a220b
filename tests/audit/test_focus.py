"""What is wrong in a FOCUS db is found, row by row."""

import sqlite3

import pytest

from fqtl.audit.focus import audit_focus
from fqtl.weights.focus import write_focus
from tests.audit.sound import sound_weights


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


@pytest.mark.parametrize(
    "statement, told",
    [
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
        (f"{W} chrom = 'chr1' WHERE id = 4", ", weight 4, rs3: chrom has chr (chr1)"),
    ],
)
def test_a_fault_is_found_with_its_place(db, statement, told):
    assert any(line.startswith(told) for line in damaged(db, statement))
