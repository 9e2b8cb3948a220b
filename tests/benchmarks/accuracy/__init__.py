"""How accurate models are, against other methods on the same data."""
