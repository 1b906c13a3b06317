"""Laws of values: numbers, comparison, sorting, times, JSON, wildcards, regular expressions."""

from __future__ import annotations

import contextlib
import json as standard_json
import math
import re
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from splmini.errors import ArgumentError
from splmini.values import _subset, json, numbers, regex, sorting, terms, times, wildcards
from splmini.values.comparison import compare, search_comparison
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_number, to_text
from splmini.values.times import UTC, get_timezone

INTEGERS = st.integers(-(10**9), 10**9)
DECIMALS = st.decimals(min_value=-(10**6), max_value=10**6, places=3).map(float)
NUMBERS = INTEGERS | DECIMALS
TEXTS = st.text(max_size=20)
VALUES = st.none() | NUMBERS | TEXTS | NUMBERS.map(str) | st.lists(TEXTS | NUMBERS, min_size=2, max_size=3)
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe"]).map(
    get_timezone
)
TIMES = st.integers(-(10**9), 4 * 10**9)


@given(NUMBERS, NUMBERS)
def test_addition_commutes_and_is_undone(a: float, b: float) -> None:
    """a+b = b+a, and (a+b)-b = a: no binary noise is left."""
    assert numbers.add(a, b) == numbers.add(b, a)
    total = numbers.add(a, b)
    assert total is not None
    assert numbers.subtract(total, b) == a


@given(INTEGERS, INTEGERS, st.integers(-1000, 1000))
def test_multiplication_distributes(a: int, b: int, c: int) -> None:
    """c*(a+b) = c*a + c*b over integers of a double."""
    total = numbers.add(a, b)
    first, second = numbers.multiply(c, a), numbers.multiply(c, b)
    assert None not in (total, first, second)
    assert numbers.multiply(c, total) == numbers.add(first, second)


@given(INTEGERS, INTEGERS.filter(bool))
def test_division_and_remainder(a: int, b: int) -> None:
    """The remainder has the dividend's sign and is what the integral quotient leaves."""
    remainder = numbers.modulo(a, b)
    assert remainder is not None
    assert (a - remainder) % b == 0
    assert abs(remainder) < abs(b)
    assert remainder == 0 or (remainder < 0) == (a < 0)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_printing_and_reading(value: float) -> None:
    """A number reads back from its text."""
    assert to_number(to_text(value)) == value


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_rounding_is_near_and_idempotent(value: float, places: int) -> None:
    """Rounding moves by half a unit at most, and rounding again changes nothing."""
    rounded = numbers.round_half_up(value, places)
    assert abs(rounded - value) <= 0.5 * 10.0**-places * (1 + 1e-9) + abs(value) * 1e-15
    assert numbers.round_half_up(rounded, places) == rounded


SCALARS = st.none() | NUMBERS | TEXTS | NUMBERS.map(str)


@given(SCALARS, SCALARS)
def test_comparison_is_a_trichotomy(a: Any, b: Any) -> None:
    """Of two single values exactly one of <, =, > holds; with null none does."""
    results = [compare(op, a, b) for op in ("<", "=", ">")]
    if a is None or b is None:
        assert results == [None, None, None]
    else:
        assert results.count(True) == 1
        assert compare("!=", a, b) is not compare("=", a, b)
        assert compare("<=", a, b) is (results[0] or results[1])


@given(SCALARS, SCALARS)
def test_comparison_turns_around(a: Any, b: Any) -> None:
    """a<b says the same as b>a."""
    assert compare("<", a, b) is compare(">", b, a)
    assert compare("=", a, b) is compare("=", b, a)


@given(
    st.text(max_size=12).filter(
        lambda text: "*" not in text and "/" not in text and not text.startswith(("CASE(", "TERM("))
    )
)
def test_search_equality_is_reflexive(text: str) -> None:
    """A value equals itself in a search, whatever its case, and never both equals and differs."""
    assert search_comparison("=", text)(text)
    assert not search_comparison("!=", text)(text)
    assert search_comparison("=", "*")(text)


@given(
    st.lists(VALUES, max_size=12),
    st.sampled_from([sorting.auto_key, sorting.number_key, sorting.text_key, sorting.ip_key]),
)
def test_sorting_is_total_and_stable(values: list[Any], key: Any) -> None:
    """Any mix of values sorts, null last, in the same order from any start."""
    ordered = sorted(values, key=key)
    assert [key(value) for value in ordered] == sorted(key(value) for value in values)
    nulls = [value is None for value in ordered]
    assert nulls == sorted(nulls)


