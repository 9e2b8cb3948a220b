"""Summary statistics of QTLs, as others publish them."""
