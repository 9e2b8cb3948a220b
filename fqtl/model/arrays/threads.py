"""One thread per process: shards are the parallelism, and split sums change with the threads."""

from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Context in which BLAS uses one thread, whatever the machine offers."""
    return _controller().limit(limits=1)
