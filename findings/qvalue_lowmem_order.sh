#!/usr/bin/env bash
# qvalue 0.1.3 (PyPI): estimate(..., lowmem=True) gives q = 0 to every test if the largest p-value comes first.
#
# What surprises: the variant of the algorithm for little memory should only be slower. It starts its running
# minimum from the position of the largest p-value in the array, not from that p-value's q. At any position from
# 1 on that costs little (a q slightly over 1 is not cut to 1). At position 0 each other q becomes 0.
# Why it matters for QTL/TWAS: the order of genes decides. The same permutation p-values of genes, written from
# the worst to the best or with an untestable gene (p = 1) on top, make every gene an eGene at any FDR.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check qvalue==0.1.3 scipy==1.11.4 numpy==1.26.4

"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version
import numpy as np
from qvalue.qvalue import estimate

rng = np.random.default_rng(7)
p = rng.uniform(size=60)
p[10:14] = [1e-6, 3e-5, 2e-4, 1e-3]               # 4 genes with an eQTL among 60
p[5] = 1.0                                        # and one with nothing to test
print("qvalue", version("qvalue"))

def egenes(p, lowmem):
    return int((estimate(p.copy(), lowmem=lowmem) < 0.05).sum())

first = np.r_[5, np.delete(np.arange(60), 5)]     # the same genes, the one with p = 1 moved to the top
print("eGenes at FDR 5%, genes as they are:      ", egenes(p, False), "and with lowmem", egenes(p, True))
print("eGenes at FDR 5%, gene of p = 1 on top:   ", egenes(p[first], False), "and with lowmem", egenes(p[first], True))
q = estimate(p[first].copy(), lowmem=True)
print("q of the 59 others, with lowmem: from", q[1:].min(), "to", q[1:].max())

assert np.allclose(estimate(p.copy()), np.minimum(estimate(p.copy(), lowmem=True), 1), atol=0.02)
assert egenes(p[first], False) == egenes(p, False) < 10
assert egenes(p[first], True) == 59 and (q[1:] == 0).all()
print("Confirmed: with lowmem, the place of one gene makes every other gene significant.")
PY
