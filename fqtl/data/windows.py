"""Genotypes along chromosomes: windows of neighbouring genes, and how dense variants lie."""

import logging
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes, GenotypeSource, Limits

log = logging.getLogger(__name__)
Span = tuple[str, int, int]  # chromosome, first and last position
BLOCK_BP = 4_000_000  # read ahead of a window: bounds the memory, whatever a shard spans
SAMPLE_EVERY_BP, SAMPLE_BP = 500_000, 10_000


def sliding_windows(
    source: GenotypeSource,
    spans: Sequence[Span],
    donors: list[str],
    limits: Limits,
    block_bp: int = BLOCK_BP,
) -> Iterator[Genotypes]:
    """Genotypes of every span in turn; every record is read once.

    What lies before a span is forgotten, what lies up to `block_bp` behind it is read ahead.
    spans : in the order of the genome, those of one chromosome with ends in order, too
    """
    held: Genotypes | None = None
    place, reach = "", 0
    for number, (chrom, start, end) in enumerate(spans):
        if chrom != place or start > reach:
            held, place, reach = None, chrom, start - 1
        if end > reach:
            ahead = _last_wanted(spans[number:], end + block_bp)
            more = _read(source, (chrom, reach + 1, ahead), donors, limits)
            held = more if held is None else _joined(held.window(start, reach), more)
            reach = ahead
        assert held is not None  # no span ends before it starts
        yield held.window(start, end)


def _read(source: GenotypeSource, span: Span, donors: list[str], limits: Limits) -> Genotypes:
    """Genotypes of a span; the log says what they cost."""
    before = time.process_time()
    found = source.read(*span, donors, limits)
    took = time.process_time() - before
    log.info("%s:%d-%d: %d variants in %d donors, %.1f s", *span, *found.dosages.shape, took)
    return found


def _last_wanted(spans: Sequence[Span], limit: int) -> int:
    """Where reading may stop for the first of the spans and those that it runs into."""
    chrom, _, last = spans[0]
    for place, start, end in spans:
        if place != chrom or start > last:
            break
        last = max(last, min(end, limit))
    return last


def _joined(left: Genotypes, right: Genotypes) -> Genotypes:
    return Genotypes(
        variants=pd.concat([left.variants, right.variants], ignore_index=True),
        dosages=np.concatenate([left.dosages, right.dosages]),
        donors=right.donors,
        dropped=pd.concat([left.dropped, right.dropped], ignore_index=True),
    )


def count_variants(
    source: GenotypeSource, spans: Sequence[Span], donors: list[str], limits: Limits
) -> np.ndarray:
    """(spans,) expected number of variants that pass the limits, from samples along the chromosome.

    A sample in fifty base pairs of what the spans cover is read; a span takes the mean density of
    the samples in it.
    """
    kept: dict[tuple[str, int], int] = {}
    counts = np.zeros(len(spans))
    for number, (chrom, start, end) in enumerate(spans):
        first, last = start // SAMPLE_EVERY_BP, end // SAMPLE_EVERY_BP
        for place in range(first, last + 1):
            if (chrom, place) not in kept:
                kept[chrom, place] = len(_sample(source, chrom, place, donors, limits).variants)
        total = sum(kept[chrom, place] for place in range(first, last + 1))
        counts[number] = total * (end - start + 1) / ((last - first + 1) * SAMPLE_BP)
    return counts


def _sample(
    source: GenotypeSource, chrom: str, place: int, donors: list[str], limits: Limits
) -> Genotypes:
    start = place * SAMPLE_EVERY_BP + SAMPLE_EVERY_BP // 2
    return source.read(chrom, start, start + SAMPLE_BP - 1, donors, limits)
