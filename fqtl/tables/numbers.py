"""Numbers that stand as text, read as the float64 nearest to what is written.

pandas before 3.1 lands a unit in the last place beside it, so that results would depend on the
version; from 3.1 on it is exact, and tells whoever still asks for exactness not to.
"""

from typing import Any

import numpy as np
import pandas as pd

_BEFORE_EXACT = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
# for `pandas.read_csv`
EXACT: dict[str, Any] = {"float_precision": "round_trip"} if _BEFORE_EXACT else {}
LN10 = float(np.log(10))


def p_text(log_p: float) -> str:
    """The number of a natural logarithm as text, however small; NA where there is none."""
    if np.isnan(log_p):
        return "NA"
    if log_p > -690:
        return f"{np.exp(log_p):.6g}"
    exponent = int(np.floor(log_p / LN10))
    mantissa = f"{np.exp(log_p - exponent * LN10):.6g}"
    return f"1e{exponent + 1}" if mantissa == "10" else f"{mantissa}e{exponent}"


def parsed(words: "pd.Series[Any]") -> "pd.Series[float]":
    """The float64 nearest to each word; NaN where a word is no number."""
    found = pd.to_numeric(words, errors="coerce").astype(float)
    if not _BEFORE_EXACT:
        return found
    said = found.notna().to_numpy()
    exact = np.full(len(words), np.nan)
    exact[said] = words.to_numpy(dtype=object)[said].astype(float)
    return pd.Series(exact, index=words.index)
