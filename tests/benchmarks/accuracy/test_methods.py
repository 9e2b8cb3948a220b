"""Every method answers where it is run: one that a scenario refuses would end a run of hours."""

import numpy as np
import pytest

from tests.benchmarks.accuracy.__main__ import KEY, compare
from tests.benchmarks.accuracy.methods import METHODS
from tests.benchmarks.accuracy.scenarios import SCENARIOS, Data

RUN = [
    (scenario, name)
    for scenario in ("one", "five")
    for name, method in METHODS.items()
    if method.scenarios is None or scenario in method.scenarios
]


@pytest.mark.parametrize(("scenario", "name"), RUN)
def test_a_method_answers_in_its_scenarios(scenario, name):
    method, m = METHODS[name], len(SCENARIOS[scenario].tissues)
    rng = np.random.default_rng(0)
    x = rng.binomial(2, 0.3, (60, 12)).astype(float)
    answer = method.run(x[:, [3]] + rng.standard_normal((60, m)), x)
    assert answer.effects.shape == (12, m)
    assert (answer.effects[3] > 0.3).all()


def small_gene(scenario, seed):
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, 0.3, (80, 12)).astype(float)
    effects = np.zeros((12, 1))
    effects[3] = 0.65
    genetic = (x - x.mean(axis=0)) / x.std(axis=0) @ effects
    y = genetic + rng.standard_normal((80, 1))
    return Data(y[:60], x[:60], x[60:], y[60:], genetic[60:], effects, 0)


def test_what_was_measured_before_is_left_out(monkeypatch):
    monkeypatch.setattr("tests.benchmarks.accuracy.__main__.simulate", small_gene)
    known = {("one", "fqtl", 0)}
    rows = list(compare(["one"], ["fqtl"], 2, known))
    assert [tuple(row[name] for name in KEY) for row in rows] == [("one", "fqtl", 1)]
