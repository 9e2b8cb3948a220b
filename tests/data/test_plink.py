import numpy as np
import pyarrow as pa
import pytest

from fqtl.data.gene import GeneData
from fqtl.data.genotypes import Limits, open_genotypes
from fqtl.data.plink import ALLELE_CODES
from fqtl.errors import FqtlError
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.settings import Settings
from tests.conftest import simulated_gene
from tests.files import vcf_records, write_plink1, write_plink2, write_vcf

SAMPLES = ["b", "a", "c"]
EVERYTHING = Limits(min_maf=0, max_missing=1)
CALLS = np.array([[1, 2, 0]])  # copies of A1 in b, a, c


def read(path, samples=("a", "b", "c"), field="GT", chrom="22", start=1, end=10_000):
    source = open_genotypes(path, "GRCh38", field)
    return source.read(chrom, start, end, list(samples), EVERYTHING)


def fault(action):
    with pytest.raises(FqtlError) as caught:
        action()
    return str(caught.value)


def test_the_example_of_the_format_is_read_as_its_description_says(tmp_path):
    """https://www.cog-genomics.org/plink/1.9/formats#bed: six people, three variants."""
    (tmp_path / "x.bed").write_bytes(bytes.fromhex("6c1b01dc0fe70f6b01"))
    (tmp_path / "x.bim").write_text("1 snp1 0 1 G A\n1 snp2 0 2 1 2\n1 snp3 0 3 A C\n")
    people = ["1 a", "1 b", "1 c", "2 d", "2 e", "2 f"]
    (tmp_path / "x.fam").write_text("".join(f"{name} 0 0 1 0\n" for name in people))
    found = read(tmp_path / "x.bed", "abcdef", chrom="chr1")
    nan = np.nan
    np.testing.assert_array_equal(
        found.dosages, [[2, 0, nan, 0, 0, 0], [0, 1, 1, nan, nan, 2]]
    )  # copies of A1: G, A
    assert found.variants["variant_id"].tolist() == ["chr1_1_A_G_b38", "chr1_3_C_A_b38"]
    assert found.dropped_by_reason() == {ALLELE_CODES: 1}


@pytest.mark.parametrize(
    ("name", "variant_id", "dosages"),
    [
        ("rs7", "chr22_100_A_G_b38", [2, 1, 0]),  # A1 is taken for ALT
        ("chr22_100_A_G_b38", "chr22_100_A_G_b38", [2, 1, 0]),
        ("chr22_100_G_A_b38", "chr22_100_G_A_b38", [0, 1, 2]),  # A1 was the minor allele, and REF
        ("22:100:g:a", "chr22_100_G_A_b38", [0, 1, 2]),
        ("chr22_99_G_A_b38", "chr22_100_A_G_b38", [2, 1, 0]),  # the name of something else
    ],
)
def test_the_name_of_a_variant_says_which_allele_is_the_reference(
    tmp_path, name, variant_id, dosages
):
    path = write_plink1(tmp_path / "x.bed", CALLS, [f"22 {name} 0 100 G A"], SAMPLES)
    found = read(path)
    assert found.variants["variant_id"].tolist() == [variant_id]
    assert found.dosages.tolist() == [dosages]


def test_every_alternative_allele_of_a_pgen_becomes_a_variant(tmp_path):
    alleles = np.array(
        [[[0, 1], [1, 1], [0, 0]], [[1, 2], [0, 1], [2, 2]], [[0, 0], [-9, -9], [0, 1]]]
    )
    pvar = ["22 50 . A C", "22 100 rs1 A G,T", "22 200 . AT A"]
    found = read(write_plink2(tmp_path / "x.pgen", alleles, pvar, SAMPLES), SAMPLES)
    assert found.variants["effect_allele"].tolist() == ["C", "G", "T", "A"]
    np.testing.assert_array_equal(found.dosages, [[1, 2, 0], [1, 1, 0], [1, 0, 2], [0, np.nan, 1]])
    assert found.variants["rsid"].tolist() == ["", "rs1", "rs1", ""]


def test_imputed_dosages_of_a_pgen_are_read_where_asked_for(tmp_path):
    dosages = np.array([[0.75, 2.0, 0.0625]])
    path = write_plink2(tmp_path / "x.pgen", dosages, ["22 100 . A G"], SAMPLES, dosages=True)
    np.testing.assert_allclose(read(path, SAMPLES, field="DS").dosages, dosages, atol=2**-14)


def as_vcf(calls):
    """(p, n) calls as body lines of a VCF; -1 is missing."""
    words = np.array(["0/0", "0/1", "1/1", "./."])
    return [
        f"chr22 {100 * i} v{i} A G . . . GT {' '.join(words[row])}" for i, row in enumerate(calls)
    ]


