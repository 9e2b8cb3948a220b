"""JSON schema of the config, and the check of a config against it.

Editors read it from workflow/schemas/config.schema.yaml; a run makes it of the model.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from fqtl.config.keys import (
    REQUIRED,
    Key,
    alternatives,
    default_of,
    keys_of,
    nullable,
    section_in,
)
from fqtl.config.model import Config
from fqtl.errors import FqtlError

NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}
KEYS = {key.name: key for key in keys_of(Config)}


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a config that has all sections but `simulate`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a run",
        **_section(Config),
    }


def refuse_faults(config: Mapping[str, Any], where: str) -> None:
    """Refuse a config by its first fault: its key, what was expected, what was found."""
    import jsonschema

    checker = jsonschema.Draft202012Validator(schema())
    faults = sorted(checker.iter_errors(config), key=lambda fault: list(map(str, fault.path)))
    if faults:
        raise FqtlError(f"{where}: {_told(faults[0])}")


def _told(fault: Any) -> str:
    """A fault in words."""
    path = ".".join(str(part) for part in fault.path if not isinstance(part, int))
    if fault.validator == "additionalProperties":
        known = fault.schema["properties"]
        unknown = sorted(set(fault.instance) - set(known), key=str)[0]
        place = f"{path}.{unknown}" if path else str(unknown)
        return f"unknown key {place}; {_where_it_is(place) or 'there are ' + ', '.join(known)}."
    if path in KEYS:
        return f"{path} must be {KEYS[path].expected}; found {fault.instance!r}."
    if fault.validator == "type":
        return (
            f"{path} must be a section with keys of its own; found {fault.instance!r}. Leave it "
            "out for the defaults."
        )
    return f"{path}: {fault.message}."


def _where_it_is(place: str) -> str:
    """For a key outside of its section, how to write it; nothing for other words."""
    last = place.split(".")[-1]
    homes = [name.rpartition(".")[0] for name in KEYS if name.split(".")[-1] == last]
    if not homes:
        return ""
    ways = [f"`{home}: {{{last}: …}}`" if home else f"`{last}: …`" for home in homes]
    flag = f"{homes[0]}='{{{last}: …}}'" if homes[0] else f"{last}=…"
    return f"write it as {' or '.join(ways)} (on the command line --config {flag})"


def _section(section: type, name: str = "") -> dict[str, Any]:
    hints = get_type_hints(section)
    known = {key.name: key for key in keys_of(section, name)}
    properties, required = {}, []
    for entry in fields(section):
        path = f"{name}.{entry.name}" if name else entry.name
        inner = section_in(hints[entry.name])
        properties[entry.name] = _section(inner, path) if inner else _value(known[path])
        if default_of(entry) is REQUIRED:
            required.append(entry.name)
    about: dict[str, Any] = {
        "description": (section.__doc__ or "").strip(),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    return {**about, "required": required} if required else about


def _value(key: Key) -> dict[str, Any]:
    """Schema of a key's values."""
    forms = [_form(form, key) for form in alternatives(key.type)]
    if nullable(key.type):
        forms.append({"type": "null"})
    words = "" if key.words else f". Expected: {key.expected}"
    about: dict[str, Any] = {"description": key.meaning + words}
    if key.default is not REQUIRED:
        about["default"] = key.default
    return {**about, **(forms[0] if len(forms) == 1 else {"anyOf": forms})}


def _form(form: Any, key: Key) -> dict[str, Any]:
    if get_origin(form) is Literal:
        return {"enum": list(get_args(form))}
    if get_origin(form) is list:
        return _list(get_args(form)[0], key)
    found: dict[str, Any] = {"type": NAMES[form]}
    if form is str:
        found["minLength"] = 1
        if key.pattern is not None:
            found["pattern"] = key.pattern
    if form in (int, float):
        found |= _limits(key)
    return found


def _list(inner: Any, key: Key) -> dict[str, Any]:
    items = [_form(form, key) for form in alternatives(inner)]
    found: dict[str, Any] = {"type": "array", "items": items[0] if len(items) == 1 else {}}
    if len(items) > 1:
        found["items"] = {"anyOf": items}
    if key.words:
        found["uniqueItems"] = True
    if not key.empty:
        found["minItems"] = 1
    return found


def _limits(key: Key) -> dict[str, Any]:
    """Bounds of a number."""
    found: dict[str, Any] = {}
    if key.low is not None:
        found["exclusiveMinimum" if key.above else "minimum"] = key.low
    if key.high is not None:
        found["maximum"] = key.high
    if key.refused is not None:
        found["not"] = {"const": key.refused}
    return found
