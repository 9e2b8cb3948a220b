import numpy as np
import pytest

from fqtl.data.covariates import read_covariates
from fqtl.errors import FqtlError
from tests.files import write_covariates

DONORS = ["d1", "d2", "d3"]


def test_rows_are_covariates_and_columns_donors(tmp_path):
    path = write_covariates(tmp_path / "c.txt", {"PC1": [0.5, 1, 2], "age": [3, 4, 5]}, DONORS)
    found = read_covariates(path)
    assert found.names == ["PC1", "age"]
    assert found.donors == DONORS
    np.testing.assert_array_equal(found.values, [[0.5, 3], [1, 4], [2, 5]])


def test_words_become_a_column_for_each_level_but_the_first(tmp_path):
    path = write_covariates(tmp_path / "c.txt", {"site": ["b", "a", "c"]}, DONORS)
    found = read_covariates(path)
    assert found.names == ["site=b", "site=c"]
    assert found.values.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_blanks_in_the_header_and_tabs_below_are_read(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("id d1 d2 d3\nPC1\t1\t2\t3\n")
    assert read_covariates(path).values.ravel().tolist() == [1, 2, 3]


@pytest.mark.parametrize("between", ["\t", " "])
@pytest.mark.parametrize("corner", ["", '"" '])
def test_covariates_that_r_wrote_are_understood(tmp_path, corner, between):
    """As write.table writes them, with col.names = NA or without a name for the names of rows."""
    path = tmp_path / "c.txt"
    text = corner + '"d1" "d2" "d3"\n"PC1" 1 2 3\n"site" "x" "y" "x"\n'
    path.write_text(text.replace(" ", between))
    found = read_covariates(path)
    assert found.names == ["PC1", "site=y"]
    assert found.donors == DONORS
    assert found.values.tolist() == [[1, 0], [2, 1], [3, 0]]


def test_words_with_blanks_need_no_corner_where_tabs_separate(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("d1\td2\td3\nsite\tNew York\tRome\tRome\n")
    assert read_covariates(path).names == ["site=Rome"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ID\td1\td2\nPC1\t1\t2\t3\nPC2\t1\t2\t3\n", "line 2: expected 3 fields as in the header"),
        ("d1\td2\nPC1\t1\t2\nPC2\t1\n", "line 3: expected 3 fields as in the header, found 2"),
        (
            "d1\td2\nPC1\t1\t2\nPC2\t1\t2\t3\n",
            "line 3: expected 3 fields as in the header, found 4",
        ),
    ],
)
def test_rows_of_other_lengths_are_refused_with_the_line(tmp_path, text, place):
    path = tmp_path / "c.txt"
    path.write_text(text)
    with pytest.raises(FqtlError, match=place):
        read_covariates(path)


@pytest.mark.parametrize("word", ["NA", "nan", "."])
def test_a_missing_covariate_names_the_donor(tmp_path, word):
    path = write_covariates(tmp_path / "c.txt", {"PC1": [1, word, 3]}, DONORS)
    with pytest.raises(FqtlError) as fault:
        read_covariates(path)
    assert f"{path}: covariate 'PC1' is missing for 1 of 3 donors, the first d2" in str(fault.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"PC1": [1, "x", 3]}, "'PC1' holds numbers and 1 words, the first 'x' for d2"),
        ({"PC1": ["1,5", "2,5", 3]}, "'PC1' holds numbers and 2 words, the first '1,5' for d1"),
    ],
)
def test_numbers_and_words_do_not_mix(tmp_path, rows, message):
    path = write_covariates(tmp_path / "c.txt", rows, DONORS)
    with pytest.raises(FqtlError, match=message):
        read_covariates(path)


def test_a_transposed_file_is_asked_for(tmp_path):
    path = write_covariates(
        tmp_path / "c.txt", {"d1": [1, "male"], "d2": [2, "male"]}, ["age", "sex"]
    )
    with pytest.raises(FqtlError, match=r"is the file transposed\?"):
        read_covariates(path)


@pytest.mark.parametrize(
    "text",
    [
        "FID\tIID\tPC1\n0\td1\t0.1\n0\td2\t0.2\n",
        "#FID IID PC1\nd1 d1 0.1\nd2 d2 0.2\n",
        "#IID\tPC1\tPC2\nd1\t0.1\t0.2\nd2\t0.3\t0.4\n",
        '"IID" "PC1"\n"d1" 0.1\n"d2" 0.2\n',
        "0 d1 0.01 -0.02\n0 d2 -0.03 0.01\n",  # .eigenvec of PLINK 1
        "d1 d1 0.01 -0.02\nd2 d2 -0.03 0.01\n",
        "family donor PC1\n0 d1 0.1\n0 d2 0.2\n",
    ],
)
def test_the_tables_of_plink_are_said_to_be_transposed(tmp_path, text):
    path = tmp_path / "c.txt"
    path.write_text(text)
    with pytest.raises(
        FqtlError, match=r"[Ee]xpected covariates in rows and donors in columns.*trans"
    ):
        read_covariates(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ID,d1,d2\nPC1,1,2\n", "3 that commas separate"),
        ("ID, d1, d2\r\nPC1, 1, 2\r\n", "3 that commas separate"),
        ("ID;d1;d2\nPC1;0,1;0,2\n", "3 that semicolons separate"),
    ],
)
def test_commas_between_fields_are_named(tmp_path, text, found):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(FqtlError, match=f"separated by tabs or blanks, found {found}"):
        read_covariates(path)


def test_a_donor_may_have_a_comma_in_its_name(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("ID a,1 b,2\nPC1 1 2\n")
    assert read_covariates(path).donors == ["a,1", "b,2"]


def test_names_are_no_covariate(tmp_path):
    donors = [f"d{i}" for i in range(40)]
    path = write_covariates(tmp_path / "c.txt", {"who": donors}, donors)
    with pytest.raises(FqtlError, match="has 40 levels in 40 donors, expected at most 30"):
        read_covariates(path)


def test_a_covariate_listed_twice_is_refused(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("ID\td1\td2\nPC1\t1\t2\nPC1\t3\t4\n")
    with pytest.raises(FqtlError, match="lists the covariate 'PC1' more than once"):
        read_covariates(path)


def test_an_infinite_covariate_is_refused(tmp_path):
    path = write_covariates(tmp_path / "c.txt", {"PC1": [1, "inf", 3]}, DONORS)
    with pytest.raises(FqtlError, match="must be finite"):
        read_covariates(path)


def test_a_blank_line_before_the_header_is_said(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("\nID\td1\td2\nPC1\t0.5\t1\n")
    with pytest.raises(FqtlError, match="line 1: expected a header, found a blank line"):
        read_covariates(path)
