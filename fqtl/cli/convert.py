"""Convert weight files from one format to another.

Reads PredictDB (with the covariances beside it), FUSION (.pos), TIGAR and FOCUS, one file or a
folder of them, ours and those of others, and writes one of these. Where a file does not tell what
the other format needs, it says so, and genotypes of a reference panel can take its place
(--panel). Weights that the panel lacks are left out and listed.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.audit.fault import ambiguous
from fqtl.conversion import Loaded, load_sets, require_told, with_panel, with_samples
from fqtl.data.genotypes import BUILD_TAGS, GenotypeSource, open_genotypes
from fqtl.errors import FqtlError
from fqtl.tables import write_tsv
from fqtl.weights.formats import FORMATS
from fqtl.weights.kinds import find_weights
from fqtl.weights.weight_set import WeightSet, variant_ids

log = logging.getLogger(__name__)
LOST = ["set", "gene_id", "variant_id", "reason"]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="file or folder of weights")
    parser.add_argument("--to", choices=list(FORMATS), required=True, help="format to write")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--model", default="", metavar="NAME", help="of a gene, where a file has several"
    )
    parser.add_argument(
        "--n-samples", type=int, metavar="N", help="where a file does not tell how many"
    )
    parser.add_argument(
        "--genome-build",
        choices=list(BUILD_TAGS),
        help="of the panel, or of weights that do not tell theirs",
    )
    group = parser.add_argument_group("reference panel")
    group.add_argument(
        "--panel", type=Path, metavar="FILE", help="genotypes as .vcf.gz, .bcf, .bed or .pgen"
    )
    group.add_argument(
        "--field", choices=["GT", "DS"], default="GT", help="calls or imputed dosages [GT]"
    )
    group.add_argument(
        "--min-found",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="of the variants that the panel must have, else it is refused [0.5]",
    )


def run(given: Namespace) -> None:
    source = _panel(given)
    kept: dict[str, list[tuple[Loaded, WeightSet]]] = {}
    lost = []
    for path, kind in find_weights(given.path):
        if given.path.is_dir() and kind in ("covariance", "fusion file"):
            continue  # of no set by themselves
        for loaded in load_sets(path, kind, given.model):
            weights, left_out = _ready(given, loaded, source)
            kept.setdefault(weights.name, []).append((loaded, weights))
            lost.append(left_out.assign(set=weights.name))
    _refuse_same_names(kept)
    rows = []
    for name, ((loaded, weights),) in kept.items():
        about = {
            "software": f"fqtl {fqtl.__version__}",
            "converted_from": loaded.path.name,
            **({"panel": given.panel.name} if source else {}),
        }
        written = FORMATS[given.to].write(given.out, weights, about)
        gone = len(loaded.weights.variants) - len(weights.variants)
        size = (len(weights.genes), len(weights.variants), gone)
        rows.append((name, str(loaded.path), *size, os.path.relpath(written, given.out)))
        log.info("%s: %d genes, %d weights, %d left out", written, *size)
        alleles = weights.variants["other_allele"], weights.variants["effect_allele"]
        for remark in ambiguous(written, *alleles):
            log.info("%s", remark)
    columns = ["set", "from", "genes", "weights", "left_out", "path"]
    write_tsv(given.out / "converted.tsv", pd.DataFrame(rows, columns=columns), "converted")
    write_tsv(
        given.out / "converted_left_out.tsv.gz",
        pd.concat(lost, ignore_index=True)[LOST],
        "converted_left_out",
    )


def _panel(given: Namespace) -> GenotypeSource | None:
    if given.panel is None:
        return None
    if given.genome_build is None:
        raise FqtlError(f"On which build is the panel {given.panel}? Give it (--genome-build).")
    source = open_genotypes(given.panel, given.genome_build, given.field)
    other = source.other_build()
    if other:
        raise FqtlError(
            f"The panel is said to be on {given.genome_build}, but {other}: {source.path}."
        )
    return source


def _ready(
    given: Namespace, loaded: Loaded, source: GenotypeSource | None
) -> tuple[WeightSet, pd.DataFrame]:
    """The set for the format asked for, and what was left out of it."""
    loaded = replace(loaded, weights=_on_build(loaded, given.genome_build))
    lost = pd.DataFrame(columns=LOST[1:])
    if source is None:
        weights = require_told(loaded, given.to)
    else:
        weights, lost = with_panel(loaded, source, given.genome_build, given.min_found)
    return with_samples(weights, given.n_samples, given.to, loaded.path), lost


def _on_build(loaded: Loaded, build: str | None) -> WeightSet:
    """The set with a build, if the file does not tell one and the flag does."""
    weights = loaded.weights
    if weights.genome_build or not build:
        return weights
    ids = variant_ids(weights.variants, build)
    return replace(weights, genome_build=build, variants=weights.variants.assign(variant_id=ids))


def _refuse_same_names(kept: dict[str, list[tuple[Loaded, WeightSet]]]) -> None:
    for name, several in kept.items():
        if len(several) > 1:
            paths = " and ".join(str(loaded.path) for loaded, _ in several[:2])
            raise FqtlError(
                f"{len(several)} sets are named {name}, in {paths}: give one file at a time."
            )
    if not kept:
        raise FqtlError("Nothing to convert: only covariances and files of single genes are there.")
