"""A config file says each thing once, and old names are read for a while."""

import pytest

from fqtl.cli import main
from fqtl.config.layers import from_command_line, merged
from fqtl.config.renamed import by_new_names
from fqtl.config.yaml_text import read_yaml, refuse_repeated_keys
from fqtl.errors import FqtlError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "shards:\n  # few\n  count: 3\nseed: 1\nshards:\n  count: 4\n",
            "key shards is given twice, on lines 1 and 5.",
        ),
        (
            "results: a\nshards:\n  count: 3\n\n\n\n\n\n  count: 4\n",
            "key shards.count is given twice, on lines 3 and 9.",
        ),
        (
            "calibration:\n  partial: 1\n  conditional_permutations: 2\n",
            "key calibration.conditional_permutations is given twice, on lines 2 and 3, once by "
            "its old name calibration.partial.",
        ),
        ("weights.min_cv_r: 0.2\n", "line 1: write weights.min_cv_r as `weights: {min_cv_r: …}`."),
        ("seed: [1\n", "expected YAML"),
        ("- seed\n", "expected keys with values"),
    ],
)
def test_what_a_reader_of_yaml_would_lose_is_refused_with_its_lines(tmp_path, text, message):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(FqtlError) as caught:
        refuse_repeated_keys(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_equal_keys_of_different_sections_are_no_repetition(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("genotypes: &all {path: a}\nsimulate:\n  seed: 1\nseed: 2\nother: *all\n")
    assert read_yaml(path)["seed"] == 2
    path.write_text("")
    assert read_yaml(path) == {}


def test_old_names_are_read_and_told():
    given = {"cross_validation": {"yardstick": 0.1, "folds": 3}, "seed": 2}
    found, old = by_new_names(given)
    assert found == {"cross_validation": {"baseline": 0.1, "folds": 3}, "seed": 2}
    assert old == ["cross_validation.yardstick"]
    assert "yardstick" in given["cross_validation"]  # what was given stays as it came


def test_a_layer_replaces_key_by_key_what_lies_below():
    below = {"model": {"rank": 3, "family": "nb"}, "tissues": ["a", "b"]}
    assert merged([below, {"model": {"rank": 4}, "tissues": ["c"]}]) == {
        "model": {"rank": 4, "family": "nb"},
        "tissues": ["c"],
    }
    assert below["model"] == {"rank": 3, "family": "nb"}


def test_values_of_the_command_line_have_the_types_of_their_keys():
    # what Snakemake makes of --config 'weights={min_cv_r: 0.2, factors: false}' 'results=7'
    given = {
        "weights": {"min_cv_r": "0.2", "factors": "false", "annotation": "null"},
        "prepare": {"components": "auto", "donor_covariates": "12"},
        "results": "7",
        "seed": 3,
    }
    assert from_command_line(given) == {
        "weights": {"min_cv_r": 0.2, "factors": False, "annotation": None},
        "prepare": {"components": "auto", "donor_covariates": "12"},
        "results": "7",
        "seed": 3,
    }


def test_the_command_line_tells_whether_config_files_are_in_order(tmp_path, capsys):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("calibration: {partial: 2}\n")
    bad.write_text("model: {family: nb}\n")
    assert main(["check", "config", str(good)]) == 0
    assert (
        "notice: calibration.partial is now called calibration.conditional_permutations"
        in capsys.readouterr().err
    )
    assert main(["check", "config", str(bad)]) == 2
    assert "model.family nb goes with prepare.scale: counts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new"), [("--yardstick", "--baseline"), ("--partial", "--conditional-permutations")]
)
def test_an_old_flag_is_the_new_one_with_a_line_of_notice(old, new, capsys):
    needed = ["--shard", "x", "--genotypes", "x.vcf.gz", "--genome-build", "GRCh38", "--out", "x"]
    assert main(["fit", *needed, old, "1"]) == 2
    said = capsys.readouterr().err
    assert f"notice: {old} is now called {new}; the old name is read in this version only." in said
    assert "No such file: x.vcf.gz" in said
