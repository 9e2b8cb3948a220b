"""Draw the model as matrices, docs/images/model.svg.

python docs/make_drawing.py
"""

from collections.abc import Iterable
from pathlib import Path

DRAWING = Path(__file__).parent / "images" / "model.svg"
CELL = 13
INK, NONE, MISSING = "#333333", "#f1f3f5", "#ffffff"
FIRST, SECOND, OWN, DATA, SHARED = "#1f77b4", "#d9730d", "#2f9e44", "#868e96", "#9c6ade"
DONORS, VARIANTS, TISSUES = 9, 12, 7

# which variants and tissues two factors have, and the effects of single tissues: (variant, tissue)
ON_VARIANTS = {FIRST: (2, 3), SECOND: (8,)}
ON_TISSUES = {FIRST: (0, 1, 2, 5), SECOND: (3, 4)}
OF_ONE = {(5, 6), (10, 1)}
NOT_MEASURED = {
    (0, 3),
    (1, 0),
    (1, 5),
    (2, 6),
    (3, 2),
    (4, 4),
    (5, 1),
    (5, 3),
    (6, 0),
    (7, 5),
    (8, 2),
}


def drawing() -> str:
    """Text of the SVG."""
    top = 46
    y = matrix(20, top, DONORS, TISSUES, lambda i, t: MISSING if (i, t) in NOT_MEASURED else DATA)
    x = matrix(
        160,
        top,
        DONORS,
        VARIANTS,
        lambda i, j: ("#ced4da", DATA, "#495057")[(5 * i * i + 3 * j * j + 2 * i * j) % 7 % 3],
    )
    left = matrix(
        360, top, VARIANTS, 2, lambda j, k: colour(k) if j in on(ON_VARIANTS, k) else NONE
    )
    right = matrix(400, top, 2, TISSUES, lambda k, t: colour(k) if t in on(ON_TISSUES, k) else NONE)
    own = matrix(532, top, VARIANTS, TISSUES, lambda j, t: OWN if (j, t) in OF_ONE else NONE)
    noise = matrix(688, top, DONORS, 1, lambda i, _: SHARED if i % 3 else NONE)
    loads = matrix(708, top, 1, TISSUES, lambda _, t: SHARED if t != 5 else NONE)
    signs = [(135, "≈"), (340, "("), (512, "+"), (634, ")"), (662, "+")]
    names = [
        (20, "Y: expression"),
        (160, "X: genotypes"),
        (360, "L Rᵀ: factors"),
        (532, "A: of single tissues"),
        (688, "u vᵀ: shared noise"),
    ]
    notes = [
        (20, "donors × tissues;", "white: not measured"),
        (160, "donors × variants", ""),
        (360, "variants × tissues: few", "variants, few tissues"),
        (532, "variants × tissues:", "beside the factors"),
        (688, "what a donor's", "samples share"),
    ]
    low = top + VARIANTS * CELL + 22
    parts = [*y, *x, *left, *right, *own, *noise, *loads]
    parts += [word(at, top + 66, sign, 24) for at, sign in signs]
    parts += [word(at, 30, name, 13, "bold") for at, name in names]
    parts += [word(at, low + 16 * line, text[line], 11) for at, *text in notes for line in (0, 1)]
    body = "\n".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 830 246" role="img" '
        'font-family="sans-serif">\n<title>Expression is genotypes times factors and effects of '
        "single tissues, and noise that the samples of a donor share</title>\n"
        f'<rect width="830" height="246" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def colour(factor: int) -> str:
    return (FIRST, SECOND)[factor]


def on(places: dict[str, tuple[int, ...]], factor: int) -> tuple[int, ...]:
    return places[colour(factor)]


def matrix(left: float, top: float, rows: int, columns: int, fill) -> Iterable[str]:
    """Cells of a matrix, and the frame around them."""
    for i in range(rows):
        for j in range(columns):
            yield box(left + j * CELL, top + i * CELL, CELL, CELL, fill(i, j), "#ffffff")
    yield box(left, top, columns * CELL, rows * CELL, "none", INK)


def box(x: float, y: float, width: float, height: float, fill: str, edge: str) -> str:
    size = f'width="{width}" height="{height}"'
    return f'<rect x="{x}" y="{y}" {size} fill="{fill}" stroke="{edge}"/>'


def word(x: float, y: float, text: str, size: int, weight: str = "normal") -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{INK}"'
    return f'<text x="{x}" y="{y}" {style}>{text}</text>'


if __name__ == "__main__":
    DRAWING.write_text(drawing())
