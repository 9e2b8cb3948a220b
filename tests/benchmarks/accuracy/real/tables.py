"""What was kept of every piece, as tables, and genes that are found at a false discovery rate."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.release.calibration import calibrate
from tests.benchmarks.accuracy.real.methods import METHODS
from tests.benchmarks.accuracy.real.prediction import r2, share
from tests.benchmarks.accuracy.real.search import SEARCHES
from tests.benchmarks.accuracy.real.settings import SETTINGS
from tests.benchmarks.accuracy.real.work import PREDICTION, SEARCH

AT = 0.05  # false discovery rate
JOINT, LEARNED, BEFORE = "joint", "joint, learned", "joint, before"


def predictions(keep: Path) -> pd.DataFrame:
    """A row for each setting, method and gene: share and r2 of its contexts with effects, share of
    the permuted one (NaN without it), seconds."""
    rows = []
    for setting, method, path in _files(keep, PREDICTION, METHODS):
        kept = json.loads(path.read_text())
        sums = np.array([kept["yy"], kept["ff"], kept["yf"]])
        real = np.arange(sums.shape[1]) < sums.shape[1] - SETTINGS[setting].permuted
        rows.append(
            {
                "setting": setting,
                "method": method,
                "gene": path.stem,
                "share": share(*sums[:, real]),
                "r2": r2(*sums[:, real]),
                "permuted": np.nan if real.all() else share(*sums[:, ~real]),
                "seconds": kept["seconds"],
            }
        )
    names = ["setting", "method", "gene", "share", "r2", "permuted", "seconds"]
    return pd.DataFrame(rows, columns=names)


def discoveries(keep: Path) -> pd.DataFrame:
    """A row for each setting and model: what it was asked, what it found, and how long it took.

    Columns: setting, method, genes, found; pairs and pairs_found of contexts with effects;
    null_pairs and null_pairs_found of the permuted one; nulls, in the pool of genes; seconds per
    gene.
    """
    kept: dict[tuple[str, str], list[dict]] = {}
    for setting, method, path in _files(keep, SEARCH, SEARCHES):
        kept.setdefault((setting, method), []).append(json.loads(path.read_text()))
    rows = []
    for (setting, method), genes in kept.items():
        of_genes = calibrate(
            np.array([gene["gene"] for gene in genes]),
            np.concatenate([gene["null_genes"] for gene in genes]),
        )
        contexts = np.array([gene["contexts"] for gene in genes])  # (genes, m), or (genes, 0)
        null = np.concatenate([gene["null_contexts"] for gene in genes])
        q = calibrate(contexts.ravel(), null).q.reshape(contexts.shape)
        real = np.arange(q.shape[1]) < q.shape[1] - SETTINGS[setting].permuted
        rows.append(
            {
                "setting": setting,
                "method": method,
                "genes": len(genes),
                "found": int((of_genes.q < AT).sum()),
                "pairs": q[:, real].size,
                "pairs_found": int((q[:, real] < AT).sum()),
                "null_pairs": q[:, ~real].size,
                "null_pairs_found": int((q[:, ~real] < AT).sum()),
                "nulls": of_genes.n_permuted,
                "seconds": float(np.mean([gene["seconds"] for gene in genes])),
            }
        )
    names = ["setting", "method", "genes", "found", "pairs", "pairs_found"]
    names += ["null_pairs", "null_pairs_found", "nulls", "seconds"]
    return pd.DataFrame(rows, columns=names)


def with_earlier(now: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """What was measured, and beside it the joint model as an earlier version of it was measured."""
    joint = earlier[(earlier["method"] == JOINT) & earlier["setting"].isin(now["setting"])]
    return pd.concat([now, joint.assign(method=BEFORE)], ignore_index=True)


def _files(keep: Path, kind: str, names: dict) -> list[tuple[str, str, Path]]:
    """Setting, method and file of every piece, in the order in which they are defined."""
    return [
        (setting, method, path)
        for setting in SETTINGS
        for method in names
        for path in sorted((keep / kind / setting / method).glob("*.json"))
    ]
