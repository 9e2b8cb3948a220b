from pathlib import Path

import pytest

from fqtl.data.traits import Trait, read_traits
from fqtl.errors import FqtlError


def test_a_sheet_says_of_a_gwas_what_its_header_does_not(tmp_path):
    path = tmp_path / "traits.tsv"
    path.write_text(
        "trait\tgwas\tgenome_build\tcolumns\tchain\tn\th2\n"
        "height\th.tsv.gz\thg19\teffect_allele=A1 other_allele=A2\tto38.chain\t5e5\t0.4\n"
        "weight\tw.vcf.gz\n"
    )
    assert read_traits(path) == [
        Trait(
            "height",
            Path("h.tsv.gz"),
            "GRCh37",
            ("effect_allele=A1", "other_allele=A2"),
            "",
            Path("to38.chain"),
            500_000,
            0.4,
        ),
        Trait("weight", Path("w.vcf.gz")),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trait\tfile\n", "gwas is missing, found 'trait', 'file'"),
        ("trait\tgwas\n", "lists no trait"),
        ("trait\tgwas\na/b\tx\n", "line 2: trait must be a name of letters.*found 'a/b'"),
        ("trait\tgwas\na\t\n", "line 2: gwas must be the path"),
        ("trait\tgwas\na\tx\na\ty\n", "lists the trait a twice, on lines 2 and 3"),
        ("trait\tgwas\tcolumns\na\tx\tA1\n", "columns must be MEANING=COLUMN.*found 'A1'"),
        ("trait\tgwas\tn\th2\na\tx\t100\n", "line 2: n .* and h2 .* go together; only n is given"),
        ("trait\tgwas\tn\th2\na\tx\t100\t1.2\n", "number from 0 to 1 in h2, found '1.2'"),
        ("trait\tgwas\tgenome_build\na\tx\thg17.1x/\n", "line 2: genome_build: expected"),
    ],
)
def test_what_a_sheet_cannot_say_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "traits.tsv"
    path.write_text(text)
    with pytest.raises(FqtlError, match=message):
        read_traits(path)
