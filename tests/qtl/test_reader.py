"""One truth in every format that QTL summary statistics come in."""

import bz2
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.data.summary_sheet import read_sheet
from fqtl.errors import FqtlError
from fqtl.qtl.reader import read_pairs

# two genes, three variants: effect, standard error
ROWS = [
    ("ENSG00000000001.3", 1000, "A", "G", "rs1", 0.4, 0.1, 6.3e-5),
    ("ENSG00000000001.3", 2000, "C", "T", "rs2", -0.2, 0.1, 0.045500),
    ("ENSG00000000002.1", 2000, "C", "T", "rs2", 0.1, 0.1, 0.317311),
]


def frame(columns):
    return pd.DataFrame(ROWS, columns=["gene", "pos", "ref", "alt", "rs", "b", "s", "p"]).pipe(
        columns
    )


def gtex_like(table, gene):
    ids = [f"chr22_{pos}_{ref}_{alt}_b38" for pos, ref, alt in table[["pos", "ref", "alt"]].values]
    return pd.DataFrame(
        {
            gene: table["gene"],
            "variant_id": ids,
            "tss_distance": 5,
            "maf": 0.2,
            "pval_nominal": table["p"],
            "slope": table["b"],
            "slope_se": table["s"],
        }
    )


def tensorqtl(path):
    frame(lambda table: gtex_like(table, "phenotype_id")).to_parquet(path)


def gtex(path):
    table = frame(lambda table: gtex_like(table, "gene_id"))
    table.to_csv(path, sep="\t", index=False)


def fastqtl(path):
    table = frame(lambda table: gtex_like(table, "gene_id"))
    table = table[["gene_id", "variant_id", "tss_distance", "pval_nominal", "slope"]]
    table.to_csv(path, sep=" ", index=False, header=False)


def fastqtl_with_errors(path):
    """As GTEx's version wrote it first."""
    table = frame(lambda table: gtex_like(table, "gene_id"))
    table = table[["gene_id", "variant_id", "tss_distance", "pval_nominal", "slope", "slope_se"]]
    table.to_csv(path, sep="\t", index=False, header=False)


def fastqtl_with_minor_alleles(path):
    """As GTEx's version writes it without its wrapper, which adds the header."""
    table = frame(lambda table: gtex_like(table, "gene_id")).assign(ma_samples=3, ma_count=4)
    names = [*("gene_id", "variant_id", "tss_distance", "ma_samples", "ma_count", "maf")]
    table = table[[*names, "pval_nominal", "slope", "slope_se"]]
    table.to_csv(path, sep="\t", index=False, header=False)


def eqtlgen(path):
    table = frame(lambda table: table)
    pd.DataFrame(
        {
            "Pvalue": table["p"],
            "SNP": table["rs"],
            "SNPChr": 22,
            "SNPPos": table["pos"],
            "AssessedAllele": table["alt"],
            "OtherAllele": table["ref"],
            "Zscore": table["b"] / table["s"],
            "Gene": table["gene"].str.split(".").str[0],
            "NrSamples": 31684,
        }
    ).to_csv(path, sep="\t", index=False)


def mbqtl(path):
    table = frame(lambda table: table)
    both = table["alt"] + "/" + table["ref"]
    pd.DataFrame(
        {
            "Gene": table["gene"],
            "SNP": [f"22:{pos}:{rs}:x" for pos, rs in table[["pos", "rs"]].values],
            "SNPChr": 22,
            "SNPPos": table["pos"],
            "SNPAlleles": both,
            "SNPEffectAllele": table["alt"],
            "SNPEffectAlleleFreq": 0.8,
            "MetaP": table["p"],
            "MetaPN": 2865,
            "MetaBeta": table["b"],
            "MetaSE": table["s"],
        }
    ).to_csv(path, sep="\t", index=False)


