"""Lists of variants beside matrices of LD, and which region is whose."""

import weakref

import numpy as np
import pandas as pd
import pytest

from fqtl.data.variant_filter import VariantFilter
from fqtl.errors import FqtlError
from fqtl.qtl import ld_matrices
from fqtl.qtl.ld_matrices import LDOfMatrices
from fqtl.qtl.ld_variants import read_ld_variants

LISTS = {
    "UK Biobank": "rsid\tchromosome\tposition\tallele1\tallele2\n"
    "rs1\t22\t100\tA\tG\n.\t22\t200\tC\tCT\n",
    "PLINK 2": "##source=plink\n#CHROM\tPOS\tID\tREF\tALT\n22\t100\trs1\tA\tG\n22\t200\t.\tC\tCT\n",
    "PLINK 1": "22\trs1\t0\t100\tG\tA\n22\t.\t0\t200\tCT\tC\n",
    "words": "pos chrom rsid effect_allele other_allele\n100 chr22 rs1 g a\n200 chr22 . ct c\n",
}


@pytest.mark.parametrize("how", LISTS)
def test_lists_are_read_as_they_are_published(tmp_path, how):
    (tmp_path / "list").write_text(LISTS[how])
    found = read_ld_variants(tmp_path / "list", "chr22", "GRCh38")
    assert found["variant_id"].tolist() == ["chr22_100_A_G_b38", "chr22_200_C_CT_b38"]
    assert found["rsid"].tolist() == ["rs1", ""]
    assert found[["frequency", "maf"]].isna().all(axis=None)
    assert found["reason"].tolist() == ["", ""]


def test_what_is_of_no_use_has_its_reason(tmp_path):
    lines = ["chrom pos ref alt af", "22 1 A G 0.9", "22 1 A G 0.9", "22 2 A <DEL> 0.5"]
    (tmp_path / "list").write_text("\n".join([*lines, "22 3 A G 0", "22 4 A G NA"]) + "\n")
    found = read_ld_variants(tmp_path / "list", "22", "GRCh38")
    assert found["reason"].tolist() == ["", "listed twice", "alleles are not bases", "constant", ""]
    assert found["maf"][0] == pytest.approx(0.1)
    assert found["frequency"][0] == 0.9


@pytest.fixture
def overlapping(tmp_path, monkeypatch):
    """Regions of 3 kb, one begins every kb, as UK Biobank's of 3 Mb; a variant every 100 bp."""
    monkeypatch.chdir(tmp_path)
    rows = ["chrom\tstart\tend\tmatrix\tvariants\tn"]
    for start in (1, 1001, 2001):
        pos = np.arange(start - 1 + 100, start + 3000, 100)
        table = pd.DataFrame({"chrom": 22, "pos": pos, "ref": "A", "alt": "G", "maf": 0.3})
        table.to_csv(tmp_path / f"{start}.tsv", sep="\t", index=False)
        np.save(tmp_path / f"{start}.npy", np.eye(len(pos)) + start * 1e-5 * (1 - np.eye(len(pos))))
        rows.append(f"22\t{start}\t{start + 2999}\t{start}.npy\t{start}.tsv\t1000")
    (tmp_path / "ld.tsv").write_text("\n".join(rows) + "\n")
    return LDOfMatrices(tmp_path / "ld.tsv", "GRCh38", VariantFilter(), 0.01)


def test_a_gene_takes_the_region_in_whose_middle_it_is(overlapping):
    spans = [("chr22", middle - 500, middle + 500) for middle in (700, 1500, 2500, 3500, 4800)]
    starts = [region.start for region in map(overlapping.region_of, spans) if region is not None]
    assert starts == [1, 1, 1001, 2001, 2001]
    assert overlapping.region_of(("chr22", 6000, 7000)) is None
    assert overlapping.region_of(("chr21", 1000, 2000)) is None
    assert overlapping.people == 1000


def test_a_matrix_is_read_once_for_genes_that_follow_each_other(overlapping, monkeypatch):
    read, of_file = [], ld_matrices.read_matrix

    def counted(region, variants):
        read.append(region.start)
        return of_file(region, variants)

    monkeypatch.setattr(ld_matrices, "read_matrix", counted)
    spans = [("chr22", middle - 200, middle + 200) for middle in (1400, 1500, 1600, 2500, 2600)]
    found = list(overlapping.windows(spans))
    assert read == [1, 1001]
    assert [len(one.variants) for one in found] == [5] * 5
    assert overlapping.counted(spans).tolist() == [5] * 5
    for one, start in zip(found, (1, 1, 1, 1001, 1001), strict=True):
        ld = one.for_fit()["ld"]
        assert ld.shape == (5, 5)
        assert ld[0, 1] == pytest.approx(start * 1e-5)


def test_the_matrix_of_one_region_is_in_memory(overlapping):
    """While the gene of the region before is held, as it is when the next one is read."""
    spans = [("chr22", middle - 200, middle + 200) for middle in (1500, 2500)]
    windows = overlapping.windows(spans)
    first, matrix = next(windows), weakref.ref(overlapping._matrix[1])
    assert matrix() is not None
    second = next(windows)
    assert matrix() is None
    assert first.for_fit()["ld"][0, 1] != second.for_fit()["ld"][0, 1]


def test_regions_and_lists_of_another_build_are_lifted(overlapping, tmp_path, caplog):
    """To 3,500 by 10 kb, to 3,600 nowhere, to 4,600 turned round: 3,601 to 14,600 and so down."""
    (tmp_path / "a.chain").write_text(
        "chain 1 chr22 90000 + 0 3500 chr22 90000 + 10000 13500 1\n3500\n\n"
        "chain 1 chr22 90000 + 3600 4600 chr22 90000 - 75400 76400 2\n1000\n\n"
        "chain 1 chr22 90000 + 4600 6000 chr22 90000 + 14600 16000 3\n1400\n"
    )
    table = pd.read_csv(tmp_path / "ld.tsv", sep="\t").assign(chain="a.chain")
    table.to_csv(tmp_path / "ld.tsv", sep="\t", index=False)
    source = LDOfMatrices(tmp_path / "ld.tsv", "GRCh38", VariantFilter(), 0.01)
    spans = [(one.start, one.end) for one in source.regions]
    assert spans == [(10001, 13000), (11001, 14201), (12001, 15000)]
    with caplog.at_level("INFO"):
        found = source.described(("chr22", 13300, 15000))
    assert "1 of 30 variants are not lifted" in caplog.text
    straight, turned = [13300, 13400, 13500], list(range(13601, 14502, 100))
    assert found.variants["pos"].tolist() == [*straight, *turned, 14700, 14800, 14900, 15000]
    assert "".join(found.variants["effect_allele"]) == "GGG" + 10 * "C" + "GGGG"
    assert found.row[[0, 3, 12, 13]].tolist() == [12, 25, 16, 26]


def test_a_region_that_is_not_lifted_is_refused(overlapping, tmp_path):
    (tmp_path / "a.chain").write_text("chain 1 chr22 90 + 0 9 chr22 90 + 0 9 1\n9\n")
    table = pd.read_csv(tmp_path / "ld.tsv", sep="\t").assign(chain="a.chain", end=9000)
    table.iloc[1:2].to_csv(tmp_path / "ld.tsv", sep="\t", index=False)
    with pytest.raises(FqtlError, match="lifts none of 9 places of chr22:1001-9000"):
        LDOfMatrices(tmp_path / "ld.tsv", "GRCh38", VariantFilter(), 0.01)
