"""Files that a run reads, and the keys of the config that name them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fqtl.config.model import Config
from fqtl.data.genotype_paths import PLINK, files_of, genotype_file, is_template
from fqtl.data.ld_sheet import read_regions
from fqtl.data.summary_sheet import files_of as summary_files
from fqtl.data.tissues import Tissue
from fqtl.data.traits import Trait, read_traits
from fqtl.errors import FqtlError
from fqtl.workflow.release import in_release, release_file

SHEET = "summary_statistics.sheet"
MOST_NAMED = 10  # files that are not there, in one message


def genotype_files(path: str) -> list[list[str]]:
    """Every file of genotypes with what belongs to it, one of each chromosome or one for all.

    Shards are not known before genes are counted, so all are input of every job that reads any.
    """
    given = Path(path)
    files = list(files_of(given).values()) if is_template(given) else [genotype_file(given)]
    return [_with_parts(file) for file in files]


def _with_parts(file: Path) -> list[str]:
    """A file and what belongs to it: PLINK's tables of variants and donors, or the index.

    Another table of variants is another file of genotypes, so all are input of what opens them. Of
    several names that one file may have, the one that is there or, where none is, the first.
    """
    parts: list[list[Path]] = []  # `fqtl check` says what it expects
    if file.suffix == ".bed":
        parts = [[file.with_suffix(".bim")], [file.with_suffix(".fam")]]
    elif file.suffix == ".pgen":
        tables = [file.with_suffix(".pvar"), file.with_suffix(".pvar.zst")]
        parts = [tables, [file.with_suffix(".psam")]]
    elif file.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        parts = [[Path(f"{file}.csi"), Path(f"{file}.tbi")]]
    beside = [next((name for name in names if name.exists()), names[0]) for names in parts]
    return [str(file), *map(str, beside)]


def ld_files(config: Config) -> list[list[str]]:
    """What LD and dosages are of: genotypes as `genotype_files` has them, or a table of matrices.

    There are thousands of matrices, which jobs find by the table; a table that is touched has its
    fits made anew.
    """
    matrices = config.summary_statistics.ld
    return genotype_files(config.genotypes.path) if matrices is None else [[matrices]]


def table_of_sex(config: Config) -> list[str]:
    """Table of donors and their sex, as a list that may be empty."""
    return [path for path in [config.genotypes.sex] if path]


def lookup_table(config: Config) -> list[str]:
    """Table of rs numbers that the config names, as a list that may be empty."""
    return [path for path in [config.genotypes.rsids] if path not in ("file", "none")]


def gene_places(config: Config) -> list[str]:
    """GTF with positions and lengths of genes, as a list that is empty where none is asked for."""
    name = config.release.annotation
    asked = config.prepare.values == "counts" or config.prepare.tss == "annotation"
    return [in_release(name, config)] if asked and name else []


def gene_names(config: Config) -> list[str]:
    """GTF with names and types of genes for weights, as a list that may be empty."""
    if config.weights.annotation:
        return [config.weights.annotation]
    name = config.release.annotation
    return [path for path in [in_release(name, config)] if Path(path).is_file()] if name else []


def donor_covariates(config: Config) -> list[str]:
    """Covariates that all tissues share, as a list that may be empty."""
    return [path for path in [config.prepare.donor_covariates] if path]


def model_covariates(config: Config) -> list[str]:
    """Those of them that are in the model."""
    return donor_covariates(config) if config.prepare.donor_covariates_in == "model" else []


def trait_sheet(config: Config) -> list[str]:
    """The sheet of traits, as a list that may be empty."""
    return [path for path in [config.twas.traits] if path]


def traits_of(config: Config) -> dict[str, Trait]:
    """Traits by name, in the order of the sheet; none without one."""
    for path in trait_sheet(config):
        if not Path(path).is_file():
            raise FqtlError(f"No such file: {path}. See twas.traits in the config.")
    return {t.name: t for path in trait_sheet(config) for t in read_traits(Path(path))}


def simulated_gwas(config: Config) -> list[str]:
    """GWAS of a trait that the run simulates, as a list that may be empty."""
    wanted = config.simulate is not None and config.simulate.trait_donors is not None
    return [f"{config.results}/panel/trait.tsv.gz"] if wanted else []


def require_files(
    config: Config, tissues: Mapping[str, Tissue], traits: Mapping[str, Trait]
) -> None:
    """Input that is not there is named before Snakemake looks for a rule that makes it."""
    wanted = [*_wanted(config, tissues), *_of_traits(config, traits)]
    absent = {path: key for path, key in wanted if not Path(path).is_file()}
    if absent:
        named = ", ".join(list(absent)[:MOST_NAMED])
        rest = len(absent) - MOST_NAMED
        more = f" and {rest} more" if rest > 0 else ""
        keys = ", ".join(dict.fromkeys(absent.values()))
        raise FqtlError(f"No such file: {named}{more}. See {keys} in the config.")
    if config.summary_statistics.ld is not None:
        read_regions(Path(config.summary_statistics.ld))  # whose files are to be there
    for genotypes, *others in ld_files(config):
        if not all(Path(path).is_file() for path in others):
            make = "bcftools index" if genotypes.endswith(".bcf") else "tabix -p vcf"
            raise FqtlError(f"{genotypes} has no index. Make one with `{make} {genotypes}`.")


def _wanted(config: Config, tissues: Mapping[str, Tissue]) -> Iterator[tuple[str, str]]:
    """Input with the key that names it."""
    section = "release.genotypes" if config.release.genotypes else "genotypes.path"
    if config.summary_statistics.ld is not None:
        section = "summary_statistics.ld"
    for genotypes, *others in ld_files(config):
        yield genotypes, section
        if Path(genotypes).suffix in PLINK:
            yield from ((path, section) for path in others)
    yield from ((path, "release.annotation") for path in gene_places(config))
    yield from ((path, "prepare.donor_covariates") for path in donor_covariates(config))
    yield from ((path, "genotypes.sex") for path in table_of_sex(config))
    yield from ((path, "genotypes.rsids") for path in lookup_table(config))
    if config.weights.annotation:
        yield config.weights.annotation, "weights.annotation"
    summary = config.summary_statistics
    if summary.sheet is not None:
        yield str(summary.genes), "summary_statistics.genes"
        if summary.noise_correlation not in ("estimate", "gene"):
            yield summary.noise_correlation, "summary_statistics.noise_correlation"
        for tissue in tissues.values():
            for file in summary_files(Path(tissue.expression)):
                yield str(file), f"{summary.sheet} ({tissue.name}), by {SHEET}"
        return
    if config.simulate is None:
        yield from _of_tissues(config, tissues)
        return
    yield config.simulate.effects, "simulate.effects"
    if config.simulate.null_genes:
        yield config.simulate.null_genes, "simulate.null_genes"


def _of_tissues(config: Config, tissues: Mapping[str, Tissue]) -> Iterator[tuple[str, str]]:
    from_folder = isinstance(config.tissues, list)
    split = from_folder and config.prepare.values == "counts"
    if split:
        for key in ("counts", "samples"):
            yield release_file(key, config), f"release.{key}"
    for tissue in tissues.values():
        expression = None if split else tissue.expression
        for column, path in (("expression", expression), ("covariates", tissue.covariates)):
            if path is not None:
                where = f"release.{column}" if from_folder else f"tissues ({tissue.name})"
                yield str(path), where


def _of_traits(config: Config, traits: Mapping[str, Trait]) -> Iterator[tuple[str, str]]:
    made = simulated_gwas(config)
    for trait in traits.values():
        for column, path in (("gwas", trait.gwas), ("chain", trait.chain)):
            if path is not None and str(path) not in made:
                yield str(path), f"twas.traits ({trait.name}, {column})"
