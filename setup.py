"""The one compiled module; everything else about the package stands in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    ext_modules=cythonize(
        [
            Extension(
                "fqtl.model._kernels",
                ["fqtl/model/_kernels.pyx"],
                depends=["fqtl/model/_simd.h"],
                # -ffp-contract=off is not set: fused multiply-adds are the faster and closer sums
                extra_compile_args=["-O3", "-fopenmp-simd"],
            )
        ]
    )
)
