import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.data.annotation import read_annotation
from fqtl.data.counts import gct_blocks, read_counts
from fqtl.data.donors import (
    by_donor,
    donor_of,
    not_in,
    require_shared,
)
from fqtl.data.expression import Expression
from fqtl.data.gene_names import read_gene_names
from fqtl.data.gtex_samples import gct_samples, read_tissue_of_samples, tissue_name
from fqtl.errors import FqtlError
from fqtl.prepare.tissue_counts import read_by_donor, read_split, split_counts
from tests.files import write_bed, write_covariates, write_gct, write_gtf

PLACES = pd.DataFrame(
    {"chrom": "chr1", "tss": [10, 20, 30], "length": [1000, 2000, 3000]},
    index=pd.Index(["ENSG1.1", "ENSG2.1", "ENSG3.1"], name="gene_id"),
)
COUNTS = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
SAMPLES = ["GTEX-A1-0001-SM-X", "GTEX-B22-0002-SM-Y", "GTEX-A1-0003-SM-Z"]


def fault(action):
    with pytest.raises(FqtlError) as caught:
        action()
    return str(caught.value)


def test_the_strand_says_where_a_gene_starts_and_exons_how_long_it_is(tmp_path):
    path = write_gtf(
        tmp_path / "x.gtf",
        [
            ("chr1", 101, 400, "+", "ENSG1.1", [(101, 200), (151, 250), (391, 400)]),
            ("2", 101, 400, "-", "ENSG2.1", [(301, 400), (101, 110), (105, 108)]),
        ],
    )
    found = read_annotation(path)
    assert found.index.tolist() == ["ENSG1.1", "ENSG2.1"]
    assert found["chrom"].tolist() == ["chr1", "chr2"]
    assert found["tss"].tolist() == [101, 400]
    assert found["length"].tolist() == [150 + 10, 100 + 10]


def test_a_gzipped_gtf_serves_as_well(tmp_path):
    path = write_gtf(tmp_path / "x.gtf", [("chr1", 1, 9, "+", "g", [(1, 9)])])
    packed = tmp_path / "x.gtf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_annotation(packed).equals(read_annotation(path))


@pytest.mark.parametrize(
    "line, told",
    [
        ("chr1\tHAVANA\tge", "expected nine fields between tabs in every line"),
        ("chr1\tH\tgene\t5\t9\t.\t+\t.\t", "1 of 3 lack a chromosome or attributes"),
        ('chr1\tH\tgene\tinf\t9\t.\t+\t.\tgene_id "h"', "found start 'inf'"),
        ('chr1\tH\tgene\t1.5\t9\t.\t+\t.\tgene_id "h"', "found start '1.5'"),
    ],
)
def test_a_line_of_a_gtf_that_is_cut_or_no_place_is_refused(tmp_path, line, told):
    path = write_gtf(tmp_path / "x.gtf", [("chr1", 1, 9, "+", "g", [(1, 9)])])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FqtlError, match=re.escape(told)):
        read_annotation(path)


def test_a_number_sign_within_an_attribute_is_no_comment(tmp_path):
    path = tmp_path / "x.gtf"
    one = 'chr1\tx\t{}\t1\t9\t.\t+\t.\tnote "RNA #1"; gene_id "g"; gene_name "G#2";\n'
    path.write_text("##of genes\n" + one.format("gene") + "#\tgene\t5\n" + one.format("exon"))
    assert read_annotation(path).loc["g"].tolist() == ["chr1", 1, 9]
    assert read_gene_names(path)["gene_name"].tolist() == ["G#2"]


def test_a_gene_whose_place_is_a_word_is_refused(tmp_path):
    path = write_gtf(tmp_path / "x.gtf", [("chr1", 5, 9, "+", "g", [(5, 9)])])
    path.write_text(path.read_text().replace("\t5\t", "\tfive\t", 1))
    assert "found start 'five' of gene_id \"g\"" in fault(lambda: read_annotation(path))


def test_a_gtf_without_exons_is_refused(tmp_path):
    path = write_gtf(tmp_path / "x.gtf", [("chr1", 1, 9, "+", "g", [])])
    assert "lines of genes and of exons, found 1 and 0" in fault(lambda: read_annotation(path))


