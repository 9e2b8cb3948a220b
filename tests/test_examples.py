"""What the pages tell to type is what the code takes.

Python of the tutorials is run by tests/test_tutorial.py.
"""

import importlib.util
import re
import shlex

import numpy as np
import pytest

from fqtl.cli import SUBCOMMANDS, parser
from fqtl.cli.check_config import check_file
from fqtl.config.schema import KEYS
from tests.test_docs import PAGES, ROOT

READ = [page for page in PAGES if page.name != "CHANGELOG.md"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    (page.name, kind, text) for page in READ for kind, text in FENCE.findall(page.read_text())
]
PYTHON = [
    (name, text) for name, kind, text in BLOCKS if kind == "python" and "tutorial" not in name
]
YAML = [(name, text) for name, kind, text in BLOCKS if kind == "yaml"]
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def commands():
    """Name of the page and words of every command line of `fqtl` in a block of a shell."""
    for name, kind, text in BLOCKS:
        if kind in ("sh", ""):
            for line in text.replace("\\\n", " ").splitlines():
                if line.strip().startswith("fqtl "):
                    words = shlex.split(line, comments=True)
                    yield name, words[1 : words.index(">") if ">" in words else None]


COMMANDS = list(commands())


def test_there_are_examples_to_look_at():
    assert len(COMMANDS) > 15
    assert len(PYTHON) > 1
    assert len(YAML) > 3


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_a_command_line_is_one_that_its_parser_takes(name, words):
    two = " ".join(words[:2])
    command = two if two in SUBCOMMANDS else words[0]
    given = [command, *words[len(command.split()) :]]
    if "…" not in words:
        assert parser(command).parse_args(given).run
        return
    known = flags_of(command)  # the rest of the line is left to the reader
    assert {word for word in given if word.startswith("--")} <= known


def flags_of(command):
    """Every flag of a subcommand."""
    top = parser(command)
    choices = next(action.choices for action in top._actions if action.choices)
    return {flag for action in choices[command]._actions for flag in action.option_strings}


def test_a_flag_of_fqtl_that_a_sentence_names_is_one_that_there_is():
    for page in READ:
        for span in re.findall(r"`fqtl ([a-z][^`]*)`", page.read_text()):
            words = span.split()
            two = " ".join(words[:2])
            command = two if two in SUBCOMMANDS else words[0]
            assert command in SUBCOMMANDS, (page.name, span)
            assert set(FLAG.findall(span)) <= flags_of(command), (page.name, span)


@pytest.fixture
def names():
    """What the reader of a page has: a gene in four tissues, and what was made of it."""
    rng = np.random.default_rng(0)
    x = rng.binomial(2, 0.4, (60, 12)).astype(float)
    y = x[:, [3]] * [1.0, 0.8, 0.0, 0.9] + rng.standard_normal((60, 4))
    log_size = 0.3 * rng.standard_normal((60, 4))
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    z = standard.T @ ((y - y.mean(axis=0)) / y.std(axis=0)) / np.sqrt(60)
    return {
        "y": y,
        "x": x,
        "x_new": x[:5],
        "log_size": log_size,
        "counts": rng.poisson(np.exp(1 + 0.2 * x[:, [3]] + log_size)).astype(float),
        "z": z,
        "n": np.full(4, 60),
        "dosages": x,
    }


@pytest.mark.parametrize(("name", "text"), PYTHON)
def test_python_runs(names, name, text):
    exec(compile(text, name, "exec"), names)
    assert names["fit"].effects.shape == (12, 4)


@pytest.mark.parametrize(("name", "text"), YAML)
def test_a_config_is_in_order(tmp_path, name, text):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    check_file(path)


def test_goals_of_make_and_modules_that_are_named_are_there():
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named, modules = set(), set()
    for page in READ:
        text = page.read_text()
        named |= set(re.findall(r"`make ([a-z0-9-]+)", text))
        modules |= set(re.findall(r"python -m (tests[.\w]*|fqtl[.\w]*)", text))
    assert named <= goals | {"chr22"}
    assert len(modules) > 5
    assert not [one for one in modules if importlib.util.find_spec(one) is None]


def test_keys_of_the_config_that_a_sentence_names_are_there():
    """Also values, as `prepare.values: counts`."""
    sections = {key.split(".")[0] for key in KEYS if "." in key}
    named = set()
    for page in READ:
        for section, key in re.findall(r"`([a-z_]+)\.([a-z_]+)(?:`|: )", page.read_text()):
            if section in sections and key not in ("yaml", "tsv", "html", "bed"):
                named.add(f"{section}.{key}")
    assert len(named) > 20
    assert named <= set(KEYS)
