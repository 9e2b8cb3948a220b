"""Consistency across formats: one z-score, whichever file and program it goes through.

With weights w per allele, Σ the covariance of dosages and D their standard deviations,
z = wᵀ D z_gwas / √(wᵀ Σ w). Each reader here opens the files by itself, and follows what its
program does with them: S-PrediXcan multiplies weights with standard deviations out of the
covariance file; FUSION and FOCUS take weights per standard deviation and correlations of a
reference panel, TIGAR its covariances; the former two leave out palindromic variants and impute the
z-scores that a GWAS lacks, the latter two leave out what it lacks.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import rdata

from fqtl.weights.focus import write_focus
from fqtl.weights.fusion import write_fusion
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.tigar import write_tigar
from fqtl.weights.weight_set import WeightSet, variant_ids

N = 250
RIDGE = 0.1  # of FUSION and FOCUS where they impute, and of all LD in FOCUS
GENE = "ENSG00000000001.1"
PALINDROMES = {"AT", "TA", "CG", "GC"}


@dataclass
class World:
    """A gene, and what programs are told beside its weights.

    variants : rsid, pos, other_allele, effect_allele, weight
    dosages : (v, n) of the effect allele
    gwas : SNP, A1 (the effect allele there), A2, Z; some of the variants, in any orientation
    swapped_in_panel : (v,) whether A1 of the reference genotypes is the other allele
    """

    variants: pd.DataFrame
    dosages: np.ndarray
    gwas: pd.DataFrame
    swapped_in_panel: np.ndarray

    def truth(self, kept, z, ridge=0.0):
        """z of the gene from what is kept of its variants, with z-scores of the effect alleles.

        ridge : what is added to the diagonal of the correlation
        """
        w, covariance = self.variants["weight"].to_numpy()[kept], np.cov(self.dosages[kept])
        covariance = np.atleast_2d(covariance)
        variance = np.diag(covariance)
        total = w @ covariance @ w + ridge * w**2 @ variance
        return w * np.sqrt(variance) @ z / np.sqrt(total)

    def z(self, kept):
        """z-scores of the effect alleles as the GWAS would give them, NaN where it has none."""
        told = self.gwas.set_index("SNP").reindex(self.variants["rsid"])
        same = (told["A1"] == self.variants["effect_allele"].to_numpy()).to_numpy()
        return np.where(same, told["Z"], -told["Z"])[kept]


def world(alleles, weights, *, seed=0, twins=False, swapped=(), swapped_in_panel=(), missing=()):
    """Linked variants with these alleles (other, effect) and weights."""
    rng = np.random.default_rng(seed)
    v = len(alleles)
    dosages = rng.integers(0, 3, (v, N)).astype(float)
    for j in range(1, v):
        dosages[j] = np.where(rng.random(N) < 0.5, dosages[j - 1], dosages[j])
    if twins:
        dosages[1] = dosages[0]
    variants = pd.DataFrame(
        {
            "gene_id": GENE,
            "rsid": [f"rs{j}" for j in range(v)],
            "chrom": "chr1",
            "pos": 1000 + np.arange(v),
            "other_allele": [pair[0] for pair in alleles],
            "effect_allele": [pair[1] for pair in alleles],
            "weight": weights,
        }
    )
    z = rng.standard_normal(v) * 3
    if twins:
        z[1] = z[0]
    turned = np.isin(np.arange(v), swapped)
    gwas = pd.DataFrame(
        {
            "SNP": variants["rsid"],
            "A1": np.where(turned, variants["other_allele"], variants["effect_allele"]),
            "A2": np.where(turned, variants["effect_allele"], variants["other_allele"]),
            "Z": np.where(turned, -z, z),
        }
    )
    kept = ~np.isin(np.arange(v), missing)
    return World(variants, dosages, gwas[kept], np.isin(np.arange(v), swapped_in_panel))


def files(world, folder):
    """The gene in every format."""
    genes = {"gene_id": [GENE], "chrom": "chr1", "start": 1000, "end": 1000, "n_samples": N}
    variants = world.variants.assign(variant_id=variant_ids(world.variants, "GRCh38"))
    weights = WeightSet.of(
        "Liver",
        "GRCh38",
        N,
        pd.DataFrame({**genes, "r2": 0.2, "p": 1e-6}),
        variants,
        [np.atleast_2d(np.cov(world.dosages))],
    )
    write_predictdb(folder, weights, {})
    write_fusion(folder, weights)
    write_tigar(folder / "tigar", weights)
    write_focus(folder / "focus.db", [weights])


def aligned(effect, other, table):
    """Sign of each row of a table with A1 and A2 towards (effect, other); 0 if alleles differ."""
    same = (table["A1"] == effect) & (table["A2"] == other)
    turned = (table["A1"] == other) & (table["A2"] == effect)
    return np.where(same, 1.0, np.where(turned, -1.0, 0.0))


def s_predixcan(folder, world, key="rsid"):
    with closing(sqlite3.connect(folder / "Liver.db")) as connection:
        model = pd.read_sql("SELECT * FROM weights", connection)
    name = "Liver.txt.gz" if key == "rsid" else "varid/Liver.txt.gz"
    pairs = pd.read_csv(folder / name, sep=r"\s+")
    used = model.merge(world.gwas, left_on="rsid", right_on="SNP")
    sign = aligned(used["eff_allele"], used["ref_allele"], used)
    used, sign = used[sign != 0], sign[sign != 0]
    ids = list(used[key])
    value = {(row.RSID1, row.RSID2): row.VALUE for row in pairs.itertuples()}
    covariance = np.array([[value.get((a, b), value.get((b, a))) for b in ids] for a in ids])
    w = used["weight"].to_numpy()
    sigma = np.sqrt(np.diag(covariance))
    return (w * sign * used["Z"] * sigma).sum() / np.sqrt(w @ covariance @ w)


def reference(world):
    """PLINK's .bim and genotypes: copies of A1, whichever allele that is in the panel."""
    variants, turned = world.variants, world.swapped_in_panel
    bim = pd.DataFrame(
        {
            "SNP": variants["rsid"],
            "A1": np.where(turned, variants["other_allele"], variants["effect_allele"]),
            "A2": np.where(turned, variants["effect_allele"], variants["other_allele"]),
        }
    )
    return bim, np.where(turned[:, None], 2 - world.dosages, world.dosages)


