"""Expression of a tissue made ready for the model: normalised, adjusted, standardised."""
