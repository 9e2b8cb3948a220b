"""Files in, aligned arrays out: genotypes, expression, covariates."""
