"""The text of a config file, looked at for what is lost when it is read: keys given twice.

YAML readers take the last of two equal keys without a word; here both lines are known.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fqtl.config.renamed import new_name
from fqtl.config.schema import KEYS
from fqtl.errors import FqtlError

MERGE = "<<"  # YAML's merge key may stand more than once


def read_yaml(path: Path) -> dict[str, Any]:
    """A config file whose keys are each given once."""
    import yaml

    refuse_repeated_keys(path)
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {} if found is None else found


def refuse_repeated_keys(path: Path) -> None:
    """Refuse a file in which a key is given twice, or is written as `section.key: value`."""
    seen: dict[str, tuple[str, int]] = {}
    for parts, line in _keys(_root(path)):
        name = ".".join(parts)
        if "." in parts[0] and name in KEYS:
            section, key = name.split(".")
            raise FqtlError(f"{path}, line {line}: write {name} as `{section}: {{{key}: …}}`.")
        key = new_name(name)
        before, first = seen.setdefault(key, (name, line))
        if first != line:
            old = sorted({before, name} - {key})
            called = f", once by its old name {old[0]}" if old else ""
            raise FqtlError(
                f"{path}: key {key} is given twice, on lines {first} and {line}{called}."
            )


def _keys(node: Any, within: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """Keys of a mapping and of those in it, with the keys above them, and their lines from 1."""
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value != MERGE:
            parts = (*within, str(key.value))
            yield parts, key.start_mark.line + 1
            yield from _keys(value, parts)


def _root(path: Path) -> Any:
    """Node of the whole text."""
    import yaml

    if not path.is_file():
        raise FqtlError(f"No such file: {path}.")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise FqtlError(f"{path}{where}: expected YAML; {fault.problem or fault}.") from fault
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise FqtlError(f"{path}: expected keys with values, as `results: results`.")
    return root
