"""config/config.yaml and the schema for editors, as text made of the model."""

from dataclasses import fields
from textwrap import wrap
from typing import Any, get_type_hints

from fqtl.config.keys import Key, keys_of, nullable, section_in
from fqtl.config.model import Config
from fqtl.config.schema import schema

WIDTH = 100
HEAD = """\
# Every key there is, with its unit and meaning on the line above. A file given with --configfile
# needs only the keys in which it differs from this one.
# Made of fqtl/config/model.py by `python -m fqtl.config`.
"""


def config_yaml() -> str:
    """Text of config/config.yaml: every key with its meaning and its default."""
    known = {key.name: key for key in keys_of(Config)}
    hints = get_type_hints(Config)
    parts = [HEAD]
    for entry in fields(Config):
        inner = section_in(hints[entry.name])
        if inner is None:
            parts.append(_key(known[entry.name], ""))
        elif not nullable(hints[entry.name]):
            about = _comment(entry.metadata.get("meaning", ""), "")
            keys = [_key(key, "  ") for key in keys_of(inner, entry.name)]
            parts.append(f"{about}{entry.name}:\n{''.join(keys)}")
    return "\n".join(parts)


def schema_yaml() -> str:
    """Text of workflow/schemas/config.schema.yaml."""
    import yaml

    head = "# Made of fqtl/config/model.py by `python -m fqtl.config`.\n"
    return head + str(yaml.safe_dump(schema(), sort_keys=False, allow_unicode=True, width=WIDTH))


def _key(key: Key, indent: str) -> str:
    name = key.name.split(".")[-1]
    return f"{_comment(key.meaning, indent)}{indent}{name}: {_value(key.default)}\n"


def _comment(text: str, indent: str) -> str:
    lines = wrap(text, WIDTH - len(indent) - 2, break_on_hyphens=False, break_long_words=False)
    return "".join(f"{indent}# {line}\n" for line in lines)


def _value(value: Any) -> str:
    """A value on one line of YAML."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10**6)
    return text.removesuffix("...\n").strip()
