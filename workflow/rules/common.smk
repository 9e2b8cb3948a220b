"""Configuration: validated, with one line for people where something is wrong.

Needs: config, workflow/schemas/. Gives: SHARDS, GENOTYPES (flags) and, by release.smk,
TISSUES (name → files).
"""

import csv
import glob
import gzip
import re
import shlex
import sys
import time
import tomllib
from collections import Counter
from itertools import islice
from pathlib import Path

import jsonschema
import yaml

CONFIG_SCHEMA = workflow.source_path("../schemas/config.schema.yaml")
PROJECT = workflow.source_path("../../pyproject.toml")
SHEET_SCHEMA = workflow.source_path("../schemas/tissues.schema.yaml")


def refuse(message):
    """Stop before any job, with one line."""
    print("error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


def validated(value, schema, where):
    """Check against a schema; the first fault names its key, what was expected, what was found."""
    checker = jsonschema.Draft202012Validator(yaml.safe_load(Path(schema).read_text()))
    faults = sorted(
        checker.iter_errors(value), key=lambda fault: list(map(str, fault.path))
    )
    if not faults:
        return
    fault = faults[0]
    key = ".".join(map(str, fault.path))
    if fault.validator == "additionalProperties":
        known = fault.schema["properties"]
        unknown = sorted(set(fault.instance) - set(known))[0]
        place = f"{key}.{unknown}" if key else unknown
        refuse(f"{where}: unknown key {place}; there are {', '.join(known)}.")
    if fault.validator == "type" and fault.schema.get("type") == "object":
        refuse(
            f"{where}: {key} must be a section with keys of its own; found {fault.instance!r}. "
            "Leave it out for the defaults."
        )
    if fault.validator == "required":
        refuse(f"{where}{': ' + key if key else ''}: {fault.message}.")
    meaning = fault.schema.get("description", fault.message)
    refuse(f"{where}: {key} must be {meaning}; found {fault.instance!r}.")


def read_sheet(path):
    """Tissues in the order of the sheet, name → row; the files themselves are for `fqtl check`."""
    if not Path(path).is_file():
        refuse(f"No such file: {path}. See tissues in the config.")
    with open(path, newline="", encoding="utf-8-sig") as sheet:
        reader = csv.DictReader(sheet, delimiter="\t")
        rows, names = list(reader), reader.fieldnames or []
    if not {"tissue", "expression", "covariates"} <= set(names):
        refuse(
            f"{path}, line 1: expected the columns tissue, expression and covariates, separated by "
            f"tabs; found {', '.join(map(repr, names)) or 'nothing'}."
        )
    if not rows:
        refuse(f"{path} lists no tissue.")
    for number, row in enumerate(rows, start=2):
        validated(row, SHEET_SCHEMA, f"{path}, line {number}")
    names = [row["tissue"] for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        refuse(f"{path} lists the tissue {min(twice)} twice.")
    return {row["tissue"]: row for row in rows}


def failures():
    """A line for each job of this run whose log ends in an error, or before the job was done."""
    folder = Path(f"{config['results']}/logs")
    for path in sorted(folder.rglob("*.log")):
        lines = path.read_text(errors="replace").splitlines()
        if path.stat().st_mtime < STARTED or any(" done: " in line for line in lines):
            continue
        if lines and not re.match(r"\d\d:\d\d:\d\d ", lines[-1]):
            yield f"{'' if lines[-1].startswith('error:') else 'error: '}{lines[-1]} ({path})"
        else:
            command = path.relative_to(folder).parts[0].removesuffix(".log")
            yield (
                f"error: {path} ends before its job was done. Was it killed, for its memory or its "
                "time? Start the same command again to go on; `--set-resources "
                f"{command}:mem_mb=…` gives it more memory."
            )


def trained_on():
    """Which variants models are trained on: those that FUSION keeps, if it is to read the models."""
    chosen = config["weights"]["variants"]
    if chosen != "auto":
        return chosen
    return "unambiguous" if "fusion" in config["weights"]["formats"] else "all"


def rsids_from():
    """Where rs numbers come from: `file`, `none`, or a lookup table as the rule `rsids` keeps it."""
    chosen = config["genotypes"]["rsids"]
    return (
        chosen if chosen in ("file", "none") else f"{config['results']}/rsids.parquet"
    )


def beside_genotypes(path):
    """Files that belong to the genotypes: PLINK's tables of variants and donors, or the index.

    Of several names that one file may have the one that is there or, where none is, the first.
    """
    path = Path(path)
    if path.suffix == ".bed":
        parts = [[path.with_suffix(".bim")], [path.with_suffix(".fam")]]
    elif path.suffix == ".pgen":
        tables = [path.with_suffix(".pvar"), path.with_suffix(".pvar.zst")]
        parts = [tables, [path.with_suffix(".psam")]]
    elif path.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        parts = [[Path(f"{path}.csi"), Path(f"{path}.tbi")]]
    else:
        parts = []  # `fqtl check` says what it expects
    return [
        str(next((name for name in names if name.exists()), names[0]))
        for names in parts
    ]


def covariates_of(wildcards):
    """The tissue's covariates, as a list that may be empty."""
    return [path for path in [TISSUES[wildcards.tissue]["covariates"]] if path]


def planned(path, shard):
    """What the plan expects a shard's job to need, with room for other machines."""
    with open(path, encoding="utf-8") as plan:
        for row in csv.DictReader(plan, delimiter="\t"):
            if row["shard"] == shard:
                return {
                    "mem_mb": 500 + int(1.3 * float(row["memory_mb"])),
                    "minutes": 30 + int(4 * float(row["cpu_seconds"]) / 60),
                }
    return {"mem_mb": 1000, "minutes": 30}  # a shard without genes


def annotation():
    """GTF with names and types of genes, as a list that may be empty."""
    if config["weights"]["annotation"]:
        return [config["weights"]["annotation"]]
    name = RELEASE["annotation"]
    return [path for path in [in_release(name)] if Path(path).is_file()] if name else []


def named(wildcards, input):
    """Flag for the annotation, if there is one."""
    return (
        f"--annotation {shlex.quote(input.annotation[0])}" if input.annotation else ""
    )


STARTED = time.time()

# prepare.scale that a family can have; the Gaussian has any but counts as they are
SCALES = {
    "nb": ["counts"],
    "nb_pseudo": ["counts"],
    "voom": ["log_counts", "raw"],
    "beta": ["raw"],
}


def refuse_unlike_scale():
    """Families of counts need counts as they are, those with units of their own need these."""
    family, scale = config["model"]["family"], config["prepare"]["scale"]
    suited = SCALES.get(family, [])
    if (scale not in suited) if suited else (scale == "counts"):
        counts = [name for name, scales in SCALES.items() if "counts" in scales]
        goes = (
            f"model.family {family} goes with prepare.scale: {' or '.join(suited)}"
            if suited
            else f"prepare.scale counts goes with model.family {' or '.join(counts)}"
        )
        refuse(
            f"{goes}, and only with it; found model.family: {family} and prepare.scale: {scale}."
        )


validated(config, CONFIG_SCHEMA, "config")
refuse_unlike_scale()


PRESET = f"../../config/presets/{config['release']['preset']}.yaml"


# what --configfile says is put on top of it once more
configfile: workflow.source_path(PRESET)


include: "release.smk"


SHARDS = [f"{number:04d}" for number in range(1, config["shards"]["count"] + 1)]
# in params: results of another version are made anew
VERSION = tomllib.loads(Path(PROJECT).read_text())["project"]["version"]

# Flags of every command that opens the genotypes
GENOTYPES = " ".join(
    [
        f"--genotypes {shlex.quote(config['genotypes']['path'])}",
        f"--genome-build {config['genome_build']}",
        f"--field {config['genotypes']['field']}",
    ]
)

# Flags of every command that takes the variants of a gene
VARIANTS = " ".join(
    [
        f"--cis-window-bp {config['genes']['cis_window_bp']}",
        f"--min-maf {config['genotypes']['min_maf']}",
        f"--max-missing {config['genotypes']['max_missing']}",
        f"--variants {trained_on()}",
        f"--rsids {shlex.quote(rsids_from())}",
    ]
)

# Flags of every command that knows of permuted fits
NULLS = " ".join(f"--{key} {value}" for key, value in config["calibration"].items())


pathvars:
    results=config["results"],
    logs=f"{config['results']}/logs",
    benchmarks=f"{config['results']}/benchmarks",


# The command `fqtl` beside this snakemake serves where no other is on the PATH
shell.prefix(f"export PATH=$PATH:{shlex.quote(str(Path(sys.executable).parent))}; ")


wildcard_constraints:
    tissue="[A-Za-z0-9][A-Za-z0-9_.+-]*",
    shard="[0-9]+",


localrules:
    all,
