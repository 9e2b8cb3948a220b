"""TMM as its paper and edgeR's calcNormFactors describe it, one gene at a time."""

import math


def size_factors(counts):
    """Reads times factors of each sample, around a geometric mean of 1; counts by sample."""
    reads = [sum(sample) for sample in counts]
    somewhere = [any(gene) for gene in zip(*counts, strict=True)]
    quartiles = [
        quantile([c / n for c, some in zip(sample, somewhere, strict=True) if some], 0.75)
        for sample, n in zip(counts, reads, strict=True)
    ]
    mean = sum(quartiles) / len(quartiles)
    if quantile(quartiles, 0.5) < 1e-20:
        roots = [sum(math.sqrt(c) for c in sample) for sample in counts]
        ref = roots.index(max(roots))
    else:
        ref = min(range(len(counts)), key=lambda j: abs(quartiles[j] - mean))
    sizes = [
        n * factor(sample, counts[ref], n, reads[ref])
        for sample, n in zip(counts, reads, strict=True)
    ]
    centre = math.exp(sum(math.log(size) for size in sizes) / len(sizes))
    return [size / centre for size in sizes]


def factor(sample, reference, n, n_reference):
    genes = []
    for c, r in zip(sample, reference, strict=True):
        if c > 0 and r > 0:
            m = math.log2((c / n) / (r / n_reference))
            a = (math.log2(c / n) + math.log2(r / n_reference)) / 2
            genes.append((m, a, (n - c) / (n * c) + (n_reference - r) / (n_reference * r)))
    if max(abs(m) for m, _, _ in genes) < 1e-6:
        return 1.0
    total = weights = 0.0
    for m, a, variance in genes:
        keep_m = inside(m, [gene[0] for gene in genes], 0.3)
        keep_a = inside(a, [gene[1] for gene in genes], 0.05)
        if keep_m and keep_a:
            total += m / variance
            weights += 1 / variance
    return 2 ** (total / weights)


def inside(value, values, share):
    """Whether the rank of a value (ties share their mean) is not among those cut off."""
    rank = sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
    cut = math.floor(len(values) * share)
    return cut + 1 <= rank <= len(values) - cut


def quantile(values, q):
    """R's type 7."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
