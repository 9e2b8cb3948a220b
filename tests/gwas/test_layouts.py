"""Every layout of docs/twas.md: the effect allele is the one that its definition says."""

import bz2
import gzip

import numpy as np
import pysam
import pytest

from fqtl.errors import FqtlError
from fqtl.gwas.reader import open_gwas
from tests.gwas.reading import only_row, read, wanted, write

# name, header, row; z of the effect allele G is 2 (beta 0.2, se 0.1), the other allele is A
LAYOUTS = {
    "GWAS-SSF": (
        "chromosome base_pair_location effect_allele other_allele beta standard_error "
        "effect_allele_frequency p_value rsid",
        "22 1000 G A 0.2 0.1 0.3 0.0455 rs100",
    ),
    "GWAS-SSF with odds ratios": (
        "chromosome base_pair_location effect_allele other_allele odds_ratio standard_error "
        "effect_allele_frequency p_value rsid",
        f"22 1000 G A {np.exp(0.2)} 0.1 0.3 0.0455 rs100",
    ),
    "GWAS-SSF with z-scores": (
        "chromosome base_pair_location effect_allele other_allele z-score standard_error "
        "effect_allele_frequency p_value rsid",
        "22 1000 G A 2 #NA 0.3 0.0455 rs100",
    ),
    "harmonised": (
        "hm_variant_id hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta "
        "hm_effect_allele_frequency effect_allele other_allele beta standard_error p_value",
        "22_1000_A_G rs100 22 1000 A G 0.2 0.3 A G -0.2 0.1 0.0455",
    ),
    "FinnGen": (
        "#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt af_alt_cases "
        "af_alt_controls",
        "22 1000 A G rs100 GENE 0.0455 1.34 0.2 0.1 0.3 0.3 0.3",
    ),
    "Neale": (
        "variant minor_allele minor_AF low_confidence_variant n_complete_samples AC ytx beta se "
        "tstat pval",
        "22:1000:A:G A 0.3 false 361194 10 10 0.2 0.1 2 0.0455",
    ),
    "Pan-UKB": (
        "chr pos ref alt af_meta_hq beta_meta_hq se_meta_hq neglog10_pval_meta_hq",
        "22 1000 A G 0.3 0.2 0.1 1.34",
    ),
    "BOLT-LMM": (
        "SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ INFO BETA SE P_BOLT_LMM_INF P_BOLT_LMM",
        "rs100 22 1000 0.01 G A 0.3 1 0.2 0.1 0.05 0.0455",
    ),
    "REGENIE": (
        "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N TEST BETA SE CHISQ LOG10P EXTRA",
        "22 1000 rs100 A G 0.3 500 ADD 0.2 0.1 4 1.34 NA",
    ),
    "SAIGE": (
        "CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 MissingRate BETA SE Tstat var "
        "p.value",
        "22 1000 rs100 A G 10 0.3 0 0.2 0.1 2 1 0.0455",
    ),
    "METAL": (
        "MarkerName Allele1 Allele2 Freq1 Effect StdErr P-value Direction",
        "rs100 g a 0.3 0.2 0.1 0.0455 ++",
    ),
    "METAL by place": (
        "MarkerName Allele1 Allele2 Weight Zscore P-value Direction",
        "22:1000 g a 500 2 0.0455 ++",
    ),
    "LDSC": ("SNP N Z A1 A2", "rs100 500 2 G A"),
    "COJO": ("SNP A1 A2 freq b se p N", "rs100 G A 0.3 0.2 0.1 0.0455 500"),
    "daner": (
        "CHR SNP BP A1 A2 FRQ_A_10 FRQ_U_20 INFO OR SE P ngt Direction",
        f"22 rs100 1000 G A 0.3 0.3 1 {np.exp(0.2)} 0.1 0.0455 0 ++",
    ),
    "PGC": (
        "#CHROM POS ID A1 A2 BETA SE PVAL NGT FCAS FCON IMPINFO NEFFDIV2 NCAS NCON DIRE",
        "22 1000 rs100 G A 0.2 0.1 0.0455 0 0.3 0.3 1 100 10 20 ++",
    ),
    "PLINK 2, A1 is ALT": (
        "#CHROM POS ID REF ALT A1 TEST OBS_CT BETA SE T_STAT P",
        "22 1000 rs100 A G G ADD 500 0.2 0.1 2 0.0455",
    ),
    "PLINK 2, A1 is REF": (
        "#CHROM POS ID REF ALT A1 TEST OBS_CT OR LOG(OR)_SE Z_STAT P",
        f"22 1000 rs100 G A G ADD 500 {np.exp(0.2)} 0.1 2 0.0455",
    ),
    "BBJ": (
        "SNP CHR POS REF ALT Frq BETA SE P Dir N",
        "rs100 22 1000 A G 0.7 0.2 0.1 0.0455 ++ 500",
    ),
    "FinnGen, release 4": (
        "#chrom pos ref alt rsids nearest_genes pval beta sebeta maf maf_cases maf_controls",
        "22 1000 A G rs100 GENE 0.0455 0.2 0.1 0.1 0.1 0.1",
    ),
    "Pan-UKB, one population": (
        "chr pos ref alt af_CSA beta_CSA se_CSA pval_CSA low_confidence_CSA",
        "22 1000 A G 0.3 0.2 0.1 -3.09 false",
    ),
    "METAL with places": (
        "MarkerName CHR POS Allele1 Allele2 Freq1 Effect StdErr P-value Direction",
        "marker7 22 1000 g a 0.3 0.2 0.1 0.0455 ++",
    ),
    "METAL by rs number, place and alleles": (
        "MarkerName Allele1 Allele2 Effect StdErr P-value Direction",
        "rs100:1000:A:G g a 0.2 0.1 0.0455 ++",
    ),
    "PLINK 2, --glm log10": (
        "#CHROM POS ID REF ALT A1 OMITTED A1_FREQ TEST OBS_CT BETA SE T_STAT LOG10_P ERRCODE",
        "22 1000 rs100 A G G A 0.3 ADD 500 0.2 NA NA 1.3419868 .",
    ),
    "PLINK 2, one ALT of two": (
        "#CHROM POS ID REF ALT A1 TEST OBS_CT BETA SE T_STAT P",
        "22 1000 rs100 A T,G G ADD 500 0.2 0.1 2 0.0455",
    ),
    "PLINK 1, with a column A2": (
        "CHR SNP BP A1 A2 TEST NMISS BETA SE L95 U95 STAT P",
        "22 rs100 1000 G A ADD 500 0.2 0.1 0 0.4 2 0.0455",
    ),
    "PLINK 1, .assoc": (
        "CHR SNP BP A1 F_A F_U A2 CHISQ P OR",
        "22 rs100 1000 G 0.33 0.3 A 4 0.04550026 1.1",
    ),
    "GCTA fastGWA": (
        "CHR SNP POS A1 A2 N AF1 T SE_T P_noSPA BETA SE P CONVERGE",
        "22 rs100 1000 G A 500 0.3 20 10 0.05 0.2 0.1 0.0455 1",
    ),
    "GCTA MLMA": ("Chr SNP bp A1 A2 Freq b se p", "22 rs100 1000 G A 0.3 0.2 0.1 0.0455"),
    "GEMMA": (
        "chr rs ps n_miss allele1 allele0 af beta se logl_H1 l_remle p_wald",
        "22 rs100 1000 0 G A 0.3 0.2 0.1 -3 1 0.0455",
    ),
    "MTAG, not the z-score that it was given": (
        "SNP CHR BP A1 A2 Z N FRQ mtag_beta mtag_se mtag_z mtag_pval",
        "rs100 22 1000 G A -5 500 0.3 0.2 0.1 2 0.0455",
    ),
    "deCODE": (
        "Chrom Pos Name rsids effectAllele otherAllele Beta Pval minus_log10_pval SE N ImpMAF",
        "chr22 1000 chr22:1000:A:G rs100 G A 0.2 0.0455 1.34 0.1 500 0.3",
    ),
    "GIANT 2022": (
        "SNPID RSID CHR POS EFFECT_ALLELE OTHER_ALLELE EFFECT_ALLELE_FREQ BETA SE P N",
        "22:1000:G:A rs100 22 1000 G A 0.3 0.2 0.1 0.0455 500",
    ),
    "plain names": (
        "chr pos snp effect_allele non_effect_allele zscore",
        "chr22 1000 rs100 G A 2",
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_effect_is_that_of_the_effect_allele(name, tmp_path):
    header, row = LAYOUTS[name]
    found = only_row(write(tmp_path / "gwas.tsv", header, row))
    assert (found["effect_allele"], found["other_allele"]) == ("G", "A")
    assert found["z"] == pytest.approx(2.0)
    assert np.isnan(found["frequency"]) or found["frequency"] == pytest.approx(0.3)


def test_what_the_user_says_of_effects_goes_before_the_header(tmp_path):
    header = "SNP CHR BP A1 A2 BETA SE P Z2 OR2"
    path = write(tmp_path / "gwas.tsv", header, f"rs100 22 1000 G A -5 0.1 1e-5 2 {np.exp(0.2)}")
    alleles = {"effect_allele": "A1", "other_allele": "A2"}
    for said in ({"z": "Z2"}, {"odds_ratio": "OR2"}):
        assert only_row(path, {**alleles, **said})["z"] == pytest.approx(2.0)


def test_a_column_of_effects_may_be_said_to_hold_odds_ratios(tmp_path):
    """As the refusal of such a column asks for."""
    header = "rsid chr pos effect_allele other_allele beta se"
    path = write(tmp_path / "gwas.tsv", header, f"rs100 22 1000 G A {np.exp(0.2)} 0.1")
    assert only_row(path, {"odds_ratio": "beta"})["z"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    "name", ["22:1000:A:G", "22-1000-G-A", "22:1000_A/G", "22:1000:rs100:A_G", "chr22_1000_a_g_b38"]
)
def test_an_allele_that_no_column_names_is_the_other_one_of_the_name(name, tmp_path):
    path = write(tmp_path / "gwas.tsv", "id a1 beta se", f"{name} G 0.2 0.1")
    found = only_row(path, {"variant": "id", "effect_allele": "a1"})
    assert (found["effect_allele"], found["other_allele"]) == ("G", "A")
    path = write(tmp_path / "gwas.tsv", "id a1 beta se", f"{name} T 0.2 0.1")
    assert only_row(path, {"variant": "id", "effect_allele": "a1"})["other_allele"] == ""


def test_plink_1_names_one_allele_alone(tmp_path):
    row = "22 rs100 1000 G ADD 500 0.2 2 0.0455"
    path = write(tmp_path / "gwas.tsv", "CHR SNP BP A1 TEST NMISS BETA STAT P", row)
    with pytest.raises(FqtlError, match=r"one allele of each variant alone .* column A2"):
        open_gwas(path, {})


def test_rows_of_covariates_are_none_of_the_variant(tmp_path):
    header, row = LAYOUTS["PLINK 1, with a column A2"]
    covariate = "22 rs100 1000 G A SEX 500 9 0.1 0 0 90 1e-200"
    found = read(write(tmp_path / "gwas.tsv", header, covariate, row))
    assert found.rows["z"].tolist() == [pytest.approx(2.0)]
    assert found.left_out["not a test of the additive model"] == 1


@pytest.mark.parametrize("separator", ["\t", " ", "   ", ",", ";"])
@pytest.mark.parametrize("pack", ["plain", "gzip", "bgzip"])
def test_any_separator_and_packing_gives_the_same(separator, pack, tmp_path):
    path = write(tmp_path / "gwas", *LAYOUTS["GWAS-SSF"], separator=separator)
    if pack == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    if pack == "bgzip":
        text = path.read_bytes()
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(text)
    assert only_row(path)["z"] == pytest.approx(2.0)


def test_a_preamble_quotes_and_windows_line_ends_do_no_harm(tmp_path):
    header, row = LAYOUTS["GWAS-SSF"]
    quoted = "\t".join(f'"{word}"' for word in header.split())
    path = tmp_path / "gwas.tsv"
    path.write_bytes(
        ("## made by hand\r\n##\r\n" + quoted + "\r\n" + row.replace(" ", "\t") + "\r\n").encode()
    )
    assert only_row(path)["z"] == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["22", "chr22", "CHR22", "22.0", "022"])
def test_a_chromosome_has_many_names(name, tmp_path):
    header, row = LAYOUTS["GWAS-SSF"]
    path = write(tmp_path / "gwas.tsv", header, row.replace("22", name, 1).replace("rs100", "."))
    assert only_row(path)["z"] == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["X", "23", "chrX"])
