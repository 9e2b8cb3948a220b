"""What the model computes with: moments, checked and standardised arrays, passes over variants."""
