from fqtl.model.moments import Floats, Genotypes, Indices

def spike_slab_sweep(
    x: Genotypes,
    order: Indices,
    weight: Floats,
    score: Floats,
    score_variance: Floats,
    gradient: Floats,
    pip: Floats,
    slab_mean: Floats,
    slab_precision: Floats,
    inclusion: float,
    precision: float,
    tolerance: float,
) -> int: ...
def standardise_rows(x: Genotypes, mean: Floats, sd: Floats) -> int: ...
