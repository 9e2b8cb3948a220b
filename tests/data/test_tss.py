"""Where transcription starts is known, or asked for: a guess is a gene's length away."""

import pandas as pd
import pytest

from fqtl.data.expression import read_expression
from fqtl.errors import FqtlError

BODIES = [("chr1", 999, 501_000, "G1"), ("chr1", 599_999, 900_000, "G2")]


def bed(tmp_path, strands=None, bodies=BODIES, header="pid strand"):
    lead = "#chr start end gene_id" if strands is None else f"#chr start end {header}"
    lines = [f"{lead} a b c"]
    for row, body in enumerate(bodies):
        middle = "" if strands is None else f"{'g ' * (len(header.split()) - 2)}{strands[row]} "
        lines.append(" ".join(map(str, body)) + f" {middle}1 2 3")
    path = tmp_path / "x.bed"
    path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    return path


def sites(path, **how):
    return read_expression(path, **how).genes["tss"].tolist()


@pytest.mark.parametrize("strands", [("+", "-"), ("1", "-1"), ("+1", "-1")])
@pytest.mark.parametrize("header", ["pid gid strand", "gene_id strand"])
def test_a_strand_in_either_spelling_tells_the_start_of_a_body(tmp_path, strands, header):
    assert sites(bed(tmp_path, strands, header=header)) == [1000, 900_000]


def test_an_interval_of_one_base_is_the_start_itself(tmp_path):
    points = [("chr1", 999, 1000, "G1"), ("chr1", 899_999, 900_000, "G2")]
    assert sites(bed(tmp_path, bodies=points)) == [1000, 900_000]


@pytest.mark.parametrize("strands", [None, (".", "."), ("+", ".")])
def test_a_body_without_a_strand_is_refused_with_the_ways_out(tmp_path, strands):
    path = bed(tmp_path, strands, header="pid gid strand")
    with pytest.raises(FqtlError) as caught:
        sites(path)
    for said in ("x.bed, line", "prepare.tss: annotation", "prepare.tss: end", "strand (+ or -)"):
        assert said.split(" (")[0] in str(caught.value)


def test_the_end_of_a_body_is_taken_by_intention(tmp_path):
    assert sites(bed(tmp_path), tss="end") == [501_000, 900_000]


def test_an_annotation_places_genes_and_those_without_are_dropped(tmp_path):
    places = pd.DataFrame({"chrom": ["chr2"], "tss": [77]}, index=["G1"])
    found = read_expression(bed(tmp_path), places, "annotation")
    assert found.genes.to_dict("records") == [{"gene_id": "G1", "chrom": "chr2", "tss": 77}]
    assert found.dropped == {"G2": "not in the annotation"}


def test_windows_of_one_short_length_end_at_the_start_site_and_it_is_said(tmp_path, caplog):
    windows = [("chr1", 1_000, 2_000, "G1"), ("chr1", 50_000, 51_000, "G2")]
    assert sites(bed(tmp_path, bodies=windows)) == [2_000, 51_000]
    assert "every interval is 1000 bp long" in caplog.text