FORMATS = st.sampled_from(
    [
        "%Y-%m-%d %H:%M:%S %z",
        "%s",
        "%d/%b/%Y:%H:%M:%S %:z",
        "%F %T %z",
        "%Y-%m-%dT%H:%M:%S.%3N%z",
        "%m/%d/%Y %I:%M:%S %p %z",
        "%a %b %e %H:%M:%S %Y %z",
        "%Y%m%d%H%M%S%z",
        "%Y %j %T %z",
        "%G-W%V-%u %T %z",
        "%B %d, %Y %l:%M:%S %P %z",
        "%A %U %Y %T %z",
    ]
)


@given(TIMES, FORMATS, ZONES)
def test_strptime_undoes_strftime(time: int, format: str, zone: Any) -> None:
    """strptime(strftime(t, f), f) = t."""
    assume("%U" not in format or time > 0)
    text = times.strftime(time, format, zone)
    assert text is not None
    assert times.strptime(text, format, zone) == time


@given(st.integers(0, 4 * 10**15), ZONES)
def test_subseconds_come_back(micros: int, zone: Any) -> None:
    """Microseconds survive formatting and reading."""
    time = micros / 1_000_000
    text = times.strftime(time, "%Y-%m-%d %H:%M:%S.%6N %z", zone)
    assert text is not None
    assert math.isclose(times.strptime(text, "%Y-%m-%d %H:%M:%S.%6N %z", zone) or 0, time, abs_tol=1e-6)


UNITS = st.sampled_from(["s", "m", "h", "d", "w", "w3", "mon", "q", "y"])


@given(TIMES, UNITS, ZONES)
def test_snapping_is_idempotent_and_rounds_down(time: int, unit: str, zone: Any) -> None:
    """A snap does not go forward, and a second one changes nothing."""
    snapped = times.relative_time(time, f"@{unit}", zone)
    assert snapped <= time
    assert times.relative_time(snapped, f"@{unit}", zone) == snapped


@given(TIMES, st.integers(1, 500), st.sampled_from(["s", "m", "h"]))
def test_clock_offsets_are_undone(time: int, count: int, unit: str) -> None:
    """Seconds, minutes and hours forward and back end at the start."""
    assert times.relative_time(time, f"+{count}{unit}-{count}{unit}", UTC) == time


@given(
    TIMES,
    st.sampled_from(["7s", "5m", "2h", "1d", "3d", "1w", "w@w2", "1mon", "5mon", "1q", "1y"]).map(times.parse_span),
    ZONES,
)
def test_buckets_tile_the_time(time: int, span: times.Span, zone: Any) -> None:
    """A time lies in its bucket, and the bucket's start in the same one."""
    start = times.bucket(time, span, zone)
    assert start <= time
    assert times.bucket(start, span, zone) == start


@given(TIMES, ZONES)
def test_recognition_of_iso_times(time: int, zone: Any) -> None:
    """What strftime writes as ISO 8601 is recognised."""
    assume(0 <= time < 4 * 10**9)
    text = times.strftime(time, "%Y-%m-%dT%H:%M:%S%:z", zone)
    assert text is not None
    assert times.recognise(f"{text} something else", UTC, 0) == time


JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_json_round_trip(value: Any) -> None:
    """What is encoded decodes to itself, and reads the same to another decoder."""
    text = json.encode(value)
    assert json.decode(text) == value
    assert standard_json.loads(text) == value


@given(JSON)
def test_flattening_names_lead_back(value: Any) -> None:
    """Every flattened name is a path at which its values are found."""
    assume(isinstance(value, (dict, list)))
    text = json.encode(value)
    assume(not re.search(r'"[^"]*[.{}][^"]*"\s*:|"":', text))
    for name, item in json.flatten(value).items():
        steps = json.parse_path(name)
        assert steps is not None
        leaves = [leaf for leaf in json.find(value, steps) if not isinstance(leaf, (dict, list))]
        assert from_list("null" if leaf is None else json.plain(leaf) for leaf in leaves) == item


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_wildcards_are_regular_expressions(pattern: str, text: str) -> None:
    """A wildcard matches what the same regular expression matches."""
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert wildcards.compile_wildcard(pattern)(text) is expected


@given(st.text("ab =-.()x", max_size=30), st.text("abx", min_size=1, max_size=3))
def test_a_term_is_found_where_it_is_a_segment(raw: str, word: str) -> None:
    """A bare word without breakers is found exactly when it is a segment."""
    assert terms.term_matcher(word, False)(raw) is (word in terms.segments(raw))


