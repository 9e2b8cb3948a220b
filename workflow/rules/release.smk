"""Tissues of a run, and where its files lie.

Needs: config, read and checked by common.smk. Gives: TISSUES (name → files), and the paths that
`release` stands for in the config.
"""

RELEASE = config["release"]
TISSUE_NAME = yaml.safe_load(Path(SHEET_SCHEMA).read_text())["properties"]["tissue"][
    "pattern"
]


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


def released_tissues():
    """Tissues of a release, name → row as in a sheet; the files may not be there."""
    if RELEASE["expression"] is None:
        refuse(
            "tissues must be the path of a sheet where release.expression is not given."
        )
    if not Path(RELEASE["folder"]).is_dir():
        refuse(
            f"No such folder: {RELEASE['folder']}. See release.folder in the config."
        )
    names = config["tissues"] or tissues_in_folder()
    if not names:
        refuse(
            f"No tissue in {RELEASE['folder']}: nothing there or one folder below is named "
            f"{RELEASE['expression']}. See release.folder and release.expression in the config."
        )
    odd = [name for name in names if not re.match(TISSUE_NAME, name)]
    if odd or len(set(names)) < len(names):
        refuse(
            f"tissues must be different names of letters, digits and _.+-; found {names}."
        )
    return {
        name: {
            column: (
                in_release(RELEASE[column].format(tissue=name))
                if RELEASE[column]
                else ""
            )
            for column in ("expression", "covariates")
        }
        for name in names
    }


def wanted_files():
    """Input with the key that names it."""
    section = "release.genotypes" if RELEASE["genotypes"] else "genotypes.path"
    yield config["genotypes"]["path"], section
    if "simulate" in config:
        for key in ("effects", "null_genes"):
            if key in config["simulate"]:
                yield config["simulate"][key], f"simulate.{key}"
        return
    for name, row in TISSUES.items():
        for column in ("expression", "covariates"):
            if row[column]:
                yield row[column], (
                    f"release.{column}" if FROM_FOLDER else f"tissues ({name})"
                )


def require_files():
    """Input that is not there is named before Snakemake looks for a rule that makes it."""
    absent = {path: key for path, key in wanted_files() if not Path(path).is_file()}
    if absent:
        named = ", ".join(list(absent)[:MOST_NAMED])
        more = (
            f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
        )
        keys = ", ".join(dict.fromkeys(absent.values()))
        refuse(f"No such file: {named}{more}. See {keys} in the config.")


MOST_NAMED = 10  # files that are not there, in one message
FROM_FOLDER = isinstance(config["tissues"], list)
if RELEASE["genotypes"]:
    config["genotypes"]["path"] = in_release(RELEASE["genotypes"])
TISSUES = released_tissues() if FROM_FOLDER else read_sheet(config["tissues"])
require_files()
