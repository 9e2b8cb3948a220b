"""The compiled modules; everything else about the package stands in pyproject.toml."""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = {
    "arrays/_kernels": "arrays/_simd.h",
    "arrays/_packed": "arrays/_packed.h",
    "arrays/_places": "arrays/_places.h",
    "families/_densities": "families/_densities.h",
}

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"fqtl.model.{name.replace('/', '.')}",
                [f"fqtl/model/{name}.pyx"],
                depends=[f"fqtl/model/{loops}"],
                # -ffp-contract=off is not set: fused multiply-adds are the faster and closer sums
                extra_compile_args=["-O3", "-fopenmp-simd"],
            )
            for name, loops in KERNELS.items()
        ]
    ),
    # side by side: half of what an installation takes is their compiler's
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
