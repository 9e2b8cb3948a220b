"""What fits give back: posteriors, credible sets, and results on disk."""
