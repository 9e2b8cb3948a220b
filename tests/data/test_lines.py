"""A text file is read whole or refused, however it was compressed."""

import gzip

import pysam
import pytest

from fqtl.data.lines import END_OF_FILE, is_plain_gzip, read_lines, readable
from fqtl.errors import FqtlError

TEXT = "a line of text\n" * 20_000


def bgzipped(path):
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(TEXT.encode())
    return path


def test_a_bgzip_file_that_ends_between_two_blocks_is_refused(tmp_path):
    path = bgzipped(tmp_path / "x.gz")
    assert len(readable(path, lambda: read_lines(path))) == 20_000
    content = path.read_bytes()
    second = int.from_bytes(content[16:18], "little") + 1
    for cut in (content[: -len(END_OF_FILE)], content[:second]):
        path.write_bytes(cut)
        assert gzip.decompress(cut)  # gzip by itself takes it for a whole file
        with pytest.raises(FqtlError, match="does not end as a bgzip file does"):
            readable(path, lambda: read_lines(path))


def test_a_plain_gzip_file_has_no_last_block_and_is_whole(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert len(readable(path, lambda: read_lines(path))) == 20_000


def test_a_file_is_told_to_be_of_gzip_by_its_head_however_short(tmp_path):
    path = tmp_path / "file.gz"
    whole = gzip.compress(b"##fileformat=VCFv4.2\n")
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert is_plain_gzip(path) == (size >= 4)
    path.write_bytes(END_OF_FILE)  # a block of bgzip
    assert not is_plain_gzip(path)
