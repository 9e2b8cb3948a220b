"""Any format becomes any other where it tells enough, and is refused in words where it does not."""

import gzip
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from fqtl.cli import main
from fqtl.tables.files import read_tsv
from fqtl.weights import rdata
from fqtl.weights.focus import read_focus
from fqtl.weights.formats import FORMATS
from fqtl.weights.fusion import read_fusion, write_fusion
from fqtl.weights.predictdb import predictdb_files, read_predictdb
from fqtl.weights.tigar import read_tigar
from tests.cli.conversions import DONORS, convert, damage, refusal, write_panel, written
from tests.files import vcf_records, write_vcf
from tests.weights.audit.sound import dosages, sound_weights

READ = {
    "predictdb": lambda path: read_predictdb(path, path.with_suffix(".txt.gz")),
    "fusion": read_fusion,
    "tigar": lambda path: read_tigar(path, path.with_name("Liver.genes.txt")),
    "focus": lambda path: read_focus(path)[0],
}
# what can be had without a panel
TOLD = {
    "predictdb": {"predictdb", "fusion", "tigar", "focus"},
    "fusion": {"tigar", "focus"},
    "tigar": {"tigar"},
    "focus": {"tigar", "focus"},
}


@pytest.fixture
def panel(tmp_path):
    return write_panel(tmp_path)


def assert_same(found, expected):
    assert found.genome_build == expected.genome_build
    assert list(found.genes["gene_id"]) == list(expected.genes["gene_id"])
    for name in ("gene_id", "variant_id", "pos", "other_allele", "effect_allele"):
        assert list(found.variants[name]) == list(expected.variants[name]), name
    np.testing.assert_allclose(found.variants["weight"], expected.variants["weight"], rtol=1e-10)


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_weights_survive_every_way_with_a_panel(tmp_path, panel, source, target):
    path = written(tmp_path, source)
    assert convert(path, target, tmp_path, *panel, "--n-samples", 80) == 0
    row = read_tsv(tmp_path / "out" / "converted.tsv", "converted").iloc[0]
    assert (row["genes"], row["weights"], row["weights_left_out"]) == (3, 6, 0)
    found = READ[target](tmp_path / "out" / row["path"])
    assert_same(found, sound_weights())
    if target == "predictdb":
        np.testing.assert_allclose(found.covariance, sound_weights().covariance, rtol=1e-10)


# what each format has room for, beside weights
CARRIES = {
    "predictdb": {"gene_name", "gene_type", "n_samples", "r2", "p", "fold_r2", "fold_p"},
    "fusion": {"n_samples", "r2", "p"},
    "tigar": {"gene_name"},
    "focus": {"gene_name", "gene_type", "r2", "p"},
}
UNKNOWN = {"gene_name": "", "gene_type": "", "n_samples": 0}  # NaN for all others


def half_known():
    """Sound weights of which all is known of the first gene, of the second nothing, of the third R²
    alone."""
    weights = sound_weights()
    known = {
        "gene_name": ["ONE", "", "THREE"],
        "gene_type": ["protein_coding", "", "lncRNA"],
        "r2": [0.3, np.nan, 0.1],
        "p": [1e-6, np.nan, np.nan],
        "fold_r2": [0.25, np.nan, 0.05],
        "fold_p": [1e-5, np.nan, np.nan],
    }
    return replace(weights, genes=weights.genes.assign(**known))


@pytest.mark.parametrize("there, back", list(permutations(FORMATS, 2)))
def test_what_is_known_comes_back_and_what_is_not_stays_unknown(tmp_path, panel, there, back):
    expected = half_known()
    path = FORMATS[back].write(tmp_path / "origin", expected, {})
    for step, target in enumerate([there, back]):
        asked = ["--n-samples", 80] if target == "fusion" else []
        assert convert(path, target, tmp_path / str(step), *panel, *asked) == 0
        row = read_tsv(tmp_path / str(step) / "out" / "converted.tsv", "converted").iloc[0]
        path = tmp_path / str(step) / "out" / row["path"]
    found = READ[back](path)
    assert_same(found, expected)
    carried = CARRIES[there] & CARRIES[back]
    if back == "fusion":
        carried = carried | {"n_samples"}  # which it asks for
    for name in sorted(set.union(*CARRIES.values())):
        unknown = [UNKNOWN.get(name, np.nan)] * len(expected.genes)
        told = list(expected.genes[name]) if name in carried else unknown
        np.testing.assert_array_equal(np.array(found.genes[name]), np.array(told), err_msg=name)


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_without_a_panel_what_is_told_suffices_or_is_asked_for(tmp_path, capsys, source, target):
    path = written(tmp_path, source)
    if target in TOLD[source]:
        assert convert(path, target, tmp_path) == 0
        row = read_tsv(tmp_path / "out" / "converted.tsv", "converted").iloc[0]
        assert_same(READ[target](tmp_path / "out" / row["path"]), sound_weights())
    else:
        said = refusal(capsys, path, target, tmp_path)
        assert said.startswith(f"error: {path}")
        assert f"which {target} needs" in said
        assert "(--panel and --genome-build)" in said


