import gzip
import os

import numpy as np
import pysam.bcftools
import pytest

from fqtl.data.dosages import Limits, rsid_of, variant_id
from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from tests.files import write_vcf

SAMPLES = ["b", "a", "c"]
EVERYTHING = Limits(min_maf=0, max_missing=1)


def read(
    path, samples=("a", "b", "c"), field="GT", chrom="22", start=1, end=10_000, limits=EVERYTHING
):
    source = open_genotypes(path, "GRCh38", field)
    return source.read(chrom, start, end, list(samples), limits)


def test_dosages_count_the_alternative_allele_in_the_order_asked_for(tmp_path):
    path = write_vcf(tmp_path / "x.vcf.gz", ["chr22 100 rs7 A G . PASS . GT 0|1 1|1 0|0"], SAMPLES)
    found = read(path)
    assert found.dosages.tolist() == [[2, 1, 0]]
    assert found.donors == ["a", "b", "c"]
    variant = found.variants.iloc[0]
    assert (variant.variant_id, variant.rsid, variant.pos) == ("chr22_100_A_G_b38", "rs7", 100)
    assert (variant.other_allele, variant.effect_allele) == ("A", "G")


@pytest.mark.parametrize("in_file", ["22", "chr22"])
@pytest.mark.parametrize("asked", ["22", "chr22"])
def test_a_chromosome_is_found_with_and_without_its_prefix(tmp_path, in_file, asked):
    record = f"{in_file} 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, contigs=(in_file,))
    assert read(path, chrom=asked).variants["chrom"].tolist() == ["chr22"]


def test_the_index_is_believed_where_the_header_names_other_contigs(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, contigs=("22", "21"))
    assert len(read(path).variants) == 1


def test_bcf_reads_as_vcf_does(tmp_path):
    records = [
        "chr22 100 rs1 A G . PASS . GT 0/1 1/1 ./.",
        "chr22 200 . AT A,ATT . PASS . GT 1/2 0/0 0/1",
    ]
    vcf = write_vcf(tmp_path / "x.vcf.gz", records, SAMPLES)
    bcf = tmp_path / "x.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    pysam.bcftools.index(str(bcf))
    one, other = read(vcf), read(bcf)
    np.testing.assert_array_equal(one.dosages, other.dosages)
    assert one.variants.equals(other.variants)


@pytest.mark.parametrize("names", [("22", "chr22"), ("chr22", "22")])
def test_a_bcf_whose_header_names_a_chromosome_twice_is_read_by_its_records(tmp_path, names):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    vcf = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, contigs=names)
    bcf = tmp_path / "x.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    pysam.bcftools.index(str(bcf))
    assert read(bcf).dosages.tolist() == [[2, 1, 0]]


def test_every_alternative_allele_becomes_a_variant(tmp_path):
    path = write_vcf(
        tmp_path / "x.vcf.gz", ["chr22 100 rs1 A G,T . PASS . GT 1/2 0/1 2/2"], SAMPLES
    )
    found = read(path)
    assert found.variants["effect_allele"].tolist() == ["G", "T"]
    assert found.dosages.tolist() == [[1, 1, 0], [0, 1, 2]]


def test_indels_are_kept_and_alleles_that_are_no_bases_counted(tmp_path):
    path = write_vcf(
        tmp_path / "x.vcf.gz",
        [
            "chr22 100 . AT A . PASS . GT 0/1 1/1 0/0",
            "chr22 200 . A <DEL> . PASS . GT 0/1 1/1 0/0",
            "chr22 300 . REF ALT . PASS . GT 0/1 1/1 0/0",
            "chr22 400 . A * . PASS . GT 0/1 1/1 0/0",
        ],
        SAMPLES,
    )
    found = read(path)
    assert found.variants["variant_id"].tolist() == ["chr22_100_AT_A_b38"]
    assert found.dropped_by_reason() == {"alleles are not bases": 3}


def test_a_variant_listed_twice_is_read_once(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    other = "chr22 100 . A T . PASS . GT 0/0 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record, record, other], SAMPLES)
    found = read(path)
    assert found.variants["effect_allele"].tolist() == ["G", "T"]
    assert found.dropped_by_reason() == {"position and alleles listed twice": 1}


def test_missing_and_half_missing_calls_are_nan(tmp_path):
    record = "chr22 100 . A G . PASS . GT ./. 0/. 1/1 0/1"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], [*SAMPLES, "d"])
    np.testing.assert_array_equal(read(path, "abcd").dosages, [[np.nan, np.nan, 2, 1]])


def test_imputed_dosages_are_read_where_asked_for(tmp_path):
    path = write_vcf(
        tmp_path / "x.vcf.gz",
        ["chr22 100 . A G . PASS . GT:DS 0/1:0.9 1/1:1.95 0/0:0.1"],
        SAMPLES,
        fields=("GT", "DS"),
    )
    np.testing.assert_allclose(read(path, field="DS").dosages, [[1.95, 0.9, 0.1]], rtol=1e-6)
    assert read(path, field="GT").dosages.tolist() == [[2, 1, 0]]


