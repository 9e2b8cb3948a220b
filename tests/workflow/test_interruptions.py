"""What ends a run before its time: what is finished stays, nothing half-written is taken for it.

A full disk, and a job over its memory on a cluster, need a machine of their own: see
`check_full_disk.py` and `tests/slurm/`.
"""

import os
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fqtl.cli import main
from tests.workflow.conftest import make_release

FQTL = Path(sys.executable).parent / "fqtl"
# `fqtl` that is killed in the midst of writing the second shard's fits
DYING = f"""#!{sys.executable}
import os, signal
import pyarrow.parquet as pq

write = pq.write_table

def write_half(table, path, **options):
    write(table, path, **options)
    if path.parent.name == "fits" and "0002" in path.name:
        os.truncate(path, path.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

pq.write_table = write_half

from fqtl.cli import entry

entry()
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of two tissues that nothing interrupted."""
    release = make_release(tmp_path_factory.mktemp("release"))
    sheet = release.folder / "tissues.tsv"
    sheet.write_text("\n".join(sheet.read_text().splitlines()[:3]) + "\n")
    release.configure("whole")
    run = release.run("whole")
    assert run.returncode == 0, run.stdout
    return release


def test_a_job_killed_as_it_writes_is_named_and_is_all_that_is_done_again(finished):
    finished.configure("out")
    folder = finished.folder / "dying"
    folder.mkdir()
    (folder / "fqtl").write_text(DYING)
    (folder / "fqtl").chmod(0o755)
    # without --keep-going no job starts after the failure, and which were running is chance
    run = finished.run("out", "--keep-going", PATH=f"{folder}:{os.environ['PATH']}")
    assert run.returncode != 0
    assert re.search(
        r"error: out/logs/fit/0002\.log ends before its job was done\. Was it killed, .* "
        r"Start the same command again",
        run.stdout,
    )
    before = finished.fits("out")
    assert set(before) == {"0001.parquet", "0003.parquet"}
    assert len(list((finished.folder / "out" / "fits").glob(".0002.parquet.*.tmp"))) == 1

    again = finished.run("out")
    assert again.returncode == 0, again.stdout
    assert finished.fits("out").items() >= before.items()
    assert not list((finished.folder / "out").rglob("*.tmp"))
    assert finished.results("out") == finished.results("whole")


def test_finished_shards_survive_a_killed_snakemake_whose_job_runs_on(finished):
    finished.configure("again", shards={"count": 6})
    run = subprocess.Popen(
        finished.command("again", "--cores", "1"),
        cwd=finished.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(finished.fits("again")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.kill()
    run.wait()
    # the end of the youngest file's job may not have been recorded any more
    before = dict(sorted(finished.fits("again").items(), key=lambda item: item[1])[:-1])
    assert 1 <= len(before) < 6

    assert finished.run("again", "--unlock").returncode == 0
    again = finished.run("again")
    assert again.returncode == 0, again.stdout
    assert finished.fits("again").items() >= before.items()
    assert finished.results("again") == finished.results("whole")


def test_shards_cut_short_or_damaged_are_named_with_the_command_that_mends_them(finished):
    """Their time stamps are old, so that Snakemake takes them for good."""
    finished.configure("whole")
    results = finished.results("whole")
    fits = finished.folder / "whole" / "fits"
    for shard, damaged in (
        ("0001", lambda content: content[:-100]),
        # a block that never reached the disk
        ("0003", lambda content: content[:4096] + bytes(512) + content[4608:]),
    ):
        path = fits / f"{shard}.parquet"
        times = path.stat()
        path.write_bytes(damaged(path.read_bytes()))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (finished.folder / "whole" / "fits.parquet").unlink()
    run = finished.run("whole")
    assert run.returncode != 0
    told = re.search(r"error: 2 of 3 files cannot be used\. Delete it: `(rm .*?)`", run.stdout)
    assert told, run.stdout
    assert told.group(1) == "rm whole/fits/0001.parquet whole/fits/0003.parquet"
    assert not (finished.folder / "whole" / "fits.parquet").exists()

    before = finished.fits("whole")
    subprocess.run(shlex.split(told.group(1)), cwd=finished.folder, check=True)
    again = finished.run("whole")
    assert again.returncode == 0, again.stdout
    assert finished.fits("whole")["0002.parquet"] == before["0002.parquet"]
    assert finished.results("whole") == results


def fit_command(out: str) -> list[str]:
    """Fits of the first shard of the run `whole`."""
    files = ["--shard", "whole/shards/0001.parquet", "--genotypes", "genotypes.vcf.gz"]
    return [str(FQTL), "fit", *files, "--genome-build", "GRCh38", "--folds", "0", "--out", out]


def test_a_file_that_grows_too_large_is_one_line_and_leaves_nothing(finished):
    """As on a full disk: the system refuses to write on."""
    run = subprocess.run(
        fit_command("new/fits.parquet"),
        cwd=finished.folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.returncode == 2
    assert re.search(
        r"error: No room to write new/fits\.parquet .* free there\. Make room", run.stderr
    )
    assert list((finished.folder / "new").iterdir()) == []


def test_a_cancelled_job_says_so_and_leaves_nothing(finished):
    run = subprocess.Popen(
        [*fit_command("cancelled/fits.parquet"), "--folds", "60"],
        cwd=finished.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    run.stderr.readline()  # it has begun
    run.terminate()
    said = run.stderr.read()
    assert run.wait() == 2
    assert said.splitlines()[-1].startswith("error: stopped from outside")
    assert not (finished.folder / "cancelled").exists()


def test_memory_that_does_not_suffice_is_one_line_with_what_to_do(tmp_path, monkeypatch, capsys):
    def hungry(given):
        raise MemoryError

    monkeypatch.setattr("fqtl.cli.fit.run", hungry)
    files = ["--shard", "s", "--genotypes", "g", "--out", str(tmp_path / "out")]
    assert main(["fit", *files, "--genome-build", "GRCh38"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert re.match(r"error: out of memory: the job held \d+ MB\. .*`--set-resources fit:", said[0])
