"""Entries of the linear predictor: what acts on expression, and how it is updated."""
