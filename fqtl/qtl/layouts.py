"""Which column of a file of QTL summary statistics means what.

| format | how it is told |
|---|---|
| tensorQTL | parquet or text: phenotype_id variant_id … pval_nominal slope slope_se |
| GTEx, FastQTL with a header | the same with gene_id |
| FastQTL without a header | by position: gene, variant, distance, p, slope, in version 2 of GTEx's
    its standard error; in later ones with three columns of the minor allele before p |
| QTLtools nominal | by position, 14 to 16 columns; or its header |
| eQTL Catalogue | molecular_trait_id chromosome position ref alt … beta se, `an` twice the donors |
| eQTLGen | SNPChr SNPPos AssessedAllele OtherAllele Zscore Gene NrSamples |
| mbQTL, as of MetaBrain | Gene SNP SNPAlleles SNPEffectAllele MetaBeta MetaSE MetaPN |

Frequencies of an allele, `maf` or `af`, are read where they are, whatever the format.

eQTLGen and mbQTL tell the allele that is counted, all others count ALT. (Documentation of each
program; eQTL-Catalogue-resources, Columns_parquet.md; francois-a/fastqtl, analysisNominal.cpp.)
Other files go by a map of the user, `meaning=column`.

A fit needs every variant near a gene. Files of leads or of significant pairs have the same names of
columns, and are told by those of their permutations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.gwas.layouts import Layout

MEANINGS = (
    *("gene", "variant", "rsid", "chrom", "pos", "effect_allele", "other_allele"),
    *("beta", "se", "z", "p", "neg_log10_p", "n", "alleles_seen", "frequency", "alleles"),
)
FREQUENCIES = (
    "maf",
    "af",
    "SNPEffectAlleleFreq",
)  # of one allele or the other: the variance of dosages is the same
NEEDED = ("gene",)
# of QTLtools, by the number of columns: the slope's place moved as columns were added
QTLTOOLS = {
    14: "gene . . . . . . variant chrom pos . p beta .",
    15: "gene . . . . . . variant chrom pos . p . beta .",
    16: "gene . . . . . . variant chrom pos . p . beta se .",
}
FASTQTL = {
    5: "gene variant . p beta",
    6: "gene variant . p beta se",
    9: "gene variant . . . frequency p beta se",
}
# of permutations, in files of leads (egenes, independent) and of pairs that are significant
OF_LEADS = ("pval_beta", "pval_perm", "adj_beta_pval", "adj_emp_pval")


@dataclass(frozen=True)
class Known:
    """A format with a header: names that it must have, and must not, and meaning → name."""

    name: str
    needs: frozenset[str]
    columns: Mapping[str, str]
    lacks: frozenset[str] = frozenset()


def _known(name: str, columns: str, lacks: str = "") -> Known:
    pairs = dict(word.split("=") for word in columns.split())
    optional = {"n", "rsid", "alleles_seen", "se"}
    needs = frozenset(name for meaning, name in pairs.items() if meaning not in optional)
    return Known(name, needs, pairs, frozenset(lacks.split()))


KNOWN = (
    _known(
        "eQTL Catalogue",
        "gene=molecular_trait_id chrom=chromosome pos=position other_allele=ref "
        "effect_allele=alt beta=beta se=se alleles_seen=an rsid=rsid",
    ),
    _known(
        "tensorQTL", "gene=phenotype_id variant=variant_id p=pval_nominal beta=slope se=slope_se"
    ),
    _known("GTEx", "gene=gene_id variant=variant_id p=pval_nominal beta=slope se=slope_se"),
    _known(
        "QTLtools",
        "gene=phe_id variant=var_id chrom=var_chr pos=var_from p=nom_pval beta=slope se=slope_se",
        lacks="grp_id",  # of a group its best phenotype, another one for every variant
    ),
    _known(
        "eQTLGen",
        "gene=Gene rsid=SNP chrom=SNPChr pos=SNPPos effect_allele=AssessedAllele "
        "other_allele=OtherAllele z=Zscore n=NrSamples",
    ),
    _known(
        "mbQTL",
        "gene=Gene variant=SNP chrom=SNPChr pos=SNPPos effect_allele=SNPEffectAllele "
        "alleles=SNPAlleles beta=MetaBeta se=MetaSE n=MetaPN",
    ),
)


def by_header(path: Path, names: list[str]) -> Layout | None:
    """The layout of a file with these names; None where they are of no known format."""
    for known in KNOWN:
        if known.needs <= set(names) and not known.lacks & set(names):
            _refuse_leads(path, known, names)
            there = {one: name for one, name in known.columns.items() if name in names}
            told = [name for name in FREQUENCIES if name in names]
            return Layout(known.name, {**there, **({"frequency": told[0]} if told else {})})
    return None


def _refuse_leads(path: Path, known: Known, names: list[str]) -> None:
    of_leads = [name for name in OF_LEADS if name in names]
    if of_leads:
        raise FqtlError(
            f"{path} has {known.name}'s columns and {', '.join(of_leads)}, as files of leads or of "
            "significant pairs have (permutations, egenes, independent, signif_pairs). Fits need "
            "every variant near a gene: give the nominal pass (allpairs). If all of them are in "
            "this file, say what its columns mean in the sheet's column `columns`."
        )


def by_position(count: int) -> tuple[Layout, list[str]] | None:
    """The layout of a file of so many columns without a header, and names for them."""
    for format_name, places in (("QTLtools", QTLTOOLS), ("FastQTL", FASTQTL)):
        if count in places:
            meanings = places[count].split()
            names = [f"column {i + 1}" for i in range(count)]
            pairs = zip(meanings, names, strict=True)
            return Layout(format_name, {one: name for one, name in pairs if one != "."}), names
    return None


def by_map(path: Path, given: str, names: list[str]) -> Layout:
    """The layout of a map: `gene=feature variant=id beta=b se=s`, separated by blanks."""
    columns = {}
    for word in given.split():
        meaning, _, name = word.partition("=")
        if meaning not in MEANINGS or not name:
            raise FqtlError(
                f"columns of {path}: expected meaning=column with a meaning of "
                f"{', '.join(MEANINGS)}; found {word!r}."
            )
        if name not in names:
            raise FqtlError(
                f"columns of {path}: there is no column {name!r}; there are {', '.join(names)}."
            )
        columns[meaning] = name
    absent = [name for name in NEEDED if name not in columns]
    if absent or not {"variant", "pos", "rsid"} & set(columns):
        raise FqtlError(
            f"columns of {path}: expected gene, and variant, pos or rsid; found {given!r}."
        )
    if "z" not in columns and not ("beta" in columns and {"se", "p", "neg_log10_p"} & set(columns)):
        raise FqtlError(
            f"columns of {path}: expected beta with se, p or neg_log10_p, or z; found {given!r}."
        )
    return Layout("by columns", columns)
