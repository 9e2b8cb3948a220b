"""Resource use of a release of GTEx's size: `make scale`."""
