"""Tissues of a run, and where its files lie.

Needs: config, read and checked by common.smk. Gives: TISSUES (name → files), the paths that
`release` stands for in the config, and flags of the commands that read expression.
"""

RELEASE = config["release"]
PREPARE = config["prepare"]
FROM_FOLDER = isinstance(config["tissues"], list)
COUNTED = PREPARE["values"] == "counts"
SPLIT = COUNTED and FROM_FOLDER  # counts of all tissues come in one file
# scales by what the files hold, as in fqtl/prepare/settings.py
SCALES_OF = {
    "normalised": ["as_given", "inverse_normal", "raw"],
    "counts": ["inverse_normal", "log_cpm", "log_counts", "counts"],
}
MOST_NAMED = 10  # files that are not there, in one message
SHEET = yaml.safe_load(Path(SHEET_SCHEMA).read_text())
TISSUE_NAME = SHEET["properties"]["tissue"]["pattern"]


def in_release(name):
    """Path of a release's file: in its folder, or in a folder in that, as archives unpack."""
    folder = Path(RELEASE["folder"])
    direct = folder / name
    inside = [] if direct.exists() else sorted(folder.glob(f"*/{glob.escape(name)}"))
    return str(inside[0] if inside else direct)


def tissues_in_folder():
    """Tissues for which the folder has expression, in the order of the alphabet."""
    before, after = RELEASE["expression"].split("{tissue}")
    pattern = f"{glob.escape(before)}*{glob.escape(after)}"
    folder = Path(RELEASE["folder"])
    found = [path.name for place in ("", "*/") for path in folder.glob(place + pattern)]
    names = {name[len(before) : len(name) - len(after)] for name in found}
    return sorted(name for name in names if re.match(TISSUE_NAME, name))


def tissues_of_samples():
    """Tissues with enough samples among the release's counts, in the order of the alphabet."""
    counts, samples = in_release(RELEASE["counts"]), in_release(RELEASE["samples"])
    for path in (counts, samples):
        if not Path(path).is_file():
            refuse(f"No such file: {path}. See release in the config.")
    with open_text(counts) as lines:
        counted = set([*islice(lines, 3)][-1].rstrip("\n").split("\t"))
    with open_text(samples) as lines:
        rows = (line for line in lines if "\t" in line and not line.startswith("#"))
        table = csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {"SAMPID", "SMTSD"} <= set(table.fieldnames or []):
            refuse(f"{samples} has no columns SAMPID and SMTSD. See release.samples.")
        words = [row["SMTSD"] for row in table if row["SAMPID"] in counted]
    # the names that GTEx's own files have, as in fqtl/data/donors.py
    names = Counter(
        re.sub("[() ]+", "_", word.replace(" - ", "_")).strip("_") for word in words
    )
    return sorted(name for name in names if names[name] >= PREPARE["min_samples"])


def open_text(path):
    """Text, plain or gzipped, by its first bytes: browsers unpack and leave the name."""
    with open(path, "rb") as raw:
        gzipped = raw.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt") if gzipped else open(path)


def released_tissues():
    """Tissues of a release, name → row as in a sheet; the files may not be there."""
    wanted = ("counts", "samples", "annotation") if COUNTED else ("expression",)
    for key in wanted:
        if RELEASE[key] is None:
            refuse(f"tissues must be the path of a sheet where release.{key} is null.")
    if not Path(RELEASE["folder"]).is_dir():
        refuse(f"No such folder: {RELEASE['folder']}. See release.folder in config.")
    found = tissues_of_samples if COUNTED else tissues_in_folder
    names = config["tissues"] or found()
    if not names:
        sought = (
            f"{PREPARE['min_samples']} samples of one tissue in {RELEASE['counts']}"
            if COUNTED
            else f"{RELEASE['expression']} there or one folder below"
        )
        refuse(
            f"No tissue in {RELEASE['folder']}, looked for {sought}. See release in the config."
        )
    odd = [name for name in names if not re.match(TISSUE_NAME, name)]
    if odd or len(set(names)) < len(names):
        refuse(
            f"tissues must be different names of letters, digits and _.+-; found {names}."
        )
    return {name: row_of(name) for name in names}


def row_of(name):
    """Files of a tissue of the release."""
    row = {
        column: in_release(pattern.format(tissue=name)) if pattern else ""
        for column in ("expression", "covariates")
        for pattern in [RELEASE[column]]
    }
    if COUNTED:
        row["expression"] = f"{config['results']}/counts/{name}.parquet"
    return row


