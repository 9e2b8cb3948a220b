"""Blocks of chromosomes with the models that are in them, and the candidates of each.

Candidates of a block are its models and the variants of the panel between its ends. A model in a
tissue that says what a factor of its gene says (r² of at least COPY) is no candidate of its own:
the factor stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.gwas.places import bare
from fqtl.trait.associate import SetResult
from fqtl.trait.blocks import cuts
from fqtl.trait.models import Models
from fqtl.trait.over_tissues import gene_and_factor
from fqtl.trait.panel_ld import ChromosomeLD, PanelLD

GROUPS = ("variant", "tissue", "factor")
COPY = 0.95
WEIGHTY = 0.2  # squared loading, of the largest, from which a variant holds blocks together
JOINING = 3.0  # |z| of models that do
EDGE_BP = 100_000  # beyond the outermost variants of models on a chromosome
COMMON = Limits(min_maf=0.01, max_missing=0.1)


@dataclass(frozen=True)
class Block:
    """start, end : positions, both of it; members : set and number of each model with a z"""

    chrom: str
    start: int
    end: int
    members: list[tuple[int, int]]

    def strongest(self, tests: Sequence[SetResult]) -> float:
        return max(
            (abs(float(tests[i].calibrated[number])) for i, number in self.members), default=0.0
        )


@dataclass(frozen=True)
class Candidates:
    """What may explain a block, e of them.

    about : kind, gene_id, gene_name, tissue, factor, variant_id, pos and copies (tissues that a
        factor stands for, joined by commas)
    z : (e,); group : (e,) number of the kind in GROUPS; values : (e, n) with rows of length 1
    """

    block: Block
    about: pd.DataFrame
    z: np.ndarray
    group: np.ndarray
    values: np.ndarray


def blocks_of(
    tests: Sequence[SetResult],
    models: Models,
    panel: PanelLD,
    ends: dict[str, np.ndarray] | None = None,
) -> list[Block]:
    """Blocks in the order of the genome, those without a model left out.

    Blocks that an associated model spans are one: it would say in both what is in one of them.
    ends : of blocks that are given, by bare chromosome
    """
    found = []
    chroms, all_pos = models.variants["chrom"].to_numpy(), models.variants["pos"].to_numpy()
    reaches = _reaches(tests)
    for chrom in panel.chromosomes():
        ld = panel.on(chrom)
        at = np.flatnonzero(ld.row >= 0)
        at = at[np.argsort(all_pos[at], kind="stable")]
        if not len(at):
            continue
        first, last = int(all_pos[at[0]]) - EDGE_BP, int(all_pos[at[-1]]) + EDGE_BP
        if ends is None:
            inner = cuts(all_pos[at], ld.dosages[ld.row[at]])
        else:
            known = ends.get(bare(chrom), np.empty(0, dtype=int))
            inner = known[(known > first) & (known < last)]
        here = [reach for reach in reaches if chroms[reach.lead] == chrom]
        spans = np.array([(all_pos[r.variants].min(), all_pos[r.variants].max()) for r in here])
        across = [span for span, r in zip(spans, here, strict=True) if abs(r.z) >= JOINING]
        limits = np.concatenate([[first - 1], _not_within(inner, across), [last]])
        members: list[list[tuple[int, int]]] = [[] for _ in limits[1:]]
        for reach in here:
            place = int(np.searchsorted(limits, all_pos[reach.lead])) - 1
            members[min(max(place, 0), len(members) - 1)].append(reach.model)
        for i, mine in enumerate(members):
            if mine:
                found.append(Block(chrom, max(int(limits[i]) + 1, 1), int(limits[i + 1]), mine))
    return found


@dataclass(frozen=True)
class _Reach:
    """A model with a z, its variant of the largest loading, and all that weigh in it."""

    model: tuple[int, int]
    z: float
    lead: int
    variants: np.ndarray


def _reaches(tests: Sequence[SetResult]) -> list[_Reach]:
    found = []
    for i, result in enumerate(tests):
        for number in np.flatnonzero(np.isfinite(result.calibrated)):
            rows = result.models.rows(int(number))
            share = result.loadings[rows] ** 2
            share = share / share.max()
            variants = result.models.variant[rows]
            lead, z = int(variants[np.argmax(share)]), float(result.z[number])
            found.append(_Reach((i, int(number)), z, lead, variants[share >= WEIGHTY]))
    return found


def _not_within(cut: np.ndarray, spans: "list[np.ndarray]") -> np.ndarray:
    """Cuts that no span has on both of its sides: what they would part belongs together."""
    kept = [place for place in cut if not any(a <= place < b for a, b in spans)]
    return np.array(kept, dtype=int)


def region_of(source: GenotypeSource, block: Block) -> Genotypes:
    """Common variants of a block in the panel."""
    return source.read(block.chrom, block.start, block.end, source.donors, COMMON)


def candidates_of(
    block: Block,
    tests: Sequence[SetResult],
    models: Models,
    ld: ChromosomeLD,
    region: Genotypes,
    z: np.ndarray,
) -> Candidates:
    """Models and variants of a block.

    ld : of the block's chromosome; z : of the variants of the region, NaN where the GWAS has none
    """
    about, scores, values = _of_models(block, tests, ld)
    kept, copies = _without_copies(about, values)
    about = about.assign(copies=copies)[kept].reset_index(drop=True)
    seen = np.isfinite(z)
    sites = region.variants[seen]
    nothing = {"gene_id": "", "gene_name": "", "tissue": "", "factor": "", "copies": ""}
    alone = pd.DataFrame({"variant_id": sites["variant_id"], "pos": sites["pos"]})
    alone = alone.assign(kind="variant", **nothing)
    about = pd.concat([about, alone], ignore_index=True)
    dosages = region.dosages[seen].astype(float)
    dosages -= np.nanmean(dosages, axis=1, keepdims=True) if len(dosages) else 0.0
    values = np.vstack([values[kept], of_length_one(np.nan_to_num(dosages))])
    group = about["kind"].map({name: i for i, name in enumerate(GROUPS)}).to_numpy(dtype=int)
    return Candidates(block, about, np.concatenate([scores[kept], z[seen]]), group, values)


def of_length_one(values: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; those of nothing but 0 stay."""
    length = np.sqrt((values**2).sum(axis=1, keepdims=True))
    return np.asarray(values / np.where(length > 0, length, 1.0))


