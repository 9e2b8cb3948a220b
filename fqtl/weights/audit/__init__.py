"""Whether weight files are sound, ours and those of others."""
