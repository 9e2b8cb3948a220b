"""What would make the result of a conversion wrong is refused, and what it mends goes on."""

import gzip
from pathlib import Path

import pytest

from fqtl.weights.audit import fusion as fusion_audit
from fqtl.weights.audit.acceptance import HARMLESS
from fqtl.weights.predictdb import predictdb_files
from tests.cli.conversions import convert, damage, refusal, write_panel, written


@pytest.fixture
def panel(tmp_path):
    return write_panel(tmp_path)


def rewrite(path, change):
    """The lines of a gzipped file, changed."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in change(lines)).encode()))


@pytest.mark.parametrize(
    "statement, told",
    [
        ("UPDATE weights SET eff_allele = 'T' WHERE rsid = 'rs1'", "are not those of the varID"),
        ("UPDATE weights SET rsid = 'rs1' WHERE rsid = 'rs0'", "rsid is listed twice for a gene"),
        ("INSERT INTO weights SELECT * FROM weights", "rsid is listed twice for a gene"),
        ("UPDATE weights SET gene = '' WHERE gene = 'ENSG2'", "gene is NULL or empty"),
        ("DELETE FROM extra WHERE gene = 'ENSG2'", "gene is not in the table extra"),
        ("UPDATE construction SET value = 'GRCh37' WHERE key = 'genome_build'", "not that of the"),
        ('UPDATE extra SET "pred.perf.R2" = 7', "pred.perf.R2 is not between 0 and 1"),
    ],
)
def test_what_would_make_the_result_wrong_is_refused_in_the_words_of_the_audit(
    tmp_path, capsys, statement, told
):
    path = written(tmp_path, "predictdb")
    damage(path, statement)
    said = refusal(capsys, path, "tigar", tmp_path)
    assert said.startswith(f"error: {path}, ")
    assert told in said
    assert f"`fqtl check weights {path}`" in said


CORRELATIONS = "every variance is 1: correlations, where covariances belong"
INDEFINITE = "covariance is not positive semi-definite"


def as_correlations(lines):
    words = [line.split() for line in lines[1:]]
    return [lines[0], *(" ".join([*w[:3], "1" if w[1] == w[2] else "0.1"]) for w in words)]


def as_indefinite(lines):
    words = [line.split() for line in lines[1:]]
    return [lines[0], *(" ".join([*w[:3], w[3] if w[1] == w[2] else "-0.9"]) for w in words)]


@pytest.mark.parametrize(
    "change, told", [(as_correlations, CORRELATIONS), (as_indefinite, INDEFINITE)]
)
def test_covariances_that_are_none_are_refused_where_they_are_read(
    tmp_path, capsys, panel, change, told
):
    path = written(tmp_path, "predictdb")
    by_varid = predictdb_files(path.parent, "Liver")[2]
    rewrite(by_varid, change)
    said = refusal(capsys, path, "fusion", tmp_path)
    assert f"{by_varid}" in said
    assert told in said
    # a panel takes their place, TIGAR has none, and of the two files one is read
    for more in (["fusion", tmp_path / "1", *panel], ["tigar", tmp_path / "2"]):
        assert convert(path, *more) == 0
        assert f"{told}" in capsys.readouterr().err
    by_varid.unlink()
    assert convert(path, "fusion", tmp_path / "3") == 0


def test_what_the_conversion_mends_is_told_and_goes_on(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    damage(path, 'UPDATE extra SET "n.snps.in.model" = 9, "pred.perf.R2" = NULL')
    assert convert(path, "tigar", tmp_path) == 0
    said = capsys.readouterr().err
    assert "ENSG1: n.snps.in.model is not the number of weights" in said
    assert "[remark] and 2 more such" in said
    assert "no gene has a cross-validated R²" in said


def test_harmless_faults_are_named_as_the_audits_name_them():
    """A sort that is worded anew would be refused, and no test of an audit would see it."""
    source = "".join(path.read_text() for path in Path(fusion_audit.__file__).parent.glob("*.py"))
    assert [sort for sort in HARMLESS if f'"{sort}"' not in source] == []
