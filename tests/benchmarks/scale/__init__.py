"""What a release of GTEx's size costs: `make scale`."""
