"""Shards: the genes of each job, its expected cost, and the file it reads."""
