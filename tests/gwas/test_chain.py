import numpy as np
import pytest

from fqtl.errors import FqtlError
from fqtl.gwas.chain import read_chain
from fqtl.gwas.places import Chromosomes

# on plus: 100 to 199 go to 1100 to 1199, and after a gap of 10 here and 5 there 210 to 259 go to
# 1205 to 1254; on minus of a target of 10,000: base 500 (0-based) goes to 10,000 - 1 - 2000
CHAIN = """chain 1 chr1 5000 + 99 259 chr1 9000 + 1099 1254 1
100 10 5
50

chain 1 chr1 5000 + 500 600 chr2 10000 - 2000 2100 2
100

chain 1 chr1 5000 + 560 580 chr3 9000 + 0 20 3
20
"""
CHROMOSOMES = Chromosomes(["1", "2", "3"])


def lifted(tmp_path, *positions, text=CHAIN):
    path = tmp_path / "a.chain"
    path.write_text(text)
    chrom = np.full(len(positions), CHROMOSOMES.code("1"))
    to_chrom, pos, minus = read_chain(path, CHROMOSOMES).lift(chrom, np.array(positions))
    names = [CHROMOSOMES.names[code] if code >= 0 else "" for code in to_chrom]
    return list(zip(names, pos.tolist(), minus.tolist(), strict=True))


def test_positions_inside_of_blocks_move_with_them(tmp_path):
    assert lifted(tmp_path, 100, 199, 210, 259) == [
        ("1", 1100, False),
        ("1", 1199, False),
        ("1", 1205, False),
        ("1", 1254, False),
    ]


def test_a_minus_strand_counts_from_the_other_end(tmp_path):
    # 1-based 501 is the first base of the block
    assert lifted(tmp_path, 501, 502) == [("2", 8000, True), ("2", 7999, True)]


def test_positions_in_no_block_or_in_two_are_not_lifted(tmp_path):
    for found in lifted(tmp_path, 99, 205, 260, 565, 4000):
        assert found[1] == 0


def test_a_chromosome_that_is_there_twice_under_two_names_is_one(tmp_path):
    twice = CHAIN + "\n" + CHAIN.replace("chr1 5000", "1 5000")
    assert lifted(tmp_path, 100, text=twice) == [("1", 1100, False)]


@pytest.mark.parametrize("text", ["", "chrom pos\n1 2\n", "chain 1 chr1 5000\n100\n"])
def test_what_is_no_chain_is_refused(text, tmp_path):
    with pytest.raises(FqtlError, match="chain file"):
        lifted(tmp_path, 100, text=text)
