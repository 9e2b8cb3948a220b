"""A table that was written is read as it was, whatever is in it: a law, with drawn examples."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from fqtl.tables.files import read_parquet, read_tsv, write_parquet, write_tsv
from fqtl.tables.fits import FITS

WORD = st.text("aZ09._:-e+ é", min_size=1, max_size=8).map(str.strip).filter(bool)
NUMBER = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(st.lists(st.tuples(WORD, WORD, WORD), max_size=8), st.sampled_from(["t.tsv", "t.tsv.gz"]))
def test_words_stay_words_though_they_look_like_numbers(rows, name):
    written = pd.DataFrame(rows, columns=["gene_id", "tissue", "reason"], dtype=str)
    with TemporaryDirectory() as folder:
        write_tsv(Path(folder) / name, written, "dropped")
        found = read_tsv(Path(folder) / name, "dropped")
    assert found.values.tolist() == written.values.tolist()


@st.composite
def fits(draw):
    """Rows of fits, in which every column may be missing."""

    def value(kind):
        if pa.types.is_list(kind):
            return st.lists(value(kind.value_type), max_size=3)
        if pa.types.is_struct(kind):
            return st.fixed_dictionaries({part.name: value(part.type) for part in kind})
        if pa.types.is_floating(kind):
            return st.floats(allow_nan=False, width=32 if kind == pa.float32() else 64)
        if pa.types.is_boolean(kind):
            return st.booleans()
        if pa.types.is_integer(kind):
            return st.integers(0, 10**6 if kind.bit_width > 16 else 100)
        return WORD

    row = st.fixed_dictionaries({part.name: st.none() | value(part.type) for part in FITS})
    return draw(st.lists(row, max_size=3))


@given(fits(), NUMBER)
def test_fits_are_read_as_they_were_written_with_what_was_said_about_them(rows, number):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fits.parquet"
        write_parquet(path, pa.Table.from_pylist(rows, schema=FITS), "fits", number=number)
        found, about = read_parquet(path, "fits")
    assert found.to_pylist() == rows
    assert about["number"] == number
