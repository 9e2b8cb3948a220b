"""Arrays in, arrays out: families, priors, predictors and the engine that fits them."""
