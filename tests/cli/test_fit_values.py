"""Which values of a shard go with which family, and what is said while it is fitted."""

import logging

import numpy as np
import pytest

from fqtl.cli.progress import progress, with_progress
from fqtl.cli.shard_data import failure_of, refuse_other_values
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError


@pytest.fixture
def counted():
    return [GeneData("g", "chr1", 1, ["a"], np.ones((3, 1)), np.zeros((3, 1)))]


def test_counts_go_to_families_of_counts_and_other_values_do_not(counted):
    other = [GeneData("g", "chr1", 1, ["a"], np.ones((3, 1)), None)]
    for family in ("nb", "nb_pseudo"):
        refuse_other_values(family, counted)
        with pytest.raises(
            FqtlError, match=r"Set prepare.values: counts and prepare.scale: counts"
        ):
            refuse_other_values(family, other)
    for family in ("gaussian", "voom", "beta"):
        refuse_other_values(family, other)
        with pytest.raises(FqtlError, match=f"nb and nb_pseudo, found model.family: {family}"):
            refuse_other_values(family, counted)


def test_a_log_says_how_far_a_shard_is_and_how_long_the_rest_takes():
    assert progress(25, 100, 0, 50.0) == (
        "25 of 100 genes (0 failed), 2.0 s per gene, about 2 min to go"
    )
    assert progress(100, 100, 3, 50.0) == "100 of 100 genes (3 failed), 0.5 s per gene"


def test_genes_that_failed_are_counted_with_their_most_frequent_reason(caplog):
    gene = {"gene_id": "g", "n_factors": 1, "status": "fitted", "reason": ""}
    failed = [{**gene, "status": "failed", "reason": f"found {x} in y"} for x in (-1, 2)]
    with caplog.at_level(logging.INFO):
        assert len(list(with_progress([gene, *failed], 3, failure_of))) == 3
    assert "3 of 3 genes (2 failed)" in caplog.text
    assert "2 of 3 genes failed, 2 of them: found -1 to 2 in y" in caplog.text
