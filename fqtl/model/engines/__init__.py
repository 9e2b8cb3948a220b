"""Engines that raise the ELBO of a model: coordinate ascent and stochastic gradients."""
