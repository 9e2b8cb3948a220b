"""What is to be measured, in pieces: one method on one gene of a setting, one file for each.

A piece that has its file is not measured again, so that a run can be stopped and go on, with more
genes, methods or settings. A file is written whole or not at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from fqtl.model.arrays.threads import one_thread
from fqtl.tables.files import write_json
from tests.benchmarks.accuracy.real.data import Source, read_chr22, read_mouse
from tests.benchmarks.accuracy.real.methods import METHODS
from tests.benchmarks.accuracy.real.prediction import predict
from tests.benchmarks.accuracy.real.search import SEARCHES, search
from tests.benchmarks.accuracy.real.settings import SETTINGS, case_of

PREDICTION, SEARCH = "prediction", "search"
READERS = {"chr22": read_chr22, "mouse": read_mouse}


@dataclass(frozen=True)
class Piece:
    """A method on a gene in a setting; kind is PREDICTION or SEARCH."""

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
    genes: dict[str, list[str]],
) -> Iterator[Piece]:
    """All there is to do: methods that are run on few genes come last.

    genes : of each source
    """
    few = [name for name in methods if METHODS[name].genes is not None]
    for chosen in ([name for name in methods if name not in few], few):
        for setting in settings:
            for gene_number, gene in enumerate(genes[SETTINGS[setting].source]):
                for name in chosen:
                    method = METHODS[name]
                    wanted = method.genes is None or gene_number < method.genes
                    if wanted and method.where(SETTINGS[setting]):
                        yield Piece(PREDICTION, setting, name, gene)
                for name in searches if chosen is not few else ():
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
        running = [pool.submit(_measure, piece, keep) for piece in missing]
        try:
            for done in as_completed(running):
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
    setting = SETTINGS[piece.setting]
    case = case_of(setting, _SOURCES[setting.source].gene(piece.gene))
    with one_thread():
        found = (
            predict(case, METHODS[piece.method])
            if piece.kind == PREDICTION
            else search(case, SEARCHES[piece.method])
        )
    write_json(piece.file(keep), asdict(found))
    return piece
