"""E[h(eta1, eta2)] under independent normals, as a sum over a fine grid."""

import numpy as np

REACH = 9  # standard deviations
STEPS = 181  # in steps of a tenth of one the sum is as good as the integral


def grid_expectation(h, first, second):
    """first, second : mean and variance of each eta; h takes two arrays (STEPS, STEPS)."""
    z = np.linspace(-REACH, REACH, STEPS)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    etas = [mean + np.sqrt(variance) * z for mean, variance in (first, second)]
    return float(weight @ h(*np.meshgrid(*etas, indexing="ij")) @ weight)
