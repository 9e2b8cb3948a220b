"""Genotypes in one file per chromosome, as releases and imputation servers give them.

One file is open at a time: tables of variants are large. Donors have to be the same in all.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from fqtl.data import contigs
from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.data.genotype_paths import files_of, of_chromosome
from fqtl.data.sex import SexChromosomes
from fqtl.errors import FqtlError

SHOWN = 5  # chromosomes in a complaint


class ByChromosome:
    """A source for each chromosome, by a path with `{chrom}` in it.

    open_file : opens the genotypes of one chromosome
    name_of : the chromosome that a file's own name for it means: X where a human build has 23
    """

    def __init__(
        self,
        path: Path,
        open_file: Callable[[Path], GenotypeSource],
        sexes: SexChromosomes,
        name_of: Callable[[str], str],
    ) -> None:
        self.path = path
        self.sexes = sexes
        self._files = {name_of(chrom): file for chrom, file in files_of(path).items()}
        self._open_file = open_file
        self._held: tuple[str, GenotypeSource] | None = None
        self._first: tuple[Path, list[str]] | None = None

    @property
    def contigs(self) -> list[str]:
        return list(self._files)

    @property
    def donors(self) -> list[str]:
        if self._first is None:
            self._of(self.contigs[0])
        assert self._first is not None
        return self._first[1]

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        return self._of(chrom).read(chrom, start, end, donors, limits)

    def sex_of(self, donors: list[str]) -> np.ndarray:
        """(n,) by the file of a sex chromosome, since its calls may tell, if there is one."""
        on = next((name for name in self.contigs if self.sexes.with_one_copy(name)), "")
        return self._of(on or self.contigs[0]).sex_of(donors)

    def other_build(self) -> str:
        return next((told for name in self.contigs if (told := self._of(name).other_build())), "")

    def require(self, chroms: Iterable[str]) -> None:
        for chrom in chroms:
            self._of(chrom)

    def _of(self, chrom: str) -> GenotypeSource:
        name = contigs.bare(chrom)
        if name not in self._files:
            shown = ", ".join(self.contigs[:SHOWN]) + (", …" if len(self._files) > SHOWN else "")
            raise FqtlError(
                f"Chromosome {name} has no file of genotypes: expected "
                f"{of_chromosome(self.path, name)}, found files of {len(self._files)} chromosomes "
                f"({shown}) by {self.path}. See genotypes.path and genes.chromosomes in the config."
            )
        if self._held is None or self._held[0] != name:
            self._held = None  # not two at a time
            source = self._open_file(self._files[name])
            self._refuse_other_donors(source)
            self._held = (name, source)
        return self._held[1]

    def _refuse_other_donors(self, source: GenotypeSource) -> None:
        if self._first is None:
            self._first = (source.path, source.donors)
            return
        path, donors = self._first
        here, there = set(source.donors), set(donors)
        if here == there:
            return
        example = sorted(here ^ there)[0]
        raise FqtlError(
            f"Files of chromosomes differ in their donors: {path} has {len(there)}, {source.path} "
            f"has {len(here)}, and {len(here & there)} are in both ({example} is not). Expected "
            "the same in all. See genotypes.path in the config."
        )
