"""The workflow on summary statistics: from z-scores and a panel to weights and a report."""

import json
import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
import yaml

from fqtl.config.layers import defaults, merged, typed
from fqtl.config.model import Config
from fqtl.errors import FqtlError
from fqtl.tables.files import read_parquet
from fqtl.tables.fits import explode
from fqtl.weights.rdata import entries, load
from fqtl.workflow.flags import Flags
from fqtl.workflow.run import run_of
from tests.cli.by_hand import run
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_vcf
from tests.model.summary.conftest import z_scores
from tests.workflow.conftest import Release

VARIANTS, PEOPLE, PANEL = 30, 200, 120
# a variant acts on the first two in both tissues, on the third in blood alone, on the rest nowhere
GENES = [(f"ENSG{i:011d}.1", f"chr{1 + i // 3}", 100_000 * (1 + i % 3)) for i in range(6)]
TISSUES = {"Liver": 200, "Whole_Blood": 150}


def make_summary(folder):
    """A panel of others, and files of two formats; donors are shared by tissues."""
    rng = np.random.default_rng(1)
    records, rows = [], {tissue: [] for tissue in TISSUES}
    for g, (gene, chrom, tss) in enumerate(GENES):
        both = linked_genotypes(rng, PANEL + PEOPLE, VARIANTS)
        panel, x = both[:PANEL], both[PANEL:]
        pos = tss + 10 * np.arange(VARIANTS)
        mine = vcf_records(panel.T, pos, chrom)
        records += mine
        ids = [line.split()[3:5] for line in mine]
        effect = 0.5 * np.array([g < 2, g < 3])
        standard = (x[:, 9 + g] - x[:, 9 + g].mean()) / x[:, 9 + g].std()
        noise = 0.7 * rng.standard_normal((PEOPLE, 1)) + rng.standard_normal((PEOPLE, 2))
        y = np.outer(standard, effect) + noise * 0.7
        for t, (tissue, n) in enumerate(TISSUES.items()):
            z, _ = z_scores(y[:n, t : t + 1], x[:n])
            for j, (ref, alt) in enumerate(ids):
                rows[tissue].append((gene, chrom, pos[j], ref, alt, z[j, 0]))
    (folder / "calls.txt").write_text("\n".join(records))
    write_vcf(
        folder / "panel.vcf.gz", records, [f"p{i}" for i in range(PANEL)], contigs=("chr1", "chr2")
    )
    columns = ["gene", "chrom", "pos", "ref", "alt", "z"]
    tables = {name: pd.DataFrame(mine, columns=columns) for name, mine in rows.items()}
    write_files(folder, tables)
    return tables


def write_files(folder, tables):
    """The eQTL Catalogue's text, and a table of one's own."""
    liver, blood = tables.values()
    pd.DataFrame(
        {
            "molecular_trait_id": liver["gene"].str[:-2],
            "chromosome": liver["chrom"].str[3:],
            "position": liver["pos"],
            "ref": liver["ref"],
            "alt": liver["alt"],
            "an": 2 * TISSUES["Liver"],
            "beta": 0.1 * liver["z"],
            "se": 0.1,
        }
    ).to_csv(folder / "Liver.tsv.gz", sep="\t", index=False)
    # the other allele is counted, rows are in the order of position, and one is of no gene listed
    turned = blood.assign(z=-blood["z"]).sort_values("pos")
    extra = turned.iloc[:1].assign(gene="ENSG99999999999.1")
    pd.concat([turned, extra]).to_csv(folder / "blood.txt", sep="\t", index=False)
    (folder / "summary.tsv").write_text(
        "tissue\tfile\tn\tcolumns\n"
        "Liver\tLiver.tsv.gz\t\t\n"
        f"Whole_Blood\tblood.txt\t{TISSUES['Whole_Blood']}\t"
        "gene=gene chrom=chrom pos=pos effect_allele=ref other_allele=alt z=z\n"
    )
    lines = [f"{chrom}\t{tss - 1}\t{tss}\t{gene}" for gene, chrom, tss in GENES]
    lines.append("chr2\t899999\t900000\tENSG00000000077.1")
    (folder / "genes.bed").write_text("\n".join(["#chr\tstart\tend\tgene_id", *lines]) + "\n")


