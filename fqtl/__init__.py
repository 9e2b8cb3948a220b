"""Multi-tissue QTL models and TWAS weights.

`fqtl.fit(y, x)` explains the expression of one gene in many tissues by few factors, each a sparse
set of cis variants times a sparse set of tissues. The command `fqtl` and the Snakemake workflow do
so for a whole release.
"""

from importlib.metadata import version

from fqtl.errors import FqtlError
from fqtl.model.fit import fit
from fqtl.model.other_models import deconvolve, factorise, fit_cis, fit_weighted
from fqtl.model.results.factorisation import Products
from fqtl.model.results.fit import Fit

__all__ = [
    "Fit",
    "FqtlError",
    "Products",
    "deconvolve",
    "factorise",
    "fit",
    "fit_cis",
    "fit_weighted",
]
__version__ = version("fqtl")
