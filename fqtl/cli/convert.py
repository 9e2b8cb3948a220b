"""Convert weight files from one format to another.

Reads PredictDB (with the covariances beside it), FUSION (.pos), TIGAR and FOCUS, one file or a
folder of them, ours and those of others, and writes one of these. Where a file does not tell what
the other format needs, it says so, and genotypes of a reference panel can take its place
(--panel). Weights that the panel lacks are left out and listed. Files of folders within the folder
go to folders of the same names.
"""

import logging
import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.audit.fault import ambiguous
from fqtl.conversion import Loaded, load_sets, require_told, with_panel, with_samples
from fqtl.data.genotypes import BUILD_TAGS, GenotypeSource, open_genotypes
from fqtl.errors import FqtlError
from fqtl.tables import COLUMNS, write_tsv
from fqtl.weights.formats import FORMATS
from fqtl.weights.kinds import find_weights
from fqtl.weights.weight_set import WeightSet, variant_ids

log = logging.getLogger(__name__)
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
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
    _refuse_flags(given)
    source = _panel(given)
    rows: list[tuple[str, str, int, int, int, str]] = []
    lost = [pd.DataFrame(columns=LOST)]
    written: dict[tuple[Path, str], Path] = {}  # folder and name of a set → where it is from
    for loaded in _sets(given):
        weights, left_out = _ready(given, loaded, source)
        folder = _folder(given, loaded.path)
        if not NAME.fullmatch(weights.name):
            raise FqtlError(
                f"{loaded.path}: expected a tissue of letters, digits, dots, dashes and "
                f"underscores, as file names and lists have it; found {weights.name!r}."
            )
        _refuse_same_name(written, folder, weights.name, loaded.path)
        path = _write(given, folder, loaded, weights)
        size = (len(weights.genes), len(weights.variants), len(left_out))
        rows.append((weights.name, str(loaded.path), *size, os.path.relpath(path, given.out)))
        lost.append(left_out.assign(set=weights.name))
        log.info("%s: %d genes, %d weights, %d left out", path, *size)
    if not rows:
        raise FqtlError(
            f"Nothing to convert in {given.path}: covariances and files of single genes alone."
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS["converted"]))
    write_tsv(given.out / "converted.tsv", table, "converted")
    gone = pd.concat(lost, ignore_index=True)[LOST]
    write_tsv(given.out / "converted_left_out.tsv.gz", gone, "converted_left_out")


def _refuse_flags(given: Namespace) -> None:
    """Numbers that mean nothing, and files that would take the place of those they come from."""
    if given.n_samples is not None and given.n_samples < 1:
        raise FqtlError(f"--n-samples: expected at least 1, found {given.n_samples}.")
    if not 0 <= given.min_found <= 1:
        raise FqtlError(f"--min-found: expected 0 to 1, found {given.min_found:g}.")
    for path, _ in find_weights(given.path):
        # whatever its format: sets of other formats have files of the same names
        if path.parent.resolve() == _folder(given, path).resolve():
            raise FqtlError(f"{path} could be written over: give another folder (--out).")


def _sets(given: Namespace) -> Iterator[Loaded]:
    """Every set at the path, one after the other."""
    for path, kind in find_weights(given.path):
        if given.path.is_dir() and kind in ("covariance", "fusion file"):
            continue  # of no set by themselves
        yield from load_sets(path, kind, given.model)


def _folder(given: Namespace, path: Path) -> Path:
    """Where the sets of a file go: its place under the folder that was given, under --out."""
    return given.out / path.parent.relative_to(given.path) if given.path.is_dir() else given.out


def _write(given: Namespace, folder: Path, loaded: Loaded, weights: WeightSet) -> Path:
    """The file of a set, with a remark on what its readers drop."""
    about = {"software": f"fqtl {fqtl.__version__}", "converted_from": loaded.path.name}
    if given.panel is not None:
        about["panel"] = given.panel.name
    path = FORMATS[given.to].write(folder, weights, about)
    variants = weights.variants
    for remark in ambiguous(path, variants["other_allele"], variants["effect_allele"]):
        log.info("%s", remark)
    return path


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
    """The set on the build of the flag, if there is one and the file does not tell another."""
    weights = loaded.weights
    if not build or weights.genome_build == build:
        return weights
    if weights.genome_build:
        raise FqtlError(
            f"{loaded.path} is on {weights.genome_build}, and --genome-build says {build}: "
            "weights and panel have to be on one build."
        )
    ids = variant_ids(weights.variants, build)
    return replace(weights, genome_build=build, variants=weights.variants.assign(variant_id=ids))


def _refuse_same_name(
    written: dict[tuple[Path, str], Path], folder: Path, name: str, path: Path
) -> None:
    other = written.setdefault((folder, name), path)
    if other is not path:
        raise FqtlError(
            f"Two sets are named {name}, in {other} and {path}: give one file at a time."
        )
