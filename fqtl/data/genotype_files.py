"""Files of genotypes, opened by the ending of their names; every reader lies below this page."""

from pathlib import Path

from fqtl.data.genotypes import GenotypeSource
from fqtl.data.plink import PlinkFile
from fqtl.data.vcf import VcfFile
from fqtl.errors import FqtlError


def open_genotypes(path: Path, build: str, field: str) -> GenotypeSource:
    """Source of genotypes, by the ending of its name.

    build : GRCh37 or GRCh38, written into every variant id
    field : GT or DS, whether calls or imputed dosages are read
    """
    if not path.exists():
        raise FqtlError(f"No such file: {path}. See genotypes.path in the config.")
    if path.name.endswith((".vcf.gz", ".vcf.bgz", ".bcf")):
        return VcfFile(path, build, field)
    if path.suffix in (".bed", ".pgen"):
        return PlinkFile(path, build, field)
    raise FqtlError(
        f"{path}: expected genotypes as .vcf.gz, .vcf.bgz, .bcf, .bed or .pgen. A plain VCF "
        f"becomes one by `bgzip {path} && tabix -p vcf {path}.gz`."
    )