def configure(folder, name, **changes):
    config = {
        "results": name,
        "genome_build": "GRCh38",
        "summary_statistics": {"sheet": "summary.tsv", "genes": "genes.bed"},
        "genotypes": {"path": "panel.vcf.gz"},
        "genes": {"chromosomes": [1, 2], "cis_window_bp": 5000},
        "cross_validation": {"folds": 2},
        "calibration": {"permutations": 2},
        "shards": {"count": 2},
        "weights": {"formats": ["predictdb", "fusion"], "variants": "all", "factors": False},
        "report": {"gene_pages": 0},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**config, **changes}))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that went to its end."""
    folder = tmp_path_factory.mktemp("summary")
    tables = make_summary(folder)
    configure(folder, "out")
    release = Release(folder, {})
    done = release.run("out")
    assert done.returncode == 0, done.stdout
    return release, tables


def table(finished, name):
    return pd.read_csv(finished[0].folder / "out" / name, sep="\t", keep_default_na=False)


def test_every_gene_with_rows_is_fitted_and_simulated_effects_are_found(finished):
    genes = table(finished, "genes.tsv").set_index("gene_id")
    assert genes["reason"].to_dict()["ENSG00000000077.1"] == "usable in no tissue"
    assert (genes["reason"][:6] == "").all()
    fits = table(finished, "fits.tsv.gz")
    assert set(fits["status"]) == {"fitted"}
    pip = table(finished, "prediction.tsv.gz").set_index(["gene_id", "tissue"])["pip"]
    assert (pip[GENES[0][0]] > 0.9).all()
    assert (pip[GENES[1][0]] > 0.9).all()
    assert pip[GENES[2][0], "Whole_Blood"] > 0.9
    assert (pip[[gene for gene, _, _ in GENES[3:]]] < 0.5).all()


def test_genes_are_calibrated_by_simulated_nulls(finished):
    """Six genes with two nulls each; three with effects stand above all."""
    fits = table(finished, "fits.tsv.gz")
    assert (fits["permutations"] == 2).all()
    assert fits["p"][:3].tolist() == pytest.approx([1 / 13] * 3, rel=1e-4)
    assert (fits["p"][3:] > 1 / 13).all()


def test_what_donors_share_is_estimated_once_for_all_genes(finished):
    """A third of the noise is of the donor, and the smaller tissue's donors have both."""
    found = table(finished, "noise_correlation.tsv").set_index("tissue").astype(float)
    assert list(found.columns) == list(TISSUES) == list(found.index)
    shared = 0.49 / 1.49
    for one, n in TISSUES.items():
        for other, k in TISSUES.items():
            truth = 1 if one == other else shared * min(n, k) / np.sqrt(n * k)
            assert abs(found.loc[one, other] - truth) < 0.25


def test_rows_are_counted_by_what_became_of_them(finished):
    used = table(finished, "used.tsv").set_index(["tissue", "what"])["rows"]
    assert used.to_dict() == {
        ("Liver", "used"): 180,
        ("Whole_Blood", "used, alleles swapped"): 180,
    }


def test_weights_say_what_they_are_from(finished):
    """Alike in allele: what PredictDB counts is the panel's ALT, on which files were turned."""
    folder = finished[0].folder / "out" / "weights"
    model = load(folder / "fusion" / "Liver" / f"{GENES[0][0]}.wgt.RDat")
    assert entries(model["fqtl.performance"]).tolist()[0].startswith("pseudo-validation")
    with sqlite3.connect(folder / "predictdb" / "Liver.db") as database:
        genes = {row[0] for row in database.execute("select gene from extra")}
        about = dict(database.execute("select key, value from construction"))
    assert genes == {GENES[0][0], GENES[1][0]}
    assert about["fitted_to"] == "summary statistics, with LD of a panel"
    assert about["performance"].startswith("pseudo-validation")


def test_the_report_says_that_it_is_of_summary_statistics(finished):
    page = (finished[0].folder / "out" / "report.html").read_text()
    assert "pseudo-validation" in page
    assert "simulated nulls" in page
    assert "Noise that tissues share" in page
    assert "used, alleles swapped" in page
    assert not re.search("cross-validated R²", page)


def test_fits_of_shards_are_those_of_files_as_they_are(finished, monkeypatch):
    """Shards read what was put in order, `fqtl fit-summary` files; z is stored to seven digits."""
    folder = finished[0].folder
    monkeypatch.chdir(folder)
    store, about = read_parquet(folder / "out" / "fits.parquet", "fits")
    assert about["source"] == "summary statistics"
    run(
        [
            *["fit-summary", "--summary", "summary.tsv"],
            *["--genes", "genes.bed", "--genotypes", "panel.vcf.gz"],
            *["--genome-build", "GRCh38", "--cis-window-bp", "5000", "--variants", "all"],
            *["--noise-correlation", "out/noise_correlation.tsv"],
            *["--priors", "out/priors.tsv", "--seed", "1", "--folds", "2"],
            *["--permutations", "0", "--conditional-permutations", "0"],
            *["--out", "alone.parquet"],
        ]
    )
    alone, _ = read_parquet(folder / "alone.parquet", "fits")
    alone = alone.slice(0, 6)  # the last has no row
    pip = explode(store, "prediction")["pip"]
    assert explode(alone, "prediction")["pip"].to_numpy() == pytest.approx(pip, abs=1e-4)
    weight = explode(store, "weights")["weight"]
    assert explode(alone, "weights")["weight"].to_numpy() == pytest.approx(weight, abs=1e-4)


