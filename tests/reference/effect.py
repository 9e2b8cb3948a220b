"""One single effect, written as the formulas stand in the model."""

import math


def single_effect(x, target, weight, others, inclusion, precision):
    """(alpha, mean, precision) of every variant, then E f and V f of every donor.

    x : (p, n)
    target : (n,) what the score is pulled to, times its weight
    others : (n,) the score of all other effects
    """
    p, n = x.shape
    means, precisions, odds = [], [], []
    for j in range(p):
        s = precision + sum(weight[i] * x[j, i] ** 2 for i in range(n))
        b = sum(x[j, i] * (target[i] - weight[i] * others[i]) for i in range(n)) / s
        bayes_factor = math.sqrt(precision / s) * math.exp(0.5 * s * b**2)
        means.append(b)
        precisions.append(s)
        odds.append(inclusion / p * bayes_factor / (1 - inclusion))
    alpha = [one / (1 + sum(odds)) for one in odds]
    score, variance = [], []
    for i in range(n):
        first = sum(alpha[j] * means[j] * x[j, i] for j in range(p))
        second = sum(
            alpha[j] * (means[j] ** 2 + 1 / precisions[j]) * x[j, i] ** 2 for j in range(p)
        )
        score.append(first)
        variance.append(second - first**2)
    return alpha, means, precisions, score, variance
