import io

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from fqtl.tables.numbers import EXACT, parsed

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1))
def test_a_number_written_in_full_is_read_back_to_the_bit(values):
    words = pd.Series([repr(value) for value in values])
    np.testing.assert_array_equal(parsed(words), values)
    column = pd.read_csv(io.StringIO("\n".join(words)), header=None, dtype=float, **EXACT)[0]
    np.testing.assert_array_equal(column, values)


def test_what_is_no_number_is_missing():
    words = pd.Series(["1", "one", "1_000", "0x10", "", "-2e3"], index=list("abcdef"))
    found = parsed(words)
    assert found.dropna().to_dict() == {"a": 1.0, "f": -2000.0}