def write_matrix(folder):
    """LD of the panel of both chromosomes, as matrices in text."""
    lines = (folder / "calls.txt").read_text().splitlines()
    calls = pd.DataFrame([line.split() for line in lines])
    dosages = calls.iloc[:, 9:].map(lambda call: call[:3].count("1")).to_numpy(dtype=float)
    table = ["chrom\tstart\tend\tmatrix\tvariants\tn"]
    for chrom in ("chr1", "chr2"):
        mine = (calls[0] == chrom).to_numpy()
        np.savetxt(folder / f"{chrom}.ld", np.corrcoef(dosages[mine]), fmt="%.7g")
        named = (
            calls[mine]
            .iloc[:, [0, 1, 2, 3, 4]]
            .set_axis(["#CHROM", "POS", "ID", "REF", "ALT"], axis="columns")
        )
        named.assign(ALT_FREQS=dosages[mine].mean(axis=1) / 2).to_csv(
            folder / f"{chrom}.vars", sep="\t", index=False
        )
        table.append(f"{chrom}\t1\t1000000\t{chrom}.ld\t{chrom}.vars\t{PANEL}")
    (folder / "ld.tsv").write_text("\n".join(table) + "\n")


def test_matrices_of_ld_take_the_place_of_a_panel(finished, monkeypatch):
    """The commands of each rule: the matrix of a panel gives the fits that the panel gives."""
    folder = finished[0].folder
    monkeypatch.chdir(folder)
    write_matrix(folder)
    ld = ["--ld", "ld.tsv", "--genome-build", "GRCh38", "--cis-window-bp", "5000"]
    ld += ["--variants", "all"]
    prepared = ["--prepared", "out/prepared/Liver.parquet", "out/prepared/Whole_Blood.parquet"]
    genes = ["--genes", "genes.bed", "--chromosomes", "1", "2"]
    noise = ["--noise-correlation", "out/noise_correlation.tsv"]
    shards = [f"m/shards/000{i}.parquet" for i in (1, 2)]
    run(
        ["check", "summary", "--summary", "summary.tsv", *genes, *ld, "--out", "m/check.json"],
        [
            *["shard", "summary", *prepared, *genes, *ld, "--count", "2", "--folds", "2"],
            *["--shards", "m/shards", "--results", "m"],
        ],
        [
            *["learn-priors", "summary", "--shards", *shards, *prepared, *ld, *noise],
            *["--seed", "1", "--out", "m/priors.tsv"],
        ],
        *[
            [
                *["fit-summary", "--shard", shard, *prepared, *ld, *noise, "--folds", "2"],
                *["--priors", "m/priors.tsv", "--seed", "1", "--permutations", "2"],
                *["--used", f"m/{i}.used.tsv", "--out", f"m/{i}.parquet"],
            ]
            for i, shard in enumerate(shards)
        ],
        [
            *["aggregate", "--fits", "m/0.parquet", "m/1.parquet", "--genes", "m/genes.tsv"],
            *["--results", "m", "--used", "m/0.used.tsv", "m/1.used.tsv", "--out", "m/f.parquet"],
        ],
    )
    check = json.loads((folder / "m/check.json").read_text())
    assert check["genotypes"] == {"path": "ld.tsv", "donors": PANEL}
    fits, about = read_parquet(folder / "m/f.parquet", "fits")
    assert (about["source"], about["ld"]) == ("summary statistics", "matrices")
    theirs, _ = read_parquet(folder / "out/fits.parquet", "fits")
    assert fits["gene_id"] == theirs["gene_id"]
    for column in ("pip", "r2"):
        mine = explode(fits, "prediction")[column].to_numpy()
        assert mine == pytest.approx(explode(theirs, "prediction")[column].to_numpy(), abs=0.01)
    used = [pd.read_csv(folder / name / "used.tsv", sep="\t") for name in ("m", "out")]
    assert used[0].equals(used[1])
    plan = pd.read_csv(folder / "m/plan.tsv", sep="\t")
    assert plan["n_genes"].sum() == 6
    assert (plan["n_variants"] == VARIANTS).all()


def test_the_rules_take_matrices(finished):
    """No rule asks for genotypes that are not there."""
    release, _ = finished
    write_matrix(release.folder)
    configure(
        release.folder,
        "matrices",
        summary_statistics={"sheet": "summary.tsv", "genes": "genes.bed", "ld": "ld.tsv"},
        genotypes={},
    )
    planned = release.run("matrices", "-n")
    assert planned.returncode == 0, planned.stdout


