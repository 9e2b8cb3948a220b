"""Genotypes are several files: each is input of the rules that read it."""

import re

import numpy as np
import pytest

from tests.files import vcf_records, write_plink1, write_plink2, write_vcf
from tests.workflow.conftest import DONORS

READERS = {"check", "prepare", "shard", "learn_priors", "fit"}


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


@pytest.fixture
def split(release):
    """The release with its genotypes in a file of each chromosome, too: by/chr1.vcf.gz, chr2."""
    (release.folder / "by").mkdir()
    for chrom in ("chr1", "chr2"):
        mine = {tss: x for (name, tss), x in release.dosages.items() if name == chrom}
        records = [r for tss, x in mine.items() for r in at(x, tss, chrom)]
        write_vcf(release.folder / "by" / f"{chrom}.vcf.gz", records, DONORS, contigs=(chrom,))
    return release


def at(x, tss, chrom):
    return vcf_records(x, tss + 10 * np.arange(len(x)), chrom)


QUICK = {
    "shards": {"count": 1},
    "cross_validation": {"folds": 0},
    "calibration": {"permutations": 0, "conditional_permutations": 0},
}


def test_a_file_per_chromosome_gives_the_fits_of_one_file(split):
    both = []
    for name, path in (("one", "genotypes.vcf.gz"), ("each", "by/chr{chrom}.vcf.gz")):
        split.configure(name, genotypes={"path": path}, **QUICK)
        run = split.run(name, "--cores", "2", "--until", "aggregate")
        assert run.returncode == 0, run.stdout
        both.append((split.folder / name / "fits.parquet").read_bytes())
    assert both[0] == both[1]
    told = split.run("each", "--dry-run", "--forceall", "--quiet", "host").stdout
    for file in ("by/chr1.vcf.gz", "by/chr2.vcf.gz", "by/chr1.vcf.gz.tbi"):
        assert readers_of(told, file) == READERS


def test_a_chromosome_without_its_file_is_one_line_of_the_check(split):
    (split.folder / "by" / "chr2.vcf.gz").unlink()
    split.configure("out", genotypes={"path": "by/chr{chrom}.vcf.gz"})
    run = split.run("out", "--cores", "2", "--until", "check")
    assert run.returncode != 0
    (line,) = {line for line in run.stdout.splitlines() if line.startswith("error: Chromosome")}
    assert "Chromosome 2 has no file of genotypes: expected by/chr2.vcf.gz, found" in line


def test_files_without_an_index_are_named_before_any_job(split):
    (split.folder / "by" / "chr2.vcf.gz.tbi").unlink()
    split.configure("out", genotypes={"path": "by/chr{chrom}.vcf.gz"})
    run = split.run("out", "-n")
    assert run.returncode == 2
    assert "by/chr2.vcf.gz has no index. Make one with `tabix -p vcf by/chr2.vcf.gz`" in run.stdout