def test_x_may_be_a_number(name, tmp_path):
    header, row = LAYOUTS["GWAS-SSF"]
    path = write(tmp_path / "gwas.tsv", header, row.replace("22", name, 1).replace("rs100", "."))
    assert len(read(path, wanted=wanted(("X", 1000))).rows) == 1


def test_one_of_several_rs_numbers_in_a_cell_is_found(tmp_path):
    header, row = LAYOUTS["FinnGen"]
    path = write(tmp_path / "gwas.tsv", header, row.replace("rs100", "rs99,rs100"))
    rows = read(path, wanted=wanted()).rows
    assert rows["rsid"].tolist() == ["rs100"]
    assert rows["z"].tolist() == [pytest.approx(2.0)]


def test_only_the_additive_test_counts(tmp_path):
    header, row = LAYOUTS["REGENIE"]
    path = write(tmp_path / "gwas.tsv", header, row.replace("ADD", "DOM"), row)
    found = read(path)
    assert len(found.rows) == 1
    assert found.left_out["not a test of the additive model"] == 1


@pytest.mark.parametrize(
    ("test", "kept"), [("ADD", 1), ("ADD-WGR-FIRTH", 1), ("ADD-INT_SNP", 0), ("ADD-SKAT", 0)]
)
def test_the_additive_test_of_regenie_may_name_its_model(test, kept, tmp_path):
    header, row = LAYOUTS["REGENIE"]
    found = read(write(tmp_path / "gwas.tsv", header, row, row.replace("ADD", test)))
    assert len(found.rows) == 1 + kept


