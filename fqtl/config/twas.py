"""Keys of the association of traits with predicted expression."""

from dataclasses import dataclass
from typing import Literal

from fqtl.config.keys import key

ModelsOfRun = Literal["filtered", "unfiltered"]
Missing = Literal["impute", "leave-out"]


@dataclass(frozen=True)
class Twas:
    """Traits that are tested with the weights of the run."""

    traits: str | None = key(
        None,
        "sheet of traits: trait and gwas (the file of its GWAS), and if it must be said "
        "genome_build, columns, study, chain, n and h2 (docs/twas.md); null for none. "
        "weights.formats must have predictdb",
        "the path of a sheet",
    )
    set: ModelsOfRun = key(
        "filtered",
        "models of the run that are tested: those that passed cross-validation (filtered), or all "
        "(unfiltered)",
        alone="of a folder of this project: genes that passed cross-validation, or all",
    )
    missing: Missing = key(
        "impute",
        "variants of a model that the GWAS lacks: impute (their z-scores, from LD) or leave-out",
        alone="variants of a model that the GWAS lacks: impute their z-scores from LD, or leave "
        "out",
    )
    min_imputation_r2: float = key(
        0.6,
        "squared correlation with which a variant must be imputed; else it is left out",
        "a squared correlation from 0 to 1",
        low=0,
        high=1,
        alone="squared correlation with which a variant must be imputed, else it is left out",
    )
    permutations: int = key(
        0,
        "orders, at most, in which the effects of a model are given to its variants, as FUSION's "
        "--perm does; 0 for none. Large z of a strong locus, whatever the weights, show so",
        "a number of permutations",
        low=0,
        alone="orders, at most, in which effects of a model are given to its variants; 0 for none",
    )
    min_matched: float = key(
        0.5,
        "share of the models' variants on the chromosomes of the GWAS that must be in it; below it "
        "the run stops",
        "a share from 0 to 1",
        low=0,
        high=1,
        alone="of the models' variants on the GWAS' chromosomes, else the run stops",
    )
    fine_mapping: bool = key(
        True,
        "which gene, tissue or factor explains each associated locus, beside single variants: true "
        "or false; the genotypes of the run tell the LD",
        alone="tell which gene, tissue or factor explains each associated locus",
    )
    colocalisation: bool = key(
        True,
        "tell whether effects on expression and on the trait are of one variant "
        "(colocalisation.tsv.gz): true or false",
    )
    coloc_p1: float = key(
        1e-4,
        "prior probability of a variant to act on expression and not on the trait",
        "a probability above 0, at most 0.5",
        low=0,
        high=0.5,
        above=True,
    )
    coloc_p2: float = key(
        1e-4,
        "of a variant to act on the trait and not on expression",
        "a probability above 0, at most 0.5",
        low=0,
        high=0.5,
        above=True,
        alone="prior probability of a variant to act on the trait and not on expression",
    )
    coloc_p12: float = key(
        5e-6,
        "of a variant to act on both, not above these; defaults are those of coloc.bf_bf",
        "a probability above 0, at most 0.5",
        low=0,
        high=0.5,
        above=True,
        alone="prior probability of a variant to act on both, not above these",
    )
