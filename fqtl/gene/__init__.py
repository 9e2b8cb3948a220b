"""One gene from aligned arrays to its row: analysis, permutations, cross-validation, baseline."""
