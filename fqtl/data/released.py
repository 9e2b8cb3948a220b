"""Effects released by the original fQTL analyses of GTEx.

v6p (GRCh37; https://github.com/aksarkar/gtex-fqtl and YPARK/gtex-fqtl): `combined.txt.gz`, one row
per gene, factor and PIP cut-off, without a header; three cut-offs are stacked in one file.
v8 (GRCh38; https://github.com/YPARK/gtex-v8-fqtl-pipeline): `fqtl_N.txt.gz`, one row per gene and
factor, with a header; variants with PIP > 0.1 and all tissues, by number.

In both, variants and tissues of a factor are lists joined by `|`. Expression and genotypes were
standardised before the fit (`scale`, in make.gene.fqtl.R and make.fqtl.R), so a loading of a
variant is per standard deviation of its genotype and one of a tissue is in standard deviations of
expression. A dosage counts PLINK's A1, which is not in the files: docs/published-effects.md shows
that it is the rarer allele.

A tissue of v8 is numbered among the tissues that its gene was measured in, and which these are is
not in the file. Numbers are names only where the gene has all tissues; other factors are left out.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs, gtex
from fqtl.data.text import guarded, read_lines
from fqtl.errors import FqtlError
from fqtl.tables.numbers import parsed

V6P_COLUMNS = [
    "gene_id",
    "chrom",
    "tss",
    "tissue_number",
    "tissues",
    "tissue_loadings",
    "tissue_se",
    "tissue_lodds",
    "variants",
    "variant_loadings",
    "variant_se",
    "variant_lodds",
    "factor",
    "cutoff",
]
V8_COLUMNS = {
    "chr": "chrom",
    "lb": "start",
    "ub": "end",
    "strand": "strand",
    "ensg": "gene_id",
    "hgnc": "gene_name",
    "tss": "tss",
    "factor": "factor",
    "snp": "variants",
    "snp.theta": "variant_loadings",
    "snp.sd": "variant_se",
    "snp.lodds": "variant_lodds",
    "tis": "tissues",
    "tis.theta": "tissue_loadings",
    "tis.sd": "tissue_se",
    "tis.lodds": "tissue_lodds",
}
SIDES = {"variants": "variant", "tissues": "tissue"}
NUMBERS = ["loadings", "se", "lodds"]
KEPT = [
    *["gene_id", "gene_name", "chrom", "tss", "factor"],
    *["tissues", "tissue_loadings", "variants", "variant_loadings"],
]
VARIANT = re.compile(r"^(?:chr)?(\w+)[_:](\d+)[_:]([ACGT]+)[_:]([ACGT]+)(?:_(b3[78]))?$")
LEAST_COUNTED = 0.5  # share of variants that a .bim of the very genotypes must have


@dataclass(frozen=True)
class Released:
    """Factors of one release at one PIP cut-off.

    name : v6p or v8
    build : genome build of its positions
    tissues : name → donors, of all tissues of the release
    factors : gene_id, gene_name (the id where there is none), chrom, tss, factor, and for each row
        lists: tissues and variants (chr22_17055569_T_G_b37) with their loadings
    left_out : gene_id, factor and reason of those that cannot be used
    """

    name: str
    build: str
    tissues: dict[str, int]
    factors: pd.DataFrame
    left_out: pd.DataFrame


def read_released(path: Path, min_pip: float) -> Released:
    """Factors with their variants and tissues of PIP above `min_pip`, of either release.

    min_pip : one of the cut-offs that a v6p file holds; any from 0.1 for v8
    """
    head = guarded(path, lambda: read_lines(path, 1))
    if not head:
        raise FqtlError(f"{path} is empty.")
    found = head[0].rstrip("\n").split("\t")
    if found == list(V8_COLUMNS):
        return _read_v8(path, min_pip)
    if len(found) == len(V6P_COLUMNS):
        return _read_v6p(path, min_pip)
    raise FqtlError(
        f"{path}: expected released effects, of GTEx v6p ({len(V6P_COLUMNS)} columns, no header) "
        f"or v8 ({len(V8_COLUMNS)} columns, headed {', '.join(list(V8_COLUMNS)[:3])}, …); "
        f"found {len(found)} columns, the first {found[0]!r}."
    )


def read_all_released(paths: Sequence[Path], min_pip: float) -> Released:
    """The files of one release put together, as of one for each chromosome."""
    parts = [read_released(path, min_pip) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.name != parts[0].name:
            raise FqtlError(
                f"{paths[0]} holds effects of GTEx {parts[0].name}, {path} those of {part.name}: "
                "expected one release."
            )
    factors = pd.concat([part.factors for part in parts], ignore_index=True)
    twice = factors.duplicated(["gene_id", "factor"])
    if twice.any():
        raise FqtlError(
            f"{int(twice.sum())} factors are in more than one of the {len(paths)} files of "
            f"effects, the first of {factors['gene_id'][twice].iloc[0]}."
        )
    left_out = pd.concat([part.left_out for part in parts], ignore_index=True)
    return replace(parts[0], factors=factors, left_out=left_out)


def read_counted(path: Path, variants: pd.DataFrame) -> "pd.Series[str]":
    """A1 of each variant in a PLINK .bim, by id; those that it lacks are not there.

    A table that has few of the variants of its chromosomes is refused: it is not of the genotypes
    that the effects were found in, or on another build.

    variants : variant_id, chrom, pos, other_allele, effect_allele
    """
    names = ["chrom", "pos", "a1", "a2"]
    columns: dict[str, Any] = {"sep": r"\s+", "header": None, "usecols": [0, 3, 4, 5]}
    columns |= {"dtype": str, "quoting": csv.QUOTE_NONE}
    parts = guarded(path, lambda: pd.read_csv(path, chunksize=1_000_000, **columns))
    wanted = variants.assign(
        chrom=variants["chrom"].map(contigs.bare), pos=variants["pos"].astype(str)
    )
    found, chroms, places = [], set(), set()
    for part in parts:
        part = part.set_axis(names, axis="columns")
        part["chrom"] = part["chrom"].map(contigs.bare)
        chroms |= set(part["chrom"])
        pairs = wanted.merge(part, on=["chrom", "pos"])
        places |= set(pairs["variant_id"])
        one, two = pairs["other_allele"], pairs["effect_allele"]
        same = (one == pairs["a1"]) & (two == pairs["a2"])
        turned = (one == pairs["a2"]) & (two == pairs["a1"])
        found.append(pairs[same | turned].set_index("variant_id")["a1"])
    counted = pd.concat(found)
    counted = counted[~counted.index.duplicated()]
    asked_for = wanted["chrom"].isin(chroms).sum()
    if len(counted) < max(LEAST_COUNTED * asked_for, 1):
        raise FqtlError(
            f"{path} has {len(counted)} of the {asked_for} released variants on its chromosomes, "
            f"and the positions of {len(places)}; expected nearly all: is it on the build of "
            f"{variants['variant_id'].iloc[0]}, and of the genotypes that effects were found in?"
        )
    return counted


def _read_v6p(path: Path, min_pip: float) -> Released:
    frame = guarded(path, lambda: _read_text(path, header=None))
    frame = frame.set_axis(V6P_COLUMNS, axis="columns")
    frame.index += 1  # lines of the file
    cutoff = _numbers(path, frame, "cutoff")
    if not (cutoff == min_pip).any():
        held = ", ".join(f"{value:g}" for value in sorted(set(cutoff)))
        raise FqtlError(f"{path} holds the PIP cut-offs {held}; {min_pip:g} is none of them.")
    frame = _split(path, frame[cutoff == min_pip].assign(gene_name=frame["gene_id"]), "b37")
    _refuse_twice(path, frame)
    _refuse_other_tissues(path, frame)
    return Released("v6p", "GRCh37", gtex.V6P, frame[KEPT], _left_out([]))


def _read_text(path: Path, **how: Any) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, quoting=csv.QUOTE_NONE, **how)


def _read_v8(path: Path, min_pip: float) -> Released:
    if not 0.1 <= min_pip < 1:
        raise FqtlError(f"{path} holds variants with PIP above 0.1; {min_pip:g} was asked for.")
    frame = guarded(path, lambda: _read_text(path, keep_default_na=False))
    frame = frame.rename(columns=V8_COLUMNS)
    frame.index += 2
    frame = _split(path, frame, "b38")
    _refuse_twice(path, frame)
    names = list(gtex.V8)
    kept: list[dict[str, Any]] = []
    left_out: list[tuple[str, int, str]] = []
    for row in frame.to_dict("records"):
        unnamed = row["tissues"] != [str(number + 1) for number in range(len(names))]
        _above(row, min_pip)
        reason = ""
        if not row["variants"]:
            reason = f"no variant with PIP above {min_pip:g}"
        elif not row["tissues"]:
            reason = f"no tissue with PIP above {min_pip:g}"
        elif unnamed:
            reason = "tissues are numbered among those of the gene, which are not named"
        if reason:
            left_out.append((row["gene_id"], row["factor"], reason))
        else:
            kept.append({**row, "tissues": [names[int(number) - 1] for number in row["tissues"]]})
    factors = pd.DataFrame(kept, columns=KEPT)
    return Released("v8", "GRCh38", gtex.V8, factors, _left_out(left_out))


def _left_out(rows: list[tuple[str, int, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["gene_id", "factor", "reason"])


def _above(row: dict[str, Any], min_pip: float) -> None:
    """Keep the entries of both sides whose log odds say more than `min_pip`."""
    least = np.log(min_pip / (1 - min_pip))
    for names, side in SIDES.items():
        which = [i for i, lodds in enumerate(row[f"{side}_lodds"]) if lodds > least]
        for name in (names, f"{side}_loadings"):
            row[name] = [row[name][i] for i in which]


def _split(path: Path, frame: pd.DataFrame, build_tag: str) -> pd.DataFrame:
    """The frame with its `|`-joined columns as lists, of numbers where they are, variants named."""
    frame = frame.copy()
    for names, side in SIDES.items():
        frame[names] = frame[names].str.split("|")
        length = frame[names].str.len()
        for what in NUMBERS:
            column = f"{side}_{what}"
            words = frame[column].str.split("|")
            if (words.str.len() != length).any():
                line = int((words.str.len() != length).idxmax())
                raise FqtlError(
                    f"{path}, line {line}: {length[line]} {names}, but {len(words[line])} entries "
                    f"in {column}."
                )
            flat = _numbers(path, words.explode().to_frame(column), column)
            frame[column] = [list(part) for _, part in flat.groupby(level=0, sort=False)]
    frame["chrom"] = "chr" + frame["chrom"].str.removeprefix("chr")
    _refuse_other_build(path, frame["variants"], build_tag)
    frame["variants"] = [
        [_variant(path, line, name, chrom, build_tag) for name in names]
        for line, names, chrom in zip(frame.index, frame["variants"], frame["chrom"], strict=True)
    ]
    _refuse_variants_twice(path, frame["variants"])
    for column in ("tss", "factor"):
        frame[column] = _numbers(path, frame, column).astype(int)
    return frame


def _numbers(path: Path, frame: pd.DataFrame, column: str) -> "pd.Series[float]":
    numbers = parsed(frame[column])
    bad = ~np.isfinite(numbers)
    if bad.any():
        line = int(bad.idxmax())
        raise FqtlError(
            f"{path}, line {line}, {column}: expected numbers, found "
            f"{frame[column][bad].iloc[0]!r} ({int(bad.sum())} such entries)."
        )
    return numbers


def _variant(path: Path, line: int, name: str, chrom: str, build_tag: str) -> str:
    """Id as this project writes it."""
    match = VARIANT.match(name)
    if match is None or f"chr{match[1]}" != chrom:
        raise FqtlError(
            f"{path}, line {line}: expected a variant of {chrom} as chromosome, position and two "
            f"alleles of bases, found {name!r}."
        )
    return f"{chrom}_{match[2]}_{match[3]}_{match[4]}_{build_tag}"


def _refuse_other_build(path: Path, variants: "pd.Series[Any]", build_tag: str) -> None:
    """Variants whose names say that they are on another build than the release."""
    every = variants.explode()
    tags = every.str.extract(VARIANT)[4]
    wrong = every[tags.notna() & (tags != build_tag)]
    if len(wrong):
        raise FqtlError(
            f"{path}, line {wrong.index[0]}: expected variants on {build_tag}, as this release has "
            f"them, found {wrong.iloc[0]!r} ({len(wrong)} of {len(every)} such entries). Take the "
            "effects as they were released."
        )


def _refuse_variants_twice(path: Path, variants: "pd.Series[Any]") -> None:
    """A variant that a factor has twice, with its alleles in either order."""
    for line, names in variants.items():
        places = [(name.split("_")[1], *sorted(name.split("_")[2:4])) for name in names]
        if len(set(places)) < len(places):
            twice = next(
                n for n, place in zip(names, places, strict=True) if places.count(place) > 1
            )
            raise FqtlError(f"{path}, line {line}: {twice} is listed twice in one factor.")


def _refuse_other_tissues(path: Path, frame: pd.DataFrame) -> None:
    """Tissues that GTEx v6p has not."""
    every = frame["tissues"].explode()
    unknown = every[~every.isin(list(gtex.V6P))]
    if len(unknown):
        raise FqtlError(
            f"{path}, line {unknown.index[0]}: GTEx v6p has no tissue {unknown.iloc[0]!r} "
            f"({len(unknown)} such entries)."
        )


def _refuse_twice(path: Path, frame: pd.DataFrame) -> None:
    twice = frame.duplicated(["gene_id", "factor"])
    if twice.any():
        line = int(twice.idxmax())
        raise FqtlError(
            f"{path}, line {line}: factor {frame['factor'][line]} of {frame['gene_id'][line]} is "
            f"listed twice ({int(twice.sum())} such factors)."
        )
