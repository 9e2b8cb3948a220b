"""Files of genotypes, opened by the ending of their names; every reader lies below this page."""

from pathlib import Path

from fqtl.data.builds import is_human
from fqtl.data.by_chromosome import ByChromosome
from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.data.genotype_paths import PLINK, genotype_file, is_template
from fqtl.data.plink import PlinkFile
from fqtl.data.sex import SexChromosomes, read_sex, sex_chromosomes
from fqtl.data.variant_table import chromosome_of
from fqtl.data.vcf import VcfFile
from fqtl.errors import FqtlError

__all__ = ["GenotypeSource", "Genotypes", "Limits", "open_genotypes"]


def open_genotypes(
    path: Path,
    build: str,
    field: str,
    sex: Path | None = None,
    sexes: SexChromosomes | None = None,
) -> GenotypeSource:
    """Source of genotypes, by the ending of its name.

    path : with {chrom} in it, one file of each chromosome; without an ending, a prefix of PLINK's
    build : as GRCh38 or mm39, written into every variant id
    field : GT or DS, whether calls or imputed dosages are read
    sex : table of donors and their sex, in the place of what the genotypes say of it
    sexes : chromosomes of which one sex has one copy; those of the build by default
    """
    known = None if sex is None else read_sex(sex)
    sexes = sexes or sex_chromosomes(build)
    if not is_template(path):
        return _open_file(path, build, field, known, sexes)
    return ByChromosome(
        path,
        lambda file: _open_file(file, build, field, known, sexes),
        sexes,
        lambda name: chromosome_of(name, human=is_human(build)),
    )


def _open_file(
    path: Path, build: str, field: str, sex: dict[str, str] | None, sexes: SexChromosomes
) -> GenotypeSource:
    path = genotype_file(path)
    if not path.exists():
        hint = " A file per chromosome goes by {chrom} in its place." if "{" in str(path) else ""
        raise FqtlError(f"No such file: {path}. See genotypes.path in the config.{hint}")
    if path.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        return VcfFile(path, build, field, sex, sexes)
    if path.suffix in PLINK:
        return PlinkFile(path, build, field, sex, sexes)
    raise FqtlError(
        f"{path}: expected genotypes as .vcf.gz, .vcf.bgz, .bcf, .bed or .pgen. A plain VCF "
        f"becomes one by `bgzip {path} && tabix -p vcf {path}.gz`."
    )
