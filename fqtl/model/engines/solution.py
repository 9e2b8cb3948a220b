"""What an engine makes of a model."""

from dataclasses import dataclass

from fqtl.model.arrays.moments import Floats
from fqtl.model.engines.model import Model
from fqtl.model.engines.working import Working


@dataclass(frozen=True)
class Solution:
    """What an engine made of a model.

    elbo_trace : (n_iter,) nats that were held after every round, see `Trace`; the last is the
        model's
    note : why a fit that has not converged stopped; nothing if it has
    working : the problem that the location would be fitted to next; of an engine that has one
    """

    model: Model
    elbo_trace: Floats
    converged: bool
    note: str
    working: Working | None = None
