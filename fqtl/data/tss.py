"""Where transcription starts, of genes that a BED gives as intervals.

GTEx, FastQTL and tensorQTL write one base, the start site itself; then it is the `end`, 1-based.
QTLtools and others write the body of the gene: it starts at `start` + 1 on the plus strand and at
`end` on the minus strand. Where bodies come without a strand nobody can say, and a guess would put
half of the genes a gene's length away. Intervals that all have one length are no bodies of genes
but windows that somebody drew; of short ones the end is taken, with a warning.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.errors import FqtlError

log = logging.getLogger(__name__)
SHORT_WINDOW_BP = 2_000  # taste: as little as this does not move a cis window of 1 Mb
FORWARD, BACKWARD = ("+", "1", "+1"), ("-", "-1")


def start_sites(
    path: Path,
    start: "pd.Series[int]",
    end: "pd.Series[int]",
    strand: "pd.Series[str] | None",
    tss: str,
) -> "pd.Series[int]":
    """1-based position of each gene's start site; refuses bodies of genes without a strand.

    start, end : of a BED, 0-based and half-open
    strand : + or 1, - or -1; anything else is not known; None where the file has no such column
    tss : `end` takes it where the strand is not known, `auto` does not
    """
    if strand is None:
        strand = pd.Series("", index=end.index)
    body = end - start > 1
    forward = strand.isin(FORWARD)
    unknown = body & ~forward & ~strand.isin(BACKWARD)
    if unknown.any() and tss != "end" and _are_windows(end - start):
        log.warning(
            "%s: every interval is %d bp long and has no strand; its end is taken as the start "
            "site (prepare.tss: end says so by intention).",
            path,
            end.iloc[0] - start.iloc[0],
        )
    elif unknown.any() and tss != "end":
        row = int(unknown.to_numpy().argmax())
        raise FqtlError(
            f"{path}, line {row + 2}: an interval of {end.iloc[row] - start.iloc[row]} bp without "
            f"a strand ({int(unknown.sum())} such genes of {len(end)}) does not say where "
            "transcription starts. Give a sixth column `strand` (+ or -); take the position from a "
            "GTF with prepare.tss: annotation and release.annotation in the config (--tss "
            "annotation --annotation FILE); or take the end of the interval by intention with "
            "prepare.tss: end (--tss end)."
        )
    return pd.Series(np.where(forward & body, start + 1, end), index=end.index)


def _are_windows(length: "pd.Series[int]") -> bool:
    """Whether these are windows of one short length, several of them, and not bodies of genes."""
    return len(length) > 1 and length.nunique() == 1 and int(length.iloc[0]) <= SHORT_WINDOW_BP
