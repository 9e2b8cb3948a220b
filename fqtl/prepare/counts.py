"""Normalisation of read counts: expressed genes, size factors of libraries, scales.

A size factor is a library's effective size over the geometric mean of all of them, so that counts
divided by it are those of libraries of one size; its logarithm is the offset of a count model.
"""

from collections.abc import Callable

import numpy as np

from fqtl.errors import FqtlError
from fqtl.prepare.normalise import inverse_normal

TRIM_RATIOS, TRIM_LEVELS = 0.3, 0.05  # shares of genes that TMM leaves out at each end
NO_QUARTILE = 1e-20  # share of reads; an upper quartile below is one of no reads


def tpm(counts: np.ndarray, length_bp: np.ndarray) -> np.ndarray:
    """(g, n) transcripts per million of counts (g, n) of genes with lengths (g,).

    A gene whose length is not known (NaN) has none and does not count among the million.
    """
    rate = counts / length_bp[:, None]
    rate *= 1e6 / np.nansum(rate, axis=0)
    return rate


def measured(level: np.ndarray, least: float, share: float) -> np.ndarray:
    """(g,) whether at least a share of samples reaches a level (g, n)."""
    return (level >= least).sum(axis=1) >= share * level.shape[1]


def total(counts: np.ndarray) -> np.ndarray:
    """(n,) size factors that are numbers of reads."""
    return _around_one(counts.sum(axis=0))


def median_of_ratios(counts: np.ndarray) -> np.ndarray:
    """(n,) median over genes of a sample's count over the gene's geometric mean.

    Genes with a count of 0 have no geometric mean and are left out; FqtlError if none remains.
    Source: Anders and Huber 2010, https://doi.org/10.1186/gb-2010-11-10-r106, equation 5 (DESeq2,
    which refuses such counts, too).
    """
    everywhere = (counts > 0).all(axis=1)
    if not everywhere.any():
        most = int((counts > 0).sum(axis=1).max(initial=0))
        raise FqtlError(
            f"size factors by the median of ratios need a gene with reads in all {counts.shape[1]} "
            f"libraries; of {len(counts)} genes none has, and the most widespread has them in "
            f"{most}. Set prepare.size_factors: tmm, or leave out libraries with few reads."
        )
    logs = np.log(counts[everywhere])
    return _around_one(np.exp(np.median(logs - logs.mean(axis=1, keepdims=True), axis=0)))


def trimmed_mean(counts: np.ndarray) -> np.ndarray:
    """(n,) size factors: numbers of reads times trimmed means of M-values.

    Source: Robinson and Oshlack 2010, https://doi.org/10.1186/gb-2010-11-3-r25, with the defaults
    of edgeR's calcNormFactors: 30 % of log ratios and 5 % of levels are trimmed, and genes weigh by
    their precision. A library that shares no gene with the reference, or none that is left after
    trimming, has a mean of 1.
    """
    reads = counts.sum(axis=0)
    reference = _reference(counts, reads)
    factors = [
        _trimmed_mean_of(counts[:, j], counts[:, reference], reads[j], reads[reference])
        for j in range(counts.shape[1])
    ]
    return _around_one(reads * np.array(factors))


def _reference(counts: np.ndarray, reads: np.ndarray) -> int:
    """The library that the others are compared with: its upper quartile is nearest to the mean.

    Where most upper quartiles are 0, as of sparse counts, they tell libraries apart no more; then
    it is the library with the largest sum of square roots, that is with many genes and many reads.
    """
    somewhere = (counts > 0).any(axis=1)
    # sample by sample: a release has as many genes again that nobody expresses
    quartile = np.array([np.quantile(c[somewhere], 0.75) for c in counts.T]) / reads
    if np.median(quartile) < NO_QUARTILE:
        return int(np.sqrt(counts).sum(axis=0).argmax())
    return int(np.abs(quartile - quartile.mean()).argmin())


def _trimmed_mean_of(
    counts: np.ndarray, reference: np.ndarray, reads: float, reference_reads: float
) -> float:
    """Factor between a sample's counts and those of the reference, each (g,)."""
    both = (counts > 0) & (reference > 0)
    counts, reference = counts[both], reference[both]
    share, reference_share = counts / reads, reference / reference_reads
    ratio = np.log2(share / reference_share)
    if not len(ratio) or np.abs(ratio).max() < 1e-6:
        return 1.0
    # a sum of logarithms, not of a product: ties of sparse counts hang on the rounding
    level = (np.log2(share) + np.log2(reference_share)) / 2
    variance = (1 - share) / counts + (1 - reference_share) / reference
    kept = _untrimmed(ratio, TRIM_RATIOS) & _untrimmed(level, TRIM_LEVELS)
    if not kept.any():
        return 1.0
    return float(2 ** np.average(ratio[kept], weights=1 / variance[kept]))


def _untrimmed(values: np.ndarray, share: float) -> np.ndarray:
    from scipy.stats import rankdata  # takes a second, for which only counts should wait

    rank, cut = rankdata(values), np.floor(len(values) * share)
    return (rank >= cut + 1) & (rank <= len(values) - cut)


def _around_one(sizes: np.ndarray) -> np.ndarray:
    return sizes / np.exp(np.log(sizes).mean())


def log_cpm(counts: np.ndarray, reads: np.ndarray) -> np.ndarray:
    """(g, n) log2 of counts per million of effective numbers of reads (n,), half a read added.

    Source: Law, Chen, Shi and Smyth 2014, https://doi.org/10.1186/gb-2014-15-2-r29 (voom). The
    weights that voom gives to single values are not used.
    """
    return np.log2((counts + 0.5) / (reads + 1) * 1e6)


def log_counts(counts: np.ndarray, reads: np.ndarray) -> np.ndarray:
    """(g, n) ln of counts in a library of the usual size, half a read added; reads as above.

    The units of family `voom`: counting alone gives them a variance of one over the mean count.
    """
    usual = np.exp(np.log(reads).mean())
    return np.log((counts + 0.5) * usual / reads)


def fractions(counts: np.ndarray) -> np.ndarray:
    """(g, n) where entries are no whole numbers, as expected counts of RSEM and salmon are.

    Such counts cannot go to a family of counts as they are, and rounding is the user's to decide.
    """
    return counts != np.rint(counts)


SIZE_FACTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tmm": trimmed_mean,
    "median_of_ratios": median_of_ratios,
    "total": total,
}

# Counts (g, n) and effective numbers of reads (n,), that is sizes of libraries, to what is modelled
SCALES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "inverse_normal": lambda counts, reads: inverse_normal(counts / reads),
    "log_cpm": log_cpm,
    "log_counts": log_counts,
    "counts": lambda counts, reads: counts,  # whole numbers, as `fractions` has made sure of
}