@pytest.mark.parametrize("version", ["", ".7"])
def test_genes_are_found_in_an_annotation_that_has_another_version(tmp_path, version):
    places = PLACES.set_axis([f"ENSG0000000000{i}.2" for i in range(3)]).rename_axis("gene_id")
    genes = [f"ENSG0000000000{i}{version}" for i in (2, 0, 9)]
    found = read_counts(write_gct(tmp_path / "x.gct", genes, COUNTS, SAMPLES), places)
    assert found.genes["gene_id"].tolist() == genes[:2]
    assert found.genes["tss"].tolist() == [30, 10]
    assert found.dropped == {genes[2]: "not in the annotation"}
    bed = write_bed(tmp_path / "x.bed", [("chr1", 30, genes[0])], COUNTS[:1], SAMPLES)
    assert read_counts(bed, places).genes["length"].tolist() == [3000]


def test_lines_of_a_gene_that_has_no_place_are_counted_one_by_one(tmp_path):
    genes = ["ENSG9.1", "ENSG1.1", "ENSG9.1"]
    found = read_counts(write_gct(tmp_path / "x.gct", genes, COUNTS, SAMPLES), PLACES)
    why = "not in the annotation"
    assert found.dropped == {"ENSG9.1": why, "ENSG9.1 (line 6)": why}


def test_a_gff3_is_no_gtf(tmp_path):
    path = write_gtf(tmp_path / "x.gff3", [("chr1", 1, 9, "+", g, [(1, 9)]) for g in ("a", "b")])
    path.write_text(path.read_text().replace('gene_id "', 'ID="gene:'))
    said = fault(lambda: read_annotation(path))
    assert f"{path}: expected genes with gene_id" in said
    assert "2 such genes of 2). Is it a GFF3?" in said


def test_a_transposed_file_is_told_by_the_donors_in_its_first_column(tmp_path):
    path = write_covariates(tmp_path / "c.txt", {"d1": [1, 2], "d2": [3, 4]}, ["age", "PC1"])
    bed = tmp_path / "x.bed"
    said = fault(lambda: require_shared(bed, ["d1", "d2", "d3"], path, ["age", "PC1"]))
    assert said == (
        f"No samples shared between {bed} (d1, …; 3) and {path} (age, …; 2). Is {path} transposed? "
        "2 of the samples are in its first column, expected in its header."
    )
    other = fault(lambda: require_shared(bed, ["d.1"], path, ["d-1"]))
    assert other.endswith("Do the names differ in punctuation?")


def test_what_names_without_one_in_common_differ_in_is_told(tmp_path):
    vcf, bed = tmp_path / "g.vcf.gz", tmp_path / "x.bed"
    bed.touch()

    def told(one, other):
        return fault(lambda: require_shared(vcf, one, bed, other))

    lost = told(["0007", "0012"], ["7", "12"])
    assert "But for zeros in front they would be the same" in lost
    longer = told(["HG101", "HG102", "HG103"], ["HG101-liver", "HG102-liver", "NA7-liver"])
    assert "a prefix or suffix 2 of the latter would be found in the former" in longer


def test_donors_whose_zeros_are_lost_are_told_among_those_that_have_none():
    said = not_in(Path("x.bed"), ["98", "100"], Path("g.vcf.gz"), ["098", "100"])
    assert "1 of 2 donors of x.bed are left out (98)" in said
    assert "a prefix or suffix 1 of them would be found there" in said


@pytest.mark.parametrize("packed", [False, True])
def test_a_gct_gives_counts_of_genes_where_the_annotation_has_them(tmp_path, packed):
    genes = ["ENSG2.1", "ENSG9.1", "ENSG2.1"]
    path = write_gct(tmp_path / "x.gct", genes, COUNTS, SAMPLES)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = read_counts(path, PLACES)
    assert found.genes.to_dict("records") == [
        {"gene_id": "ENSG2.1", "chrom": "chr1", "tss": 20, "length": 2000}
    ]
    assert found.values.tolist() == [[1, 2, 3]]
    assert found.dropped == {
        "ENSG9.1": "not in the annotation",
        "ENSG2.1 (line 6)": "a repeated line of a gene, whose first line was used",
    }


