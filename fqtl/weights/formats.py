"""The formats there are, by the name of the folder that their files go to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fqtl.weights.focus import write_focus
from fqtl.weights.fusion import fusion_files, write_fusion
from fqtl.weights.predictdb import predictdb_files, write_predictdb
from fqtl.weights.tigar import tigar_files, write_tigar
from fqtl.weights.weight_set import WeightSet

# of fits to summary statistics
PANEL, MATRICES = "a panel", "published matrices"
PSEUDO = "pseudo-validation: z-scores of made-up parts of the people; no donors"


def said_of_fits(about: dict[str, Any]) -> dict[str, str]:
    """What weight files say beside their numbers, by what the store of fits says of itself."""
    if about.get("source") != "summary statistics":
        return {}
    ld = MATRICES if about.get("ld") == "matrices" else PANEL
    return {"fitted_to": f"summary statistics, with LD of {ld}", "performance": PSEUDO}


@dataclass(frozen=True)
class Format:
    """How one set is written to a folder, and the files that are written for a set of a name.

    write : takes the folder, the set, and what it was made with by name; gives the path to open
    files : takes the folder and the name; the path to open is the first
    """

    write: Callable[[Path, WeightSet, dict[str, str]], Path]
    files: Callable[[Path, str], list[Path]]


def _write_focus(folder: Path, weights: WeightSet, construction: dict[str, str]) -> Path:
    path = folder / f"{weights.name}.db"
    write_focus(path, [weights], of_source(construction))
    return path


def of_source(construction: dict[str, str]) -> dict[str, str]:
    """What of all that a set was made with tells what fits are to."""
    return {
        name: construction[name] for name in ("fitted_to", "performance") if name in construction
    }


def _write_tigar(folder: Path, weights: WeightSet, construction: dict[str, str]) -> Path:
    return write_tigar(folder, weights, construction.get("fitted_to", ""))


def _write_fusion(folder: Path, weights: WeightSet, construction: dict[str, str]) -> Path:
    return write_fusion(folder, weights, construction.get("performance", ""))


FORMATS = {
    "predictdb": Format(write_predictdb, predictdb_files),
    "fusion": Format(_write_fusion, fusion_files),
    "tigar": Format(_write_tigar, tigar_files),
    "focus": Format(_write_focus, lambda folder, name: [folder / f"{name}.db"]),
}


def write_or_clear(
    name: str, folder: Path, weights: WeightSet, construction: dict[str, str]
) -> Path | None:
    """Write a set in the format of that name.

    Where the set is empty there is no file, since readers fail on one without genes, and none is
    left of an earlier run.
    """
    if len(weights.variants):
        return FORMATS[name].write(folder, weights, construction)
    clear(FORMATS[name].files(folder, weights.name))
    return None


def clear(paths: list[Path]) -> None:
    """Remove files, and folders with the files in them, where they are there."""
    for path in paths:
        if path.is_dir():
            for inside in path.iterdir():
                inside.unlink()
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
