"""Keys and flags by the names that they had in the version before, which are still read."""

from collections.abc import Mapping
from typing import Any

RENAMED = {
    "calibration.partial": "calibration.conditional_permutations",
    "cross_validation.yardstick": "cross_validation.baseline",
}


def new_name(path: str) -> str:
    """Name of a key today, by the one that it has or had."""
    return RENAMED.get(path, path)


def notice(old: str, new: str) -> str:
    """The line that is said of an old name."""
    return f"notice: {old} is now called {new}; the old name is read in this version only."


def by_new_names(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A part of a config with its keys by their names today, and the old names that were in it.

    Where a key has both names the new one holds; within one file that is refused before.
    """
    found = {
        name: dict(part) if isinstance(part, Mapping) else part for name, part in config.items()
    }
    old = []
    for path in RENAMED:
        section, key = path.split(".")
        part = found.get(section)
        if isinstance(part, dict) and key in part:
            value = part.pop(key)
            part.setdefault(RENAMED[path].split(".")[1], value)
            old.append(path)
    return found, old
