"""A number that means nothing is refused with its flag, before any file is looked at."""

from argparse import ArgumentTypeError

import pytest

from fqtl.cli import main
from fqtl.cli.ranges import (
    COUNT,
    SHARE,
    count_from,
    count_or_auto,
    folds,
    number_in,
)

GENOTYPES = ["--genotypes", "x.vcf.gz", "--genome-build", "GRCh38"]
FIT = ["fit", "--shard", "x", *GENOTYPES, "--out", "x"]
PREPARE = ["prepare", "--tissue", "x", "--expression", "x", *GENOTYPES, "--out", "x"]
SHARD = ["shard", "--prepared", "x", "--chromosomes", "1", "--shards", "x", *GENOTYPES]
SIMULATE = ["simulate", *GENOTYPES, "--chromosome", "1", "--effects", "x", "--out", "x"]
WEIGHTS = ["weights", "--fits", "x", "--tissue", "x", "--out", "x"]


@pytest.mark.parametrize(
    "command, flag, values",
    [
        (FIT, "--min-maf", ["0.6", "-0.1", "nan", "x"]),
        (FIT, "--max-missing", ["1.1", "nan"]),
        (FIT, "--cis-window-bp", ["-1", "0", "1.5", "inf"]),
        (FIT, "--min-pip", ["0", "1.1", "nan"]),
        (FIT, "--folds", ["1", "-5", "2.5"]),
        (FIT, "--yardstick", ["2", "nan"]),
        (FIT, "--rank", ["0", "-1"]),
        (FIT, "--seed", ["-1"]),
        (FIT, "--permutations", ["-1"]),
        (FIT, "--exceedances", ["0"]),
        (FIT, "--partial", ["-1"]),
        (PREPARE, "--min-tpm", ["-1", "nan", "inf"]),
        (PREPARE, "--min-reads", ["-1"]),
        (PREPARE, "--min-share", ["1.5"]),
        (PREPARE, "--components", ["-1", "many", "²"]),
        (PREPARE, "--controls", ["-1"]),
        (PREPARE, "--control-max-p", ["2"]),
        (PREPARE, "--min-samples", ["0", "2"]),
        (SHARD, "--count", ["0", "-3"]),
        (SIMULATE, "--cutoff", ["1.5"]),
        (SIMULATE, "--max-genes", ["0"]),
        (SIMULATE, "--h2", ["0", "0.7", "nan"]),
        (SIMULATE, "--noise-correlation", ["1.1", "-0.1"]),
        (WEIGHTS, "--min-cv-r", ["2", "-1"]),
        (WEIGHTS, "--max-cv-p", ["nan"]),
        (WEIGHTS, "--min-gene-pip", ["7"]),
    ],
)
def test_a_number_out_of_range_is_one_line_and_the_exit_code_is_2(command, flag, values, capsys):
    for value in values:
        with pytest.raises(SystemExit) as stopped:
            main([*command, f"{flag}={value}"])
        assert stopped.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: argument {flag}: expected ")
        assert f"found {value}" in line


def test_numbers_within_their_range_are_taken_as_they_are():
    assert [SHARE("0"), SHARE("1"), number_in(0, 1, above=True)("1")] == [0, 1, 1]
    assert [number_in(0, 0.5)("0.5"), number_in(0)("1e3")] == [0.5, 1e3]
    assert [COUNT("0"), count_from(1)("1e6"), folds("0"), folds("2")] == [0, 1_000_000, 0, 2]
    assert COUNT("9007199254740993") == 2**53 + 1
    assert (count_or_auto("auto"), count_or_auto("3")) == (None, 3)
    assert number_in(-1, 1)("-1") == -1


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        (number_in(0, 0.5), "7", "expected a number from 0 to 0.5, found 7"),
        (number_in(0, 1, above=True), "0", "expected a number above 0 and up to 1, found 0"),
        (number_in(0), "-2", "expected a number of at least 0, found -2"),
        (count_from(1), "0", "expected a whole number of at least 1, found 0"),
        (folds, "1", "expected 0 for none, or at least 2, found 1"),
        (count_or_auto, "some", "expected auto or a whole number, found some"),
    ],
)
def test_it_is_said_what_was_expected(kind, text, expected):
    with pytest.raises(ArgumentTypeError, match=expected):
        kind(text)
