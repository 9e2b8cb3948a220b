import gzip

import numpy as np
import pytest

from fqtl.data.expression import gene_key, read_expression
from fqtl.errors import FqtlError

HEADER = "#chr\tstart\tend\tgene_id\td1\td2\n"
FOUR = HEADER + "chr1\t99\t100\tENSG01.2\t0.5\t-1\n2\t5\t6\tENSG02.1\tNA\t3\n"


def write(path, text, pack=False):
    path.write_bytes(gzip.compress(text.encode()) if pack else text.encode())
    return path


@pytest.mark.parametrize("pack", [False, True])
def test_the_tss_is_the_end_of_the_interval(tmp_path, pack):
    found = read_expression(write(tmp_path / "x.bed.gz", FOUR, pack))
    assert found.genes["tss"].tolist() == [100, 6]
    assert found.genes["chrom"].tolist() == ["chr1", "chr2"]
    assert found.donors == ["d1", "d2"]
    np.testing.assert_array_equal(found.values, [[0.5, -1], [np.nan, 3]])


def test_six_leading_columns_are_told_by_the_strand(tmp_path):
    text = "#Chr start end pid gid strand 1 2\nchr1 99 150 a . + 1 2\nchr1 99 150 b . - 3 4\n"
    found = read_expression(write(tmp_path / "x.bed", text))
    assert found.genes["tss"].tolist() == [100, 150]  # a strand decides where the gene has length
    assert found.donors == ["1", "2"]  # numeric names stay names
    assert found.values.tolist() == [[1, 2], [3, 4]]


def test_tabs_and_blanks_may_be_mixed(tmp_path):
    text = "#chr start end gene_id d1 d2\nchr1\t99\t100\ta\t1 2\n"
    assert read_expression(write(tmp_path / "x.bed", text)).values.tolist() == [[1, 2]]


def test_of_a_gene_listed_three_times_two_lines_are_left_out_and_counted(tmp_path):
    text = FOUR + 2 * "chr1\t99\t100\tENSG01.2\t7\t7\n"
    found = read_expression(write(tmp_path / "x.bed", text))
    assert found.genes["gene_id"].tolist() == ["ENSG01.2", "ENSG02.1"]
    assert found.values[0].tolist() == [0.5, -1]
    why = "a repeated line of a gene, whose first line was used"
    assert found.dropped == {"ENSG01.2 (line 4)": why, "ENSG01.2 (line 5)": why}


def test_a_quote_by_itself_swallows_no_gene(tmp_path):
    ids = ["g1", '"g2', "g3", "g4", 'g5"', "g6"]
    rows = "".join(f"chr1\t{i}\t{i + 1}\t{gene}\t1\t2\n" for i, gene in enumerate(ids))
    found = read_expression(write(tmp_path / "x.bed", HEADER + rows))
    assert found.genes["gene_id"].tolist() == ids
    assert found.dropped == {}


@pytest.mark.parametrize("between", ["\t", " "])
def test_quotes_around_a_whole_field_are_those_of_r(tmp_path, between):
    text = (
        '"#chr" "start" "end" "gene_id" "d1" "d2"\n"chr1" 99 100 "a" 0.5 "7"\n"1" 5 6 "b" "NA" 1\n'
    )
    found = read_expression(write(tmp_path / "x.bed", text.replace(" ", between)))
    assert found.donors == ["d1", "d2"]
    assert found.genes.values.tolist() == [["a", "chr1", 100], ["b", "chr1", 6]]
    np.testing.assert_array_equal(found.values, [[0.5, 7], [np.nan, 1]])


def test_a_mark_of_the_byte_order_is_no_part_of_the_header(tmp_path):
    found = read_expression(write(tmp_path / "x.bed", "\ufeff" + FOUR))
    assert found.genes["gene_id"].tolist() == ["ENSG01.2", "ENSG02.1"]


def test_a_row_of_decimal_commas_is_counted_as_such(tmp_path):
    text = FOUR + "chr1\t7\t8\tc\t0,5\t-1,5\nchr1\t7\t8\td\t0,5\t1\n"
    with pytest.raises(FqtlError) as fault:
        read_expression(write(tmp_path / "x.bed", text))
    assert str(fault.value).endswith(
        "line 4, column 'd1': expected a number, found '0,5' (such entries: 2 in this line, 3 in "
        "all). Are these decimal commas?"
    )


@pytest.mark.parametrize(
    ("gene_id", "key"),
    [
        ("ENSG00000123456.12", "ENSG00000123456"),
        ("ENSMUSG00000000001.4", "ENSMUSG00000000001"),
        ("ENSG00000182378.10_PAR_Y", "ENSG00000182378.10_PAR_Y"),
        ("BRCA1", "BRCA1"),
        ("gene.1", "gene.1"),
    ],
)
def test_only_the_version_of_an_ensembl_id_is_ignored(gene_id, key):
    assert gene_key(gene_id) == key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (HEADER, "has a header with 6 columns and no genes"),
        ("gene\td1\nx\t1\n", "expected a header that starts with #chr, start, end, gene_id"),
        (HEADER + "chr1\t99\t100\ta\t1\n", "line 2: expected 6 fields as in the header, found 5"),
        (
            HEADER + "chr1\t99\t100\ta\t1\t2\t3\n",
            "line 2: expected 6 fields as in the header, found 7",
        ),
        (HEADER + "chr1\t99\t100\ta\t1\tx\n", "line 2, column 'd2': expected a number, found 'x'"),
        (HEADER + "chr1\t99\t100\ta\t1\tinf\n", "line 2: expression must be finite, found inf for"),
        (FOUR + "chr1\t9\t10\ta\t1\t2\t3\n", "line 4: expected 6 fields as in the header, found 7"),
        (
            FOUR + "chr1\t9\t10\t\t1\t2\n",
            "line 4: expected a gene_id in the fourth column, found ''",
        ),
        (HEADER + "chr1\t100\t99\ta\t1\t2\n", "line 2: expected a start before the end, found 100"),
        (HEADER + "chr1\t-5\t99\ta\t1\t2\n", "line 2: -5 is no BED position"),
        (HEADER + "chr1\tNA\t100\ta\t1\t2\n", "line 2: nan is no BED position"),
        ("#chr\tstart\tend\tgene_id\td1\td1\nchr1\t1\t2\ta\t1\t2\n", "twice, among them 'd1'"),
        ("#chr\tstart\tend\tgene_id\nchr1\t1\t2\ta\n", "no samples"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, message):
    path = write(tmp_path / "x.bed", text)
    with pytest.raises(FqtlError) as fault:
        read_expression(path)
    assert message in str(fault.value)
    assert str(path) in str(fault.value)


def test_a_gzip_file_cut_short_is_refused(tmp_path):
    rows = "".join(f"chr1\t{i}\t{i + 1}\tg{i}\t{i / 7}\t{i / 3}\n" for i in range(5000))
    path = write(tmp_path / "x.bed.gz", HEADER + rows, pack=True)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(FqtlError, match="is not a whole gzip file"):
        read_expression(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FqtlError, match=r"No such file: .*absent\.bed"):
        read_expression(tmp_path / "absent.bed")


def test_a_blank_in_the_name_of_a_leading_column_takes_no_donor(tmp_path):
    path = tmp_path / "x.bed"
    path.write_text("#chr\tstart\tend\tgene id\tstrand\td1\td2\nchr1\t99\t200\tG1\t+\t0.5\t1.5\n")
    found = read_expression(path)
    assert found.donors == ["d1", "d2"]
    assert found.values.tolist() == [[0.5, 1.5]]