def test_quotes_in_a_gct_swallow_no_gene(tmp_path):
    path = write_gct(tmp_path / "x.gct", ['"ENSG1.1', 'ENSG2.1"', '"ENSG3.1"'], COUNTS, SAMPLES)
    path.write_text(path.read_text().replace(SAMPLES[1], f'"{SAMPLES[1]}"'))
    found = read_counts(path, PLACES)
    assert found.donors == SAMPLES
    assert found.genes["gene_id"].tolist() == ["ENSG3.1"]
    assert set(found.dropped) == {'"ENSG1.1', 'ENSG2.1"'}
    assert [list(ids) for ids, _ in gct_blocks(path)] == [['"ENSG1.1', 'ENSG2.1"', "ENSG3.1"]]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("NAME\tDescription", "{}\tx"),
        ("name\tDESCRIPTION", "{}\tx"),
        ('"Name"\t"Description"', '"{}"\t"x"'),
        ("id\tName\tDescription", "7\t{}\tx"),
        ("\tName\tDescription", "7\t{}\tx"),
    ],
)
def test_the_columns_before_the_counts_may_be_those_of_other_programs(tmp_path, columns, cells):
    path = tmp_path / "x.gct"
    rows = "".join(f"{cells.format(gene)}\t{n}\t{n + 1}\n" for n, gene in enumerate(PLACES.index))
    path.write_text(f"#1.2\n3\t2\n{columns}\ta\tb\n{rows}")
    found = read_counts(path, PLACES)
    assert found.donors == ["a", "b"]
    assert found.genes["gene_id"].tolist() == list(PLACES.index)
    assert found.values.tolist() == [[0, 1], [1, 2], [2, 3]]
    ((genes, values),) = gct_blocks(path)
    assert genes.tolist() == list(PLACES.index)
    assert values.tolist() == found.values.tolist()


def test_a_gct_may_begin_with_a_mark_of_the_byte_order(tmp_path):
    path = write_gct(tmp_path / "x.gct", ["ENSG1.1", "ENSG2.1", "ENSG3.1"], COUNTS, SAMPLES)
    path.write_text("\ufeff" + path.read_text())
    assert len(read_counts(path, PLACES).genes) == 3


def test_a_bed_of_counts_says_itself_where_genes_are(tmp_path):
    genes = [("chr7", 500, "ENSG1.1"), ("chr7", 600, "other")]
    path = write_bed(tmp_path / "x.bed", genes, COUNTS[:2], SAMPLES)
    assert read_counts(path, None).genes["tss"].tolist() == [500, 600]
    lengths = read_counts(path, PLACES).genes["length"]
    np.testing.assert_array_equal(lengths, [1000, np.nan])


@pytest.mark.parametrize(
    ("sample", "donor"),
    [
        ("GTEX-1117F-0226-SM-5GZZ7", "GTEX-1117F"),
        ("GTEX-1117F", "GTEX-1117F"),
        ("K-562-SM-26GMQ", "K-562-SM-26GMQ"),
        ("NA12878-1", "NA12878-1"),
    ],
)
def test_a_sample_of_gtex_names_its_donor(sample, donor):
    assert donor_of(sample) == donor


def test_of_several_samples_of_a_donor_the_deepest_is_kept():
    found, repeated = by_donor(Expression(PLACES, COUNTS, SAMPLES, {}))
    assert found.donors == ["GTEX-B22", "GTEX-A1"]
    assert found.values.tolist() == COUNTS[:, 1:].tolist()
    assert repeated == 1


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Whole Blood", "Whole_Blood"),
        ("Adipose - Visceral (Omentum)", "Adipose_Visceral_Omentum"),
        ("Brain - Spinal cord (cervical c-1)", "Brain_Spinal_cord_cervical_c-1"),
        ("Cells - EBV-transformed lymphocytes", "Cells_EBV-transformed_lymphocytes"),
        ("Skin - Not Sun Exposed (Suprapubic)", "Skin_Not_Sun_Exposed_Suprapubic"),
        ("Brain - Nucleus accumbens (basal ganglia)", "Brain_Nucleus_accumbens_basal_ganglia"),
    ],
)
def test_tissues_are_named_as_in_gtex_files(words, name):
    assert tissue_name(words) == name


