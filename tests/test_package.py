"""The package as it is imported: cheaply, and from sources that were never installed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fqtl

ROOT = Path(__file__).parent.parent
ARRAYS = {"numpy", "scipy", "pandas", "pyarrow"}


def loaded_by(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import fqtl; fqtl.FqtlError; fqtl.__version__; dir(fqtl)",
        "import fqtl.errors",
        "from fqtl.cli import parser; parser('').format_help()",
    ],
)
def test_what_needs_no_arrays_does_not_wait_for_them(statement):
    assert not loaded_by(statement) & ARRAYS


def test_fit_is_the_function_though_a_module_has_its_name():
    loaded = "import fqtl.model.fit, fqtl; assert callable(fqtl.fit), fqtl.fit"
    assert "numpy" in loaded_by(loaded)


def test_every_public_name_is_there_and_listed():
    assert set(fqtl.__all__) <= set(dir(fqtl))
    for name in fqtl.__all__:
        assert getattr(fqtl, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'fqtl' has no attribute 'fitt'"):
        _ = fqtl.fitt


def test_sources_that_are_not_installed_know_their_version(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "fqtl").mkdir()
    (tmp_path / "fqtl" / "__init__.py").write_text((ROOT / "fqtl" / "__init__.py").read_text())
    run = subprocess.run(
        [sys.executable, "-S", "-c", "import fqtl; print(fqtl.__file__, fqtl.__version__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert run.stdout.split() == [str(tmp_path / "fqtl" / "__init__.py"), project]
