"""Which column of a GWAS file means what: layouts told by their header, or a map of the user.

`A1`, `A2`, `REF` and `ALT` fix no direction by themselves. It is fixed by a layout whose definition
says which allele the effect is for, or by the user. Names are compared without regard to case and
without the `#` that some headers begin with.
(Sources: EBISPOT/gwas-summary-statistics-standard, EBISPOT/gwas-sumstats-harmoniser, and the
documentation of each program named.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fqtl.errors import FqtlError

# what a column can mean → names that mean it in any layout
PLAIN: dict[str, tuple[str, ...]] = {
    "chrom": ("chromosome", "chrom", "chr", "hm_chrom"),
    "pos": ("base_pair_location", "position", "pos", "bp", "hm_pos"),
    "rsid": ("rsid", "rsids", "rs_id", "snp", "markername", "snpid", "variant_id", "hm_rsid"),
    "variant": ("panel_variant_id", "varid"),  # chromosome, position and maybe alleles in one
    "effect_allele": (
        *("effect_allele", "ea", "tested_allele", "hm_effect_allele", "effectallele"),
        *("coded_allele", "assessedallele"),
    ),
    "other_allele": (
        *("other_allele", "non_effect_allele", "nea", "oa", "hm_other_allele", "otherallele"),
        *("noneffect_allele", "noncoded_allele", "non_coded_allele"),
    ),
    "beta": ("beta", "effect_size", "effect", "b", "hm_beta", "log_odds"),
    "se": ("standard_error", "se", "stderr", "sebeta"),
    "z": ("z-score", "z_score", "zscore", "z"),
    "odds_ratio": ("odds_ratio", "hazard_ratio", "or", "hm_odds_ratio"),
    "p": ("p_value", "pvalue", "pval", "p", "p-value", "p.value"),
    "neg_log10_p": ("neg_log_10_p_value", "neg_log10_p", "mlogp", "mlog10p", "minus_log10_pval"),
    "frequency": (
        *("effect_allele_frequency", "eaf", "hm_effect_allele_frequency", "effect_allele_freq"),
        *("freq_tested_allele", "freq_tested_allele_in_hrs"),
    ),
    "n": ("n", "n_total"),
    "test": (),  # REGENIE and PLINK: rows of other tests than the additive one are left out
    "remark": (),  # of REGENIE: rows whose test failed are left out
    "hm_code": (),  # of the GWAS Catalog's harmoniser
    "other_frequency": (),  # frequency of the other allele
    "other_allele_of_pair": (),  # two columns, one of which is the effect allele
}
MEANINGS = tuple(PLAIN)
SIGNED = {"beta", "odds_ratio", "z"}


@dataclass(frozen=True)
class Known:
    """A layout that is told by its header.

    needs : names that a header must have, in small letters
    columns : meaning → names, the first that is there
    build : genome build of every such file; empty if there is no rule
    se_of_log_or : whether a standard error beside an odds ratio is that of its logarithm
    lacks : names that a header must not have
    """

    name: str
    needs: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    build: str = ""
    se_of_log_or: bool = True
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Layout:
    """Which column of one file means what.

    name : of the layout; columns : meaning → name as the file writes it
    """

    name: str
    columns: dict[str, str]
    build: str = ""
    se_of_log_or: bool = True
    pair: tuple[str, ...] = field(default=())


def _known(name: str, needs: str, columns: str, **rest: object) -> Known:
    """columns : `meaning=name|name`, separated by blanks."""
    pairs = (word.split("=") for word in columns.split())
    named = {meaning: tuple(names.split("|")) for meaning, names in pairs}
    return Known(name, frozenset(needs.split()), named, **rest)  # type: ignore[arg-type]


LAYOUTS = (
    _known(
        "GWAS Catalog, harmonised (hm_ columns)",
        "hm_effect_allele hm_other_allele hm_chrom hm_pos",
        "chrom=hm_chrom pos=hm_pos rsid=hm_rsid|variant_id effect_allele=hm_effect_allele "
        "other_allele=hm_other_allele beta=hm_beta odds_ratio=hm_odds_ratio se=standard_error "
        "p=p_value frequency=hm_effect_allele_frequency hm_code=hm_code",
        build="GRCh38",
        se_of_log_or=False,
    ),
    _known(
        "GWAS-SSF",
        "chromosome base_pair_location effect_allele other_allele",
        "chrom=chromosome pos=base_pair_location rsid=rsid|rs_id|variant_id "
        "effect_allele=effect_allele other_allele=other_allele beta=beta "
        "odds_ratio=odds_ratio|hazard_ratio z=z-score|z_score se=standard_error p=p_value "
        "neg_log10_p=neg_log_10_p_value frequency=effect_allele_frequency n=n hm_code=hm_code",
    ),
    *(
        _known(
            "FinnGen",
            f"chrom pos ref alt beta sebeta {beside}",
            "chrom=chrom pos=pos rsid=rsids effect_allele=alt other_allele=ref beta=beta se=sebeta "
            "p=pval neg_log10_p=mlogp frequency=af_alt",
            build="GRCh38",
        )
        for beside in ("af_alt", "rsids nearest_genes maf")  # until release 4 a maf alone
    ),
    _known(
        "Neale lab, round 2",
        "variant minor_allele n_complete_samples beta se tstat",
        "variant=variant beta=beta se=se z=tstat p=pval n=n_complete_samples",
        build="GRCh37",
    ),
    *(
        _known(
            f"Pan-UKB ({group})",
            f"chr pos ref alt beta_{group} se_{group}",
            f"chrom=chr pos=pos effect_allele=alt other_allele=ref beta=beta_{group} "
            f"se=se_{group} neg_log10_p=neglog10_pval_{group} frequency=af_{group}",
            build="GRCh37",
        )
        for group in ("meta_hq", "meta", "eur", "afr", "amr", "csa", "eas", "mid")
    ),
    _known(
        "BOLT-LMM",
        "snp chr bp allele1 allele0 a1freq beta se",
        "chrom=chr pos=bp rsid=snp effect_allele=allele1 other_allele=allele0 beta=beta se=se "
        "p=p_bolt_lmm|p_bolt_lmm_inf frequency=a1freq",
    ),
    _known(
        "REGENIE",
        "chrom genpos id allele0 allele1 test beta se",
        "chrom=chrom pos=genpos rsid=id effect_allele=allele1 other_allele=allele0 beta=beta "
        "se=se neg_log10_p=log10p frequency=a1freq n=n test=test remark=extra",
    ),
    _known(
        "SAIGE",
        "chr pos allele1 allele2 af_allele2 beta se",
        "chrom=chr pos=pos rsid=rsid|markerid|snpid effect_allele=allele2 other_allele=allele1 "
        "beta=beta se=se p=p.value frequency=af_allele2 n=n",
    ),
    _known(
        "METAL",
        "markername allele1 allele2 p-value direction",
        "rsid=markername effect_allele=allele1 other_allele=allele2 beta=effect se=stderr "
        "z=zscore p=p-value frequency=freq1",
    ),
    *(
        _known(
            "PLINK 2",
            f"chrom pos id ref alt a1 obs_ct {p}",
            "chrom=chrom pos=pos rsid=id effect_allele=a1 other_allele=omitted|ax "
            "other_allele_of_pair=ref beta=beta odds_ratio=or se=se|log(or)_se z=z_stat "
            f"{meaning}={p} frequency=a1_freq n=obs_ct test=test",
        )
        # log10_p is -log10 of p until version a5
        for meaning, p in (("p", "p"), ("neg_log10_p", "neg_log10_p"), ("neg_log10_p", "log10_p"))
    ),
    _known(
        "PLINK 1",
        "chr snp bp a1 test nmiss p",
        "chrom=chr pos=bp rsid=snp effect_allele=a1 other_allele=a2 beta=beta odds_ratio=or "
        "se=se p=p test=test n=nmiss",
    ),
    _known(
        "PLINK 1",
        "chr snp bp a1 f_a f_u a2 p or",
        "chrom=chr pos=bp rsid=snp effect_allele=a1 other_allele=a2 odds_ratio=or se=se p=p",
    ),
    *(
        _known(
            "GCTA",
            f"chr snp {pos} a1 a2 {frequency} {beta} se p",
            f"chrom=chr pos={pos} rsid=snp effect_allele=a1 other_allele=a2 beta={beta} se=se p=p "
            f"frequency={frequency} n=n",
        )
        for pos, frequency, beta in (("pos", "af1", "beta"), ("bp", "freq", "b"))  # fastGWA, MLMA
    ),
    _known(
        "GEMMA",
        "chr rs ps allele1 allele0 af beta se",
        "chrom=chr pos=ps rsid=rs effect_allele=allele1 other_allele=allele0 beta=beta se=se "
        "p=p_wald|p_lrt|p_score frequency=af",
    ),
    _known(
        "MTAG",
        "a1 a2 mtag_beta mtag_se",
        "chrom=chr|chrom pos=bp|bpos|pos rsid=snp|snpid effect_allele=a1 other_allele=a2 "
        "beta=mtag_beta se=mtag_se z=mtag_z p=mtag_pval frequency=frq|freq n=n",
    ),
    _known(
        "PGC sumstats-VCF",
        "chrom pos id a1 a2 beta se pval",
        "chrom=chrom pos=pos rsid=id effect_allele=a1 other_allele=a2 beta=beta se=se p=pval",
    ),
    _known(
        "PGC daner",
        "chr snp bp a1 a2 info or se p ngt",
        "chrom=chr pos=bp rsid=snp effect_allele=a1 other_allele=a2 odds_ratio=or se=se p=p",
    ),
    _known(
        "BioBank Japan",
        "snp chr pos ref alt frq beta se p n",
        "chrom=chr pos=pos rsid=snp effect_allele=alt other_allele=ref beta=beta se=se p=p "
        "other_frequency=frq n=n",
    ),
    _known(
        "GCTA COJO",
        "snp a1 a2 freq b se p n",
        "rsid=snp effect_allele=a1 other_allele=a2 beta=b se=se p=p frequency=freq n=n",
        lacks=frozenset({"chr", "chrom", "bp", "pos"}),
    ),
    _known(
        "LDSC",
        "snp n z a1 a2",
        "rsid=snp effect_allele=a1 other_allele=a2 z=z n=n",
        lacks=frozenset({"beta", "or", "se", "p"}),
    ),
)
NAMES = tuple(dict.fromkeys(["GWAS-VCF", *(known.name.split(" (")[0] for known in LAYOUTS)]))
BY_NAMES = "columns that mean one thing everywhere"  # what a file of no layout goes by


def layout_of(path: Path, header: list[str], given: Mapping[str, str]) -> Layout:
    """The layout of a file by its header, with what the user says of columns.

    given : meaning → column; what it does not tell is taken from the layout that the header has, or
        else from names that mean one thing everywhere
    """
    names = _by_small_name(path, header)
    _refuse_unknown(path, given, names)
    known = next((layout for layout in LAYOUTS if _fits(layout, names)), None)
    columns = known.columns if known else PLAIN
    if known and not {"chrom", "pos"} & columns.keys() and "variant" not in columns:
        # places that were added to a format without
        columns = {**columns, "chrom": PLAIN["chrom"], "pos": PLAIN["pos"]}
    found = {
        meaning: names[name]
        for meaning, options in columns.items()
        if (name := next((option for option in options if option in names), ""))
    }
    found = _with_given(found, {meaning: names[_small(name)] for meaning, name in given.items()})
    if given.keys() & {"effect_allele", "other_allele"}:
        found.pop("other_allele_of_pair", None)
    pair: tuple[str, ...] = ()
    if "other_allele" in found:
        found.pop("other_allele_of_pair", None)
    elif "other_allele_of_pair" in found:
        pair = (names["ref"], names["alt"])
        found.pop("other_allele_of_pair")
    layout = Layout(
        known.name if known else BY_NAMES,
        found,
        known.build if known else "",
        known.se_of_log_or if known else True,
        pair,
    )
    _require(path, layout, header)
    return layout


def _with_given(found: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """What the header tells and what the user says, who has the last word: of effects, ratios and
    z-scores only those that are named count, and a column has the meaning that it is given."""
    told = set(given.values())
    named = SIGNED & given.keys()
    over = SIGNED - named if named else set()
    if named == {"z"}:
        over |= {"se"}
    return {
        meaning: name for meaning, name in found.items() if meaning not in over and name not in told
    } | given


def _small(name: str) -> str:
    return name.lstrip("#").strip().lower()


def _by_small_name(path: Path, header: list[str]) -> dict[str, str]:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise FqtlError(
            f"{path} names {len(twice)} of its {len(header)} columns twice, among them "
            f"{twice[0]!r}: which one is meant?"
        )
    # the first of two that differ in their case alone
    return {_small(name): name for name in reversed(header)}


def _fits(known: Known, names: Mapping[str, str]) -> bool:
    return known.needs <= names.keys() and not known.lacks & names.keys()


def _refuse_unknown(path: Path, given: Mapping[str, str], names: Mapping[str, str]) -> None:
    for meaning, name in given.items():
        if meaning not in MEANINGS:
            raise FqtlError(
                f"A column can mean {', '.join(MEANINGS)}, not {meaning!r} (--columns {meaning}="
                f"{name})."
            )
        if _small(name) not in names:
            raise FqtlError(
                f"{path} has no column {name!r} (--columns {meaning}={name}); found "
                f"{', '.join(names.values())}."
            )


def _require(path: Path, layout: Layout, header: list[str]) -> None:
    """Refuse a layout without variants, alleles or effects."""
    columns = layout.columns
    absent = []
    if not ({"chrom", "pos"} <= columns.keys() or columns.keys() & {"rsid", "variant"}):
        absent.append("variants (chrom and pos, or rsid)")
    if "variant" not in columns:
        absent += [name for name in ("effect_allele",) if name not in columns]
        if "other_allele" not in columns and not layout.pair:
            absent.append("other_allele")
    signed = columns.keys() & {"beta", "odds_ratio"}
    if not ("z" in columns or (signed and columns.keys() & {"se", "p", "neg_log10_p"})):
        absent.append("effects (beta and se, z, or p with beta or odds_ratio)")
    if absent:
        hint = " ".join(
            f"{name.split()[0]}=…" for name in absent if name in ("effect_allele", "other_allele")
        )
        if layout.name == "PLINK 1" and absent == ["other_allele"]:
            raise FqtlError(
                f"{path} is PLINK 1's, which names one allele of each variant alone (A1; found "
                f"{', '.join(header)}). Add the other one of the .bim as a column A2."
            )
        what = (
            f"which is {layout.name}'s but for these"
            if layout.name != BY_NAMES
            else f"which is none of the layouts {', '.join(NAMES)}"
        )
        raise FqtlError(
            f"{path}: no column is known to hold {'; '.join(absent)}. Found "
            f"{', '.join(header)}, {what}. Say what "
            f"columns mean, as --columns {hint or 'beta=… se=…'}; A1, A2, REF and ALT by "
            "themselves do not tell which allele an effect is for."
        )
