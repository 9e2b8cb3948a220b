from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.data.covariates import Covariates
from fqtl.data.expression import Expression
from fqtl.errors import FqtlError
from fqtl.prepare.counts import (
    log_counts,
    log_cpm,
    measured,
    median_of_ratios,
    total,
    tpm,
    trimmed_mean,
)
from fqtl.prepare.normalise import inverse_normal
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.tissue import prepare_tissue
from tests.reference import tmm

DONORS = [f"d{i}" for i in range(40)]


def libraries(rng, genes, samples):
    """Counts (genes, samples) of libraries of different depth."""
    mean = np.exp(rng.normal(3, 2, genes))
    depth = rng.uniform(0.5, 2, samples)
    rate = mean[:, None] * depth * rng.gamma(5, 1 / 5, (genes, samples))
    return rng.poisson(rate).astype(float)


def test_transcripts_per_million_are_shares_of_reads_per_base():
    found = tpm(np.array([[10.0], [20.0]]), np.array([1000, 4000]))
    np.testing.assert_allclose(found, [[2e6 / 3], [1e6 / 3]])


def test_a_gene_is_measured_where_enough_samples_reach_the_level():
    level = np.array([[6, 6, 0, 0, 0], [6, 5.9, 0, 0, 0]])
    assert measured(level, 6, 0.4).tolist() == [True, False]


def test_trimmed_means_are_those_of_the_paper():
    rng = np.random.default_rng(0)
    counts = libraries(rng, 60, 5)
    counts[:8, 3] *= 6
    np.testing.assert_allclose(
        trimmed_mean(counts), tmm.size_factors(counts.T.tolist()), rtol=1e-12
    )


def test_trimmed_means_of_sparse_counts_have_the_reference_of_edger():
    """A digit for each library; factors that edgeR 3.40.2 gives, times reads, over their mean."""
    words = """4110300 3000200 2000002 4001000 4100101 2100010 2000010 1001100 5010001 4000110
    3000100 7000201 3000100 1000100 4010100 3000110 5010100 3000100 3010100 1100201 3000000 4100310
    3100400 1000200 6010100 1100000 2001200 3000100 3010100 3000000 3000000 2000001 5100001 7100000
    2000000 3011200 0000101 2000101 2000210 3000200"""
    counts = np.array([[float(digit) for digit in word] for word in words.split()])
    edger = [2.33420071926, 0.695777725533, 0.583550179815, 0.939137326962]
    edger += [1.1994151525, 1.04351861387, 0.897664890377]
    np.testing.assert_allclose(trimmed_mean(counts), edger, rtol=1e-10)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.3, 1.0])
def test_trimmed_means_are_those_of_the_paper_however_sparse_the_counts(rate):
    rng = np.random.default_rng(6)
    counts = rng.poisson(rate * rng.gamma(0.5, 2, (300, 1)) * rng.uniform(0.5, 3, 9)).astype(float)
    np.testing.assert_allclose(
        trimmed_mean(counts), tmm.size_factors(counts.T.tolist()), rtol=1e-12
    )


def test_libraries_that_share_no_gene_keep_their_numbers_of_reads():
    counts = np.array([[6.0, 0.0], [4.0, 0.0], [0.0, 40.0]])
    np.testing.assert_allclose(trimmed_mean(counts), total(counts))


def test_genes_that_take_many_reads_do_not_change_trimmed_means():
    """A third of one library's reads are of a few genes; the other genes are as in its twin."""
    rng = np.random.default_rng(1)
    counts = libraries(rng, 500, 6)
    counts[:, 1] = counts[:, 0]
    counts[:5, 1] += counts[:, 0].sum() / 10
    twins = trimmed_mean(counts)
    assert twins[1] / twins[0] == pytest.approx(1, abs=0.01)
    assert total(counts)[1] / total(counts)[0] == pytest.approx(1.5, abs=0.01)


def test_the_median_of_ratios_leaves_out_genes_with_a_zero():
    counts = np.array([[1.0, 4.0], [2.0, 8.0], [10.0, 40.0], [0.0, 900.0]])
    np.testing.assert_allclose(median_of_ratios(counts), [0.5, 2.0])


def test_without_a_gene_in_all_libraries_there_is_no_median_of_ratios():
    """DESeq2 stops there; numbers of reads are another method, to be asked for by its name."""
    counts = np.random.default_rng(2).poisson(50, (40, 40)).astype(float)
    counts[np.arange(40), np.arange(40)] = 0
    with pytest.raises(FqtlError, match=r"of 40 genes none has, .* in 39.*size_factors: tmm"):
        median_of_ratios(counts)
    with pytest.raises(FqtlError, match=r"^liver.gct: size factors by the median of ratios"):
        counted(counts, size_factors="median_of_ratios", path=Path("liver.gct"))


@pytest.mark.parametrize("method", [trimmed_mean, median_of_ratios, total])
def test_deeper_sequencing_changes_size_factors_and_nothing_else(method):
    rng = np.random.default_rng(2)
    counts = np.repeat(libraries(rng, 200, 1), 3, axis=1) * [1, 2, 4]
    np.testing.assert_allclose(method(counts), [0.5, 1, 2], rtol=1e-9)


def test_log_counts_per_million_add_half_a_read():
    counts = np.array([[0.0, 3.0], [9.0, 6.0]])
    expected = np.log2((counts + 0.5) / 10 * 1e6)  # nine reads in each library, and one
    np.testing.assert_allclose(log_cpm(counts, np.array([9.0, 9.0])), expected)