ATOMS = st.sampled_from(["a", "b", ".", r"\d", r"\w", r"\.", "[ab]", "[^a]", "[a-c1]", r"\s", "-", r"\W"])
QUANTIFIERS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{1,2}", "*?", "+?", "??"])
PIECES = st.builds(lambda atom, quantifier: atom + quantifier, ATOMS, QUANTIFIERS) | st.sampled_from(["^", "$", r"\b"])
SEQUENCES = st.lists(PIECES, max_size=4).map("".join)
GROUPED = st.builds(
    lambda a, b, c, o, q: f"{a}{o}{b}){q}{c}",
    SEQUENCES,
    SEQUENCES,
    SEQUENCES,
    st.sampled_from(["(", "(?:", "(?<n>"]),
    st.sampled_from(["", "?"]),
)
PATTERNS = st.builds(
    lambda i, x, y: i + x + (f"|{y}" if y else ""),
    st.sampled_from(["", "(?i)"]),
    SEQUENCES | GROUPED,
    st.just("") | SEQUENCES,
)


def spans(pattern: Any, text: str) -> list[Any]:
    """Return the spans of all groups of all matches."""
    return [[match.span(group) for group in range(pattern.groups + 1)] for match in pattern.finditer(text)]


@settings(max_examples=400)
@given(PATTERNS, st.text("abcAB1. -\n", max_size=12))
def test_the_subset_means_the_same(pattern: str, text: str) -> None:
    """A pattern of the subset gives the same matches and groups under `re` as under PCRE2."""
    translated = _subset.translate(pattern)
    assume(translated is not None)
    assert translated is not None
    fast = re.compile(translated, re.ASCII)
    full = regex.compile(pattern)._full
    assert spans(fast, text) == spans(full, text)
    first, second = fast.search(text), full.search(text)
    assert (first and first.span()) == (second and second.span())
    first, second = fast.match(text), full.match(text)
    assert (first and first.span()) == (second and second.span())


@given(st.text(max_size=30))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    """No pattern crashes: it compiles, or it is an error with a position inside it."""
    with contextlib.suppress(ArgumentError):
        regex.compile(pattern).search("some text")


PLACES = st.integers(min_value=-3, max_value=18)
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(min_value=-(10**6), max_value=10**6, places=3).map(float),
    st.sampled_from((0.5, 1.5, 2.675, 1.005, -0.5, -0.05, 1e15, 1e16, 0.1 + 0.2, 5e-324, 999999999999999.9)),
    st.integers(min_value=-(10**18), max_value=10**18),
)


@given(FLOATS, PLACES)
def test_rounding_as_written(value: float, places: int) -> None:
    """A number rounds as it is written, a half away from zero, however that is found out."""
    from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

    from splmini.values.numbers import round_half_up

    try:
        exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        assert round_half_up(value, places) == value
    else:
        assert repr(float(round_half_up(value, places))) == repr(float(exact))


@given(
    st.sampled_from(("%d", "%5d", "%05d", "%-5d|", "%i", "%f", "%.2f", "%8.3f", "%08.1f", "%-8.1f|", "%.0f", "%s")),
    st.one_of(FLOATS, st.none(), st.sampled_from(("12", "1.5", "abc", "", "0x1")), st.just(["a", "b"])),
)
def test_printf(format: str, value: object) -> None:
    """The conversions that Python's format does give what the general way gives."""
    from splmini.functions.eval import formatting

    (directive, *rest) = formatting.parse_format(format)
    assert isinstance(directive, formatting.Directive)
    expected = formatting._converted(directive, iter([value]))
    assert formatting.printf(format, value) == (None if expected is None else expected + "".join(map(str, rest)))


@given(st.text(st.sampled_from("01789abfzxXoOBb-+_ \u0663"), max_size=6), st.integers(min_value=2, max_value=36))
def test_numbers_in_a_base(text: str, base: int) -> None:
    """Digits of the base make a number, a sign and 0x before them alone are allowed."""
    import re

    from splmini.functions.eval.conversion import tonumber

    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    found = re.fullmatch(f"([-+]?){'(?:0[xX])?' if base == 16 else ''}([{digits}{digits.upper()}]+)", text)
    if base != 10:
        assert tonumber(text, base) == (None if found is None else int(found[1] + found[2], base))