def wanted_files():
    """Input with the key that names it."""
    section = "release.genotypes" if RELEASE["genotypes"] else "genotypes.path"
    yield config["genotypes"]["path"], section
    if Path(config["genotypes"]["path"]).suffix in (".bed", ".pgen"):
        yield from ((path, section) for path in GENOTYPE_FILES[1:])
    yield from ((path, "release.annotation") for path in ANNOTATION)
    yield from ((path, "prepare.donor_covariates") for path in DONOR_COVARIATES)
    if config["genotypes"]["rsids"] not in ("file", "none"):
        yield config["genotypes"]["rsids"], "genotypes.rsids"
    if config["weights"]["annotation"]:
        yield config["weights"]["annotation"], "weights.annotation"
    if "simulate" in config:
        for key in ("effects", "null_genes"):
            if key in config["simulate"]:
                yield config["simulate"][key], f"simulate.{key}"
        return
    if SPLIT:
        for key in ("counts", "samples"):
            yield in_release(RELEASE[key]), f"release.{key}"
    for name, row in TISSUES.items():
        for column in ("expression", "covariates"):
            if row[column] and not (SPLIT and column == "expression"):
                where = f"release.{column}" if FROM_FOLDER else f"tissues ({name})"
                yield row[column], where


def require_files():
    """Input that is not there is named before Snakemake looks for a rule that makes it."""
    absent = {path: key for path, key in wanted_files() if not Path(path).is_file()}
    if absent:
        named = ", ".join(list(absent)[:MOST_NAMED])
        rest = len(absent) - MOST_NAMED
        more = f" and {rest} more" if rest > 0 else ""
        keys = ", ".join(dict.fromkeys(absent.values()))
        refuse(f"No such file: {named}{more}. See {keys} in the config.")
    genotypes, *others = GENOTYPE_FILES
    if not all(Path(path).is_file() for path in others):
        make = "bcftools index" if genotypes.endswith(".bcf") else "tabix -p vcf"
        refuse(f"{genotypes} has no index. Make one with `{make} {genotypes}`.")


def refuse_unlike_values():
    """Scales are of counts or of other values; what keeps its own units has nothing regressed out."""
    values, scale = PREPARE["values"], PREPARE["scale"]
    if scale not in SCALES_OF[values]:
        refuse(
            f"prepare.values: {values} goes with prepare.scale: {', '.join(SCALES_OF[values])}; "
            f"found {scale}."
        )
    if scale not in ("counts", "log_counts", "raw"):
        return
    found = [
        f"prepare.{key}: {PREPARE[key]}"
        for key in ("components", "controls")
        if PREPARE[key]
    ]
    if DONOR_COVARIATES and not IN_MODEL:
        found.append("prepare.donor_covariates_in: expression")
    described = [name for name, row in TISSUES.items() if row["covariates"]]
    if described:
        where = "release.covariates" if FROM_FOLDER else config["tissues"]
        found.append(
            f"covariates of {len(described)} tissues, the first {described[0]} ({where})"
        )
    if found:
        refuse(
            f"prepare.scale: {scale} keeps values as they are, so that nothing can be regressed "
            f"out of them; found {', '.join(found)}. Leave these out; covariates of donors can be "
            "in the model (prepare.donor_covariates_in: model)."
        )


if RELEASE["genotypes"]:
    config["genotypes"]["path"] = in_release(RELEASE["genotypes"])
# input of all that opens the genotypes: another table of variants is another file of genotypes
GENOTYPE_FILES = [
    config["genotypes"]["path"],
    *beside_genotypes(config["genotypes"]["path"]),
]
ANNOTATION = (
    [in_release(RELEASE["annotation"])]
    if (COUNTED or PREPARE["tss"] == "annotation") and RELEASE["annotation"]
    else []
)
DONOR_COVARIATES = [PREPARE["donor_covariates"]] if PREPARE["donor_covariates"] else []
IN_MODEL = DONOR_COVARIATES if PREPARE["donor_covariates_in"] == "model" else []
TISSUES = released_tissues() if FROM_FOLDER else read_sheet(config["tissues"])
refuse_unlike_values()
require_files()

# Flags of every command that reads expression
VALUES = " ".join(
    [
        *(["--counts"] if COUNTED else []),
        *(f"--annotation {shlex.quote(path)}" for path in ANNOTATION),
        *([] if PREPARE["tss"] == "auto" else [f"--tss {PREPARE['tss']}"]),
        *(f"--donor-covariates {shlex.quote(path)}" for path in DONOR_COVARIATES),
    ]
)

# Flags that say what is done with it
RECIPE = " ".join(
    [
        *(
            f"--{key.replace('_', '-')} {PREPARE[key]}"
            for key in (
                "scale",
                "size_factors",
                "min_tpm",
                "min_reads",
                "min_share",
                "components",
                "controls",
                "control_max_p",
                "min_samples",
            )
        ),
        f"--seed {config['seed']}",
        *(["--donor-covariates-in-model"] if IN_MODEL else []),
    ]
)
