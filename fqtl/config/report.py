"""Keys of the report."""

from dataclasses import dataclass

from fqtl.config.keys import key


@dataclass(frozen=True)
class Report:
    """What the report of a run shows."""

    gene_pages: int = key(
        20,
        "genes, those of smallest q, that get a page of their own in genes/; 0 for none. "
        "`fqtl plot gene` makes further ones",
        "a number of genes",
        low=0,
    )
    loci: int = key(
        5,
        "associated blocks of each trait, those of the strongest variants, that are drawn; 0 for "
        "none. `fqtl plot locus` draws others",
        "a number of blocks",
        low=0,
    )
