"""Models of a release of one tissue, of which it is known which genes have an effect."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.data.gene import GeneData
from fqtl.data.genotypes import Genotypes
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.cross_validation import assign_folds
from fqtl.gene.permutations import PermutationPlan
from fqtl.gene.settings import Settings
from fqtl.release.discoveries import single_tissue_rates
from fqtl.tables.fits import FITS
from fqtl.weights.from_fits import tissue_weights
from fqtl.weights.weight_set import passing

GENES, WITH_EFFECT, DONORS, VARIANTS = 100, 20, 100, 12
WANTED = {"min_cv_r": 0.1, "max_cv_p": 0.05, "min_gene_pip": 0.1}


@pytest.fixture(scope="module")
def release():
    """Fits of genes, of which the first WITH_EFFECT have a variant with 30 % of the variance."""
    rng = np.random.default_rng(0)
    settings = Settings(
        fit={"seed": 0},
        fold=assign_folds(DONORS, 3, 0),
        min_pip=0.01,
        permutations=PermutationPlan(2, exceedances=5, permute="donors", conditional=0, seed=0),
    )
    return pa.Table.from_pylist(
        [analyse_gene(*simulated(rng, number), settings) for number in range(GENES)], schema=FITS
    )


def simulated(rng, number):
    dosages = rng.binomial(2, 0.3, (VARIANTS, DONORS)).astype(np.float32)
    y = rng.standard_normal((DONORS, 1))
    if number < WITH_EFFECT:
        y[:, 0] += np.sqrt(3 / 7) * (dosages[5] - dosages[5].mean()) / dosages[5].std()
    variants = pd.DataFrame({"variant_id": [f"chr1_{i}_A_G_b38" for i in range(VARIANTS)]})
    variants = variants.assign(
        rsid="", chrom="chr1", pos=np.arange(VARIANTS), other_allele="A", effect_allele="G"
    )
    donors = [f"d{i}" for i in range(DONORS)]
    nothing = pd.DataFrame({"pos": [], "reason": []})
    gene = GeneData(f"g{number:03d}", "chr1", 10, ["Liver"], y)
    return gene, Genotypes(variants, dosages, donors, nothing)


def released(fits, **limits):
    everything = tissue_weights(fits, "Liver", "GRCh38")
    kept = passing(everything, q=single_tissue_rates(fits).q, **{**WANTED, **limits})
    number = np.array([int(name[1:]) for name in kept])
    return len(number), (number >= WITH_EFFECT).mean()


def test_a_release_of_one_tissue_holds_its_false_discovery_rate(release):
    models, noise = released(release, max_q=0.05)
    assert models >= 0.9 * WITH_EFFECT
    assert noise <= 0.05


def test_cross_validation_alone_would_release_noise(release):
    """The probability of an effect, that is 0.2 of noise, leaves none of it out."""
    models, noise = released(release, max_q=1.0)
    assert released(release, max_q=1.0, min_gene_pip=0.0)[0] == models
    assert noise > 0.15


def test_without_permuted_fits_there_is_no_rate_to_ask_of(release):
    place = release.schema.get_field_index("permuted_fits")
    bare = release.set_column(
        place, FITS.field("permuted_fits"), pa.nulls(GENES, FITS.field("permuted_fits").type)
    )
    assert single_tissue_rates(bare).q.isna().all()
    assert released(bare, max_q=0.05) == released(release, max_q=1.0)
