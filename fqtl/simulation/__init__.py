"""Simulation: a panel with known effects, and the evaluation of a run on it."""
