"""What a damaged or odd VCF or BCF loses is said, with its file and place, or counted."""

import shutil

import numpy as np
import pysam
import pysam.bcftools
import pytest

from fqtl.data.dosages import Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from tests.files import write_vcf

DONORS = [f"D{i}" for i in range(300)]
EVERYTHING = Limits()
WHOLE_CHROMOSOME = ("chr22", 1, 10_000_000)


def read(path, donors=DONORS, field="GT", place=WHOLE_CHROMOSOME):
    return open_genotypes(path, "GRCh38", field).read(*place, list(donors), EVERYTHING)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A VCF and a BCF of many blocks."""
    folder = tmp_path_factory.mktemp("whole")
    calls = np.array(["0|0", "0|1", "1|1"])
    draws = np.random.default_rng(1).integers(3, size=(400, len(DONORS)))
    records = [
        f"chr22 {1000 + 100 * i} . A G . PASS . GT {' '.join(calls[row])}"
        for i, row in enumerate(draws)
    ]
    vcf = write_vcf(folder / "x.vcf.gz", records, DONORS)
    bcf = folder / "x.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    pysam.bcftools.index(str(bcf))
    return {"vcf.gz": (vcf, ".tbi"), "bcf": (bcf, ".csi")}


def blocks_of(content):
    """Where each block of a bgzip file starts; its size stands in its head."""
    starts, place = [], 0
    while place < len(content):
        starts.append(place)
        place += int.from_bytes(content[place + 16 : place + 18], "little") + 1
    return starts


def flip_checksum(content, starts, block):
    content[starts[block + 1] - 8] ^= 1


def overwrite(content, starts, block):
    for place in range(starts[block] + 100, starts[block] + 160):
        content[place] ^= 0xFF


def clear(content, starts, block):
    content[starts[block] : starts[block + 1]] = bytes(starts[block + 1] - starts[block])


@pytest.mark.parametrize("damage", [flip_checksum, overwrite, clear])
@pytest.mark.parametrize("kind", ["vcf.gz", "bcf"])
def test_a_damaged_block_is_refused_with_the_file_and_the_place(tmp_path, whole, kind, damage):
    source, index = whole[kind]
    assert len(read(source).variants) == 400
    content = bytearray(source.read_bytes())
    starts = blocks_of(content)
    damage(content, starts, len(starts) // 2)
    path = tmp_path / f"x.{kind}"
    path.write_bytes(content)
    shutil.copy(f"{source}{index}", f"{path}{index}")
    with pytest.raises(FqtlError, match=r"x\.(vcf\.gz|bcf) cannot be read beyond chr22:\d{4}"):
        read(path)


@pytest.mark.parametrize("kind", ["vcf.gz", "bcf"])
def test_a_block_that_is_taken_out_is_found_by_the_index(tmp_path, whole, kind):
    source, index = whole[kind]
    content = source.read_bytes()
    starts = blocks_of(content)
    half = len(starts) // 2
    path = tmp_path / f"x.{kind}"
    path.write_bytes(content[: starts[half]] + content[starts[half + 1] :])
    shutil.copy(f"{source}{index}", f"{path}{index}")
    with pytest.raises(FqtlError, match="was made of another"):
        read(path)


GOOD = "0/1 1/1 0/0"
ODD = {
    "a call of words": ("GT x|y 1/1 0/0", "record that htslib cannot read"),
    "a number too large": ("GT 0/99999999999 1/1 0/0", "record that htslib cannot read"),
    "more values than fields": ("GT 0/1:3 1/1:3 0/0:3", "record that htslib cannot read"),
    "a donor too few": ("GT 0/1 1/1", "not one entry for each donor of the header"),
    "a donor too many": ("GT 0/1 1/1 0/0 0/0", "not one entry for each donor of the header"),
    "no calls at all": ("GT", "not one entry for each donor of the header"),
    "an allele that is not listed": ("GT 0/7 1/1 0/0", "call of an allele that the record does"),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_record_that_cannot_be_read_is_counted_and_the_next_one_is_read(tmp_path, odd):
    entries, reason = ODD[odd]
    records = [
        f"chr22 100 . A G . PASS . GT {GOOD}",
        f"chr22 200 . A G . PASS . {entries}",
        f"chr22 300 . A G . PASS . GT {GOOD}",
    ]
    found = read(write_vcf(tmp_path / "x.vcf.gz", records, ["a", "b", "c"]), "abc")
    assert found.variants["pos"].tolist() == [100, 300]
    ((told, times),) = found.dropped_by_reason().items()
    assert told.startswith(reason)
    assert times == 1


@pytest.mark.parametrize("column", [".\tPASS\tAF=x;\u00e9", "high\tq10\tDP"])
def test_faults_of_columns_that_are_not_read_lose_no_calls(tmp_path, column):
    path = tmp_path / "x.vcf.gz"
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=chr22>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc",
        "chr22\t100\trs5\tA\tG\t" + column + "\tGT\t" + GOOD.replace(" ", "\t"),
    ]
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(("\n".join(lines) + "\n").encode("latin-1"))
    pysam.tabix_index(str(path), preset="vcf", force=True)
    found = read(path, "abc")
    assert found.dosages.tolist() == [[1, 2, 0]]
    assert found.variants["rsid"].tolist() == ["rs5"]


@pytest.mark.parametrize("mark", ["^", "fam,", "-", "#", "@", "a/b/", "'", '"', "x:", "x|", "é"])
def test_names_of_samples_are_names_whatever_htslib_takes_them_for(tmp_path, mark):
    samples = [f"{mark}{name}" for name in "abc"]
    path = write_vcf(tmp_path / "x.vcf.gz", [f"chr22 100 . A G . PASS . GT {GOOD}"], samples)
    assert read(path, samples[::-1]).dosages.tolist() == [[0, 2, 1]]


def test_a_field_that_the_header_forgot_is_read_where_records_have_it(tmp_path):
    record = f"chr22 100 . A G . PASS . GT {GOOD}"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], ["a", "b", "c"], fields=())
    assert read(path, "abc").dosages.tolist() == [[1, 2, 0]]


def test_a_first_block_that_is_damaged_is_said_before_anything_is_read(tmp_path):
    record = "chr22 100 . A G . PASS . DS 0.5 1"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], ["D0", "D1"], fields=())
    content = bytearray(path.read_bytes())
    content[30] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FqtlError, match=r"x\.vcf\.gz"):
        read(path, ["D0", "D1"], "DS")


def test_a_vcf_that_is_not_packed_by_bgzip_is_refused_with_its_index(tmp_path):
    path = write_vcf(tmp_path / "x.vcf.gz", ["chr22 100 . A G . PASS . GT 0/0 0/1"], ["D0", "D1"])
    content = bytearray(path.read_bytes())
    content[12:14] = b"XX"  # the mark of bgzip in the head of the first block
    path.write_bytes(content)
    with pytest.raises(FqtlError, match="is it packed by bgzip, and whole"):
        read(path, ["D0", "D1"])


def test_records_of_a_chromosome_under_two_names_are_refused_not_half_read(tmp_path):
    records = ["chr22 100 . A G . PASS . GT 0/0 0/1", "22 200 . A G . PASS . GT 0/0 0/1"]
    path = write_vcf(tmp_path / "x.vcf.gz", records, ["D0", "D1"], contigs=("chr22", "22"))
    with pytest.raises(FqtlError, match="under two names, chr22 and 22"):
        read(path, ["D0", "D1"])
