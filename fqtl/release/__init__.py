"""A release: p-values, discoveries and the tables people read, out of the fits of all genes."""
