"""The engine that fits a model: what raises the ELBO."""

from collections.abc import Callable
from typing import Any

from fqtl.model.engines import cavi, sgvb
from fqtl.model.engines.model import Model
from fqtl.model.engines.solution import Solution

ENGINES: dict[str, Callable[[Model, Any], Solution]] = {
    "cavi": cavi.maximise,
    "sgvb": sgvb.maximise,
}
