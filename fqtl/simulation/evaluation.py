"""Evaluation of a run against the simulated truth."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from fqtl.tables.fits import CALL

RATES = (0.01, 0.05, 0.1, 0.2, 0.3)  # promised false discovery rates that are compared with true


@dataclass(frozen=True)
class Recovery:
    """Recovery of the simulated truth.

    genes : genes with simulated effects
    null_genes : genes without
    tissue_auprc : mean over genes with simulated effects of the average precision of tissues; none
        where nothing was simulated
    tissue_auprc_by_chance : the same if tissues were ranked at random
    pairs_simulated : gene-tissue pairs with an effect, whether they were fitted or not
    pairs_called : pairs with PIP > 0.5
    pairs_found : pairs called that were simulated
    false_discovery_proportion : share of the called pairs that were not
    false_discovery_promised : the same if PIPs were exact: mean of 1 - PIP over the called pairs
    null_genes_called : genes without effects that have any called pair
    """

    genes: int
    null_genes: int
    tissue_auprc: float | None
    tissue_auprc_by_chance: float | None
    pairs_simulated: int
    pairs_called: int
    pairs_found: int
    false_discovery_proportion: float
    false_discovery_promised: float
    null_genes_called: int

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def pairs_with_truth(
    prediction: pd.DataFrame, truth: pd.DataFrame, simulated: pd.DataFrame
) -> pd.DataFrame:
    """Every gene-tissue pair that was simulated or fitted: gene_id, tissue, pip, q, simulated.

    What was simulated but not fitted was not found: its pip is 0.
    """
    by = ["gene_id", "tissue"]
    fitted = prediction.loc[prediction["gene_id"].isin(simulated["gene_id"]), [*by, "pip", "q"]]
    pairs = fitted.merge(truth[by].drop_duplicates().assign(simulated=True), on=by, how="outer")
    pairs = pairs.sort_values(by, ignore_index=True)
    return pairs.assign(pip=pairs["pip"].fillna(0.0), simulated=pairs["simulated"].notna())


def recovery(pairs: pd.DataFrame) -> Recovery:
    """Summary of pairs as `pairs_with_truth` gives them."""
    # imported here: the report of data without a simulated truth needs no scikit-learn
    from sklearn.metrics import average_precision_score

    by_gene = pairs.groupby("gene_id")
    any_simulated = by_gene["simulated"].any()
    with_effect = pairs[pairs["gene_id"].map(any_simulated)]
    precision = [
        average_precision_score(rows["simulated"], rows["pip"])
        for _, rows in with_effect.groupby("gene_id")
    ]
    called = pairs["pip"] > CALL
    found = int((called & pairs["simulated"]).sum())
    null_called = called.groupby(pairs["gene_id"]).any() & ~any_simulated
    return Recovery(
        genes=int(any_simulated.sum()),
        null_genes=int((~any_simulated).sum()),
        tissue_auprc=float(np.mean(precision)) if precision else None,
        tissue_auprc_by_chance=(
            float(with_effect.groupby("gene_id")["simulated"].mean().mean()) if precision else None
        ),
        pairs_simulated=int(pairs["simulated"].sum()),
        pairs_called=int(called.sum()),
        pairs_found=found,
        false_discovery_proportion=float(1 - found / max(called.sum(), 1)) if called.any() else 0.0,
        false_discovery_promised=float((1 - pairs["pip"][called]).mean()) if called.any() else 0.0,
        null_genes_called=int(null_called.sum()),
    )


def false_discoveries(rate: "pd.Series[float]", simulated: "pd.Series[bool]") -> pd.DataFrame:
    """Promised and true share of false discoveries, for each of RATES.

    rate : false discovery rate at which each hypothesis is found; NaN where it was not tested
    simulated : whether it is true
    """
    rows = []
    for promised in RATES:
        called = (rate <= promised).to_numpy()
        wrong = int((~simulated.to_numpy())[called].sum())
        found = int(called.sum())
        rows.append(
            {"promised": promised, "found": found, "false": wrong / found if found else 0.0}
        )
    return pd.DataFrame(rows)


def rate_of_pips(pip: "pd.Series[float]") -> "pd.Series[float]":
    """False discovery rate that PIPs promise of themselves: mean of 1 - PIP of all as large."""
    order = (-pip).argsort(kind="stable")
    running = (1 - pip.iloc[order]).cumsum() / np.arange(1, len(pip) + 1)
    return running.reindex(pip.index)


def compared(
    fits: pd.DataFrame, pairs: pd.DataFrame, simulated: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Promised and true false discoveries of genes and of pairs, by what promises them.

    fits : gene_id and q; pairs : as `pairs_with_truth` gives them; simulated : every gene made
    """
    genes = simulated.merge(fits[["gene_id", "q"]], on="gene_id", how="left")
    found = {}
    if genes["q"].notna().any():
        found["genes"] = false_discoveries(genes["q"], genes["n_factors"] > 0)
    if pairs["q"].notna().any():
        found["gene–tissue pairs"] = false_discoveries(pairs["q"], pairs["simulated"])
    found["pairs, by their PIPs"] = false_discoveries(
        rate_of_pips(pairs["pip"]), pairs["simulated"]
    )
    return found
