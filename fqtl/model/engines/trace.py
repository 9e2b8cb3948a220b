"""The record of a fit. It tells how the ELBO went, and decides nothing."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fqtl.model.arrays.moments import Floats

log = logging.getLogger(__name__)
REPORT_EVERY = 5.0  # seconds between two lines of the log; taste


class Trace:
    """What the fit held after every round that was run.

    An entry is the ELBO, in nats, of the posterior that the fit would have given back then. A round
    that was undone repeats the entry before; so do rounds of another way, which is tried beside
    what is held, until it is taken.
    """

    def __init__(self) -> None:
        self._elbo: list[float] = []
        self._held: float | None = None
        self._said = time.monotonic()

    def record(self, elbo: float) -> None:
        """One more round; a long fit says how far it is."""
        self._elbo.append(elbo if self._held is None else self._held)
        if time.monotonic() - self._said > REPORT_EVERY:
            self._said = time.monotonic()
            log.info("round %d: ELBO %.2f nats", len(self._elbo), self._elbo[-1])

    @contextmanager
    def beside(self, held: float) -> Iterator[None]:
        """Rounds within are of another way than what is held, of this ELBO."""
        self._held = held
        try:
            yield
        finally:
            self._held = None

    def took(self, elbo: float) -> None:
        """The other way was taken in its last round."""
        self._elbo[-1] = elbo

    @property
    def elbo(self) -> Floats:
        """(n_iter,) nats."""
        return np.array(self._elbo)
