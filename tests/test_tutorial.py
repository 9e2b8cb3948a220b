"""The tutorial does what it says."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Names that the code of the page leaves behind."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tutorial"))
        exec(compile(code, str(PAGE), "exec"), names)
    return names


@pytest.mark.parametrize("name", ["fit", "counted"])
def test_the_planted_tissues_and_the_variant_are_found(done, name):
    fit = done[name]
    assert fit.converged
    assert (fit.tissue_pip[:3] > 0.9).all()
    assert (fit.tissue_pip[3:] < 0.5).all()
    assert 40 in fit.credible_sets[0].variants
    signs = np.sign(fit.predict(done["x"]) - fit.predict(done["x"][:1] * 0)).mean(axis=0)
    assert signs[0] > 0 > signs[1]


def test_draws_have_as_many_zeros_as_the_counts(done):
    low, high = np.quantile(done["zeros"], [0.005, 0.995])
    counts = done["counts"]
    assert low <= (counts[~np.isnan(counts)] == 0).mean() <= high


def test_the_overdispersion_that_was_put_in_comes_out(done):
    assert done["counted"].noise_variance.mean() == pytest.approx(0.2, abs=0.06)
    assert done["again"].elbo == done["counted"].elbo
