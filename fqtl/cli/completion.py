"""Print what lets a shell complete commands, flags and files of `fqtl` by the tabulator key.

    fqtl completion bash > ~/.local/share/bash-completion/completions/fqtl
    fqtl completion zsh > ~/.zfunc/_fqtl
    fqtl completion fish > ~/.config/fish/completions/fqtl.fish

The script knows the flags of this version; print it anew after an update.
"""

from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to read it")


def run(given: Namespace) -> None:
    import shtab

    print(shtab.complete(whole_parser(), shell=given.shell))


def whole_parser() -> ArgumentParser:
    """All subcommands with all of their flags; of two words, the second is one of the first."""
    from fqtl.cli import SUBCOMMANDS, add_verbose, module_of

    top = ArgumentParser(prog="fqtl")
    top.add_argument("--version", action="store_true", help="print the version")
    groups: dict[str, Any] = {"": top.add_subparsers()}
    parsers: dict[str, ArgumentParser] = {}
    for name, summary in sorted(SUBCOMMANDS.items()):
        first, _, second = name.rpartition(" ")
        if first not in groups:
            if first not in parsers:
                parsers[first] = groups[""].add_parser(first, help=f"{second}, …")
            groups[first] = parsers[first].add_subparsers()
        parsers[name] = groups[first].add_parser(second, help=summary, description=summary)
        add_verbose(parsers[name])
        import_module(module_of(name)).add_arguments(parsers[name])
        _complete_paths(parsers[name])
    return top


def _complete_paths(parser: ArgumentParser) -> None:
    """Arguments that are paths are completed with names of files, or of folders."""
    import shtab

    for action in parser._actions:
        if action.type is Path:
            kind = shtab.DIRECTORY if action.metavar == "FOLDER" else shtab.FILE
            action.complete = kind  # type: ignore[attr-defined]
