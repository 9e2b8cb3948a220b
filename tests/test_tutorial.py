"""The tutorials do what they say."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
SIMULATED, REAL = ROOT / "docs" / "tutorial.md", ROOT / "docs" / "tutorial-real.md"
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


def followed(page, folder):
    """Names that the code of a page leaves behind, and what each block of it prints."""
    names: dict[str, object] = {"printed": []}
    (folder / "resources").symlink_to(ROOT / "resources")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for code, _ in BLOCK.findall(page.read_text()):
            with redirect_stdout(StringIO()) as out:
                exec(compile(code, str(page), "exec"), names)
            names["printed"].append(out.getvalue())
    return names


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return followed(SIMULATED, tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return followed(REAL, tmp_path_factory.mktemp("real"))


def words(text):
    """Numbers as numbers, without the brackets of arrays."""
    found = re.findall(r"[^\s\[\];]+", text)
    return [float(word) if re.fullmatch(r"-?\d*\.?\d*", word) else word for word in found]


@pytest.mark.parametrize(("page", "names"), [(SIMULATED, "done"), (REAL, "real")])
def test_the_page_shows_what_its_code_prints(request, page, names):
    blocks, prints = BLOCK.findall(page.read_text()), request.getfixturevalue(names)["printed"]
    for (_, shown), printed in zip(blocks, prints, strict=True):
        # to what another processor or version may round differently
        assert words(printed) == [
            pytest.approx(word, abs=0.0101) if isinstance(word, float) else word
            for word in words(shown)
        ]


def test_summary_statistics_of_real_data_tell_what_the_data_do(real):
    assert len(real["public"].credible_sets) == len(real["fit"].credible_sets) == 2
    for mine, theirs in zip(real["fit"].credible_sets, real["public"].credible_sets, strict=True):
        assert set(mine.variants) & set(theirs.variants)


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
