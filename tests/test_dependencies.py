"""What must be installed follows from what is used, and is listed alike for pip and for conda."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement

from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_bed, write_covariates, write_plink1, write_vcf

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DONORS = [f"d{i}" for i in range(60)]

ROAD = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
from fqtl.cli import main
build = ["--genotypes", "g.vcf.gz", "--genome-build", "GRCh37"]
liver = ["--tissue", "Liver", "--expression", "liver.bed", "--covariates", "liver.txt"]
shards = ["--count", "1", "--shards", "shards", "--results", "."]
for command in (
    ["prepare", *liver, *build, "--out", "Liver.parquet"],
    ["shard", "--prepared", "Liver.parquet", "--chromosomes", "22", *shards, *build],
    ["fit", "--shard", "shards/0001.parquet", *build, "--folds", "3", "--out", "fits.parquet"],
):
    assert main(command) == 0, command
"""


def requirements(*extras):
    """Requirements by name: what fqtl needs, and what these extras add to it."""
    project = PROJECT["project"]
    listed = [*project["dependencies"]]
    listed += [one for extra in extras for one in project["optional-dependencies"][extra]]
    return {one.name: one for one in map(Requirement, listed)}


def imported():
    """Names of the distributions that the package's modules import, wherever they do."""
    modules = set()
    for path in (ROOT / "fqtl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).split(".")[0])
    provided_by = packages_distributions()
    others = modules - set(sys.stdlib_module_names) - {"fqtl"}
    return {provided_by[name][0].lower() for name in others}


def test_what_is_imported_is_listed_and_what_is_listed_is_imported():
    assert imported() == set(requirements("plink"))


@pytest.fixture
def liver(tmp_path):
    """A folder with genotypes, expression and covariates of one tissue."""
    rng = np.random.default_rng(0)
    x = linked_genotypes(rng, 60, 40)
    write_vcf(tmp_path / "g.vcf.gz", vcf_records(x.T, np.arange(4900, 4940)), DONORS)
    y = (x[:, 10] + 0.3 * rng.standard_normal(60))[None]
    write_bed(tmp_path / "liver.bed", [("chr22", 5000, "g1")], y, DONORS)
    write_covariates(tmp_path / "liver.txt", {"PC1": list(rng.standard_normal(60))}, DONORS)
    return tmp_path


def test_genes_are_fitted_without_what_plink_files_reports_and_baselines_need(liver):
    blocked = ["pgenlib", "sklearn", "matplotlib", "jinja2"]
    run = subprocess.run(
        [sys.executable, "-c", ROAD.format(blocked=blocked)],
        cwd=liver,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (liver / "fits.parquet").exists()


def test_a_plink_file_without_pgenlib_says_what_to_install(tmp_path, monkeypatch):
    bim = ["22 rs1 0 100 A G"]
    path = write_plink1(tmp_path / "g.bed", np.array([[0, 1, 2]]), bim, ["a", "b", "c"])
    assert open_genotypes(path, "GRCh37", "GT").donors == ["a", "b", "c"]
    monkeypatch.setitem(sys.modules, "pgenlib", None)
    with pytest.raises(FqtlError, match=r"g\.bed: .* `pip install 'pgenlib>=0\.94'` .* `plink`"):
        open_genotypes(path, "GRCh37", "GT")


def test_the_message_names_the_oldest_pgenlib_that_is_tested():
    told = re.findall(r"pgenlib(>=[\d.]+)", (ROOT / "fqtl" / "data" / "plink.py").read_text())
    assert told == [str(requirements("plink")["pgenlib"].specifier)]


# conda's names of what pip has under another
CONDA = {"matplotlib-base": "matplotlib"}
# what it takes to build fqtl, beside what pyproject.toml says
TO_BUILD = {"python", "pip", "c-compiler"}


def in_conda():
    """Version, by the name that pip knows, of each package in the environment of conda."""
    listed = yaml.safe_load((ROOT / "envs" / "fqtl.yaml").read_text())["dependencies"]
    found = {name: version for name, _, version in (entry.partition(" ") for entry in listed)}
    return {CONDA.get(name, name): version for name, version in found.items()}


def test_the_environment_of_conda_is_that_of_pip():
    """fqtl is installed into it without what it depends on, see envs/fqtl.post-deploy.sh."""
    built = map(Requirement, PROJECT["build-system"]["requires"])
    expected = {one.name: str(one.specifier) for one in built}
    expected |= {name: str(one.specifier) for name, one in requirements("plink").items()}
    found = in_conda()
    assert set(found) >= TO_BUILD
    assert found.pop("python") == PROJECT["project"]["requires-python"]
    assert {name: version for name, version in found.items() if name not in TO_BUILD} == expected


def deploy(folder, cwd):
    """Run the script that installs fqtl, with a `python` that only tells what it was asked for."""
    pretended = folder / "bin" / "python"
    pretended.parent.mkdir()
    pretended.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    pretended.chmod(0o755)
    return subprocess.run(
        ["bash", str(ROOT / "envs" / "fqtl.post-deploy.sh")],
        cwd=cwd,
        env={"PATH": f"{pretended.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("where", [".", ".test", "tests/workflow"])
def test_conda_installs_fqtl_from_the_sources_that_snakemake_runs_in(tmp_path, where):
    run = deploy(tmp_path, ROOT / where)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        *["-m", "pip", "install", "--no-deps", "--no-build-isolation"],
        str(ROOT),
    ]


def test_conda_says_where_it_looked_for_fqtl_in_vain(tmp_path):
    run = deploy(tmp_path, tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"error: no sources of fqtl in {tmp_path} or above it" in run.stderr
