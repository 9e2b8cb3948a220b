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
    trait_donors: int | None = key(
        None,
        "donors of the GWAS of a trait that follows some of these effects; no GWAS without it",
        "a number of donors",
        low=1,
    )
    trait_genes: int = key(
        8,
        "genes that the trait follows, by a factor or by one tissue in turn",
        "a number of genes of at least 1",
        low=1,
    )
    trait_variants: int = key(
        2,
        "variants that it follows by themselves, without any gene",
        "a number of variants",
        low=0,
    )
    trait_h2: float = key(
        0.02,
        "share of its variance that these explain together",
        "a share from 0 to 1",
        low=0,
        high=1,
        above=True,
    )
