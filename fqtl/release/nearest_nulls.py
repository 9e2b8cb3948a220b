"""Permuted statistics of genes with as many tissues, or with nearly as many.

What noise gives depends on the number of tissues of a gene, since an effect in one of few is
likelier beforehand (`fqtl/model/priors/default_model.py`): of genes on which nothing acts half of
those in two tissues have a statistic above 0.45, and one in fifty of those in ten. Where much is
needed to reach a statistic, as above 2, all numbers of tissues give it about as rarely.

So a statistic is compared with permuted ones of genes with as many tissues. Where fewer than ENOUGH
of these reach it, so that they cannot tell how rarely noise does, those of the next number of
tissues are added (the next by the ratio of the two numbers; both, if two are as near), and so on,
until ENOUGH reach it or all are in. A gene that one reaches is settled, too, as soon as its p-value
is TOO_LARGE or more. So a gene without effects stays among its like, however few these are, and one
with a strong effect is compared with all, so that the smallest p-value is one in all.

It is the rule of Besag and Clifford (1991) with numbers of tissues in the place of draws: where all
genes are alike no p-value is too small. Genes of one tissue are compared with such genes alone, and
genes of several with genes of several: with one tissue there are no factors, and nothing shows how
often nothing acts.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices

# permuted statistics that reach one, after which no other numbers of tissues are asked. Measured on
# 2,000 genes: with 3 a fifth of those of few tissues that could be found are not, for a strange fit
# or two; with 10 those of two tissues have p < 0.05 1.6 times too often
ENOUGH = 5
# p-value after which none are, either, if one reaches. Measured: with less, one strange fit
# among 20 keeps genes from being found
TOO_LARGE = 0.1


@dataclass(frozen=True)
class Comparison:
    """What observed statistics were compared with.

    reached : (t,) null statistics that reach each
    units : (t,) permuted fits, or what else null statistics are counted in; 0 where there are none
    fewest, most : (t,) numbers of tissues of the genes that these are of; 0 where there are none
    """

    reached: Indices
    units: Indices
    fewest: Indices
    most: Indices

    @property
    def p(self) -> Floats:
        """(t,) null statistics that reach the observed one, and this itself, in a unit; at most 1.

        Where a unit may hold several null statistics or none (as a permuted fit holds factors), it
        bounds the probability that it holds any. NaN where there is nothing to compare with.
        """
        return np.where(self.units > 0, _p(self.reached, self.units), np.nan)

    @property
    def widened(self) -> np.ndarray:
        """(t,) whether genes of several numbers of tissues were needed."""
        return self.fewest < self.most


@dataclass(frozen=True)
class NearestNulls:
    """Null statistics by the number of tissues of their genes.

    statistics : of each number of tissues, in ascending order
    units : of each number of tissues, permuted fits that they are of
    """

    statistics: dict[int, Floats]
    units: dict[int, int]

    @classmethod
    def of(
        cls, statistics: Floats, tissues: Indices, fits: Indices | None = None
    ) -> "NearestNulls":
        """Of statistics (k,) and the number of tissues (k,) of each, without those that are NaN.

        fits : numbers of tissues of the permuted fits; left out, each statistic is of one
        """
        known = ~np.isnan(statistics)
        statistics, tissues = statistics[known], tissues[known]
        numbers, counts = np.unique(tissues if fits is None else fits, return_counts=True)
        return cls(
            {int(m): np.sort(statistics[tissues == m]) for m in numbers},
            {int(m): int(count) for m, count in zip(numbers, counts, strict=True)},
        )

    def compare(self, observed: Floats, tissues: Indices) -> Comparison:
        """Observed statistics (t,) of genes with so many tissues (t,); larger is stronger, and one
        that is NaN is compared with nothing."""
        found = Comparison(*(np.zeros(len(observed), dtype=np.int64) for _ in range(4)))
        known = ~np.isnan(observed)
        for m in np.unique(tissues[known]):
            self._compare(observed, np.flatnonzero(known & (tissues == m)), int(m), found)
        return found

    def _compare(self, observed: Floats, waiting: Indices, m: int, found: Comparison) -> None:
        """Fill in the entries `waiting`, of genes with m tissues."""
        asked: list[int] = []
        for ring in self._from_the_nearest(m):
            asked += ring
            for number in ring:
                null = self.statistics[number]
                below = np.searchsorted(null, observed[waiting], side="left")
                found.reached[waiting] += len(null) - below
                found.units[waiting] += self.units[number]
            found.fewest[waiting], found.most[waiting] = min(asked), max(asked)
            waiting = waiting[~_settled(found.reached[waiting], found.units[waiting])]

    def _from_the_nearest(self, m: int) -> list[list[int]]:
        """Numbers of tissues in the order of their ratio to m, those at one ratio together."""
        ratio = {k: max(k, m) / min(k, m) for k in self.units if (k == 1) == (m == 1)}
        return [[k for k in ratio if ratio[k] == one] for one in sorted(set(ratio.values()))]


def _p(reached: Indices, units: Indices) -> Floats:
    return np.minimum((reached + 1) / (units + 1), 1.0)


def _settled(reached: Indices, units: Indices) -> np.ndarray:
    """Where null statistics so far tell how rarely noise reaches the observed one."""
    return (reached >= ENOUGH) | ((reached > 0) & (_p(reached, units) >= TOO_LARGE))
