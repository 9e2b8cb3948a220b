"""The compiled modules; everything else about the package stands in pyproject.toml."""

import os
from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = (
    "arrays/_called",
    "arrays/_kernels",
    "arrays/_packed",
    "arrays/_places",
    "families/_densities",
)

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"fqtl.model.{name.replace('/', '.')}",
                [f"fqtl/model/{name}.pyx"],
                depends=glob(f"fqtl/model/{os.path.dirname(name)}/*.h"),
                # -ffp-contract=off is not set: fused multiply-adds are the faster and closer sums
                extra_compile_args=["-O3", "-fopenmp-simd"],
            )
            for name in KERNELS
        ]
    ),
    # side by side: half of what an installation takes is their compiler's
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
