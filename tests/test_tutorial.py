"""The tutorial does what it says."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"


BLOCKS = re.findall(
    r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE.read_text(), flags=re.DOTALL
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Names that the code of the page leaves behind, and what each block of it prints."""
    names: dict[str, object] = {"printed": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tutorial"))
        for code, _ in BLOCKS:
            with redirect_stdout(StringIO()) as out:
                exec(compile(code, str(PAGE), "exec"), names)
            names["printed"].append(out.getvalue())
    return names


def words(text):
    """Numbers as numbers, without the brackets of arrays."""
    found = re.findall(r"[^\s\[\];]+", text)
    return [float(word) if re.fullmatch(r"-?\d*\.?\d*", word) else word for word in found]


def test_the_page_shows_what_its_code_prints(done):
    assert len(done["printed"]) == len(BLOCKS)
    for (_, shown), printed in zip(BLOCKS, done["printed"], strict=True):
        # to what another processor or version may round differently
        assert words(printed) == [
            pytest.approx(word, abs=0.0101) if isinstance(word, float) else word
            for word in words(shown)
        ]


@pytest.mark.parametrize("name", ["fit", "counted"])
def test_the_simulated_tissues_and_the_variant_are_found(done, name):
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