def test_rows_of_regenie_whose_test_failed_are_left_out(tmp_path):
    header, row = LAYOUTS["REGENIE"]
    failed = row.replace("0.2 0.1 4 1.34 NA", "9 3 NA NA TEST_FAIL")
    found = read(write(tmp_path / "gwas.tsv", header, failed, row))
    assert found.rows["z"].tolist() == [pytest.approx(2.0)]
    assert found.left_out["its test failed"] == 1


def test_rows_that_the_catalog_could_not_harmonise_are_left_out(tmp_path):
    header, row = LAYOUTS["GWAS-SSF"]
    lines = (f"{row} {code}" for code in (10, 14, 9, 5))
    found = read(write(tmp_path / "gwas.tsv", f"{header} hm_code", *lines))
    assert found.rows["row"].tolist() == [1, 4]
    assert found.left_out["not harmonised, by its hm_code"] == 2


def test_the_build_is_told_by_layouts_that_have_one_and_by_the_yaml_beside(tmp_path):
    builds = {"FinnGen": "GRCh38", "Neale": "GRCh37", "Pan-UKB": "GRCh37", "METAL": ""}
    for name, build in builds.items():
        path = write(tmp_path / f"{name}.tsv", *LAYOUTS[name])
        assert open_gwas(path, {}).build == build
    path = write(tmp_path / "gwas.tsv", *LAYOUTS["GWAS-SSF"])
    meta = path.with_name("gwas.tsv-meta.yaml")
    meta.write_text("genome_assembly: GRCh38\ncoordinate_system: 0-based\n")
    gwas = open_gwas(path, {})
    assert (gwas.build, gwas.zero_based) == ("GRCh38", True)
    assert len(read(path, wanted=wanted(("22", 1001), rsids=())).rows) == 1


