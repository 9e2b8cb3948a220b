"""Association of a trait with predicted expression: arrays in, arrays out."""
