"""One sweep of spike-and-slab loadings, written as the formulas stand in the model."""

import math

import numpy as np


def sweep(x, order, allowed, target, weight, theta, log_odds, precision, shared):
    """New (pip, mean, precision), each (p, m), after visiting the variants of `order` in turn.

    x : (p, n); target, weight : (n, m)
    theta : (pip, mean, precision), each (p, m)
    shared : whether the tissues of a variant share an inclusion indicator
    """
    pip, mean, own = (np.array(part, dtype=float) for part in theta)
    tissues = range(target.shape[1])
    for j in order:
        left = target - weight * (x.T @ (pip * mean))
        odds = {}
        for t in tissues:
            if not allowed[j, t]:
                continue
            square = sum(weight[i, t] * x[j, i] ** 2 for i in range(x.shape[1]))
            weighted_residual = sum(x[j, i] * left[i, t] for i in range(x.shape[1]))
            own[j, t] = precision + square
            mean[j, t] = (weighted_residual + pip[j, t] * mean[j, t] * square) / own[j, t]
            odds[t] = 0.5 * math.log(precision / own[j, t]) + 0.5 * own[j, t] * mean[j, t] ** 2
        for t in odds:
            total = sum(odds.values()) if shared else odds[t]
            pip[j, t] = 1 / (1 + math.exp(-(log_odds + total)))
    return pip, mean, own
