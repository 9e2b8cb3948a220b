"""Options of the engines, one class for each."""

from dataclasses import dataclass

from fqtl.errors import FqtlError
from fqtl.model.arrays.checked_options import CheckedOptions


@dataclass(frozen=True)
class CaviOptions(CheckedOptions):
    """Of engine "cavi", coordinate ascent.

    max_iter : rounds of joint refinement
        100.
    tolerance : nats by which a round must raise the ELBO to be followed by another
        0.02.
    shared_noise : whether noise that the tissues of a donor share is modelled, where there is any
        True in `fqtl.fit`, False in the other models. With two tissues or more; not with
        "row_spike_slab", whose indicators are of all tissues, while beside shared noise tissues
        are visited one by one.
    reconsider : whether a fit that has settled is tried again without its factors, and without its
        effects of single tissues, until the others have found what they can instead
        True. Of family "gaussian" and variant_prior "single_effects", with both kinds of effects.
    """

    max_iter: int = 100
    tolerance: float = 0.02
    shared_noise: bool = True
    reconsider: bool = True


@dataclass(frozen=True)
class SgvbOptions(CheckedOptions):
    """Of engine "sgvb", stochastic gradients.

    max_iter : iterations of each phase
        3000.
    tolerance : nats by which a look at the ELBO must better the best so far to count as a gain
        0.1.
    samples : draws of every entry in an iteration, half of them the opposites of the others
        10.
    rate, decay : a step has the length rate (t + 1)^decay
        0.02, -0.01.
    learn_prior : whether a second phase follows in which priors are learned
        True.
    svd_start : whether factors start at the leading directions of the data, or at noise alone
        True. Where there are factors.
    jitter : noise of the start, as a part of its size
        0.1.
    check_every, patience : iterations between two looks at the ELBO, and how many without a gain
        end a phase
        50, 8.
    seed : of the draws
        0; the argument `seed` of the functions.
    """

    max_iter: int = 3000
    tolerance: float = 0.1
    samples: int = 10
    rate: float = 0.02
    decay: float = -0.01
    learn_prior: bool = True
    svd_start: bool = True
    jitter: float = 0.1
    check_every: int = 50
    patience: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples < 4 or self.samples % 2:
            raise FqtlError(
                f"Option samples must be even and at least 4, found {self.samples}: draws come in "
                f"pairs, and a mean needs two of them."
            )
        for name in ("rate", "check_every", "patience"):
            if not getattr(self, name) > 0:
                raise FqtlError(f"Option {name} must be positive, found {getattr(self, name)!r}.")
