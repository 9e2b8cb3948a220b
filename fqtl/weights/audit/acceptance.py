"""Acceptance of weight files for conversion: which faults are harmless, and which are refused.

An audit tells all that is amiss in a file. What would make the result wrong is refused; what the
conversion itself mends, does not read, or lists as left out is told and goes on. A sort of fault
that is not known here is refused.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.weights.audit.fault import SMALL_LETTERS, Fault

# sorts of faults, in the words of the audits, that do no harm to what is made of the file
HARMLESS = {
    # written anew by every writer
    "is not packed by bgzip: TIGAR reads it by region",
    "has no index",
    "is not in order of position",
    "CHROM has chr: TIGAR asks without",
    "snpID is not CHROM:POS:REF:ALT: TIGAR finds none of these variants",
    "chrom has chr",
    "is a vector: FUSION needs a matrix, of one row where there is one variant",
    "n.snps.in.model is not the number of weights",
    SMALL_LETTERS,
    "rsid is NULL or empty: the variant is dropped",  # the varID stands in
    "snp is empty",
    # not read
    "phi is NULL: the gene is dropped when calibration is asked for",
    "is not the row's name",  # rows are in the order of snps, which is checked where they are read
    "N is not a number of samples",  # the list's; that of the genes' files is taken
    "CHR is not a number from 1 to 23: the gene is never reached",  # by FUSION
    # left out, with a line for the gene
    "all weights are 0",
    "gene has no weights",
    "has no weights",
}


@dataclass(frozen=True)
class Reading:
    """What a conversion takes from a file.

    unread : files beside it that are of no account
    model : the model of each gene, of formats that have several; empty if none is named
    """

    unread: Collection[Path] = ()
    model: str = ""


def refuse_unsound(path: Path, faults: Iterable[Fault], reading: Reading) -> list[Fault]:
    """What is amiss and does no harm, as remarks; FqtlError if anything does.

    faults : of the file and of what it brings along
    """
    remarks, grave = [], []
    for fault in faults:
        if fault.grave and _does_harm(fault, reading):
            grave.append(fault)
        else:
            remarks.append(replace(fault, grave=False))
    if grave:
        more = f", and {len(grave) - 1} more" if len(grave) > 1 else ""
        raise FqtlError(
            f"{grave[0]}{more}. What is made of such a file would be wrong, too; "
            f"`fqtl check weights {path}` tells all."
        )
    return remarks


def _does_harm(fault: Fault, reading: Reading) -> bool:
    if fault.path in reading.unread:
        return False
    if fault.place.startswith("wgt.matrix, "):
        # of the models of a gene one is read, and its weights are looked at again there
        model = fault.place.split(", ")[1]
        if fault.what == "weight is not a number" or reading.model not in ("", model):
            return False
    return fault.what not in HARMLESS
