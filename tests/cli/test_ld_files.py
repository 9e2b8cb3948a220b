"""`fqtl fit-summary --ld`: matrices of LD in files, in the place of a panel."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_matrix, save_npz

from fqtl.cli import main
from fqtl.tables.files import read_parquet
from fqtl.tables.fits import explode
from tests.cli.by_hand import complaint, run

FIT = [
    *["fit-summary", "--summary", "sheet.tsv", "--genes", "genes.bed", "--genome-build", "GRCh37"],
    *["--used", "used.tsv", "--out", "fits.parquet", "--folds", "0"],
]
PANEL = [*FIT, "--genotypes", "g.vcf.gz"]
LD = [*FIT, "--ld", "ld.tsv"]
PEOPLE = 120  # of the panel
HEADER = ["chrom", "start", "end", "matrix", "variants", "n"]


def read_panel(here):
    """Variants of the panel, and correlations of their dosages."""
    calls = pd.read_csv(here / "g.vcf.gz", sep="\t", comment="#", header=None)
    dosages = calls.iloc[:, 9:].map(lambda call: call[:3].count("1")).to_numpy(dtype=float)
    variants = pd.DataFrame(
        {
            "rsid": "",
            "chromosome": 22,
            "position": calls[1],
            "allele1": calls[3],
            "allele2": calls[4],
            "frequency": dosages.mean(axis=1) / 2,
        }
    )
    return variants, np.corrcoef(dosages)


def write_ld(here, variants, matrix, regions=(("chr22", 1, 100_000, "r"),), n=PEOPLE):
    """A half matrix as SciPy keeps it, a list as UK Biobank's, and the table of regions."""
    lines = []
    for chrom, start, end, name in regions:
        inside = variants["position"].between(start, end).to_numpy()
        variants[inside].to_csv(here / f"{name}.gz", sep="\t", index=False)
        half = np.tril(matrix[np.ix_(inside, inside)])
        np.fill_diagonal(half, 0.5)
        save_npz(here / f"{name}.npz", coo_matrix(half.astype(np.float32)))
        lines.append((chrom, start, end, f"{name}.npz", f"{name}.gz", n))
    pd.DataFrame(lines, columns=HEADER).to_csv(here / "ld.tsv", sep="\t", index=False)


@pytest.fixture
def with_ld(summary_files):
    write_ld(summary_files, *read_panel(summary_files))
    return summary_files


def fits(here):
    return read_parquet(here / "fits.parquet", "fits")[0]


def per_sd(table, here):
    """Weights in standard deviations of genotype: in Hardy-Weinberg equilibrium or as observed."""
    weights = explode(table, "weights")
    variance = {}
    for gene in table.to_pylist():
        size = len(gene["variants"] or [])
        place = np.cumsum([0, *range(size, 1, -1)])[:size]
        for i, one in enumerate(gene["variants"] or []):
            variance[gene["gene_id"], one["pos"]] = gene["covariance"][place[i]]
    key = list(zip(weights["gene_id"], weights["pos"], strict=True))
    scaled = weights["weight"] * np.sqrt([variance[one] for one in key])
    return scaled.set_axis(
        pd.MultiIndex.from_arrays([weights["gene_id"], weights["tissue"], weights["pos"]])
    )


def test_the_matrix_of_a_panel_gives_the_fit_of_the_panel(with_ld):
    run(PANEL)
    panel, used = fits(with_ld), (with_ld / "used.tsv").read_text()
    run(LD)
    matrix = fits(with_ld)
    assert (with_ld / "used.tsv").read_text() == used
    assert matrix["status"].to_pylist() == panel["status"].to_pylist()
    a, b = (explode(table, "prediction")["pip"] for table in (panel, matrix))
    assert b.to_numpy() == pytest.approx(a.to_numpy(), abs=1e-3)
    one, other = per_sd(panel, with_ld), per_sd(matrix, with_ld)
    both = pd.concat([one, other], axis=1).fillna(0.0).to_numpy()
    assert len(both) > 2
    assert np.abs(both).max() > 0.3
    # a sample's variance is N / (N - 1) of that which was divided by
    assert both[:, 0] == pytest.approx(both[:, 1], abs=0.01)


def test_frequencies_give_covariances_of_dosages(with_ld):
    run(PANEL)
    panel = fits(with_ld).to_pylist()[0]
    run(LD)
    matrix = fits(with_ld).to_pylist()[0]
    assert [one["pos"] for one in matrix["variants"]] == [one["pos"] for one in panel["variants"]]
    for mine, theirs in zip(matrix["variants"], panel["variants"], strict=True):
        assert mine["frequency"] == pytest.approx(theirs["frequency"])
        assert mine["hwe_p"] is None
    a, b = (np.array(one["covariance"]) for one in (matrix, panel))
    # calls of 120 people are near Hardy-Weinberg equilibrium
    assert np.corrcoef(a, b)[0, 1] > 0.99
    assert a == pytest.approx(b, abs=0.15)


