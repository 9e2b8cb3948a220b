"""Documents say what the code does."""

import re
import runpy
import tomllib
from itertools import chain
from pathlib import Path

import jsonschema
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def test_the_page_about_results_is_made_of_the_schemas():
    made = runpy.run_path(str(ROOT / "docs" / "make_results.py"))["page"]()
    assert (ROOT / "docs" / "results.md").read_text() == made


def test_the_drawing_of_the_model_is_made_by_its_script():
    made = runpy.run_path(str(ROOT / "docs" / "make_drawing.py"))["drawing"]()
    assert (ROOT / "docs" / "images" / "model.svg").read_text() == made


def test_every_key_of_the_config_is_explained_on_the_line_above():
    lines = (ROOT / "config" / "config.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^ *\w+: *\S", line):
            assert lines[number - 1].lstrip().startswith("#"), line


def test_the_config_and_its_schema_know_the_same_keys():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    known = set(schema["properties"]) - {"simulate"}  # a demo's section, not a run's
    assert set(config) == known
    for key, value in config.items():
        if isinstance(value, dict):
            assert set(value) == set(schema["properties"][key]["properties"])


def test_every_preset_names_files_by_keys_that_there_are():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    presets = schema["properties"]["release"]["properties"]["preset"]["enum"]
    paths = (ROOT / "config" / "presets").glob("*.yaml")
    assert sorted(path.stem for path in paths) == sorted(presets)
    for preset in presets:
        given = yaml.safe_load((ROOT / "config" / "presets" / f"{preset}.yaml").read_text())
        merged = {**config, **given, "release": {**config["release"], **given["release"]}}
        jsonschema.Draft202012Validator(schema).validate(merged)
        absent = [key for key, value in merged["release"].items() if value is None]
        assert not absent or preset == "custom"


PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "config/README.md")]
PAGES += [ROOT / "resources/demo/README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page):
    """Names by which GitHub, and the site, know the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), flags=re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles]
    names = [re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in plain]
    return {f"{name}-{names[:at].count(name)}".removesuffix("-0") for at, name in enumerate(names)}


def test_links_between_documents_lead_to_pages_and_headings():
    followed = 0
    for page in PAGES:
        for target, heading in LINK.findall(CODE.sub("", page.read_text())):
            if target.startswith("http"):
                continue
            linked = page.parent / target if target else page
            assert linked.exists(), (page.name, target)
            assert not heading or heading in anchors(linked), (page.name, target, heading)
            followed += 1
    assert followed > 100


def test_every_page_is_in_the_table_of_contents_once():
    listed = re.findall(r"^- \[.+\]\((.+)\)$", (ROOT / "docs/README.md").read_text(), re.MULTILINE)
    found = [(ROOT / "docs" / target).resolve() for target in listed]
    assert sorted(found) == sorted(page for page in PAGES if page != ROOT / "docs/README.md")


PLACE = re.compile(r"(?<![\w/.-])(?:fqtl|tests|workflow)/[\w./-]*\w/?")


def test_every_place_that_documents_name_is_there():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {(page.name, place) for page in pages for place in PLACE.findall(page.read_text())}
    assert len(named) > 20
    assert not sorted((page, place) for page, place in named if not (ROOT / place).exists())


def test_floors_are_the_versions_that_are_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    listed = {one.name: str(one.specifier) for one in map(Requirement, asked) if one.specifier}
    # one exact version has no older one to be tested
    floors = {name: floor for name, floor in listed.items() if not floor.startswith("==")}
    lines = (ROOT / "tests" / "floor.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    assert tested.pop("cython")  # of [build-system]
    assert set(tested) == set(floors)
    for name, floor in floors.items():
        assert tested[name].startswith(floor.removeprefix(">=")), name


def test_the_table_of_constants_is_made_of_the_code_and_says_how_each_came_about():
    made = runpy.run_path(str(ROOT / "docs" / "make_constants.py"))
    assert (ROOT / "docs" / "model.md").read_text() == made["page"]()
    for constant in made["constants"]():
        assert re.search(r"taste|derived|measured|\b(19|20)\d\d\b", constant.said), constant
