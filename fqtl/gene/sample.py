"""Samples of genes that do not depend on how they are split into shards."""

import zlib
from collections.abc import Iterable
from hashlib import blake2b


def sample_of(genes: Iterable[str], count: int, seed: int) -> list[str]:
    """At most `count` of the genes: those whose names have the lowest hashes, in that order.

    The same in any shards, on any machine; most stay when genes are added.
    """

    def rank(gene: str) -> tuple[bytes, str]:
        return blake2b(f"{seed}:{gene}".encode(), digest_size=8).digest(), gene

    return sorted(set(genes), key=rank)[:count]


def has_baseline(gene_id: str, share: float) -> bool:
    """Whether a gene is among the share that is compared; the same in every run."""
    return zlib.crc32(gene_id.encode()) < share * 2**32