def test_lists_that_count_the_other_allele_turn_z_scores(with_ld):
    """Signs of the matrix go with the alleles: both turned round are the same LD."""
    run(LD)
    before = explode(fits(with_ld), "weights").set_index(["gene_id", "tissue", "pos"])["weight"]
    variants, matrix = read_panel(with_ld)
    turned = np.arange(len(variants)) % 2 == 0
    swapped = variants.copy()
    swapped.loc[turned, ["allele1", "allele2"]] = variants.loc[
        turned, ["allele2", "allele1"]
    ].to_numpy()
    swapped.loc[turned, "frequency"] = 1 - variants.loc[turned, "frequency"]
    sign = np.where(turned, -1, 1)
    write_ld(with_ld, swapped, matrix * np.outer(sign, sign))
    run(LD)
    after = explode(fits(with_ld), "weights").set_index(["gene_id", "tissue", "pos"])["weight"]
    assert set(after.index) == set(before.index)
    of_turned = np.array([(pos - 5000) % 2 == 0 for _, _, pos in before.index])
    assert of_turned.any()
    signed = np.where(of_turned, -before, before)
    assert after[before.index].to_numpy() == pytest.approx(signed, abs=1e-6)
    used = pd.read_csv(with_ld / "used.tsv", sep="\t").groupby("what")["rows"].sum()
    assert used["used, alleles swapped"] == used["used"] == 160


def test_what_the_matrix_lacks_is_counted(with_ld):
    variants, matrix = read_panel(with_ld)
    kept = np.arange(len(variants)) != 7
    rare = variants.assign(frequency=variants["frequency"].where(variants.index != 9, 0.002))
    nothing = rare.assign(frequency=rare["frequency"].where(rare.index != 11, np.nan))
    write_ld(with_ld, nothing[kept].reset_index(drop=True), matrix[np.ix_(kept, kept)])
    run(LD)
    used = pd.read_csv(with_ld / "used.tsv", sep="\t")
    assert used.groupby("gene_id")["rows"].sum().to_dict() == {"g1": 160, "g2": 160}
    of_g1 = used[(used["gene_id"] == "g1") & (used["tissue"] == "Liver")]
    assert of_g1.set_index("what")["rows"].to_dict() == {
        "used": 77,
        "not in the LD matrix, or outside of the window": 3,
    }
    dropped = fits(with_ld).to_pylist()[0]["dropped_variants"]
    found = {one["reason"]: one["count"] for one in dropped}
    assert found["no allele frequency"] == 1
    assert found["minor allele frequency below 0.01"] == 1


def test_a_gene_takes_the_region_that_holds_most_of_its_window(with_ld):
    """g1 lies in the first, g2 in the second, which the first overlaps; of g3 there is none."""
    regions = (("chr22", 4950, 5050, "first"), ("22", 5005, 5200, "second"))
    write_ld(with_ld, *read_panel(with_ld), regions)
    run([*LD, "--cis-window-bp", "30"])
    genes = fits(with_ld).to_pandas().set_index("gene_id")
    assert genes["n_variants"].to_dict() == {"g1": 31, "g2": 61, "g3": 0}
    assert genes.loc["g3", "reason"] == "no region of ld.tsv holds a part of the cis window"


def test_rows_outside_of_the_region_are_counted(with_ld):
    variants, matrix = read_panel(with_ld)
    write_ld(with_ld, variants, matrix, (("chr22", 5000, 5059, "part"),))
    run(LD)
    used = pd.read_csv(with_ld / "used.tsv", sep="\t").groupby("what")["rows"].sum()
    assert used.to_dict() == {"used": 4 * 60, "outside of the region of the LD matrix": 4 * 20}


def test_weights_of_every_format_come_of_matrices(with_ld):
    run([*LD, "--folds", "2"])
    keeps_all = ["--min-cv-r", "0", "--max-cv-p", "1", "--min-gene-pip", "0", "--max-q", "1"]
    run(
        [
            *["weights", "--fits", "fits.parquet", "--tissue", "Liver", "--folder", "weights"],
            *["--formats", "predictdb", "fusion", "tigar", "focus", "--out", "weights.tsv"],
            *keeps_all,
        ]
    )
    written = pd.read_csv(with_ld / "weights.tsv", sep="\t", comment="#")
    assert (written["genes"] > 0).all()
    covariance = pd.read_csv(next((with_ld / "weights/predictdb").glob("*.txt.gz")), sep=" ")
    assert (covariance["VALUE"].abs() <= 0.5 + 1e-9).all()  # 2 f (1 - f) at the most
    table = pd.read_csv(with_ld / "weights/tigar/Liver.txt.gz", sep="\t")
    assert set(table["FITTED_TO"]) == {"summary statistics, with LD of published matrices"}