def with_the_panel(world, snps, effect, other, per_sd, ridge=0.0):
    """z as FUSION and FOCUS have it: their common arithmetic of weights, panel and GWAS."""
    bim, genotypes = reference(world)
    merged = bim.merge(world.gwas, how="left", on="SNP", suffixes=("", "_gwas"))
    known = merged["Z"].notna().to_numpy()
    gwas = merged.rename(columns={"A1": "R1", "A2": "R2", "A1_gwas": "A1", "A2_gwas": "A2"})
    z = np.where(known, aligned(bim["A1"], bim["A2"], gwas) * merged["Z"], np.nan)
    clear = ~(bim["A1"] + bim["A2"]).isin(PALINDROMES).to_numpy()
    row = {name: i for i, name in enumerate(bim["SNP"])}
    rows = np.array([row[name] for name in snps])
    keep = clear[rows]
    rows = rows[keep]
    told = bim.iloc[rows].reset_index(drop=True)
    sign = aligned(np.array(effect)[keep], np.array(other)[keep], told)
    w = np.array(per_sd)[keep] * sign
    standard = genotypes[rows]
    standard = (standard - standard.mean(axis=1, keepdims=True)) / standard.std(
        axis=1, ddof=1, keepdims=True
    )
    ld, z = standard @ standard.T / (N - 1) + ridge * np.eye(len(rows)), z[rows]
    z = imputed(ld, z)
    return w @ z / np.sqrt(w @ ld @ w)


def imputed(ld, z):
    """z-scores that are missing, from those that are not, as FUSION and FOCUS impute them."""
    miss = np.isnan(z)
    if not miss.any():
        return z
    weight = ld[np.ix_(miss, ~miss)] @ np.linalg.inv(
        ld[np.ix_(~miss, ~miss)] + RIDGE * np.eye((~miss).sum())
    )
    r2 = np.diag(weight @ ld[np.ix_(~miss, ~miss)] @ weight.T)
    z = z.copy()
    z[miss] = weight @ z[~miss] / np.sqrt(r2)
    return z


def fusion(folder, world):
    found = rdata.read_rda(folder / "Liver" / f"{GENE}.wgt.RDat")
    performance, snps = found["cv.performance"], found["snps"]
    best = int(np.nanargmax(performance.sel(dim_0="rsq").values))
    per_sd = found["wgt.matrix"].values[:, best]
    return with_the_panel(world, snps["V2"], list(snps["V5"]), list(snps["V6"]), per_sd)


def focus(folder, world):
    with closing(sqlite3.connect(folder / "focus.db")) as connection:
        model = pd.read_sql("SELECT * FROM weight ORDER BY id", connection)
    names = ["effect_allele", "alt_allele", "effect"]
    columns = [model[name].tolist() for name in names]
    return with_the_panel(world, model["snp"], *columns, ridge=RIDGE)


