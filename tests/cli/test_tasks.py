"""The command line says what there is, by task, with an example of each that can be given."""

import argparse
import gzip
import json
import shlex

import pytest

from fqtl.cli import SUBCOMMANDS, main, parser
from fqtl.cli.tasks import EXAMPLES, TASKS


def test_every_subcommand_stands_under_one_task(capsys):
    listed = [name for names in TASKS.values() for name in names]
    assert sorted(listed) == sorted(SUBCOMMANDS)
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for name, summary in SUBCOMMANDS.items():
        assert sum(line.split(summary)[0].strip() == name for line in said.splitlines()) == 1


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_an_example_that_its_parser_takes(name):
    words = shlex.split(EXAMPLES[name])
    length = len(name.split())
    assert words[: 1 + length] == ["fqtl", *name.split()]
    top = parser(name)
    given = top.parse_args([name, *words[1 + length :]])
    assert given.run.__module__ == f"fqtl.cli.{name.replace(' ', '_').replace('-', '_')}"
    (commands,) = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
    assert EXAMPLES[name] in commands.choices[name].format_help()


def test_an_installation_that_works_is_in_order(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "ok     numpy: " in said
    assert "WRONG" not in said


def test_a_config_and_results_that_are_not_in_order_are_told(tmp_path, capsys):
    (tmp_path / "my.yaml").write_text("genotypes: {min_maf: 7}\n")
    with gzip.open(tmp_path / "fits.tsv.gz", "wt") as stream:
        stream.write("gene_id\tother\n")
    flags = ["--config", str(tmp_path / "my.yaml"), "--results", str(tmp_path), "--json"]
    assert main(["doctor", *flags]) == 2
    said = capsys.readouterr()
    found = {one["what"]: one for one in json.loads(said.out)}
    assert "min_maf" in found[f"config {tmp_path}/my.yaml"]["said"]
    assert "expected the columns of fits" in found[f"{tmp_path}/fits.tsv.gz"]["said"]
    assert found[f"{tmp_path}/factors.tsv.gz"]["fine"] is False
    assert said.err.startswith("error: ")


def test_results_that_are_not_there_are_told(tmp_path, capsys):
    assert main(["doctor", "--results", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
