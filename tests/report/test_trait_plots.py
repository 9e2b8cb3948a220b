"""Figures of a trait show what its tables hold."""

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg

from fqtl.report.plots import as_svg
from fqtl.report.trait_plots import genes_by_tissues, manhattan, quantiles_of_logs

GENES = pd.DataFrame(
    {
        "gene_id": ["g1", "g2", "g3", "g4"],
        "gene_name": ["ONE", "", "THREE", "FOUR"],
        "chrom": ["chr2", "chr1", "chrX", "chr1"],
        "tss": [10_000_000, 50_000_000, 5_000_000, 60_000_000],
        "neg_log10_p": [400.0, 6.0, 0.5, np.nan],
        "bonferroni": ["1e-399", "4e-06", "1", "NA"],
    }
).assign(bonferroni=lambda x: pd.to_numeric(x["bonferroni"], errors="coerce"))


def test_genes_stand_along_the_genome_and_the_strongest_are_named():
    (axes,) = manhattan(GENES).axes
    points = np.vstack([part.get_offsets() for part in axes.collections])
    # chromosome 1 has 50 Mb up to its last gene with a p, chromosome 2 another 10
    assert points.tolist() == [[50.0, 6.0], [60.0, 400.0], [65.0, 0.5]]
    assert [text.get_text() for text in axes.texts] == ["ONE", "g2"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "X"]


def test_names_of_genes_meet_neither_each_other_nor_the_edge():
    rng = np.random.default_rng(3)
    tss = np.sort(rng.integers(37_000_000, 43_000_000, 60))
    tss[58:] = tss[57]  # three of one place, at the right edge
    height = rng.permutation(np.linspace(5, 27, 60))
    height[57:] = [28, 29, 30]
    genes = pd.DataFrame(
        {
            "gene_id": [f"ENSG{i:011d}.{i}" for i in range(60)],
            "gene_name": [*[""] * 59, "a-name-that-goes-on-and-on-and-on"],
            "chrom": "chr22",
            "tss": tss,
            "neg_log10_p": height,
            "bonferroni": 1e-8,
        }
    )
    figure = manhattan(genes)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axes,) = figure.axes
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in axes.texts]
    assert len(boxes) >= 5
    assert "a-name-that-goes-…" in [text.get_text() for text in axes.texts]
    whole = figure.bbox
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in boxes)
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_p_values_beyond_doubles_stand_in_their_place():
    (axes,) = quantiles_of_logs({"genes": np.array([1.0, 400.0, np.nan])}).axes
    assert axes.lines[0].get_ydata().tolist() == [400.0, 1.0]


def test_a_tissue_without_a_model_of_a_gene_is_left_blank():
    z = pd.DataFrame(
        {
            "gene_id": ["g1", "g1", "g2"],
            "tissue": ["Liver", "Lung", "Lung"],
            "z": [40.0, -3.0, 5.0],
        }
    )
    shown = genes_by_tissues(z, GENES).axes[0].images[0].get_array()
    assert np.ma.filled(shown, np.nan)[0].tolist() == [40.0, -3.0]
    assert np.isnan(np.ma.filled(shown, np.nan)[1, 0])


def test_the_same_tables_give_the_same_bytes_and_empty_ones_a_figure():
    assert as_svg(manhattan(GENES)) == as_svg(manhattan(GENES))
    nothing = GENES[:0]
    assert "<svg" in as_svg(manhattan(nothing))
    assert "<svg" in as_svg(quantiles_of_logs({"genes": np.empty(0)}))
