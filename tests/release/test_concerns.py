import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.release.concerns import about_release
from fqtl.tables.fits import FITS


def told(permuted, observed=(0.1,), q=(0.5,), pair_q=(0.5,), **columns):
    """What is said of a release; permuted : of the fits of one gene, columns : of fits.tsv.gz."""
    row = {**dict.fromkeys(FITS.names), "gene_id": "g0"}
    row["permuted_fits"] = [{"draw": i, "neg_log_null_prob": v} for i, v in enumerate(permuted)]
    genes = pd.DataFrame({"neg_log_null_prob": observed, "q": q})
    genes = genes.assign(n_tissues=9, permutations=1, p_tissues="9").assign(**columns)
    genes["gene_id"] = [f"g{i}" for i in range(len(genes))]
    tables = {"fits": genes, "prediction": pd.DataFrame({"q": pair_q})}
    return " ".join(about_release(pa.Table.from_pylist([row], schema=FITS), tables))


def test_permuted_fits_that_are_sure_of_an_effect_are_told():
    """As with expression of two populations as it is given, where 4 to 7 of 428 were."""
    said = told([0.2] * 424 + [4.0] * 4)
    assert "4 of 428 permuted fits have an effect with a probability above 0.95" in said
    assert "prepare.scale: inverse_normal" in said


def test_what_normal_noise_gives_is_nothing_to_tell():
    assert told([0.2] * 2998 + [4.0] * 2) == ""
    assert told([0.2] * 166 + [3.1]) == ""


def test_what_noise_gives_in_two_tissues_is_nothing_to_tell_of_many_genes():
    """Ten of 2,000 simulated genes have it, and as large a share of a release."""
    assert told([0.2] * 1990 + [4.0] * 10) == ""
    assert told([0.2] * 39800 + [4.0] * 200) == ""


def test_genes_above_all_of_too_few_permuted_fits_are_told_with_how_many_are_enough():
    said = told([0.2] * 30, observed=[20.0, 30.0, 0.1], q=[0.5, 0.5, 1.0])
    assert "2 of 3 genes have more evidence than each of 30 permuted fits" in said
    assert "Set calibration.permutations to 10 or more" in said
    assert told([0.2] * 30, observed=[20.0, 30.0, 0.1], q=[0.01, 0.01, 1.0]) == ""


def test_pairs_without_a_rate_are_counted():
    said = told([], observed=[1.0], q=[np.nan], pair_q=[np.nan, np.nan])
    assert "2 of 2 pairs of gene and tissue have neither pip_p nor q" in said


def test_genes_of_rare_numbers_of_tissues_that_are_found_by_little_evidence_are_told():
    """Half of noise in two tissues has a statistic of 0.45, and of that in ten next to none."""
    rare = {
        "observed": [0.6, 0.5, 30.0, 0.6],
        "q": [0.04, 0.04, 0.001, 0.04],
        "n_tissues": [2, 3, 2, 10],
        "permutations": [5, 5, 5, 400],
    }
    said = told([0.2] * 400, **rare, p_tissues=["2-10", "2-10", "2-10", "2-10"])
    assert "2 genes have q below 0.05 by little evidence" in said
    assert "numbers of tissues (2, 3) of which there are fewer than 19 permuted fits" in said
    assert told([0.2] * 400, **rare, p_tissues=["2", "3", "2", "10"]) == ""


def test_genes_of_one_tissue_have_too_few_permuted_fits_by_themselves():
    """Of two one stands above both permuted fits; of six in three tissues four are found."""
    names = [f"g{i}" for i in range(8)]
    rows = [{**dict.fromkeys(FITS.names), "gene_id": name} for name in names]
    for row, statistics in zip(rows, [[0.1]] * 6 + [[0.3], [0.2]], strict=True):
        row["permuted_fits"] = [
            {"draw": i, "neg_log_null_prob": value} for i, value in enumerate(statistics)
        ]
    genes = pd.DataFrame(
        {
            "gene_id": names,
            "neg_log_null_prob": [30.0] * 4 + [0.1, 0.1, 30.0, 0.1],
            "q": [0.01] * 4 + [1.0, 1.0, 0.4, 1.0],
            "n_tissues": [3] * 6 + [1, 1],
            "permutations": 1,
            "p_tissues": ["3"] * 6 + ["1", "1"],
        }
    )
    tables = {"fits": genes, "prediction": pd.DataFrame({"q": [0.5]})}
    (said,) = about_release(pa.Table.from_pylist(rows, schema=FITS), tables)
    assert "1 of 2 genes of one tissue have more evidence than each of 2 permuted fits" in said
    assert "the smallest is 0.4" in said
    # eight tests, of which five would be found: q = 8 / 5 / (2 x 16 + 1) = 0.048
    assert "Set calibration.permutations to 16 or more" in said
