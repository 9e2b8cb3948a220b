"""Some z-scores of every tissue, the same variants of the same genes in all of them.

What tissues share of their noise is seen in z-scores of many genes (`fqtl.noise_correlation`);
neighbours in LD say the same twice, so variants are drawn, by their places, from all of them.
"""

from zlib import crc32

import numpy as np
import pandas as pd

from fqtl.qtl.scores import ScoreStore

PAIRS = 200_000  # of gene and variant in a tissue, at the most: a correlation to 0.01; taste
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd: spreads neighbours over all 64 bits (Knuth)


def thinned(stores: list[ScoreStore]) -> pd.DataFrame:
    """z-scores of one allele in all tissues, a row for each pair of gene and variant drawn.

    A column for each store, NaN where a tissue lacks the pair.
    """
    most = max(store.rows for store in stores)
    one_of = max(1, -(-most // PAIRS))
    columns = {store.about["tissue"]: _of_tissue(store, one_of) for store in stores}
    return pd.DataFrame(columns)


def _of_tissue(store: ScoreStore, one_of: int) -> "pd.Series[float]":
    parts = [_drawn(batch, one_of) for batch in store.batches()]
    found = pd.concat([pd.Series(dtype=float), *parts]) if parts else pd.Series(dtype=float)
    return found[~found.index.duplicated()]


def _drawn(rows: pd.DataFrame, one_of: int) -> "pd.Series[float]":
    """Of rows that are drawn, z of the allele that comes first in the alphabet."""
    named = (rows["pos"] < 0).to_numpy()
    place = rows["pos"].to_numpy().astype(np.uint64)
    place[named] = [crc32(name.encode()) for name in rows["rsid"][named]]
    mixed = (place * MIX + rows["gene"].to_numpy().astype(np.uint64)) * MIX
    kept = (mixed >> np.uint64(33)) % np.uint64(one_of) == 0
    rows = rows[kept & np.isfinite(rows["z"].to_numpy())]
    effect, other = rows["effect_allele"], rows["other_allele"]
    turned = (effect > other).to_numpy()
    where = rows["pos"].astype(str).where(rows["pos"] >= 0, rows["rsid"])
    pair = effect.where(~turned, other) + ">" + other.where(~turned, effect)
    names = rows["gene"].astype(str) + ":" + where + ":" + pair
    return pd.Series(np.where(turned, -1.0, 1.0) * rows["z"].to_numpy(), index=names.to_numpy())
