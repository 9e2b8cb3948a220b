"""Results of many files that appear together: written beside their place, moved when all is well.

A command that fails half-way leaves what was there before. What is there already and is not a
result of the same kind is never written over.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.weights.formats import clear


@dataclass(frozen=True)
class Stage:
    """Where results are written before they have their place.

    folder : temporary; its files have their places under `place` by the same names
    place : the folder that was asked for
    replaced : files and folders of earlier results there, which go when the new ones come
    """

    folder: Path
    place: Path
    replaced: list[Path] = field(default_factory=list)


@contextmanager
def staged(place: Path) -> Iterator[Stage]:
    """A stage whose files come to `place` if all goes well, and vanish if not."""
    beside = place if place.is_dir() else place.absolute().parent
    made = [folder for folder in (beside, *beside.parents) if not folder.exists()]
    temporary = beside / f".{place.absolute().name}.{os.getpid()}.tmp"
    try:
        temporary.mkdir(parents=True)
        stage = Stage(temporary, place)
        yield stage
        _settle(stage)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise


def _settle(stage: Stage) -> None:
    """Move what is on the stage to its place."""
    if not stage.place.exists():
        stage.folder.replace(stage.place)
        return
    files = sorted(path for path in stage.folder.rglob("*") if path.is_file())
    moves = {path: stage.place / path.relative_to(stage.folder) for path in files}
    _refuse_written_over(stage, list(moves.values()))
    clear(stage.replaced)
    folders = {path.parent for path in stage.replaced} - {stage.place}
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    for path, goal in moves.items():
        goal.parent.mkdir(parents=True, exist_ok=True)
        path.replace(goal)
    shutil.rmtree(stage.folder)


def _refuse_written_over(stage: Stage, goals: list[Path]) -> None:
    mine = set(stage.replaced)
    others = [path for path in goals if path.exists() and not mine & {path, *path.parents}]
    if others:
        raise FqtlError(
            f"{len(others)} of the {len(goals)} files to be written are in {stage.place} already, "
            f"the first {others[0]}, and are not of an earlier run of the same command on the same "
            "input. Remove them, or give another folder (--out)."
        )
