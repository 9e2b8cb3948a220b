"""A config out of its layers: defaults, files, the preset, the command line.

Each layer replaces what those before it say, key by key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from fqtl.config.keys import REQUIRED, alternatives, default_of, nullable, section_in
from fqtl.config.model import Config
from fqtl.config.schema import KEYS

Section = TypeVar("Section")


def defaults(section: type = Config) -> dict[str, Any]:
    """Every key with its default; a section that may be left out is left out."""
    found: dict[str, Any] = {}
    hints = get_type_hints(section)
    for entry in fields(section):
        inner = section_in(hints[entry.name])
        if inner is None:
            found[entry.name] = default_of(entry)
        elif not nullable(hints[entry.name]):
            found[entry.name] = defaults(inner)
    return {name: value for name, value in found.items() if value is not REQUIRED}


def merged(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the last layer says that says anything, key by key."""
    found: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = found.get(name)
            both = isinstance(value, Mapping) and isinstance(below, Mapping)
            found[name] = merged([below, value]) if both else value  # type: ignore[list-item]
    return found


def from_command_line(given: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """What follows --config, of which Snakemake makes text within sections, by the keys' types."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        path = f"{within}.{name}" if within else str(name)
        if isinstance(value, Mapping):
            found[name] = from_command_line(value, path)
        else:
            found[name] = _read(value, path) if isinstance(value, str) else value
    return found


def _read(text: str, path: str) -> Any:
    """A value out of its text; text as it is where the key takes text."""
    import yaml

    key = KEYS.get(path)
    if key is None or (str in alternatives(key.type) and text != "null"):
        return text
    return yaml.safe_load(text)


def typed(config: Mapping[str, Any], section: type[Section]) -> Section:
    """A section out of its keys and values, which have been checked against the schema."""
    hints = get_type_hints(section)
    found: dict[str, Any] = {}
    for entry in fields(section):  # type: ignore[arg-type]
        if entry.name in config:
            inner, value = section_in(hints[entry.name]), config[entry.name]
            found[entry.name] = value if inner is None else typed(value, inner)
    return section(**found)