def test_a_deletion_that_starts_before_the_region_is_not_in_it(tmp_path):
    path = write_vcf(
        tmp_path / "x.vcf.gz",
        ["chr22 95 . ATTTTTTTTT A . PASS . GT 0/1 1/1 0/0"],
        SAMPLES,
    )
    assert len(read(path, start=100, end=200).variants) == 0
    assert len(read(path, start=95, end=95).variants) == 1


def test_a_window_holds_both_its_ends(tmp_path):
    records = [f"chr22 {pos} . A G . PASS . GT 0/1 1/1 0/0" for pos in (100, 200, 300)]
    found = read(write_vcf(tmp_path / "x.vcf.gz", records, SAMPLES))
    assert found.window(100, 200).variants["pos"].tolist() == [100, 200]
    assert found.window(201, 299).dosages.shape == (0, 3)


def test_rare_and_missing_variants_are_filtered_and_counted(tmp_path):
    samples = [f"s{i}" for i in range(20)]
    records = [
        "chr22 100 . A G . PASS . GT " + "0/1 " * 1 + "0/0 " * 19,  # frequency 0.025
        "chr22 200 . A G . PASS . GT " + "0/0 " * 20,  # does not vary
        "chr22 300 . A G . PASS . GT " + "./. " * 5 + "0/1 " * 14 + "0/0",  # a quarter missing
        "chr22 400 . A G . PASS . GT " + "1/1 " * 18 + "0/1 " * 2,  # minor allele REF, 0.05
    ]
    path = write_vcf(tmp_path / "x.vcf.gz", records, samples)
    found = read(path, samples, limits=Limits(min_maf=0.03, max_missing=0.1))
    assert found.variants["pos"].tolist() == [400]
    assert found.dropped_by_reason() == {
        "minor allele frequency below 0.03": 2,
        "more than 0.1 of calls missing": 1,
    }
    assert found.window(150, 350).dropped["pos"].tolist() == [200, 300]
    everything = read(path, samples)
    assert everything.variants["pos"].tolist() == [100, 300, 400]
    assert everything.dropped_by_reason() == {"constant": 1}


def fault(action):
    with pytest.raises(FqtlError) as caught:
        action()
    return str(caught.value)


def test_no_index_gives_the_command_that_makes_one(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, index=False)
    assert fault(lambda: read(path)) == (
        f"{path} has no index. Make one with `tabix -p vcf {path}`."
    )


def test_a_file_cut_short_is_refused(tmp_path):
    records = [f"chr22 {pos} . A G . PASS . GT 0/1 1/1 0/0" for pos in range(100, 9000)]
    path = write_vcf(tmp_path / "x.vcf.gz", records, SAMPLES)
    path.write_bytes(path.read_bytes()[:-400])
    assert "does not end as a bgzip file does" in fault(lambda: read(path))


def test_a_vcf_that_gzip_packed_is_told_to_be_packed_by_bgzip(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())))
    assert f"{path} is packed by gzip, not by bgzip" in fault(lambda: read(path))


def test_a_chromosome_that_is_not_there_is_named_with_those_that_are(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES)
    message = fault(lambda: read(path, chrom="chr7"))
    assert f"No chromosome chr7 in {path}, which has 1 (chr22)." in message


def test_a_donor_that_is_not_there_is_named(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES)
    assert "lacks 1 donors, the first 'z'" in fault(lambda: read(path, samples=["a", "z"]))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("chr22 100 . A G . PASS . GT 0 1 0/1", "calls that are not diploid"),
        ("chr22 100 . A . . PASS . GT 0/0 0/0 0/0", "no alternative allele"),
        ("chr22 100 . A G . PASS . DS 0.1 1 2", "no GT in the record"),
    ],
)
def test_a_record_that_cannot_be_used_is_left_out_and_counted(tmp_path, record, reason):
    good = "chr22 200 . a g . PASS . GT 0/1 1/1 ."
    path = write_vcf(tmp_path / "x.vcf.gz", [record, good], SAMPLES, fields=("GT", "DS"))
    found = read(path)
    assert found.dropped_by_reason() == {reason: 1}
    assert found.variants["variant_id"].tolist() == ["chr22_200_A_G_b38"]
    np.testing.assert_array_equal(found.dosages, [[2, 1, np.nan]])


def test_imputed_dosages_must_be_one_for_each_allele(tmp_path):
    record = "chr22 100 . A G,T . PASS . GT:DS 0/1:1 1/1:2 0/0:0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, fields=("GT", "DS"))
    found = read(path, field="DS")
    assert found.dropped_by_reason() == {"not one DS for each alternative allele": 2}


def test_a_csi_index_serves_as_well(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES, index=False)
    pysam.tabix_index(str(path), preset="vcf", csi=True)
    assert path.with_name("x.vcf.gz.csi").exists()
    assert read(path).dosages.tolist() == [[2, 1, 0]]


