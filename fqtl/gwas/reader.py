"""A GWAS file opened: its layout recognised, its rows ready to be gone through."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.gwas.batches import Batch, read_batches
from fqtl.gwas.gwas_vcf import LAYOUT, build_of_vcf, is_gwas_vcf, read_gwas_vcf
from fqtl.gwas.header import Header, read_header, told_beside
from fqtl.gwas.layouts import Layout, layout_of
from fqtl.weights.builds import require_build


@dataclass(frozen=True)
class Gwas:
    """A file, and how it is read.

    build : that the file tells, or its layout has always; empty if neither
    told_by : what tells it, in words
    zero_based : whether positions count from 0
    """

    path: Path
    header: Header
    layout: Layout
    build: str
    told_by: str
    zero_based: bool
    study: str = ""

    def batches(self, left_out: "Counter[str]") -> Iterator[Batch]:
        """Every row, in order; left_out : where records that cannot be read are counted."""
        if self.layout.name == LAYOUT:
            return read_gwas_vcf(self.path, self.header, self.study, left_out)
        return read_batches(self.path, self.header, self.layout)


def open_gwas(path: Path, columns: Mapping[str, str], study: str = "") -> Gwas:
    """A file of any layout.

    columns : meaning → column, what the user says of them
    study : of a GWAS-VCF with several
    """
    header = read_header(path)
    beside = told_beside(path)
    told = str(beside.get("genome_assembly") or "")
    build, by = (require_build(path, told), "the yaml beside it") if told else ("", "")
    if is_gwas_vcf(header):
        if columns:
            raise FqtlError(f"{path} is a GWAS-VCF, whose columns have one meaning (--columns).")
        in_header = build_of_vcf(header)
        layout = Layout(LAYOUT, {"p": "LP", "beta": "ES", "se": "SE", "pos": "POS"})
        build, by = (build, by) if build else (in_header, "the contigs of its header")
        return Gwas(path, header, layout, build, by if build else "", False, study)
    if study:
        raise FqtlError(f"{path} is no GWAS-VCF: it holds one study, without a name (--study).")
    layout = layout_of(path, header.names, columns)
    if not build and layout.build:
        build, by = layout.build, f"its layout ({layout.name})"
    zero_based = str(beside.get("coordinate_system", "")).startswith("0")
    return Gwas(path, header, layout, build, by, zero_based)
