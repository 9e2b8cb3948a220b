"""Convert weight files from one format to another.

Reads PredictDB (with the covariances beside it), FUSION (.pos), TIGAR and FOCUS, one file or a
folder of them, ours and those of others, and writes one of these. Files are checked first, as by
`fqtl check weights`, and what would make the result wrong is refused. Where a file does not tell
what the other format needs, it says so, and genotypes of a reference panel can take its place
(--panel). Files of folders within the folder go to folders of the same names.

converted.tsv lists what was written, converted_left_out.tsv.gz every gene and weight that was not,
with its reason. They are written whole or not at all. A conversion to a folder that has results
adds to them, and replaces those of the same file in the same format; other files are never written
over.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.cli.check_weights import AUDITS
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import count_from, genome_build, number_in
from fqtl.data.dosages import GenotypeSource
from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_tsv, write_tsv
from fqtl.weights.audit.acceptance import Reading, refuse_unsound
from fqtl.weights.audit.fault import Fault
from fqtl.weights.conversion import (
    NEEDS,
    Loaded,
    covariance_of_db,
    load_sets,
    on_build,
    require_told,
    with_panel,
    with_samples,
    with_variances,
    without,
)
from fqtl.weights.formats import FORMATS
from fqtl.weights.kinds import Kind, find_weights
from fqtl.weights.rs_places import with_places
from fqtl.weights.staging import Stage, staged
from fqtl.weights.weight_set import WeightSet

log = logging.getLogger(__name__)
CONVERTED, LEFT_OUT = "converted.tsv", "converted_left_out.tsv.gz"
SOURCE = ["from", "format"]  # what results belong to


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="file or folder of weights")
    parser.add_argument("--to", choices=list(FORMATS), required=True, help="format to write")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--model", default="", metavar="NAME", help="of a gene, where a file has several"
    )
    parser.add_argument(
        "--n-samples",
        type=count_from(1),
        metavar="N",
        help="where a file does not tell how many",
    )
    parser.add_argument(
        "--genome-build",
        type=genome_build,
        metavar="NAME",
        help="of the panel, or of weights that do not tell theirs",
    )
    parser.add_argument(
        "--rsids",
        type=Path,
        metavar="FILE",
        help="positions of rs numbers, for weights that have nothing else (PredictDB of GTEx v6p): "
        "a table with chr, pos, ref, alt and rsid, or what `fqtl rsids` made of it",
    )
    group = parser.add_argument_group("reference panel")
    group.add_argument(
        "--panel", type=Path, metavar="FILE", help="genotypes as .vcf.gz, .bcf, .bed or .pgen"
    )
    add_key(group, "genotypes.field")
    group.add_argument(
        "--min-found",
        type=number_in(0, 1),
        default=0.5,
        metavar="SHARE",
        help="of the variants that the panel must have, else it is refused",
    )


def run(given: Namespace) -> None:
    files = _files(given)
    source = _panel(given)
    with staged(given.out) as stage:
        remarks: list[Fault] = []
        rows: list[pd.DataFrame] = []
        dropped: list[pd.DataFrame] = []
        written: dict[tuple[Path, str], Path] = {}  # folder and name of a set → where it is from
        for loaded in _sets(given, files, remarks):
            folder = _folder(given, stage.folder, loaded.path)
            _refuse_same_name(written, folder, loaded.weights.name, loaded.path)
            row, left_out = _convert(given, stage, folder, loaded, source)
            rows.append(row)
            dropped.append(left_out)
        made, gone = pd.concat(rows, ignore_index=True), pd.concat(dropped, ignore_index=True)
        _require_some(given, made, gone)
        _write_tables(stage, made, gone)
    _tell(remarks)
    _sum_up(given, made, gone)


def _files(given: Namespace) -> list[tuple[Path, Kind]]:
    """Files of sets at the path, but for what was written to a folder within it before."""
    out = given.out.resolve()
    found = find_weights(given.path)
    for path, _ in found:
        # whatever its format: sets of other formats have files of the same names
        if path.parent.resolve() == _folder(given, given.out, path).resolve():
            raise FqtlError(f"{path} could be written over: give another folder (--out).")
    if not given.path.is_dir():
        return found
    # covariances and files of single genes are of no set by themselves
    sets = [entry for entry in found if entry[1] not in ("covariance", "fusion file")]
    sets = [entry for entry in sets if out not in entry[0].resolve().parents]
    if not sets:
        raise FqtlError(
            f"Nothing to convert in {given.path}: covariances and files of single genes alone."
        )
    return sets


def _sets(
    given: Namespace, files: list[tuple[Path, Kind]], remarks: list[Fault]
) -> Iterator[Loaded]:
    """Every set of the files, one after the other, each file looked at before it is read."""
    for path, kind in files:
        remarks += refuse_unsound(path, AUDITS[kind](path), _reading(given, path, kind))
        yield from load_sets(path, kind, given.model)


def _tell(remarks: list[Fault]) -> None:
    """Of each sort of what is amiss and did no harm, the first and the number of others."""
    by_sort: dict[str, list[Fault]] = {}
    for remark in remarks:
        by_sort.setdefault(remark.what, []).append(remark)
    for first, *others in by_sort.values():
        log.info("%s%s", first, f" and {len(others)} more such" if others else "")


def _reading(given: Namespace, path: Path, kind: Kind) -> Reading:
    """What of a file counts for the format that is asked for."""
    if kind != "predictdb":
        return Reading(model=given.model)
    used, beside = covariance_of_db(path)
    needed = given.panel is None and NEEDS[given.to] != "nothing"
    return Reading(unread=[file for file in beside if not (needed and file == used)])


def _convert(
    given: Namespace, stage: Stage, folder: Path, loaded: Loaded, source: GenotypeSource | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was made of a set, a row of `converted`, and rows of what of it was left out."""
    name, path = loaded.weights.name, ""
    weights, dropped = loaded.weights, pd.DataFrame(columns=["gene_id", "variant_id", "reason"])
    if len(weights.variants):
        loaded, weights, dropped = _ready(given, loaded, source)
    if len(weights.variants):
        path = os.path.relpath(_write(given, folder, loaded, weights), stage.folder)
    genes = without(loaded, weights)
    of = {"set": name, "from": str(loaded.path), "format": given.to}
    sizes = {"genes": len(weights.genes), "weights": len(weights.variants)}
    left = {"genes_left_out": len(genes), "weights_left_out": len(dropped)}
    made = pd.DataFrame([{**of, **sizes, **left, "path": path}])
    log.info(
        "%s: %d genes, %d weights; left out %d genes, %d weights",
        given.out / path if path else f"{loaded.path}, {name}",
        *sizes.values(),
        *left.values(),
    )
    gone = pd.concat([genes.assign(variant_id=""), dropped]).assign(**of)
    return made, gone[list(COLUMNS["converted_left_out"])]


