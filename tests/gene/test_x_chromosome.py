"""Genes on X: one copy counts as two, sex is a covariate, in whatever way a file writes it."""

import numpy as np
import pytest

from fqtl.data.dosages import Limits
from fqtl.data.gene import GeneData
from fqtl.data.genotypes import open_genotypes
from fqtl.data.sex import MALE, read_sex, require_known
from fqtl.errors import FqtlError
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.permutations import PermutationPlan, permuted
from fqtl.gene.settings import Settings
from tests.files import write_plink1, write_vcf

N, P = 120, 40
DONORS = [f"D{i}" for i in range(N)]
MEN = np.arange(N) % 2 == 0
FIRST = 5_000_000  # behind the pseudo-autosomal end
PLACES = FIRST + 1000 * np.arange(P)


def haplotypes(seed=1):
    """(p, n, 2) alleles; a man's second is his first once more."""
    rng = np.random.default_rng(seed)
    alleles = rng.binomial(1, rng.uniform(0.2, 0.5, P)[:, None, None], (P, N, 2))
    alleles[:, MEN, 1] = alleles[:, MEN, 0]
    return alleles


def entry(alleles, man, how):
    one, both = alleles[0], int(alleles.sum())
    return {
        "haploid GT": f"{one}" if man else f"{one}|{alleles[1]}",
        "diploid GT": f"{one}|{alleles[1]}",
        "DS to 1": f"{one}:{one}" if man else f"{one}|{alleles[1]}:{both}",
        "DS to 2": f"{one}:{both}" if man else f"{one}|{alleles[1]}:{both}",
        "DS alone": f"{one}" if man else f"{both}",
    }[how]


def written(folder, how):
    """Path, field and table of sex of genotypes in one of the ways that files have them."""
    alleles = haplotypes()
    sheet = folder / "sex.tsv"
    sheet.write_text(
        "".join(f"{d}\t{'M' if m else 'F'}\n" for d, m in zip(DONORS, MEN, strict=True))
    )
    if how == "PLINK":
        bim = [f"23 rs{i} 0 {pos} G A" for i, pos in enumerate(PLACES)]
        sexes = "".join("1" if man else "2" for man in MEN)
        return write_plink1(folder / "x.bed", alleles.sum(2), bim, DONORS, sexes), "GT", None
    fields = ("DS",) if how == "DS alone" else ("GT", "DS") if "DS" in how else ("GT",)
    records = [
        f"chrX {pos} rs{i} A G . PASS . {':'.join(fields)} "
        + " ".join(entry(alleles[i, j], MEN[j], how) for j in range(N))
        for i, pos in enumerate(PLACES)
    ]
    path = write_vcf(folder / "x.vcf.gz", records, DONORS, contigs=("chrX",), fields=fields)
    told_by_calls = "haploid" in how or how in ("DS to 1", "DS to 2")
    return path, "DS" if "DS" in how else "GT", None if told_by_calls else sheet


@pytest.mark.parametrize("unit", [1, 2])
def test_dosages_of_one_copy_are_told_however_late_the_first_carrier_comes(tmp_path, unit):
    """Imputed files begin with hundreds of variants that hardly anybody has."""
    women = [f"D{i}\tF\n" for i in range(6)]
    men = [f"D{i}\tM\n" for i in range(6, 12)]
    (tmp_path / "sex.tsv").write_text("".join(women + men))
    rare = [f"chrX {FIRST + i} . A G . PASS . DS" + " 0.5" * 6 + " 0" * 6 for i in range(260)]
    common = f"chrX {FIRST + 900} . A G . PASS . DS 0 1 2 1 0 1" + f" 0 {unit}" * 3
    donors = [f"D{i}" for i in range(12)]
    path = write_vcf(
        tmp_path / "x.vcf.gz", [*rare, common], donors, contigs=("chrX",), fields=("DS",)
    )
    source = open_genotypes(path, "GRCh38", "DS", tmp_path / "sex.tsv")
    found = source.read("X", FIRST + 900, FIRST + 900, donors, Limits())
    np.testing.assert_array_equal(found.dosages[0], [0, 1, 2, 1, 0, 1, 0, 2, 0, 2, 0, 2])


WAYS = ["haploid GT", "diploid GT", "DS to 1", "DS to 2", "DS alone", "PLINK"]


@pytest.mark.parametrize("how", WAYS)
def test_men_count_none_or_two_and_their_sex_is_known_however_a_file_writes_them(tmp_path, how):
    source = open_genotypes(*_named(*written(tmp_path, how)))
    found = source.read("X", FIRST, FIRST + 100_000, DONORS, Limits())
    np.testing.assert_array_equal(found.dosages, haplotypes().sum(2))
    np.testing.assert_array_equal(source.sex_of(DONORS) == MALE, MEN)


