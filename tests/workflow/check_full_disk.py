"""A run whose disk becomes full, on a small disk of its own.

Mounting one needs root, and so this is not among the tests that `pytest` finds by itself:

    make cluster
"""

import re
import shutil
import subprocess

import pytest

from tests.workflow.conftest import make_release

LEFT = 20_000  # bytes, less than the fits of a shard and their logs take


@pytest.fixture
def release(tmp_path):
    """A release with a disk of 4 MB, the folder `disk`."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    yield make_release(tmp_path)
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(release):
    release.configure("here")
    assert release.run("here").returncode == 0
    release.configure("disk/out")
    assert release.run("disk/out", "--cores", "2", "--until", "learn_priors").returncode == 0
    filling = release.folder / "disk" / "filling"
    filling.write_bytes(bytes(shutil.disk_usage(filling.parent).free - LEFT))

    run = release.run("disk/out")
    assert run.returncode != 0
    assert re.search(
        r"error: No room to write disk/out/fits/000\d\.parquet \(.*No space left on device.*\); "
        r"0 MB are free there\. Make room",
        run.stdout,
    ), run.stdout
    assert not list((release.folder / "disk" / "out" / "fits").glob(".*.tmp"))

    before = release.fits("disk/out")
    filling.unlink()
    again = release.run("disk/out")
    assert again.returncode == 0, again.stdout
    assert release.fits("disk/out").items() >= before.items()
    assert release.results("disk/out") == release.results("here")
