"""What runs before a commit is what `make lint` runs."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def commands_of_lint():
    """The commands of the target `lint`, in their order."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("lint:"))
    after = lines[start + 1 :]
    end = next(number for number, line in enumerate(after) if not line.startswith("\t"))
    return [line.strip() for line in after[:end]]


def hooks():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    return [hook for repository in config["repos"] for hook in repository["hooks"]]


def test_hooks_are_the_commands_of_make_lint_but_for_the_one_that_parses_a_whole_run():
    asked = [command for command in commands_of_lint() if not command.startswith("snakemake")]
    assert len(asked) == 5
    assert [hook["entry"] for hook in hooks()] == asked


def test_hooks_take_the_programs_of_the_environment_and_look_at_everything():
    for hook in hooks():
        assert hook["language"] == "system", hook["id"]
        assert hook["pass_filenames"] is False, hook["id"]


def test_hooks_of_cython_and_of_the_workflow_are_asked_for_by_files_that_there_are():
    there = [
        path.relative_to(ROOT).as_posix()
        for folder in ("fqtl", "workflow")
        for path in (ROOT / folder).rglob("*")
    ]
    for pattern in (hook["files"] for hook in hooks() if "files" in hook):
        assert any(re.search(pattern, path) for path in there), pattern
