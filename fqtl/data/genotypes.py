"""Files of genotypes, opened by the ending of their names; every reader lies below this page."""

from pathlib import Path

from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.data.plink import PlinkFile
from fqtl.data.sex import SexChromosomes, read_sex
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

    build : as GRCh38 or mm39, written into every variant id
    field : GT or DS, whether calls or imputed dosages are read
    sex : table of donors and their sex, in the place of what the genotypes say of it
    sexes : chromosomes of which one sex has one copy; those of the build by default
    """
    if not path.exists():
        raise FqtlError(f"No such file: {path}. See genotypes.path in the config.")
    known = None if sex is None else read_sex(sex)
    if path.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        return VcfFile(path, build, field, known, sexes)
    if path.suffix in (".bed", ".pgen"):
        return PlinkFile(path, build, field, known, sexes)
    raise FqtlError(
        f"{path}: expected genotypes as .vcf.gz, .vcf.bgz, .bcf, .bed or .pgen. A plain VCF "
        f"becomes one by `bgzip {path} && tabix -p vcf {path}.gz`."
    )
