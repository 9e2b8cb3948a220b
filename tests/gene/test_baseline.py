import numpy as np

from fqtl.gene.baseline import elastic_net
from tests.conftest import linked_genotypes


def test_a_strong_effect_is_found_in_its_tissue_and_missing_values_do_no_harm():
    rng = np.random.default_rng(0)
    x = linked_genotypes(rng, 150, 20, correlation=0.3)
    y = rng.standard_normal((150, 2))
    y[:, 0] += 2 * x[:, 7]
    y[::4, 0] = np.nan
    x[3, 5] = np.nan
    effects = elastic_net(y, x)
    assert np.abs(effects[:, 0]).argmax() == 7
    assert 1.5 < effects[7, 0] < 2.1
    assert np.abs(effects[:, 1]).max() < 0.3


def test_where_there_is_too_little_to_learn_from_nothing_is_predicted():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30, 4))
    y = rng.standard_normal((30, 3))
    y[5:, 0], y[:, 1] = np.nan, 2.5
    effects = elastic_net(y, x)
    assert not effects[:, :2].any()
    assert not elastic_net(y, np.ones((30, 4))).any()
