"""Coordinate ascent over variants, written as the formulas stand in the model."""

import math

import numpy as np


def spike_slab_sweep(
    x, order, weight, target, pip, slab_mean, slab_precision, inclusion, precision
):
    """New posterior (pip, slab_mean, slab_precision) after visiting the variants in `order`.

    The score is made anew for every variant from the loadings of all others.
    target : (n,) what the score is pulled to, times its weight
    """
    pip, slab_mean, slab_precision = pip.copy(), slab_mean.copy(), slab_precision.copy()
    for j in order:
        others = sum(pip[h] * slab_mean[h] * x[h] for h in range(len(x)) if h != j)
        others = np.zeros(x.shape[1]) if isinstance(others, int) else others
        information = float((weight * x[j] ** 2).sum())
        s = precision + information
        b = float((x[j] * (target - weight * others)).sum()) / s
        odds = (
            math.log(inclusion / (1 - inclusion)) + 0.5 * math.log(precision / s) + 0.5 * s * b**2
        )
        pip[j], slab_mean[j], slab_precision[j] = 1 / (1 + math.exp(-odds)), b, s
    return pip, slab_mean, slab_precision
