"""What Snakemake's catalogue of workflows asks for, and those who run `.test` in CI."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fqtl.config.layers import defaults, merged

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def small_run(tmp_path):
    """A copy of `.test`, with the demo's data where it looks for them."""
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    return shutil.copytree(ROOT / ".test/config", tmp_path / ".test/config").parent


def test_the_rules_pass_snakemakes_lint_where_the_input_of_the_default_config_is_not(tmp_path):
    """The catalogue and its CI lint a fresh clone, without a config of a run."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    snakemake = Path(sys.executable).parent / "snakemake"
    where = ["--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", str(tmp_path)]
    run = subprocess.run([snakemake, *where, "--lint"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    plan = subprocess.run([snakemake, *where, "-n"], capture_output=True, text=True)
    assert plan.returncode == 2
    assert "error: No such file: genotypes.vcf.gz" in plan.stderr


def planned(snakefile, folder):
    """Jobs by their rules, as a dry run counts them."""
    snakemake = Path(sys.executable).parent / "snakemake"
    command = [str(snakemake), "-n", "--cores", "1", "-s", str(snakefile), "-d", str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    jobs = re.findall(r"^(\w+) +(\d+)$", said, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in jobs}


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_the_small_run_is_planned_from_either_snakefile(small_run, snakefile):
    jobs = planned(ROOT / snakefile, small_run)
    assert jobs["fit"] == 2
    assert jobs["all"] == jobs["report"] == 1


def test_a_workflow_that_has_this_one_as_a_module_keeps_a_target_of_its_own(small_run):
    settings = merged([defaults(), yaml.safe_load((small_run / "config/config.yaml").read_text())])
    (small_run / "Snakefile").write_text(
        f"""
rule mine:
    output: "mine.txt"

module fqtl:
    snakefile: {str(ROOT / "workflow/Snakefile")!r}
    config: {settings!r}

use rule * from fqtl as fqtl_*
"""
    )
    assert planned(small_run / "Snakefile", small_run) == {"mine": 1, "total": 1}


def test_the_catalogue_is_told_what_there_is():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] == (ROOT / "envs/fqtl.yaml").exists()
    marked = [
        path for path in (ROOT / "workflow/rules").glob("*.smk") if "report(" in path.read_text()
    ]
    assert usage["report"] == bool(marked)


def test_the_page_about_configs_names_keys_that_there_are():
    page = (ROOT / "config/README.md").read_text()
    named = re.findall(r"`([a-z]+(?:\.[a-z_]+)?)`", page.split("## Sheets")[0].split("| key")[1])
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for name in (name for name in named if name not in ("predictdb", "fusion", "tigar", "focus")):
        part = config
        for key in name.split("."):
            assert key in part, name
            part = part[key]


def test_examples_of_configs_differ_from_the_defaults_in_keys_that_there_are():
    page = (ROOT / "config/README.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        for key, value in yaml.safe_load(example).items():
            given = defaults()[key]
            assert not isinstance(value, dict) or set(value) <= set(given), key
