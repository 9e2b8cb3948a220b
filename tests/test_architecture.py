"""The wall between rooms, seen from a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def modules_loaded_by(statement):
    code = f"{statement}; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module", ["model.fit", "model.engines.cavi", "model.results.fit", "gene.cross_validation"]
)
def test_the_model_knows_no_file_and_no_pandas(module):
    loaded = modules_loaded_by(f"import fqtl.{module}")
    assert not loaded & {"pandas", "pyarrow", "cyvcf2", "pysam", "matplotlib", "sklearn"}
    assert not any(name.startswith(("fqtl.data", "fqtl.tables", "fqtl.cli")) for name in loaded)


def test_data_knows_no_likelihood():
    # `import fqtl` itself brings the model; what counts is what the modules ask for
    modules = list((ROOT / "fqtl" / "data").glob("*.py"))
    assert len(modules) > 5
    assert not [path for path in modules if "fqtl.model" in path.read_text()]


def test_only_the_command_line_sees_everything():
    for path in (ROOT / "fqtl").rglob("*.py"):
        if path.parent.name != "cli":
            assert "fqtl.cli" not in path.read_text(), path


def test_the_workflow_meets_the_package_at_the_command_line():
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]:
        assert "import fqtl" not in path.read_text(), path
        assert "from fqtl" not in path.read_text(), path


def test_the_package_works_from_the_root_of_its_sources():
    run = subprocess.run(
        [sys.executable, "-c", "import fqtl; print(fqtl.fit.__name__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "fit\n"


def test_what_judges_weight_files_knows_no_genotypes_and_no_fits():
    modules = list((ROOT / "fqtl" / "weights" / "audit").glob("*.py"))
    assert len(modules) > 5
    for path in modules:
        assert "fqtl.data.genotypes" not in path.read_text(), path
        assert "fqtl.tables.fits" not in path.read_text(), path