def test_a1_and_a2_alone_tell_no_direction(tmp_path):
    path = write(tmp_path / "gwas.tsv", "rsid chr pos A1 A2 beta se", "rs100 22 1000 G A 0.2 0.1")
    with pytest.raises(FqtlError, match=r"A1, A2, REF and ALT by themselves do not tell"):
        open_gwas(path, {})
    found = only_row(path, {"effect_allele": "A2", "other_allele": "A1"})
    assert (found["effect_allele"], found["z"]) == ("A", pytest.approx(2.0))


def test_a_map_may_name_a_place_with_alleles_in_one_column(tmp_path):
    path = write(tmp_path / "gwas.tsv", "id beta se", "22_1000_A_G 0.2 0.1")
    found = only_row(path, {"variant": "id"})
    assert (found["effect_allele"], found["z"]) == ("G", pytest.approx(2.0))


VCF = """##fileformat=VCFv4.2
##contig=<ID=22,length=50818468>
#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT TRAIT
22 1000 rs100 A G . PASS . ES:SE:LP:AF:ID 0.2:0.1:inf:0.3:rs100
22 1001 rs101 A G . PASS . LP:SE:ES 1.3:0.1:0.4
22 1002 rs102 A G,T . PASS . ES:SE 0.2,0.1:0.1,0.1
22 1003 rs103 A G . PASS . ES:SE .:.
22 1004 rs104 A G . PASS . ES:SE:LP:AF:ID 0.3:0.1
22 1005 rs105 A G . PASS . ES:SE 0.3:0.1:9
"""


