"""What a page is made of: sections of numbers, sentences, tables, figures and commands."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd
from matplotlib.figure import Figure as Drawing

from fqtl.report import plots

NUMBER = re.compile(r"-?[\d,]+(\.\d+)?(e[-+]\d+)?( %)?")


@dataclass(frozen=True)
class Text:
    """A sentence or several; of a warning, too, and in place of what is not there."""

    kind: ClassVar[str] = "text"
    text: str
    warning: bool = False


@dataclass(frozen=True)
class Numbers:
    """Figures with the words below them."""

    kind: ClassVar[str] = "numbers"
    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers.

    columns : headings; cells that are numbers are set to the right
    caption : how to read it
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @property
    def numeric(self) -> list[bool]:
        """Of each column, whether it holds numbers."""
        return [
            any(_is_number(row[i]) for row in self.rows) and all(_fits(row[i]) for row in self.rows)
            for i in range(len(self.columns))
        ]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) or NUMBER.fullmatch(str(cell)) is not None


def _fits(cell: Any) -> bool:
    return _is_number(cell) or str(cell) in ("", "–")


@dataclass(frozen=True)
class Figure:
    """A drawing, how to read it, and the numbers that it shows.

    alt : what it shows, for those who do not see it; data : the numbers, as a file
    """

    kind: ClassVar[str] = "figure"
    name: str
    title: str
    caption: str
    alt: str
    drawing: Drawing
    data: pd.DataFrame

    @cached_property
    def svg(self) -> str:
        """The drawing as text, with its name for screen readers; ids are its own in a page.

        Made once, for the page and the file: it takes most of the time of a report.
        """
        return plots.as_svg(self.drawing, self.name, f"{self.title}. {self.alt}")

    @property
    def tsv(self) -> str:
        """The numbers as text."""
        return str(self.data.to_csv(sep="\t", index=False, float_format="%.6g", na_rep="NA"))

    @property
    def tsv_link(self) -> str:
        """An address that is the file itself, for a page that stands alone."""
        return "data:text/tab-separated-values;base64," + b64encode(self.tsv.encode()).decode()


@dataclass(frozen=True)
class Commands:
    """Lines for a shell, and what they do."""

    kind: ClassVar[str] = "commands"
    title: str
    text: str


@dataclass(frozen=True)
class Links:
    """Pages beside this one."""

    kind: ClassVar[str] = "links"
    text: str
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class GeneTable:
    """Every gene, to be sorted, searched and filtered; as `gene_table.gene_rows` gives them."""

    kind: ClassVar[str] = "genes"
    genes: dict[str, Any]


Block = Text | Numbers | Table | Figure | Commands | Links | GeneTable


@dataclass(frozen=True)
class Section:
    """A part of the page; one without content says why."""

    name: str
    title: str
    blocks: list[Block] = field(default_factory=list)
