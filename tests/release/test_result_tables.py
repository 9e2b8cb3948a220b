import pandas as pd
import pyarrow as pa

from fqtl.release.result_tables import list_credible_sets, list_factors, result_tables
from fqtl.tables.columns import COLUMNS
from fqtl.tables.fits import FITS


def loadings(label, rows):
    frame = pd.DataFrame(rows, columns=["gene_id", "factor", label, "pip"])
    return frame.assign(mean=0.1, sd=0.1)


def test_a_factor_is_told_by_what_it_surely_holds():
    variants = loadings(
        "variant_id", [("g", 0, "v1", 0.2), ("g", 0, "v2", 0.9), ("g", 1, "v1", 0.4)]
    )
    tissues = loadings(
        "tissue", [("g", 0, "Liver", 1.0), ("g", 0, "Lung", 0.6), ("g", 1, "Lung", 0.1)]
    )
    factors = pd.DataFrame(
        [("g", 0, 0.92), ("g", 1, 0.04), ("h", 0, 0.02)], columns=["gene_id", "factor", "pip"]
    )
    first, second, third = list_factors(factors, variants, tissues).itertuples()
    assert (first.n_variants, first.variants, first.lead_variant) == (1, "v2", "v2")
    assert (first.n_tissues, first.tissues) == (2, "Liver,Lung")
    assert (second.n_variants, second.variants, second.lead_variant) == (0, "", "v1")
    assert [first.pip, second.pip, third.pip] == [0.92, 0.04, 0.02]
    assert (third.n_variants, third.n_tissues, third.variants) == (0, 0, "")
    assert pd.isna(third.lead_variant)


def test_a_credible_set_is_one_row_of_its_variants():
    members = pd.DataFrame(
        [
            ("g", 0, 1, None, "v2", 0.9, 0.96, 0.8),
            ("g", 0, 1, None, "v1", 0.9, 0.96, 0.8),
            ("g", 1, None, "Liver", "v7", 0.6, 0.99, 1.0),
        ],
        columns=["gene_id", "set", "factor", "tissue", "variant_id", "pip", "coverage", "purity"],
    )
    shared, alone = list_credible_sets(members).itertuples()
    assert (shared.factor, shared.lead_variant, shared.variants) == (1, "v2", "v2,v1")
    assert (shared.size, shared.coverage) == (2, 0.96)
    assert pd.isna(shared.tissue)
    assert (alone.tissue, alone.variants, alone.size) == ("Liver", "v7", 1)
    assert pd.isna(alone.factor)


def test_a_release_without_any_factor_has_empty_tables():
    row = {**dict.fromkeys(FITS.names), "gene_id": "g", "status": "skipped", "reason": "none"}
    tables = result_tables(pa.Table.from_pylist([row], schema=FITS).combine_chunks(), 5)
    assert {kind: list(frame) for kind, frame in tables.items()} == {
        kind: list(COLUMNS[kind]) for kind in tables
    }
    assert len(tables["fits"]) == 1
    assert len(tables["calibration"]) == 3
    assert all(frame.empty for kind, frame in tables.items() if kind not in ("fits", "calibration"))
