"""Sets of weights that are read out of the store of fits."""

import numpy as np
import pandas as pd
import pytest

from fqtl.data.gene_names import read_gene_names
from fqtl.errors import FqtlError
from fqtl.weights.from_fits import factor_weights, joint_variants, tissue_weights, with_gene_names
from tests.weights.records import record, store


def prediction(tissue, *, n, r2, p):
    names = ["tissue", "n_donors", "pip", "r", "r2", "p", "fold_r2", "fold_p"]
    return dict(zip(names, [tissue, n, 1.0, np.sqrt(r2), r2, p, r2, p], strict=True))


@pytest.fixture
def fits():
    """A gene with two factors, of which one acts in Liver and Lung and one in Lung alone."""
    rng = np.random.default_rng(0)
    row = record("ENSG00000000001.4", rng.integers(0, 3, (3, 50)).astype(float), [0.3, 0.0, 0.5])
    loading = {"mean": 1.0, "sd": 0.1}
    row.update(
        factors=[{"factor": 0, "pip": 0.99}, {"factor": 1, "pip": 0.4}],
        factor_weights=[
            {"factor": 0, "variant": 0, "weight": 0.7},
            {"factor": 0, "variant": 2, "weight": -0.1},
            {"factor": 1, "variant": 1, "weight": 0.2},
        ],
        tissue_loadings=[
            {"factor": 0, "tissue": "Liver", **loading, "pip": 0.9},
            {"factor": 0, "tissue": "Lung", **loading, "pip": 0.8},
            {"factor": 0, "tissue": "Brain", **loading, "pip": 0.1},
            {"factor": 1, "tissue": "Lung", **loading, "pip": 0.9},
        ],
        prediction=[
            prediction("Liver", n=70, r2=0.1, p=1e-3),
            prediction("Lung", n=90, r2=0.2, p=1e-6),
            prediction("Brain", n=50, r2=0.4, p=1e-9),
        ],
    )
    return store(row, record("ENSG00000000002.1", rng.integers(0, 3, (1, 50)), [0.1]))


def test_a_factor_is_a_model_whose_name_is_no_gene(fits):
    found = factor_weights(fits, "GRCh38")
    names = ["factor0_ENSG00000000001.4", "factor1_ENSG00000000001.4"]
    assert (found.name, list(found.genes["gene_id"])) == ("factors", names)
    assert found.variants["weight"].tolist() == [0.7, -0.1, 0.2]
    assert found.variants["gene_id"].tolist() == [names[0], names[0], names[1]]
    assert found.genes["pip"].tolist() == [0.99, 0.4]


def test_a_factor_carries_the_performance_of_the_best_tissue_that_it_acts_in(fits):
    genes = factor_weights(fits, "GRCh38").genes
    assert genes["r2"].tolist() == [0.2, 0.2]  # of Lung: in Brain the factor does not act
    assert genes["n_samples"].tolist() == [90, 90]


def test_the_covariance_of_a_factor_is_that_of_its_variants(fits):
    tissue = {gene: matrix for gene, _, matrix in tissue_weights(fits, "Liver", "GRCh38").models()}
    factor = {gene: matrix for gene, _, matrix in factor_weights(fits, "GRCh38").models()}
    # both have weights at the first and the third variant
    np.testing.assert_array_equal(factor["factor0_ENSG00000000001.4"], tissue["ENSG00000000001.4"])


def test_a_store_without_factors_has_an_empty_set(fits):
    assert factor_weights(fits.slice(1), "GRCh38").variants.empty


def test_the_union_over_tissues_names_a_variant_once():
    rng = np.random.default_rng(1)
    row = record("g1", rng.integers(0, 3, (4, 50)).astype(float), [0.3, 0.0, 0.5, 0.0])
    row["weights"] += [{"tissue": "Lung", "variant": i, "weight": 0.1} for i in (2, 1)]
    union = joint_variants(store(row), "GRCh38")
    assert union.variants["pos"].tolist() == [100, 101, 102]
    assert union.variants["weight"].isna().all()
    assert len(union.covariance) == 6


def test_the_name_of_a_variant_does_not_depend_on_the_tissue():
    """An rsid of two variants of a gene names neither, though one tissue has but one of them."""
    rng = np.random.default_rng(2)
    dosages = rng.integers(0, 3, (2, 50)).astype(float)
    row = record("g1", dosages, [0.1, 0.2], rsids=["rs5", "rs5"])
    row["weights"].append({"tissue": "Lung", "variant": 0, "weight": 0.1})
    assert tissue_weights(store(row), "Lung", "GRCh38").names("rsid")[0] == "chr1_100_A_G_b38"


GTF = """#!genome-build GRCh38
1\th\tgene\t90\t500\t.\t+\t.\tgene_id "ENSG00000000001"; gene_name "AB1"; gene_biotype "lncRNA";
1\thavana\texon\t90\t500\t.\t+\t.\tgene_id "ENSG00000000001"; gene_name "AB1";
1\thavana\tgene\t7\t9\t.\t+\t.\tgene_id "ENSG00000000002.9"; gene_type "protein_coding";
"""


def test_names_and_types_come_from_a_gtf_whatever_the_version(fits, tmp_path):
    (tmp_path / "x.gtf").write_text(GTF)
    names = read_gene_names(tmp_path / "x.gtf")
    genes = with_gene_names(tissue_weights(fits, "Liver", "GRCh38"), names).genes
    told = genes[["gene_name", "gene_type", "start", "end"]].values.tolist()
    assert told == [["AB1", "lncRNA", 90, 500], ["", "protein_coding", 7, 9]]
    factors = with_gene_names(factor_weights(fits, "GRCh38"), names).genes
    assert factors["gene_name"].tolist() == ["factor0_AB1", "factor1_AB1"]


def test_genes_that_a_gtf_does_not_know_stay_as_they_are(fits):
    weights = tissue_weights(fits, "Liver", "GRCh38")
    names = pd.DataFrame(
        {"gene_name": "AB1", "gene_type": "lncRNA", "start": 5, "end": 6}, index=["other"]
    )
    found = with_gene_names(weights, names).genes
    pd.testing.assert_frame_equal(found, weights.genes, check_dtype=False)


@pytest.mark.parametrize("text", ["", '1\tx\texon\t1\t2\t.\t+\t.\tgene_id "g";\n'])
def test_a_gtf_without_genes_is_refused(tmp_path, text):
    (tmp_path / "x.gtf").write_text(text)
    with pytest.raises(FqtlError, match="expected a GTF with lines of genes"):
        read_gene_names(tmp_path / "x.gtf")
