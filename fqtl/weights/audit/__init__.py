"""Audit of weight files, ours and those of others."""
