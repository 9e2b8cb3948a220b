"""Weight files of a run: how many models they hold, and the commands of programs that read them."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from fqtl.report.blocks import Block, Commands, Section, Table, Text
from fqtl.report.results import Results

COLUMNS = "--snp_column SNP --effect_allele_column A1 \\\n    --non_effect_allele_column A2"
SEPARATE = ("factors", "*")  # in place of a tissue: of factors, of all tissues together


def section(results: Results) -> Section:
    """Models by set and format, models by tissue, and the commands for these very files."""
    weights = results.weights
    written = weights[weights["path"] != ""]
    if written.empty:
        why = (
            "No weight file was written: no gene passed the filter (weights.min_cv_r, max_cv_p, "
            "min_gene_pip, max_q in the config)."
        )
        return Section("weights", "Weights", [Text(why)])
    blocks: list[Block] = [
        Table(
            "Files by set and format. Filtered sets hold genes that pass cross-validation; "
            "unfiltered ones every gene with a weight.",
            ["set", "format", "files", "models", "weights"],
            set_rows(weights),
        ),
        Table(
            "Models of each tissue after the filter, and genes that did not pass it.",
            ["tissue", *formats(weights), "did not pass"],
            tissue_rows(weights),
        ),
        *commands(written),
    ]
    return Section("weights", "Weights", blocks)


def formats(weights: pd.DataFrame) -> list[str]:
    """Formats of filtered sets."""
    return sorted(weights.loc[weights["set"] == "filtered", "format"].unique())


def set_rows(weights: pd.DataFrame) -> list[list[Any]]:
    """Files, models and weights of each set and format."""
    named = weights["set"].where(weights["tissue"] != SEPARATE[0], "factors, " + weights["set"])
    rows = []
    for (name, form), of_it in weights.assign(named=named).groupby(["named", "format"], sort=False):
        files = of_it["path"][of_it["path"] != ""].nunique()
        models, count = int(of_it["genes"].sum()), int(of_it["variants"].sum())
        rows.append([name, form, f"{files:,}", f"{models:,}", f"{count:,}"])
    return rows


def tissue_rows(weights: pd.DataFrame) -> list[list[Any]]:
    """Models of each tissue in each format."""
    mine = weights[(weights["set"] == "filtered") & ~weights["tissue"].isin(SEPARATE)]
    rows = []
    for tissue, of_it in mine.groupby("tissue", sort=False):
        by_format = of_it.groupby("format")["genes"].sum()
        counts = [f"{int(by_format.get(form, 0)):,}" for form in formats(weights)]
        rows.append(
            [str(tissue).replace("_", " "), *counts, f"{int(of_it['filtered_out'].max()):,}"]
        )
    return rows


def commands(written: pd.DataFrame) -> list[Block]:
    """How programs read one of the files of each format; paths are from the results' folder."""
    filtered = written[(written["set"] == "filtered") & ~written["tissue"].isin(SEPARATE)]
    blocks: list[Block] = []
    for form, (title, line) in PROGRAMS.items():
        files = filtered[filtered["format"] == form]
        if len(files):
            text = line(PurePosixPath(files["path"].iloc[0]), files["tissue"].iloc[0])
            blocks.append(Commands(title, text))
    joint = written[(written["set"] == "joint") & (written["format"] == "predictdb")]
    if len(joint):
        blocks.append(Commands("S-MultiXcan", _smultixcan(PurePosixPath(joint["path"].iloc[0]))))
    if blocks:
        blocks.append(Commands("fqtl twas", "fqtl twas --gwas gwas.tsv.gz --weights weights"))
    return blocks


def _spredixcan(path: PurePosixPath, tissue: str) -> str:
    return (
        f"SPrediXcan.py --model_db_path {path} --covariance {path.with_suffix('.txt.gz')} \\\n"
        f"    --gwas_file gwas.txt.gz {COLUMNS} --zscore_column Z \\\n"
        f"    --keep_non_rsid --output_file spredixcan/{tissue}.csv"
    )


def _smultixcan(path: PurePosixPath) -> str:
    return (
        f"SMulTiXcan.py --models_folder {path.parent} --models_name_filter '.*\\.db$' \\\n"
        f"    --models_name_pattern '(.*)\\.db' --snp_covariance {path} \\\n"
        "    --metaxcan_folder spredixcan --metaxcan_filter '(.*)\\.csv' \\\n"
        "    --metaxcan_file_name_parse_pattern '(.*)\\.csv' --cutoff_condition_number 30 \\\n"
        f"    --gwas_file gwas.txt.gz {COLUMNS} --zscore_column Z \\\n"
        "    --keep_non_rsid --output smultixcan.txt"
    )


def _fusion(path: PurePosixPath, tissue: str) -> str:
    return (
        "Rscript FUSION.assoc_test.R --sumstats gwas.sumstats --chr 22 \\\n"
        f"    --ref_ld_chr LDREF/1000G.EUR. --weights {path} --weights_dir {path.parent}/ \\\n"
        f"    --out {tissue}.22.dat"
    )


def _tigar(path: PurePosixPath, tissue: str) -> str:
    return (
        f"TIGAR_TWAS.sh --asso 2 --gene_anno {path.parent}/{tissue}.genes.txt \\\n"
        f"    --weight {path} --Zscore gwas.txt.gz --LD CHR22_reference_cov.txt.gz \\\n"
        "    --chr 22 --test_stat SPrediXcan"
    )


def _focus(path: PurePosixPath, tissue: str) -> str:
    return (
        f"focus finemap gwas.sumstats.gz LDREF/1000G.EUR.22 {path} --chr 22 \\\n"
        "    --locations 37:EUR --out focus.22"
    )


PROGRAMS: dict[str, tuple[str, Callable[[PurePosixPath, str], str]]] = {
    "predictdb": ("S-PrediXcan", _spredixcan),
    "fusion": ("FUSION", _fusion),
    "tigar": ("TIGAR", _tigar),
    "focus": ("FOCUS", _focus),
}
