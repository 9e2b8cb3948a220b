"""Weights of one format made ready for another, with a panel where a file tells too little.

| format | unit of genotype | covariance of dosages |
|---|---|---|
| PredictDB | copy | in a file beside it |
| TIGAR | copy | not told |
| FUSION, FOCUS | standard deviation | not told; ours tell standard deviations |

FUSION and PredictDB need all covariances, FOCUS the variances, TIGAR neither. What is not told
comes from genotypes of a reference panel. Weights keep the alleles that they have: a variant that
the panel has the other way round is counted the other way round there. A gene that a file tells of
and that is without weights is left out, with its reason.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.dosages import GenotypeSource
from fqtl.data.gtex_samples import tissue_name
from fqtl.data.panel import look_up, require_found
from fqtl.errors import FqtlError
from fqtl.weights.builds import one_build
from fqtl.weights.columns import UNNAMED
from fqtl.weights.focus import TABLES, focus_left_out, read_focus, tells_dosage_sd
from fqtl.weights.fusion import read_fusion, read_pos
from fqtl.weights.fusion_model import read_fusion_model
from fqtl.weights.kinds import Kind
from fqtl.weights.predictdb import has_varids, listed_genes, predictdb_files, read_predictdb
from fqtl.weights.sqlite import read_only
from fqtl.weights.tigar import read_genes, read_tigar, tigar_files
from fqtl.weights.weight_set import WeightSet, variant_ids

log = logging.getLogger(__name__)
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
NEEDS = {"predictdb": "pairs", "fusion": "pairs", "focus": "variances", "tigar": "nothing"}
PANEL = "Give genotypes of a reference panel (--panel and --genome-build)."
ONE_MODEL = {"predictdb": "A PredictDB", "tigar": "A table of TIGAR"}


def no_genes() -> pd.DataFrame:
    """A table of genes left out and their reasons, without any."""
    return pd.DataFrame({"gene_id": pd.Series(dtype=str), "reason": pd.Series(dtype=str)})


@dataclass(frozen=True)
class Loaded:
    """A set as a file tells it.

    path : the file
    weights : per copy of the effect allele, or else per standard deviation of genotype
    per_sd : which of the two
    left_out : gene_id and reason of the genes that it tells of without weights
    """

    path: Path
    weights: WeightSet
    per_sd: bool = False
    left_out: pd.DataFrame = field(default_factory=no_genes)


def load_sets(path: Path, kind: Kind, model: str = "") -> list[Loaded]:
    """The sets of a file, in the unit that it tells.

    model : which model of a gene is meant, in formats that hold several
    """
    if model and kind in ONE_MODEL:
        raise FqtlError(
            f"{path}: {ONE_MODEL[kind]} holds one model of each gene, without a name, so that "
            f"there is no {model} (--model). Leave --model out, or convert this file by itself."
        )
    return [_with_file_name(_with_weights(loaded)) for loaded in _read(path, kind, model)]


def covariance_of_db(path: Path) -> tuple[Path | None, list[Path]]:
    """The file of covariances that is read with a PredictDB, by varID if there is one, and all."""
    _, by_rsid, by_varid = predictdb_files(path.parent, path.stem)
    named = (by_varid, by_rsid) if has_varids(path) else (by_rsid,)
    beside = [file for file in named if file.is_file()]
    return (beside[0] if beside else None), beside


def _read(path: Path, kind: Kind, model: str) -> list[Loaded]:
    if kind == "predictdb":
        found = read_predictdb(path, covariance_of_db(path)[0])
        return [_told(path, found, listed_genes(path), "has no weights")]
    if kind == "tigar":
        name = path.name.removesuffix(".gz").removesuffix(".txt")
        genes = tigar_files(path.parent, name)[-1]
        if not genes.is_file():
            return [Loaded(path, read_tigar(path))]
        listed = read_genes(genes)["TargetID"]
        return [_told(path, read_tigar(path, genes), listed, "has no weights")]
    if kind == "fusion":
        per_sd = not _fusion_tells_sd(path)
        found = read_fusion(path, model, per_sd=per_sd)
        return [_told(path, found, read_pos(path)["ID"], "all its weights are 0", per_sd=per_sd)]
    if kind == "focus":
        return _read_focus(path, model)
    raise FqtlError(
        f"{path} holds {'one gene' if kind == 'fusion file' else 'covariances alone'}: expected a "
        "PredictDB or FOCUS db, a FUSION .pos or a TIGAR table."
    )


def _read_focus(path: Path, model: str) -> list[Loaded]:
    """The sets of a db; of a tissue that has no weights, one without genes."""
    with read_only(path, TABLES, "a FOCUS db") as connection:
        per_sd = not tells_dosage_sd(connection)
    sets = {found.name: found for found in read_focus(path, model, per_sd=per_sd)}
    dropped = dict(list(focus_left_out(path, model).groupby("tissue", sort=False)))
    nothing = pd.DataFrame(columns=["gene_id"])
    for tissue in dropped:
        sets.setdefault(str(tissue), WeightSet.of(str(tissue), "", 0, nothing, nothing, None))
    return [
        Loaded(
            path,
            found,
            per_sd,
            dropped[name][["gene_id", "reason"]] if name in dropped else no_genes(),
        )
        for name, found in sets.items()
    ]


def _told(
    path: Path, weights: WeightSet, listed: Iterable[str], reason: str, *, per_sd: bool = False
) -> Loaded:
    """A set, and of the genes that are listed those that it has not."""
    held = set(weights.genes["gene_id"])
    absent = [gene for gene in dict.fromkeys(listed) if gene not in held]
    left_out = pd.DataFrame({"gene_id": absent, "reason": reason}, dtype=str)
    return Loaded(path, weights, per_sd, left_out)


def _with_weights(loaded: Loaded) -> Loaded:
    """The set without genes all of whose weights are 0, and without rsids that are none."""
    weights = loaded.weights
    variants = weights.variants
    rsid = variants["rsid"].mask(variants["rsid"].isin(UNNAMED), "")
    weights = replace(weights, variants=variants.assign(rsid=rsid))
    weighted = variants["gene_id"][variants["weight"] != 0].unique()
    idle = weights.genes["gene_id"][~weights.genes["gene_id"].isin(weighted)]
    if idle.empty:
        return replace(loaded, weights=weights)
    dropped = pd.DataFrame({"gene_id": idle, "reason": "all its weights are 0"})
    left_out = pd.concat([loaded.left_out, dropped], ignore_index=True)
    return replace(loaded, weights=weights.among(weighted), left_out=left_out)


def _with_file_name(loaded: Loaded) -> Loaded:
    """The set by a name that files can have: `Whole Blood` is Whole_Blood."""
    name = loaded.weights.name
    found = file_name(name) or file_name(loaded.path.stem) or "weights"
    if found == name:
        return loaded
    log.warning("%s: the set %r is called %s, as its files are.", loaded.path, name, found)
    return replace(loaded, weights=replace(loaded.weights, name=found))


def file_name(words: str) -> str:
    """A name of letters, digits, dots, dashes and underscores; empty if nothing is left."""
    return NOT_IN_A_NAME.sub("_", tissue_name(words)).strip("._-")


def _fusion_tells_sd(path: Path) -> bool:
    """Whether the files of a list tell standard deviations; asked of the first."""
    listed = read_pos(path)
    if listed.empty:
        raise FqtlError(f"{path} lists no gene.")
    first = listed.iloc[0]
    return read_fusion_model(path.parent / first["WGT"], first["ID"]).dosage_sd is not None


def with_panel(
    loaded: Loaded, source: GenotypeSource, build: str, least: float
) -> tuple[WeightSet, pd.DataFrame]:
    """The set per copy, with covariances of a panel, and what of it the panel lacks.

    The second is a table of gene_id, variant_id and reason.

    build : genome build of the panel
    least : share of variants that has to be found
    """
    weights = loaded.weights
    require_places(loaded.path, weights)
    variants = weights.variants.assign(asked_for=variant_ids(weights.variants, build))
    panel = look_up(source, variants.assign(variant_id=variants["asked_for"]))
    require_found(panel, least, str(loaded.path), source)
    reported = panel.variants.reindex(variants["asked_for"]).reset_index(drop=True)
    dropped = variants[["gene_id", "variant_id"]].assign(reason=reported["reason"])
    kept = (reported["row"] >= 0).to_numpy()
    variants, reported = variants[kept], reported[kept]
    dosages = panel.dosages[reported["row"]]
    swapped = reported["swapped"].to_numpy()
    dosages[swapped] = 2 - dosages[swapped]
    weight = variants["weight"].to_numpy()
    if loaded.per_sd:
        weight = weight / dosages.std(axis=1, ddof=1)
    rsid = variants["rsid"].where(variants["rsid"] != "", reported["rsid"])
    variants = variants.assign(weight=weight, rsid=rsid, variant_id=variants["asked_for"])
    variants = variants.assign(frequency=dosages.mean(axis=1) / 2)
    rows = pd.Series(np.arange(len(variants))).groupby(variants["gene_id"].to_numpy(), sort=False)
    matrices = {gene: np.atleast_2d(np.cov(dosages[of])) for gene, of in rows.indices.items()}
    genes = weights.genes[weights.genes["gene_id"].isin(list(matrices))]
    made = WeightSet.of(
        weights.name,
        build,
        weights.n_samples,
        genes,
        variants,
        [matrices[gene] for gene in genes["gene_id"]],
    )
    return made, dropped[~kept]


def with_variances(loaded: Loaded) -> tuple[Loaded, pd.DataFrame]:
    """The set without variants whose variance a file of covariances gives as NA, and these.

    S-PrediXcan leaves them out of its models, too. The second is a table of gene_id, variant_id and
    reason.
    """
    weights = loaded.weights
    lost = weights.variants[["gene_id", "variant_id"]].assign(reason="its variance is NA")
    if weights.covariance is None:
        return loaded, lost[:0]
    known = ~np.isnan(weights.dosage_sd())
    if known.all():
        return loaded, lost[:0]
    kept = weights.of_variants(known)
    idle = weights.genes["gene_id"][~weights.genes["gene_id"].isin(kept.genes["gene_id"])]
    gone = pd.DataFrame({"gene_id": idle, "reason": "the variances of all its variants are NA"})
    left_out = pd.concat([loaded.left_out, gone], ignore_index=True)
    return replace(loaded, weights=kept, left_out=left_out), lost[~known]


def on_build(loaded: Loaded, build: str | None) -> Loaded:
    """The set on the build of the flag, if there is one and the file does not tell another."""
    path, weights = loaded.path, loaded.weights
    reported = one_build(path, [weights.genome_build], weights.variants["variant_id"])
    if build and reported and reported != build:
        raise FqtlError(
            f"{path} is on {reported}, and --genome-build says {build}: weights and panel have to "
            "be on one build."
        )
    if not build or weights.genome_build == build:
        return loaded
    ids = variant_ids(weights.variants, build)
    variants = weights.variants.assign(variant_id=ids)
    return replace(loaded, weights=replace(weights, genome_build=build, variants=variants))


def without(loaded: Loaded, made: WeightSet) -> pd.DataFrame:
    """gene_id and reason of every gene that a file tells of and that is not in what was made."""
    genes = loaded.weights.genes["gene_id"]
    dropped = genes[~genes.isin(made.genes["gene_id"])]
    reason = "none of its variants can be had from the panel"
    return pd.concat([loaded.left_out, pd.DataFrame({"gene_id": dropped, "reason": reason})])


def require_told(loaded: Loaded, target: str) -> WeightSet:
    """The set, if it tells what the format asked for needs."""
    path, weights = loaded.path, loaded.weights
    require_places(path, weights)
    if loaded.per_sd:
        raise FqtlError(
            f"{path} holds weights per standard deviation of genotype and does not tell the "
            f"standard deviations, without which there are no weights per copy. {PANEL}"
        )
    need = NEEDS[target]
    if need == "variances" and np.isnan(weights.dosage_sd()).any():
        raise FqtlError(
            f"{path} tells no variances of dosages, which {target} needs: its weights are per "
            f"standard deviation. {PANEL}"
        )
    covariance = weights.covariance
    if need == "pairs" and (covariance is None or np.isnan(covariance).any()):
        lacking = "" if covariance is None else f" ({int(np.isnan(covariance).sum())} pairs lack)"
        raise FqtlError(
            f"{path} does not tell the covariances of the variants of each gene{lacking}, which "
            f"{target} needs. {PANEL}"
        )
    return weights


def require_places(path: Path, weights: WeightSet) -> None:
    """Refuse genes without an id, weights that are no numbers, and variants without a place."""
    unnamed = weights.variants["gene_id"].isin(UNNAMED)
    if unnamed.any():
        first = weights.variants[unnamed].iloc[0]
        raise FqtlError(
            f"{path}: {int(unnamed.sum())} of {len(unnamed)} weights are of a gene without an id "
            f"({first['gene_id']!r}), the first of {first['rsid'] or first['variant_id']!r}."
        )
    wrong = weights.variants[~np.isfinite(weights.variants["weight"])]
    if len(wrong):
        first = wrong.iloc[0]
        raise FqtlError(
            f"{path}: {len(wrong)} of {len(weights.variants)} weights are no numbers, the first of "
            f"{first['rsid'] or first['variant_id']!r} of {first['gene_id']}; see "
            "`fqtl check weights`."
        )
    dropped = weights.variants[(weights.variants["pos"] == 0) | (weights.variants["chrom"] == "")]
    if len(dropped):
        first = dropped.iloc[0]
        raise FqtlError(
            f"{path} cannot be converted: {len(dropped)} of {len(weights.variants)} variants have "
            f"no position, the first {first['rsid'] or first['variant_id']!r} of "
            f"{first['gene_id']}. Expected it in a column varID of the table weights, as "
            "chr22_20003000_T_C_b38; the layout of GTEx v6p has none, and needs a table of rs "
            "numbers (--rsids and --genome-build)."
        )


def with_samples(weights: WeightSet, n_samples: int | None, target: str, path: Path) -> WeightSet:
    """The set with a number of samples, which FUSION cannot do without.

    n_samples : to be taken where the file does not tell it
    """
    if weights.n_samples == 0 and n_samples is not None:
        genes = weights.genes.assign(n_samples=n_samples)
        return replace(weights, n_samples=n_samples, genes=genes)
    if weights.n_samples == 0 and target == "fusion":
        raise FqtlError(
            f"{path} does not tell how many samples its weights were made of, which FUSION needs. "
            "Give it (--n-samples)."
        )
    return weights
