"""What is wrong in a PredictDB is found, each fault with its place."""

import sqlite3

import pytest

from fqtl.weights.audit.predictdb import audit_predictdb
from fqtl.weights.predictdb import write_predictdb
from tests.weights.audit.sound import sound_weights


@pytest.fixture
def db(tmp_path):
    return write_predictdb(tmp_path, sound_weights(), {})


def damaged(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return [str(fault).removeprefix(f"{path}, ") for fault in audit_predictdb(path)]


def test_a_db_of_ours_is_sound(db):
    assert damaged(db) == []


W, E = "UPDATE weights SET", "UPDATE extra SET"
SECOND = "WHERE rsid = 'rs1'"


FAULTS = [
    (f"{W} rsid = NULL {SECOND}", "weights, row 2, ENSG1 : rsid is NULL or empty"),
    (f"{W} rsid = 'NA' {SECOND}", "weights, row 2, ENSG1 NA: rsid is NULL or empty"),
    (f"{W} gene = NULL {SECOND}", "weights, row 2,  rs1: gene is NULL"),
    (f"{W} varID = NULL {SECOND}", "weights, row 2, ENSG1 rs1: varID is NULL"),
    (f"{W} weight = NULL {SECOND}", "weights, row 2, ENSG1 rs1: weight is not a number"),
    (f"{W} weight = 'x' {SECOND}", "weights, row 2, ENSG1 rs1: weight is not a number (x)"),
    (f"{W} weight = 9e999 {SECOND}", "weights, row 2, ENSG1 rs1: weight is not a number (inf)"),
    (f"{W} eff_allele = '<DEL>' {SECOND}", "ENSG1 rs1: alleles are not bases (A/<DEL>)"),
    (f"{W} eff_allele = 'A' {SECOND}", "ENSG1 rs1: both alleles are the same (A/A)"),
    (f"{W} eff_allele = 'C' {SECOND}", "ENSG1 rs1: alleles are not those of the varID"),
    (f"{W} rsid = 'rs0' {SECOND}", "weights, row 2, ENSG1 rs0: rsid is listed twice"),
    (
        f"{W} varID = 'chr1_100_A_G_b38' {SECOND}",
        "ENSG1 rs1: varID is listed twice for a gene (chr1_100_A_G_b38)",
    ),
    (
        f"{W} varID = 'chr1_101_A_G_b37' {SECOND}",
        "several genome builds (1 on GRCh37, the first chr1_101_A_G_b37; 5 on GRCh38, the",
    ),
    (
        "UPDATE construction SET value = 'GRCh37' WHERE key = 'genome_build'",
        "construction, genome_build: genome build is not that of the variant ids (GRCh37 and",
    ),
    (
        "UPDATE construction SET value = 'hg99' WHERE key = 'genome_build'",
        "construction, genome_build: no genome build has this name (hg99)",
    ),
    (
        f"{W} varID = 'chr1_248956423_A_G_b38' {SECOND}",
        "ENSG1 rs1: position is beyond the end of the chromosome (1:248956423)",
    ),
    (f"{W} weight = 0 WHERE gene = 'ENSG2'", "weights, gene ENSG2: all weights are 0"),
    (f"{E} gene = '' WHERE gene = 'ENSG2'", "extra, gene : gene is NULL or empty"),
    (f"{E} cv_R2_avg = 'abc' WHERE gene = 'ENSG2'", "ENSG2: cv_R2_avg is not a number (abc)"),
    (f"{E} chr = '2' WHERE gene = 'ENSG2'", "gene ENSG2: chr is not that of the variants (2"),
    (f"{E} pos = 1.5 WHERE gene = 'ENSG2'", "ENSG2: pos is not a position (1.5)"),
    (f"{E} cv_R2_avg = 9e999 WHERE gene = 'ENSG2'", "ENSG2: cv_R2_avg is not a number (inf)"),
    (f"{W} weight = 1e20 {SECOND}", "rs1: weight is implausible per copy of an allele (1e+20)"),
    ("DELETE FROM weights", "table weights: is empty"),
    ("DELETE FROM extra", "table extra: is empty"),
    ("DROP TABLE extra", "has no table extra"),
    ("ALTER TABLE weights RENAME COLUMN eff_allele TO allele", "columns are missing (eff_al"),
    ('ALTER TABLE extra RENAME COLUMN "pred.perf.pval" TO p', "are missing (pred.perf.pval)"),
    ("UPDATE extra SET \"pred.perf.R2\" = 1.5 WHERE gene = 'ENSG2'", "R2 is not between 0 and"),
    ('UPDATE extra SET "pred.perf.pval" = -1', "extra, gene ENSG3: pred.perf.pval is not be"),
    ('UPDATE extra SET "n.snps.in.model" = 7', "number of weights (7 said, 1 there)"),
    ("DELETE FROM extra WHERE gene = 'ENSG2'", "weights, gene ENSG2: gene is not in the table"),
    ("DELETE FROM weights WHERE gene = 'ENSG2'", "extra, gene ENSG2: gene has no weights"),
    ("ALTER TABLE extra ADD COLUMN phi DOUBLE", "extra, gene ENSG1: phi is NULL"),
]


@pytest.mark.parametrize("statement, told", FAULTS)
def test_a_fault_is_found_with_its_place(db, statement, told):
    assert any(told in line for line in damaged(db, statement))


@pytest.mark.parametrize(
    "cell", ["rsid = NULL", "eff_allele = NULL", "gene = ''", "weight = 9e999", "rsid = x'ff00'"]
)
def test_an_odd_cell_is_told_and_nothing_else_is_said(db, cell, recwarn):
    assert damaged(db, f"{W} {cell} {SECOND}")
    assert not recwarn.list


def test_infinite_weights_of_a_gene_are_told_once_each(db, recwarn):
    told = damaged(db, f"{W} weight = 9e999 WHERE gene = 'ENSG3'")
    assert told == [
        f"weights, row {row}, ENSG3 rs{row - 1}: weight is not a number (inf)" for row in (5, 6)
    ]
    assert not recwarn.list


def test_the_length_of_a_chromosome_is_that_of_the_build(db):
    """Chromosome 1 ends at 249,250,621 on GRCh37, and before that on GRCh38."""
    told = damaged(
        db,
        f"{W} varID = replace(varID, '_b38', '_b37')",
        f"{W} varID = 'chr1_249250621_A_G_b37' {SECOND}",
        "UPDATE construction SET value = 'hg19' WHERE key = 'genome_build'",
    )
    assert not any("genome" in line or "beyond" in line for line in told)


def test_a_gene_that_is_listed_twice_is_told(db):
    told = damaged(
        db,
        "CREATE TABLE other AS SELECT * FROM extra",
        "INSERT INTO other SELECT * FROM extra LIMIT 1",
        "DROP TABLE extra",
        "ALTER TABLE other RENAME TO extra",
    )
    assert "extra, gene ENSG1: gene is listed twice: its results will be, too" in told


@pytest.mark.parametrize(
    "statement, told",
    [
        ("DROP INDEX weights_rsid; DROP INDEX weights_rsid_gene", "weights: table has no index"),
        ("ALTER TABLE weights DROP COLUMN varID", "weights have no varID"),
        ("ALTER TABLE extra DROP COLUMN gene_type", "extra has no gene_type"),
        (f'{E} "pred.perf.R2" = NULL', "no gene has a cross-validated R²"),
        ("DROP TABLE sample_info", "no table says how many samples there were"),
        ("UPDATE sample_info SET n_samples = 'NA'", "n_samples: is not a number of samples (NA)"),
    ],
)
def test_a_remark_is_no_fault(db, statement, told):
    lines = damaged(db, *statement.split("; "))
    assert any(told in line for line in lines)
    assert all(line.endswith("[remark]") for line in lines)


@pytest.mark.parametrize("word", ["NULL", "'NA'", "''", "'nan'"])
def test_what_is_not_known_may_be_told_by_any_word_for_it(db, word):
    columns = ("pred.perf.R2", "pred.perf.pval", "pred.perf.qval", "cv_R2_avg", "n.snps.in.model")
    lines = damaged(db, *(f'{E} "{name}" = {word}' for name in columns))
    assert lines == [f"{db}: no gene has a cross-validated R² [remark]"]


def by_varid_alone(db):
    """As GTEx v8 is published: the file of covariances beside a db goes by varID."""
    (db.parent / "varid" / "Liver.txt.gz").replace(db.with_suffix(".txt.gz"))


def test_covariances_beside_a_db_may_go_by_varid(db):
    by_varid_alone(db)
    told = "covariances go by varID: S-PrediXcan needs --model_db_snp_key varID"
    assert damaged(db) == [f"{db}: {told} [remark]"]
    lines = damaged(db, f"{W} rsid = NULL {SECOND}", f"{W} rsid = 'rs4' WHERE rsid = 'rs5'")
    assert len(lines) == 3
    assert all(line.endswith("[remark]") for line in lines)
    lines = damaged(db, f"{W} varID = 'chr1_101_A_G_b38x' WHERE varID = 'chr1_101_A_G_b38'")
    assert any("gene ENSG1: variants of the model are not in it (1 of 3" in line for line in lines)


def test_palindromes_are_remarked_on(db):
    (db.parent / "varid" / "Liver.txt.gz").unlink()
    told = damaged(db, f"{W} eff_allele = 'T', varID = 'chr1_101_A_T_b38' {SECOND}")
    (line,) = told
    assert "palindromic variants and indels" in line
    assert line.endswith("(1 and 0) [remark]")


def test_covariances_beside_a_db_are_held_against_it(db):
    told = damaged(db, "UPDATE weights SET rsid = 'rs9' WHERE rsid = 'rs1'")
    beside = db.with_suffix(".txt.gz")
    assert (
        f"{beside}, gene ENSG1: variants of the model are not in it (1 of 3, the first rs9)" in told
    )
    beside.unlink()
    (db.parent / "varid" / beside.name).unlink()
    assert damaged(db) == [f"{db}: has no covariances beside it (Liver.txt.gz) [remark]"]


def test_weights_that_predict_more_than_there_is_are_told(db):
    told = damaged(db, "UPDATE weights SET weight = 30 * weight WHERE gene = 'ENSG3'")
    assert any("gene ENSG3: predicted expression varies more" in line for line in told)


def test_a_file_that_is_no_db_or_a_damaged_one_is_told(tmp_path, db):
    (tmp_path / "x.db").write_text("gene\tweight\n")
    (fault,) = audit_predictdb(tmp_path / "x.db")
    assert "is not an SQLite file" in str(fault)
    data = db.read_bytes()
    db.write_bytes(data[: len(data) // 2])
    (fault,) = audit_predictdb(db)
    assert "file is damaged" in str(fault) or "is not an SQLite file" in str(fault)
