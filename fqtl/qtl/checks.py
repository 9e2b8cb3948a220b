"""What no file of QTLs can hold: noticed where rows are read, with file, column and number."""

import logging
import re
from pathlib import Path

import numpy as np
import pyarrow as pa

from fqtl.data.builds import build_named
from fqtl.errors import FqtlError
from fqtl.gwas.batches import Batch
from fqtl.gwas.checks import SIGNED, are_ratios, disagreement, warn_unsigned
from fqtl.gwas.effects import LN10, log_of_text
from fqtl.gwas.layouts import Layout

LOOKED_AT = 100  # ids
TAG = re.compile(r"[_:](b3[78]|hg19|hg38|GRCh3[78])$", re.IGNORECASE)
log = logging.getLogger(__name__)


def see_first(path: Path, layout: Layout, batch: Batch, build: str) -> None:
    """Refuse another build, and odds ratios for effects; tell where p and beta with se disagree.

    batch : the first rows of a file, of whatever genes; build : of LD, empty where it is not asked
    """
    _refuse_build(path, batch, build)
    beta = batch.number("beta")
    told = beta[np.isfinite(beta)]
    if len(told) and are_ratios(len(told), float(told.min()), float(np.median(told))):
        raise FqtlError(
            f"{path}, column {layout.columns['beta']!r}: expected effects with both signs, found "
            f"{len(told)} values all above 0 with a median of {np.median(told):.3g}, as odds "
            "ratios have. Give their logarithms, with the standard errors of these."
        )
    for meaning in SIGNED:
        values = batch.number(meaning)
        values = values[np.isfinite(values)]
        warn_unsigned(path, layout, meaning, len(values), values.min(initial=np.inf))
    if not {"p", "se"} <= batch.columns.keys():
        return
    found = disagreement(beta, batch.number("se"), lambda n: _of_text(path, layout, batch, n))
    if found is not None:
        log.warning(
            "%s: z-scores of effects and standard errors are %.2f times those of the p-values "
            "(median of %d rows). Are %s the right columns?",
            *(path, *found, " and ".join(layout.columns[name] for name in ("beta", "se", "p"))),
        )


def _refuse_build(path: Path, batch: Batch, build: str) -> None:
    """Refuse ids that end in the name of another build: a few places agree by chance."""
    ids = batch.text("variant").slice(0, LOOKED_AT).cast(pa.string()).to_pylist()
    for name in filter(None, ids):
        found = TAG.search(name)
        told = build_named(found[1]) if found else ""
        if build and told and told != build:
            raise FqtlError(
                f"{path}: variants are named as of {told} ({name}), and LD and genes are on "
                f"{build}. Nothing is lifted: take files, genes and LD of one genome build."
            )


def log_p_of(path: Path, layout: Layout, batch: Batch) -> np.ndarray:
    """(rows,) natural logarithm of p where no z or standard error tells more, else NaN."""
    beta, se, z = batch.number("beta"), batch.number("se"), batch.number("z")
    told = np.isfinite(z) | (np.isfinite(beta) & (se > 0) & np.isfinite(se))
    log_p = np.where(told, np.nan, -batch.number("neg_log10_p") * LN10)
    asked = ~told & np.isnan(log_p)
    if "p" not in batch.columns or not asked.any():
        return log_p
    rows = {"p": batch.text("p").filter(pa.array(asked))}
    log_p[asked] = found = _of_text(path, layout, Batch(batch.first, rows))
    above = np.flatnonzero(found > 0)
    if len(above):
        text = rows["p"][int(above[0])].as_py()
        raise FqtlError(
            f"{path}, column {layout.columns['p']!r}: expected p-values from 0 to 1, found {text} "
            f"({len(above)} such rows). -log10 of p is neg_log10_p={layout.columns['p']} in the "
            "sheet's column `columns`."
        )
    return log_p


def _of_text(path: Path, layout: Layout, batch: Batch, rows: int | None = None) -> np.ndarray:
    """Natural logarithms of the first p-values of a batch, all by default; words are refused."""
    texts = batch.text("p").slice(0, rows).to_pylist()
    try:
        return log_of_text(texts)
    except ValueError as fault:
        name = layout.columns["p"]
        raise FqtlError(
            f"{path}, column {name!r}: expected a number ({fault}), below line {batch.first}."
        ) from fault
