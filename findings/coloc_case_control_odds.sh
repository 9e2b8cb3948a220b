#!/usr/bin/env bash
# sumstats 0.1.2 with coloc 0.4.2 (PyPI): a case-control study loses its signal as it becomes balanced.
#
# What surprises: from p-values, approx_lnbf(cases=, controls=) takes cases / controls for the fraction of cases,
# where the variance of the log odds ratio needs cases / (cases + controls). The product s (1 - s) is then nearly
# right while cases are few, and goes to 0, not to its maximum of 1/4, as the study nears balance, so that the
# most informative design counts as no data at all.
# Why it matters for TWAS and colocalisation: the same p-values from 20,000 people give another PP4, credible
# set or best hypothesis when two hundred of them move from controls to cases, with no error or warning. The
# quantitative route, which the README shows, is right.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    sumstats==0.1.2 coloc==0.4.2 scipy==1.15.3 numpy==2.2.6 pandas==2.2.3

"$work/venv/bin/python" - <<'PY'
import math
from importlib.metadata import version
import numpy as np
from coloc import coloc
from scipy.stats import norm
from sumstats import approx_lnbf

rng = np.random.default_rng(3)
freq = rng.uniform(0.1, 0.5, 40)
gwas_p, eqtl_p = 2 * norm.sf(np.abs(rng.normal(size=(2, 40))))
gwas_p[17], eqtl_p[17] = 2e-7, 1e-12               # one shared variant
eqtl = [approx_lnbf(pval=p, freq=f, sample_size=500) for p, f in zip(eqtl_p, freq)]

def right(p, f, cases, controls, prior=0.04):
    s = cases / (cases + controls)
    v = 1 / (2 * (cases + controls) * f * (1 - f) * s * (1 - s))
    r = prior / (prior + v)
    return 0.5 * (math.log(1 - r) + r * norm.isf(p / 2) ** 2)

print("sumstats", version("sumstats"), "coloc", version("coloc"))
print(" cases controls  lnBF of the shared variant: sumstats, right    PP4: sumstats, right")
seen = {}
for cases in (2000, 8000, 9800, 9950, 9990, 9999):
    n = cases, 20000 - cases
    got = [approx_lnbf(pval=p, freq=f, cases=n[0], controls=n[1]) for p, f in zip(gwas_p, freq)]
    want = [right(p, f, *n) for p, f in zip(gwas_p, freq)]
    pp4, pp4_right = list(coloc(got, eqtl))[4], list(coloc(want, eqtl))[4]
    seen[cases] = got[17], want[17], pp4, pp4_right
    print(f"{n[0]:6d} {n[1]:8d} {got[17]:28.2f} {want[17]:6.2f} {pp4:23.3f} {pp4_right:6.3f}")

assert all(s[3] > 0.9 for s in seen.values())      # the right PP4 hardly moves
assert seen[8000][2] > 0.9                         # and so does theirs while cases are few enough
assert seen[9990][0] < seen[9990][1] - 4
assert seen[9999][2] < 0.5
print("Confirmed: towards equal numbers of cases and controls the Bayes factor fades and colocalisation is lost.")
PY
