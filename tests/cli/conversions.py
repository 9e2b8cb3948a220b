"""Conversions of the sound weights, which several files of tests look at."""

import sqlite3

import numpy as np

from fqtl.cli import main
from fqtl.weights.formats import FORMATS
from tests.files import vcf_records, write_vcf
from tests.weights.audit.sound import dosages, sound_weights

DONORS = [f"d{i}" for i in range(80)]


def write_panel(folder):
    """Flags of a panel: the genotypes that the covariances of the sound weights are of."""
    records = vcf_records(dosages(), 100 + np.arange(6), "chr1")
    path = write_vcf(folder / "panel.vcf.gz", records, DONORS, contigs=("chr1",))
    return ["--panel", str(path), "--genome-build", "GRCh38"]


def written(folder, kind):
    return FORMATS[kind].write(folder / kind, sound_weights(), {})


def convert(path, kind, folder, *more):
    """Exit code of the command."""
    return main(["convert", str(path), "--to", kind, "--out", str(folder / "out"), *map(str, more)])


def refusal(capsys, *arguments):
    """The one line that is said; nothing is written."""
    assert convert(*arguments) == 2
    assert not (arguments[2] / "out").exists()
    (said,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    return said


def damage(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
