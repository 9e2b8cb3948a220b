"""Single effects as files of the eQTL Catalogue's columns."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.cli import main
from fqtl.release.eqtl_catalogue import LBF, SETS
from fqtl.tables.files import write_parquet
from fqtl.tables.fits import FITS, SHARD


def effect(number, lbf, factor=None, tissue=None, tissues=(), pip=0.9):
    return {
        "set": number,
        "factor": factor,
        "tissue": tissue,
        "tissues": list(tissues),
        "pip": pip,
        "purity": 0.8,
        "log_bayes_factor": np.asarray(lbf, dtype=np.float32),
    }


def member(number, variant, tissue=None, **told):
    known = {"pip": 0.5, "beta": 0.25, "se": 0.0125, "log_p": -1000.0, **told}
    return {"set": number, "tissue": tissue, "variant": variant, **known}


def record(gene_id, effects=(), members=(), first=100):
    return {
        "gene_id": gene_id,
        "chrom": "chr22",
        "status": "fitted",
        "prediction": [{"tissue": tissue} for tissue in ("Liver", "Lung", "Testis")],
        "window": [f"chr22_{first + j}_A_{'CT'[j % 2]}_b38" for j in range(4)] if effects else [],
        "window_rsids": ["rs1", "", "rs3", "rs4"] if effects else [],
        "effects": list(effects),
        "members": list(members),
    }


def shard(path, *records, schema=SHARD):
    rows = [{**dict.fromkeys(schema.names), **one} for one in records]
    write_parquet(path, pa.Table.from_pylist(rows, schema=schema), "fits", genome_build="GRCh38")
    return str(path)


@pytest.fixture
def fits(tmp_path):
    """A gene with a factor of Liver and Lung and an effect of Liver alone, and one of Lung."""
    nothing = {"beta": np.nan, "se": np.nan, "log_p": np.nan}
    both = record(
        "g1",
        [
            effect(0, [1.5, -0.25, 8.0, 0.0], factor=0, tissues=("Liver", "Lung")),
            effect(1, [-1.0, 20.0, -1.0, -1.0], tissue="Liver", tissues=("Liver",)),
        ],
        [
            member(0, 2, **nothing),
            member(0, 2, "Liver"),
            member(0, 2, "Lung"),
            member(1, 1, "Liver", pip=0.875),
        ],
    )
    alone = record(
        "g2",
        [effect(0, [9.0, 9.0, -2.0, -2.0], tissue="Lung", tissues=("Lung",))],
        [member(0, 0, "Lung"), member(0, 1, "Lung")],
        first=500,
    )
    return [
        shard(tmp_path / "1.parquet", both, record("g3")),
        shard(tmp_path / "2.parquet", {"gene_id": "g0", "status": "skipped"}, alone),
    ]


def read(path):
    return pd.read_csv(path, sep="\t")


def test_a_tissue_has_the_effects_of_its_factors_and_its_own(fits, tmp_path):
    assert main(["export", "--fits", *fits, "--out", str(tmp_path / "out")]) == 0
    liver = read(tmp_path / "out/Liver.lbf_variable.txt.gz")
    assert list(liver.columns) == list(LBF)
    assert liver["molecular_trait_id"].tolist() == ["g1"] * 4
    assert liver["region"].tolist() == ["chr22:100-103"] * 4
    assert liver["variant"].tolist()[:2] == ["chr22_100_A_C", "chr22_101_A_T"]
    assert liver["chromosome"].tolist() == [22] * 4
    assert liver["position"].tolist() == [100, 101, 102, 103]
    assert liver["lbf_variable1"].tolist() == [1.5, -0.25, 8.0, 0.0]
    assert liver["lbf_variable2"].tolist() == [-1.0, 20.0, -1.0, -1.0]
    assert (liver[[f"lbf_variable{n}" for n in range(3, 11)]] == 0).all().all()
    lung = read(tmp_path / "out/Lung.lbf_variable.txt.gz")
    assert lung["molecular_trait_id"].tolist() == ["g1"] * 4 + ["g2"] * 4
    assert (lung["lbf_variable2"] == 0).all()
    factors = read(tmp_path / "out/factors.lbf_variable.txt.gz")
    assert factors["molecular_trait_id"].unique().tolist() == ["factor0_g1"]
    assert factors["lbf_variable1"].tolist() == [1.5, -0.25, 8.0, 0.0]
    # nothing was found there
    assert not list((tmp_path / "out").glob("Testis*"))


def test_credible_sets_are_those_of_the_columns(fits, tmp_path):
    main(["export", "--fits", *fits, "--out", str(tmp_path / "out")])
    liver = read(tmp_path / "out/Liver.credible_sets.tsv.gz")
    assert list(liver.columns) == list(SETS)
    assert liver["cs_id"].tolist() == ["g1_L1", "g1_L2"]
    assert liver["variant"].tolist() == ["chr22_102_A_C", "chr22_101_A_T"]
    assert liver["rsid"].fillna("").tolist() == ["rs3", ""]
    assert liver["pip"].tolist() == [0.5, 0.875]
    assert liver["z"].tolist() == [20.0, 20.0]
    assert liver["cs_min_r2"].tolist() == pytest.approx([0.64, 0.64])
    lung = read(tmp_path / "out/Lung.credible_sets.tsv.gz")
    assert lung["cs_size"].tolist() == [1, 2, 2]
    # p of e^-1000 is a number in the text
    with gzip.open(tmp_path / "out/Lung.credible_sets.tsv.gz", "rt") as text:
        p = text.readlines()[1].split("\t")[SETS.index("pvalue")]
    assert p == "5.07596e-435"
    factors = read(tmp_path / "out/factors.credible_sets.tsv.gz")
    assert factors[["cs_id", "variant"]].to_numpy().tolist() == [["factor0_g1_L1", "chr22_102_A_C"]]
    assert factors[["pvalue", "beta", "se", "z"]].isna().all().all()


def test_tissues_may_be_chosen_and_unknown_ones_are_refused(fits, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", "--fits", *fits, "--out", str(out), "--tissues", "factors"]) == 0
    assert {path.name.split(".")[0] for path in out.iterdir()} == {"factors"}
    assert main(["export", "--fits", *fits, "--out", str(out), "--tissues", "Lung", "lung"]) == 2
    assert "lung is in none of the fits, which are of 3 tissues" in capsys.readouterr().err
    assert not list(out.glob("Lung*"))


def test_beyond_ten_effects_the_likeliest_are_kept_and_the_others_counted(tmp_path, capsys):
    found = [
        effect(i, [float(i)] * 4, tissue="Liver", tissues=("Liver",), pip=0.6 + 0.01 * i)
        for i in range(12)
    ]
    members = [member(i, 0, "Liver") for i in range(12)]
    path = shard(tmp_path / "1.parquet", record("g", found, members))
    assert main(["export", "--fits", path, "--out", str(tmp_path / "out")]) == 0
    lbf = read(tmp_path / "out/Liver.lbf_variable.txt.gz")
    assert lbf.iloc[0][list(LBF[5:])].tolist() == [float(i) for i in range(2, 12)]
    assert "2 effects beyond 10" in capsys.readouterr().err


def test_fits_that_do_not_hold_them_are_refused_in_one_line(tmp_path, capsys):
    old = shard(tmp_path / "1.parquet", {"gene_id": "g"}, schema=FITS)
    assert main(["export", "--fits", old, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"error: {old} has no Bayes factors of single effects")
    assert not (tmp_path / "out").exists()


def test_the_same_fits_give_the_same_bytes(fits, tmp_path):
    for name in ("one", "two"):
        main(["export", "--fits", *fits, "--out", str(tmp_path / name)])
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
