"""One trait: models of others and our own, matched with its GWAS and tested."""
