"""Weight files that TWAS programs read."""