def tigar(folder, world):
    """The statistic SPrediXcan of TIGAR, with covariances of its own reference.

    Variants are found by snpID, which it makes of its table of z-scores in both orders of alleles.
    """
    model = pd.read_csv(folder / "tigar/Liver.txt.gz", sep="\t")
    place = world.variants.set_index("rsid")["pos"].astype(str)
    where = "1:" + world.gwas["SNP"].map(place) + ":"
    one, other = (
        world.gwas["A2"] + ":" + world.gwas["A1"],
        world.gwas["A1"] + ":" + world.gwas["A2"],
    )
    gwas = pd.concat([world.gwas.assign(snpID=where + one), world.gwas.assign(snpID=where + other)])
    used = model.merge(gwas, on="snpID")
    sign = aligned(used["ALT"], used["REF"], used)
    rows = used["SNP"].map({name: i for i, name in enumerate(world.variants["rsid"])})
    covariance = np.atleast_2d(np.cov(world.dosages))[np.ix_(rows, rows)]
    w = used["ES"].to_numpy()
    return np.sqrt(np.diag(covariance)) @ (w * sign * used["Z"]) / np.sqrt(w @ covariance @ w)


PLAIN = [("A", "G"), ("C", "T"), ("G", "T")]
WORLDS = {
    "three linked variants": world(PLAIN, [0.3, -0.2, 0.5]),
    "alleles swapped in the GWAS": world(PLAIN, [0.3, -0.2, 0.5], swapped=[0, 2]),
    "alleles swapped in the panel": world(
        PLAIN, [0.3, -0.2, 0.5], swapped=[1], swapped_in_panel=[0, 1]
    ),
    "a variant that the GWAS lacks": world(PLAIN, [0.3, -0.2, 0.5], missing=[1]),
    "one variant": world(PLAIN[:1], [0.4], swapped=[0]),
    "two in perfect LD": world(PLAIN, [0.3, 0.1, 0.5], twins=True),
    "a palindromic variant": world([*PLAIN, ("A", "T")], [0.3, -0.2, 0.5, 0.4], swapped=[1]),
}


@pytest.mark.parametrize("name", WORLDS)
def test_programs_that_drop_what_is_missing_find_the_truth(name, tmp_path):
    world = WORLDS[name]
    files(world, tmp_path)
    kept = ~np.isnan(world.z(slice(None)))
    truth = world.truth(kept, world.z(kept))
    assert s_predixcan(tmp_path, world) == pytest.approx(truth, rel=1e-10)
    assert s_predixcan(tmp_path, world, key="varID") == pytest.approx(truth, rel=1e-10)
    assert tigar(tmp_path, world) == pytest.approx(truth, rel=1e-10)


@pytest.mark.parametrize("name", WORLDS)
def test_programs_that_impute_what_is_missing_find_the_truth(name, tmp_path):
    world = WORLDS[name]
    files(world, tmp_path)
    pairs = world.variants["other_allele"] + world.variants["effect_allele"]
    kept = (~pairs.isin(PALINDROMES)).to_numpy()
    correlation = np.atleast_2d(np.corrcoef(world.dosages[kept]))
    truth = world.truth(kept, imputed(correlation, world.z(kept)))
    assert fusion(tmp_path, world) == pytest.approx(truth, rel=1e-10)
    z = imputed(correlation + RIDGE * np.eye(len(correlation)), world.z(kept))
    assert focus(tmp_path, world) == pytest.approx(world.truth(kept, z, RIDGE), rel=1e-10)


def test_a_palindrome_in_a_model_divides_the_programs():
    """Why models for FUSION and FOCUS are fitted without: what they drop changes z."""
    world = WORLDS["a palindromic variant"]
    everything, clear = np.ones(4, dtype=bool), np.array([True, True, True, False])
    full, part = (world.truth(kept, world.z(kept)) for kept in (everything, clear))
    assert abs(full - part) > 0.1


def test_a_weight_per_allele_taken_for_one_per_standard_deviation_is_another_answer(tmp_path):
    """The silent mistake that the tests above would see."""
    world = WORLDS["three linked variants"]
    model = world.variants
    names = ["effect_allele", "other_allele", "weight"]
    wrong = with_the_panel(world, model["rsid"], *(model[name].tolist() for name in names))
    assert abs(wrong - world.truth(slice(None), world.z(slice(None)))) > 1e-3
