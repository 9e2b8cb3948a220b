"""How far the index of a bgzip file reaches: whether it was made of the file that it stands beside.

The times of two files do not say that: a copied folder may have its index a little before or after
its data, and htslib only warns of an older one. The index itself does. It holds where the last of
its records ends, and whatever the file has behind that place, no query ever finds.
(Formats: https://samtools.github.io/hts-specs, tabix.pdf and CSIv1.pdf)
"""

import gzip
import struct
import zlib
from pathlib import Path

from fqtl.errors import FqtlError

TABIX_COUNTS = 37450  # a bin that holds numbers of records in the place of a second chunk


def refuse_stale(path: Path, index: Path) -> None:
    """Refuse a .tbi or .csi that does not reach the end of the file at `path`."""
    make = "bcftools index -f" if path.suffix == ".bcf" else "tabix -f -p vcf"
    try:
        end = _last_end(gzip.decompress(index.read_bytes()))
    except (OSError, EOFError, zlib.error, struct.error) as fault:
        raise FqtlError(f"{index} is no whole index. Make it anew with `{make} {path}`.") from fault
    if end and _goes_on(path, end):
        raise FqtlError(
            f"{index} was made of another {path.name}: it does not end where that ends, so that "
            f"variants would not be found. Make it anew with `{make} {path}`."
        )


def _last_end(index: bytes) -> int:
    """Virtual offset at which the last record of an index ends; 0 if it has none."""
    magic, place, end = index[:4], 4, 0
    if magic == b"TBI\1":
        (references,) = struct.unpack_from("<i", index, place)
        (names,) = struct.unpack_from("<i", index, 32)
        place, counts, head = 36 + names, TABIX_COUNTS, struct.Struct("<Ii")
    elif magic == b"CSI\1":
        _, depth, extra = struct.unpack_from("<iii", index, place)
        (references,) = struct.unpack_from("<i", index, 16 + extra)
        place, counts = 20 + extra, ((1 << 3 * (depth + 1)) - 1) // 7 + 1
        head = struct.Struct("<I8xi")
    else:
        raise EOFError
    for _ in range(references):
        (bins,) = struct.unpack_from("<i", index, place)
        place += 4
        for _ in range(bins):
            number, chunks = head.unpack_from(index, place)
            place += head.size + 16 * chunks
            if number != counts and chunks:
                # chunks are in the order of the file; the end of the last closes the bin
                end = max(end, struct.unpack_from("<Q", index, place - 8)[0])
        if magic == b"TBI\1":
            (intervals,) = struct.unpack_from("<i", index, place)
            place += 4 + 8 * intervals
    return end


def _goes_on(path: Path, end: int) -> bool:
    """Whether a file has more behind a virtual offset, or no block of data there."""
    block, within = end >> 16, end & 0xFFFF
    if block > path.stat().st_size:
        return True
    with open(path, "rb") as stream:
        stream.seek(block)
        try:
            return bool(gzip.GzipFile(fileobj=stream).read(within + 64)[within:].strip())
        except (OSError, EOFError, zlib.error):
            return True