def test_three_formats_give_the_same_variants_and_count_the_same(tmp_path):
    rng = np.random.default_rng(0)
    names = [f"d{i}" for i in range(30)]
    calls = rng.choice([-1, 0, 1, 2], (40, 30), p=[0.05, 0.5, 0.3, 0.15])
    calls[3], calls[4], calls[5, :25] = 0, 2, -1
    limits = Limits(min_maf=0.2, max_missing=0.1)
    vcf = write_vcf(tmp_path / "x.vcf.gz", as_vcf(calls), names)
    bim = [f"22 v{i} 0 {100 * i} G A" for i in range(40)]
    pvar = [f"chr22 {100 * i} v{i} A G" for i in range(40)]
    alleles = np.array([[0, 0], [0, 1], [1, 1], [-9, -9]])[calls]
    paths = [
        vcf,
        write_plink1(tmp_path / "x.bed", calls, bim, names),
        write_plink2(tmp_path / "x.pgen", alleles, pvar, names),
    ]
    asked = names[20:2:-1]
    one, *others = (
        open_genotypes(path, "GRCh38", "GT").read("chr22", 150, 3500, asked, limits)
        for path in paths
    )
    assert 0 < len(one.variants) < 34
    for other in others:
        assert other.variants.equals(one.variants)
        np.testing.assert_array_equal(other.dosages, one.dosages)
        assert other.dropped.equals(one.dropped)


def test_the_same_data_from_vcf_bed_and_pgen_give_the_same_fit(tmp_path):
    gene = simulated_gene(3, n=120, p=30, m=4, tissues_each=3)
    names = [f"d{i}" for i in range(120)]
    calls, positions = gene.x.T.astype(int), np.arange(1000, 1030)
    gtex = [f"chr22_{pos}_A_G_b38" for pos in positions]
    # as PLINK 1.9 writes it: the minor allele is A1, whichever is the reference
    swapped = calls.mean(axis=1) > 1
    assert 0 < swapped.sum() < 30
    minor = np.where(swapped[:, None], 2 - calls, calls)
    bim = [
        f"22 {name} 0 {pos} {'A G' if swap else 'G A'}"
        for name, pos, swap in zip(gtex, positions, swapped, strict=True)
    ]
    pvar = [f"22 {pos} {name} A G" for name, pos in zip(gtex, positions, strict=True)]
    records = [
        record.replace(f"rs{pos}", name)
        for record, pos, name in zip(vcf_records(calls, positions), positions, gtex, strict=True)
    ]
    alleles = np.array([[0, 0], [0, 1], [1, 1]])[calls]
    paths = [
        write_vcf(tmp_path / "x.vcf.gz", records, names),
        write_plink1(tmp_path / "x.bed", minor, bim, names),
        write_plink2(tmp_path / "x.pgen", alleles, pvar, names),
    ]
    settings = Settings(fit={}, fold=None, min_pip=0.01)
    data = GeneData("g", "chr22", 1015, list("wxyz"), gene.y)
    one, *others = (
        analyse_gene(data, read(path, names, chrom="chr22"), settings) for path in paths
    )
    assert one["status"] == "fitted"
    assert one["weights"]
    assert len(others) == 2
    for other in others:
        np.testing.assert_equal(other, one)  # to the last bit, arrays within records too


def test_variants_out_of_order_are_read_in_order(tmp_path):
    bim = ["22 rs3 0 300 G A", "21 rs9 0 50 G A", "22 rs1 0 100 G A"]
    calls = np.array([[0, 0, 1], [2, 2, 2], [1, 2, 0]])
    found = read(write_plink1(tmp_path / "x.bed", calls, bim, SAMPLES), SAMPLES)
    assert found.variants["rsid"].tolist() == ["rs1", "rs3"]
    assert found.dosages.tolist() == [[1, 2, 0], [0, 0, 1]]


def test_a_compressed_table_of_variants_serves_as_well(tmp_path):
    alleles = np.array([[[0, 1], [1, 1], [0, 0]]])
    path = write_plink2(tmp_path / "x.pgen", alleles, ["22 100 rs1 A G"], SAMPLES)
    table = path.with_suffix(".pvar")
    with pa.output_stream(str(tmp_path / "x.pvar.zst"), compression="zstd") as packed:
        packed.write(table.read_bytes())
    table.unlink()
    assert read(path).dosages.tolist() == [[2, 1, 0]]


