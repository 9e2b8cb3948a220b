"""Single effects on expression and on a trait, block by block: are they of one variant?

Effects on expression come with log Bayes factors at every variant of the gene's window, those on
the trait with its z-scores at the variants of a block. They meet at variants of one place and one
pair of alleles, whichever of these is counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fqtl.association.colocalisation import (
    HYPOTHESES,
    OVERLAP,
    ColocPriors,
    colocalise,
    log_bayes_factors,
    share_of,
)
from fqtl.association.single_effects import (
    START_VARIANCE,
    GroupPrior,
    learn_prior,
    log_bayes_factor,
)
from fqtl.gwas.places import bare
from fqtl.tables.columns import COLUMNS
from fqtl.tables.effects import Effect, GeneEffects
from fqtl.trait.fine_mapping import beside, fitted
from fqtl.trait.loci import Candidates

NOT_IN_GWAS = "the GWAS lacks the variants that hold most of the effect"
NOT_IN_WINDOW = "the gene's window lacks the variants that hold most of the trait's effect"


@dataclass(frozen=True)
class Signal:
    """An effect on the trait.

    probability : that it is there; NaN where one is taken to be
    log_bayes_factor : (v,) at the variants of its region
    """

    probability: float
    log_bayes_factor: np.ndarray


@dataclass(frozen=True)
class Region:
    """Variants with a z-score, and the effects on the trait among them.

    block : its number in loci.tsv.gz; None of a gene's window
    sites : (v,) places and alleles, see `sites_of`; ids : (v,) names
    """

    block: int | None
    chrom: str
    start: int
    end: int
    sites: pd.Index
    ids: np.ndarray
    z: np.ndarray
    signals: list[Signal]


def sites_of(ids: Iterable[str]) -> pd.Index:
    """Places and alleles of ids like chr22_20003000_T_C_b38, whichever allele is counted."""
    found = []
    for name in ids:
        chrom, pos, *alleles, _ = name.rsplit("_", 4)
        found.append((bare(chrom), int(pos), *sorted(alleles)))
    return pd.Index(found, tupleize_cols=False)


def regions_of(found: Sequence[Candidates], share: float) -> list[Region]:
    """Blocks with the effects of variants alone, models left out; the numbers are of loci.tsv.gz.

    share : probability of a variant beforehand to act on the trait
    """
    alone = [_variants_of(one) for one in found]
    variance = _variance([one.z for one in alone])
    prior = GroupPrior(np.array([share]), np.array([variance]))
    regions: list[Region] = []
    for chrom in dict.fromkeys(one.block.chrom for one in alone):
        at = [i for i, one in enumerate(alone) if one.block.chrom == chrom and len(one.z)]
        mine = [alone[i] for i in at]
        effects = fitted(mine, prior)
        for k, (number, one) in enumerate(zip(at, mine, strict=True)):
            z = beside(mine, effects, k)
            log_bf = log_bayes_factors(z, one.values, effects[k], variance)
            told = [effect for effect, _ in effects[k].sets()]
            told = told or [int(np.argmin(effects[k].absent))]
            signals = [Signal(1 - effects[k].absent[one], log_bf[one]) for one in told]
            ids = one.about["variant_id"].to_numpy()
            block = one.block
            regions.append(
                Region(number, chrom, block.start, block.end, sites_of(ids), ids, one.z, signals)
            )
    return sorted(regions, key=lambda region: region.block or 0)


def _variants_of(found: Candidates) -> Candidates:
    """A block without its models."""
    at = np.flatnonzero(found.group == 0)
    about = found.about.iloc[at].reset_index(drop=True)
    return Candidates(found.block, about, found.z[at], found.group[at], found.values[at])


def _variance(z: Sequence[np.ndarray]) -> float:
    """Of the z of an effect, as the regions tell it; they are added to one of START_VARIANCE."""
    start = GroupPrior(np.array([1e-4]), np.array([START_VARIANCE]))
    group = [np.zeros(len(one), dtype=int) for one in z]
    return float(learn_prior(z, group, start, np.zeros(1)).variance[0])


def windows_of(genes: Sequence[GeneEffects], z: "pd.Series[float]") -> list[Region]:
    """Windows of genes with one effect on the trait each, where nobody tells the LD.

    z : by the ids of the windows' variants, NaN where the GWAS has none
    """
    known = []
    for gene in genes:
        ids = np.array(gene.window.to_pylist(), dtype=object)
        mine = z.reindex(ids).to_numpy(dtype=float)
        known.append((gene, ids[np.isfinite(mine)], mine[np.isfinite(mine)]))
    variance = _variance([mine for _, _, mine in known if len(mine)])
    regions = []
    for gene, ids, mine in known:
        log_bf = log_bayes_factor(mine, np.full(len(mine), variance))
        signals = [Signal(np.nan, log_bf)] if len(mine) else []
        start, end = span_of(gene)
        regions.append(Region(None, gene.chrom, start, end, sites_of(ids), ids, mine, signals))
    return regions


def sites_table(gene: GeneEffects) -> pd.DataFrame:
    """Variants of a gene's window, as a GWAS is matched with them."""
    ids = gene.window.to_pylist()
    parts = [name.rsplit("_", 4) for name in ids]
    return pd.DataFrame(
        {
            "chrom": gene.chrom,
            "pos": [int(part[1]) for part in parts],
            "rsid": gene.rsids.to_pylist(),
            "variant_id": ids,
            "other_allele": [part[2] for part in parts],
            "effect_allele": [part[3] for part in parts],
        }
    )