def test_the_table_of_samples_is_read_with_the_lines_that_dbgap_puts_before(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(
        "# Study accession: phs000424\n#\n\nid\tSAMPID\tSMTSD\tSMRIN\n"
        f'1\t{SAMPLES[0]}\tLung\t7\n2\t{SAMPLES[1]}\tWhole "Blood\t8\n3\tother\t\t8\n'
    )
    assert read_tissue_of_samples(path) == {
        SAMPLES[0]: "Lung",
        SAMPLES[1]: 'Whole_"Blood',
    }
    path.write_text("SAMPID\tSMTS\nx\ty\n")
    assert "SMTSD is missing" in fault(lambda: read_tissue_of_samples(path))


def test_a_release_split_by_tissue_reads_as_the_tissue_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("fqtl.data.counts.BLOCK_BYTES", 100)  # some genes at a time
    rng = np.random.default_rng(0)
    genes = [f"g{i}" for i in range(50)]
    counts = rng.poisson(20, (50, 3))
    path = write_gct(tmp_path / "x.gct", genes, counts, SAMPLES)
    places = pd.DataFrame({"chrom": "chr1", "tss": 5, "length": 9}, index=genes)
    assert len(list(gct_blocks(path))) > 3
    liver = tmp_path / "Liver.parquet"
    columns = {liver: {SAMPLES[2]: 2, SAMPLES[0]: 0}, tmp_path / "Lung.parquet": {SAMPLES[1]: 1}}
    assert split_counts(gct_blocks(path), columns) == 50
    alone = write_gct(tmp_path / "Liver.gct", genes, counts[:, [2, 0]], [SAMPLES[2], SAMPLES[0]])
    one, other = read_split(liver, places), read_counts(alone, places)
    assert one.genes.equals(other.genes)
    np.testing.assert_array_equal(one.values, other.values)
    assert one.donors == other.donors
    assert read_by_donor(liver, True, places)[0].donors == ["GTEX-A1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#1.3\n1\t1\t0\t0\nid\ta\nENSG1.1\t3\n", "a GCT of version #1.2, found '#1.3'"),
        ("#1.2\n1\t1\nid\tName\ta\nx\tENSG1.1\t3\n", "put one called Description behind it"),
        ("#1.2\n1\t1\nid\ta\tb\n", "expected a third line with Name, Description and samples"),
        ("#1.2\n1\t1\nName\tDescription\ta\nENSG1.1\tx\t-3\n", "from 0, found -3"),
        ("#1.2\n1\t1\nName\tDescription\ta\nENSG1.1\tx\tNA\n", "from 0, found nan"),
        ("#1.2\n1\t1\nName\tDescription\ta\nENSG7.1\tx\t3\n", "none of 1 genes, the first ENSG7.1"),
        ("#1.2\n1\t1\nName\tDescription\ta\nENSG1.1\tx\tw\n", "line 4, column 'a': expected a num"),
    ],
)
def test_a_bad_gct_is_refused(tmp_path, text, message):
    path = tmp_path / "x.gct"
    path.write_text(text)
    assert message in fault(lambda: read_counts(path, PLACES))


def test_a_gct_with_fewer_genes_than_it_says_is_refused(tmp_path):
    path = write_gct(tmp_path / "x.gct", ["ENSG1.1", "b", "c"], COUNTS, SAMPLES)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    said = "its second line says 3 genes, it has 2"
    assert said in fault(lambda: read_counts(path, PLACES))
    assert said in fault(lambda: list(gct_blocks(path)))


@pytest.mark.parametrize("said", ["99", ""])
def test_a_gct_with_another_number_of_samples_than_it_says_is_refused(tmp_path, said):
    path = write_gct(tmp_path / "x.gct", ["ENSG1.1", "b", "c"], COUNTS, SAMPLES)
    path.write_text(path.read_text().replace("3\t3", f"3\t{said}", 1))
    message = f"its second line says {said or 'no number of'} samples, its header names 3"
    assert message in fault(lambda: read_counts(path, PLACES))
    assert message in fault(lambda: list(gct_blocks(path)))


def test_a_gct_that_ends_within_a_line_is_refused(tmp_path):
    path = write_gct(tmp_path / "x.gct", ["a", "b", "c"], COUNTS, SAMPLES)
    path.write_text(path.read_text()[:-5])
    assert gct_samples(path) == SAMPLES
    assert "cannot be read as a table of 3 samples" in fault(lambda: list(gct_blocks(path)))


def test_a_gct_needs_an_annotation(tmp_path):
    path = write_gct(tmp_path / "x.gct", ["a", "b", "c"], COUNTS, SAMPLES)
    assert "See release.annotation in the config." in fault(lambda: read_counts(path, None))


def test_donors_that_a_file_lacks_are_counted_and_named():
    there = [f"D{i:03d}" for i in range(150)]
    given = [f"S_{name}" if i % 3 else name for i, name in enumerate(there)]
    told = not_in(Path("T0.bed"), given, Path("g.bed"), there)
    assert told.startswith(
        "100 of 150 donors of T0.bed are left out (S_D001, S_D002, S_D004, …): they are not in "
        "g.bed, which has 100 others of its 150 (D001, D002, D004, …)."
    )
    assert "But for case, punctuation, and a prefix or suffix 100 of them would be found" in told


def test_other_donors_are_not_taken_for_the_same_by_another_name():
    told = not_in(
        Path("T0.bed"), ["GTEX-1117F", "GTEX-XXXX"], Path("g.vcf"), ["GTEX-1117F", "GTEX-Y"]
    )
    assert told.startswith("1 of 2 donors of T0.bed are left out (GTEX-XXXX)")
    assert "prefix" not in told
    assert not_in(Path("T0.bed"), ["a"], Path("g.vcf"), ["b", "a"]) == ""
