"""The wall between rooms, as the sources have it and as a fresh interpreter sees it."""

import re
import subprocess
import sys

import pytest

from tests.imports import ROOT, circle, module_graph, modules, room_graph, rooms_of

# a room imports from rooms before it, and from no other; docs/design.md says what each knows
ROOMS = (
    "fqtl.errors",
    "fqtl.config",
    "fqtl.model.arrays",
    "fqtl.model.families",
    "fqtl.model.priors",
    "fqtl.model.results",
    "fqtl.model.predictors",
    "fqtl.model.engines",
    "fqtl.model",
    "fqtl.model.summary",
    "fqtl.association",
    "fqtl",
    "fqtl.tables",
    "fqtl.data",
    "fqtl.workflow",
    "fqtl.prepare",
    "fqtl.shards",
    "fqtl.gene",
    "fqtl.weights",
    "fqtl.weights.audit",
    "fqtl.gwas",
    "fqtl.qtl",
    "fqtl.trait",
    "fqtl.release",
    "fqtl.calibrate",
    "fqtl.simulation",
    "fqtl.report",
    "fqtl.cli",
)
MOST_IN_THE_ROOT = 5


def test_every_room_has_a_place_and_imports_from_those_before_it():
    place = {room: number for number, room in enumerate(ROOMS)}
    between = room_graph(module_graph(), rooms_of())
    assert set(between) == set(place)
    wrong = {
        (room, other)
        for room, others in between.items()
        for other in others
        if place[other] > place[room]
    }
    assert not wrong


def test_no_circle_of_imports_in_any_room_or_function():
    assert circle(module_graph()) == []
    assert circle(room_graph(module_graph(), rooms_of())) == []


def test_a_circle_inside_a_function_is_seen(tmp_path):
    (tmp_path / "fqtl" / "a").mkdir(parents=True)
    (tmp_path / "fqtl" / "a" / "one.py").write_text("from fqtl.b import two\n")
    (tmp_path / "fqtl" / "b").mkdir()
    (tmp_path / "fqtl" / "b" / "two.py").write_text("def f():\n    import fqtl.a.one\n")
    assert set(circle(module_graph(tmp_path))) == {"fqtl.a.one", "fqtl.b.two"}
    assert set(circle(room_graph(module_graph(tmp_path), rooms_of(tmp_path)))) == {
        "fqtl.a",
        "fqtl.b",
    }


def test_the_root_of_the_package_has_few_modules():
    loose = [name for name, path in modules().items() if path.parent == ROOT / "fqtl"]
    assert len(loose) <= MOST_IN_THE_ROOT


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


def test_the_workflow_meets_the_package_at_the_command_line_and_in_one_room():
    found = set()
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]:
        assert "import fqtl" not in path.read_text(), path
        found |= set(re.findall(r"from (fqtl[.\w]*)", path.read_text()))
    assert found
    assert all(name.startswith("fqtl.workflow.") for name in found)


def test_what_the_rules_ask_waits_for_no_arrays():
    loaded = modules_loaded_by("import fqtl.workflow.run, fqtl.workflow.flags, fqtl.workflow.jobs")
    assert not loaded & {"numpy", "pandas", "pyarrow", "scipy", "yaml", "jsonschema"}
    rooms = {name.split(".")[1] for name in loaded if name.startswith("fqtl.")}
    assert rooms == {"config", "data", "errors", "workflow"}


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
