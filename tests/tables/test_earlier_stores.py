"""Stores of fits of an earlier version are read: what they do not say is missing."""

import pyarrow as pa

from fqtl.tables.fits import FITS, explode

OF_TODAY = {"tissue": "Liver", "n_donors": 100, "r2": 0.25, "background_share": 0.1}


def store(entry: pa.StructType) -> pa.Table:
    """One gene whose predictions have the fields of this entry."""
    said = {name: value for name, value in OF_TODAY.items() if entry.get_field_index(name) >= 0}
    columns = {
        "gene_id": pa.array(["ENSG1"]),
        "prediction": pa.array([[said]], pa.list_(entry)),
    }
    return pa.table(columns)


def test_predictions_from_before_backgrounds_were_written_have_none() -> None:
    today = FITS.field("prediction").type.value_type
    before = pa.struct([field for field in today if not field.name.startswith("background_")])
    found, expected = explode(store(before), "prediction"), explode(store(today), "prediction")
    assert list(found.columns) == list(expected.columns)
    assert found["r2"].tolist() == [0.25]
    assert expected["background_share"].tolist() == [0.1]
    assert found["background_share"].isna().all()
