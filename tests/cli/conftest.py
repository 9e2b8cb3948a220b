"""A folder to run commands in."""

import numpy as np
import pytest

from tests.cli.by_hand import DONORS, GENES
from tests.conftest import linked_genotypes
from tests.files import (
    vcf_records,
    write_bed,
    write_covariates,
    write_sheet,
    write_vcf,
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with everything that a run needs, in working order."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = linked_genotypes(rng, 60, 40)
    write_vcf(tmp_path / "g.vcf.gz", vcf_records(x.T, np.arange(4900, 4940)), DONORS)
    y = np.vstack([x[:, 10] + 0.3 * rng.standard_normal(60), rng.standard_normal(60)])
    write_bed(tmp_path / "liver.bed", GENES, y, DONORS)
    write_covariates(tmp_path / "liver.txt", {"PC1": list(rng.standard_normal(60))}, DONORS)
    write_sheet(tmp_path / "tissues.tsv", [("Liver", "liver.bed", "liver.txt")])
    return tmp_path
