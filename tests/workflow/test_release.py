"""A preset and the folder where a release's files lie are a complete config."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.files import write_gct, write_gtf

V8 = "GTEx_Analysis_2017-06-05_v8_WholeGenomeSeq_838Indiv_Analysis_Freeze.SHAPEIT2_phased.vcf.gz"


@pytest.fixture
def gtex(release):
    """The release under the names of GTEx v8, expression in a folder of its own."""
    matrices = release.folder / "v8" / "GTEx_Analysis_v8_eQTL_expression_matrices"
    matrices.mkdir(parents=True)
    for tissue in ("Liver", "Lung", "Whole_Blood", "Tiny"):
        bed = release.folder / f"{tissue}.bed"
        bed.rename(matrices / f"{tissue}.v8.normalized_expression.bed.gz")
        covariates = release.folder / f"{tissue}.txt"
        covariates.rename(release.folder / "v8" / f"{tissue}.v8.covariates.txt")
    for ending in ("", ".tbi"):
        (release.folder / f"genotypes.vcf.gz{ending}").rename(release.folder / "v8" / (V8 + ending))
    return release


def run(gtex, *flags, **config):
    (gtex.folder / "my.yaml").write_text(yaml.safe_dump({"results": "out", **config}))
    return gtex.run("my", *flags)


def test_a_preset_and_its_folder_are_a_complete_config(gtex):
    done = run(
        gtex, "--cores", "2", "--until", "shard", release={"preset": "gtex_v8", "folder": "v8"}
    )
    assert done.returncode == 0, done.stdout
    found = json.loads((gtex.folder / "out" / "check.json").read_text())
    assert found["genome_build"] == "GRCh38"
    assert [row["tissue"] for row in found["tissues"]] == ["Liver", "Lung", "Tiny", "Whole_Blood"]
    assert all(row["covariates"] == 2 for row in found["tissues"])
    assert len(list((gtex.folder / "out" / "shards").glob("*.parquet"))) == 200


def test_names_can_be_given_one_by_one_and_tissues_chosen(gtex):
    for ending in ("", ".tbi"):
        (gtex.folder / "v8" / (V8 + ending)).rename(gtex.folder / "v8" / f"mine.vcf.gz{ending}")
    files = {"preset": "gtex_v7", "folder": "v8", "genotypes": "mine.vcf.gz", "covariates": None}
    files["expression"] = "{tissue}.v8.normalized_expression.bed.gz"
    done = run(gtex, "--cores", "2", "--until", "check", release=files, tissues=["Lung", "Liver"])
    assert done.returncode == 0, done.stdout
    found = json.loads((gtex.folder / "out" / "check.json").read_text())
    assert found["genome_build"] == "GRCh37"
    assert [row["tissue"] for row in found["tissues"]] == ["Lung", "Liver"]
    assert not any("covariates" in row for row in found["tissues"])


@pytest.fixture
def counted(gtex):
    """The same with counts of two tissues; the first gene of both follows a variant."""
    rng = np.random.default_rng(3)
    genes = [f"ENSG{i:011d}.1" for i in range(8)]
    samples = [f"d{i:03d}" for i in range(120)]
    rate = np.exp(rng.normal(4, 1, (8, 1))) * rng.uniform(0.5, 2, 120)
    rate[0] *= np.exp(0.5 * gtex.dosages["chr1", 100_000][12])
    where = gtex.folder / "v8"
    reads = "GTEx_Analysis_2017-06-05_v8_RNASeQCv1.1.9_gene_reads.gct.gz"
    write_gct(where / reads, genes, 20 + rng.poisson(rate), samples)
    tissue = ["Lung" if i < 80 else "Skin - Other (x)" for i in range(120)]
    rows = [f"{sample}\t{of}\n" for sample, of in zip(samples, tissue, strict=True)]
    (where / "GTEx_Analysis_v8_Annotations_SampleAttributesDS.txt").write_text(
        "SAMPID\tSMTSD\n" + "".join(rows)
    )
    write_gtf(
        where / "gencode.v26.GRCh38.genes.gtf",
        [("chr1", 100_000, 200_000, "+", gene, [(100_000, 101_000)]) for gene in genes],
    )
    return gtex


COUNTED = {"preset": "gtex_v8", "folder": "v8", "covariates": None}


def test_a_release_of_counts_is_split_by_tissue_and_prepared(counted):
    done = run(
        counted,
        *["--cores", "2", "--until", "shard"],
        release=COUNTED,
        prepare={"values": "counts", "scale": "inverse_normal", "components": "auto"},
    )
    assert done.returncode == 0, done.stdout
    prepared = pd.read_csv(counted.folder / "out" / "prepared.tsv", sep="\t")
    assert prepared["tissue"].tolist() == ["Lung", "Skin_Other_x"]
    assert prepared["n_donors"].tolist() == [80, 40]
    assert prepared["n_genes"].tolist() == [8, 8]


def test_counts_are_fitted_as_counts_from_files_to_report(counted):
    done = run(
        counted,
        *["--cores", "2"],
        release=COUNTED,
        prepare={"values": "counts", "scale": "counts"},
        model={"family": "nb"},
        shards={"count": 2},
        weights={"variants": "all", "formats": ["predictdb"]},
    )
    assert done.returncode == 0, done.stdout
    fits = pd.read_csv(counted.folder / "out" / "fits.tsv.gz", sep="\t")
    assert (fits["status"] == "fitted").all()
    pairs = pd.read_csv(counted.folder / "out" / "prediction.tsv.gz", sep="\t")
    simulated = pairs["gene_id"].str.startswith("ENSG00000000000")
    assert pairs.loc[simulated, "pip"].min() > 0.9
    assert pairs.loc[simulated, "r2"].min() > 0.1
    assert (counted.folder / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("config", "messages"),
    [
        (
            {"release": {"preset": "gtex_v8", "folder": "v8"}, "tissues": ["Skin", "Liver"]},
            [
                "error: No such file: v8/Skin.v8.normalized_expression.bed.gz, "
                "v8/Skin.v8.covariates.txt. See release.expression, release.covariates in the"
            ],
        ),
        (
            {"release": {"preset": "gtex_v10", "folder": "v8"}},
            ["error: No tissue in v8, looked for {tissue}.v10.normalized_expression.bed.gz"],
        ),
        ({"release": {"preset": "gtex_v8", "folder": "v9"}}, ["error: No such folder: v9."]),
        ({"release": {"preset": "gtex_v9"}}, ["release.preset must be custom, gtex_v6p,"]),
        ({"release": {"preset": "custom"}, "tissues": []}, ["tissues must be the path of a sheet"]),
    ],
)
def test_what_is_not_there_is_named_in_one_line_before_any_job(gtex, config, messages):
    done = run(gtex, "-n", **config)
    assert done.returncode == 2, done.stdout
    assert sum(line.startswith("error:") for line in done.stdout.splitlines()) == 1
    for message in messages:
        assert message in done.stdout
