"""Pieces of a job in several processes give what one gives; no process outlives its job."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from fqtl.cli.processes import in_processes
from fqtl.errors import FqtlError

# a job whose two pieces say who works on them, and never end
ENDLESS = r"""
import os, signal, time
from fqtl.cli.processes import in_processes

# what a shell starts in the background has it ignored
signal.signal(signal.SIGINT, signal.default_int_handler)

def work(piece):
    os.write(1, f"{os.getpid()}\n".encode())
    time.sleep(600)

if __name__ == "__main__":
    list(in_processes(lambda: work, [1, 2], 2))
"""


def squares():
    """Work that takes the longer the earlier a piece is, and says in which process it was done."""

    def work(piece):
        time.sleep(0.02 * (5 - piece))
        return piece**2, os.getpid()

    return work


def failing(how):
    def work(piece):
        if piece == 2:
            how()
        return piece

    return work


def refuse():
    raise FqtlError("piece 2 is no good")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def gone(pid):
    """Whether a process ends within seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False


def test_results_come_in_the_order_of_the_pieces_whoever_works_on_them():
    alone = list(in_processes(squares, range(5), 1))
    shared = list(in_processes(squares, range(5), 3))
    assert [square for square, _ in shared] == [square for square, _ in alone] == [0, 1, 4, 9, 16]
    assert {pid for _, pid in alone} == {os.getpid()}
    assert len({pid for _, pid in shared} - {os.getpid()}) == 3


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_piece_is_refused_for_is_told(processes):
    with pytest.raises(FqtlError, match="piece 2 is no good"):
        list(in_processes(partial(failing, refuse), range(4), processes))


def test_a_process_that_was_killed_is_told_with_what_to_change():
    with pytest.raises(FqtlError, match=r"One of 2 processes was killed.*--processes"):
        list(in_processes(partial(failing, die), range(4), 2))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_job(how):
    job = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    workers = [int(job.stdout.readline()) for _ in range(2)]
    job.send_signal(how)
    job.wait(20)
    assert all(gone(pid) for pid in workers)
