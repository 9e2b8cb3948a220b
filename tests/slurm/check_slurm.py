"""A run on a real SLURM, against the same run on this machine alone.

Needs SLURM's programs (see up.sh), and so is not among the tests that `pytest` finds by itself:

    make slurm
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT, Release, make_release

HERE = Path(__file__).parent
# What this cluster needs instead of what profiles/slurm says, as `fqtl check slurm` tells it. The
# first attempt of a fit gets less than snakemake's own processes take in a job.
FLAGS = [
    "--workflow-profile",
    str(ROOT / "profiles" / "slurm"),
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=2",
    "--latency-wait=5",
    "--set-resources",
    "fit:mem_mb=100 if attempt == 1 else 1000",
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The folder of a SLURM that is up, and is stopped at the end."""
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run([HERE / "up.sh", folder], check=True)
    yield folder
    subprocess.run([HERE / "down.sh", folder], check=True)


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def on_slurm(release, cluster):
    """What a run on the cluster says; its results are in the folder `slurm`."""
    release.configure("slurm")
    run = release.run("slurm", *FLAGS)
    assert run.returncode == 0, run.stdout
    return run.stdout


def test_the_cluster_is_told_apart_from_one_with_accounting(cluster):
    fqtl = Path(sys.executable).parent / "fqtl"
    run = subprocess.run([fqtl, "check", "slurm"], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0
    assert "slurm-status-command: squeue\n" in run.stdout
    assert "partitions: main (up to 1-00:00:00); the default is main" in run.stdout


def test_a_cluster_gives_the_bytes_of_a_workstation(release, on_slurm):
    release.configure("here")
    run = release.run("here")
    assert run.returncode == 0, run.stdout
    here = release.results("here")
    assert {"report.html", "fits.parquet", "weights/predictdb/Liver.db"} <= set(here)
    assert release.results("slurm") == here


def test_every_job_went_through_the_queue(on_slurm, cluster):
    finished = (cluster / "log" / "jobs.txt").read_text()
    # two checks, four tissues, shard, priors, three fits, aggregate, three of weights, tidy,
    # pages, report
    assert len(re.findall(r"JobState=COMPLETED", finished)) >= 15


def test_a_job_over_its_memory_is_tried_again_with_more(on_slurm, cluster):
    """The three fits of the first attempt are killed by SLURM itself."""
    finished = (cluster / "log" / "jobs.txt").read_text()
    assert len(re.findall(r"JobState=(?!COMPLETED)\w+", finished)) == 3
    assert "ends before its job was done" not in on_slurm
