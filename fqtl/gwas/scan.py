"""One pass over a GWAS file: every row is checked, and those that a model may want are kept.

Kept are rows at the position of a variant of a model, as they are or lifted over, and rows with its
rs number; which of the three is right is decided when all has been seen. What is impossible (a
standard error that is not above 0, p above 1) ends the run, since it tells of a wrong column, or
is left out and counted if the user says so.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.errors import FqtlError
from fqtl.gwas.batches import Batch
from fqtl.gwas.chain import Chain
from fqtl.gwas.checks import Checks
from fqtl.gwas.effects import LN10, is_share, log_of_text, z_scores
from fqtl.gwas.layouts import Layout
from fqtl.gwas.places import Chromosomes, parts_of, place, remaining, rs_number_in

# EBISPOT/gwas-sumstats-harmoniser, Hm_code.md
UNHARMONISED = ("9", "14", "15", "16", "17", "18")
# PLINK's ADD; REGENIE's, which may name its model: ADD-WGR-LR of a trait, ADD-WGR-FIRTH of cases
ADDITIVE = "^(ADD|add|ADDITIVE|ADD(-WGR)?-(LR|LOG|FIRTH|SPA))$"
FAILED = "TEST_FAIL"  # REGENIE, where Firth's or the saddle point's approximation fails
SHOWN = 5
DIGITS = 18  # of an rs number, fewer
SEVERAL = "[,;]"  # between rs numbers in one cell
LONGER = "^rs[0-9]+[:_]"


@dataclass(frozen=True)
class Wanted:
    """What models ask for.

    places : numbers of positions, sorted, each once
    rsids : rs numbers without the rs, sorted, each once
    """

    chromosomes: Chromosomes
    places: np.ndarray
    rsids: np.ndarray

    @classmethod
    def of(cls, chromosomes: Chromosomes, places: np.ndarray, rsids: "pd.Series[str]") -> "Wanted":
        named = rs_numbers(pa.array(rsids.to_numpy(dtype=object), pa.string()))
        known, numbers = np.unique(places), np.unique(named)
        return cls(chromosomes, known[known >= 0], numbers[numbers >= 0])


def rs_numbers(names: pa.Array) -> np.ndarray:
    """(rows,) the number of each rs number; -1 of other names."""
    digits = pc.utf8_slice_codeunits(names, 2)
    is_number = pc.and_(pc.ascii_is_decimal(digits), pc.starts_with(names, "rs"))
    is_number = pc.and_(is_number, pc.less(pc.binary_length(digits), DIGITS))
    numbers = pc.cast(pc.if_else(is_number, digits, None), pa.int64())
    return pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False)


@dataclass
class Scan:
    """What a GWAS file holds for the models.

    rows : one per row kept: row (of the file, from 1), place and lifted (numbers of positions, -1
        where there is none), minus (lifted from the other strand), rsid, effect_allele,
        other_allele, frequency (of the effect allele), n, z (NaN where there is none) and reason
    n_rows : rows of the file
    left_out : reason → rows that were left out before any was compared
    lengths : chromosome → largest position
    examples : names of the first rows that no model has
    with_positions, with_rsids : whether the file tells them
    """

    path: Path
    layout: Layout
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_rows: int = 0
    left_out: "Counter[str]" = field(default_factory=Counter)
    lengths: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    with_positions: bool = False
    with_rsids: bool = False


def scan(
    path: Path,
    layout: Layout,
    batches: Iterator[Batch],
    wanted: Wanted,
    checks: Checks,
    chain: Chain | None = None,
    *,
    zero_based: bool = False,
) -> Scan:
    """Go through a file once."""
    found = Scan(path, layout)
    parts = []
    reach = np.zeros(len(wanted.chromosomes.names), dtype=np.int64)
    for batch in batches:
        found.n_rows = batch.first + len(batch) - 1
        for kept in (_additive, _passed, _harmonised):
            batch = kept(batch, found.left_out)
        parts.append(_kept(found, batch, wanted, checks, chain, reach, zero_based))
    if not parts:
        raise FqtlError(f"{path} has a header and no row below it.")
    if 0 < found.n_rows <= found.left_out.total():
        reason, rows = found.left_out.most_common(1)[0]
        raise FqtlError(f"{path}: all {found.n_rows} rows are left out, {rows} of them: {reason}.")
    checks.finish()
    text = dict.fromkeys(("rsid", "effect_allele", "other_allele"), str)
    parts = [part for part in parts if len(part)] or parts[:1]
    found.rows = pd.concat(parts, ignore_index=True).astype(text)
    pa.default_memory_pool().release_unused()
    names = wanted.chromosomes.names
    found.lengths = {names[i]: int(reach[i]) for i in np.flatnonzero(reach)}
    return found


def _additive(batch: Batch, left_out: "Counter[str]") -> Batch:
    if "test" not in batch.columns:
        return batch
    kept = pc.fill_null(pc.match_substring_regex(batch.columns["test"], ADDITIVE), True)
    left_out["not a test of the additive model"] += len(kept) - kept.true_count
    return _filtered(batch, kept)


def _passed(batch: Batch, left_out: "Counter[str]") -> Batch:
    """Without rows whose test failed, which have the effect and error of a step before."""
    if "remark" not in batch.columns:
        return batch
    kept = pc.invert(pc.fill_null(pc.match_substring(batch.columns["remark"], FAILED), False))
    left_out["its test failed"] += len(kept) - kept.true_count
    return _filtered(batch, kept)


def _harmonised(batch: Batch, left_out: "Counter[str]") -> Batch:
    """Without rows whose strand or place the harmoniser did not find."""
    if "hm_code" not in batch.columns:
        return batch
    kept = pc.invert(
        pc.fill_null(pc.is_in(batch.columns["hm_code"], pa.array(UNHARMONISED)), False)
    )
    left_out["not harmonised, by its hm_code"] += len(kept) - kept.true_count
    return _filtered(batch, kept)


def _filtered(batch: Batch, kept: pa.Array) -> Batch:
    rows = pa.array(batch.rows()).filter(kept)
    columns = {name: values.filter(kept) for name, values in batch.columns.items()}
    return Batch(batch.first, {**columns, "row": rows})


def _kept(
    found: Scan,
    batch: Batch,
    wanted: Wanted,
    checks: Checks,
    chain: Chain | None,
    reach: np.ndarray,
    zero_based: bool,
) -> pd.DataFrame:
    batch = _with_places(batch)
    checks.see(batch)
    chrom = wanted.chromosomes.codes(batch.text("chrom"))
    pos = np.nan_to_num(batch.number("pos")).astype(np.int64) + zero_based
    np.maximum.at(reach, chrom[chrom >= 0], pos[chrom >= 0])
    here = place(chrom, pos)
    hit = _among(here, wanted.places)
    lifted = np.full(len(here), -1, dtype=np.int64)
    minus = np.zeros(len(here), dtype=bool)
    if chain is not None:
        to_chrom, to_pos, minus = chain.lift(chrom, pos)
        lifted = place(to_chrom, to_pos)
        hit |= _among(lifted, wanted.places)
    named, parents = _rsids(batch)
    number = rs_numbers(named)
    by_name = _among(number, wanted.rsids)
    found.with_positions |= bool((pos > 0).any())
    found.with_rsids |= bool((number >= 0).any())
    _show(found, batch, wanted, hit, chrom, pos, named, parents, by_name)
    # a row stands once for its position, and once more for every other rs number in its cell
    once = np.zeros(len(parents), dtype=bool)
    _, first = np.unique(parents, return_index=True)
    once[first] = True
    rows = np.flatnonzero(np.where(once, hit[parents] | by_name, by_name))
    source = parents[rows]
    second = ~once[rows]
    effect, other = _alleles(batch, source)
    frame = pd.DataFrame(
        {
            "row": batch.rows()[source],
            "place": np.where(second, -1, here[source]),
            "lifted": np.where(second, -1, lifted[source]),
            "minus": minus[source],
            "rsid": pc.fill_null(named.take(pa.array(rows)), "").to_pandas(),
            "effect_allele": effect,
            "other_allele": other,
        }
    )
    return frame.assign(**_effects(found.layout, batch, source))


def _with_places(batch: Batch) -> Batch:
    """A batch whose variants' names tell their places and alleles, where no column does."""
    name = next((name for name in ("variant", "rsid") if name in batch.columns), None)
    pair = {"other_allele"} if "ref" not in batch.columns else {"ref", "alt"}
    if name is None or {"chrom", "pos", "effect_allele"} | pair <= batch.columns.keys():
        return batch
    told = parts_of(batch.columns[name])
    columns = dict(batch.columns)
    if "chrom" not in columns:
        columns["chrom"] = told["chrom"]
    if "pos" not in columns:
        pos = pc.if_else(pc.equal(told["pos"], ""), None, told["pos"])
        columns["pos"] = pc.cast(pos, pa.float64())
    if "effect_allele" not in columns:
        columns |= {"other_allele": told["other"], "effect_allele": told["effect"]}
    elif not pair <= columns.keys():
        capitals = (_capitals(told[name]) for name in ("other", "effect"))
        columns["other_allele"] = remaining(_capitals(columns["effect_allele"]), *capitals)
    return Batch(batch.first, columns)


