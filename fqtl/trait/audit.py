"""Whether enough of the models' variants are in the GWAS, and in words why they are not."""

import logging
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from fqtl.errors import FqtlError
from fqtl.gwas.choice import Chosen
from fqtl.gwas.matching import DISAGREEING, NO_ALLELES, NOT_THERE, OTHER_ALLELES
from fqtl.gwas.places import bare
from fqtl.gwas.scan import Scan
from fqtl.trait.models import Models

SHOWN = 5
ENOUGH = 50  # variants from which frequencies tell whether alleles are exchanged
ALIKE = 0.5  # correlation of frequencies of one allele in two populations; taste, mostly above 0.9
log = logging.getLogger(__name__)


def covered(scan: Scan, models: Models, key: str) -> np.ndarray:
    """(v,) variants on chromosomes of which the GWAS has any row; all where it tells none."""
    if key == "rsid" or not scan.lengths:
        return np.ones(len(models.variants), dtype=bool)
    chrom = models.variants["chrom"]
    return chrom.map({name: bare(name) in scan.lengths for name in chrom.unique()}).to_numpy(bool)


def require_matched(scan: Scan, models: Models, chosen: Chosen, least: float) -> None:
    """Refuse a GWAS with fewer of the variants than `least`, with ids and the likeliest cause.

    Asked are variants on the chromosomes of the GWAS, which may be of one chromosome alone.
    """
    asked = covered(scan, models, chosen.key)
    found = chosen.matched.row >= 0
    share = found[asked].mean() if asked.any() else 0.0
    if share >= least and found.any():
        return
    missed = np.flatnonzero(asked & ~found)
    if not len(missed):
        missed = np.flatnonzero(~found)
    ids = models.variants.iloc[missed[:SHOWN]]
    ours = ", ".join(ids["variant_id"].where(ids["variant_id"] != "", ids["rsid"]))
    theirs = ", ".join(scan.examples) or "none"
    raise FqtlError(
        f"{int(found[asked].sum())} of {int(asked.sum())} variants of the models are in "
        f"{scan.path} (of {scan.n_rows} rows; by {_by(chosen.key)}), expected at least "
        f"{least:.0%}. Not in the GWAS: {ours}. In the GWAS and in no model: {theirs}. "
        f"{_cause(scan, models, chosen, asked)} A lower share is accepted by --min-matched."
    )


def require_frequencies(scan: Scan, models: Models, chosen: Chosen) -> None:
    """Refuse alleles that seem exchanged, by their frequencies; tell where these say little."""
    found = _frequencies(scan, models, chosen)
    if found is None or found[1] < ENOUGH or found[0] > ALIKE:
        return
    r, n = found
    if r < -ALIKE:
        raise FqtlError(
            f"{scan.path}: frequencies of effect alleles are those of the other alleles in "
            f"--ld-panel (correlation {r:.2f} of {n} variants): are the two alleles exchanged? See "
            "--columns effect_allele=… other_allele=…, or if it is the frequency alone that is of "
            "the other allele, other_frequency=…."
        )
    log.warning(
        "%s: frequencies of effect alleles are unlike those in --ld-panel (correlation %.2f of %d "
        "variants): are they of the rarer allele, or is the panel of another population? "
        "Palindromes go by them; see --palindromes",
        *(scan.path, r, n),
    )


def _by(key: str) -> str:
    return {"place": "position", "lifted": "position after liftover"}.get(key, "rs number")


def _cause(scan: Scan, models: Models, chosen: Chosen, asked: np.ndarray) -> str:
    reasons = Counter(chosen.matched.reason[asked & (chosen.matched.row < 0)])
    total = max(int(asked.sum()), 1)
    if not asked.any():
        have = ", ".join(scan.lengths) or "none that is known"
        return f"The GWAS has chromosomes {have}, which no model is on."
    if reasons[OTHER_ALLELES] > 0.25 * total:
        return (
            "Many are there with other alleles, as on another genome build: see --gwas-build and "
            "--chain."
        )
    if reasons[NO_ALLELES] + reasons[DISAGREEING] > 0.25 * total:
        return f"The commonest reason is {reasons.most_common(1)[0][0]!r}: see --columns."
    if chosen.key == "place" and reasons[NOT_THERE] > 0.5 * total:
        rows = scan.n_rows / max(len(scan.lengths), 1)
        if rows < 20_000:
            return "The GWAS is small: is it an excerpt, or a list of its leading variants alone?"
        return (
            "Are both on one genome build (the models on "
            f"{models.genome_build or 'one that is not told'})? See --gwas-build and --chain."
        )
    commonest = reasons.most_common(1)[0][0] if reasons else "none"
    return f"The commonest reason is {commonest!r}."


def summary(scan: Scan, chosen: Chosen, models: Models, ignored: "Counter[str]") -> dict[str, Any]:
    """What happened to rows and variants, for audit.json."""
    matched = chosen.matched
    frequency = _frequencies(scan, models, chosen)
    return {
        "gwas": str(scan.path),
        "layout": scan.layout.name,
        "columns": scan.layout.columns,
        "rows": scan.n_rows,
        "rows_left_out": {reason: n for reason, n in scan.left_out.items() if n},
        "values_ignored": dict(ignored),
        "gwas_build": chosen.build,
        "weights_build": models.genome_build,
        "matched_by": _by(chosen.key),
        "variants": len(models.variants),
        "variants_on_chromosomes_of_the_gwas": int(covered(scan, models, chosen.key).sum()),
        "variants_matched": matched.found,
        "alleles": dict(matched.counts),
        "variants_not_matched": dict(Counter(matched.reason[matched.row < 0])),
        **({} if frequency is None else {"correlation_of_frequencies": round(frequency[0], 4)}),
    }


def _frequencies(scan: Scan, models: Models, chosen: Chosen) -> tuple[float, int] | None:
    """Correlation of frequencies of effect alleles with those of the models, and of how many
    variants; None if they are not told, or do not vary."""
    if "frequency" not in models.variants:
        return None
    found = np.flatnonzero(chosen.matched.row >= 0)
    theirs = scan.rows["frequency"].to_numpy(dtype=float)[chosen.matched.row[found]]
    theirs = np.where(chosen.matched.sign[found] < 0, 1 - theirs, theirs)
    both = pd.DataFrame({"a": models.variants["frequency"].to_numpy()[found], "b": theirs})
    both = both.dropna()
    if len(both) <= SHOWN or both.nunique().min() < 2:
        return None
    return float(np.corrcoef(both["a"], both["b"])[0, 1]), len(both)
