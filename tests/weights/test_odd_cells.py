"""A reader refuses what it cannot use in one message that names the place."""

import gzip
import re
import sqlite3

import numpy as np
import pandas as pd
import pytest

from fqtl.errors import FqtlError
from fqtl.weights.audit.fusion import BUILD, SD
from fqtl.weights.covariance import read_covariance
from fqtl.weights.focus import read_focus, write_focus
from fqtl.weights.fusion import read_fusion, write_fusion
from fqtl.weights.predictdb import read_predictdb, write_predictdb
from fqtl.weights.rdata import dumps
from fqtl.weights.tigar import read_tigar, write_tigar
from tests.weights.audit.sound import sound_weights
from tests.weights.audit.test_fusion import objects, snps


def change(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def refused(read, path, expected):
    with pytest.raises(FqtlError, match=re.escape(expected)):
        read(path)


@pytest.mark.parametrize(
    "statement, expected",
    [
        (
            "UPDATE extra SET \"pred.perf.R2\" = 'abc' WHERE gene = 'ENSG2'",
            "extra, row 2, column 'pred.perf.R2': expected a number, found 'abc' (1 of 3 entries)",
        ),
        ("UPDATE extra SET pos = 'x'", "extra, row 1, column 'pos': expected a position"),
        (
            "UPDATE weights SET eff_allele = NULL WHERE rsid = 'rs1'",
            "weights, row 2, column 'eff_allele': expected text, found nothing (1 of 6 entries)",
        ),
        ("UPDATE weights SET gene = ''", "weights, row 1, column 'gene': expected text"),
        (
            "UPDATE weights SET varID = 'chr1_101_A_G_b37' WHERE rsid = 'rs1'",
            "found GRCh37 (1 of 6 ids, the first chr1_101_A_G_b37); GRCh38 (told by the file)",
        ),
        ("UPDATE construction SET value = 'hg99' WHERE key = 'genome_build'", "build 'hg99'"),
        ("UPDATE weights SET rsid = CAST(x'ff41' AS TEXT)", "cannot be read as a PredictDB"),
    ],
)
def test_an_odd_cell_of_a_predictdb_is_refused(tmp_path, statement, expected):
    path = write_predictdb(tmp_path, sound_weights(), {})
    change(path, statement)
    refused(read_predictdb, path, expected)


def test_what_a_predictdb_does_not_tell_is_unknown(tmp_path, recwarn):
    path = write_predictdb(tmp_path, sound_weights(), {"genome_build": "hg38"})
    change(
        path,
        "UPDATE sample_info SET n_samples = 'NA'",
        "UPDATE extra SET \"pred.perf.R2\" = 'NA', pos = 'NA'",
        "UPDATE weights SET varID = NULL",
    )
    found = read_predictdb(path)
    assert (found.n_samples, found.genome_build) == (0, "GRCh38")
    assert found.genes["r2"].isna().all()
    assert (found.variants["pos"] == 0).all()
    assert not recwarn.list


@pytest.mark.parametrize(
    "column, value, expected",
    [
        ("POS", "NA", "line 3, column 'POS': expected a position, found 'NA' (1 of 6 entries)"),
        ("TargetID", "", "line 3, column 'TargetID': expected text, found nothing"),
        ("snpID", "chr1_101_A_G_b37", "expected variants of one genome build"),
    ],
)
def test_an_odd_cell_of_tigar_is_refused(tmp_path, column, value, expected):
    path = write_tigar(tmp_path, sound_weights())
    table = pd.read_csv(path, sep="\t", dtype=str)
    table.loc[1, column] = value
    table.to_csv(path, sep="\t", index=False)
    refused(read_tigar, path, expected)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a\tb\n1\t2\n", "GeneStart, GeneEnd, TargetID, GeneName are missing"),
        (
            "GeneStart\tGeneEnd\tTargetID\tGeneName\nx\t2\tENSG1\tONE\n",
            "line 2, column 'GeneStart': expected a position, found 'x'",
        ),
    ],
)
def test_an_odd_list_of_genes_is_refused(tmp_path, text, expected):
    path = write_tigar(tmp_path, sound_weights())
    (tmp_path / "g.txt").write_text(text)
    refused(lambda path: read_tigar(path, tmp_path / "g.txt"), path, expected)


def test_a_gene_whose_place_is_not_listed_stands_at_its_first_variant(tmp_path):
    path = write_tigar(tmp_path, sound_weights())
    (tmp_path / "g.txt").write_text(
        "GeneStart\tGeneEnd\tTargetID\tGeneName\n7\t8\tENSG1\tONE\nNA\tNA\tENSG2\tTWO\n"
    )
    genes = read_tigar(path, tmp_path / "g.txt").genes.set_index("gene_id")
    assert list(genes.loc[["ENSG1", "ENSG2", "ENSG3"], "start"]) == [7, 103, 104]


@pytest.mark.parametrize(
    "column, value, expected",
    [
        ("P0", "NA", "line 4, column 'P0': expected a position, found 'NA' (1 of 3 entries)"),
        ("P1", "inf", "line 4, column 'P1': expected a position, found 'inf'"),
        ("ID", "", "line 4, column 'ID': expected text, found nothing"),
        ("ID", "ENSG1", "lists 1 of 3 genes again, the first ENSG1"),
        ("BUILD", "GRCh37", "expected variants of one genome build"),
    ],
)
def test_an_odd_cell_of_a_fusion_list_is_refused(tmp_path, column, value, expected):
    path = write_fusion(tmp_path, sound_weights())
    listed = pd.read_csv(path, sep="\t", dtype=str)
    listed.loc[2, column] = value
    listed.to_csv(path, sep="\t", index=False)
    refused(read_fusion, path, expected)