def of_others(folder):
    """FUSION weights as others write them: nothing tells standard deviations or the build."""
    pos = write_fusion(folder, sound_weights())
    for file in (folder / "Liver").glob("*.RDat"):
        objects = rdata.load(file)
        snps = objects["snps"]
        kept = {
            **{name: objects[name] for name in ("wgt.matrix", "cv.performance", "hsq")},
            **{name: float(np.ravel(objects[name])[0]) for name in ("hsq.pv", "N.tot")},
            "snps": {
                name: list(snps[name])
                if name in ("V2", "V5", "V6")
                else snps[name].to_numpy(dtype=np.int32)
                for name in snps
            },
        }
        file.write_bytes(gzip.compress(rdata.dumps(kept)))
    return pos


def test_weights_of_others_per_sd_become_per_copy_with_a_panel_only(tmp_path, capsys, panel):
    pos = of_others(tmp_path / "others")
    said = refusal(capsys, pos, "tigar", tmp_path)
    assert "per standard deviation of genotype and does not tell the standard deviations" in said
    assert convert(pos, "predictdb", tmp_path, *panel) == 0
    found = read_predictdb(*predictdb_files(tmp_path / "out", "Liver")[:2])
    assert_same(found, sound_weights())


BY_R = """
ids <- paste0("rs", 0:2)
for (gene in c("ENSG1", "ENSG2")) {
  snps <- data.frame(V1 = 1, V2 = ids, V3 = 0, V4 = 100 + 0:2, V5 = "G", V6 = "A",
                     stringsAsFactors = gene == "ENSG2")
  models <- c("blup", "top1", "enet")
  wgt.matrix <- matrix(1:9 / 10, 3, 3, dimnames = list(ids, models))
  wgt.matrix[, "top1"] <- c(5, -3, 2)
  cv.performance <- matrix(c(.1, 1e-5, .3, 1e-9, .2, 1e-6), 2, 3,
                           dimnames = list(c("rsq", "pval"), models))
  hsq <- c(.2, .05); hsq.pv <- 1e-4; N.tot <- 300
  save(wgt.matrix, snps, cv.performance, hsq, hsq.pv, N.tot, file = paste0(gene, ".wgt.RDat"))
}
listed <- data.frame(PANEL = "Liver", WGT = paste0(c("ENSG1", "ENSG2"), ".wgt.RDat"),
                     ID = c("ENSG1", "ENSG2"), CHR = 1, P0 = 1e5, P1 = 2e5, N = 300)
write.table(listed, "Liver.pos", row.names = FALSE, quote = FALSE, sep = "\\t")
"""


def test_files_that_r_wrote_are_sound_and_become_per_copy(tmp_path, panel, rscript):
    """As FUSION's own scripts leave them: factors, 1e+05, chromosomes that are no integers."""
    (tmp_path / "write.R").write_text(BY_R)
    subprocess.run([rscript, "--vanilla", "write.R"], cwd=tmp_path, check=True)
    assert "1e+05" in (tmp_path / "Liver.pos").read_text()
    assert main(["check", "weights", str(tmp_path / "Liver.pos")]) == 0
    named = [*panel, "--model", "enet"]
    assert convert(tmp_path / "Liver.pos", "predictdb", tmp_path, *named) == 0
    found = read_predictdb(*predictdb_files(tmp_path / "out", "Liver")[:2])
    assert list(found.genes["gene_id"]) == ["ENSG1", "ENSG2"]
    assert (found.genes["r2"].tolist(), found.n_samples) == ([0.2, 0.2], 300)
    sd = np.std(dosages()[:3], axis=1, ddof=1)
    expected = np.tile(np.array([0.7, 0.8, 0.9]) / sd, 2)
    np.testing.assert_allclose(found.variants["weight"], expected, rtol=1e-10)


