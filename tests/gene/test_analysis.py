from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fqtl
from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.data.hardy_weinberg import hardy_weinberg_p
from fqtl.gene import analysis
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.cross_validation import assign_folds
from fqtl.gene.permutations import PermutationPlan
from fqtl.gene.record import sparse_effects
from fqtl.gene.sample import has_baseline
from fqtl.gene.settings import Settings
from fqtl.model.priors.default_model import default_priors
from fqtl.model.results.credible_sets import CredibleSet
from tests.conftest import simulated_gene


def inputs(seed=0):
    simulated = simulated_gene(seed, n=200, p=60, m=5, tissues_each=3, h2=0.4)
    p = simulated.x.shape[1]
    variants = pd.DataFrame(
        {
            "variant_id": [f"chr1_{i}_A_G_b38" for i in range(p)],
            "rsid": "",
            "chrom": "chr1",
            "pos": np.arange(p),
            "other_allele": "A",
            "effect_allele": "G",
        }
    )
    donors = [f"d{i}" for i in range(200)]
    dropped = pd.DataFrame({"pos": [3, 5, 2000], "reason": ["odd", "rare", "rare"]})
    genotypes = Genotypes(variants, simulated.x.T.astype(np.float32), donors, dropped)
    tissues = [f"t{i}" for i in range(5)]
    return GeneData("g", "chr1", 30, tissues, simulated.y), genotypes, simulated


def settings(folds=0):
    return Settings(fit={}, fold=assign_folds(200, folds, 0) if folds else None, min_pip=0.01)


def test_single_donors_are_kept_if_asked_for_and_their_r2_is_that_of_the_record():
    gene, genotypes, _ = inputs()
    without = analyse_gene(gene, genotypes, settings(folds=4))
    kept = analyse_gene(gene, genotypes, replace(settings(folds=4), keep_predictions=True))
    assert without.get("held_out") is None
    assert kept["prediction"] == without["prediction"]
    table = {row["tissue"]: row for row in kept["prediction"]}
    assert len(kept["held_out"]) >= 3
    for told in kept["held_out"]:
        row = table[told["tissue"]]
        assert len(told["observed"]) == len(told["predicted"]) == row["n_donors"]
        r = np.corrcoef(told["observed"], told["predicted"])[0, 1]
        assert max(r, 0) ** 2 == pytest.approx(row["r2"], abs=1e-5)  # of single precision
        # the order tells nothing of who is who
        assert (np.diff(told["predicted"]) >= 0).all()


def test_what_priors_say_of_tissues_is_read_by_their_names():
    """Genes lack tissues, and have them in another order than the release."""
    gene, genotypes, simulated = inputs()
    order = [3, 1, 4]
    mine = replace(gene, tissues=[gene.tissues[t] for t in order], y=gene.y[:, order])
    odds = (1.0, -3.0, 0.0, 2.0, -1.0)
    priors = replace(default_priors(5), tissues=tuple(gene.tissues), factor_log_odds=odds)
    named = Settings(fit={"priors": priors, "background": True}, fold=None, min_pip=0.01)
    found = analyse_gene(mine, genotypes, named)
    frame = pd.DataFrame(mine.y, columns=mine.tissues)
    fit = fqtl.fit(frame, simulated.x.astype(np.float32), priors=priors)
    assert found["elbo"] == pytest.approx(fit.elbo, abs=1e-6)
    alike = analyse_gene(mine, genotypes, replace(named, fit={"background": True}))
    assert abs(alike["elbo"] - fit.elbo) > 0.1


def test_a_record_holds_what_the_fit_found():
    gene, genotypes, simulated = inputs()
    found = analyse_gene(gene, genotypes, settings(folds=4))
    measured = np.isfinite(gene.y).any(axis=1)
    fit = fqtl.fit(gene.y[measured], simulated.x[measured].astype(np.float32))
    assert (found["status"], found["n_factors"], found["n_variants"]) == ("fitted", fit.rank, 60)
    effects = np.zeros((60, 5))
    for entry in found["weights"]:
        variant = int(found["variants"][entry["variant"]]["pos"])
        effects[variant, int(entry["tissue"][1:])] = entry["weight"]
    np.testing.assert_array_equal(effects, np.where(fit.pip >= 0.01, fit.effects, 0))
    leads = {entry["set"]: entry["variant"] for entry in reversed(found["credible_sets"])}
    simulated_at = np.flatnonzero(simulated.variants.any(axis=1))
    assert [int(found["variants"][i]["pos"]) for i in leads.values()] == list(simulated_at)
    acts = simulated.genetic.std(axis=0) > 0
    r2 = np.array([row["r2"] for row in found["prediction"]])
    assert r2[acts].min() > 0.15
    assert [row["factor"] for row in found["factors"]] == list(range(fit.rank))
    assert found["dropped_variants"] == [
        {"reason": "odd", "count": 1},
        {"reason": "rare", "count": 2},
    ]