def _among(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not len(wanted):
        return np.zeros(len(places), dtype=bool)
    at = np.minimum(np.searchsorted(wanted, places), len(wanted) - 1)
    return np.asarray((wanted[at] == places) & (places >= 0))


def _rsids(batch: Batch) -> tuple[pa.Array, np.ndarray]:
    """rs numbers, and the row that each stands in: a cell may hold several."""
    text = pc.fill_null(batch.text("rsid"), "")
    several = pc.match_substring_regex(text, SEVERAL)
    if not pc.any(several).as_py():
        return _bare_rsids(text), np.arange(len(text))
    parts = pc.split_pattern_regex(text, SEVERAL)
    return _bare_rsids(parts.flatten()), pc.list_parent_indices(parts).to_numpy()


def _bare_rsids(names: pa.Array) -> pa.Array:
    """Names, of those that are more than an rs number (`rs1:1000:A:G`, `rs1_A`) only that."""
    longer = pc.match_substring_regex(names, LONGER)
    if not pc.any(longer).as_py():
        return names
    return pc.if_else(longer, rs_number_in(names), names)


def _show(
    found: Scan,
    batch: Batch,
    wanted: Wanted,
    hit: np.ndarray,
    chrom: np.ndarray,
    pos: np.ndarray,
    named: pa.Array,
    parents: np.ndarray,
    by_name: np.ndarray,
) -> None:
    """Note the first rows on chromosomes of the models that no model has."""
    if len(found.examples) >= SHOWN:
        return
    missed = ~hit
    missed[parents[by_name]] = False
    if (chrom >= 0).any():
        missed &= chrom >= 0
    there = np.flatnonzero(missed)[: SHOWN - len(found.examples)]
    ids, chromosomes = (
        pc.fill_null(batch.text(name), "").take(pa.array(there)).to_pylist()
        for name in ("rsid", "chrom")
    )
    for row, name, chromosome in zip(there, ids, chromosomes, strict=True):
        where = f"{chromosome}:{pos[row]}" if pos[row] else ""
        found.examples.append(" ".join(word for word in (where, name) if word))


def _alleles(batch: Batch, rows: np.ndarray) -> "tuple[pd.Series[str], pd.Series[str]]":
    """Effect and other allele of some rows, in capital letters."""
    at = pa.array(rows)
    effect = _capitals(batch.text("effect_allele").take(at))
    if "ref" not in batch.columns:
        return effect.to_pandas(), _capitals(batch.text("other_allele").take(at)).to_pandas()
    ref, alt = (_capitals(batch.columns[name].take(at)) for name in ("ref", "alt"))
    return effect.to_pandas(), remaining(effect, ref, _of_several(effect, alt)).to_pandas()


def _of_several(effect: pa.Array, alt: pa.Array) -> pa.Array:
    """ALT, of several the one that is the effect allele."""
    if not pc.any(pc.match_substring(alt, ",")).as_py():
        return alt
    pairs = zip(effect.to_pylist(), alt.to_pylist(), strict=True)
    named = [one if one in all_of.split(",") else all_of for one, all_of in pairs]
    return pa.array(named, pa.string())


def _capitals(text: pa.Array) -> pa.Array:
    return pc.utf8_upper(pc.fill_null(text, ""))


def _effects(layout: Layout, batch: Batch, rows: np.ndarray) -> dict[str, np.ndarray]:
    """z of some rows, or why there is none; frequency of the effect allele and number of people."""
    beta, se = effect_and_error(layout, batch)
    beta, se = beta[rows], se[rows]
    log_p = -batch.number("neg_log10_p")[rows] * LN10
    if "p" in batch.columns:
        # of p as text, only what no other column tells
        text = batch.columns["p"].take(pa.array(rows)).to_pylist()
        unknown = ~np.isfinite(log_p)
        log_p[unknown] = log_of_text([text[i] for i in np.flatnonzero(unknown)])
    z, reasons = z_scores(beta=beta, se=se, z=batch.number("z")[rows], log_p=log_p)
    frequency = batch.number("frequency")[rows]
    if "other_frequency" in batch.columns:
        frequency = 1 - batch.number("other_frequency")[rows]
    frequency = np.where(is_share(frequency), frequency, np.nan)
    return {"z": z, "reason": reasons, "frequency": frequency, "n": batch.number("n")[rows]}


def effect_and_error(layout: Layout, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) effects, of odds ratios their logarithms, and standard errors that belong to them."""
    beta, se = batch.number("beta"), batch.number("se")
    if "odds_ratio" in batch.columns:
        ratio = batch.number("odds_ratio")
        of_ratio = np.isnan(beta)
        beta = np.where(of_ratio, np.log(np.where(ratio > 0, ratio, np.nan)), beta)
        if not layout.se_of_log_or:
            se = np.where(of_ratio, np.nan, se)
    return beta, se
