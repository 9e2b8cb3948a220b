"""Which values of a shard go with which family."""

import numpy as np
import pytest

from fqtl.cli.fit import _refuse_other_values
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError


@pytest.fixture
def counted():
    return [GeneData("g", "chr1", 1, ["a"], np.ones((3, 1)), np.zeros((3, 1)))]


def test_counts_go_to_families_of_counts_and_other_values_do_not(counted):
    other = [GeneData("g", "chr1", 1, ["a"], np.ones((3, 1)), None)]
    for family in ("nb", "nb_pseudo"):
        _refuse_other_values(family, counted)
        with pytest.raises(
            FqtlError, match=r"Set prepare.values: counts and prepare.scale: counts"
        ):
            _refuse_other_values(family, other)
    for family in ("gaussian", "voom", "beta"):
        _refuse_other_values(family, other)
        with pytest.raises(FqtlError, match=f"nb and nb_pseudo, found model.family: {family}"):
            _refuse_other_values(family, counted)