def _of_models(
    block: Block, tests: Sequence[SetResult], ld: ChromosomeLD
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """What is known of each model, its z, and what it predicts of the panel's people."""
    rows, values = [], []
    for i, number in block.members:
        result = tests[i]
        at = result.models.rows(number)
        gene = result.models.genes.iloc[number]
        name, factor = gene["gene_id"], ""
        if result.models.of_factors:
            genes, factors = gene_and_factor(result.models.genes["gene_id"].iloc[[number]])
            name, factor = str(genes[0]), str(factors[0])
        rows.append(
            {
                "kind": "factor" if result.models.of_factors else "tissue",
                "gene_id": name,
                "gene_name": gene["gene_name"],
                "tissue": "" if result.models.of_factors else result.models.tissue,
                "factor": factor,
                "variant_id": "",
                "pos": int(gene["start"]),
                "z": float(result.z[number]),
            }
        )
        loadings = result.loadings[at]
        used = np.flatnonzero(loadings)
        dosages = of_length_one(ld.dosages[ld.row[result.models.variant[at][used]]])
        values.append(loadings[used] @ dosages)
    table = pd.DataFrame(rows)
    return table.drop(columns="z"), table["z"].to_numpy(), of_length_one(np.array(values))


def _without_copies(about: pd.DataFrame, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(e,) which models are candidates, and the tissues that each stands for."""
    kept = np.ones(len(about), dtype=bool)
    copies: list[list[str]] = [[] for _ in range(len(about))]
    for rows in about.groupby("gene_id", sort=False).indices.values():
        kinds = about["kind"].to_numpy()[rows]
        factors, tissues = rows[kinds == "factor"], rows[kinds == "tissue"]
        if not len(factors) or not len(tissues):
            continue
        alike = (values[tissues] @ values[factors].T) ** 2
        for row, near in zip(tissues, alike, strict=True):
            if near.max() >= COPY:
                kept[row] = False
                copies[factors[int(np.argmax(near))]].append(about["tissue"].iloc[row])
    return kept, [",".join(names) for names in copies]
