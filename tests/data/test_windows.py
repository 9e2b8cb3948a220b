import numpy as np
import pandas as pd
import pytest

from fqtl.data.dosages import Genotypes, Limits
from fqtl.data.windows import count_variants, sliding_windows


class Ruler:
    """A source with a variant at every tenth position of two chromosomes, and a note of reads."""

    def __init__(self, length=10_000, step=10):
        self.positions = np.arange(step, length, step)
        self.reads = []

    def read(self, chrom, start, end, samples, limits):
        self.reads.append((chrom, start, end))
        pos = self.positions[(self.positions >= start) & (self.positions <= end)]
        odd = pos % 100 == 0
        return Genotypes(
            pd.DataFrame({"pos": pos[~odd], "chrom": chrom}),
            np.outer(pos[~odd], np.ones(len(samples))).astype(np.float32),
            samples,
            pd.DataFrame({"pos": pos[odd], "reason": "odd"}),
        )


SPANS = [
    *[("chr1", start, start + 400) for start in (1, 50, 390, 1200, 1650, 5000, 5001)],
    *[("chr2", start, start + 400) for start in (7, 350)],
]


@pytest.mark.parametrize("block_bp", [1, 300, 10_000])
def test_a_window_that_slides_holds_what_a_read_of_its_own_would(block_bp):
    source, alone = Ruler(), Ruler()
    windows = sliding_windows(source, SPANS, ["a", "b"], Limits(), block_bp)
    for span, found in zip(SPANS, windows, strict=True):
        expected = alone.read(*span, ["a", "b"], Limits())
        np.testing.assert_array_equal(found.dosages, expected.dosages)
        assert found.variants["pos"].tolist() == expected.variants["pos"].tolist()
        assert found.dropped["pos"].tolist() == expected.dropped["pos"].tolist()
        assert set(found.variants["chrom"]) == {span[0]}


@pytest.mark.parametrize("block_bp", [1, 300, 10_000])
def test_nothing_is_read_twice_nor_what_no_window_needs(block_bp):
    source = Ruler()
    list(sliding_windows(source, SPANS, ["a"], Limits(), block_bp))
    read = [(chrom, at) for chrom, start, end in source.reads for at in range(start, end + 1)]
    wanted = {(chrom, at) for chrom, start, end in SPANS for at in range(start, end + 1)}
    assert len(read) == len(set(read))
    assert set(read) == wanted


def test_what_is_held_is_bounded_by_a_window_and_a_block():
    source = Ruler(length=100_000)
    spans = [("chr1", start, start + 1000) for start in range(1, 90_000, 100)]
    list(sliding_windows(source, spans, ["a"], Limits(), 3000))
    assert max(end - start + 1 for _, start, end in source.reads) <= 4001


def test_variants_are_counted_from_samples():
    source = Ruler(length=4_000_000, step=100 + 7)
    spans = [("chr1", 1, 2_000_000), ("chr1", 1_000_000, 3_000_000)]
    found = count_variants(source, spans, ["a"], Limits())
    kept = source.read("chr1", 1, 2_000_000, ["a"], Limits())
    np.testing.assert_allclose(found, len(kept.variants), rtol=0.03)
    assert len(source.reads) < 12
