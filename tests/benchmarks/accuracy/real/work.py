"""What is to be measured, in pieces: one method on one gene of a setting, one file for each.

A piece that has its file is not measured again, so that a run can be stopped and go on, with more
genes, methods or settings. A file is written whole or not at all.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fqtl.model.arrays.threads import one_thread
from fqtl.tables.files import write_json
from tests.benchmarks.accuracy.real.data import Source, read_chr22, read_mouse
from tests.benchmarks.accuracy.real.learning import LEARNING_GENES, LEARNINGS, Learning
from tests.benchmarks.accuracy.real.methods import METHODS
from tests.benchmarks.accuracy.real.prediction import predict
from tests.benchmarks.accuracy.real.search import SEARCHES, search
from tests.benchmarks.accuracy.real.settings import FOLDS, SETTINGS, case_of

PREDICTION, SEARCH, LEARNING = "prediction", "search", "learning"
NO_FOLD = -1  # without it are all donors
READERS = {"chr22": read_chr22, "mouse": read_mouse}


@dataclass(frozen=True)
class Piece:
    """A method on a gene in a setting; kind is PREDICTION, SEARCH or LEARNING (method: of what)."""

    kind: str
    setting: str
    method: str
    gene: str

    def file(self, keep: Path) -> Path:
        return keep / self.kind / self.setting / self.method / f"{self.gene}.json"


def pieces(
    settings: Sequence[str],
    methods: Sequence[str],
    searches: Sequence[str],
    names: dict[str, list[str]],
    genes: int,
) -> Iterator[Piece]:
    """All there is to do, stage by stage, and in a stage gene by gene in all settings.

    names : of all genes of each source; genes : how many of them are predicted
    """
    for stage in sorted({0, *(METHODS[name].stage for name in methods)}):
        chosen = [name for name in methods if METHODS[name].stage == stage]
        searched = () if stage else searches
        learns = [METHODS[name].learns for name in chosen]
        learns += [SEARCHES[name].learns for name in searched]
        yield from _learning(settings, {one.name for one in learns if one}, names)
        for number in range(genes):
            for setting in settings:
                of_source = names[SETTINGS[setting].source]
                for gene in of_source[number : number + 1]:
                    yield from _predictions(setting, chosen, gene, number)
                    yield from _searches(setting, searched, gene)


def _learning(
    settings: Sequence[str], learnings: set[str], names: dict[str, list[str]]
) -> Iterator[Piece]:
    """What is learned from, in settings where somebody asks for it."""
    for name in sorted(learnings):
        askers = [
            one
            for one in (*METHODS.values(), *SEARCHES.values())
            if one.learns and one.learns.name == name
        ]
        for setting in settings:
            if any(one.where(SETTINGS[setting]) for one in askers):
                for gene in names[SETTINGS[setting].source][:LEARNING_GENES]:
                    yield Piece(LEARNING, setting, name, gene)


def _predictions(setting: str, methods: Sequence[str], gene: str, number: int) -> Iterator[Piece]:
    for name in methods:
        most = METHODS[name].genes
        if METHODS[name].where(SETTINGS[setting]) and (most is None or number < most):
            yield Piece(PREDICTION, setting, name, gene)


def _searches(setting: str, searches: Sequence[str], gene: str) -> Iterator[Piece]:
    for name in searches:
        if SEARCHES[name].where(SETTINGS[setting]):
            yield Piece(SEARCH, setting, name, gene)


def measure_all(
    todo: Iterable[Piece], paths: dict[str, Path], keep: Path, processes: int
) -> Iterator[Piece]:
    """Every piece that is not there yet is measured and written; yields those that are done."""
    missing = [piece for piece in todo if not piece.file(keep).exists()]
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _open, (paths,)) as pool:
        try:
            # what is learned from is there for all genes before anything is learned
            for _, together in groupby(missing, key=lambda piece: piece.kind == LEARNING):
                for done in as_completed([pool.submit(_measure, one, keep) for one in together]):
                    yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def read_sources(paths: dict[str, Path]) -> dict[str, Source]:
    return {name: READERS[name](path) for name, path in paths.items()}


_SOURCES: dict[str, Source] = {}  # of this process, read once


def _open(paths: dict[str, Path]) -> None:
    _SOURCES.update(read_sources(paths))


def _measure(piece: Piece, keep: Path) -> Piece:
    with one_thread():
        write_json(piece.file(keep), _found(piece, keep))
    return piece


def _found(piece: Piece, keep: Path) -> Any:
    """What is kept of a piece."""
    setting = SETTINGS[piece.setting]
    case = case_of(setting, _SOURCES[setting.source].gene(piece.gene))
    if piece.kind == LEARNING:
        of_gene = LEARNINGS[piece.method].of_gene
        return [of_gene(*case.without(k)) for k in (*range(FOLDS), NO_FOLD)]
    if piece.kind == SEARCH:
        how = SEARCHES[piece.method]
        learned = _learned(piece.setting, how.learns, keep)[-1] if how.learns else None
        return asdict(search(case, how, learned))
    method = METHODS[piece.method]
    learned = _learned(piece.setting, method.learns, keep) if method.learns else ()
    return asdict(predict(case, method, learned))


@cache
def _learned(setting: str, how: Learning, keep: Path) -> list[Any]:
    """Without each fold, then with all, from the same genes whichever are predicted."""
    names = _SOURCES[SETTINGS[setting].source].names[:LEARNING_GENES]
    files = [Piece(LEARNING, setting, how.name, name).file(keep) for name in names]
    genes = [json.loads(file.read_text()) for file in files]
    return [how.of_all(donors) for donors in zip(*genes, strict=True)]