def test_of_a_file_that_r_wrote_fusions_choice_is_converted(tmp_path, panel, rscript):
    """It is top1, with the smallest p, whose largest z-score is 5, of the first variant."""
    (tmp_path / "write.R").write_text(BY_R)
    subprocess.run([rscript, "--vanilla", "write.R"], cwd=tmp_path, check=True)
    assert convert(tmp_path / "Liver.pos", "predictdb", tmp_path, *panel) == 0
    found = read_predictdb(*predictdb_files(tmp_path / "out", "Liver")[:2])
    assert found.variants["rsid"].tolist() == ["rs0", "rs0"]
    sd = np.std(dosages()[0], ddof=1)
    np.testing.assert_allclose(found.variants["weight"], 5 / np.sqrt(299) / sd, rtol=1e-10)


def test_a_focus_db_of_others_needs_a_panel_too(tmp_path, capsys, panel):
    path = written(tmp_path, "focus")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE fqtl_build")
        connection.execute("DROP TABLE fqtl_dosage")
    connection.close()
    assert "does not tell the standard deviations" in refusal(capsys, path, "tigar", tmp_path)
    assert convert(path, "tigar", tmp_path, *panel) == 0
    assert_same(read_tigar(tmp_path / "out" / "Liver.txt.gz"), sound_weights())


def test_one_of_several_models_of_a_gene_has_to_be_named(tmp_path, capsys):
    path = written(tmp_path, "focus")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE model SET inference = 'lasso', mol_id = 1 WHERE id = 2")
    connection.close()
    said = refusal(capsys, path, "tigar", tmp_path)
    assert "several models of 1 genes, the first ENSG1: name one of fqtl, lasso" in said
    assert "has no model enet" in refusal(capsys, path, "tigar", tmp_path, "--model", "enet")
    assert convert(path, "tigar", tmp_path, "--model", "lasso") == 0
    assert len(read_tigar(tmp_path / "out" / "Liver.txt.gz").variants) == 1


def test_alleles_that_the_panel_has_swapped_leave_the_weights_as_they_are(tmp_path):
    turned = [
        record.replace(" A G ", " G A ")
        for record in vcf_records(2 - dosages(), range(100, 106), "1")
    ]
    panel = write_vcf(tmp_path / "p.vcf.gz", turned, DONORS, contigs=("1",))
    more = ["--panel", panel, "--genome-build", "GRCh38"]
    assert convert(written(tmp_path, "tigar"), "predictdb", tmp_path, *more) == 0
    found = read_predictdb(*predictdb_files(tmp_path / "out", "Liver")[:2])
    assert_same(found, sound_weights())
    np.testing.assert_allclose(found.covariance, sound_weights().covariance, rtol=1e-10)


def test_what_the_panel_lacks_is_left_out_and_listed(tmp_path):
    records = vcf_records(dosages(), 100 + np.arange(6), "chr1")
    panel = write_vcf(
        tmp_path / "p.vcf.gz", [*records[:3], *records[4:5]], DONORS, contigs=("chr1",)
    )
    more = ["--panel", panel, "--genome-build", "GRCh38"]
    assert convert(written(tmp_path, "tigar"), "predictdb", tmp_path, *more) == 0
    row = read_tsv(tmp_path / "out" / "converted.tsv", "converted").iloc[0]
    assert (row["genes"], row["weights"]) == (2, 4)
    assert (row["genes_left_out"], row["weights_left_out"]) == (1, 2)
    lost = read_tsv(tmp_path / "out" / "converted_left_out.tsv.gz", "converted_left_out")
    assert lost[["gene_id", "variant_id", "reason"]].values.tolist() == [
        ["ENSG2", "", "none of its variants can be had from the panel"],
        ["ENSG2", "chr1_103_A_G_b38", "not in the panel"],
        ["ENSG3", "chr1_105_A_G_b38", "not in the panel"],
    ]


