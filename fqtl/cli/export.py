"""Write single effects for coloc and its kin, in the columns of the eQTL Catalogue.

For each tissue and for the factors, with --out effects:

  effects/Liver.lbf_variable.txt.gz   log Bayes factors of each effect at each variant of the window
                                      (coloc.bf_bf reads them)
  effects/Liver.credible_sets.tsv.gz  variants of credible sets, with their marginal associations
  effects/factors.*                   the same of factors, each a molecular trait by itself

A gene has rows in a tissue if it has a credible set of an effect that acts there: of a factor, by
what all of its tissues say together, or of the tissue by itself. Fits are read a shard at a time.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as pcsv

from fqtl.errors import FqtlError
from fqtl.release.eqtl_catalogue import (
    COLUMNS,
    LBF,
    SETS,
    MolecularTrait,
    Window,
    lbf_rows,
    set_rows,
    traits_of,
)
from fqtl.tables.effects import GeneEffects, read_effects
from fqtl.tables.files import text_writer

log = logging.getLogger(__name__)
FACTORS = "factors"
PLAIN = pcsv.WriteOptions(delimiter="\t", quoting_style="none", include_header=False)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--fits",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="of all shards (fits/*.parquet of the results), or of `fqtl fit-summary`",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--tissues",
        nargs="+",
        metavar="NAME",
        help=f"tissues that are written, {FACTORS} for those of factors; all of them without it",
    )


def run(given: Namespace) -> None:
    with ExitStack() as stack:
        files = Files(given.out, given.tissues, stack)
        for path in given.fits:
            for gene in read_effects(path):
                files.write(gene)
        files.refuse_unknown()
    files.say()


class Files:
    """Two files for each tissue and for factors, opened when there is something to write."""

    def __init__(self, folder: Path, wanted: list[str] | None, stack: ExitStack) -> None:
        self._folder, self._wanted, self._stack = folder, wanted, stack
        self._open: dict[str, tuple[IO[str], IO[str]]] = {}
        self._known = {FACTORS}
        self._genes: Counter[str] = Counter()
        self._rows = self._left_out = 0

    def write(self, gene: GeneEffects) -> None:
        """Rows of a gene, in every file that is asked for."""
        self._known.update(gene.tissues)
        if not gene.effects:
            return
        window = Window.of(gene)
        for trait in traits_of(gene):
            name = trait.tissue or FACTORS
            if self._wanted is None or name in self._wanted:
                self._write(name, trait, gene, window)

    def _write(self, name: str, trait: MolecularTrait, gene: GeneEffects, window: Window) -> None:
        effects, sets = self._opened(name)
        rows = lbf_rows(trait, window)
        _append(effects, rows)
        set_rows(trait, gene, window).to_csv(sets, sep="\t", index=False, header=False)
        self._genes[name] += 1
        self._rows += len(rows)
        self._left_out += trait.n_left_out

    def _opened(self, name: str) -> tuple[IO[str], IO[str]]:
        if name not in self._open:
            named = (("lbf_variable.txt.gz", LBF), ("credible_sets.tsv.gz", SETS))
            found = []
            for ending, columns in named:
                path = self._folder / f"{name}.{ending}"
                stream = self._stack.enter_context(text_writer(path, level=1))
                stream.write("\t".join(columns) + "\n")
                found.append(stream)
            self._open[name] = (found[0], found[1])
        return self._open[name]

    def refuse_unknown(self) -> None:
        """Tissues that were asked for and are none of the fits."""
        unknown = [name for name in self._wanted or [] if name not in self._known]
        if unknown:
            raise FqtlError(
                f"--tissues: {', '.join(unknown)} is in none of the fits, which are of "
                f"{len(self._known) - 1} tissues ({', '.join(sorted(self._known)[:3])}, …)."
            )

    def say(self) -> None:
        """What was written."""
        for name, genes in sorted(self._genes.items()):
            what = "factors" if name == FACTORS else "genes with an effect"
            log.info("%s: %d %s", self._folder / f"{name}.lbf_variable.txt.gz", genes, what)
        for name in self._wanted or []:
            if name not in self._genes:
                log.warning("%s has no effect with a credible set: no files", name)
        if self._left_out:
            log.warning(
                "%d effects beyond %d of a gene in a tissue are left out, the least probable",
                *(self._left_out, COLUMNS),
            )
        log.info("%d rows of log Bayes factors", self._rows)


def _append(stream: IO[str], rows: pa.Table) -> None:
    stream.flush()
    pcsv.write_csv(rows, stream.buffer, PLAIN)  # type: ignore[attr-defined]
