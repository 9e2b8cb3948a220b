"""Keys of a panel that is simulated."""

from dataclasses import dataclass

from fqtl.config.keys import REQUIRED, key


@dataclass(frozen=True)
class Simulate:
    """A panel that is simulated before anything else, as in config/demo.yaml."""

    chromosome: int | str = key(REQUIRED, "chromosome that genes are simulated on", "a chromosome")
    effects: str = key(
        REQUIRED, "factors that the original analysis released", "the path of released effects"
    )
    seed: int = key(1, "of the panel", "a number that is not negative", low=0)
    null_genes: str | None = key(
        None, "genes of this BED that have no effects are added without any", "the path of a BED"
    )
    max_genes: int | None = key(
        None, "of either sort, with effects and without", "a number of genes", low=1
    )
    h2: float | None = key(
        None,
        "mean heritability that effects are scaled to; as released without it",
        "a share from 0 to 0.5",
        low=0,
        high=0.5,
        above=True,
    )
    noise_correlation: float = key(0, "of tissues", "a correlation", low=0, high=1)
