"""Flags that stand for keys of the config, and help that says every default.

Type, range, default and help of such a flag are those of the key (`fqtl.config.schema.KEYS`).
"""

import sys
from argparse import (
    SUPPRESS,
    Action,
    ArgumentParser,
    BooleanOptionalAction,
    Namespace,
    RawDescriptionHelpFormatter,
)
from typing import Any

from fqtl.cli.ranges import options_of
from fqtl.config.keys import REQUIRED
from fqtl.config.renamed import notice
from fqtl.config.schema import KEYS


class Help(RawDescriptionHelpFormatter):
    """Help in which every flag that has a default says it."""

    def _get_help_string(self, action: Action) -> str:
        text = action.help or ""
        if not action.option_strings or action.nargs == 0 or action.default in (None, "", []):
            return text
        if action.default is SUPPRESS or isinstance(action, BooleanOptionalAction):
            return text
        several = isinstance(action.default, list)
        default = " ".join(map(str, action.default)) if several else action.default
        return f"{text} [{default}]"


class _Renamed(Action):
    """A flag by the name it had in the version before: one line of notice, and its value."""

    def __init__(self, *args: Any, new: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.new = new

    def __call__(
        self, parser: ArgumentParser, given: Namespace, values: Any, option: str | None = None
    ) -> None:
        print(notice(str(option), self.new), file=sys.stderr)
        setattr(given, self.dest, values)


def add_key(parser: Any, name: str, *, old: str | None = None, **options: Any) -> None:
    """The flag that stands for a key of the config, with its default and its help.

    name : of the key, with its section; old : the flag that it was before
    """
    key = KEYS[name]
    flag = "--" + name.split(".")[-1].replace("_", "-")
    about = {"default": None if key.default is REQUIRED else key.default, **options_of(key)}
    parser.add_argument(flag, **{**about, "help": key.help, **options})
    if old is not None:
        renamed = {**options_of(key), **options, "default": SUPPRESS, "help": SUPPRESS}
        dest = flag.lstrip("-").replace("-", "_")
        parser.add_argument(old, action=_Renamed, new=flag, dest=dest, **renamed)
