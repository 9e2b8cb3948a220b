"""Genotypes of a region as dosages of the effect allele.

A source is opened once and read by region; every reader gives the same `Genotypes`. What is left
out is counted by reason. Dosages count copies of the ALT allele, the effect allele of this project.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.errors import FqtlError

BASES = re.compile(r"^[ACGT]+$")
RSID = re.compile(r"(?:^|[;,])(rs\d+)(?:$|[;,])")
BUILD_TAGS = {"GRCh37": "b37", "GRCh38": "b38"}


@dataclass(frozen=True)
class Genotypes:
    """Dosages of p variants in n donors, in the order of position.

    variants : variant_id (chr22_20003000_T_C_b38), rsid (empty where unknown), chrom, pos
        (1-based), other_allele (REF), effect_allele (ALT)
    dosages : (p, n) float32 in 0 to 2, NaN where a call is missing
    samples : names of the donors
    dropped : how many variants were left out, by reason
    """

    variants: pd.DataFrame
    dosages: np.ndarray
    samples: list[str]
    dropped: "Counter[str]"

    def window(self, start: int, end: int) -> "Genotypes":
        """Variants with start <= pos <= end, as views where possible."""
        pos = self.variants["pos"].to_numpy()
        rows = slice(int(np.searchsorted(pos, start)), int(np.searchsorted(pos, end, "right")))
        return replace(self, variants=self.variants.iloc[rows], dosages=self.dosages[rows])

    def filtered(self, min_maf: float, max_missing: float) -> "Genotypes":
        """Variants whose minor allele frequency and share of missing calls are within bounds."""
        missing = np.isnan(self.dosages)
        called = np.maximum((~missing).sum(axis=1), 1)
        frequency = np.where(missing, 0, self.dosages).sum(axis=1) / (2 * called)
        maf = np.minimum(frequency, 1 - frequency)
        too_missing = missing.mean(axis=1) > max_missing
        too_rare = ~too_missing & ((maf < min_maf) | (maf == 0))
        keep = ~(too_missing | too_rare)
        dropped = Counter(
            {
                f"more than {max_missing:g} of calls missing": int(too_missing.sum()),
                f"minor allele frequency below {min_maf:g}": int(too_rare.sum()),
            }
        )
        return Genotypes(
            self.variants[keep].reset_index(drop=True),
            self.dosages[keep],
            self.samples,
            self.dropped + dropped,
        )


class GenotypeSource(Protocol):
    """A file of genotypes that can be read by region."""

    @property
    def path(self) -> Path: ...

    @property
    def samples(self) -> list[str]:
        """Names of all donors, in the order of the file."""

    @property
    def contigs(self) -> list[str]:
        """Names of the chromosomes, as the file writes them."""

    def read(self, chrom: str, start: int, end: int, samples: list[str]) -> Genotypes:
        """Dosages of `samples`, in that order, for variants with start <= pos <= end."""


def open_genotypes(path: Path, build: str, field: str) -> GenotypeSource:
    """Source of genotypes, by the ending of its name.

    build : GRCh37 or GRCh38, written into every variant id
    field : GT or DS, the FORMAT field of a VCF that gives the dosage
    """
    from fqtl.data.vcf import VcfFile

    if not path.exists():
        raise FqtlError(f"No such file: {path}. See genotypes.path in the config.")
    if path.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        return VcfFile(path, build, field)
    raise FqtlError(
        f"{path}: expected genotypes as .vcf.gz, .vcf.bgz or .bcf. A plain VCF becomes one by "
        f"`bgzip {path} && tabix -p vcf {path}.gz`."
    )


def variant_id(chrom: str, pos: int, other_allele: str, effect_allele: str, build: str) -> str:
    """Identifier with position, alleles and build, as GTEx writes it."""
    return f"{contigs.prefixed(chrom)}_{pos}_{other_allele}_{effect_allele}_{BUILD_TAGS[build]}"


def rsid_of(name: str | None) -> str:
    """The rs number in an ID column, empty where there is none."""
    match = RSID.search(name or "")
    return match.group(1) if match else ""
