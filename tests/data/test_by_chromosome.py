"""One file of genotypes per chromosome is as good as one file of all."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.config.data import Release
from fqtl.config.model import Config
from fqtl.data.dosages import Limits
from fqtl.data.genotype_paths import files_of
from fqtl.data.genotypes import open_genotypes
from fqtl.data.panel import look_up
from fqtl.errors import FqtlError
from fqtl.workflow.release import in_release
from tests.files import vcf_records, write_plink1, write_plink2, write_vcf

N = 8
DONORS = [f"D{i}" for i in range(N)]
PLACES = np.array([5_000_000, 6_000_000])
NAMES = ["1", "2", "10", "X"]


def calls_of(number):
    return np.random.default_rng(number).integers(0, 3, (2, N))


def write(folder, kind, donors=lambda chrom: DONORS):
    """A file of each chromosome, in a kind of file; the path that stands for all."""
    for number, chrom in enumerate(NAMES):
        calls = calls_of(number)
        if chrom == "X":
            calls = 2 * (calls > 0)
        if kind == "vcf":
            path = folder / f"chr{chrom}.vcf.gz"
            records = vcf_records(calls, PLACES, f"chr{chrom}")
            write_vcf(path, records, donors(chrom), contigs=(f"chr{chrom}",))
        elif kind == "bed":
            code = "23" if chrom == "X" else chrom
            bim = [f"{code} rs{pos} 0 {pos} G A" for pos in PLACES]
            write_plink1(folder / f"chr{code}.bed", calls, bim, donors(chrom), "12" * (N // 2))
        else:
            pvar = [f"{chrom} {pos} rs{pos} A G" for pos in PLACES]
            alleles = np.stack([calls > 1, calls > 0], axis=2).astype(int)
            write_plink2(folder / f"chr{chrom}.pgen", alleles, pvar, donors(chrom))
    return folder / ("chr{chrom}.vcf.gz" if kind == "vcf" else "chr{chrom}")


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sex.tsv"
    path.write_text("".join(f"{d}\t{'MF'[i % 2]}\n" for i, d in enumerate(DONORS)))
    return path


@pytest.mark.parametrize("kind", ["vcf", "bed", "pgen"])
def test_every_chromosome_is_read_from_its_own_file(tmp_path, sheet, kind):
    source = open_genotypes(write(tmp_path, kind), "GRCh38", "GT", sheet)
    assert source.contigs == NAMES
    assert source.donors == DONORS
    for number, chrom in enumerate(NAMES):
        found = source.read(f"chr{chrom}", 1, 10**8, DONORS[::-1], Limits())
        expected = calls_of(number) if chrom != "X" else 2 * (calls_of(number) > 0)
        np.testing.assert_array_equal(found.dosages, expected[:, ::-1])
        assert set(found.variants["chrom"]) == {f"chr{chrom}"}
    assert list(source.sex_of(DONORS)) == ["male", "female"] * (N // 2)
    source.require(NAMES)


def test_donors_in_another_order_are_found_by_name(tmp_path):
    path = write(tmp_path, "vcf", lambda chrom: DONORS if chrom == "1" else DONORS[::-1])
    found = open_genotypes(path, "GRCh38", "GT").read("2", 1, 10**8, DONORS, Limits())
    np.testing.assert_array_equal(found.dosages, calls_of(1)[:, ::-1])


def test_donors_that_differ_are_refused_with_their_numbers(tmp_path):
    other = [*DONORS[:-1], "Z9"]
    path = write(tmp_path, "vcf", lambda chrom: other if chrom == "10" else DONORS)
    source = open_genotypes(path, "GRCh38", "GT")
    source.require(["1", "2"])
    with pytest.raises(FqtlError, match=r"chr1.vcf.gz has 8, .*chr10.vcf.gz has 8, and 7 are in b"):
        source.require(["1", "2", "10"])


def test_a_file_that_is_not_there_is_named_with_its_chromosome_and_what_is_there(tmp_path):
    source = open_genotypes(write(tmp_path, "vcf"), "GRCh38", "GT")
    expected = (
        r"Chromosome 7 has no file .* expected .*chr7.vcf.gz, found files of 4 chrom.* \(1, 2, "
    )
    with pytest.raises(FqtlError, match=expected):
        source.read("chr7", 1, 2, DONORS, Limits())
    with pytest.raises(FqtlError, match=expected):
        source.require(["1", "chr7"])
    wanted = pd.DataFrame(
        [("v", "chr7", 5, "A", "G")],
        columns=["variant_id", "chrom", "pos", "other_allele", "effect_allele"],
    )
    with pytest.raises(FqtlError, match=expected):
        look_up(source, wanted)


def test_a_path_that_fits_no_file_and_a_chromosome_with_two_are_refused(tmp_path):
    with pytest.raises(FqtlError, match=r"No file of genotypes by .*expected .*chr1.vcf.gz"):
        open_genotypes(tmp_path / "chr{chrom}.vcf.gz", "GRCh38", "GT")
    for name in ("1", "chr1"):
        (tmp_path / f"{name}.bcf").touch()
    with pytest.raises(FqtlError, match="Chromosome 1 has two files of genotypes"):
        files_of(tmp_path / "{chrom}.bcf")


def test_a_chromosome_may_stand_twice_in_a_path_and_is_then_the_same(tmp_path):
    for folder, name in (("chr1", "1"), ("chr2", "2"), ("chr2", "3")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"c{name}.dose.vcf.gz").touch()
    found = files_of(tmp_path / "chr{chrom}" / "c{chrom}.dose.vcf.gz")
    assert list(found) == ["1", "2"]


def test_the_prefix_of_plink_files_is_enough(tmp_path):
    write(tmp_path, "bed")
    source = open_genotypes(tmp_path / "chr2", "GRCh38", "GT")
    assert source.path.name == "chr2.bed"


@pytest.mark.parametrize("place", ["", "unpacked"])
@pytest.mark.parametrize("name", ["chr{chrom}.bcf", "gt/chr{chrom}.bcf"])
def test_files_of_a_release_are_found_in_its_folder_or_in_one_within(tmp_path, place, name):
    wanted = tmp_path / place / name
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for chrom in ("1", "2"):
        Path(str(wanted).replace("{chrom}", chrom)).touch()
    config = Config(release=Release(folder=str(tmp_path), genotypes=name))
    assert in_release(name, config) == str(wanted)
