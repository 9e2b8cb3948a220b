#!/usr/bin/env bash
# scipy 1.15.3: combine_pvalues(method="mudholkar_george") makes two strong p-values that agree weaker than each.
#
# What surprises: the statistic (a sum of logits) is referred to a Student t whose tail falls as a power, while
# the sum of logistics itself falls exponentially. Up to about 1e-3 the two agree. Beyond that they part: two
# p-values of 1e-8 give about 1.6e-10 where the exact answer is 3.6e-15, and two of 1e-20 give about 6e-16,
# which is more than 1e-20, so that a second and equally strong tissue takes evidence away. The documentation
# calls the method a compromise between Fisher's and Pearson's and says nothing of an approximation's range.
# Why it matters for QTL/TWAS: p-values of a gene are combined across tissues or studies far below 1e-8, which
# is just where the answer is off, by nearly 5 orders of magnitude at 1e-8 and 170 at 1e-100. No warning is given.
# (scipy 1.17.1 gives the same numbers.)
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check scipy==1.15.3 numpy==2.2.6

"$work/venv/bin/python" - <<'PY'
import numpy as np, scipy
from scipy.stats import combine_pvalues

def exact(p):
    """The chance that two standard logistics add up to as much as the logits of p and p, as a log10."""
    x = 2 * (np.log1p(-p) - np.log(p))
    return (np.log(x - 1 + np.exp(-x)) - x - 2 * np.log1p(-np.exp(-x))) / np.log(10)

# the closed form, against draws
rng = np.random.default_rng(1)
u = rng.uniform(size=(2, 2_000_000))
s = (np.log1p(-u) - np.log(u)).sum(0)
drawn = (s >= 2 * np.log(0.97 / 0.03)).mean()
assert abs(drawn / 10 ** exact(0.03) - 1) < 0.05, drawn

print("scipy", scipy.__version__)
print("two p-values of   log10 of: each, combined by scipy, exact, Fisher by scipy")
got = {}
for p in (3e-2, 1e-3, 1e-5, 1e-8, 1e-12, 1e-20, 1e-100):
    got[p] = np.log10(combine_pvalues([p, p], method="mudholkar_george").pvalue)
    fisher = np.log10(combine_pvalues([p, p], method="fisher").pvalue)
    print(f"{p:14g}   {np.log10(p):8.1f} {got[p]:8.1f} {exact(p):8.1f} {fisher:8.1f}")
assert abs(got[3e-2] - exact(3e-2)) < 0.1         # as it should be where p-values are ordinary
assert got[1e-8] - exact(1e-8) > 4                # four orders of magnitude and more at 1e-8
assert got[1e-20] > -20 and got[1e-100] > -100    # weaker than either of the two
assert got[1e-100] - exact(1e-100) > 150
print("Confirmed: beyond p of about 1e-3 the combined p is far too large, and in the end larger than its parts.")
PY
