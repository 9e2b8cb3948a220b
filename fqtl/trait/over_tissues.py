"""Genes over their tissues and factors: one test each, and all of them in one.

The correlation of a gene's z-scores over tissues follows from their loadings and the LD of all
variants that they use, which a file of joint covariances or a panel tells.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.association.combination import (
    Components,
    cauchy_combination,
    components_test,
    correlation_of,
)
from fqtl.gwas.effects import log_p_of
from fqtl.trait.associate import SetResult, text_column
from fqtl.trait.covariance_file import Asked, covariances
from fqtl.trait.models import Models
from fqtl.trait.panel_ld import PanelLD

NOTHING = Components(np.nan, np.nan, 0, np.nan)
FACTOR = r"^factor(\d+)_(.*)$"


@dataclass(frozen=True)
class Over:
    """A gene over its tissues and factors.

    members : (set, number) of its models in tissues that have a z; factors : those of factors
    variants : numbers of all variants of these, each once
    """

    gene_id: str
    members: list[tuple[int, int]]
    factors: list[tuple[int, int]]
    variants: np.ndarray


def gene_and_factor(names: "pd.Series[str]") -> tuple[np.ndarray, np.ndarray]:
    """Gene and number of the models of factors."""
    parts = names.str.extract(FACTOR)
    gene = parts[1].where(parts[1].notna(), names)
    return gene.to_numpy(dtype=object), parts[0].fillna("").to_numpy(dtype=object)


def genes_over(tests: list[SetResult]) -> list[Over]:
    """Every gene that has a z in any set, in the order in which they come."""
    members: dict[str, list[tuple[int, int]]] = {}
    factors: dict[str, list[tuple[int, int]]] = {}
    for i, result in enumerate(tests):
        names = result.models.genes["gene_id"]
        of_factors = result.models.of_factors
        genes = gene_and_factor(names)[0] if of_factors else names.to_numpy(dtype=object)
        into = factors if of_factors else members
        for number in np.flatnonzero(np.isfinite(result.calibrated)):
            into.setdefault(genes[number], []).append((i, int(number)))
    found = []
    for gene in dict.fromkeys([*members, *factors]):
        mine = members.get(gene, [])
        variants = [tests[i].models.variant[tests[i].models.rows(number)] for i, number in mine]
        union = np.unique(np.concatenate(variants)) if variants else np.empty(0, dtype=np.int32)
        found.append(Over(gene, mine, factors.get(gene, []), union))
    return found


def combined(
    genes: list[Over],
    tests: list[SetResult],
    models: Models,
    joint: Path | None,
    panel: PanelLD | None,
    max_condition: float,
) -> pd.DataFrame:
    """One row per gene: logarithms of p over tissues and over factors, and of both.

    joint : file of covariances over the variants of all tissues; of genes with one tissue nothing
        else is needed
    """
    ld = dict(_joint_tests(genes, tests, models, joint, panel, max_condition))
    every = [log_p_of(result.calibrated) for result in tests]
    rows = []
    for gene in genes:
        z = np.array([tests[i].calibrated[number] for i, number in gene.members])
        log_p = np.array([every[i][number] for i, number in gene.members])
        factor_log_p = np.array([every[i][number] for i, number in gene.factors])
        found = ld.get(gene.gene_id, NOTHING)
        if len(z) == 1:
            found = Components(float(log_p[0]), float(z[0] ** 2), 1, 1.0)
        of_factors = np.array([tests[i].calibrated[number] for i, number in gene.factors])
        of_tissues, of_all_factors = cauchy_combination(log_p), cauchy_combination(factor_log_p)
        best = int(np.argmin(log_p)) if len(z) else -1
        lead = int(np.argmin(factor_log_p)) if len(of_factors) else -1
        rows.append(
            {
                "gene_id": gene.gene_id,
                "n_tissues": len(z),
                "best_tissue": tests[gene.members[best][0]].models.tissue if best >= 0 else "",
                "best_z": z[best] if best >= 0 else np.nan,
                "log_p_tissues": of_tissues,
                "log_p_components": found.log_p,
                "n_components": found.components,
                "condition_number": found.condition,
                "n_factors": len(of_factors),
                "best_factor": _factor(tests, gene.factors[lead]) if lead >= 0 else "",
                "best_factor_z": of_factors[lead] if lead >= 0 else np.nan,
                "log_p_factors": of_all_factors,
                "log_p": cauchy_combination(np.array([of_tissues, of_all_factors])),
            }
        )
    return pd.DataFrame(rows)


def _factor(tests: list[SetResult], member: tuple[int, int]) -> str:
    which, number = member
    name = tests[which].models.genes["gene_id"].iloc[[number]]
    return str(gene_and_factor(name)[1][0])


def _joint_tests(
    genes: list[Over],
    tests: list[SetResult],
    models: Models,
    joint: Path | None,
    panel: PanelLD | None,
    max_condition: float,
) -> Iterator[tuple[str, Components]]:
    several = {gene.gene_id: gene for gene in genes if len(gene.members) > 1}
    for name, matrix in _matrices(several, models, joint, panel):
        gene = several[name]
        z = np.array([tests[i].calibrated[number] for i, number in gene.members])
        yield name, components_test(z, _correlation(gene, tests, matrix), max_condition)


def _matrices(
    genes: Mapping[str, Over], models: Models, joint: Path | None, panel: PanelLD | None
) -> Iterator[tuple[str, np.ndarray]]:
    """Covariance of the variants of each gene."""
    if panel is not None:
        chrom = models.variants["chrom"].to_numpy()
        for name in panel.chromosomes():
            ld = panel.on(name)
            for gene in genes.values():
                if chrom[gene.variants[0]] == name:
                    yield gene.gene_id, ld.covariance(gene.variants)
    elif joint is not None:
        sizes = [len(gene.variants) for gene in genes.values()]
        at = pa.array(np.concatenate([np.empty(0, int), *(g.variants for g in genes.values())]))
        ids, rsids = (
            text_column(models.variants[name]).take(at) for name in ("variant_id", "rsid")
        )
        first = np.concatenate([[0], np.cumsum(sizes, dtype=int)])
        asked = Asked(list(genes), first, ids, rsids)
        for number, matrix in covariances(joint, asked):
            yield asked.genes[number], matrix


def _correlation(gene: Over, tests: list[SetResult], covariance: np.ndarray) -> np.ndarray:
    """Correlation of z of a gene's tissues; NaN where the covariance lacks a variant in use."""
    place = {int(variant): i for i, variant in enumerate(gene.variants)}
    loadings = np.zeros((len(gene.members), len(gene.variants)))
    for row, (which, number) in enumerate(gene.members):
        result = tests[which]
        rows = result.models.rows(number)
        columns = [place[int(variant)] for variant in result.models.variant[rows]]
        loadings[row, columns] = result.loadings[rows]
    used = (loadings != 0).any(axis=0)
    loadings, covariance = loadings[:, used], covariance[np.ix_(used, used)]
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diagonal(covariance))
        return correlation_of(loadings, covariance / sd[:, None] / sd)
