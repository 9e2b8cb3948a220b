"""Multi-tissue QTL models and TWAS weights.

`fqtl.fit(y, x)` explains the expression of one gene in many tissues by few factors, each a sparse
set of cis variants times a sparse set of tissues. The command `fqtl` and the Snakemake workflow do
so for a whole release.

Names are imported when they are first asked for, so that what needs no arrays (the help of the
command line, the config) does not wait for NumPy and SciPy.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fqtl.association.statistic import twas
    from fqtl.errors import FqtlError
    from fqtl.model.fit import fit
    from fqtl.model.learn_priors import learn_priors
    from fqtl.model.other_models import deconvolve, factorise, fit_cis, fit_weighted
    from fqtl.model.priors.priors_table import read_priors
    from fqtl.model.priors.release_priors import Priors
    from fqtl.model.results.factorisation import FactorisationFit
    from fqtl.model.results.fit import Fit
    from fqtl.model.summary.donors import noise_correlation
    from fqtl.model.summary.fit import fit_summary
    from fqtl.model.summary.ld_matrix import read_ld

    __version__: str

__all__ = [
    "FactorisationFit",
    "Fit",
    "FqtlError",
    "Priors",
    "deconvolve",
    "factorise",
    "fit",
    "fit_cis",
    "fit_summary",
    "fit_weighted",
    "learn_priors",
    "noise_correlation",
    "read_ld",
    "read_priors",
    "twas",
]
_HOMES = {
    "FactorisationFit": "fqtl.model.results.factorisation",
    "Fit": "fqtl.model.results.fit",
    "FqtlError": "fqtl.errors",
    "Priors": "fqtl.model.priors.release_priors",
    "deconvolve": "fqtl.model.other_models",
    "factorise": "fqtl.model.other_models",
    "fit": "fqtl.model.fit",
    "fit_cis": "fqtl.model.other_models",
    "fit_summary": "fqtl.model.summary.fit",
    "fit_weighted": "fqtl.model.other_models",
    "learn_priors": "fqtl.model.learn_priors",
    "noise_correlation": "fqtl.model.summary.donors",
    "read_ld": "fqtl.model.summary.ld_matrix",
    "read_priors": "fqtl.model.priors.priors_table",
    "twas": "fqtl.association.statistic",
}
_RENAMED = {"Products": "FactorisationFit"}  # names of the version before


def __getattr__(name: str) -> Any:
    """A public name, imported from where it is at home (PEP 562)."""
    if name == "__version__":
        found: Any = _version()
    elif name in _RENAMED:
        new = _RENAMED[name]
        notice = f"fqtl.{name} is now fqtl.{new}; the old name goes with the next version."
        warnings.warn(notice, FutureWarning, stacklevel=2)
        return __getattr__(new)
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'fqtl' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    """Of the installed package; of `pyproject.toml` where the sources are used as they lie."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fqtl")
    except PackageNotFoundError:
        import tomllib
        from pathlib import Path

        project = Path(__file__).parent.parent / "pyproject.toml"
        if not project.is_file():
            raise
        return str(tomllib.loads(project.read_text())["project"]["version"])