def span_of(gene: GeneEffects) -> tuple[int, int]:
    """First and last position of a gene's window."""
    first, last = gene.window[0].as_py(), gene.window[-1].as_py()
    return int(first.rsplit("_", 4)[1]), int(last.rsplit("_", 4)[1])


def meets(gene: GeneEffects, region: Region) -> bool:
    """Whether a gene's window and a region share a place."""
    start, end = span_of(gene)
    return bare(gene.chrom) == bare(region.chrom) and start <= region.end and end >= region.start


def compared(gene: GeneEffects, region: Region, priors: ColocPriors) -> Iterator[dict[str, Any]]:
    """Rows of colocalisation.tsv.gz: each effect of a gene that lies in the region, and each
    effect on the trait that lies in the gene's window."""
    ids = gene.window.to_pylist()
    sites = sites_of(ids)
    pos = np.array([site[1] for site in sites])
    inside = np.flatnonzero((pos >= region.start) & (pos <= region.end))
    places = np.array([site[1] for site in region.sites])
    within = np.flatnonzero((places >= pos.min()) & (places <= pos.max()))
    first = ~region.sites.duplicated()
    at = pd.Series(np.arange(len(region.sites))[first], index=region.sites[first])
    there = at.reindex(sites).to_numpy(dtype=float)
    mine = np.flatnonzero(np.isfinite(there) & ~sites.duplicated())
    theirs = there[mine].astype(int)
    for effect in gene.effects:
        log_bf = effect.log_bayes_factor.astype(float)
        if share_of(log_bf, inside) < OVERLAP:
            continue
        for number, signal in enumerate(region.signals):
            if share_of(signal.log_bayes_factor, within) < OVERLAP:
                continue
            lead = int(np.argmax(signal.log_bayes_factor))
            shares = share_of(log_bf, mine), share_of(signal.log_bayes_factor, theirs)
            row = {
                "block": region.block,
                **_about(gene, effect),
                "effect_lead": ids[int(np.argmax(log_bf))],
                "trait_effect": number,
                "trait_probability": signal.probability,
                "trait_lead": region.ids[lead],
                "trait_lead_z": region.z[lead],
                "n_variants": len(mine),
                **dict.fromkeys(PROBABILITIES, np.nan),
                "shared_variant": "",
                "shared_pip": np.nan,
                "reason": _reason(*shares),
            }
            if not row["reason"]:
                both = log_bf[mine] + signal.log_bayes_factor[theirs]
                found = colocalise(log_bf[mine], signal.log_bayes_factor[theirs], priors)
                row |= dict(zip(PROBABILITIES, found, strict=True))
                best = int(np.argmax(both))
                row["shared_variant"] = ids[mine[best]]
                row["shared_pip"] = 1 / float(np.exp(both - both[best]).sum())
            yield row


PROBABILITIES = tuple(f"pp_h{number}" for number in range(HYPOTHESES))


def _about(gene: GeneEffects, effect: Effect) -> dict[str, Any]:
    return {
        "gene_id": gene.gene_id,
        "kind": "tissue" if effect.factor is None else "factor",
        "tissue": effect.tissue or "",
        "factor": "" if effect.factor is None else str(effect.factor),
        "tissues": ",".join(effect.tissues),
        "set": effect.set,
        "effect_pip": effect.pip,
    }


def _reason(of_effect: float, of_signal: float) -> str:
    if of_effect < OVERLAP:
        return NOT_IN_GWAS
    return NOT_IN_WINDOW if of_signal < OVERLAP else ""


def table_of(rows: list[dict[str, Any]], names: dict[str, str]) -> pd.DataFrame:
    """Rows by the probability of one variant for both, the largest first; names : of genes."""
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS[KIND] if name != "gene_name"])
    table["gene_name"] = table["gene_id"].map(names).fillna("").astype(str)
    table["block"] = table["block"].astype("Int64")
    table = table.sort_values("pp_h4", ascending=False, kind="stable", na_position="last")
    return table[list(COLUMNS[KIND])].reset_index(drop=True)


KIND = "colocalisation"


def with_colocalisation(loci: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """loci.tsv.gz with the largest probability of H4 of an effect of the lead gene in the block."""
    best = table.dropna(subset=["pp_h4"]).groupby(["block", "gene_id"])["pp_h4"].max()
    keys = zip(loci["block"], loci["gene_id"], strict=True)
    return loci.assign(pp_h4=[best.get(key, np.nan) for key in keys])
