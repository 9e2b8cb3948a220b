"""What a trial can end in, beside what it tells: a loss, or whatever Python raises."""

import contextlib
import io

from fqtl.cli import main


class LossError(AssertionError):
    """Something of a file was lost, or changed, without a word."""


def told(arguments: list[str]) -> tuple[int, str]:
    """Exit code of a command and what it says; a refusal has to be one line and no surprise."""
    said, printed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        code = main(arguments)
    text = printed.getvalue() + said.getvalue()
    lines = [line for line in said.getvalue().splitlines() if line.startswith("error:")]
    if "unexpected" in said.getvalue() or len(lines) != (code != 0):
        raise LossError(f"{arguments[0]}: {text.strip()[-300:]}")
    return code, text
