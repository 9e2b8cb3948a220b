"""Bounds between which hyper-parameters are learned."""

Bounds = tuple[float, float]

ANY_INCLUSION: Bounds = (1e-8, 1 - 1e-6)  # taste: where logarithms are still exact
SPARSE_INCLUSION: Bounds = (1e-8, 0.5)  # taste: beforehand a variant is never likelier than not
PRECISION_BOUNDS: Bounds = (1e-4, 1e8)  # taste: standard deviations of 100 to 1e-4
ALWAYS_INCLUDED: Bounds = (1.0, 1.0)  # a slab without a spike; derived
