"""Weights of genomes that are not human go through every format and its checks as others do."""

from dataclasses import replace

import pandas as pd
import pytest

from fqtl.cli.check_weights import AUDITS
from fqtl.data.builds import build_named, tag_of
from fqtl.errors import FqtlError
from fqtl.weights.builds import build_of, one_build
from fqtl.weights.conversion import load_sets
from fqtl.weights.formats import FORMATS
from fqtl.weights.kinds import find_weights
from tests.weights.audit.sound import sound_weights

GENOMES = [
    ("mm39", "chrX"),
    ("Sscrofa11.1", "chr18"),
    ("Zm-B73-REFERENCE-NAM-5.0", "chr10"),
    ("UMD_3.1.1", "chr29"),
    ("dm6", "chr2L"),
    ("B73", "chrUn_JH584304"),
    ("galGal6", "chrZ"),
]


def weights_of(build, chrom, shift=0):
    weights = sound_weights()
    variants = weights.variants.assign(chrom=chrom, pos=weights.variants["pos"] + shift)
    ids = [f"{chrom}_{pos}_A_G_{build}" for pos in variants["pos"]]
    genes = weights.genes.assign(
        chrom=chrom, start=weights.genes["start"] + shift, end=weights.genes["end"] + shift
    )
    return replace(
        weights, genome_build=build, genes=genes, variants=variants.assign(variant_id=ids, rsid="")
    )


@pytest.mark.parametrize(("build", "chrom"), GENOMES)
@pytest.mark.parametrize("name", FORMATS)
def test_weights_of_another_genome_come_back_as_they_were(tmp_path, name, build, chrom):
    # beyond the end of any human chromosome
    weights = weights_of(build, chrom, shift=300_000_000)
    path = FORMATS[name].write(tmp_path, weights, {})
    ((_, kind),) = [entry for entry in find_weights(path) if entry[0] == path]
    assert [str(fault) for fault in AUDITS[kind](path) if fault.grave] == []
    (loaded,) = load_sets(path, kind, "")
    back = loaded.weights
    assert back.genome_build == build
    for column in ("variant_id", "chrom", "pos", "other_allele", "effect_allele"):
        assert sorted(back.variants[column]) == sorted(weights.variants[column]), column


@pytest.mark.parametrize("name", ["fusion", "focus"])
def test_variants_far_from_their_gene_are_a_fault_of_human_builds_alone(tmp_path, name):
    faults = {}
    for build in ("mm39", "GRCh38"):
        weights = weights_of({"GRCh38": "b38"}.get(build, build), "chr1")
        genes = weights.genes.assign(start=9_000_000, end=9_000_001)
        weights = replace(weights, genome_build=build, genes=genes)
        path = FORMATS[name].write(tmp_path / build, weights, {})
        ((_, kind),) = [entry for entry in find_weights(path) if entry[0] == path]
        faults[build] = [fault for fault in AUDITS[kind](path) if "far from" in str(fault)]
    assert len(faults["GRCh38"]) >= 6  # FUSION has a lone variant twice
    assert faults["mm39"] == []


@pytest.mark.parametrize("name", FORMATS)
def test_positions_beyond_a_human_chromosome_are_a_fault_of_human_builds_alone(tmp_path, name):
    weights = replace(weights_of("b38", "chr1", shift=300_000_000), genome_build="GRCh38")
    path = FORMATS[name].write(tmp_path, weights, {})
    ((_, kind),) = [entry for entry in find_weights(path) if entry[0] == path]
    assert any("beyond the end of the chromosome" in str(fault) for fault in AUDITS[kind](path))


@pytest.mark.parametrize(
    ("word", "build"),
    [
        ("hg38", "GRCh38"),
        ("GRCh38.p13", "GRCh38"),
        ("b37", "GRCh37"),
        ("mm39", "mm39"),
        ("GRCm39", "GRCm39"),
        ("hg18", "hg18"),
        ("B73", "B73"),
        ("unknown", ""),
        ("GRCh73", None),
        ("hg83", None),
        ("two words", None),
        ("39", None),
    ],
)
def test_any_name_is_a_genome_but_one_that_looks_like_a_human_build_and_is_none(word, build):
    assert build_named(word) == build


def test_ids_tell_their_genome_and_what_ends_differently_in_each_tells_none(tmp_path):
    for build, chrom in GENOMES:
        assert build_of(f"{chrom}_5_A_GT_{tag_of(build)}") == build
    assert build_of("chr1_5_A_G_rs12") == build_of("rs12") == build_of("chr1_5_A_G") == ""
    mixed = pd.Series(["chr1_5_A_G_mm10", "chr1_6_A_G_mm39"])
    with pytest.raises(FqtlError, match=r"one genome build, found mm10 .*; mm39"):
        one_build(tmp_path, [], mixed)
    with pytest.raises(FqtlError, match=r"found GRCh38 .*; mm39 \(told by the file\)"):
        one_build(tmp_path, ["mm39"], pd.Series(["chr1_5_A_G_b38"]))
    each = pd.Series([f"chr1_{i}_A_G_study{i}" for i in range(9)])
    assert one_build(tmp_path, [], each) == ""