def test_faults_of_the_files_are_one_line_with_numbers(with_ld, capsys):
    _, matrix = read_panel(with_ld)

    def said(content):
        np.save(with_ld / "r.npy", content)
        return complaint(capsys, LD)

    table = (with_ld / "ld.tsv").read_text()
    (with_ld / "r.npy").touch()
    (with_ld / "ld.tsv").write_text(table.replace("r.npz", "r.npy"))
    assert "square" in said(matrix[:70])
    assert "r.npy has 79 rows, and r.gz lists 80 variants" in said(matrix[:79, :79])
    odd = matrix.copy()
    odd[3, 5] += 0.5
    assert "not symmetric: entries (4, 6) and (6, 4)" in said(odd)
    assert "beyond -1 to 1" in said(matrix * 1.5)
    odd = matrix.copy()
    odd[2, 4] = odd[4, 2] = np.nan
    assert "entry (3, 5) is NaN" in said(odd)
    assert "entry 1 of the diagonal is 0.5, expected 1" in said(
        matrix - np.diag([0.5, *np.zeros(79)])
    )


def test_faults_of_the_table_are_one_line_with_numbers(with_ld, capsys):
    def said(*lines, header=None):
        header = header or "\t".join(HEADER)
        (with_ld / "ld.tsv").write_text("\n".join([header, *lines]) + "\n")
        return complaint(capsys, LD)

    line = "chr22\t1\t100000\tr.npz\tr.gz\t120"
    assert "line 3: the region chr22:1-100000 is listed for the second time" in said(line, line)
    assert "there is no file none.npz (matrix)" in said(line.replace("r.npz", "none.npz"))
    assert "start must be a whole number" in said(line.replace("\t1\t", "\t-1\t"))
    assert "ends at 100, before it starts" in said("chr22\t1000\t100\tr.npz\tr.gz\t120")
    assert "n must be a number of people" in said(line.replace("120", "2"))
    assert "variants is missing" in said(header="chrom\tstart\tend\tmatrix")
    assert "lists no region" in said()


def test_lists_need_alleles_places_and_frequencies(with_ld, capsys):
    variants, _ = read_panel(with_ld)

    def said(table):
        table.to_csv(with_ld / "r.gz", sep="\t", index=False)
        return complaint(capsys, LD)

    assert "expected a column other_allele (ref, allele1, a2)" in said(
        variants.drop(columns="allele1")
    )
    told = said(variants.drop(columns="frequency"))
    assert "ld.tsv nor the files of summary statistics tell frequencies of the 80 variants" in told
    assert "frequency must be from 0 to 1, found '1.7' of variant 1" in said(
        variants.assign(frequency=1.7)
    )
    assert "the region is on chr22, and variant 1 of 80 on '21'" in said(
        variants.assign(chromosome=21)
    )
    assert "variant 1 of 80 must have a position" in said(variants.assign(position="x"))


def test_the_frequency_of_the_rarer_allele_is_enough(with_ld):
    """In the list, or of the people behind the z-scores; whose allele it is stays unknown."""
    run(LD)
    before = explode(fits(with_ld), "weights")
    assert before["frequency"].notna().all()
    variants, matrix = read_panel(with_ld)
    maf = np.minimum(variants["frequency"], 1 - variants["frequency"])
    write_ld(with_ld, variants.drop(columns="frequency").assign(MAF=maf), matrix)
    run(LD)
    of_list = explode(fits(with_ld), "weights")
    write_ld(with_ld, variants.drop(columns="frequency"), matrix)
    for tissue in ("Liver", "Lung"):
        table = pd.read_csv(with_ld / f"{tissue}.txt", sep="\t")
        table.assign(af=np.tile(variants["frequency"], 2)).to_csv(
            with_ld / f"{tissue}.txt", sep="\t", index=False
        )
    run(LD)
    of_files = explode(fits(with_ld), "weights")
    for found in (of_list, of_files):
        assert found["frequency"].isna().all()
        assert found["weight"].to_numpy() == pytest.approx(before["weight"].to_numpy(), abs=1e-6)


def test_rare_variants_of_the_files_are_left_out_and_counted(with_ld):
    variants, matrix = read_panel(with_ld)
    write_ld(with_ld, variants.drop(columns="frequency"), matrix)
    maf = variants["frequency"].where(variants.index > 2, [0.001, np.nan, 1.7, *np.zeros(77)])
    for tissue in ("Liver", "Lung"):
        table = pd.read_csv(with_ld / f"{tissue}.txt", sep="\t")
        table.assign(maf=np.tile(maf, 2)).to_csv(with_ld / f"{tissue}.txt", sep="\t", index=False)
    run(LD)
    dropped = {
        one["reason"]: one["count"] for one in fits(with_ld).to_pylist()[0]["dropped_variants"]
    }
    assert dropped["minor allele frequency below 0.01"] == 1
    assert dropped["no allele frequency"] == 2
    used = pd.read_csv(with_ld / "used.tsv", sep="\t").groupby("what")["rows"].sum()
    assert used.to_dict() == {"used": 4 * 77, "not in the LD matrix, or outside of the window": 12}


def test_a_panel_and_matrices_are_one_or_the_other(with_ld, capsys):
    with pytest.raises(SystemExit):
        main([*PANEL, "--ld", "ld.tsv"])
    assert "not allowed with" in capsys.readouterr().err
