"""Say what profiles/slurm needs on this cluster.

Asks SLURM how it keeps the state of finished jobs, which partitions there are and which accounts
are yours; prints the lines to set in profiles/slurm/config.yaml. Run it on the login node.
"""

import getpass
import importlib.util
import re
import shutil
import subprocess
from argparse import ArgumentParser, Namespace

from fqtl.errors import FqtlError

PATIENCE = 15.0  # seconds until a command that does not answer is given up
INTERVAL = 40  # seconds before the first question about a job, as the plugin has it
LEAST = 5  # below this the controller would be asked too often
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def add_arguments(parser: ArgumentParser) -> None:
    """None: everything is asked of SLURM."""


def run(given: Namespace) -> None:
    if not shutil.which("sbatch"):
        raise FqtlError(
            "Expected SLURM, found no sbatch on the PATH. Run this on a login node; on one machine "
            "profiles/default needs no scheduler, and docs/cluster.md speaks of other ones."
        )
    config = _config()
    counted, why_not = _accounting(config)
    lines = [
        f"# SLURM {config.get('SLURM_VERSION', '?')}, cluster {config.get('ClusterName', '?')}",
        *(_state_by_sacct() if counted else _state_by_squeue(config, why_not)),
        "default-resources:",
        *_partition(),
        *(_account() if counted else []),
    ]
    if not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        lines.append("# snakemake's SLURM plugin is missing: pip install 'fqtl[slurm]'")
    print("\n".join(lines))


def _config() -> dict[str, str]:
    """SLURM's own settings, by name."""
    answer, fault = _ask("scontrol", "show", "config")
    if fault:
        raise FqtlError(f"The controller of SLURM does not answer: {fault}.")
    pairs = (line.split("=", 1) for line in answer.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _accounting(config: dict[str, str]) -> tuple[bool, str]:
    """Whether sacct answers and, if not, why: it may be installed where there is no database."""
    kind = config.get("AccountingStorageType", "")
    if not kind or kind.endswith("none"):
        return False, "there is no accounting database"
    if not shutil.which("sacct"):
        return False, "sacct is not on the PATH"
    _, fault = _ask("sacct", "-X", "--noheader", "--starttime", "now-1hour")
    return not fault, f"the accounting database does not answer ({fault})"


def _state_by_sacct() -> list[str]:
    return ["# the accounting database answers", "slurm-status-command: sacct"]


def _state_by_squeue(config: dict[str, str], why: str) -> list[str]:
    """The plugin asks again within three intervals; till then squeue must know the job."""
    age = _seconds(config.get("MinJobAge", ""))
    interval = min(INTERVAL, age // 3)
    if interval < LEAST:
        raise FqtlError(
            f"The state of jobs cannot be known: {why}, and squeue forgets finished jobs after "
            f"{age} s (MinJobAge), where at least {3 * LEAST} are needed. Ask who runs the cluster "
            f"to raise MinJobAge to {3 * INTERVAL}."
        )
    return [
        f"# {why}; squeue remembers finished jobs for {age} s",
        "slurm-status-command: squeue",
        f"slurm-init-seconds-before-status-checks: {interval}",
    ]


def _partition() -> list[str]:
    """The default partition marks itself with a star."""
    answer, fault = _ask("sinfo", "--noheader", "--format", "%P %l")
    if fault or not answer.split():
        raise FqtlError(f"SLURM names no partition: {fault or 'sinfo says nothing'}.")
    found = dict(line.split() for line in answer.splitlines())
    default = [name.rstrip("*") for name in found if name.endswith("*")]
    listed = ", ".join(f"{name.rstrip('*')} (up to {limit})" for name, limit in found.items())
    if default:
        return [f"  # partitions: {listed}; the default is {default[0]}"]
    return [
        f"  # partitions: {listed}; there is no default, so name one",
        f"  slurm_partition: {next(iter(found))}",
    ]


def _account() -> list[str]:
    user = getpass.getuser()
    answer, _ = _ask("sacctmgr", "-n", "-P", "show", "assoc", f"user={user}", "format=account")
    accounts = sorted(set(answer.split()))
    if not accounts:
        return [f"  # no account of {user} is listed; name it if jobs need one: slurm_account"]
    return [f"  # accounts of {user}: {', '.join(accounts)}", f"  slurm_account: {accounts[0]}"]


def _seconds(text: str) -> int:
    """A duration as SLURM writes it: `300 sec`, `2 min`, `1h`."""
    match = re.match(r"(\d+)\s*([smh]?)", text)
    return int(match.group(1)) * UNITS[match.group(2)] if match else 0


def _ask(*command: str) -> tuple[str, str]:
    """What a command prints, and why it failed; the latter is empty if it did not."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except FileNotFoundError:
        return "", f"{command[0]} is not on the PATH"
    except subprocess.TimeoutExpired:
        return "", f"{command[0]} says nothing for {PATIENCE:g} s"
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip().splitlines()
        return "", said[-1] if said else f"{command[0]} ends with {answer.returncode}"
    return answer.stdout, ""