@pytest.fixture
def sheets(tmp_path, monkeypatch):
    """A sheet of one tissue, its file, genes and a panel, all but the sheet empty."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "genes.bed", "g.vcf.gz", "g.vcf.gz.tbi"):
        (tmp_path / name).touch()
    (tmp_path / "summary.tsv").write_text("tissue\tfile\tn\nLiver\ta.txt\t200\n")
    return tmp_path


SUMMARY = {"sheet": "summary.tsv", "genes": "genes.bed"}


def config_of(**given):
    whole = {"summary_statistics": SUMMARY, "genotypes": {"path": "g.vcf.gz"}, **given}
    return typed(merged([defaults(), whole]), Config)


def test_a_run_knows_its_files_and_what_its_sheet_says(sheets):
    run = run_of(config_of())
    assert (run.sheet, run.expression) == (["summary.tsv"], ["a.txt"])
    assert run.noise_correlation == ["results/noise_correlation.tsv"]
    assert run.given_noise_correlation == []
    assert Flags(run).summary_of("Liver") == "--people 200"
    (sheets / "n.tsv").touch()
    given = run_of(config_of(summary_statistics={**SUMMARY, "noise_correlation": "n.tsv"}))
    assert given.noise_correlation == given.given_noise_correlation == ["n.tsv"]


def test_files_of_chromosomes_are_all_asked_for(sheets):
    (sheets / "summary.tsv").write_text("tissue\tfile\tn\nLiver\tb.{chrom}.txt\t200\n")
    with pytest.raises(FqtlError, match="No file by b"):
        run_of(config_of())
    for chrom in (2, 10):
        (sheets / f"b.{chrom}.txt").touch()
    assert run_of(config_of()).expression == ["b.2.txt", "b.10.txt"]


def test_matrices_are_what_rules_read_and_flags_name(sheets):
    for name in ("r.npz", "r.gz"):
        (sheets / name).touch()
    row = "22\t1\t9\tr.npz\tr.gz\n"
    (sheets / "ld.tsv").write_text("chrom\tstart\tend\tmatrix\tvariants\n" + row)
    given = {"summary_statistics": {**SUMMARY, "ld": "ld.tsv"}, "genotypes": {}}
    run = run_of(config_of(**given))
    assert run.genotypes == ["ld.tsv"]
    assert Flags(run).genotypes == "--ld ld.tsv --genome-build GRCh38"
    assert "'matrices of LD' ld.tsv" in Flags(run).settings
    assert "genotypes.vcf.gz" not in Flags(run).settings
    (sheets / "r.npz").unlink()
    with pytest.raises(FqtlError, match=r"ld\.tsv, line 2: there is no file r\.npz"):
        run_of(config_of(**given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"summary_statistics": {"sheet": "summary.tsv"}}, "needs summary_statistics.genes"),
        ({"summary_statistics": {"genes": "genes.bed"}}, "sheet, which is null"),
        ({"summary_statistics": {**SUMMARY, "sheet": "no.tsv"}}, "No such file: no.tsv"),
        ({"summary_statistics": {**SUMMARY, "genes": "no.bed"}}, "No such file: no.bed"),
        ({"summary_statistics": {**SUMMARY, "noise_correlation": "no.tsv"}}, "no.tsv"),
        ({"prepare": {"components": 5}}, "found prepare.components: 5"),
        ({"cross_validation": {"baseline": 0.1}}, "cross_validation.baseline: 0.1"),
        ({"tissues": "tissues.tsv"}, "found tissues: tissues.tsv"),
        ({"summary_statistics": {"ld": "ld.tsv"}}, "ld: ld.tsv goes with .*sheet, which is null"),
        ({"summary_statistics": {**SUMMARY, "ld": "ld.tsv"}}, "found genotypes.path: g.vcf.gz"),
        (
            {"summary_statistics": {**SUMMARY, "ld": "no.tsv"}, "genotypes": {}},
            r"No such file: no\.tsv. See summary_statistics\.ld",
        ),
        (
            {
                "summary_statistics": {**SUMMARY, "ld": "ld.tsv"},
                "genotypes": {},
                "weights": {"phi": True},
            },
            "weights.phi: true needs genotypes of people",
        ),
    ],
)
def test_what_cannot_be_is_said_before_any_job(sheets, given, said):
    with pytest.raises(FqtlError, match=said):
        run_of(config_of(**given))


def test_a_file_of_the_sheet_that_is_not_there_is_named(sheets):
    (sheets / "a.txt").unlink()
    with pytest.raises(FqtlError, match=r"a\.txt. See summary\.tsv \(Liver\)"):
        run_of(config_of())
