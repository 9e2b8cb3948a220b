"""Results on disk: a dataclass as one .npz file, arrays as arrays and the rest as JSON.

Nothing is pickled, so that a file can be read by other versions, and by other people without
running code of theirs. A file carries the version of its format.
"""

import json
import os
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints
from zipfile import BadZipFile

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.families import FAMILIES, Family

FORMAT = 1
Result = TypeVar("Result")


def write(path: str | os.PathLike[str], result: Any) -> None:
    """Write a dataclass beside its place and then rename it."""
    arrays: dict[str, np.ndarray] = {}
    tree = _pack(result, arrays)
    arrays["json"] = np.array(json.dumps({"format": FORMAT, "tree": tree}))
    if not Path(path).parent.is_dir():
        raise FqtlError(f"{path} cannot be written: there is no folder {Path(path).parent}.")
    beside = Path(f"{path}.{os.getpid()}.part")
    try:
        with beside.open("wb") as handle:
            np.savez_compressed(handle, **arrays)  # type: ignore[arg-type]
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str], kind: type[Result]) -> Result:
    """The dataclass `kind` that was written to `path`."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        head = json.loads(str(arrays.pop("json")))
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as fault:
        raise FqtlError(f"{path} is no file that Fit.save wrote: {fault}.") from fault
    if head["format"] != FORMAT:
        raise FqtlError(
            f"{path} has format {head['format']}, and this version of fqtl reads {FORMAT}."
        )
    found: Result = _unpack(head["tree"], arrays, kind)
    return found


def _pack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """JSON in which an array is the name that it has in `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[f"array_{len(arrays)}"] = value
        return {"array": f"array_{len(arrays) - 1}"}
    if is_dataclass(value):
        parts = {f.name: _pack(getattr(value, f.name), arrays) for f in fields(value)}
        return {"kind": getattr(value, "name", None), "parts": parts}
    if isinstance(value, tuple | list):
        return [_pack(part, arrays) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _unpack(tree: Any, arrays: dict[str, np.ndarray], kind: Any) -> Any:
    """The value that was packed, of a type that annotations name."""
    if isinstance(tree, dict) and "array" in tree:
        return arrays[tree["array"]]
    if isinstance(kind, UnionType):  # of a type and None
        kind = next(one for one in get_args(kind) if one is not type(None))
    if isinstance(tree, dict):
        kind = FAMILIES[tree["kind"]] if kind is Family else kind
        hints = get_type_hints(kind)
        return kind(
            **{name: _unpack(part, arrays, hints[name]) for name, part in tree["parts"].items()}
        )
    if isinstance(tree, list):
        if hasattr(kind, "_fields"):
            hints = get_type_hints(kind)
            named = zip(kind._fields, tree, strict=True)
            return kind(*(_unpack(part, arrays, hints[name]) for name, part in named))
        return tuple(_unpack(part, arrays, get_args(kind)[0]) for part in tree)
    return tree
