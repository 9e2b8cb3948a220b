"""How Sphinx makes the site of these pages: `make docs`.

The pages are plain Markdown, which GitHub shows as it stands. What the site has beside it is made
here: navigation of the lists in docs/README.md, and reference of the parser and of the config.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import reference  # noqa: E402

project = "fqtl"
copyright = "The fqtl developers"
html_theme = "furo"
html_title = "fqtl"
html_copy_source = False
html_domain_indices = False
html_use_index = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# the source folder is the repository, so that links between pages are those of GitHub
root_doc = "docs/README"
include_patterns = ["*.md", "config/README.md", "docs/*.md", "resources/demo/README.md"]
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
myst_heading_anchors = 4
default_role = "literal"  # in docstrings, names stand between single backticks
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True

MADE = {
    "<!-- commands -->": reference.commands,
    "<!-- keys of the config -->": reference.config_keys,
}
ENTRY = re.compile(r"\w[\w, ]* : ")
LINK = re.compile(r"^- \[(.+)\]\((.+)\.md\)$", re.MULTILINE)


def navigation(page: str) -> str:
    """Hidden tables of contents, one for each heading with a list of links below it."""
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return "\n".join(_contents(part.partition("\n")[0], LINK.findall(part)) for part in sections)


def _contents(title: str, links: list[tuple[str, str]]) -> str:
    entries = "\n".join(f"{name} <{target}>" for name, target in links)
    return f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"


def _complete(app, name, source) -> None:
    """Put what is made into the text of a page, before it is parsed."""
    if name == root_doc:
        source[0] += "\n" + navigation(source[0])
    for mark, make in MADE.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())


def _add_heading(app, what, name, documented, options, lines) -> None:
    """Lists of arguments and of fields get the heading by which Napoleon knows them."""
    first = next((at for at, line in enumerate(lines) if ENTRY.match(line)), None)
    if first is not None and not any(set(line) == {"-"} for line in lines):
        title = "Attributes" if what == "class" else "Parameters"
        lines[first:first] = [title, "-" * len(title)]


def _front_page(app, fault) -> None:
    """The address of the site's folder leads to the front page."""
    if fault is None and app.builder.name == "html":
        target = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        (Path(app.outdir) / "index.html").write_text(f"<!doctype html>\n{target}")


def setup(app) -> None:
    app.connect("source-read", _complete)
    app.connect("autodoc-process-docstring", _add_heading, priority=100)  # before Napoleon
    app.connect("build-finished", _front_page)
