"""The ELBO of a Gaussian model, entry by entry and loading by loading.

Every expectation over eta2 is an adaptive integral, every Kullback-Leibler term an integral over
the slab and a sum over the inclusion indicator, so that nothing is shared with the package but the
model itself.
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


def spike_slab_divergence(pip, slab_mean, slab_precision, inclusion, precision, prior_mean=0.0):
    """KL of one loading: inclusion indicator and, where it is 1, slab around its prior mean."""
    if pip == 0:
        return -math.log(1 - inclusion)
    indicator = pip * math.log(pip / inclusion)
    if pip < 1:
        indicator += (1 - pip) * math.log((1 - pip) / (1 - inclusion))

    def log_ratio(theta):
        return (
            0.5 * math.log(slab_precision / precision)
            - 0.5 * slab_precision * (theta - slab_mean) ** 2
            + 0.5 * precision * (theta - prior_mean) ** 2
        )

    return indicator + pip * expectation(log_ratio, slab_mean, 1 / slab_precision)


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


def single_effect_divergence(effect, inclusion, precision):
    """KL of one effect: which variant it is of, if any, and its size.

    effect : dict with alpha, mean, precision, each (p,)
    """
    p, total, none = len(effect["alpha"]), 0.0, 1.0
    for alpha, mean, own in zip(effect["alpha"], effect["mean"], effect["precision"], strict=True):
        none -= alpha
        if alpha > 0:
            # the size has the KL of a slab that is certainly there
            size = spike_slab_divergence(1.0, mean, own, 0.5, precision) - math.log(2)
            total += alpha * (math.log(alpha / (inclusion / p)) + size)
    if none > 1e-15:
        total += none * math.log(none / (1 - inclusion))
    return total


def single_effects_divergence(sums):
    """KL of all slots; sums : dict with effects (a list), inclusion of each slot, precision."""
    total = 0.0
    for slot, inclusion in enumerate(sums["inclusion"]):
        if slot < len(sums["effects"]):
            effect = sums["effects"][slot]
            total += single_effect_divergence(effect, inclusion, sums["precision"])
        else:
            total -= math.log(1 - inclusion)
    return total


def numbers_of_effects(there):
    """Probability of 0, 1, ... effects, each there with a probability where the one before is."""
    reached, numbers = 1.0, []
    for probability in there:
        numbers.append(reached * (1 - probability))
        reached *= probability
    return [*numbers, reached]


def given_there(effect):
    """An effect, and its probability, as one that is certainly there."""
    there = float(sum(effect["alpha"]))
    return {**effect, "alpha": [alpha / there for alpha in effect["alpha"]]}, there


def successive_divergence(sums):
    """KL of effects in a chain: of their number, and of each that is there, over all numbers."""
    effects = [given_there(effect) for effect in sums["effects"]]
    found = numbers_of_effects([there for _, there in effects])
    prior = numbers_of_effects(sums["inclusion"])
    total = 0.0
    for number, (q, p) in enumerate(zip(found, prior, strict=False)):
        if q <= 0:
            continue
        total += q * math.log(q / p)
        for effect, _ in effects[:number]:
            sizes = single_effect_divergence(effect, 0.5, sums["precision"]) - math.log(2)
            total += q * sizes
    return total


def successive_score_moments(sums, row):
    """Mean and variance of the score of effects in a chain for one donor, over their numbers."""
    effects = [given_there(effect) for effect in sums["effects"]]
    first = second = 0.0
    for number, q in enumerate(numbers_of_effects([there for _, there in effects])):
        own = {"effects": [effect for effect, _ in effects[:number]]}
        mean, variance = score_moments(own, row)
        first, second = first + q * mean, second + q * (variance + mean**2)
    return first, second - first**2


def score_moments(sums, row):
    """Mean and variance of the sum of single effects for one donor; row : its variants (p,)."""
    mean = variance = 0.0
    for effect in sums["effects"]:
        first = second = 0.0
        for j in range(len(row)):
            size = effect["mean"][j] ** 2 + 1 / effect["precision"][j]
            first += effect["alpha"][j] * effect["mean"][j] * row[j]
            second += effect["alpha"][j] * size * row[j] ** 2
        mean, variance = mean + first, variance + second - first**2
    return mean, variance


def location_of_donor(i, row, factors, specific, confounders, background=None):
    """Mean (m,) and dense covariance (m, m) of eta1 of donor i under q."""
    m = confounders["mean"].shape[1]
    mean, covariance = np.zeros(m), np.zeros((m, m))
    for t in range(m):
        parts = [normal_moments(confounders, i, t)]
        if specific:
            parts.append(successive_score_moments(specific[t], row))
        for part in parts:
            mean[t] += part[0]
            covariance[t, t] += part[1]
    if background:
        first, second = np.zeros(m), np.zeros((m, m))
        for account in background["accounts"]:
            own = np.array([part[0][i] + account["shared"][0][i] for part in account["tissues"]])
            spread = np.diag([part[1][i] for part in account["tissues"]])
            first += account["weight"] * own
            second += account["weight"] * (np.outer(own, own) + spread + account["shared"][1][i])
        mean += first
        covariance += second - np.outer(first, first)
    for variants, tissues, (there, _) in factors:
        f, spread = score_moments(variants, row)
        for t in range(m):
            mean[t] += there * f * loading_mean(tissues, t)
            for s in range(m):
                first = loading_mean(tissues, s) * loading_mean(tissues, t)
                second = first + (loading_variance(tissues, t) if s == t else 0.0)
                covariance[s, t] += there * (f**2 + spread) * second - there**2 * f**2 * first
    return mean, covariance


def beside_shared_noise(residual, mean, covariance, loadings, slope, conditional_variance):
    """Mean and covariance of eta + u v for q(u | eta) = N(slope . (y - eta), variance), and KL.

    residual : (m,) y - E[eta], anything where slope is 0
    """
    m = len(mean)
    expected = float(slope @ residual)
    # eta_t + v_t u = eta_t - v_t slope . (eta - E[eta]) + what does not depend on eta
    linear = np.eye(m) - np.outer(loadings, slope)
    total = linear @ covariance @ linear.T + conditional_variance * np.outer(loadings, loadings)
    # E over eta of KL(N(a, c) || N(0, 1)), where a has this mean and variance
    variance = float(slope @ covariance @ slope)
    c = conditional_variance
    cost = 0.5 * (c - 1 - math.log(c) + expected**2 + variance)
    return mean + expected * loadings, total, cost


def gaussian_elbo(
    y, x, factors, specific, confounders, dispersion, bounds, noise=None, background=None
):
    """ELBO of y (n, m), NaN where missing.

    x : (p, n)
    factors : list of (variants, tissues, there): variants a dict as in `single_effects_divergence`,
        tissues a dict with pip, slab_mean, slab_precision (arrays) and inclusion, precision, there
        the probability of the factor and that beforehand
    specific : such a dict of single effects in a chain for every tissue, or none at all
    confounders, dispersion : dict with design (n, q), mean (q, m), covariance (m, q, q), precision
    bounds : (variance_min, variance_max), each (m,)
    noise : dict with loadings (m,), ridge, and q(u | eta): slope (n, m), conditional_variance (n,)
    background : dict with accounts, each a dict with its weight and mean and variance of what all
        tissues share (a pair of (n,)) and of each tissue (pairs), and the divergence of all of it
    """
    n, m = y.shape
    total, expected = 0.0, {}
    for i in range(n):
        mean, covariance = location_of_donor(i, x[:, i], factors, specific, confounders, background)
        if noise:
            mean, covariance, cost = beside_shared_noise(
                np.nan_to_num(y[i] - mean),
                mean,
                covariance,
                noise["loadings"],
                noise["slope"][i],
                noise["conditional_variance"][i],
            )
            total -= cost
        for t in range(m):
            if math.isnan(y[i, t]):
                continue
            eta = normal_moments(dispersion, i, t)
            if (eta, t) not in expected:
                expected[eta, t] = noise_terms(*eta, bounds[0][t], bounds[1][t])
            inverse, log_v = expected[eta, t]
            squares = (y[i, t] - mean[t]) ** 2 + covariance[t, t]
            total -= 0.5 * (squares * inverse + log_v + math.log(2 * math.pi))
    for design in (confounders, dispersion):
        for t in range(m):
            total -= slab_divergence(
                design["mean"][:, t], design["covariance"][t], design["precision"]
            )
    for variants, tissues, (there, before) in factors:
        sides = single_effects_divergence(variants)
        for t in range(m):
            loading = (tissues[name][t] for name in ("pip", "slab_mean", "slab_precision"))
            prior = (tissues["inclusion"], tissues["precision"], tissues["mean"])
            sides += spike_slab_divergence(*loading, *prior)
        total -= there * (sides + math.log(there / before))
        if there < 1:
            total -= (1 - there) * math.log((1 - there) / (1 - before))
    total -= sum(successive_divergence(sums) for sums in specific)
    total -= background["divergence"] if background else 0.0
    if noise:
        total -= 0.5 * noise["ridge"] * float(noise["loadings"] @ noise["loadings"])
    return total


def normal_moments(design, i, t):
    row = design["design"][i if len(design["design"]) > 1 else 0]
    return float(row @ design["mean"][:, t]), float(row @ design["covariance"][t] @ row)


def loading_mean(side, j):
    return side["pip"][j] * side["slab_mean"][j]


def loading_variance(side, j):
    a, b, s = side["pip"][j], side["slab_mean"][j], side["slab_precision"][j]
    return a / s + a * (1 - a) * b**2