@pytest.mark.parametrize(
    "changed, expected",
    [
        ({SD: np.array([0.7])}, "has 1 entries, 1 of them above 0 and up to 2; expected 2"),
        ({SD: np.array([0.7, 0.0])}, "has 2 entries, 1 of them above 0 and up to 2; expected 2"),
        ({BUILD: "hg99"}, "is on the genome build 'hg99'"),
        ({BUILD: "GRCh37"}, "expected variants of one genome build"),
        ({SD: np.array([0.7, 9.0])}, "has 2 entries, 1 of them above 0 and up to 2; expected 2"),
        ({"N.tot": "x"}, "column 'N.tot': expected a number, found 'x'"),
        ({"snps": "x"}, "snps is not a table of the 6 columns of a .bim"),
        ({"snps": snps(V4=["104", "x"])}, "snps, row 2, column 'V4': expected a position"),
        ({"snps": snps(V5=["G", ""])}, "snps, row 2, column 'V5': expected text, found nothing"),
        ({"cv.performance": objects()["wgt.matrix"]}, "cv.performance has the rows rs4, rs5"),
    ],
)
def test_an_odd_object_of_a_fusion_file_is_refused(tmp_path, changed, expected):
    path = write_fusion(tmp_path, sound_weights())
    file = tmp_path / "Liver" / "ENSG3.wgt.RDat"
    file.write_bytes(gzip.compress(dumps(objects(**changed))))
    refused(read_fusion, path, expected)


def test_a_build_that_only_variant_ids_tell_is_known(tmp_path):
    ids = ["chr1_104_A_G_b38", "chr1_105_A_G_b38"]
    matrix = objects()["wgt.matrix"]
    changed = {
        BUILD: None,
        "snps": snps(V2=ids),
        "wgt.matrix": type(matrix)(matrix.values, ids, matrix.columns),
    }
    (tmp_path / "g.wgt.RDat").write_bytes(gzip.compress(dumps(objects(**changed))))
    (tmp_path / "a.pos").write_text("WGT\tID\tCHR\tP0\tP1\ng.wgt.RDat\tg\t1\t90\t200\n")
    found = read_fusion(tmp_path / "a.pos")
    assert found.genome_build == "GRCh38"
    assert list(found.variants["variant_id"]) == ids
    assert list(found.variants["rsid"]) == ["", ""]


@pytest.mark.parametrize(
    "statement, expected",
    [
        ("UPDATE fqtl_build SET genome_build = 'hg99'", "is on the genome build 'hg99'"),
        ("INSERT INTO fqtl_build VALUES ('GRCh37')", "expected variants of one genome build"),
        ("UPDATE weight SET snp = 'chr1_100_A_G_b37' WHERE id = 1", "(1 of 6 ids, the first chr1"),
        ("DELETE FROM fqtl_dosage WHERE weight_id = 2", "each of 6 weights, found 5"),
        ("UPDATE fqtl_dosage SET sd = 'x'", "each of 6 weights, found 0"),
        ("UPDATE fqtl_dosage SET sd = 9 WHERE weight_id = 2", "each of 6 weights, found 5"),
        ("ALTER TABLE fqtl_dosage RENAME COLUMN sd TO x", "cannot be read as a FOCUS db"),
        ("UPDATE weight SET pos = 'x' WHERE id = 2", "weight 2, column 'pos': expected a position"),
        ("UPDATE molecularfeature SET tx_start = 'x'", "column 'tx_start': expected a position"),
        (
            "UPDATE molecularfeature SET ens_gene_id = '' WHERE id = 2",
            "model 2, column 'ens_gene_id'",
        ),
        ("UPDATE modelattribute SET value = 'x'", "model 1, column 'r2': expected a number"),
    ],
)
def test_an_odd_cell_of_focus_is_refused(tmp_path, statement, expected):
    path = tmp_path / "f.db"
    write_focus(path, [sound_weights()])
    change(path, statement)
    refused(read_focus, path, expected)


@pytest.mark.parametrize("value", ["NULL", "'x'", "1e308"])
def test_keys_of_any_type_are_joined_or_point_to_nothing(tmp_path, value, recwarn):
    path = tmp_path / "f.db"
    write_focus(path, [sound_weights()])
    change(
        path,
        "CREATE TABLE other AS SELECT * FROM model",
        "DROP TABLE model",
        "ALTER TABLE other RENAME TO model",
        f"UPDATE model SET id = {value} WHERE id = 2",
    )
    assert list(read_focus(path)[0].genes["gene_id"]) == ["ENSG1", "ENSG3"]
    assert not recwarn.list


def test_a_focus_db_without_a_build_is_on_none(tmp_path):
    path = tmp_path / "f.db"
    write_focus(path, [sound_weights()])
    change(path, "DROP TABLE fqtl_build")
    assert read_focus(path)[0].genome_build == ""


def test_odd_lines_of_covariances_are_refused(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("GENE RSID1 RSID2 VALUE\ng a a 0.5\ng a b x\n")
    refused(read_covariance, path, "line 3, column 'VALUE': expected a number, found 'x'")
    path.write_text("GENE RSID1 RSID2 VALUE\ng a a 0.5 7\n")
    refused(read_covariance, path, "a line has 5 fields; expected the 4 of the header")
