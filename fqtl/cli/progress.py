"""Lines of the log that say how far a job with many genes is, and how many of them failed."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)
REPORT_EVERY = 20.0  # seconds
Item = TypeVar("Item")


def with_progress(
    items: Iterable[Item], total: int, failure_of: Callable[[Item], str]
) -> Iterator[Item]:
    """The items, one for each gene, and from time to time a line that says how far they are.

    failure_of : the reason for which the gene of an item failed; empty where it did not
    """
    started = said = time.monotonic()
    failures: list[str] = []
    for done, item in enumerate(items, start=1):
        reason = failure_of(item)
        if reason:
            failures.append(reason)
        now = time.monotonic()
        if now - said > REPORT_EVERY or done == total:
            said = now
            log.info(progress(done, total, len(failures), now - started))
        yield item
    if failures:
        reason, count = count_reasons(failures)[0]
        log.warning("%d of %d genes failed, %d of them: %s", len(failures), total, count, reason)


def progress(done: int, total: int, failed: int, seconds: float) -> str:
    """How far a job is, and how long the rest will take at this pace."""
    left = seconds / done * (total - done)
    return f"{done} of {total} genes ({failed} failed), {seconds / done:.1f} s per gene" + (
        f", about {max(round(left / 60), 1)} min to go" if done < total else ""
    )
