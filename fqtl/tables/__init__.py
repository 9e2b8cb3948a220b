"""Files between stages: their columns, how they are written, and reasons counted."""
