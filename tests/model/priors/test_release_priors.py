"""Priors of a release: the defaults say what the constants say, and impossible ones are refused."""

from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.priors import SpikeSlabPosterior
from fqtl.model.priors.default_model import (
    default_priors,
    factor_effects,
    factor_tissues,
    tissue_specific_effects,
)
from fqtl.model.priors.likeness import LIKENESS
from fqtl.model.priors.priors_table import COLUMNS, read_priors, table_rows
from fqtl.model.priors.release_priors import OF_EACH


def loadings(prior, seed=0):
    rng = np.random.default_rng(seed)
    pip = rng.uniform(0.05, 1, 12)
    return SpikeSlabPosterior(prior, pip, 1 + 0.4 * rng.standard_normal(12), np.full(12, 9.0))


def written(path, rows):
    lines = ["\t".join(COLUMNS), *("\t".join(str(row[name]) for name in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("m", [1, 2, 12])
def test_default_priors_give_the_bytes_of_no_priors(m, gene):
    y, x = gene.y[:, :m], gene.x
    without, with_default = fqtl.fit(y, x), fqtl.fit(y, x, priors=default_priors(m))
    assert without.effects.tobytes() == with_default.effects.tobytes()
    assert without.elbo == with_default.elbo


def test_priors_of_a_model_that_does_not_read_them_are_refused(gene):
    with pytest.raises(FqtlError, match=r"Option priors=.* needs variant_prior='single_effects'"):
        fqtl.fit(gene.y, gene.x, engine="sgvb", priors=default_priors(12))
    with pytest.raises(FqtlError, match="Option priors must be Priors"):
        fqtl.fit(gene.y, gene.x, priors="priors.tsv")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"specific_start": 0.0}, "specific_start of priors must be a probability between 0 and 1"),
        ({"factor_share": 1.0}, "factor_share of priors must be a probability"),
        ({"specific_square": 0.0}, "specific_square of priors must be above 0, found 0.0"),
        ({"background_median": 0.0}, "background_median of priors must be a probability between"),
        ({"factor_weight": -1.0}, "factor_weight of priors must be a number that is not negative"),
        ({"factor_square": float("nan")}, "factor_square of priors must be above 0, found nan"),
        ({"n_tissues": 0}, "n_tissues of priors must be a whole number of at least 1, found 0"),
        ({"likeness": (0.5, 0.5)}, "7 probabilities of likeness.*found 2"),
        ({"likeness": (0.5,) * 7}, "must add up to 1, found 3.5"),
        ({"tissues": ("a",)}, "name 1 tissues and say nothing of them"),
        *(
            ({"tissues": ("a",), name: (0.5, 1.0)}, f"one {name} for each of 1 tissues, found 2")
            for name in OF_EACH
        ),
    ],
)
def test_impossible_priors_are_refused_by_name(change, said):
    with pytest.raises(FqtlError, match=said):
        replace(default_priors(5), **change)


@pytest.mark.parametrize("weight", [3.0, 40.0])
def test_a_share_that_a_release_knows_is_learned_at_the_mode_of_both(weight):
    """No share and likeness on a grid has a higher ELBO than what is learned."""
    alike = (0.05, 0.05, 0.1, 0.4, 0.2, 0.1, 0.1)
    known = replace(default_priors(12), factor_share=0.2, factor_weight=weight, likeness=alike)
    q = loadings(factor_tissues(12, 0.6, known)).learned()
    best = q.kl()
    for share in np.linspace(0.01, 0.59, 30):
        for number, h in enumerate(LIKENESS):
            size = q.prior.size
            other = replace(
                q.prior,
                inclusion=float(share),
                likeness=number,
                mean=float(np.copysign(np.sqrt(h) * size, q.prior.mean)),
                precision=1 / ((1 - h) * size**2),
            )
            assert replace(q, prior=other).kl() >= best - 1e-9


def test_a_strong_share_holds_a_factor_and_a_weak_one_lets_it_go():
    def share(weight):
        known = replace(default_priors(12), factor_share=0.05, factor_weight=weight)
        return loadings(factor_tissues(12, 0.9, known)).learned().prior.inclusion

    mean_pip = float(loadings(factor_tissues(12, 0.9)).pip.mean())
    assert share(1e-9) == pytest.approx(mean_pip, rel=1e-6)
    assert share(12.0) == pytest.approx((mean_pip + 0.05) / 2, rel=1e-6)
    assert share(1e6) == pytest.approx(0.05, rel=1e-3)


