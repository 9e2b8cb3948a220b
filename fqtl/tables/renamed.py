"""Old names of columns, which files of the version before are still read by.

Text tables are for scripts of others, too: they have the renamed columns once more at their end,
under the old names, so that such a script goes on for one version.
Whoever renames a column adds it here, with a line in CHANGELOG.md; the line here goes with the
version after.
"""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa

log = logging.getLogger(__name__)
# by kind of table: old name and new, of columns, of fields in their entries, of keys in metadata
RENAMED: dict[str, dict[str, str]] = {
    "fits": {
        "evidence": "neg_log_null_prob",
        "own_p": "gene_p",
        "n_specific": "n_tissue_specific",
        "specific": "tissue_specific",
        "nulls": "permuted_fits",
        "null_factors": "permuted_factors",
        "null_tissues": "permuted_tissues",
    },
    "nulls": {"evidence": "neg_log_null_prob"},
    "calibration": {
        "nulls": "n_permuted",
        "null_share": "pi0",
        "found_among_nulls": "found_among_permuted",
    },
    "prepared": {"samples": "donors"},
    "shard": {"samples": "donors"},
}
_noticed: set[str] = set()  # kinds of which this process has said so: a release has many shards


def new_names(path: Path, kind: str, found: Collection[str]) -> dict[str, str]:
    """New name of each old one among those found in a file; one line of notice for each kind.

    A file that has both names is of this version, and needs none.
    """
    old = {
        name: new
        for name, new in RENAMED.get(kind, {}).items()
        if name in found and new not in found
    }
    if old and kind not in _noticed:
        _noticed.add(kind)
        log.warning(
            "%s has names of an earlier version (%s), which are read for the last time.",
            path,
            ", ".join(f"{name}, now {new}" for name, new in old.items()),
        )
    return old


def old_names(kind: str, columns: Collection[str]) -> dict[str, str]:
    """Old name of each column that was renamed, and the column."""
    return {name: new for name, new in RENAMED.get(kind, {}).items() if new in columns}


def with_new_names(table: pa.Table, names: dict[str, str]) -> pa.Table:
    """The table with its columns, and the fields of their entries, by their new names."""
    fields = [
        pa.field(names.get(field.name, field.name), _renamed(field.type, names))
        for field in table.schema
    ]
    columns = [
        pa.chunked_array([chunk.view(field.type) for chunk in column.chunks], field.type)
        for column, field in zip(table.columns, fields, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields, table.schema.metadata))


def about_by_new_names(about: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Metadata by their new keys."""
    return {names.get(key, key): value for key, value in about.items()}


def _renamed(kind: pa.DataType, names: dict[str, str]) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_renamed(kind.value_type, names))
    if pa.types.is_struct(kind):
        return pa.struct([(names.get(f.name, f.name), _renamed(f.type, names)) for f in kind])
    return kind
