"""Damage as files meet it: odd words in fields, fields and lines lost or doubled, bytes changed."""

import numpy as np

WORDS = [
    *("", ".", "NA", "N/A", "NaN", "nan", "null", "None", "-", "?", " ", "x", "ß", '"', '"x"', "'"),
    *("0", "-0", "1", "2", "3", "-1", "-9", "0.5", "1,5", "1e3", "1e400", "-1e400", "inf", "-inf"),
    *("2147483648", "99999999999999999999", "0x10", "1_000", "+1", "1.0", "1.5", "1e-320", "True"),
    *("chr1", "1", "chr2", "X", "chrUn", "+", "#", "#x", "0/1", "1|1", "./.", ".", "0", "1", "2/2"),
    *(
        "0/1/1",
        "1/",
        "/1",
        "0|9",
        "A",
        "a",
        "G",
        "N",
        "AG",
        "<DEL>",
        "*",
        "A,T",
        "GT",
        "DS",
        "GT:DS",
    ),
    *("rs1", "rs1;rs2", "chr1_100_A_G_b38", "1:100:A:G", "chr1_100_A_G_b37", "ENSG1", "ENSG1.2"),
]
LETTERS = [
    "\t",
    "\n",
    " ",
    "\r",
    "\x00",
    "0",
    "9",
    "-",
    ".",
    ",",
    ";",
    ":",
    "a",
    "A",
    "#",
    '"',
    "é",
]


def damaged_text(rng: np.random.Generator, text: str, separator: str = "\t") -> str:
    """The text with one change, or with two."""
    for _ in range(1 + int(rng.random() < 0.3)):
        change = CHANGES[int(rng.integers(len(CHANGES)))]
        text = change(rng, text, separator)
    return text


def damaged_bytes(rng: np.random.Generator, content: bytes) -> bytes:
    """The bytes with some of them changed, taken out, put twice, or cut off."""
    if len(content) < 2:
        return content
    first = int(rng.integers(len(content)))
    length = int(rng.integers(1, 1 + min(64, len(content) - first)))
    end = first + length
    way = int(rng.integers(5))
    if way == 0:
        return content[:first]
    if way == 1:
        return content[:first] + content[end:]
    if way == 2:
        return content[:end] + content[first:]
    if way == 3:
        return content[:first] + bytes(length) + content[end:]
    changed = bytearray(content)
    changed[first] ^= int(rng.integers(1, 256))
    return bytes(changed)


def word(rng: np.random.Generator) -> str:
    return WORDS[int(rng.integers(len(WORDS)))]


def _line(rng: np.random.Generator, lines: list[str]) -> int:
    return int(rng.integers(len(lines)))


def _in_a_field(rng: np.random.Generator, text: str, separator: str) -> str:
    """One field replaced, lost, doubled, put in another's place, or quoted."""
    lines = text.split("\n")
    number = _line(rng, lines)
    fields = lines[number].split(separator)
    at = int(rng.integers(len(fields)))
    way = int(rng.integers(9))
    if way < 5:
        fields[at] = word(rng)
    elif way == 5:
        del fields[at]
    elif way == 6:
        fields.insert(at, fields[at])
    elif way == 7:
        other = int(rng.integers(len(fields)))
        fields[at], fields[other] = fields[other], fields[at]
    else:
        fields[at] = f'"{fields[at]}"'
    lines[number] = separator.join(fields)
    return "\n".join(lines)


def _in_a_column(rng: np.random.Generator, text: str, separator: str) -> str:
    """One field of every line but the first replaced by one word."""
    head, *lines = text.split("\n")
    at, put = int(rng.integers(head.count(separator) + 1)), word(rng)
    for number, line in enumerate(lines):
        fields = line.split(separator)
        if len(fields) > at and line:
            fields[at] = put
            lines[number] = separator.join(fields)
    return "\n".join([head, *lines])


def _of_lines(rng: np.random.Generator, text: str, separator: str) -> str:
    """A line lost, doubled, blank, of a comment, moved, or with blanks between its fields."""
    lines = text.split("\n")
    at = _line(rng, lines)
    way = int(rng.integers(6))
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(at, lines[at])
    elif way == 2:
        lines.insert(at, "")
    elif way == 3:
        lines.insert(at, "# a comment")
    elif way == 4:
        other = _line(rng, lines)
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = lines[at].replace(separator, "  ")
    return "\n".join(lines)


def _of_a_letter(rng: np.random.Generator, text: str, separator: str) -> str:
    if not text:
        return text
    at = int(rng.integers(len(text)))
    put = LETTERS[int(rng.integers(len(LETTERS)))]
    return text[:at] + put + text[at + int(rng.integers(2)) :]


def _of_the_whole(rng: np.random.Generator, text: str, separator: str) -> str:
    """What an editor or a broken copy does to all of a file."""
    way = int(rng.integers(6))
    if way == 0:
        return text.replace("\n", "\r\n")
    if way == 1:
        return "\ufeff" + text
    if way == 2:
        return text.rstrip("\n")
    if way == 3:
        return text[: int(rng.integers(len(text) + 1))]
    if way == 4:
        return text.replace(separator, ",")
    return text.replace("chr", "")


CHANGES = [
    *[_in_a_field] * 5,
    _in_a_column,
    *[_of_lines] * 2,
    *[_of_a_letter] * 2,
    _of_the_whole,
]