def test_counting_alone_varies_log_counts_as_voom_expects():
    rng = np.random.default_rng(3)
    mean = np.array([30.0, 100.0, 1000.0])
    depth = np.repeat([0.5, 1.0, 2.0], 20_000)
    counts = rng.poisson(mean[:, None] * depth)
    found = log_counts(counts, 1e6 * depth)
    usual = found[:, depth == 1]
    np.testing.assert_allclose(np.exp(usual.mean(axis=1)), mean, rtol=0.02)
    np.testing.assert_allclose(usual.var(axis=1), 1 / mean, rtol=0.05)
    np.testing.assert_allclose(found.mean(axis=1), usual.mean(axis=1), atol=0.02)


def counted(values, **settings):
    genes = pd.DataFrame(
        {
            "gene_id": [f"g{i}" for i in range(len(values))],
            "chrom": "chr1",
            "tss": 100,
            "length": settings.pop("length", 1000),
        }
    )
    expression = Expression(genes, values, DONORS, {}, settings.pop("path", None))
    covariates = settings.pop("covariates", None)
    settings = PrepareSettings(counted=True, **{"scale": "inverse_normal", **settings})
    return prepare_tissue(expression, covariates, DONORS, settings)


def test_genes_that_are_not_measured_are_left_out_with_the_reason():
    rng = np.random.default_rng(3)
    values = libraries(rng, 30, 40) + 10
    values[4] = np.where(np.arange(40) < 7, 100, 0)  # 17.5 % of donors
    values[5] = np.where(np.arange(40) < 8, 100, 0)  # 20 %
    found = counted(values)
    why = "below 0.1 TPM or 6 reads in more than 80% of donors"
    assert found.genes["reason"].tolist() == [why if i == 4 else "" for i in range(30)]


def test_ranks_are_those_of_counts_per_library_size():
    rng = np.random.default_rng(4)
    values = libraries(rng, 30, 40) + 10
    found = counted(values)
    expected = inverse_normal(values / trimmed_mean(values))
    expected /= expected.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert not found.offset.any()


def test_counts_for_families_of_counts_keep_their_library_sizes_beside_them():
    rng = np.random.default_rng(5)
    values = libraries(rng, 30, 40) + 10
    found = counted(values, scale="counts", size_factors="total")
    np.testing.assert_array_equal(found.values, values)
    reads = np.log(values.sum(axis=0))
    np.testing.assert_allclose(found.offset, reads - reads.mean())


def test_counts_that_are_no_whole_numbers_are_not_rounded_in_silence():
    rng = np.random.default_rng(5)
    values = libraries(rng, 30, 40) + 10
    values[3, 7], values[4, 2:6] = 12.25, 0.5
    with pytest.raises(FqtlError) as fault:
        counted(values, scale="counts")
    assert "found 12.25 for g3 in d7 (5 such entries of 1200)" in str(fault.value)
    assert "Round them in the file, or set prepare.scale: inverse_normal" in str(fault.value)
    assert (counted(values, scale="log_cpm").genes["reason"] == "").all()


def test_fractions_of_genes_that_are_not_measured_are_nobodys_concern():
    values = libraries(np.random.default_rng(5), 30, 40) + 10
    values[3] = 0.5
    found = counted(values, scale="counts")
    assert np.flatnonzero(found.genes["reason"] != "").tolist() == [3]


def test_a_gene_without_exons_says_so():
    values = libraries(np.random.default_rng(6), 30, 40) + 10
    lengths = np.where(np.arange(30) == 4, np.nan, 1000)
    why = "no exons in the annotation, hence no length for prepare.min_tpm"
    found = counted(values, length=lengths)
    assert found.genes["reason"].tolist() == [why if i == 4 else "" for i in range(30)]
    assert (counted(values, length=lengths, min_tpm=0).genes["reason"] == "").all()


def test_raw_values_keep_their_units_for_families_that_want_them():
    rng = np.random.default_rng(6)
    shares = rng.uniform(0.1, 0.9, (3, 40))
    shares[1] = 0.5
    genes = pd.DataFrame({"gene_id": list("abc"), "chrom": "chr1", "tss": 1})
    found = prepare_tissue(
        Expression(genes, shares, DONORS, {}), None, DONORS, PrepareSettings(scale="raw")
    )
    np.testing.assert_array_equal(found.values[[0, 2]], shares[[0, 2]])
    assert found.genes["reason"].tolist() == ["", "constant expression", ""]


def test_lengths_are_needed_for_transcripts_per_million():
    genes = pd.DataFrame({"gene_id": ["g"], "chrom": "chr1", "tss": 1})
    expression = Expression(genes, np.full((1, 40), 9.0), DONORS, {})
    with pytest.raises(FqtlError, match=r"give release\.annotation, or leave this filter out"):
        prepare_tissue(expression, None, DONORS, PrepareSettings(counted=True, scale="log_cpm"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": "log_cpm"}, "must be one of as_given, inverse_normal, raw; found 'log_cpm'"),
        ({"scale": "as_given", "counted": True}, "of counts must be one of inverse_normal, log_"),
        ({"scale": "counts", "counted": True, "components": None}, "neither prepare.components"),
        ({"scale": "log_cpm", "counted": True, "size_factors": "tmn"}, "found 'tmn'"),
    ],
)
def test_steps_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(FqtlError, match=message):
        PrepareSettings(**settings)


def test_covariates_cannot_be_regressed_out_of_counts():
    covariates = Covariates(["age"], np.arange(40.0)[:, None], DONORS)
    with pytest.raises(FqtlError, match="1 covariates cannot be regressed out"):
        counted(np.full((3, 40), 9.0), scale="counts", covariates=covariates)


def test_a_donor_without_reads_is_named():
    values = np.full((3, 40), 9.0)
    values[:, 7] = 0
    with pytest.raises(FqtlError, match="1 donors have no reads at all, the first d7"):
        counted(values)
