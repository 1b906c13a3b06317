"""No matcher takes more than time in proportion to its text: patterns and texts that are bad for it end soon.

A matcher that backtracks takes hours or for ever on these; the bound of a minute is for slow machines.
"""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trust.limits import attack, confined

from splmini.values import terms, timeparse, wildcards

SECONDS = 60
LONG = 50_000

TERMS = {
    "a word": "a*a*a*a*a*a*b",
    "a word that may begin anywhere": "*a*a*a*a*a*a*b",
    "a phrase": '"*a*a*a*a*a*a*b"',
    "TERM": "TERM(*a*a*a*a*a*a*b)",
    "CASE": "CASE(*a*a*a*a*a*a*b)",
    "a value": "x=*a*a*a*a*a*a*b",
    "values": "x IN (*a*a*a*b, *a*a*a*d)",
    "searchmatch": r'| where searchmatch("*a*a*a*a*a*b")',
    "searchmatch of a value": r'| where searchmatch("x=*a*a*a*a*a*b")',
    "like": '| where like(x, "%a%a_%a%a%b")',
    "the replace command": '| replace "*a*a*a*a*b" WITH "q" IN x | where x="q"',
}


@pytest.mark.parametrize("piece", ["a", "a ", "aé", "a/"])
@pytest.mark.parametrize("kind", TERMS)
def test_wildcards(kind, piece):
    """Many wildcards over a long text find nothing, soon."""
    text = piece * (LONG // len(piece)) + "c"
    ended = attack(TERMS[kind], [{"_raw": text, "x": text}], seconds=SECONDS, memory=1024)
    assert (ended.error, ended.result["rows"]) == (None, 0)


@pytest.mark.parametrize(
    "spl",
    [
        "foreach *a*a*a*a*a*b [eval y=1]",
        "fields *a*a*a*a*a*b",
        "rename *a*a*a*a*a*b as *c*c*c*c*c*d",
        "table *a*a*a*a*a*b",
        "stats count(*a*a*a*a*a*b)",
        "fillnull *a*a*a*a*a*b",
    ],
)
def test_wildcards_in_names(spl):
    """Many wildcards in the pattern of a field's name match a long name, or not, soon."""
    assert attack(f"| {spl}", [{"a" * LONG: 1}], seconds=SECONDS, memory=1024).error is None


FORMATS = {
    "days": ("%d" * 32 + "x", "1" * 64),
    "many days": ("%d" * 300 + "x", "1" * 900),
    "epochs": ("%s" * 20 + "x", "1" * 400),
    "zones": ("%Z" * 12 + "!", "a" * LONG),
    "blanks": ("%n%t " * 50 + "x", " " * LONG),
    "days and blanks": ("%n%d" * 40 + "x", " 1" * 80),
    "fractions": ("%9N" * 30 + "x", "1" * 270),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_strptime(kind):
    """A format that could match in more ways than anybody can try finds that it does not."""
    format, text = FORMATS[kind]
    ended = attack("| eval y=strptime(x, f) | where isnull(y)", [{"x": text, "f": format}], seconds=SECONDS)
    assert (ended.error, ended.result["rows"]) == (None, 1)


CHANGES = {
    "replace": 'eval y=len(replace(x,"a","aa"))',
    "replace by a class": 'eval y=len(replace(x,"[ab]","aa"))',
    "replace, in a group": r'eval y=len(replace(x,"(a)","\1\1"))',
    "sed": 'rex mode=sed field=x "s/[a]/aa/g" | eval y=len(x)',
    "sed, from the second on": 'rex mode=sed field=x "s/[a]/aa/2g" | eval y=len(x)',
    "rex": 'rex field=x max_match=0 "(?<z>a)" | eval y=mvcount(z)',
    "rex with offsets": 'rex field=x max_match=0 offset_field=o "(?<z>a)" | eval y=mvcount(z)',
    "makemv": 'makemv tokenizer="(a)" x | eval y=mvcount(x)',
}


@pytest.mark.parametrize("piece", ["a", "aé"])
@pytest.mark.parametrize("kind", CHANGES)
def test_matches_in_a_long_text(kind, piece):
    """Every match of a long text is found, and replaced, in time that grows as the text does."""
    text = piece * (400_000 // len(piece))
    ended = attack(f"| {CHANGES[kind]} | table y", [{"x": text}], seconds=SECONDS, memory=2000)
    assert ended.error is None, ended.message
    assert int(ended.result["first"]["y"]) >= text.count("a") - 1


@pytest.mark.parametrize("text", ['{"a":' * 200_000, "[" * 400_000, "[{" * 200_000])
def test_json_that_is_nested_deeply(text):
    """JSON that only opens is no JSON, soon."""
    ended = attack("| eval y=json_valid(x).\"\" | spath input=x | eval z=json_extract(x,\"a\")", [{"x": text}], seconds=SECONDS)  # fmt: skip  # noqa: E501
    assert ended.error in (None, "ArgumentError")


def test_many_terms_are_parsed():
    """A search of ten thousand terms is parsed in time in proportion to them."""
    code = 'result["rows"] = len(splmini.search(" OR ".join(f"t{n}" for n in range(10000)), [{"_raw": "t7"}]))'
    assert confined(code, memory=2000, seconds=SECONDS * 2).result["rows"] == 1


# ---- what they find is what backtracking finds ----------------------------------------------------------------------

_TEXT = st.text("abAB& -/%20éÉK\u212a\n", max_size=20)
_TERM = st.text("ab*& -%20éK", min_size=1, max_size=9)


@given(_TERM, _TEXT, st.booleans(), st.booleans(), st.booleans())
def test_terms_find_what_a_regular_expression_finds(term, raw, quoted, case, exact):
    """The places of parts, one behind the other, are those that backtracking would find."""
    core = term.strip("*")
    edges = terms.MAJOR if exact else terms.MAJOR + terms.MINOR
    before = terms._BEFORE_MAJOR if exact else terms._BEFORE_ANY
    after = terms._AFTER_MAJOR if exact else terms._AFTER_ANY
    if not core or term.startswith("*") or core[0] in edges:
        before = ""
    if not core or term.endswith("*") or core[-1] in edges:
        after = ""
    gap = ".*?" if quoted else f"[^{terms._MAJOR_CLASS}]*?"
    pattern = before + gap.join(re.escape(part) for part in core.split("*") if part) + after
    found = re.search(pattern, raw, re.DOTALL if case else re.DOTALL | re.IGNORECASE) is not None
    assert terms.term_matcher(term, quoted, case, exact)(raw) is found


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_wildcards_stand_for_what_lazy_groups_catch(pattern, name):
    """What each `*` stands for is as little as can be, from left to right."""
    match = re.fullmatch("(.*?)".join(map(re.escape, pattern.split("*"))), name, re.DOTALL)
    assert wildcards.captures(pattern, name) == (None if match is None else match.groups())


_LETTERS = [f"%{letter}" for letter in "dmYHMSsbZzpjfeI"] + ["%3N", " ", "-", ":", "%n", "x"]


@given(
    st.lists(st.sampled_from(_LETTERS), max_size=7).map("".join),
    st.lists(st.sampled_from([*"0123 -:x.", "12", "Jan", "UTC", "+01:00", "pm"]), max_size=9).map("".join),
)
def test_formats_by_pieces_read_what_one_pattern_reads(format, text):
    """A format that is matched piece by piece gives the same texts as the pattern of all of it."""
    pieces, letters = [], []
    timeparse._collect_reader(format, pieces, letters)
    match = re.compile("".join(pieces), timeparse._FLAGS).match(text)
    found = timeparse._by_pieces(pieces)(text)
    assert (None if found is None else list(found)) == (None if match is None else list(match.groups()))
    assert set(string.ascii_letters) >= {letter[-1] for letter in letters}