GROWN = ["chr21 100 . A G . PASS . GT 0/1 1/1 0/0", "chr22 50 . A G . PASS . GT 0/1 1/1 0/0"]


def indexed(path, records, ending):
    """VCF or BCF with an index of a kind."""
    vcf = path.with_name("x.vcf.gz")
    write_vcf(vcf, records, SAMPLES, contigs=("chr21", "chr22"), index=False)
    if path != vcf:
        pysam.bcftools.view("-Ob", "-o", str(path), str(vcf), catch_stdout=False)
        pysam.bcftools.index("-f", str(path))
    else:
        pysam.tabix_index(str(path), preset="vcf", csi=ending == ".csi", force=True)
    return path.with_name(path.name + ending)


@pytest.mark.parametrize("lines", [1, 3000])
@pytest.mark.parametrize(
    ("name", "ending"), [("x.vcf.gz", ".tbi"), ("x.vcf.gz", ".csi"), ("x.bcf", ".csi")]
)
def test_an_index_that_was_made_before_the_file_grew_is_refused(tmp_path, name, ending, lines):
    """It knows chromosome 21 alone: every gene of 22 would be said to have no genotypes."""
    path = tmp_path / name
    index = indexed(path, lines * GROWN[:1], ending)
    before = index.read_bytes()
    indexed(path, lines * GROWN[:1] + lines * GROWN[1:], ending)
    assert read(path).variants["pos"].tolist() == [50]
    index.write_bytes(before)
    make = "bcftools index -f" if name == "x.bcf" else "tabix -f -p vcf"
    said = fault(lambda: open_genotypes(path, "GRCh38", "GT"))
    assert said.startswith(f"{index} was made of another {name}")
    assert said.endswith(f"Make it anew with `{make} {path}`.")
    indexed(path, lines * GROWN[1:], ending)
    index.write_bytes(before)
    if lines > 1:  # a file of one line ends where another does
        assert "was made of another" in fault(lambda: open_genotypes(path, "GRCh38", "GT"))


def test_a_copy_whose_index_came_first_is_read(tmp_path):
    path = tmp_path / "x.vcf.gz"
    os.utime(indexed(path, GROWN, ".tbi"), (0, 0))
    assert read(path).variants["pos"].tolist() == [50]


def test_of_two_indexes_the_one_that_is_read_is_looked_at(tmp_path):
    path = tmp_path / "x.vcf.gz"
    old = indexed(path, GROWN[:1], ".tbi")
    before = old.read_bytes()
    indexed(path, GROWN, ".csi")
    old.write_bytes(before)
    assert read(path).variants["pos"].tolist() == [50]


def test_an_index_cut_short_is_refused(tmp_path):
    path = tmp_path / "x.vcf.gz"
    index = indexed(path, GROWN, ".tbi")
    index.write_bytes(index.read_bytes()[:-40])
    assert f"{index} is no whole index" in fault(lambda: read(path))


def test_a_sample_that_is_named_twice_is_told_with_the_file(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], ["b", "a", "b"])
    assert fault(lambda: read(path)) == f"{path} names 1 samples twice, the first 'b'."


@pytest.mark.parametrize(
    ("length", "other"),
    [(51304566, "chr22 has 51304566 bp in its header, as in GRCh37"), (50818468, ""), (5, "")],
)
def test_a_header_tells_of_another_build(tmp_path, length, other):
    path = tmp_path / "x.vcf.gz"
    write_vcf(path, ["chr22 100 . A G . PASS . GT 0/1 1/1 0/0"], SAMPLES, lengths=(length,))
    assert open_genotypes(path, "GRCh38", "GT").other_build() == other


def test_a_field_that_is_not_there_is_named(tmp_path):
    record = "chr22 100 . A G . PASS . GT 0/1 1/1 0/0"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], SAMPLES)
    assert f"{path} has no FORMAT field DS" in fault(lambda: read(path, field="DS"))


@pytest.mark.parametrize("name", ["x.vcf", "x.bim", "x.txt"])
def test_other_kinds_of_file_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text("")
    assert "expected genotypes as .vcf.gz" in fault(lambda: open_genotypes(path, "GRCh38", "GT"))


def test_something_that_only_has_the_name_of_a_vcf_is_refused(tmp_path):
    path = tmp_path / "x.vcf.gz"
    path.write_text("hello")
    (tmp_path / "x.vcf.gz.tbi").write_text("")
    assert "does not end as a bgzip file does" in fault(
        lambda: open_genotypes(path, "GRCh38", "GT")
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rs12", "rs12"),
        (".", ""),
        (None, ""),
        ("22_16051249", ""),
        ("esv1;rs5", "rs5"),
        ("xrs5", ""),
    ],
)
def test_an_rs_number_is_found_in_the_id_column(name, expected):
    assert rsid_of(name) == expected


def test_a_variant_id_names_its_build():
    assert variant_id("22", 5, "A", "G", "GRCh37") == "chr22_5_A_G_b37"
