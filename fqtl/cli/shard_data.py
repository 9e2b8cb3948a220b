"""What jobs that fit genes of a shard have in common: the model's flags, and the data of a gene."""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fqtl.cli.flags import add_key
from fqtl.config.together import refuse_background
from fqtl.data.covariates import read_covariates, values_of
from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.data.gene import GeneData
from fqtl.data.sex import MALE, require_known
from fqtl.data.windows import sliding_windows
from fqtl.errors import FqtlError
from fqtl.model.engines import ENGINES

log = logging.getLogger(__name__)
COUNTED = ("nb", "nb_pseudo")


def add_model(parser: ArgumentParser) -> None:
    """Flags of the model of a gene."""
    model = parser.add_argument_group("model")
    add_key(model, "model.family")
    add_key(model, "model.engine", choices=list(ENGINES))
    add_key(model, "model.rank", metavar="K")
    add_key(model, "model.factored")
    add_key(model, "weights.background")
    add_key(model, "seed")


def model_of(given: Namespace) -> dict[str, Any]:
    """Arguments of `fqtl.fit`, by the flags of `add_model`."""
    refuse_background(given.background, given.engine)
    names = ("family", "engine", "rank", "factored", "seed")
    background = given.background != "none"
    return {**{name: getattr(given, name) for name in names}, "background": background}


def gene_windows(
    genes: list[GeneData], donors: list[str], source: GenotypeSource, given: Namespace
) -> Iterator[tuple[GeneData, Genotypes]]:
    """Every gene, in the order of position; its window of genotypes goes with it."""
    reach = given.cis_window_bp
    spans = [(gene.chrom, max(gene.tss - reach, 1), gene.tss + reach) for gene in genes]
    limits = Limits(given.min_maf, given.max_missing)
    return zip(genes, sliding_windows(source, spans, donors, limits), strict=True)


def failure_of(record: dict[str, Any]) -> str:
    """Why the gene of a record of the store failed; empty where it did not."""
    return str(record["reason"]) if record["status"] == "failed" else ""


def covariates_of(path: Path | None, donors: list[str]) -> np.ndarray | None:
    """(n, q) covariates of all donors, for the model."""
    if path is None:
        return None
    found = read_covariates(path)
    absent = sorted(set(donors) - set(found.donors))
    if absent:
        raise FqtlError(
            f"{path} lacks {len(absent)} of {len(donors)} donors, the first {absent[0]}. `fqtl "
            "prepare --donor-covariates-in-model` leaves donors without covariates out."
        )
    return values_of(found, donors)


def is_male_of(
    source: GenotypeSource, genes: list[GeneData], donors: list[str]
) -> np.ndarray | None:
    """(n,) of the donors, if any gene is on a chromosome of which one sex has one copy."""
    chrom = next((gene.chrom for gene in genes if source.sexes.with_one_copy(gene.chrom)), "")
    if not chrom:
        return None
    sex = source.sex_of(donors)
    require_known(sex, donors, chrom, source.path)
    male = sex == MALE
    log.info(
        "%s: one copy counts as two; %d males and %d females, and sex is %s",
        chrom,
        male.sum(),
        (~male).sum(),
        "a covariate of the fits" if 0 < male.sum() < len(male) else "no covariate: all are alike",
    )
    return male


def refuse_other_values(family: str, genes: list[GeneData]) -> None:
    """Counts with library sizes are for families of counts, and these need them."""
    counted = any(gene.offset is not None for gene in genes)
    if counted and family not in COUNTED:
        raise FqtlError(
            f"Counts with library sizes (prepare.scale: counts) are for the families "
            f"{' and '.join(COUNTED)}, found model.family: {family}. Other families take "
            "prepare.scale: inverse_normal or log_cpm."
        )
    if genes and not counted and family in COUNTED:
        raise FqtlError(
            f"model.family: {family} takes counts of reads, but the shard holds other values. Set "
            "prepare.values: counts and prepare.scale: counts."
        )
