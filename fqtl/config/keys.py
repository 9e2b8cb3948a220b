"""What is known of a key of the config: type, default, range, meaning, and its flag's help.

A section of the config is a frozen dataclass whose fields are made by `key`. The annotation of a
field is the type of its values (`Literal` for words to choose from); what an annotation cannot say
stands in the metadata of the field, as a `Key`.
"""

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

REQUIRED = object()  # default of a key that has none


@dataclass(frozen=True)
class Key:
    """A key of the config.

    name : with its section, as `genotypes.min_maf`
    type : annotation of its values
    default : REQUIRED where a value must be given
    meaning : with its unit, for the line above it in config/config.yaml
    alone : the meaning of a key whose line goes on from the one above; for the flag's help
    expected : what its value must be, in the words of an error
    low, high : bounds of a number; above : whether `low` itself is too low
    pattern : regular expression that a text matches
    refused : a value within the bounds that has no meaning
    empty : whether a list may be empty
    """

    name: str
    type: Any
    default: Any
    meaning: str
    expected: str
    low: float | None = None
    high: float | None = None
    above: bool = False
    pattern: str | None = None
    refused: int | None = None
    alone: str = ""
    empty: bool = False

    @property
    def help(self) -> str:
        """What its flag says of itself."""
        return self.alone or self.meaning

    @property
    def words(self) -> tuple[str, ...]:
        """Words to choose from, also of a list of them; none for what is not a word."""
        return _words(self.type)


def key(default: Any, meaning: str, expected: str = "", **limits: Any) -> Any:
    """Field of a section; `limits` are those of `Key`. A list is given as the default of a list."""
    metadata = {"meaning": meaning, "expected": expected, **limits}
    if default is REQUIRED:
        return field(metadata=metadata)
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def keys_of(section: type, name: str = "") -> Iterator[Key]:
    """Keys of a section and of the sections in it, in the order in which they are written."""
    hints = get_type_hints(section)
    for entry in fields(section):
        path = f"{name}.{entry.name}" if name else entry.name
        inner = section_in(hints[entry.name])
        if inner is not None:
            yield from keys_of(inner, path)
            continue
        about = dict(entry.metadata)
        if not about["expected"]:
            about["expected"] = _expected(hints[entry.name])
        yield Key(path, hints[entry.name], default_of(entry), **about)


def section_in(annotation: Any) -> type | None:
    """The section that a field holds, also one that may be left out; None for a key."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and is_dataclass(part):
            return part
    return None


def default_of(entry: Any) -> Any:
    """Default of a field; REQUIRED where there is none."""
    if entry.default_factory is not MISSING:
        return entry.default_factory()
    return REQUIRED if entry.default is MISSING else entry.default


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Types that a value may have, without `None`."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(part for part in get_args(annotation) if part is not NoneType)
    return (annotation,)


def nullable(annotation: Any) -> bool:
    """Whether a value may be null."""
    return NoneType in get_args(annotation)


def _words(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) is list:
        return _words(get_args(annotation)[0])
    return ()


def _expected(annotation: Any) -> str:
    """What a value must be, where its type says it all."""
    words = _words(annotation)
    if annotation is bool:
        return "true or false"
    if get_origin(annotation) is list:
        return f"a list of {listed(words, 'and')}"
    return listed(words, "or")


def listed(words: tuple[str, ...], joint: str) -> str:
    """Words as a sentence lists them: `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last