def test_the_size_of_an_effect_of_a_factor_is_the_mean_of_its_own_and_those_beforehand():
    known = replace(default_priors(5), factor_square=0.04, factor_square_weight=1.0)
    prior = factor_effects(known)
    included, second = np.array([1.0, 0.5]), 0.3
    learned = prior.of_factor(included, second, size=1.0)
    assert 1 / learned.precision == pytest.approx((0.3 + 0.04) / 2.5)
    # with tissue loadings twice as large effects are half as large, and so is what is known of them
    assert 1 / prior.of_factor(included, second / 4, size=2.0).precision == pytest.approx(
        (0.3 + 0.04) / 2.5 / 4
    )
    least = replace(prior, precision=1 / 0.04).neg_log_density(1.0)
    assert least == pytest.approx(0.0)
    assert learned.neg_log_density(1.0) > 0


def test_effects_of_tissues_start_with_what_the_release_says():
    known = replace(default_priors(44), specific_start=0.05, specific_share=0.05)
    assert tissue_specific_effects(44, known).inclusion == pytest.approx(0.05)
    ratio = 0.05 / tissue_specific_effects(44).inclusion
    assert tissue_specific_effects(40, known).inclusion == pytest.approx(
        ratio * tissue_specific_effects(40).inclusion
    )
    # one tissue of a gene has no more than what is likelier than not
    assert tissue_specific_effects(1, known).inclusion == 0.5


OF_FACTORS = {"factor_log_odds": (-1.5, 0.0, 0.25)}
OF_BOTH = {**OF_FACTORS, "specific_log_odds": (2.0, 0.0, -0.5)}


@pytest.mark.parametrize("of_each", [OF_FACTORS, OF_BOTH], ids=["factors", "both"])
@pytest.mark.parametrize("tissues", [(), ("Liver", "all", "Whole_Blood")])
def test_a_table_of_priors_is_read_as_it_was_written(tmp_path, tissues, of_each):
    known = replace(
        default_priors(3),
        factor_share=0.125,
        specific_square=0.0625,
        tissues=tissues,
        **{name: odds[: len(tissues)] for name, odds in of_each.items()},
    )
    rows = table_rows(known, 7)
    assert read_priors(written(tmp_path / "priors.tsv", rows)) == known
    assert {row["n_genes"] for row in rows} == {7}
    changed = {row["name"] for row in rows if row["value"] != row["default"]}
    of_tissues = set(of_each) if tissues else set()
    assert changed == {"factor_share", "specific_square"} | of_tissues


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:-1], "expected 20 rows.*found 19: 1 missing .'likeness_0.98'."),
        (
            lambda rows: [*rows, {**rows[0], "name": "x"}],
            "expected 20 rows.*found 21: 0 missing .*1 unknown .'x'.",
        ),
        (
            lambda rows: [*rows, rows[3]],
            "expected 20 rows.*found 21: 0 missing .*1 more than once .'specific_weight'.",
        ),
        (
            lambda rows: [*rows[:6], {**rows[6], "tissue": "Liver"}, *rows[7:]],
            "factor_share must be of tissue 'all', found 'Liver'",
        ),
        (
            lambda rows: [{**rows[0], "value": "two"}, *rows[1:]],
            "value of n_tissues must be a number, found 'two'",
        ),
        *(
            (
                lambda rows, value=value: [{**rows[0], "value": value}, *rows[1:]],
                f"n_tissues of priors must be a whole number of at least 1, found {value}",
            )
            for value in ("inf", "nan", 2.5)
        ),
        (
            lambda rows: [*rows[:2], {**rows[2], "value": 2}, *rows[3:]],
            "specific_share of priors must be a probability between 0 and 1, found 2",
        ),
        (
            lambda rows: [*rows, *2 * [{**rows[0], "name": "factor_log_odds", "tissue": "Liver"}]],
            "factor_log_odds of 'Liver' stands twice",
        ),
        (
            lambda rows: [
                *rows,
                {**rows[0], "name": "factor_log_odds", "tissue": "Liver", "value": "inf"},
            ],
            "factor_log_odds of Liver of priors must be between -20 and 20, found inf",
        ),
        (
            lambda rows: [
                *rows,
                {**rows[0], "name": "factor_log_odds", "tissue": "Liver", "value": -50},
            ],
            "factor_log_odds of Liver of priors must be between -20 and 20, found -50",
        ),
        (
            lambda rows: [
                *rows,
                {**rows[0], "name": "factor_log_odds", "tissue": "Liver", "value": ""},
            ],
            "value of factor_log_odds of Liver must be a number, found ''",
        ),
        (
            lambda rows: [*rows, {**rows[0], "name": "factor_log_odds", "tissue": ""}],
            "a row factor_log_odds names no tissue",
        ),
    ],
)
def test_a_table_that_is_no_table_of_priors_is_refused(tmp_path, change, said):
    path = written(tmp_path / "priors.tsv", change(table_rows(default_priors(3), 7)))
    with pytest.raises(FqtlError, match=rf"{path}: {said}"):
        read_priors(path)


