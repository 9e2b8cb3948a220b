"""Summary statistics of a GWAS, whatever their layout, as rows that models ask for."""
