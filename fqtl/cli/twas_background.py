"""Polygenic background in `fqtl twas`: its flags, and phi of the models."""

import logging
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np

from fqtl.association.background import inflation
from fqtl.cli.ranges import SHARE, number_in
from fqtl.data.dosages import GenotypeSource
from fqtl.errors import FqtlError
from fqtl.trait.associate import SetResult
from fqtl.trait.models import Models
from fqtl.trait.panel_ld import PanelLD
from fqtl.trait.polygenic import background_of

log = logging.getLogger(__name__)


def add_background(group: Any) -> None:
    group.add_argument(
        "--gwas-n", type=number_in(1), metavar="N", help="donors of the GWAS; with --gwas-h2"
    )
    group.add_argument(
        "--gwas-h2",
        type=SHARE,
        metavar="H2",
        help="heritability of the trait by all variants: z is divided by √(1 + N h² φ), what a "
        "polygenic trait gives models without an effect; φ is that of the models (`fqtl phi`) or "
        "else of --ld-panel",
    )


def calibrate(
    given: Namespace,
    models: Models,
    tests: Sequence[SetResult],
    panel: PanelLD | None,
    source: GenotypeSource | None,
) -> dict[str, Any]:
    """Set the inflation of all tests, and tell of it for audit.json; nothing if none is asked."""
    if given.gwas_n is None and given.gwas_h2 is None:
        return {}
    if given.gwas_n is None or given.gwas_h2 is None:
        lacking = "--gwas-n" if given.gwas_n is None else "--gwas-h2"
        raise FqtlError(f"Calibration needs --gwas-n and --gwas-h2; {lacking} is not given.")
    told = [found.genes["phi"].to_numpy(dtype=float) for found in models.sets]
    where = "the models"
    lacking_sets = [
        found for found, phi in zip(models.sets, told, strict=True) if np.isnan(phi).all()
    ]
    if lacking_sets:
        if panel is None or source is None:
            raise FqtlError(
                f"{lacking_sets[0].path} does not tell phi of its models ({len(lacking_sets)} of "
                f"{len(models.sets)} sets), which --gwas-n and --gwas-h2 need: add it by `fqtl "
                "phi`, or give genotypes of a reference panel (--ld-panel)."
            )
        log.info(
            "phi of all sets is computed from %s, as %d of them do not tell it",
            *(source.path, len(lacking_sets)),
        )
        told, where = background_of(models, panel, source).phi, str(source.path)
    for result, phi in zip(tests, told, strict=True):
        result.inflate(phi, inflation(phi, given.gwas_n, given.gwas_h2))
    known = np.concatenate(told)
    known = known[np.isfinite(known)]
    return {
        "polygenic_background": {
            "donors": given.gwas_n,
            "h2": given.gwas_h2,
            "phi_of": where,
            "median_phi": float(np.median(known)),
            "models_without_phi": int(sum(np.isnan(phi).sum() for phi in told)),
        }
    }
