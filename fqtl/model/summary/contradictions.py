"""z-scores that contradict their neighbours: turned round, left out, or a gene that is refused.

Under LD R = V D V' + Psi the z-score of a variant given all others is normal,

    z_j | z_-j ~ N(c_j, 1/O_jj),   c_j = z_j - (O z)_j / O_jj,   O = R^-1,

whatever acts on the gene, as long as its effects reach the others by the same LD (kriging, as in
SuSiE-RSS: Zou et al. 2022, PLoS Genetics 18:e1010299). An error of LD of n_ref people adds about
mismatch * max z² / n_ref to the variance. z_j with its sign turned is the likelier by

    -2 O_jj c_j z_j  nats.

An effect of variant j itself is no contradiction. It makes O z = effect e_j, which z_j explains by
z_j²/2 nats, and an error of z_j alone by half the square of its standardised residual s_j, errors
of LD apart: only where s_j² is by far the larger can z_j be left out.

The variant that contradicts most is turned round, if that is by far the likelier, or else left out;
then the others are looked at again, since it had told them wrong things.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.model.summary.ld import LD
from fqtl.model.summary.noise import mismatch_of
from fqtl.model.summary.rows import Scores, patterns_of

# of a variant's variance that its neighbours cannot tell; taste
LEAST_REST = 0.05
# copies of the rarer allele in a panel by which variants that are the same there differ elsewhere;
# taste
UNLIKE_COPIES = 10.0
MOST_VARIANCE = 0.5  # of dosages, at a frequency of one half; derived
# |z| given the others that no chance gives among a hundred thousand; taste
CONTRADICTS = 6.0
# nats by which a turned sign is the likelier: chance gives as many as a z of 5.5; derived
TURNED = 15.0
MOST_CHANGED = 0.1  # of the variants, in a gene that is fitted all the same; taste
UNFIT = 2.0  # standard deviation of z given the others, from which LD does not fit at all; taste
# variants of a tissue, of fewer of which the median may be that of what acts; taste
ENOUGH = 20
NORMAL = 0.6745  # median of |z| of a standard normal; derived


@dataclass(frozen=True)
class Checked:
    """z-scores after the check.

    scores : without what was left out, and with what was turned round
    flipped, left_out : (p,)
    contradiction : (p,) largest |z| given the others, over tissues, as z-scores came; NaN where
        there is none
    """

    scores: Scores
    flipped: np.ndarray
    left_out: np.ndarray
    contradiction: Floats
    mismatch: float

    @property
    def changed(self) -> bool:
        """Whether anything was turned round or left out."""
        return bool(self.flipped.any() or self.left_out.any())


def check_scores(scores: Scores, ld: LD, change: bool = True) -> Checked:
    """z-scores that fit the LD.

    change : whether anything is turned round, left out, or refused; else only told
    """
    found = mismatch_of(scores, ld)
    mismatch = min(found, 1.0)
    look = _Look.of(scores, ld.between(mismatch), mismatch)
    contradiction = np.where(look.known.any(axis=1), look.standard().max(axis=1), np.nan)
    sign = np.ones(ld.p)
    if not change:
        return Checked(scores, sign < 0, sign == 0, contradiction, found)
    most = max(int(MOST_CHANGED * (ld.sd > 0).sum()), 1)
    changed = 0
    while True:
        standard = look.not_an_effect().max(axis=1)
        j = int(standard.argmax())
        turned = look.turned()
        flip = int(turned.argmax())
        if turned[flip] <= TURNED and standard[j] <= CONTRADICTS:
            break
        if turned[flip] > TURNED and sign[flip] == 1:
            sign[flip] = -1
            look.turn(flip)
        else:
            sign[j] = 0
            look.leave_out(j)
        changed += 1
        if changed > most:
            _refuse(f"more than {most} of {ld.p} variants contradict their neighbours", look)
    if look.scale.max() > UNFIT:
        _refuse("z-scores differ from what their neighbours say", look)
    return Checked(scores.of_variants(sign), sign < 0, sign == 0, contradiction, found)


def _refuse(what: str, look: "_Look") -> None:
    raise FqtlError(
        f"LD does not fit the z-scores: {what} (standard deviation {look.scale.max():.1f} of z "
        f"given the others, expected about 1, at most {UNFIT:g}). Are alleles matched, and is the "
        "panel of the same population and build?"
    )


def _implied(z: Floats, known: np.ndarray, varying: np.ndarray, a: Floats, rest: Floats) -> Floats:
    """(p, m) E[z | those that are known] of N(0, a a' + rest)."""
    implied = np.zeros_like(z)
    for where, tissues in patterns_of(known, varying):
        half = (a[where].T / rest[where]) @ z[where][:, tissues]
        inner = (a[where].T / rest[where]) @ a[where]
        inner[np.diag_indices(a.shape[1])] += 1
        implied[:, tissues] = a @ cho_solve(cho_factor(inner), half)
    return implied


@dataclass
class _Look:
    """z-scores and what neighbours say of them.

    z : (p, m) missing ones as their neighbours say
    known : (p, m) whether they were there
    product : (p, m) O z
    diagonal : (p,) of O
    root : (k, p) with O = Psi^-1 - root' root: L^-1 A' Psi^-1, of I + A' Psi^-1 A = L L'
    tolerance : (m,) variance that errors of LD add
    scale : (m,) standard deviation of what fits, 1 at least
    """

    z: Floats
    known: np.ndarray
    product: Floats
    diagonal: Floats
    rest: Floats
    root: Floats
    tolerance: Floats
    scale: Floats

    @classmethod
    def of(cls, scores: Scores, ld: LD, mismatch: float) -> "_Look":
        varying = ld.sd > 0
        known = np.isfinite(scores.r) & varying[:, None]
        a = ld.vectors * np.sqrt(ld.values)
        people = ld.people or np.inf
        unlike = UNLIKE_COPIES / (people * np.clip(ld.sd**2, np.finfo(float).tiny, MOST_VARIANCE))
        rest = np.maximum(ld.left_out(), np.minimum(LEAST_REST + mismatch * unlike, 1.0))
        z = scores.r * np.sqrt(scores.n)
        if not known[varying].all():
            z = np.where(known, z, _implied(z, known, varying, a, rest))
        half = a / rest[:, None]
        inner = a.T @ half
        inner[np.diag_indices(ld.k)] += 1
        root = solve_triangular(cholesky(inner, lower=True), half.T, lower=True)
        product = z / rest[:, None] - root.T @ (root @ z)
        diagonal = 1 / rest - np.einsum("kj,kj->j", root, root)
        tolerance = mismatch * (z**2).max(axis=0) / people
        look = cls(z, known, product, diagonal, rest, root, tolerance, np.ones(z.shape[1]))
        look._learn_scale()
        return look

    def _precision(self) -> Floats:
        """(p, m) of z given the others."""
        return np.asarray(1 / (1 / self.diagonal[:, None] + self.tolerance))

    def _learn_scale(self) -> None:
        size = np.abs(self._residual()) * np.sqrt(self._precision())
        size = np.where(self.known, size, np.nan)
        there = np.asarray(self.known.sum(axis=0) >= ENOUGH)
        scale = np.ones(self.z.shape[1])
        scale[there] = np.nanmedian(size[:, there], axis=0) / NORMAL
        self.scale = np.maximum(scale, 1.0)

    def _residual(self) -> Floats:
        return self.product / self.diagonal[:, None]

    def standard(self) -> Floats:
        """(p, m) |z| given the others, in standard deviations; 0 where there is none."""
        size = np.abs(self._residual()) * np.sqrt(self._precision()) / self.scale
        return np.where(self.known, size, 0.0)

    def not_an_effect(self) -> Floats:
        """(p, m) the same where an effect of the variant itself explains much less, else 0."""
        alone = (self._residual() / self.scale) ** 2 * self.diagonal[:, None]
        by_effect = (self.z / self.scale) ** 2
        return np.where(alone - by_effect > CONTRADICTS**2, self.standard(), 0.0)

    def turned(self) -> Floats:
        """(p,) nats by which a turned sign is the likelier, in the tissue that says most."""
        conditional = self.z - self._residual()
        nats = -2 * self._precision() * conditional * self.z / self.scale**2
        return np.asarray(np.where(self.known, nats, 0.0).max(axis=1))

    def turn(self, j: int) -> None:
        self._move(j, -2 * self.z[j])

    def leave_out(self, j: int) -> None:
        """The variant as its neighbours say."""
        self._move(j, -self._residual()[j])
        self.known[j] = False

    def _move(self, j: int, by: Floats) -> None:
        column = -self.root.T @ self.root[:, j]
        column[j] += 1 / self.rest[j]
        self.z[j] += by
        self.product += column[:, None] * by
        self._learn_scale()