def qtltools(path):
    table = frame(lambda table: table)
    lines = [
        f"{row.gene} chr22 900 900 + 3 10 {row.rs} chr22 {row.pos} {row.pos} {row.p} 0.01 {row.b} "
        f"{row.s} 0"
        for row in table.itertuples()
    ]
    path.write_text("\n".join(lines) + "\n")


def eqtl_catalogue(path):
    table = frame(lambda table: table)
    pd.DataFrame(
        {
            "molecular_trait_id": table["gene"],
            "chromosome": 22,
            "position": table["pos"],
            "ref": table["ref"],
            "alt": table["alt"],
            "pvalue": table["p"],
            "beta": table["b"],
            "se": table["s"],
            "an": 576,
            "rsid": table["rs"],
        }
    ).to_csv(path, sep="\t", index=False)


def eqtl_catalogue_parquet(path):
    text = path.with_suffix(".tsv")
    eqtl_catalogue(text)
    pd.read_csv(text, sep="\t").to_parquet(path)


FORMATS = {
    "tensorQTL": tensorqtl,
    "GTEx": gtex,
    "FastQTL": fastqtl,
    "FastQTL, errors": fastqtl_with_errors,
    "FastQTL, minor alleles": fastqtl_with_minor_alleles,
    "eQTLGen": eqtlgen,
    "mbQTL": mbqtl,
    "QTLtools": qtltools,
    "eQTL Catalogue": eqtl_catalogue,
    "eQTL Catalogue, parquet": eqtl_catalogue_parquet,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_the_same_z_scores(tmp_path, name):
    path = tmp_path / "pairs.txt"
    FORMATS[name](path)
    found = read_pairs(path, ["ENSG00000000001.7", "ENSG00000000009"])
    assert found.layout == name.split(",")[0]
    assert found.rows == 3
    assert list(found.of_gene) == ["ENSG00000000001"]
    rows = found.of_gene["ENSG00000000001"]
    np.testing.assert_allclose(rows["z"], [4, -2], rtol=2e-3)
    assert rows["pos"].tolist() == [1000, 2000]
    if name != "QTLtools":  # whose ids need not tell alleles
        assert rows["effect_allele"].tolist() == ["G", "T"]
        assert rows["other_allele"].tolist() == ["A", "C"]
    people = {"eQTL Catalogue": 288, "eQTLGen": 31684, "mbQTL": 2865}
    if found.layout in people:
        assert rows["n"].tolist() == [people[found.layout]] * 2
    if name in ("tensorQTL", "FastQTL, minor alleles", "mbQTL"):
        np.testing.assert_allclose(rows["maf"], 0.2)


def test_a_map_of_columns_reads_what_no_format_is(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("feature\tid\tZ\tsize\ng1\t22:1000:A:G\t3.5\t200\ng1\t22:2000:C:T\tNA\t200\n")
    rows = read_pairs(path, ["g1"], "gene=feature variant=id z=Z n=size").of_gene["g1"]
    assert rows["z"].tolist()[0] == 3.5
    assert rows["reason"].tolist() == ["", "no effect is told"]
    assert rows["n"].tolist() == [200, 200]
    assert rows["chrom"].tolist() == ["22", "22"]


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a\tb\n1\t2\n", "", "no format that is known"),
        ("a\tb\n1\t2\n", "gene=a", "variant, pos or rsid"),
        ("a\tb\n1\t2\n", "gene=a variant=c", "no column 'c'"),
        ("a\tb\n1\t2\n", "gene=a wat=b", "'wat=b'"),
        ("a b c d e\n1 2 3 four 5\n", "", "no format that is known"),
        ("a\tb\n1\t2\n", "gene=a variant=b", "expected beta with se, p or neg_log10_p, or z"),
        ("", "", "is empty"),
        (
            "grp_id phe_chr phe_id var_id var_chr var_from nom_pval slope\n"
            "g1 22 e1 rs1 22 9 0.1 1\n",
            "",
            "no format that is known",
        ),
        ("g1 1:9:A:G 5 0.1\ng1 1:9:A:G 5 0.1\n", "", "is no header"),
        ("g v b p\ng1 1:9:A:G 1 <1e-99\n", "gene=g variant=v beta=b p=p", "'<1e-99'"),
        ("g v b p\ng1 1:9:A:G 1 7.3\n", "gene=g variant=v beta=b p=p", "neg_log10_p=p"),
        ("g v b s\n" + "g1 1:9:A:G 1.2 1\n" * 60, "gene=g variant=v beta=b se=s", "odds ratios"),
        (
            "molecular_trait_id chromosome position ref alt beta se an\ng1 1 9 A G 1 1 many\n",
            "",
            "line 2, column 'an': expected a number, found 'many'",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, text, columns, words):
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    with pytest.raises(FqtlError, match=words):
        read_pairs(path, ["g1"], columns)


@pytest.mark.parametrize("of_leads", ["pval_beta", "pval_perm"])
def test_leads_and_significant_pairs_alone_are_not_fitted(tmp_path, of_leads):
    """Files of GTEx's egenes and signif_pairs have the columns of all pairs, and a few more."""
    path = tmp_path / "pairs.txt"
    table = frame(lambda table: gtex_like(table, "gene_id"))
    table.assign(**{of_leads: 0.01}).to_csv(path, sep="\t", index=False)
    with pytest.raises(FqtlError, match=f"GTEx's columns and {of_leads}, as files of leads"):
        read_pairs(path, ["ENSG00000000001"])
    map_of_all = "gene=gene_id variant=variant_id beta=slope se=slope_se"
    assert len(read_pairs(path, ["ENSG00000000001"], map_of_all).of_gene) == 1


def test_minus_log10_of_p_goes_to_z(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("g v b lp\ng1 22:1:A:G -0.1 1.3419868\ng1 22:2:A:G 0.1 347.3\n")
    rows = read_pairs(path, ["g1"], "gene=g variant=v beta=b neg_log10_p=lp").of_gene["g1"]
    np.testing.assert_allclose(rows["z"], [-2, 39.89], atol=0.01)


def test_people_that_cannot_be_are_not_told(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("g v z n\ng1 22:1:A:G 1 -9\ng1 22:2:A:G 1 0\ng1 22:3:A:G 1 90\n")
    rows = read_pairs(path, ["g1"], "gene=g variant=v z=z n=n").of_gene["g1"]
    np.testing.assert_array_equal(rows["n"], [np.nan, np.nan, 90])


def test_a_name_of_three_alleles_tells_none(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("g v z\ng1 22:1000:A:G,T 1\ng1 22:1000:A:G,rs100 1\n")
    rows = read_pairs(path, ["g1"], "gene=g variant=v z=z").of_gene["g1"]
    assert rows["pos"].tolist() == [1000, 1000]
    assert rows["effect_allele"].tolist() == ["", "G"]


def test_the_allele_that_is_counted_may_be_either_of_the_name(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("g v a b s\ng1 22_1_A_G A 2 1\ng1 22_2_A_G G 2 1\ng1 22_3_A_G T 2 1\n")
    given = "gene=g variant=v effect_allele=a beta=b se=s"
    rows = read_pairs(path, ["g1"], given).of_gene["g1"]
    assert rows["effect_allele"].tolist() == ["A", "G", "T"]
    assert rows["other_allele"].tolist() == ["G", "A", ""]


def test_errors_that_are_none_of_the_effects_are_noticed(tmp_path, caplog):
    """As where a standard deviation is named in their place."""
    path = tmp_path / "own.tsv"
    lines = [f"g1 22:{i}:A:G {0.2 * (-1) ** i} 1 0.0455" for i in range(1, 61)]
    path.write_text("\n".join(["g v b sd p", *lines]) + "\n")
    read_pairs(path, ["g1"], "gene=g variant=v beta=b se=sd p=p")
    assert "0.10 times those of the p-values" in caplog.text


def test_z_scores_without_signs_are_noticed(tmp_path, caplog):
    path = tmp_path / "own.tsv"
    lines = [f"g1 22:{i}:A:G {0.01 * (i % 400)}" for i in range(1, 1201)]
    path.write_text("\n".join(["g v chi2", *lines]) + "\n")
    read_pairs(path, ["g1"], "gene=g variant=v z=chi2")
    assert "column 'chi2': none of 1200 values is below 0" in caplog.text


def test_a_file_that_is_not_there_or_cut_short_is_refused(tmp_path):
    with pytest.raises(FqtlError, match="No such file"):
        read_pairs(tmp_path / "none.txt", ["g1"])
    (tmp_path / "pairs.bz2").write_bytes(bz2.compress(b"a"))
    with pytest.raises(FqtlError, match=r"is bzip2: .* Unpack it first"):
        read_pairs(tmp_path / "pairs.bz2", ["g1"])
    whole = tmp_path / "whole.parquet"
    tensorqtl(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(FqtlError, match="not a whole Parquet"):
        read_pairs(cut, ["g1"])


def by_chromosome(folder):
    """A gene in the file of chromosome 2 and one in that of 10."""
    for chrom, row in (("10", 0), ("2", 2), ("X", 2)):
        table = frame(lambda table: gtex_like(table, "phenotype_id")).iloc[[row]]
        table = table.assign(variant_id=f"chr{chrom}_1000_A_G")
        table.to_parquet(folder / f"liver.cis_qtl_pairs.chr{chrom}.parquet")
    return folder / "liver.cis_qtl_pairs.chr{chrom}.parquet"


def test_files_of_chromosomes_are_read_one_after_the_other(tmp_path):
    path = by_chromosome(tmp_path)
    found = read_pairs(path, ["ENSG00000000001", "ENSG00000000002"], chromosomes={"2", "10"})
    assert found.rows == 2
    assert {gene: rows["chrom"].tolist() for gene, rows in found.of_gene.items()} == {
        "ENSG00000000001": ["10"],
        "ENSG00000000002": ["2"],
    }
    assert read_pairs(path, ["ENSG00000000001"]).rows == 3


def test_files_of_chromosomes_that_are_not_there_or_unlike_are_refused(tmp_path):
    path = by_chromosome(tmp_path)
    with pytest.raises(FqtlError, match=r"No file by .* is of one of the 1 genes' chromosomes"):
        read_pairs(path, ["ENSG00000000001"], chromosomes={"3"})
    gtex(tmp_path / "liver.cis_qtl_pairs.chr3.parquet")
    with pytest.raises(FqtlError, match=r"chr3\.parquet is of the format GTEx, and .* tensorQTL"):
        read_pairs(path, ["ENSG00000000001"])
    with pytest.raises(
        FqtlError, match=r"No file by .*: expected one of each chromosome, as .*chr1"
    ):
        read_pairs(tmp_path / "none.chr{chrom}.txt", ["ENSG00000000001"])


def test_a_sheet_names_each_tissue_once(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_text("tissue\tfile\tn\nLiver\tliver.txt\t200\nLung\tlung.txt\t\n")
    found = read_sheet(path)
    assert [(one.tissue, one.file, one.n) for one in found] == [
        ("Liver", Path("liver.txt"), 200.0),
        ("Lung", Path("lung.txt"), None),
    ]
    for row, words in (
        ("Liver\tx\t", "lists the tissue Liver twice, on lines 2 and 3"),
        ("a b\tx\t", "letters, digits"),
        ("Lung\t\t", "line 3: file must be the path of a file"),
        ("Lung\tx\tmany", "'many'"),
    ):
        path.write_text(f"tissue\tfile\tn\nLiver\tliver.txt\t200\n{row}\n")
        with pytest.raises(FqtlError, match=words):
            read_sheet(path)
