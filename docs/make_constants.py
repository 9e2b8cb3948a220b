"""Write the table of the model's constants in docs/model.md, out of the comments beside them.

python docs/make_constants.py
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "fqtl" / "model"
PAGE = ROOT / "docs" / "model.md"
BEGIN, END = "<!-- constants: made by docs/make_constants.py -->\n", "<!-- end of constants -->"
NUMBERS = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple)


class Constant(NamedTuple):
    """A number of the model: its name, value, file, and what the comment says."""

    name: str
    value: str
    file: str
    said: str


def constants() -> list[Constant]:
    """Numbers in capitals at the top of the model's modules, in the order of the files."""
    return [one for path in sorted(MODEL.rglob("*.py")) for one in _constants_of(path)]


def _constants_of(path: Path) -> Iterator[Constant]:
    text = path.read_text()
    lines = text.splitlines()
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not (
            isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, NUMBERS)
        ):
            continue
        source = ast.get_source_segment(text, value) or ""
        if target.id == "FORMAT" or "'" in source or '"' in source or not re.search(r"\d", source):
            continue
        beside = re.search(r"#\s*(.*)$", lines[(node.end_lineno or node.lineno) - 1])
        said = beside.group(1) if beside else _above(lines, node.lineno - 2)
        yield Constant(target.id, source, str(path.relative_to(MODEL)), said)


def _above(lines: list[str], last: int) -> str:
    """The comment that ends on this line."""
    first = last
    while lines[first].startswith("#"):
        first -= 1
    return " ".join(line.lstrip("# ") for line in lines[first + 1 : last + 1])


def page() -> str:
    """The page with its table made anew."""
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    rows = ["| file | constant | value | meaning, and how it came about |", "|---|---|---|---|"]
    rows += [f"| `{c.file}` | `{c.name}` | {c.value} | {c.said} |" for c in constants()]
    return head + BEGIN + "\n" + "\n".join(rows) + "\n\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page())
