"""`report.html`: one self-contained page for the people who will use the results."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

import fqtl
from fqtl.report import (
    calibration,
    concerns,
    discoveries,
    gene_table,
    prediction,
    run,
    simulated,
    summary,
    traits,
    weights,
)
from fqtl.report.blocks import Figure, Section
from fqtl.report.results import Results

# DataTables: where it is from stands in vendor/README.md
SCRIPT, STYLES = "vendor/dataTables.min.js", "vendor/dataTables.dataTables.min.css"


def sections(results: Results) -> list[Section]:
    """Parts of the report, in their order."""
    return [
        concerns.section(results),
        summary.section(results) if results.of_summary else run.section(results),
        run.resources(results),
        discoveries.section(results),
        gene_table.section(results),
        calibration.section(results),
        prediction.section(results),
        weights.section(results),
        traits.section(results),
        simulated.section(results),
    ]


def headline(results: Results) -> str:
    """The run in one line."""
    tissues = len(results.names)
    fitted = int((results.fits["status"] == "fitted").sum())
    genes = "gene" if fitted == 1 else "genes"
    return f"{fitted:,} {genes} in {tissues} {'tissue' if tissues == 1 else 'tissues'}"


def figures(parts: Sequence[Section]) -> list[Figure]:
    """Figures of all sections, in their order."""
    return [block for part in parts for block in part.blocks if isinstance(block, Figure)]


def render(
    title: str,
    parts: Sequence[Section],
    data: str | None = None,
    back: str = "",
    *,
    embed: bool = False,
) -> str:
    """Sections as a page of HTML that needs no other file.

    data : folder of the figures' numbers, from the page; None if there is none
    embed : whether the page holds these numbers itself, where there is no folder
    back : link to the page that this one belongs to
    """
    interactive = any(block.kind == "genes" for part in parts for block in part.blocks)
    return str(
        _environment()
        .get_template("page.html")
        .render(
            version=fqtl.__version__,
            title=title,
            sections=parts,
            data=data,
            embed=embed,
            back=back,
            script=_asset(SCRIPT) + _asset("page.js") if interactive else None,
            styles=_asset(STYLES) + _asset("page.css") if interactive else _asset("page.css"),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fqtl.report", "."),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = _json
    environment.filters["safe_svg"] = Markup
    environment.filters["words"] = _words
    return environment


def _json(genes: dict[str, Any]) -> Markup:
    return Markup(gene_table.as_json(genes))


def _words(text: str) -> Markup:
    """Text of which what stands between backticks is code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )


@cache
def _asset(name: str) -> Markup:
    """A script or styles that are put into the page."""
    return Markup(files("fqtl.report").joinpath(name).read_text(encoding="utf-8") + "\n")
