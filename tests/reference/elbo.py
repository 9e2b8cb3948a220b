"""The ELBO of a Gaussian model, entry by entry and loading by loading.

Every expectation over eta2 is an adaptive integral, every Kullback-Leibler term an integral over
the slab and a sum over the gate, so that nothing is shared with the package but the model itself.
"""

import math

import numpy as np
from scipy.integrate import quad

LIMIT = 12  # standard deviations


def normal(z, mean, variance):
    return math.exp(-0.5 * (z - mean) ** 2 / variance) / math.sqrt(2 * math.pi * variance)


def expectation(h, mean, variance):
    """E[h(z)] for z ~ N(mean, variance)."""
    sd = math.sqrt(variance)
    return quad(
        lambda z: normal(z, mean, variance) * h(z),
        mean - LIMIT * sd,
        mean + LIMIT * sd,
        limit=200,
        points=[mean],
    )[0]


def spike_slab_divergence(pip, slab_mean, slab_precision, inclusion, precision):
    """KL of one loading: gate and, where it is open, slab."""
    if pip == 0:
        return -math.log(1 - inclusion)
    gate = pip * math.log(pip / inclusion)
    if pip < 1:
        gate += (1 - pip) * math.log((1 - pip) / (1 - inclusion))

    def log_ratio(theta):
        return (
            0.5 * math.log(slab_precision / precision)
            - 0.5 * slab_precision * (theta - slab_mean) ** 2
            + 0.5 * precision * theta**2
        )

    return gate + pip * expectation(log_ratio, slab_mean, 1 / slab_precision)


def slab_divergence(mean, covariance, precision):
    """KL of a joint normal posterior under independent N(0, 1/precision), by its eigenvalues."""
    eigenvalues = np.linalg.eigvalsh(covariance)
    total = 0.5 * precision * (float(mean @ mean) + eigenvalues.sum()) - 0.5 * len(mean)
    return total - 0.5 * sum(math.log(precision * value) for value in eigenvalues)


def noise_terms(eta_mean, eta_variance, variance_min, variance_max):
    """E[1/V] and E[ln V] for V = v_min + (v_max - v_min) sigmoid(eta)."""

    def v(eta):
        return variance_min + (variance_max - variance_min) / (1 + math.exp(-eta))

    return (
        expectation(lambda eta: 1 / v(eta), eta_mean, eta_variance),
        expectation(lambda eta: math.log(v(eta)), eta_mean, eta_variance),
    )


def product_moments(a_mean, a_variance, b_mean, b_variance):
    """Mean and variance of the product of two independent variables."""
    second = (a_mean**2 + a_variance) * (b_mean**2 + b_variance)
    return a_mean * b_mean, second - (a_mean * b_mean) ** 2


def gaussian_elbo(y, x, factors, confounders, dispersion, bounds):
    """ELBO of y (n, m), NaN where missing.

    x : (p, n)
    factors : list of (variants, tissues), each a dict with pip, slab_mean, slab_precision (arrays)
        and inclusion, precision
    confounders, dispersion : dict with design (n, q), mean (q, m), covariance (m, q, q), precision
    bounds : (variance_min, variance_max), each (m,)
    """
    n, m = y.shape
    total = 0.0
    for t in range(m):
        inverse, log_v = {}, {}
        for i in range(n):
            if math.isnan(y[i, t]):
                continue
            mean, variance = normal_moments(confounders, i, t)
            for variants, tissues in factors:
                f_mean = sum(x[j, i] * loading_mean(variants, j) for j in range(len(x)))
                f_variance = sum(
                    x[j, i] ** 2 * loading_variance(variants, j) for j in range(len(x))
                )
                part = product_moments(
                    f_mean, f_variance, loading_mean(tissues, t), loading_variance(tissues, t)
                )
                mean, variance = mean + part[0], variance + part[1]
            eta = normal_moments(dispersion, i, t)
            if eta not in inverse:
                inverse[eta], log_v[eta] = noise_terms(*eta, bounds[0][t], bounds[1][t])
            squares = (y[i, t] - mean) ** 2 + variance
            total -= 0.5 * (squares * inverse[eta] + log_v[eta] + math.log(2 * math.pi))
        for design in (confounders, dispersion):
            total -= slab_divergence(
                design["mean"][:, t], design["covariance"][t], design["precision"]
            )
    for sides in factors:
        for side in sides:
            for j in range(len(side["pip"])):
                total -= spike_slab_divergence(
                    side["pip"][j],
                    side["slab_mean"][j],
                    side["slab_precision"][j],
                    side["inclusion"],
                    side["precision"],
                )
    return total


def normal_moments(design, i, t):
    row = design["design"][i if len(design["design"]) > 1 else 0]
    return float(row @ design["mean"][:, t]), float(row @ design["covariance"][t] @ row)


def loading_mean(side, j):
    return side["pip"][j] * side["slab_mean"][j]


def loading_variance(side, j):
    a, b, s = side["pip"][j], side["slab_mean"][j], side["slab_precision"][j]
    return a / s + a * (1 - a) * b**2
