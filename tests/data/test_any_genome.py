"""Genotypes of genomes that are not human: chromosomes of any name, sex chromosomes, ids."""

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.data import contigs
from fqtl.data.dosages import Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.data.sex import FEMALE, MALE, sex_chromosomes
from fqtl.errors import FqtlError
from fqtl.shards.assignment import list_genes
from tests.files import vcf_records, write_plink1, write_vcf

N = 6
DONORS = [f"M{i}" for i in range(N)]
CALLS = np.array([[0, 1, 2, 0, 1, 2], [2, 2, 0, 1, 1, 0]])


def read(source, chrom, start=1, end=10**9):
    return source.read(chrom, start, end, DONORS, Limits())


@pytest.mark.parametrize(
    ("contig", "asked", "named"),
    [
        ("19", "chr19", "chr19"),
        ("2L", "2L", "chr2L"),
        ("chrUn_GL456370", "chrUn_GL456370", "chrUn_GL456370"),
        ("NC_067374.1", "NC_067374.1", "chrNC_067374.1"),
        ("chrXIV", "XIV", "chrXIV"),
    ],
)
def test_a_chromosome_of_any_name_is_read_and_ids_end_in_the_genome(tmp_path, contig, asked, named):
    path = write_vcf(
        tmp_path / "g.vcf.gz", vcf_records(CALLS, [70_000_000, 80_000_000], contig), DONORS,
        contigs=(contig,),
    )  # fmt: skip
    found = read(open_genotypes(path, "mm39", "GT"), asked)
    assert list(found.variants["variant_id"]) == [
        f"{named}_{pos}_A_G_mm39" for pos in (70_000_000, 80_000_000)
    ]
    np.testing.assert_array_equal(found.dosages, CALLS)


@pytest.mark.parametrize("build", ["mm39", "GRCh38"])
def test_a_header_without_lengths_speaks_for_no_build(tmp_path, build):
    path = write_vcf(tmp_path / "g.vcf.gz", vcf_records(CALLS, [7, 8], "X"), DONORS, contigs=("X",))
    assert open_genotypes(path, build, "GT").other_build() == ""


def test_human_lengths_in_a_header_speak_against_another_genome(tmp_path):
    path = write_vcf(
        tmp_path / "g.vcf.gz", vcf_records(CALLS, [7, 8], "1"), DONORS,
        contigs=("1",), lengths=(248956422,),
    )  # fmt: skip
    assert "as in GRCh38" in open_genotypes(path, "mm39", "GT").other_build()


def plink(folder, code):
    bim = [f"{code} rs{pos} 0 {pos} G A" for pos in (1000, 2000)]
    return write_plink1(folder / "g.bed", CALLS, bim, DONORS, "121212")


def test_number_23_is_the_human_x_and_a_chromosome_of_its_own_in_cattle(tmp_path):
    path = plink(tmp_path, "23")
    assert open_genotypes(path, "GRCh38", "GT").contigs == ["X"]
    cattle = open_genotypes(path, "ARS-UCD1.2", "GT")
    assert cattle.contigs == ["23"]
    np.testing.assert_array_equal(read(cattle, "chr23").dosages, CALLS)
    with pytest.raises(FqtlError, match="No chromosome chrX"):
        read(cattle, "chrX")


def test_chromosomes_of_which_one_sex_has_one_copy_are_those_that_are_named(tmp_path):
    path = plink(tmp_path, "XIX")
    stickleback = sex_chromosomes("gasAcu", males=["chrXIX"], females=[])
    source = open_genotypes(path, "gasAcu", "GT", sexes=stickleback)
    assert source.sexes.with_one_copy("chrXIX") == MALE
    assert source.sexes.with_one_copy("chrX") == ""  # its tenth chromosome
    found = read(source, "XIX").dosages
    # a male with one of each cannot be
    assert np.isnan(found[:, ::2][CALLS[:, ::2] == 1]).all()
    np.testing.assert_array_equal(found[:, 1::2], CALLS[:, 1::2])
    shared = sex_chromosomes("gasAcu", ["XIX"], [], ["XIX:1-1500"])
    found = read(open_genotypes(path, "gasAcu", "GT", sexes=shared), "XIX").dosages
    np.testing.assert_array_equal(found[0], CALLS[0])
    assert np.isnan(found[1, 4])


def test_pseudo_autosomal_regions_are_known_of_human_builds_and_of_no_other():
    assert sex_chromosomes("GRCh38").is_shared("chrX", 2_000_000)
    assert not sex_chromosomes("GRCh38").is_shared("chrX", 5_000_000)
    assert not sex_chromosomes("mm39").is_shared("chrX", 2_000_000)
    assert sex_chromosomes("galGal6").with_one_copy("Z") == FEMALE


