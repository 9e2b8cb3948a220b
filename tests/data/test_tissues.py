from pathlib import Path

import pytest

from fqtl.data.tissues import Tissue, read_tissues
from fqtl.errors import FqtlError


def test_a_tissue_may_be_without_covariates(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("tissue\texpression\tcovariates\nLiver\ta.bed\tc.txt\n007\tb.bed\t\n")
    assert read_tissues(path) == [
        Tissue("Liver", Path("a.bed"), Path("c.txt")),
        Tissue("007", Path("b.bed"), None),
    ]


def test_quotes_in_a_sheet_swallow_no_tissue(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(
        '"tissue"\t"expression"\t"covariates"\n"Liver"\ta".bed\t""\nLung\tb".bed\tc.txt\n'
    )
    assert read_tissues(path) == [
        Tissue("Liver", Path('a".bed'), None),
        Tissue("Lung", Path('b".bed'), Path("c.txt")),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tissue\texpression\n", "covariates is missing"),
        ("tissue\texpression\tcovariates\n", "lists no tissue"),
        (
            "tissue\texpression\tcovariates\na b\tx\t\n",
            r"line 2: tissue must be a name of letters.*found 'a b'",
        ),
        ("tissue\texpression\tcovariates\na\t\t\n", "line 2: expression must be the path"),
        (
            "tissue\texpression\tcovariates\na\tx\t\na\ty\t\n",
            "lists the tissue a twice, on lines 2 and 3",
        ),
    ],
)
def test_a_bad_sheet_is_refused(tmp_path, text, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(FqtlError, match=message):
        read_tissues(path)
