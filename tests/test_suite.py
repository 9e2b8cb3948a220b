"""What the tests themselves promise: who runs them learns what did not run, and CI has it all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import BUT_SLOW, FAST

ROOT = Path(__file__).parent.parent
ASKS_R = "tests/weights/test_fusion.py::test_r_reads_every_object"
ASKS_A_BROWSER = "tests/report/test_in_a_browser.py::test_a_search_finds_genes"


def run_without_programs(test, **env):
    """A test, in a process that finds no programs at all."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "PATH")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", test],
        cwd=ROOT,
        env={**kept, "PATH": "", **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("test", "packages", "env", "code", "counted"),
    [
        (ASKS_R, "r-base-core", {}, 0, "skipped"),
        (ASKS_R, "r-base-core", {"CI": "1"}, 1, "error"),
        (ASKS_A_BROWSER, "chromium chromium-driver", {"CI": "1"}, 1, "error"),
    ],
)
def test_without_a_program_its_tests_say_what_to_install_and_fail_in_ci(
    test, packages, env, code, counted
):
    run = run_without_programs(test, **env)
    assert run.returncode == code
    assert f"1 {counted}" in run.stdout
    assert f"on Debian by `apt-get install {packages}`." in run.stdout
    assert ("1 tests did not run" in run.stdout) == (not env)


def test_every_place_that_is_called_fast_or_slow_is_there():
    for place in FAST + BUT_SLOW:
        assert (ROOT / "tests" / place).exists(), place
