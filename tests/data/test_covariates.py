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
    assert found.samples == DONORS
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
