"""Parts of a page: the machine, lists and tables."""

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info


def machine() -> str:
    """Processor and software that numbers depend on."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    named = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    blas = {f"{info['internal_api']} {info['version']}" for info in threadpool_info()}
    return (
        f"{named[0] if named else platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.system()}; Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{' and '.join(sorted(word for word in blas if 'blas' in word or 'mkl' in word))}"
    )


def listed(entries: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{name}**: {words}" for name, words in entries)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
