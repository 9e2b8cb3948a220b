"""What an entry of the location sees of the ELBO, with dense matrices for every donor."""

import numpy as np


def dense_precisions(precision):
    """(n, m, m) matrices diag(W_i) - a_i a_i'."""
    dense = np.stack([np.diag(row) for row in precision.weight])
    if precision.shared is not None:
        dense -= np.stack([np.outer(row, row) for row in precision.shared])
    return dense


def dense_covariances(entry, n, m):
    """(n, m, m) covariance of eta of each donor, a column at a time."""
    columns = []
    for t in range(m):
        direction = np.zeros((n, m))
        direction[:, t] = 1
        columns.append(entry.covariance_along(direction))
    return np.stack(columns, axis=2)


def part_of_elbo(entry, residual, precision):
    """sum_i E[eta_i] . residual_i - 1/2 E[eta_i' P_i eta_i] - KL."""
    n, m = residual.shape
    mean = np.broadcast_to(entry.mean(), (n, m))
    second = dense_covariances(entry, n, m) + mean[:, :, None] * mean[:, None, :]
    total = (residual * mean).sum() - 0.5 * (second * dense_precisions(precision)).sum()
    return total - entry.kl()