def test_a_record_holds_the_nulls_that_were_drawn():
    gene, genotypes, _ = inputs()
    plan = PermutationPlan(permutations=3, exceedances=1, permute="donors", conditional=1, seed=0)
    found = analyse_gene(gene, genotypes, replace(settings(), permutations=plan))
    drawn = [row["neg_log_null_prob"] for row in found["permuted_fits"]]
    assert len(drawn) == 3
    assert found["neg_log_null_prob"] > 10 + max(drawn)
    assert {row["tissue"] for row in found["permuted_tissues"]} < set(gene.tissues)


def test_the_yardstick_is_for_a_share_of_genes_that_their_names_draw():
    names = [f"ENSG{i:011d}.1" for i in range(4000)]
    chosen = [name for name in names if has_baseline(name, 0.1)]
    assert len(chosen) == pytest.approx(400, abs=4 * np.sqrt(360))
    assert set(chosen) < {name for name in names if has_baseline(name, 0.2)}
    assert not any(has_baseline(name, 0.0) for name in names)
    assert all(has_baseline(name, 1.0) for name in names)


def test_the_yardstick_is_measured_on_the_same_folds():
    gene, genotypes, _ = inputs()
    found = analyse_gene(gene, genotypes, replace(settings(folds=3), baseline=1.0))
    rows = found["prediction"]
    assert all(row["enet_r2"] >= 0 for row in rows)
    assert max(row["enet_r2"] for row in rows) > 0.1
    assert max(row["spearman"] for row in rows) > 0.3


def test_a_gene_without_variants_is_a_row_with_its_reason():
    gene, genotypes, _ = inputs()
    found = analyse_gene(gene, genotypes.window(1000, 2000), settings())
    assert (found["status"], found["reason"]) == ("skipped", "no variant in the cis window")
    assert found["weights"] is None
    assert found["dropped_variants"] == [{"reason": "rare", "count": 1}]


def test_a_gene_that_cannot_be_fitted_is_a_row_with_its_reason():
    gene, genotypes, _ = inputs()
    gene.y[:] = np.nan
    found = analyse_gene(gene, genotypes, settings())
    assert found["status"] == "failed"
    assert "y must vary" in found["reason"]


def test_an_unforeseen_fault_fails_its_gene_alone(monkeypatch, caplog):
    gene, genotypes, _ = inputs()

    def broken(*args, **kwargs):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(analysis, "fit", broken)
    found = analyse_gene(gene, genotypes, settings())
    assert (found["status"], found["reason"]) == ("failed", "LinAlgError: singular")
    assert "Traceback" in caplog.text


