"""Reference of commands and of the config that the site of the documentation has."""

import importlib.util
import re
from argparse import SUPPRESS
from pathlib import Path

import pytest
import yaml

from fqtl.cli import SUBCOMMANDS
from fqtl.config.schema import KEYS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_has_every_command_with_every_flag_that_its_help_shows(reference):
    sections = dict(re.findall(r"^### (.+)\n((?:(?!#).*\n?)*)", reference.commands(), re.MULTILINE))
    assert set(sections) == set(SUBCOMMANDS)
    for name, text in sections.items():
        shown = [one for one in reference.subparser(name)._actions if one.help != SUPPRESS]
        flags = {one.option_strings[0] for one in shown if one.option_strings}
        told = set(re.findall(r"^\| `(-[\w-]+)", text, re.MULTILINE))
        assert told == flags - {"-h", "-v"}, name


def test_it_has_every_key_of_the_config_with_its_default(reference):
    rows = re.findall(
        r"^\| `([\w.]+)` \| (?:`(.*?)`|must be given) \|", reference.config_keys(), re.MULTILINE
    )
    assert [name for name, _ in rows] == sorted(KEYS, key=lambda name: "." in name)
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    for name, default in rows:
        section, _, key = name.rpartition(".")
        if not section.startswith("simulate"):
            assert yaml.safe_load(default) == (config[section] if section else config)[key], name
