"""What the rules of the workflow ask before any job: tissues, files, flags. Needs no arrays."""
