"""What `fqtl.fit` makes of what it is handed."""

import numpy as np
import pandas as pd
import pytest

import fqtl
from tests.conftest import simulated_gene


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((3, 4))}, "x must have the 200 rows of y, found shape (3, 4)"),
        ({"y": np.full((200, 2), np.nan)}, "y must vary"),
        ({"x": np.full((200, 2), np.inf)}, "x must be finite, found inf at row 0, column 0"),
        (
            {"x": np.full((200, 2), 1e200)},
            "x must be at most 1e+100 in size, found 1e+200 at row 0",
        ),
        ({"seed": -1}, "seed must be a whole number of at least 0, found -1"),
        ({"seed": 0.5, "engine": "sgvb"}, "seed must be a whole number of at least 0, found 0.5"),
        ({"rank": True}, "rank must be a whole number of at least 1, found True"),
        ({"rank": 0}, "rank must be a whole number of at least 1, found 0"),
        ({"rank": 1.5}, "rank must be a whole number of at least 1, found 1.5"),
        ({"rank": "3"}, "rank must be a whole number of at least 1, found '3'"),
        (
            {"family": "cauchy"},
            "family must be one of gaussian, nb, nb_pseudo, voom, logit, beta; found 'cauchy'",
        ),
        ({"engine": "mcmc"}, "engine must be one of cavi, sgvb; found 'mcmc'"),
        ({"tolerence": 1}, "Unknown option 'tolerence'"),
        ({"min_gain": "a"}, "Option min_gain must be a number, found 'a'"),
        ({"shared_noise": 1}, "Option shared_noise must be True or False, found 1"),
        ({"max_effects": 0}, "Option max_effects must be positive, found 0"),
        ({"tolerance": float("nan")}, "Option tolerance must be a number, found nan"),
        ({"max_iter": 2.5}, "Option max_iter must be a whole number, found 2.5"),
        ({"factored": "no"}, "factored must be True or False, found 'no'"),
        ({"specific": 1}, "Option specific must be True or False, found 1"),
        ({"max_tissue_inclusion": 1.5}, "max_tissue_inclusion must be below 1, found 1.5"),
        ({"y": np.ones(200) * 1j}, "y must hold numbers"),
        (
            {"covariates": np.full((200, 1), np.nan)},
            "covariates must be finite, found nan at row 0",
        ),
        ({"covariates": np.ones((5, 1))}, "covariates must have the 200 rows of y"),
        ({"y": np.array(["a"] * 200)}, "y must hold numbers"),
        ({"x": np.empty((200, 0))}, "x must have rows and columns"),
    ],
)
def test_bad_input_is_named(gene, change, message):
    arguments = {"y": gene.y, "x": gene.x, **change}
    with pytest.raises(fqtl.FqtlError) as fault:
        fqtl.fit(arguments.pop("y"), arguments.pop("x"), **arguments)
    assert message in str(fault.value)


def test_what_a_mask_hides_is_missing(gene):
    hidden = np.isnan(gene.y)
    masked = np.ma.MaskedArray(np.where(hidden, -999.0, gene.y), hidden)
    assert fqtl.fit(masked, gene.x).elbo == fqtl.fit(gene.y, gene.x).elbo


def test_rows_with_other_labels_are_refused(gene):
    y, x = pd.DataFrame(gene.y), pd.DataFrame(gene.x)
    with pytest.raises(fqtl.FqtlError, match="must have the same labels in the same order"):
        fqtl.fit(y, x[::-1])
    assert fqtl.fit(y, x).elbo == fqtl.fit(gene.y, gene.x).elbo
    beside = pd.DataFrame({"age": np.arange(len(y))})
    for name in ("covariates", "dispersion_covariates", "offset"):
        with pytest.raises(fqtl.FqtlError, match=f"rows of x and {name} must have the same"):
            fqtl.fit(y, x, **{name: beside[::-1]})


def test_whole_numbers_with_na_are_numbers_and_dates_are_not(gene):
    x = pd.DataFrame(np.round(gene.x * 10))
    whole = x.astype("Int64")
    x.iloc[3, 4], whole.iloc[3, 4] = np.nan, pd.NA
    assert fqtl.fit(gene.y, whole).elbo == fqtl.fit(gene.y, x).elbo
    with pytest.raises(fqtl.FqtlError, match="y must hold numbers: dates and times"):
        fqtl.fit(pd.date_range("2020", periods=len(x)), x)


def test_numbers_of_numpy_are_numbers():
    gene = simulated_gene(0, n=40, p=10, m=6)
    plain = fqtl.fit(gene.y, gene.x, max_iter=9, tolerance=0.125)
    same = fqtl.fit(gene.y, gene.x, max_iter=np.int64(9), tolerance=np.float32(0.125))
    assert same.elbo == plain.elbo
