"""Genes of X, and of a genome that is not human, from genotypes to weight files."""

import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from tests.files import vcf_records, write_bed, write_sheet, write_vcf

ROOT = Path(__file__).parent.parent.parent
N = 100
DONORS = [f"D{i}" for i in range(N)]
MALES = np.arange(N) % 2 == 0
FIRST = 5_000_000  # behind the pseudo-autosomal region of a human X
PLACES = FIRST + 100 * np.arange(20)
TISSUES = ["head", "body"]
CAUSAL = 7


def dosages(number, chrom):
    """(20, N) of a gene's window; on X males have 0 or 2."""
    rng = np.random.default_rng(number)
    alleles = rng.binomial(1, 0.4, (len(PLACES), N, 2))
    if chrom == "X":
        alleles[:, MALES, 1] = alleles[:, MALES, 0]
    return alleles.sum(axis=2)


def haploid(x):
    """Calls of X: a male has one."""
    calls = [
        [
            "01"[d // 2] if male else ("0/0", "0/1", "1/1")[d]
            for d, male in zip(row, MALES, strict=True)
        ]
        for row in x
    ]
    return [
        f"X {pos} rs{pos} A G . PASS . GT {' '.join(row)}"
        for pos, row in zip(PLACES, calls, strict=True)
    ]


def to_one(x):
    """Imputed dosages of X, which end at 1 in males."""
    values = np.where(MALES, x / 2, x)
    return [
        f"X {pos} rs{pos} A G . PASS . DS {' '.join(f'{v:g}' for v in row)}"
        for pos, row in zip(PLACES, values, strict=True)
    ]


def write_input(folder, chroms, of_x, field):
    """A file of each chromosome; two genes of each, the first with an effect in both tissues.

    On X both genes differ by sex.
    """
    genes, values = [], {tissue: [] for tissue in TISSUES}
    for number, chrom in enumerate(chroms):
        x = dosages(number, chrom)
        if chrom == "X":
            records = of_x(x)
        else:
            records = vcf_records(x, PLACES, chrom)
            if field == "DS":
                records = [line.replace(" GT ", " GT:DS ") for line in records]
                for call, dose in (("0/0", 0), ("0/1", 1), ("1/1", 2)):
                    records = [line.replace(call, f"{call}:{dose}") for line in records]
        fields = ("GT", "DS") if field == "DS" else ("GT",)
        write_vcf(folder / f"{chrom}.vcf.gz", records, DONORS, contigs=(chrom,), fields=fields)
        for kind, effect in (("effect", 1.0), ("null", 0.0)):
            genes.append((chrom, FIRST + 1000, f"{chrom}_{kind}"))
            for place, tissue in enumerate(TISSUES):
                rng = np.random.default_rng([number, place, int(effect)])
                y = effect * x[CAUSAL] + rng.standard_normal(N) + 2.0 * MALES * (chrom == "X")
                values[tissue].append(y)
    rows = []
    for tissue in TISSUES:
        bed = write_bed(folder / f"{tissue}.bed", genes, np.array(values[tissue]), DONORS)
        rows.append((tissue, bed.name, ""))
    write_sheet(folder / "tissues.tsv", rows)
    lines = [f"{name}\t{'MF'[not male]}" for name, male in zip(DONORS, MALES, strict=True)]
    (folder / "sex.tsv").write_text("donor\tsex\n" + "\n".join(lines) + "\n")


def run(folder, **changes):
    config = {
        "results": "out",
        "tissues": "tissues.tsv",
        "cross_validation": {"folds": 2},
        "calibration": {"permutations": 0, "conditional_permutations": 0},
        "shards": {"count": 1},
        "weights": {"formats": ["predictdb", "fusion", "tigar", "focus"], "max_q": 1},
    }
    (folder / "my.yaml").write_text(yaml.safe_dump({**config, **changes}))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    done = subprocess.run(
        [*command, "--configfile", "my.yaml", "--cores", "2", "--until", "weights"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return folder / "out"


def fits_of(results):
    columns = ["gene_id", "status", "sex"]
    rows = pq.read_table(results / "fits.parquet", columns=columns).to_pylist()
    return {row.pop("gene_id"): row for row in rows}


@pytest.mark.parametrize(
    ("build", "tag", "chroms", "of_x", "field", "genotypes", "genes"),
    [
        # a fly: no table of sex, since the calls of X tell; all chromosomes without a list
        ("dm6", "dm6", ("2L", "3R", "X"), haploid, "GT", {}, {}),
        (
            "GRCh38",
            "b38",
            ("22", "X"),
            to_one,
            "DS",
            {"sex": "sex.tsv"},
            {"chromosomes": [22, "X"]},
        ),
    ],
    ids=["fly", "human"],
)
def test_genes_of_x_and_of_any_genome_come_to_weight_files(
    tmp_path, build, tag, chroms, of_x, field, genotypes, genes
):
    write_input(tmp_path, chroms, of_x, field)
    results = run(
        tmp_path,
        genome_build=build,
        genotypes={"path": "{chrom}.vcf.gz", "field": field, **genotypes},
        genes={"cis_window_bp": 5000, **genes},
    )
    fits = fits_of(results)
    assert len(fits) == 2 * len(chroms)
    for gene, fit in fits.items():
        assert fit["status"] == "fitted"
        assert fit["sex"] == ("covariate" if gene.startswith("X") else "")
    weights = results / "weights"
    with sqlite3.connect(weights / "predictdb" / "head.db") as db:
        said = dict(db.execute("SELECT key, value FROM construction"))
        ids = [name for (name,) in db.execute("SELECT varID FROM weights")]
        largest = "SELECT gene, varID, MAX(ABS(weight)) FROM weights GROUP BY gene"
        best = {gene: name for gene, name, _ in db.execute(largest)}
    assert set(best) == {f"{chrom}_effect" for chrom in chroms}
    assert said["genome_build"] == build
    assert said["one_copy_counts_as_two_on"] == "chrX"
    assert all(name.endswith(f"_{tag}") for name in ids)
    for number, chrom in enumerate(chroms):
        causal = f"chr{chrom}_{PLACES[CAUSAL]}_A_G_{tag}"
        assert best[f"{chrom}_effect"] == causal
        # the variance of dosages, of males 0 or 2
        expected = dosages(number, chrom)[CAUSAL].var(ddof=1)
        assert variance_of(weights, f"{chrom}_effect", causal) == pytest.approx(expected, rel=1e-4)
    code = "23" if build == "GRCh38" else "X"
    listed = (weights / "fusion" / "head.pos").read_text().splitlines()
    assert [line.split("\t")[3] for line in listed if "X_effect" in line] == [code]
    fqtl = str(Path(sys.executable).parent / "fqtl")
    audit = subprocess.run([fqtl, "check", "weights", weights], capture_output=True, text=True)
    assert audit.returncode == 0, audit.stdout


def variance_of(weights, gene, varid):
    path = weights / "predictdb" / "varid" / "head.txt.gz"
    with gzip.open(path, "rt") as lines:
        next(lines)
        rows = [line.split() for line in lines]
    (found,) = [float(v) for g, a, b, v in rows if g == gene and a == b == varid]
    return found
