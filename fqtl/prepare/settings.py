"""Settings of how expression is prepared, and which of them exclude each other."""

from dataclasses import dataclass

from fqtl.config.model import Config
from fqtl.config.prepare import OWN_UNITS, SCALES_OF, Prepare
from fqtl.errors import FqtlError
from fqtl.prepare.counts import SIZE_FACTORS

AS_GIVEN, INVERSE_NORMAL = "as_given", "inverse_normal"
COUNTS, LOG_COUNTS, LOG_CPM = "counts", "log_counts", "log_cpm"


@dataclass(frozen=True)
class PrepareSettings:
    """Steps and their settings; `fqtl/config/prepare.py` explains each.

    counted : the files hold counts of reads
    components : how many are regressed out; None for as many as say more than chance does
    controls : genes of other chromosomes that each gene is regressed on
    """

    counted: bool = False
    scale: str = Prepare.scale
    size_factors: str = Prepare.size_factors
    min_tpm: float = Prepare.min_tpm
    min_reads: float = Prepare.min_reads
    min_share: float = Prepare.min_share
    components: int | None = None if Prepare.components == "auto" else Prepare.components
    controls: int = Prepare.controls
    control_max_p: float = Prepare.control_max_p
    min_samples: int = Prepare.min_samples
    seed: int = Config.seed

    def __post_init__(self) -> None:
        known = SCALES_OF["counts" if self.counted else "normalised"]
        what = "counts" if self.counted else "normalised values"
        if self.scale not in known:
            raise FqtlError(
                f"prepare.scale of {what} must be one of {', '.join(known)}; found {self.scale!r}. "
                "See prepare.values, too."
            )
        if self.size_factors not in SIZE_FACTORS:
            raise FqtlError(
                f"prepare.size_factors must be one of {', '.join(SIZE_FACTORS)}; found "
                f"{self.size_factors!r}."
            )
        if self.untouched and (self.components != 0 or self.controls):
            raise FqtlError(
                f"prepare.scale: {self.scale} keeps values as they are, so that nothing can be "
                "regressed out of them, neither prepare.components nor prepare.controls."
            )

    @property
    def untouched(self) -> bool:
        """Whether values go to the model in their own units, with nothing regressed out."""
        return self.scale in OWN_UNITS

    def why_unmeasured(self) -> str:
        """Reason that genes have which fail the filter."""
        return (
            f"below {self.min_tpm:g} TPM or {self.min_reads:g} reads in more than "
            f"{1 - self.min_share:.0%} of donors"
        )

    def why_without_length(self) -> str:
        """Reason that genes have of which transcripts per million cannot be said."""
        return "no exons in the annotation, hence no length for prepare.min_tpm"
