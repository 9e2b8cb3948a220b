"""The model fitted to z-scores and LD: `fqtl.fit_summary`."""