def test_a_machine_without_memory_is_no_fault_of_the_gene(monkeypatch):
    gene, genotypes, _ = inputs()

    def hungry(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(analysis, "fit", hungry)
    with pytest.raises(MemoryError):
        analyse_gene(gene, genotypes, settings())


def test_an_effect_of_one_tissue_is_listed_with_it():
    gene, genotypes, simulated = inputs()
    gene.y[:, 2] += 1.5 * simulated.x[:, 40]
    found = analyse_gene(gene, genotypes, settings())
    likely = {
        (entry["tissue"], int(found["variants"][entry["variant"]]["pos"]))
        for entry in found["tissue_specific"]
        if entry["pip"] > 0.5
    }
    assert likely == {("t2", 40)}
    assert found["n_tissue_specific"] == 1
    assert "t2" in {entry["tissue"] for entry in found["credible_sets"]}


def test_a_fit_without_factors_stores_effects_of_its_tissues():
    gene, genotypes, simulated = inputs()
    found = analyse_gene(gene, genotypes, replace(settings(), fit={"factored": False}))
    acts = np.flatnonzero(simulated.genetic.std(axis=0) > 0)
    strong = [row["tissue"] for row in found["tissue_specific"] if row["pip"] > 0.1]
    assert set(strong) >= {f"t{t}" for t in acts}
    assert found["n_tissue_specific"] >= len(acts)
    assert {row["tissue"] for row in found["weights"]} >= {f"t{t}" for t in acts}
    assert (found["n_factors"], found["factors"], found["factor_weights"]) == (0, [], [])


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_missing_genotypes_do_no_harm(share):
    gene, genotypes, _ = inputs()
    rng = np.random.default_rng(0)
    genotypes.dosages[rng.random(genotypes.dosages.shape) < share] = np.nan
    found = analyse_gene(gene, genotypes, settings(folds=3))
    assert found["status"] == "fitted"
    assert np.isfinite(found["covariance"]).all()


def test_the_weights_of_a_factor_are_its_score_per_allele():
    """Times the loading of a tissue, a factor's score is its part of the tissue's expression."""
    gene, genotypes, simulated = inputs()
    found = analyse_gene(gene, genotypes, settings())
    fit = fqtl.fit(gene.y, simulated.x.astype(np.float32))
    weights = np.zeros((60, fit.rank))
    for entry in found["factor_weights"]:
        weights[int(found["variants"][entry["variant"]]["pos"]), entry["factor"]] = entry["weight"]
    assert (weights != 0).any(axis=0).all()
    part = weights @ fit.tissues.mean.T * fit.scale.y_sd
    kept = (weights != 0).any(axis=1)
    np.testing.assert_allclose(part[kept], fit.shared_effects[kept], rtol=1e-6)


def test_variants_that_carry_weight_are_described():
    gene, genotypes, simulated = inputs()
    found = analyse_gene(gene, genotypes, settings())["variants"]
    for variant in found:
        x = simulated.x[:, int(variant["pos"])]
        assert variant["frequency"] == pytest.approx(x.mean() / 2)
        assert variant["hwe_p"] == hardy_weinberg_p(x)


def test_counts_are_fitted_with_the_sizes_of_their_libraries():
    gene, genotypes, simulated = inputs()
    rng = np.random.default_rng(0)
    size = np.exp(rng.standard_normal((200, 5)))
    y = rng.poisson(30 * size * np.exp(simulated.genetic)).astype(float)
    gene = replace(gene, y=np.where(np.isnan(gene.y), np.nan, y), offset=np.log(size))
    chosen = replace(settings(folds=4), fit={"family": "nb"})
    found = analyse_gene(gene, genotypes, chosen)
    assert (found["status"], found["reason"]) == ("fitted", "")
    acts = simulated.genetic.std(axis=0) > 0
    r2 = np.array([row["r2"] for row in found["prediction"]])
    # on the scale of logarithms, where 30 reads leave a variance of 1/30
    assert r2[acts].min() > 0.5
    blind = analyse_gene(replace(gene, offset=None), genotypes, chosen)
    blind_r2 = np.array([row["r2"] for row in blind["prediction"]])
    assert blind_r2[acts].max() < r2[acts].min()


def test_covariates_in_the_model_are_not_taken_for_genetics_nor_predicted():
    """Expression follows a covariate, which follows a variant that has no effect."""
    gene, genotypes, simulated = inputs()
    acts = np.flatnonzero(simulated.variants.any(axis=1))[0]
    other = int(np.abs(np.corrcoef(simulated.x.T)[acts]).argmin())
    rng = np.random.default_rng(1)
    age = simulated.x[:, other] + 0.5 * rng.standard_normal(200)
    gene = replace(gene, y=gene.y + 1.5 * age[:, None])
    without = analyse_gene(gene, genotypes, settings(folds=4))
    found = analyse_gene(gene, genotypes, replace(settings(folds=4), covariates=age[:, None]))
    assert (without["status"], found["status"]) == ("fitted", "fitted")

    def weight_near(record, variant):
        near = {i for i, v in enumerate(record["variants"]) if abs(int(v["pos"]) - variant) < 5}
        return sum(abs(entry["weight"]) for entry in record["weights"] if entry["variant"] in near)

    assert weight_near(without, other) > 5 * weight_near(found, other)
    assert weight_near(found, acts) > 1
    measured = np.isfinite(gene.y).any(axis=1)
    x = simulated.x[measured].astype(np.float32)
    clean = fqtl.fit(gene.y[measured], x, covariates=age[measured])
    assert found["elbo"] == clean.elbo


def test_a_set_that_is_not_pure_carries_no_weight():
    gene = simulated_gene(4, n=100, m=6, p=40)
    found = fqtl.fit(gene.y, gene.x)
    spread = CredibleSet(np.arange(40), pip=0.6, coverage=0.95, purity=0.9, tissue=2)
    pure = sparse_effects(replace(found, credible_sets=(spread,)), 0.5)
    np.testing.assert_array_equal(pure[:, 2], found.effects[:, 2])
    impure = sparse_effects(replace(found, credible_sets=(replace(spread, purity=0.4),)), 0.5)
    np.testing.assert_array_equal(impure, sparse_effects(replace(found, credible_sets=()), 0.5))
    assert (impure[:, 2] == 0).sum() > 30


def test_donors_without_expression_of_a_gene_have_no_part_in_it():
    gene, genotypes, _ = inputs()
    rng = np.random.default_rng(1)
    # 100 more donors of another population, in whom the gene is not expressed
    others = rng.binomial(2, 1 - genotypes.dosages.mean(axis=1) / 2, (100, 60)).T
    x = np.hstack([others, genotypes.dosages]).astype(np.float32)
    more = replace(genotypes, dosages=x, donors=[f"e{i}" for i in range(100)] + genotypes.donors)
    wide = replace(gene, y=np.vstack([np.full((100, 5), np.nan), gene.y]))
    plan = PermutationPlan(2, 5, "donors", 1, seed=3)
    mine = replace(
        settings(folds=4),
        permutations=plan,
        covariates=rng.standard_normal((200, 2)),
        is_male=np.arange(200) % 2 == 0,
    )
    theirs = replace(
        mine,
        fold=np.append(np.arange(100) % 4, mine.fold),
        covariates=np.vstack([np.full((100, 2), 9.0), mine.covariates]),
        is_male=np.append(np.full(100, True), mine.is_male),
    )
    for chrom in ("chr1", "chrX"):
        gene, wide = replace(gene, chrom=chrom), replace(wide, chrom=chrom)
        found, known = analyse_gene(wide, more, theirs), analyse_gene(gene, genotypes, mine)
        assert found["n_donors"] == known["n_donors"] < 300
        for column in ("prediction", "weights", "permuted_fits", "permuted_tissues", "members"):
            assert repr(found[column]) == repr(known[column])  # with NaN in the same places