def _named(path, field, sheet):
    return path, "GRCh38", field, sheet


def settings(is_male=MEN, **more):
    return Settings(
        fit={"family": "gaussian", "engine": "cavi", "rank": 2, "factored": True, "seed": 1},
        fold=None,
        min_pip=0.01,
        is_male=is_male,
        **more,
    )


def gene_of(y, name="g"):
    return GeneData(name, "chrX", FIRST, ["a", "b"], y)


def test_an_effect_on_x_is_found_alike_in_every_way_of_writing_it(tmp_path):
    rng = np.random.default_rng(3)
    x = haplotypes().sum(2)
    y = 0.8 * x[7, :, None] + 2.0 * MEN[:, None] + rng.normal(size=(N, 2))
    y = (y - y.mean(0)) / y.std(0)
    records = []
    for number, how in enumerate(WAYS):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = open_genotypes(*_named(*written(folder, how)))
        genotypes = source.read("X", FIRST, FIRST + 100_000, DONORS, Limits())
        records.append(analyse_gene(gene_of(y), genotypes, settings()))
    first = records[0]
    assert first["sex"] == "covariate"
    best = max(first["weights"], key=lambda entry: abs(entry["weight"]))
    assert first["variants"][best["variant"]]["pos"] == PLACES[7]
    for other in records[1:]:
        assert other["weights"] == first["weights"]
        assert other["elbo"] == first["elbo"]


def test_a_gene_that_differs_by_sex_alone_is_called_as_often_as_chance_has_it(tmp_path):
    """p of 60 null genes, each the rank of its statistic among 19 permuted fits."""
    source = open_genotypes(*_named(*written(tmp_path, "DS to 1")))
    genotypes = source.read("X", FIRST, FIRST + 100_000, DONORS, Limits())
    plan = PermutationPlan(19, 20, "donors", 0, 1)
    called = 0
    for number in range(60):
        rng = np.random.default_rng(100 + number)
        y = 1.5 * MEN[:, None] + rng.normal(size=(N, 2))
        record = analyse_gene(gene_of(y, f"g{number}"), genotypes, settings(permutations=plan))
        called += _p(record) <= 0.05
    assert called <= 7  # binomial(60, 0.05) exceeds 7 once in a hundred times


def _p(record):
    statistics = np.array([entry["neg_log_null_prob"] for entry in record["permuted_fits"]])
    return (1 + (statistics >= record["neg_log_null_prob"]).sum()) / (1 + len(statistics))


def test_donors_of_a_gene_on_x_are_exchanged_within_their_sex():
    _, order = permuted(gene_of(np.zeros((N, 2))), "donors", np.random.default_rng(1), MEN)
    np.testing.assert_array_equal(MEN[order], MEN)
    assert not np.array_equal(order, np.arange(N))


def test_sex_that_nobody_tells_is_asked_for(tmp_path):
    path, field, _ = written(tmp_path, "diploid GT")
    source = open_genotypes(path, "GRCh38", field)
    with pytest.raises(FqtlError, match=r"sex of 120 of 120 donors .* genotypes\.sex"):
        require_known(source.sex_of(DONORS), DONORS, "chrX", path)


def test_a_table_that_the_calls_contradict_is_refused(tmp_path):
    path, field, _ = written(tmp_path, "haploid GT")
    sheet = tmp_path / "wrong.tsv"
    sheet.write_text("donor\tsex\nD0\tfemale\nD1\tfemale\n")
    with pytest.raises(FqtlError, match=r"1 of 120 donors have calls .* the first D0: female"):
        open_genotypes(path, "GRCh38", field, sheet).sex_of(DONORS)


@pytest.mark.parametrize(
    "text",
    [
        "D0 M\nD1 F\n",
        "D0,1\nD1,2\n",
        "SUBJID\tSEX\tAGE\nD0\t1\t60-69\nD1\t2\t50-59\n",
        "#FID\tIID\tSEX\nf\tD0\t1\nf\tD1\t2\n",
    ],
)
def test_tables_of_sex_are_read_in_the_layouts_there_are(tmp_path, text):
    path = tmp_path / "sex.txt"
    path.write_text(text)
    assert read_sex(path) == {"D0": "male", "D1": "female"}


def test_a_word_that_is_no_sex_is_refused_with_its_line(tmp_path):
    path = tmp_path / "sex.txt"
    path.write_text("D0 M\nD1 tall\n")
    with pytest.raises(FqtlError, match="line 2: expected a donor and a sex"):
        read_sex(path)
