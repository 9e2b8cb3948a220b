"""Names of genomes: which are builds of the human genome, and how ids of variants tell them.

Any genome can be named. Of two human builds more is known (lengths of chromosomes, the regions that
X and Y share, PLINK's codes of chromosomes): what rests on that applies to these and to no other.
"""

import re

from fqtl.errors import FqtlError

TAGS = {"GRCh37": "b37", "GRCh38": "b38"}  # at the end of ids, as GTEx writes them
KNOWN = {
    **dict.fromkeys(("grch37", "b37", "hg19"), "GRCh37"),
    **dict.fromkeys(("grch38", "b38", "hg38"), "GRCh38"),
}
NOT_TOLD = {"", "unknown", "na", "nan", "none", "null", "."}
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._+-]*")
PATCH = re.compile(r"^(grch3[78])\.p\d+$")
OLD = {"hg16", "hg17", "hg18"}
LIKE_HUMAN = re.compile(r"^(hg|grch)\d")
HUMAN = re.compile(r"^(hg1[678]|ncbi3[456]|b36|hs1$|(t2t[-_.]?)?chm13)")


def build_named(word: object) -> str | None:
    """The genome build of a name; empty if none is told, None if no build has the name.

    hg19, b37 and GRCh37.p13 are one; names of genomes that are not human are taken as they are.
    """
    name = str(word).strip()
    lower = PATCH.sub(r"\1", name.lower())
    if lower in NOT_TOLD:
        return ""
    if lower in KNOWN:
        return KNOWN[lower]
    odd = LIKE_HUMAN.match(lower) and lower not in OLD
    return None if odd or not NAME.fullmatch(name) else name


def require_build(word: object, where: str) -> str:
    """The genome build of a name that has to be one.

    where : what names it, for the error
    """
    found = build_named(word)
    if not found:
        raise FqtlError(
            f"{where}: expected the name of a genome build, GRCh37 (hg19, b37), GRCh38 (hg38, b38) "
            "or that of another genome (letters, digits and . _ + -, as mm39 or Sscrofa11.1), "
            f"found {str(word)!r}."
        )
    return found


def is_human(build: str) -> bool:
    """Whether a build is one of the human genome, as far as its name tells."""
    return build in TAGS or bool(HUMAN.match(build.lower()))


def tag_of(build: str) -> str:
    """What ids of variants end in: b37, b38, or the name of another genome."""
    return TAGS.get(build, build)
