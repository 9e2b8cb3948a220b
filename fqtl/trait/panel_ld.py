"""LD of the models' variants in genotypes of a reference panel, one chromosome in memory."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.dosages import GenotypeSource
from fqtl.data.panel import Panel, look_up, require_found


@dataclass(frozen=True)
class ChromosomeLD:
    """Dosages of variants of one chromosome, of the models' effect alleles.

    row : (v,) row of `dosages` of each variant of all models, -1 where the panel lacks it
    dosages : (u, n) minus their means
    """

    row: np.ndarray
    dosages: np.ndarray

    def covariance(self, variants: np.ndarray) -> np.ndarray:
        """(k, k) of variants by their number; NaN where the panel lacks one."""
        rows = self.row[variants]
        known = rows >= 0
        matrix = np.full((len(rows), len(rows)), np.nan)
        values = self.dosages[rows[known]]
        matrix[np.ix_(known, known)] = values @ values.T / (values.shape[1] - 1)
        return matrix


class PanelLD:
    """A panel, and the variants that are asked of it; dosages take 4 bytes for each donor.

    frequency : (v,) of the models' effect alleles, NaN of variants that it lacks
    reason : (v,) why it lacks them; empty of others
    """

    def __init__(
        self, source: GenotypeSource, variants: pd.DataFrame, min_found: float, asked_for: str
    ) -> None:
        """variants : of all models; min_found : share of them that the panel must have"""
        self.frequency = np.full(len(variants), np.nan)
        self.reason = np.full(len(variants), "", dtype=object)
        self._size = len(variants)
        self._parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        asked = variants.assign(variant_id=np.arange(len(variants)).astype(str))
        told = []
        for chrom, mine in asked.groupby("chrom", sort=False):
            panel = look_up(source, mine)
            told.append(panel.variants)
            self._keep(str(chrom), panel)
        require_found(Panel(pd.concat(told), np.empty((0, 0))), min_found, asked_for, source)

    def _keep(self, chrom: str, panel: Panel) -> None:
        told = panel.variants
        number, swapped = told.index.astype(int), told["swapped"].to_numpy()
        frequency = told["frequency"].to_numpy()
        self.frequency[number] = np.where(swapped, 1 - frequency, frequency)
        self.reason[number] = told["reason"].to_numpy()
        found = (told["row"] >= 0).to_numpy()
        dosages = panel.dosages[told["row"].to_numpy()[found]]
        dosages = dosages - dosages.mean(axis=1, keepdims=True)
        dosages[swapped[found]] *= -1
        self._parts[chrom] = np.asarray(number[found]), dosages.astype(np.float32)

    def chromosomes(self) -> list[str]:
        return list(self._parts)

    def on(self, chrom: str) -> ChromosomeLD:
        """Dosages on a chromosome."""
        number, dosages = self._parts[chrom]
        row = np.full(self._size, -1)
        row[number] = np.arange(len(number))
        return ChromosomeLD(row, dosages.astype(float))
