"""Errors that the user can mend."""


class FqtlError(Exception):
    """What was expected, what was found with its numbers, which file, which key to change.

    The command line prints the text as one line `error: …` and ends with exit code 2.
    """
