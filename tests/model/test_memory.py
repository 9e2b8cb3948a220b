"""What a fit holds beside its input, at most."""

import tracemalloc

import pytest

import fqtl
from tests.benchmarks.against import SMALL, gene

MOST = 4.0  # times x in float32


@pytest.mark.parametrize("copies", [0.4, 0.0])
def test_a_fit_holds_at_most_four_times_its_genotypes_beside_them(copies):
    """Two factors, effects of single tissues, and a background that is looked for, in 44 tissues;
    LAPACK's workspace is counted, too."""
    y, x = gene(2, copies, SMALL)
    fqtl.fit(y[:50, :2], x[:50, :20])  # what is imported when it is first asked for is not of a fit
    tracemalloc.start()
    fit = fqtl.fit(y, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert fit.rank == 2
    assert peak < MOST * x.nbytes
