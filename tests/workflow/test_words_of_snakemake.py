"""What Snakemake says before it reads the workflow: the docs quote it, and say what to do."""

from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT

PAGE = (ROOT / "docs" / "cluster.md").read_text()
SECTION = PAGE.split("### What Snakemake says by itself")[1].split("\n## ")[0]
QUOTED = [row.split("`")[1] for row in SECTION.splitlines() if row.startswith("| `")]


def said(release, *flags):
    """The words of the docs that are in what Snakemake says to these flags."""
    run = release.run("out", *flags)
    assert run.returncode != 0
    return [words for words in QUOTED if words in " ".join(run.stdout.split())]


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        (None, ["-n"], "No such file or directory: 'my.yaml'"),
        ("a: [", ["-n"], "Config file is not valid JSON or YAML"),
        ("", ["-n"], "Config file must be given as JSON or YAML with keys at top level"),
        (
            "seed: 1",
            ["-n", "--config", "weights.min_cv_r=0.2"],
            "Config entry must start with a valid identifier",
        ),
        (
            "seed: 1",
            ["-n", "--config", "seed=2", "all"],
            "Config entries have to be defined as name=value pairs",
        ),
    ],
)
def test_the_docs_quote_what_snakemake_says_of_config_files_and_keys(release, text, flags, words):
    release.configure("out")
    if text is not None:
        (release.folder / "my.yaml").write_text(text)
    assert said(release, "--configfile", "my.yaml", *flags) == [words]


def test_the_way_that_the_docs_give_for_a_key_of_a_section_works(release):
    release.configure("out")
    run = release.run("out", "-n", "--config", "weights={min_cv_r: 2}")
    assert run.returncode == 2
    assert "error: config: weights.min_cv_r must be" in run.stdout


def test_a_locked_folder_is_told_and_opened_as_the_docs_say(release):
    release.configure("out")
    locks = release.folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("out/check.json\n")
    assert said(release, "--until", "check", "--cores", "1") == ["Directory cannot be locked"]
    assert not Path(release.folder, "out", "check.json").exists()
    assert release.run("out", "--unlock").returncode == 0
    again = release.run("out", "--until", "check", "--cores", "1")
    assert again.returncode == 0, again.stdout