@pytest.mark.parametrize("ending", ["\n", "\r\n", " \n"])
@pytest.mark.parametrize("size", [7, 1 << 24])
def test_fields_of_a_bim_may_have_any_number_of_blanks_between_them(
    tmp_path, monkeypatch, ending, size
):
    path = write_plink1(tmp_path / "x.bed", np.repeat(CALLS, 3, axis=0), ["x"] * 3, SAMPLES)
    lines = ["  22   rs1  0     100 G A", "22\t rs2 \t0  2000\tG\tA", " 22 rs33 0 9999 T  A"]
    path.with_suffix(".bim").write_bytes((ending.join(lines) + ending.rstrip("\n")).encode())
    monkeypatch.setattr("fqtl.data.variant_table.BLOCK_BYTES", max(size, 64))
    monkeypatch.setattr("fqtl.data.variant_table.READ_BYTES", size)
    found = read(path)
    assert found.variants["rsid"].tolist() == ["rs1", "rs2", "rs33"]
    assert found.variants["pos"].tolist() == [100, 2000, 9999]


def test_a_pvar_without_a_header_is_a_bim_of_five_columns_or_six(tmp_path):
    """https://www.cog-genomics.org/plink/2.0/formats#pvar: CHROM, ID, (CM,) POS, ALT, REF."""
    alleles = np.array([[[0, 1], [1, 1], [0, 0]]])
    path = write_plink2(tmp_path / "x.pgen", alleles, ["22 100 rs1 A G"], SAMPLES)
    expected = read(path)
    for line in ("22\trs1\t100\tG\tA\n", "22  rs1 100 G A\n", "22 rs1 0 100 G A\n"):
        path.with_suffix(".pvar").write_text(line)
        found = read(path)
        assert found.variants.equals(expected.variants)
        np.testing.assert_array_equal(found.dosages, expected.dosages)


@pytest.mark.parametrize(
    ("code", "asked", "sexes", "used"),
    [
        ("23", "chrX", "222", True),
        ("23", "chrX", "212", True),
        ("X", "X", "000", True),  # as it stands; a fit asks for the sex
        ("25", "chrX", "111", True),  # the ends of X, which men have twice, too
        ("24", "chrY", "111", False),
        ("26", "chrM", "222", False),
    ],
)
def test_chromosomes_that_not_everybody_has_twice_are_left_out_and_counted(
    tmp_path, code, asked, sexes, used
):
    path = write_plink1(tmp_path / "x.bed", CALLS, [f"{code} rs1 0 100 G A"], SAMPLES, sexes)
    found = read(path, chrom=asked)
    assert len(found.variants) == used
    assert found.dropped_by_reason() == ({} if used else {"calls that are not diploid": 1})


def test_an_allele_that_nobody_has_is_counted(tmp_path):
    path = write_plink1(tmp_path / "x.bed", CALLS * 0, ["22 rs1 0 100 0 A"], SAMPLES)
    assert read(path).dropped_by_reason() == {"no alternative allele": 1}


def test_a_position_beyond_the_end_of_its_chromosome_tells_of_another_build(tmp_path):
    path = write_plink1(tmp_path / "x.bed", CALLS, ["22 rs1 0 51300000 G A"], SAMPLES)
    said = open_genotypes(path, "GRCh38", "GT").other_build()
    assert said == "chromosome 22 has a variant at 51300000, beyond its 50818468 bp"
    assert open_genotypes(path, "GRCh37", "GT").other_build() == ""


def spoil(path, ending, text):
    path.with_suffix(ending).write_text(text)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.with_suffix(".fam").unlink(), "No such file: "),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "Was a copy cut short"),
        (lambda path: path.write_text("#chr start end gene_id"), "Is it an interval file?"),
        (lambda path: spoil(path, ".fam", "0 a 0 0 0 -9\n0 a 0 0 0 -9\n"), "twice, the first 'a'"),
        (lambda path: spoil(path, ".fam", "\n"), "expected a line with FID and IID"),
        (lambda path: spoil(path, ".bim", ""), "lists no variant"),
        (lambda path: spoil(path, ".bim", "22\trs1\t100\tG\tA\n"), "found 5 fields"),
        (lambda path: spoil(path, ".bim", "22\trs1\t0\tx\tG\tA\n"), "is not a table of variants"),
        (lambda path: spoil(path, ".bim", "22\tr\t0\t5\tG\tA\n" * 2), "genotypes of 2 variants"),
    ],
)
def test_files_that_are_damaged_or_do_not_belong_together_are_refused(tmp_path, harm, message):
    path = write_plink1(tmp_path / "x.bed", CALLS, ["22 rs1 0 100 G A"], SAMPLES)
    harm(path)
    said = fault(lambda: read(path))
    assert message in said
    assert str(path.with_suffix("")) in said


def test_what_is_not_there_is_named(tmp_path):
    path = write_plink1(tmp_path / "x.bed", CALLS, ["22 rs1 0 100 G A"], SAMPLES)
    assert "lacks 1 donors, the first 'z'" in fault(lambda: read(path, samples=["a", "z"]))
    assert "No chromosome 7 in" in fault(lambda: read(path, chrom="7"))
    assert "holds calls and no dosages" in fault(lambda: read(path, field="DS"))
