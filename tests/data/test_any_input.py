"""What holds of whatever VCF, BED, covariates or alleles there are: laws, with drawn examples."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fqtl.data.alleles import agreeing, complement, is_palindrome
from fqtl.data.covariates import joined, read_covariates, values_of
from fqtl.data.dosages import Limits
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import open_genotypes
from tests.files import write_covariates, write_vcf

DONORS = ["d3", "d1", "d2", "d5"]
BASES = st.text("ACGT", min_size=1, max_size=3)
BASE = st.sampled_from("ACGT")
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@st.composite
def vcf_records(draw):
    """Records at one position each: reference, alternatives, and a call of each donor."""
    records = []
    for position in sorted(draw(st.sets(st.integers(1, 500), min_size=1, max_size=5))):
        alleles = draw(st.lists(BASES, min_size=2, max_size=4, unique=True))
        index = st.sampled_from([*map(str, range(len(alleles))), "."])
        call = st.tuples(index, st.sampled_from("/|"), index).map("".join)
        records.append((position, alleles, [draw(call) for _ in DONORS]))
    return records


def copies(call, number):
    """Of one alternative allele in a call; missing if half of it is."""
    indices = call.replace("|", "/").split("/")
    return np.nan if "." in indices else float(indices.count(str(number)))


@given(vcf_records(), st.permutations(DONORS))
def test_dosages_are_the_calls_counted_one_by_one_and_nothing_goes_uncounted(records, order):
    lines = [
        f"chr22 {position} . {ref} {','.join(others)} . PASS . GT {' '.join(calls)}"
        for position, (ref, *others), calls in records
    ]
    with TemporaryDirectory() as folder:
        path = write_vcf(Path(folder) / "g.vcf.gz", lines, DONORS)
        found = open_genotypes(path, "GRCh38", "GT").read("22", 1, 500, order, Limits())
    expected = {
        f"chr22_{position}_{ref}_{other}_b38": [copies(calls[DONORS.index(d)], k) for d in order]
        for position, (ref, *others), calls in records
        for k, other in enumerate(others, start=1)
    }
    given_in_all = len(expected)
    varying = {
        name: dosage
        for name, dosage in expected.items()
        if len({copied for copied in dosage if np.isfinite(copied)}) > 1
    }
    assert set(found.variants["variant_id"]) == set(varying)
    for name, dosage in zip(found.variants["variant_id"], found.dosages, strict=True):
        np.testing.assert_array_equal(dosage, varying[name])
    assert len(found.variants) + found.dropped_by_reason().total() == given_in_all


@st.composite
def bed_lines(draw):
    """Genes of a BED with strands: id, start, length, strand, and a value or NA of each donor."""
    names = st.text("ABG.19", min_size=1, max_size=4)
    ids = draw(st.lists(names, min_size=1, max_size=6))
    value = st.one_of(st.just("NA"), NUMBERS.map(repr))
    return [
        (
            name,
            draw(st.integers(0, 10**8)),
            draw(st.integers(1, 3000)),
            draw(st.sampled_from("+-")),
            [draw(value) for _ in DONORS],
        )
        for name in ids
    ]


@given(bed_lines(), st.booleans(), st.sampled_from(["\t", " "]))
def test_a_gene_starts_where_its_strand_says_and_every_line_is_kept_or_counted(
    lines, stranded, between
):
    header = ["#chr", "start", "end", "gene_id", *(["gid", "strand"] if stranded else []), *DONORS]
    text = [between.join(header)]
    for name, start, length, strand, values in lines:
        extra = [".", strand] if stranded else []
        text.append(
            between.join(["22", str(start), str(start + length), f"g{name}", *extra, *values])
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.bed"
        path.write_text("\n".join(text) + "\n")
        found = read_expression(path, tss="auto" if stranded else "end")
    first = {f"g{name}": rest for name, *rest in reversed(lines)}
    assert found.donors == DONORS
    assert sorted(found.genes["gene_id"]) == sorted(first)
    assert len(found.genes) + len(found.dropped) == len(lines)
    for gene, tss, values in zip(
        found.genes["gene_id"], found.genes["tss"], found.values, strict=True
    ):
        start, length, strand, written = first[gene]
        assert tss == (start + 1 if stranded and strand == "+" else start + length)
        np.testing.assert_array_equal(values, [float(v.replace("NA", "nan")) for v in written])


@settings(max_examples=100)
@given(BASE, BASE, st.booleans(), st.booleans())
def test_alleles_swapped_or_of_the_other_strand_are_found_unless_it_cannot_be_said(
    other, effect, swapped, flipped
):
    assume(other != effect)
    asked = (effect, other) if swapped else (other, effect)
    if flipped:
        asked = tuple(map(complement, asked))
    pair, turned, why = agreeing(*asked, [(other, effect)])
    if is_palindrome(other, effect):
        # the other strand looks as if alleles were swapped: only the same again is certain
        assert (pair is not None) == (asked == (other, effect))
    else:
        assert (pair, turned, why) == ((other, effect), swapped, "")


@settings(max_examples=100)
@given(BASES, BASES, st.lists(st.tuples(BASES, BASES), max_size=4))
def test_what_agrees_is_there_and_says_the_same_of_the_swapped_alleles(other, effect, known):
    pair, turned, why = agreeing(other, effect, known)
    assert (pair is None) == bool(why)
    assert pair is None or pair in known
    # to ask for the swapped pair finds the same pair, turned the other way; where both ways round
    # are there, or no way can be told from the other, each finds its own
    both = {(other, effect), (effect, other)} <= set(known)
    if pair is not None and not both and other != effect and not is_palindrome(other, effect):
        found, back, _ = agreeing(effect, other, [pair])
        assert (found, back) == (pair, not turned)


@st.composite
def covariate_rows(draw):
    """Covariates by name: of numbers, or of words that cannot be taken for numbers."""
    numbers = st.lists(NUMBERS, min_size=len(DONORS), max_size=len(DONORS))
    word = st.sampled_from(["male", "female", "New_York", "b7"])
    words = st.lists(word, min_size=len(DONORS), max_size=len(DONORS))
    names = st.text("PCage_", min_size=1, max_size=5)
    return draw(st.dictionaries(names, st.one_of(numbers, words), min_size=1, max_size=4))


def read_back(rows, donors):
    with TemporaryDirectory() as folder:
        return read_covariates(write_covariates(Path(folder) / "c.txt", rows, donors))


@given(covariate_rows())
def test_covariates_are_the_numbers_or_say_who_has_which_word(rows):
    found = read_back(rows, DONORS)
    values = dict(zip(found.names, found.values.T, strict=True))
    expected = {}
    for name, entries in rows.items():
        if isinstance(entries[0], float):
            expected[name] = entries
            continue
        for level in sorted(set(entries))[1:]:
            expected[f"{name}={level}"] = [float(entry == level) for entry in entries]
    assert set(values) == set(expected)
    for name, entries in expected.items():
        np.testing.assert_array_equal(values[name], entries)


@given(covariate_rows(), st.permutations(range(len(DONORS))))
def test_donors_in_another_order_have_the_covariates_they_had(rows, order):
    one = read_back(rows, DONORS)
    turned = {name: [entries[i] for i in order] for name, entries in rows.items()}
    other = read_back(turned, [DONORS[i] for i in order])
    assert other.names == one.names
    np.testing.assert_array_equal(values_of(other, DONORS), one.values)


@given(covariate_rows(), st.sets(st.sampled_from(DONORS), min_size=1))
def test_joined_covariates_are_of_the_donors_that_both_tables_have(rows, some):
    one = read_back(rows, DONORS)
    there = sorted(some)
    other = read_back({"other": [float(d[1]) for d in there]}, there)
    both = joined(one, other)
    assert both.donors == [donor for donor in DONORS if donor in some]
    np.testing.assert_array_equal(both.values[:, :-1], values_of(one, both.donors))
    np.testing.assert_array_equal(both.values[:, -1], [float(d[1]) for d in both.donors])
