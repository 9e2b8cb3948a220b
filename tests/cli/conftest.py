"""A folder to run commands in."""

import numpy as np
import pandas as pd
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
from tests.model.summary.conftest import dosages, z_scores


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


@pytest.fixture
def summary_files(tmp_path, monkeypatch):
    """A panel of 120 people, and two tissues of 200 others in whom a variant acts on g1."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    both = dosages(rng, 320, 80)
    panel, x = both[:120], both[120:]
    pos = np.arange(5000, 5080)
    write_vcf(
        tmp_path / "g.vcf.gz", vcf_records(panel.T, pos), [f"d{i}" for i in range(len(panel))]
    )
    ids = pd.read_csv(tmp_path / "g.vcf.gz", sep="\t", comment="#", header=None)
    names = [f"chr22_{p}_{ref}_{alt}_b37" for p, ref, alt in zip(pos, ids[3], ids[4], strict=True)]
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    for tissue in ("Liver", "Lung"):
        y = np.column_stack([0.6 * standard[:, 30], np.zeros(200)])
        z, _ = z_scores(y + 0.8 * rng.standard_normal(y.shape), x)
        pd.DataFrame(
            {
                "phenotype_id": np.repeat(["g1", "g2"], 80),
                "variant_id": [*names, *names],
                "pval_nominal": 0.5,
                "slope": z.T.ravel() * 0.05,
                "slope_se": 0.05,
            }
        ).to_csv(f"{tissue}.txt", sep="\t", index=False)
    (tmp_path / "sheet.tsv").write_text(
        "tissue\tfile\tn\nLiver\tLiver.txt\t200\nLung\tLung.txt\t200\n"
    )
    (tmp_path / "genes.bed").write_text(
        "#chr\tstart\tend\tgene_id\nchr22\t4999\t5000\tg1\nchr22\t5039\t5040\tg2\n"
        "chr22\t9000000\t9000001\tg3\n"
    )
    return tmp_path
