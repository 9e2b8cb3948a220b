"""Data that several tests need, and how tests are chosen."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from scipy.stats import norm

# Every run draws the same examples; what one of them takes on a busy machine says nothing
settings.register_profile("same", derandomize=True, deadline=None, max_examples=20, database=None)
settings.load_profile("same")

# Folders and files of `make fast`: a test of theirs takes a tenth of a second on average
FAST = (
    "cli/test_check_slurm.py",
    "cli/test_cli.py",
    "cli/test_ranges.py",
    "cli/test_stages_by_hand.py",
    "cli/test_weights.py",
    "data/",
    "gene/test_baseline.py",
    "gene/test_cross_validation.py",
    "model/families/test_quadrature.py",
    "model/predictors/test_bilinear.py",
    "model/predictors/test_dense.py",
    "model/predictors/test_factored.py",
    "model/test_inputs.py",
    "model/test_kernels.py",
    "model/test_gradients.py",
    "prepare/",
    "release/",
    "shards/",
    "simulation/",
    "tables/",
    "association/",
    "gwas/",
    "test_docs.py",
    "weights/",
)
BUT_SLOW = (
    "release/test_one_tissue.py",
    "weights/audit/test_fusion.py",
    "weights/test_published_effects.py",
)
NO_R = (
    "R was not asked whether it can read what was written for it: there is no Rscript here. "
    "Install it, on Debian by `apt-get install r-base-core`."
)
NO_BROWSER = (
    "Pages were not opened in a browser: there is no chromium with its chromedriver here. "
    "Install them, on Debian by `apt-get install chromium chromium-driver`."
)


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that no process is left with it in the end."""
    here = Path(__file__).parent
    items.sort(key=lambda item: "workflow" not in item.path.parts)
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if place.startswith(FAST) and place not in BUT_SLOW:
            item.add_marker("fast")


def program(name, otherwise):
    """Path of a program. Without it a test does not run, or fails where CI is set."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(otherwise)
    return found


@pytest.fixture(scope="session")
def rscript():
    """Path of Rscript."""
    return program("Rscript", NO_R)


@pytest.fixture(scope="session")
def browser_paths():
    """Paths of Chromium and of the program that drives it."""
    return program("chromium", NO_BROWSER), program("chromedriver", NO_BROWSER)


def pytest_terminal_summary(terminalreporter):
    """How many tests did not run for want of a program."""
    skipped = terminalreporter.getreports("skipped")
    for title, wanting in (("R", NO_R), ("Browser", NO_BROWSER)):
        without = sum(wanting in str(report.longrepr) for report in skipped)
        if without:
            terminalreporter.section(title)
            terminalreporter.write_line(f"{without} tests did not run. {wanting}", yellow=True)


def linked_genotypes(rng, n, p, correlation=0.9, min_maf=0.1):
    """Dosages (n, p): two haplotypes each, neighbours in LD."""
    threshold = norm.ppf(rng.uniform(min_maf, 0.5, p))
    dosage = np.zeros((n, p))
    for _ in range(2):
        latent = rng.standard_normal((n, p))
        for j in range(1, p):
            latent[:, j] = (
                correlation * latent[:, j - 1] + np.sqrt(1 - correlation**2) * latent[:, j]
            )
        dosage += latent < threshold
    return dosage


@dataclass
class Gene:
    """A gene with what was simulated in it.

    y (n, m) with NaN, x (n, p) dosages, genetic (n, m) the true genetic values,
    variants (p, k) and tissues (m, k) the simulated loadings
    """

    y: np.ndarray
    x: np.ndarray
    genetic: np.ndarray
    variants: np.ndarray
    tissues: np.ndarray


def simulated_gene(seed, *, n=200, p=100, m=12, rank=1, h2=0.3, observed=0.6, tissues_each=5):
    """Factors of one variant and `tissues_each` tissues each, heritability h2 where they act."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p)
    variants, tissues = np.zeros((p, rank)), np.zeros((m, rank))
    for k in range(rank):
        variants[rng.integers(k * p // rank, (k + 1) * p // rank), k] = 1.0
        tissues[rng.choice(m, tissues_each, replace=False), k] = rng.choice([-1, 1], tissues_each)
    genetic = (x - x.mean(axis=0)) @ variants @ tissues.T
    sd = genetic.std(axis=0)
    genetic *= np.sqrt(h2) / np.where(sd > 0, sd, 1.0)
    y = genetic + np.sqrt(1 - h2) * rng.standard_normal((n, m))
    y[rng.random((n, m)) > observed] = np.nan
    return Gene(y, x, genetic, variants, tissues)


@pytest.fixture
def gene():
    return simulated_gene(1)
