"""Genotypes are several files: each is input of the rules that read it."""

import re

import numpy as np
import pytest

from tests.files import write_plink1, write_plink2
from tests.workflow.conftest import DONORS

READERS = {"check", "prepare", "shard", "fit"}


@pytest.fixture
def plink(release):
    """The release with its genotypes as PLINK files, too: p.bed and p.pgen."""
    places = [(c, tss + 10 * i) for c, tss in release.dosages for i in range(30)]
    calls = np.vstack(list(release.dosages.values())).astype(int)
    bim = [f"{chrom} rs{pos} 0 {pos} G A" for chrom, pos in places]
    write_plink1(release.folder / "p.bed", calls, bim, DONORS)
    alleles = np.stack([calls > 1, calls > 0], axis=2).astype(int)
    pvar = [f"{chrom} {pos} rs{pos} A G" for chrom, pos in places]
    write_plink2(release.folder / "p.pgen", alleles, pvar, DONORS)
    return release


def readers_of(said, path):
    """Rules of a dry run that have a file among their input."""
    jobs = re.findall(r"^(?:local)?rule (\w+):\n    input: (.*)$", said, re.MULTILINE)
    return {rule for rule, files in jobs if path in files.split(", ")}


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        ("genotypes.vcf.gz", ["genotypes.vcf.gz.tbi"]),
        ("p.bed", ["p.bim", "p.fam"]),
        ("p.pgen", ["p.pvar", "p.psam"]),
    ],
)
def test_what_lies_beside_genotypes_is_input_of_all_that_read_them(plink, path, beside):
    plink.configure("out", genotypes={"path": path})
    run = plink.run("out", "--dry-run", "--quiet", "host")
    assert run.returncode == 0, run.stdout
    for name in (path, *beside):
        assert readers_of(run.stdout, name) == READERS


def test_a_table_of_variants_that_is_replaced_makes_everything_anew(plink):
    plink.configure("out", genotypes={"path": "p.bed"})
    assert plink.run("out", "--cores", "2", "--until", "prepare").returncode == 0
    bim = plink.folder / "p.bim"
    rows = [line.split("\t") for line in bim.read_text().splitlines()]
    bim.write_text("".join("\t".join([*r[:3], str(int(r[3]) + 7), *r[4:]]) + "\n" for r in rows))
    again = plink.run("out", "-n", "--until", "prepare", "--quiet", "host").stdout
    assert "reason: Updated input files: p.bim" in again
    assert readers_of(again, "p.bim") == {"check", "prepare"}
