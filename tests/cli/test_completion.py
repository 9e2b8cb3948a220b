"""Shells complete what the command line takes."""

import re
import subprocess
from argparse import SUPPRESS, _SubParsersAction

import pytest

from fqtl.cli import SUBCOMMANDS, main, parser
from fqtl.cli.completion import SHELLS

ASK = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_fqtl "${{COMP_WORDS[0]}}" "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A file for each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        with pytest.MonkeyPatch.context() as patch, open(folder / shell, "w") as stream:
            patch.setattr("sys.stdout", stream)
            assert main(["completion", shell]) == 0
    return folder


def completed(scripts, words):
    """What bash offers after these words; the last is begun, or an empty '' ."""
    asked = ASK.format(script=scripts / "bash", words=words)
    run = subprocess.run(
        ["bash", "-c", asked], cwd=scripts, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_bash_offers_every_command_and_its_second_word(scripts):
    firsts = {name.split()[0] for name in SUBCOMMANDS}
    assert completed(scripts, "fqtl ''") == firsts
    for first in firsts:
        seconds = {name.split()[1] for name in SUBCOMMANDS if name.startswith(f"{first} ")}
        assert seconds <= completed(scripts, f"fqtl {first} ''"), first


def test_bash_offers_every_flag_that_help_shows(scripts):
    for name in SUBCOMMANDS:
        top = parser(name)
        (commands,) = [a for a in top._actions if isinstance(a, _SubParsersAction)]
        shown = [a for a in commands.choices[name]._actions if a.help != SUPPRESS]
        flags = {flag for action in shown for flag in action.option_strings if flag[:2] == "--"}
        assert completed(scripts, f"fqtl {name} --") == flags, name


def test_bash_offers_words_to_choose_from_and_names_of_files(scripts):
    assert completed(scripts, "fqtl convert Liver.db --to ''") >= {"fusion", "focus"}
    assert completed(scripts, "fqtl report --results ''") == set()  # folders, and there is none
    assert completed(scripts, "fqtl check weights ba") == {"bash"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_every_shell_knows_every_command(scripts, shell):
    text = (scripts / shell).read_text()
    for name, summary in SUBCOMMANDS.items():
        for word in name.split():
            assert re.search(rf"(?<![\w-]){word}(?![\w-])", text), word
        if shell != "bash":  # which shows no summaries
            assert summary in text


def test_another_shell_is_refused_with_those_that_there_are(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "csh"])
    assert "choose from" in capsys.readouterr().err
