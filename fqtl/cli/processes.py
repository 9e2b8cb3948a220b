"""Pieces of a job in several processes, each on one thread.

This is for jobs that all others of a run wait for; where many jobs run side by side, they are the
processes. Results come in the order of the pieces, so that they are the same for any number.
"""

import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from fqtl.cli.ranges import count_from
from fqtl.errors import FqtlError
from fqtl.model.arrays.threads import one_thread

Piece = TypeVar("Piece")
Result = TypeVar("Result")
# a fork needs no second import; elsewhere libraries of the system may not survive one
START = "fork" if sys.platform == "linux" else "spawn"
KILLED = (
    "One of {} processes was killed, as happens where memory is short. Give the job more of it, or "
    "fewer processes (--processes, in the workflow `--set-threads`), and start the same command "
    "again."
)
# of a process that works on pieces: what makes its work, and the work once it is made
_make: Callable[[], Callable[[Any], Any]]
_work: Callable[[Any], Any] | None = None


def add_processes(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--processes",
        type=count_from(1),
        default=1,
        metavar="N",
        help="that share the work; results do not depend on it",
    )


def in_processes(
    make: Callable[[], Callable[[Piece], Result]], pieces: Sequence[Piece], processes: int
) -> Iterator[Result]:
    """What the work says of each piece, in the order of the pieces.

    make : called once in each process, gives the work; it, pieces and results can be pickled
    """
    processes = min(processes, len(pieces))
    if processes < 2:
        yield from map(make(), pieces)
        return
    with ProcessPoolExecutor(
        processes, mp_context=get_context(START), initializer=_start, initargs=(make,)
    ) as executor:
        try:
            yield from executor.map(_do, pieces)
        except BaseException as fault:
            # nobody waits for the rest
            for process in active_children():
                process.kill()
            if isinstance(fault, BrokenProcessPool):
                raise FqtlError(KILLED.format(processes)) from fault
            raise


def _start(make: Callable[[], Callable[[Any], Any]]) -> None:
    """Begin a process: it ends when the one that started it says so, or is gone."""
    global _make, _work
    _make, _work = make, None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _do(piece: Any) -> Any:
    global _work
    with one_thread():
        # not when the process starts: there an error would have no way to be told
        _work = _work or _make()
        return _work(piece)
