"""What `fqtl check slurm` advises on clusters of several kinds, played by small scripts."""

import pytest

from fqtl.cli import check_slurm, main

CONFIG = """Configuration data as of 2026-01-01T00:00:00
AccountingStorageType   = accounting_storage/{storage}
ClusterName             = galaxy
MinJobAge               = {age}
SLURM_VERSION           = 23.11.4
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A PATH with nothing but SLURM's programs; a function that says what they answer."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def play(*, storage="slurmdbd", age="300 sec", **programs):
        answers = {
            "sbatch": "",
            "scontrol": f"echo '{CONFIG.format(storage=storage, age=age)}'",
            "sacct": "echo 17",
            "sinfo": "echo 'normal* 1-00:00:00'; echo 'long 7-00:00:00'",
            "sacctmgr": "echo genetics",
            **programs,
        }
        for name, answer in answers.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
            (tmp_path / name).chmod(0o755)

    return play


def advice(capsys):
    assert main(["check", "slurm"]) == 0
    return capsys.readouterr().out


def test_where_the_accounting_database_answers_sacct_is_asked(cluster, capsys):
    cluster()
    said = advice(capsys)
    assert "# SLURM 23.11.4, cluster galaxy\n" in said
    assert "slurm-status-command: sacct\n" in said
    assert "the default is normal" in said
    assert "  slurm_account: genetics\n" in said


@pytest.mark.parametrize(
    ("programs", "why"),
    [
        ({"storage": "none"}, "there is no accounting database"),
        ({"sacct": "echo 'Connection refused' >&2; exit 1"}, "not answer (Connection refused)"),
        ({"sacct": "while :; do :; done"}, "sacct says nothing for 0.5 s"),
    ],
)
def test_where_sacct_would_wait_for_ever_squeue_is_asked(
    cluster, capsys, monkeypatch, programs, why
):
    monkeypatch.setattr(check_slurm, "PATIENCE", 0.5)
    cluster(**programs)
    said = advice(capsys)
    assert why in said
    assert "slurm-status-command: squeue\n" in said
    assert "slurm-init-seconds-before-status-checks: 40\n" in said


def test_a_cluster_that_forgets_its_jobs_soon_is_asked_more_often(cluster, capsys):
    cluster(storage="none", age="30 sec")
    assert "slurm-init-seconds-before-status-checks: 10\n" in advice(capsys)


def test_a_cluster_that_forgets_its_jobs_at_once_is_refused(cluster, capsys):
    cluster(storage="none", age="2 sec")
    assert main(["check", "slurm"]) == 2
    said = capsys.readouterr().err
    assert "squeue forgets finished jobs after 2 s (MinJobAge), where at least 15" in said


def test_without_a_default_partition_one_must_be_named(cluster, capsys):
    cluster(sinfo="echo 'long 7-00:00:00'")
    assert "  slurm_partition: long\n" in advice(capsys)


def test_without_slurm_the_way_out_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["check", "slurm"]) == 2
    assert capsys.readouterr().err.startswith("error: Expected SLURM, found no sbatch on the PATH")
