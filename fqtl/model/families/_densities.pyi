from fqtl.model.arrays.moments import Floats

def expect(
    density: str,
    y: Floats,
    observed: Floats,
    trials: Floats,
    mean: Floats,
    variance: Floats,
    rules: tuple[tuple[float, Floats], ...],
    weight2: Floats,
    theta: Floats,
    first: Floats,
    second: Floats,
    out: Floats,
) -> None: ...
def elementary(x: Floats, out: Floats) -> None: ...
