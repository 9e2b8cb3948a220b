"""What the score test says of a variance that is not fitted.

The gain of a variance v of features (`priors/polygenic.py`) with eigenvalues e_j and scores c_j,

    gain(v) = 1/2 sum_j [c_j^2 v / (1 + v e_j) - ln(1 + v e_j)],

is known without them as if the eigenvalues were k equal ones, with the trace and the square trace
that they have: e = tr(KD)^2 / tr KD, k = tr KD / e. Its slope at v = 0 is then the true one, and so
is its curvature where the scores are those of noise.
"""

from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats


class ScoreTest(NamedTuple):
    """Of some variances, each beside none.

    square : (k,) sum_j c_j^2
    trace : (k,) sum_j e_j
    square_trace : (k,) sum_j e_j^2
    """

    square: Floats
    trace: Floats
    square_trace: Floats

    @property
    def slope(self) -> Floats:
        """(k,) of the gain at v = 0."""
        return 0.5 * (self.square - self.trace)

    def gains(self, variances: Floats) -> Floats:
        """(k, G) nats that each variance brings, about; 0 where nothing was seen."""
        each = np.divide(
            self.square_trace, self.trace, out=np.zeros_like(self.trace), where=self.trace > 0
        )
        number = np.divide(self.trace, each, out=np.zeros_like(each), where=each > 0)
        scaled = 1 + np.multiply.outer(each, variances)
        fitted = self.square[:, None] * variances / scaled
        gains: Floats = 0.5 * (fitted - number[:, None] * np.log(scaled))
        return gains