def test_a_table_that_was_sorted_or_ends_in_an_empty_line_says_the_same(tmp_path):
    odds = {"tissues": ("Liver", "Lung"), "factor_log_odds": (-1.0, 0.5)}
    known = replace(default_priors(3), **odds)
    rows = table_rows(known, 7)
    path = written(tmp_path / "priors.tsv", sorted(rows, key=lambda row: str(row["name"])))
    path.write_text(path.read_text() + "\n")
    assert read_priors(path) == known


@pytest.mark.parametrize("name", OF_EACH)
def test_a_tissue_whose_row_was_taken_away_is_as_the_share_says(tmp_path, name):
    odds = dict.fromkeys(OF_EACH, (-1.0, 0.5))
    known = replace(default_priors(3), tissues=("Liver", "Lung"), **odds)
    rows = [row for row in table_rows(known, 7) if (row["name"], row["tissue"]) != (name, "Lung")]
    found = read_priors(written(tmp_path / "priors.tsv", rows))
    assert sorted(found.of_each()[name].items()) == [("Liver", -1.0), ("Lung", 0.0)]
    others = known.of_each()
    del others[name]
    assert {other: found.of_each()[other] for other in others} == others


def test_each_number_of_a_column_is_of_its_name():
    given = {"factor_log_odds": (-1.0, 0.0, 2.0), "specific_log_odds": (0.5, 1.5, 0.0)}
    known = replace(default_priors(3), tissues=("a", "b", "c"), **given)
    mine = known.of_tissues(["c", "other", "a"])
    assert mine.factor_log_odds == (2.0, 0.0, -1.0)
    assert mine.specific_log_odds == (0.0, 0.0, 0.5)
    assert mine.of_index([2]).specific_log_odds == (0.5,)
    assert known.of_tissues(["c"]).specific_log_odds == ()  # it is as the share says
    assert tissue_specific_effects(3, mine).inclusions(3)[2] > known.specific_start


def test_priors_of_some_columns_are_those_of_their_names():
    known = replace(default_priors(3), tissues=("a", "b", "c"), factor_log_odds=(-1.0, 0.0, 2.0))
    mine = known.of_tissues(["c", "other", "a"])
    assert (mine.tissues, mine.factor_log_odds) == (("0", "1", "2"), (2.0, 0.0, -1.0))
    assert mine.of_labels([], 3) == mine
    assert mine.of_labels(["x", "y", "z"], 3).factor_log_odds == ()
    assert mine.of_labels(["2", "1", "0"], 3).factor_log_odds == (-1.0, 0.0, 2.0)
    assert mine.of_labels([], 4).factor_log_odds == ()
    assert mine.of_index([2, 0]).factor_log_odds == (-1.0, 2.0)
    assert known.of_labels(["b", "c"], 2).factor_log_odds == (0.0, 2.0)
    assert known.of_labels([], 3).factor_log_odds == ()
    assert known.of_tissues(["b"]).factor_log_odds == ()


def test_other_files_are_no_priors(tmp_path):
    with pytest.raises(FqtlError, match="No such file"):
        read_priors(tmp_path / "priors.tsv")
    (tmp_path / "other.tsv").write_text("gene\tshard\n")
    with pytest.raises(FqtlError, match=r"expected the columns name, tissue.*found gene, shard"):
        read_priors(tmp_path / "other.tsv")
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(FqtlError, match="found an empty file"):
        read_priors(tmp_path / "empty.tsv")
    (tmp_path / "binary.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FqtlError, match="is no text table of priors"):
        read_priors(tmp_path / "binary.tsv")
