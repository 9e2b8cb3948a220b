"""A matrix of correlations is the same from every file that holds it."""

import gzip
import re

import numpy as np
import pytest
from scipy import sparse

import fqtl
from tests.conftest import linked_genotypes

P = 12


def correlations():
    return np.corrcoef(linked_genotypes(np.random.default_rng(0), 200, P).T)


def plink(matrix, separator="\t"):
    return "".join(separator.join(f"{value:.6g}" for value in row) + "\n" for row in matrix)


def compressed(text):
    return gzip.compress(text.encode())


def saved(tmp_path, how):
    """The path of a file, and the digits that it keeps."""
    whole = correlations()
    lower = np.tril(whole)
    halved = lower - 0.5 * np.eye(P)
    path = tmp_path / f"of.{how.split()[0]}"
    if how == "npy":
        np.save(path, whole)
    elif how == "npz one":
        np.savez(path, R=whole)
    elif how == "npz of several":
        np.savez_compressed(path, ld=whole, pos=np.arange(P))
    elif how == "npz sparse":
        sparse.save_npz(path, sparse.csr_matrix(whole))
    elif how == "npz triangle":
        sparse.save_npz(path, sparse.coo_matrix(lower))
    elif how == "npz halved":
        sparse.save_npz(path, sparse.coo_matrix(halved))
    elif how == "npz upper":
        sparse.save_npz(path, sparse.csc_matrix(np.triu(whole, 1)))
    elif how == "ld square":
        path.write_text(plink(whole))
    elif how == "ld blanks":
        path.write_text(plink(whole, "  "))
    elif how == "csv":
        path.write_text(plink(whole, ","))
    elif how == "gz":
        path.write_bytes(compressed(plink(whole)))
    elif how == "ld triangle":
        path.write_text(plink([row[: j + 1] for j, row in enumerate(whole)]))
    return path


@pytest.mark.parametrize(
    "how",
    [
        "npy",
        "npz one",
        "npz of several",
        "npz sparse",
        "npz triangle",
        "npz halved",
        "npz upper",
        "ld square",
        "ld blanks",
        "csv",
        "gz",
        "ld triangle",
    ],
)
def test_every_file_holds_the_same_correlations(tmp_path, how):
    read = fqtl.read_ld(saved(tmp_path, how))
    np.testing.assert_allclose(read, correlations(), rtol=1e-5, atol=1e-6)


def test_a_fit_with_a_matrix_from_a_file_is_the_fit_with_the_matrix(tmp_path):
    z = 6 * correlations()[:, [4]] + np.random.default_rng(1).standard_normal((P, 1))
    one, other = (
        fqtl.fit_summary(z, [200], ld=ld, check=False)
        for ld in (correlations(), fqtl.read_ld(saved(tmp_path, "npz halved")))
    )
    assert one.tissue_pip[0] > 0.9
    np.testing.assert_allclose(one.effects, other.effects, atol=1e-8)


def test_a_variant_that_does_not_vary_stays_without_correlations(tmp_path):
    whole = correlations()
    whole[3], whole[:, 3] = np.nan, np.nan
    (tmp_path / "a.vcor1").write_text(plink(whole))
    read = fqtl.read_ld(tmp_path / "a.vcor1")
    assert np.isnan(read[3]).all()
    fit = fqtl.fit_summary(np.zeros((P, 1)), [200], ld=read)
    assert not fit.effects[3].any()


@pytest.mark.parametrize(
    "text, said",
    [
        ("1 0.5\n0.5 1\n0.1 0.2\n", "found 3 lines of 2 to 2 numbers"),
        ("", "found 0 lines of 0 to 0 numbers"),
        ("rs1 rs2\n1 0.5\n0.5 1\n", "line 1: expected numbers alone"),
        ("1 0.5\n0.5 one\n", "line 2: expected numbers alone"),
    ],
)
def test_what_is_no_square_matrix_is_refused_by_name(tmp_path, text, said):
    (tmp_path / "bad.ld").write_text(text)
    with pytest.raises(fqtl.FqtlError, match=re.escape(said)) as refused:
        fqtl.read_ld(tmp_path / "bad.ld")
    assert "bad.ld" in str(refused.value)


def test_an_archive_of_several_arrays_must_say_which(tmp_path):
    np.savez(tmp_path / "two.npz", a=np.eye(2), b=np.eye(2))
    with pytest.raises(fqtl.FqtlError, match="one called ld; found a, b"):
        fqtl.read_ld(tmp_path / "two.npz")
    np.save(tmp_path / "long.npy", np.ones((2, 3)))
    with pytest.raises(fqtl.FqtlError, match=r"found float64 of shape \(2, 3\)"):
        fqtl.read_ld(tmp_path / "long.npy")
    with pytest.raises(fqtl.FqtlError, match="There is no file"):
        fqtl.read_ld(tmp_path / "none.ld")


@pytest.mark.parametrize("how", ["npy", "npz one", "npz triangle", "gz"])
def test_a_damaged_file_is_refused_by_name(tmp_path, how):
    path = saved(tmp_path, how)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(fqtl.FqtlError, match=f"{re.escape(path.name)} cannot be read"):
        fqtl.read_ld(path)


def test_numbers_in_binary_are_no_text(tmp_path):
    (tmp_path / "ld.bin").write_bytes(correlations().tobytes())
    with pytest.raises(fqtl.FqtlError, match=r"ld\.bin"):
        fqtl.read_ld(tmp_path / "ld.bin")
