from fqtl.model.moments import Floats, Genotypes, Indices

def dot_rows(
    x: Genotypes, index: Indices, gradient: Floats, weight: Floats, xg: Floats, xxw: Floats
) -> None: ...
def add_rows(
    x: Genotypes,
    index: Indices,
    first: Floats,
    second: Floats,
    total: Floats,
    squares: Floats,
) -> None: ...
def standardise_rows(x: Genotypes, mean: Floats, sd: Floats) -> int: ...