def test_a_gwas_vcf_is_read_by_its_format_record_by_record(tmp_path):
    path = tmp_path / "gwas.vcf"
    path.write_text("\n".join("\t".join(line.split()) for line in VCF.splitlines()) + "\n")
    assert open_gwas(path, {}).build == "GRCh38"
    found = read(path, wanted=wanted(*(("22", pos) for pos in range(1000, 1006)), rsids=()))
    rows = found.rows.sort_values("row")
    assert rows["row"].tolist() == [1, 2, 4, 5]
    assert rows["z"].tolist()[:2] == [pytest.approx(2.0), pytest.approx(4.0)]
    # values at the end may be left out, none may be too many
    assert rows["z"].iloc[3] == pytest.approx(3.0)
    assert found.left_out["record without the values of its FORMAT"] == 1
    assert np.isnan(rows["z"].iloc[2])
    assert found.left_out["more than one ALT allele in a record"] == 1
    with pytest.raises(FqtlError, match="no study 'other'"):
        read(path, study="other")


@pytest.mark.parametrize(
    "content, word",
    [
        (b"", "is empty"),
        (b"chromosome\tpos\n", "no row below it"),
        (b"chromosome\tpos\n1\t2\n", "no column is known to hold"),
        (b"PK\x03\x04abc", "is a zip archive"),
        (bz2.compress(b"a"), "is bzip2"),
        (b"(\xb5/\xfd and more", "is zstd"),
    ],
)
def test_what_is_no_table_is_told(content, word, tmp_path):
    path = tmp_path / "gwas.tsv"
    path.write_bytes(content)
    with pytest.raises(FqtlError, match=word):
        open_gwas(path, {})