def test_variants_whose_variance_is_na_are_left_out_and_listed(tmp_path):
    """As S-PrediXcan does; what asks for no covariances keeps them."""
    path = written(tmp_path, "predictdb")
    for file in predictdb_files(path.parent, "Liver")[1:]:
        lines = gzip.decompress(file.read_bytes()).decode().splitlines()
        words = [line.split() for line in lines]
        unknown = [
            w for w in words if {"rs1", "chr1_101_A_G_b38", "rs3", "chr1_103_A_G_b38"} & {*w}
        ]
        for w in unknown:
            w[3] = "NA"
        file.write_bytes(gzip.compress("".join(" ".join(w) + "\n" for w in words).encode()))
    assert convert(path, "focus", tmp_path / "1") == 0
    (found,) = read_focus(tmp_path / "1/out/Liver.db")
    assert found.variants["rsid"].tolist() == ["rs0", "rs2", "rs4", "rs5"]
    gone = read_tsv(tmp_path / "1/out/converted_left_out.tsv.gz", "converted_left_out")
    assert list(
        zip(gone["gene_id"], gone["variant_id"].fillna(""), gone["reason"], strict=True)
    ) == [
        ("ENSG2", "", "the variances of all its variants are NA"),
        ("ENSG1", "chr1_101_A_G_b38", "its variance is NA"),
        ("ENSG2", "chr1_103_A_G_b38", "its variance is NA"),
    ]
    assert convert(path, "tigar", tmp_path / "2") == 0
    assert len(read_tigar(tmp_path / "2/out/Liver.txt.gz").variants) == 6


def test_builds_are_not_mixed(tmp_path, capsys, panel):
    path = written(tmp_path, "tigar")
    said = refusal(capsys, path, "predictdb", tmp_path, *panel[:3], "GRCh37")
    assert "is on GRCh38, and --genome-build says GRCh37" in said
    said = refusal(capsys, path, "predictdb", tmp_path, *panel[:2])
    assert "On which build is the panel" in said


def test_a_panel_of_other_variants_is_refused(tmp_path, capsys):
    records = vcf_records(dosages(), 500 + np.arange(6), "chr1")
    panel = write_vcf(tmp_path / "p.vcf.gz", records, DONORS, contigs=("chr1",))
    more = ["--panel", panel, "--genome-build", "GRCh38"]
    said = refusal(capsys, written(tmp_path, "tigar"), "predictdb", tmp_path, *more)
    assert "0 of 6 variants" in said
    assert "chr1_500_A_G_b38" in said


def test_fusion_is_not_written_without_a_number_of_samples(tmp_path, capsys, panel):
    path = written(tmp_path, "tigar")
    assert "(--n-samples)" in refusal(capsys, path, "fusion", tmp_path, *panel)
    assert convert(path, "fusion", tmp_path, *panel, "--n-samples", 123) == 0
    assert read_fusion(tmp_path / "out" / "Liver.pos").n_samples == 123


