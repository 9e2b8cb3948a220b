"""Donors that files share."""

from collections.abc import Sequence
from pathlib import Path

from fqtl.errors import FqtlError


def require_shared(
    one: Path, one_samples: Sequence[str], other: Path, other_samples: Sequence[str]
) -> None:
    """Refuse two files without a donor in common, in words that show how the names differ."""
    if not set(one_samples) & set(other_samples):
        raise FqtlError(
            f"No samples shared between {one} ({_shown(one_samples)}) and {other} "
            f"({_shown(other_samples)}). Do the names differ in punctuation?"
        )


def _shown(samples: Sequence[str]) -> str:
    """First name and how many there are: `GTEX-1117F, …; 838`."""
    return f"{samples[0]}, …; {len(samples)}" if samples else "none; 0"
