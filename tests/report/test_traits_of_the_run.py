"""Traits that an earlier run left beside those of this one are not told as if they were of it."""

import pandas as pd

from fqtl.report.results import TWAS, read_traits
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_tsv


def of_traits(folder, *traits):
    for trait in traits:
        (folder / trait).mkdir()
        for kind, name in TWAS.items():
            write_tsv(folder / trait / name, pd.DataFrame(columns=list(COLUMNS[kind])), kind)


def test_traits_that_are_no_longer_in_the_sheet_are_left_out(tmp_path):
    of_traits(tmp_path, "height", "ldl")
    assert [trait.name for trait in read_traits(tmp_path)] == ["height", "ldl"]
    assert [trait.name for trait in read_traits(tmp_path, ["ldl"])] == ["ldl"]
    assert read_traits(tmp_path, []) == []
    assert read_traits(tmp_path, ["one that is not there"]) == []