def _require_some(given: Namespace, made: pd.DataFrame, gone: pd.DataFrame) -> None:
    if not made["genes"].any():
        reasons = "; ".join(_reasons(gone)) or "it lists none"
        raise FqtlError(f"{given.path} holds no gene that can be converted: {reasons}.")


def _reasons(gone: pd.DataFrame) -> list[str]:
    """Why genes were left out, with their numbers, the most frequent first."""
    genes = gone[gone["variant_id"] == ""]
    return [f"{count} {reason}" for reason, count in genes["reason"].value_counts().items()]


def _write_tables(stage: Stage, made: pd.DataFrame, gone: pd.DataFrame) -> None:
    """The tables of what was converted, with what other conversions to the folder made."""
    for name, kind, new in (
        (CONVERTED, "converted", made),
        (LEFT_OUT, "converted_left_out", gone),
    ):
        path = stage.place / name
        if path.is_file():
            before = read_tsv(path, kind)
            again = before.set_index(SOURCE).index.isin(made.set_index(SOURCE).index)
            if kind == "converted":
                _replace(stage, before[again])
            new = pd.concat([before[~again], new], ignore_index=True)
            stage.replaced.append(path)
        write_tsv(stage.folder / name, new, kind)


def _replace(stage: Stage, before: pd.DataFrame) -> None:
    """Give up the files of earlier conversions of the same files to the same format."""
    for row in before[before["path"] != ""].to_dict("records"):
        folder = (stage.place / row["path"]).parent
        stage.replaced.extend(FORMATS[row["format"]].files(folder, row["set"]))
        log.info("%s is replaced", stage.place / row["path"])


def _sum_up(given: Namespace, made: pd.DataFrame, gone: pd.DataFrame) -> None:
    genes, dropped = int(made["genes"].sum()), int(made["genes_left_out"].sum())
    reported = f" ({'; '.join(_reasons(gone))}), see {given.out / LEFT_OUT}" if dropped else ""
    log.info("%d of %d genes converted, %d left out%s", genes, genes + dropped, dropped, reported)


def _folder(given: Namespace, out: Path, path: Path) -> Path:
    """Where the sets of a file go: its place under the folder that was given, under `out`."""
    return out / path.parent.relative_to(given.path) if given.path.is_dir() else out


def _write(given: Namespace, folder: Path, loaded: Loaded, weights: WeightSet) -> Path:
    """The file of a set."""
    about = {"software": f"fqtl {fqtl.__version__}", "converted_from": loaded.path.name}
    if given.panel is not None:
        about["panel"] = given.panel.name
    return FORMATS[given.to].write(folder, weights, about)


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
) -> tuple[Loaded, WeightSet, pd.DataFrame]:
    """A set as its file tells it, as the format asked for needs it, and what was left out of it."""
    loaded, lost = _with_places(given, loaded)
    loaded = on_build(loaded, given.genome_build)
    dropped = lost[:0]
    if source is None:
        if NEEDS[given.to] != "nothing":
            loaded, dropped = with_variances(loaded)
        weights = require_told(loaded, given.to)
    else:
        weights, dropped = with_panel(loaded, source, given.genome_build, given.min_found)
    dropped = pd.concat([lost, dropped], ignore_index=True)
    return loaded, with_samples(weights, given.n_samples, given.to, loaded.path), dropped


def _with_places(given: Namespace, loaded: Loaded) -> tuple[Loaded, pd.DataFrame]:
    """The set with positions by rs numbers, if a table of them is given, and what it lacks."""
    if given.rsids is None:
        return loaded, pd.DataFrame(columns=["gene_id", "variant_id", "reason"], dtype=str)
    if given.genome_build is None:
        raise FqtlError(f"On which build is the table {given.rsids}? Give it (--genome-build).")
    return with_places(loaded, given.rsids, given.genome_build)


def _refuse_same_name(
    written: dict[tuple[Path, str], Path], folder: Path, name: str, path: Path
) -> None:
    other = written.setdefault((folder, name), path)
    if other is not path:
        raise FqtlError(
            f"Two sets are named {name}, in {other} and {path}: give one file at a time."
        )