def test_variants_without_a_position_are_refused(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE weights SET varID = rsid WHERE gene = 'ENSG3'")
    connection.close()
    said = refusal(capsys, path, "tigar", tmp_path)
    assert "2 of 6 variants have no position, the first 'rs4' of ENSG3" in said


def test_a_folder_is_converted_whole_and_what_is_no_set_is_refused(tmp_path, capsys):
    written(tmp_path, "predictdb")
    shutil.copytree(tmp_path / "predictdb", tmp_path / "predictdb" / "unfiltered")
    assert convert(tmp_path / "predictdb", "tigar", tmp_path) == 0
    table = read_tsv(tmp_path / "out" / "converted.tsv", "converted")
    assert list(table["path"]) == ["Liver.txt.gz", "unfiltered/Liver.txt.gz"]
    for path in table["path"]:
        assert len(read_tigar(tmp_path / "out" / path).variants) == 6
        assert (tmp_path / "out" / f"{path}.tbi").exists()
    for ending in (".db", ".txt.gz"):
        shutil.copy(
            tmp_path / "predictdb" / f"Liver{ending}", tmp_path / "predictdb" / f"Lung{ending}"
        )
    assert convert(tmp_path / "predictdb", "focus", tmp_path / "twice") == 2
    assert "Two sets are named Liver" in capsys.readouterr().err
    beside = tmp_path / "predictdb" / "Liver.txt.gz"
    assert "holds covariances alone" in refusal(capsys, beside, "tigar", tmp_path / "2")


def test_a_file_without_weights_is_refused(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM weights")
    connection.close()
    assert "table weights: is empty" in refusal(capsys, path, "tigar", tmp_path)


@pytest.mark.parametrize("value", ["'x'", "NULL", "9e999"])
def test_a_weight_that_is_no_number_is_refused(tmp_path, capsys, value):
    path = written(tmp_path, "predictdb")
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE weights SET weight = {value} WHERE rsid = 'rs1'")
    connection.close()
    said = refusal(capsys, path, "tigar", tmp_path)
    assert f"{path}, weights, row 2, ENSG1 rs1: weight is not a number" in said


def test_a_tigar_weight_that_is_no_number_is_refused(tmp_path, capsys):
    path = tmp_path / "Liver.txt"
    header = "CHROM\tPOS\tsnpID\tREF\tALT\tTargetID\tMAF\tp_HWE\tES\n"
    path.write_text(header + "1\t100\tchr1_100_A_G_b38\tA\tG\tENSG1\t0.3\t0.5\tx\n")
    assert "line 2: ES is not a number (x)" in refusal(capsys, path, "tigar", tmp_path)


def test_files_are_not_converted_onto_themselves(tmp_path, capsys):
    path = written(tmp_path, "predictdb")
    before = path.read_bytes()
    assert main(["convert", str(path), "--to", "predictdb", "--out", str(path.parent)]) == 2
    assert "could be written over" in capsys.readouterr().err
    # another format has a file of that name
    assert main(["convert", str(path.parent), "--to", "focus", "--out", str(path.parent)]) == 2
    assert "could be written over" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "told, made",
    [
        ("Whole Blood", "Whole_Blood"),
        ("Brain - Spinal cord (cervical c-1)", "Brain_Spinal_cord_cervical_c-1"),
        ("../../elsewhere", "elsewhere"),
        ("#", "Liver"),
    ],
)
def test_a_tissue_whose_name_is_no_file_name_is_called_by_one(tmp_path, capsys, told, made):
    path = written(tmp_path, "predictdb")
    damage(path, f"UPDATE sample_info SET tissue = '{told}'")
    assert convert(path, "fusion", tmp_path) == 0
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {
        *(made, f"{made}.pos", f"{made}.profile", "converted.tsv", "converted_left_out.tsv.gz")
    }
    assert f"the set {told!r} is called {made}" in capsys.readouterr().err


SMALL = {
    "predictdb": "UPDATE weights SET ref_allele = 'a', eff_allele = 'g', varID = lower(varID)",
    "focus": "UPDATE weight SET alt_allele = 'a', effect_allele = 'g'",
}


@pytest.mark.parametrize("kind", SMALL)
def test_alleles_in_small_letters_are_a_fault_and_made_large(tmp_path, capsys, kind):
    path = written(tmp_path, kind)
    path.with_suffix(".txt.gz").unlink(missing_ok=True)
    damage(path, SMALL[kind])
    assert main(["check", "weights", str(path)]) == 2
    assert "alleles are in small letters" in capsys.readouterr().out
    assert convert(path, "tigar", tmp_path) == 0
    found = read_tigar(tmp_path / "out" / "Liver.txt.gz").variants
    assert set(found["other_allele"] + found["effect_allele"]) == {"AG"}


def test_a_column_varid_in_other_letters_is_varid_as_sqlite_takes_it(tmp_path):
    path = written(tmp_path, "predictdb")
    damage(path, "ALTER TABLE weights RENAME COLUMN varID TO varid")
    assert main(["check", "weights", str(path)]) == 0
    assert convert(path, "fusion", tmp_path) == 0


def test_a_list_of_fusion_may_have_chr_before_the_number(tmp_path):
    path = written(tmp_path, "fusion")
    path.write_text(path.read_text().replace("\t1\t", "\tchr1\t"))
    assert convert(path, "tigar", tmp_path) == 0


@pytest.mark.parametrize("told", ["many", "1_000", 1099511627776, -3])
def test_a_number_of_samples_that_is_none_is_not_known(tmp_path, capsys, told):
    path = written(tmp_path, "predictdb")
    damage(path, f"UPDATE sample_info SET n_samples = {told!r}")
    assert "does not tell how many samples" in refusal(capsys, path, "fusion", tmp_path)
    assert convert(path, "fusion", tmp_path, "--n-samples", 80) == 0


@pytest.mark.parametrize(
    "flag, value, told",
    [
        ("--n-samples", "0", "expected a whole number of at least 1, found 0"),
        ("--n-samples", "1.5", "expected a whole number of at least 1, found 1.5"),
        ("--min-found", "nan", "expected a number from 0 to 1, found nan"),
        ("--min-found", "50", "expected a number from 0 to 1, found 50"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(tmp_path, capsys, flag, value, told):
    path = written(tmp_path, "tigar")
    with pytest.raises(SystemExit, match="2"):
        convert(path, "focus", tmp_path, flag, value)
    assert f"argument {flag}: {told}" in capsys.readouterr().err
