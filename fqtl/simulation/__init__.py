"""A simulated panel whose effects are known, and how much of them a run found."""
