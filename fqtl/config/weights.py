"""Keys of weight files, and of what a model must show to be in them."""

from dataclasses import dataclass
from typing import Literal

from fqtl.config.keys import key

WeightFormat = Literal["predictdb", "fusion", "tigar", "focus"]
TrainedOn = Literal["auto", "all", "unambiguous"]
Background = Literal["none", "sparse"]


@dataclass(frozen=True)
class Weights:
    """Weight files, and what a model must show to be in them."""

    formats: list[WeightFormat] = key(
        ["predictdb"],
        "files to write: predictdb (S-PrediXcan, S-MultiXcan, cTWAS), fusion (FUSION), tigar, "
        "focus",
    )
    factors: bool = key(
        True,
        "models of factors, beside those of tissues: true or false (there are none of a single "
        "tissue)",
    )
    variants: TrainedOn = key(
        "auto",
        "variants that models are trained on: all; unambiguous (changes of one base, not "
        "palindromic, with an rs number unless genotypes.rsids is none), since FUSION and FOCUS "
        "drop the others; or auto: unambiguous if fusion is among the formats",
    )
    phi: bool = key(
        False,
        "what a polygenic trait adds to the z² of each model, as the column phi of PredictDB "
        "files: true or false; all chromosomes of the genotypes are read once (docs/twas.md)",
    )
    background: Background = key(
        "none",
        "many small effects beside those that can be told apart: none fits without them; sparse "
        "fits with them and writes at most 20 variants of each tissue in their place, which hold "
        "nine tenths of their score (models predict hardly better, and have more variants)",
    )
    annotation: str | None = key(
        None,
        "GTF with names and types of genes (cTWAS keeps those of type protein_coding); without it "
        "that of the release, if it is there",
        "the path of a GTF",
    )
    min_pip: float = key(
        0.01,
        "probability from which a variant carries weight in a tissue; those of an effect's "
        "credible set, if its variants are in LD (purity of at least 0.5), carry weight in any "
        "case",
        "a probability above 0",
        low=0,
        high=1,
        above=True,
    )
    min_cv_r: float = key(
        0.1,
        "a model is released where its cross-validated correlation exceeds this …",
        "a correlation from 0 to 1",
        low=0,
        high=1,
        alone="cross-validated correlation that a model must exceed",
    )
    max_cv_p: float = key(
        0.05,
        "… its p-value is below this …",
        "a probability",
        low=0,
        high=1,
        alone="p-value of that correlation that a model must stay below",
    )
    min_gene_pip: float = key(
        0.1,
        "… and the probability that the gene has any effect in the tissue reaches this",
        "a probability",
        low=0,
        high=1,
        alone="probability that the gene has any effect in the tissue, which a model must reach",
    )
    max_q: float = key(
        0.05,
        "of genes that are fitted in one tissue alone, such a probability is 0.2 even of noise: of "
        "these, where there are permuted fits, the false discovery rate is at most this (few genes "
        "need several calibration.permutations to show it; 1 asks nothing)",
        "a false discovery rate",
        low=0,
        high=1,
        alone="false discovery rate of genes that are fitted in one tissue alone, whose "
        "probability of an effect is not small even of noise; asked where there are permuted fits",
    )
