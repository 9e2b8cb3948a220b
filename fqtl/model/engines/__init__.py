"""The engine that fits a model: what raises the ELBO."""

from collections.abc import Callable
from typing import Any

from fqtl.model.engines import cavi, sgvb

ENGINES: dict[str, Callable[[cavi.Model, Any], cavi.Trace]] = {
    "cavi": cavi.maximise,
    "sgvb": sgvb.maximise,
}
