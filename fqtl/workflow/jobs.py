"""Jobs of a run: what one will need, what ended them, and results that are gone."""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

NEEDS_OF_NONE = {"mem_mb": 1000, "minutes": 30}  # of a shard without genes


def planned(path: str, shard: str) -> dict[str, int]:
    """What the plan expects a shard's job to need, with room for other machines."""
    with open(path, encoding="utf-8") as plan:
        for row in csv.DictReader(plan, delimiter="\t"):
            if row["shard"] == shard:
                return {
                    "mem_mb": 500 + int(1.3 * float(row["memory_mb"])),
                    "minutes": 30 + int(4 * float(row["cpu_seconds"]) / 60),
                }
    return NEEDS_OF_NONE


def failures(results: str, started: float) -> Iterator[str]:
    """A line for each job of a run whose log ends in an error, or before the job was done.

    started : when the run began, in seconds; older logs are not of this run
    """
    folder = Path(f"{results}/logs")
    for path in sorted(folder.rglob("*.log")):
        lines = path.read_text(errors="replace").splitlines()
        if path.stat().st_mtime < started or any(" done: " in line for line in lines):
            continue
        if lines and lines[-1].endswith("fqtl: command not found"):
            yield (
                f"error: there is no command fqtl beside this snakemake or on the PATH ({path}). "
                "Install it into the same environment (`pip install .` in the folder of the "
                "workflow), or add `--software-deployment-method conda`."
            )
        elif lines and not re.match(r"\d\d:\d\d:\d\d ", lines[-1]):
            yield f"{'' if lines[-1].startswith('error:') else 'error: '}{lines[-1]} ({path})"
        else:
            command = path.relative_to(folder).parts[0].removesuffix(".log")
            yield (
                f"error: {path} ends before its job was done. Was it killed, for its memory or its "
                "time? Start the same command again to go on; `--set-resources "
                f"{command}:mem_mb=…` gives it more memory."
            )


def ending(results: str, *, in_part: bool) -> str:
    """The last line of a run that succeeded.

    in_part : whether less than everything was asked for, as by --until
    """
    page = Path(f"{results}/report.html")
    if in_part or not page.is_file():
        return (
            f"Made as far as asked for, in {results}/. The same command without --until, "
            f"--omit-from or names of rules and files goes on to {page}."
        )
    return f"Results: {page} (open it in a browser), {results}/*.tsv.gz, {results}/weights/"


def outdated_lists(results: str) -> Iterator[tuple[Path, str]]:
    """Lists of weights that name a file which is gone, and the first such file.

    A tissue without genes has no file of weights, so lists are what the rules make; a list whose
    files were deleted by hand is itself no result any more.
    """
    folder = Path(results) / "weights"
    for path in [*sorted(folder.glob("*.tsv")), *sorted(folder.glob("*/files.tsv"))]:
        with open(path, encoding="utf-8", errors="replace") as rows:
            table = csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not {"set", "format", "path"} <= set(table.fieldnames or []):
                continue
            named = [row["path"] for row in table if row["path"]]
        gone = [name for name in named if not (path.parent / name).exists()]
        if gone:
            yield path, str(path.parent / gone[0])


def forget_outdated(results: str, *, dry: bool) -> None:
    """Have what was deleted by hand made anew: lists of weights that are no longer true go.

    dry : only say so
    """
    for path, gone in outdated_lists(results):
        anew = "would be" if dry else "is"
        print(f"notice: {gone} is gone; {path}, which names it, {anew} made anew.", file=sys.stderr)
        if not dry:
            path.unlink()
