"""Reference in Markdown: all commands from the parser, all keys from the typed config."""

from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Iterable
from itertools import groupby
from textwrap import wrap

import yaml

from fqtl.cli import SUBCOMMANDS, parser
from fqtl.cli.flags import Help
from fqtl.cli.tasks import EXAMPLES, TASKS
from fqtl.config.keys import REQUIRED, Key, keys_of
from fqtl.config.model import Config


def commands() -> str:
    """Every subcommand by task: what it is for, an example, and its flags."""
    parts = []
    for task, names in TASKS.items():
        parts += [f"## {task[0].upper()}{task[1:]}", *map(_command, names)]
    return "\n\n".join(parts)


def _command(name: str) -> str:
    of_name = subparser(name)
    flags = [
        (_flag(action), _meaning(action, of_name))
        for action in of_name._actions
        if action.help != SUPPRESS and action.dest not in ("help", "verbose")
    ]
    about = f"`fqtl {name}`: {SUBCOMMANDS[name]}."
    example = f"```sh\n{_folded(EXAMPLES[name])}\n```"
    return f"### {name}\n\n{about}\n\n{example}\n\n{_table(('flag', 'meaning'), flags)}"


def _folded(command: str) -> str:
    """A command over as many lines as it takes."""
    lines = wrap(command, 80, break_long_words=False, break_on_hyphens=False)
    return " \\\n    ".join(lines)


def subparser(name: str) -> ArgumentParser:
    """Parser of one subcommand with all of its flags."""
    top = parser(name)
    choices = next(action.choices for action in top._actions if action.choices)
    return dict(choices)[name]  # type: ignore[arg-type]


def _flag(action: Action) -> str:
    names = ", ".join(action.option_strings[:2])
    if action.nargs == 0:
        return f"`{names}`"
    value = action.metavar or ("{" + ",".join(map(str, action.choices or ())) + "}")
    value = action.dest.upper() if value == "{}" else value
    shown = value if isinstance(value, str) else " ".join(value)
    return f"`{names} {shown}`" if names else f"`{shown}`"


def _meaning(action: Action, of_name: ArgumentParser) -> str:
    text = Help(of_name.prog)._get_help_string(action)
    needed = action.required and action.option_strings
    return f"{text} (must be given)" if needed else text


def config_keys() -> str:
    """Every key of the config by section: default, what a value may be, meaning."""
    parts = []
    of_run_first = sorted(keys_of(Config), key=lambda key: "." in key.name)
    for section, keys in groupby(of_run_first, lambda key: key.name.rpartition(".")[0]):
        rows = [(f"`{key.name}`", _default(key), key.expected, key.help) for key in keys]
        title = f"`{section}`" if section else "The run"
        columns = ("key", "default", "a value is", "meaning")
        parts.append(f"## {title}\n\n{_table(columns, rows)}")
    return "\n\n".join(parts)


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "must be given"
    text = yaml.safe_dump(key.default, default_flow_style=True, width=10**6)
    return f"`{text.removesuffix(chr(10)).removesuffix('...').strip()}`"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