@pytest.mark.parametrize("region", ["X", "X:5", "X:9-5", "X:0-5", "chrX:a-b"])
def test_a_region_that_is_none_is_refused(region):
    with pytest.raises(FqtlError, match="expected regions as X:60001-2699520, found"):
        sex_chromosomes("mm39", regions=[region])


def test_a_chromosome_cannot_be_single_in_both_sexes():
    with pytest.raises(FqtlError, match="Of chrX both sexes have one copy"):
        sex_chromosomes("mm39", ["X"], ["chrX"])


def test_chromosomes_are_in_order_however_many_there_are():
    names = ["MT", "X", "2L", "29", "3", "Y", "10", "38"]
    assert sorted(names, key=contigs.order) == ["3", "10", "29", "38", "X", "Y", "MT", "2L"]


def test_without_a_list_of_chromosomes_all_genes_that_have_genotypes_are_fitted():
    genes = pd.DataFrame(
        {
            "gene_id": ["a", "b", "c"],
            "chrom": ["chr2L", "chrX", "chrUn_7"],
            "tss": 5,
            "reason": "",
        }
    )
    listed = list_genes([("fat", genes)], None, ["2L", "X"])
    assert dict(zip(listed["gene_id"], listed["reason"], strict=True)) == {
        "a": "",
        "b": "",
        "c": "chrUn_7 is not in the genotypes",
    }


@pytest.mark.parametrize("name", ["GRCh73", "two words", "39"])
def test_a_name_that_no_genome_has_is_one_line(tmp_path, capsys, name):
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(tmp_path), "--to", "tigar", "--out", "o", "--genome-build", name])
    assert ended.value.code == 2
    assert f"found {name!r}" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["calls", "written twice", "DS to 1", "DS to 2", "bed"])
def test_of_a_haploid_genome_one_copy_counts_as_two_on_every_chromosome(tmp_path, kind):
    rng = np.random.default_rng(0)
    donors = [f"A{i:02d}" for i in range(12)]
    copies = rng.integers(0, 2, (4, 12))
    missing = np.zeros((4, 12), dtype=bool)
    missing[1, 3] = missing[2, 0] = True
    places = [("chrI", 100), ("chrX", 100), ("chrMT", 50), ("chrX", 300)]  # chrX is the tenth
    path = tmp_path / ("g.bed" if kind == "bed" else "g.vcf.gz")
    words = {
        "calls": ["0", "1", "."],
        "written twice": ["0/0", "1/1", "./."],
        "DS to 1": ["0.02", "0.98", "."],
        "DS to 2": ["0.04", "1.96", "."],
    }
    field = "DS" if kind.startswith("DS") else "GT"
    if kind == "bed":
        bim = [f"{chrom} . 0 {pos} G A" for chrom, pos in places]
        write_plink1(path, np.where(missing, -1, 2 * copies), bim, donors)
    else:
        known = np.array(words[kind])[np.where(missing, 2, copies)]
        records = [
            f"{chrom} {pos} . A G . PASS . {field} {' '.join(row)}"
            for (chrom, pos), row in zip(places, known, strict=True)
        ]
        order = [0, 1, 3, 2]
        write_vcf(
            path,
            [records[i] for i in order],
            donors,
            contigs=("chrI", "chrX", "chrMT"),
            fields=(field,),
        )
    source = open_genotypes(path, "R64", field, sexes=sex_chromosomes("R64", haploid=True))
    assert not source.sexes.with_one_copy("chrX")
    for chrom in ("chrI", "chrX", "chrM"):
        mine = [i for i, (name, _) in enumerate(places) if name[:4] == chrom[:4]]
        found = source.read(chrom, 1, 1000, donors[::-1], Limits(min_maf=0, max_missing=1))
        expected = np.where(missing, np.nan, 2.0 * copies)[mine][:, ::-1]
        np.testing.assert_allclose(found.dosages, expected, atol=0.05)


def test_a_strain_has_no_two_alleles(tmp_path):
    records = ["chrI 100 . A G . PASS . GT 0 1 0/1 1/1 1"]
    path = write_vcf(tmp_path / "g.vcf.gz", records, list("abcde"), contigs=("chrI",))
    source = open_genotypes(path, "R64", "GT", sexes=sex_chromosomes("R64", haploid=True))
    found = source.read("chrI", 1, 1000, list("abcde"), Limits(min_maf=0, max_missing=1))
    np.testing.assert_array_equal(found.dosages, [[0, 2, np.nan, 2, 2]])
