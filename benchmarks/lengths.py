"""Time against length: every matcher over texts that get twice as long each time, made to be bad for it.

    python benchmarks/lengths.py [--start 4096] [--doublings 5] [--only NAME]

The last column is by how much the time grows where the length doubles, over the last doublings: 2 is linear, 4 the
square.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from itertools import pairwise

import splmini
from splmini.budget import Budget, work_for
from splmini.functions.eval.comparison import like_matcher
from splmini.language import parser
from splmini.limits import Limits
from splmini.values import json, keyvalue, regex, sed, terms, times, wildcards

Work = Callable[[str], object]


def _searched(spl: str) -> Work:
    search = splmini.Environment().compile(f"| {spl}")

    def run(text: str) -> object:
        return search.run([{"_raw": text, "x": text}])

    return run


def _strptime(format: str) -> Work:
    def run(text: str) -> object:
        return times.strptime(text, format, times.UTC)

    return run


def _captures(text: str) -> object:
    return wildcards.captures("*a*a*a*b", text)


def _parsed(text: str) -> object:
    return parser.parse(text)


def _pairs(text: str) -> object:
    return list(keyvalue.key_value_pairs(text))


MATCHERS: dict[str, tuple[Work, str]] = {
    "term *a*a*b": (terms.term_matcher("*a*a*b", False), "a"),
    "term a*a*a*b": (terms.term_matcher("a*a*a*b", False), "a "),
    "phrase *a*a*a*b": (terms.term_matcher("*a*a*a*b", True), "a"),
    "TERM(*a*a*a*b)": (terms.term_matcher("*a*a*a*b", False, exact=True), "a"),
    "CASE(*a*a*a*b)": (terms.term_matcher("*a*a*a*b", False, case=True), "a"),
    "term, not ASCII": (terms.term_matcher("*é*a*é*b", False), "éa"),
    "x=*a*a*a*b": (wildcards.compile_wildcard("*a*a*a*b"), "a"),
    "rename, foreach": (_captures, "a"),
    "like": (like_matcher("%a%_a%a_b"), "a"),
    'searchmatch("*a*a*b")': (_searched(r'eval y=if(searchmatch("*a*a*b"),1,0)'), "a"),
    'replace(x,"a","bb")': (_searched('eval y=replace(x,"a","bb")'), "a"),
    'replace(x,"[ab]","bb")': (_searched('eval y=replace(x,"[ab]","bb")'), "a"),
    "replace, not ASCII": (_searched('eval y=replace(x,"[éa]","bb")'), "éa"),
    "rex max_match=0": (_searched('rex field=x max_match=0 "(?<y>a)"'), "a"),
    "rex x.*y": (lambda text: regex.compile("x.*y").search(text), "x"),
    "sed s/a/bb/g": (sed.compile_sed("s/[a]/bb/g"), "a"),
    "sed s/a/bb/2": (sed.compile_sed("s/[a]/bb/2g"), "a"),
    "strptime %Z%Z": (_strptime("%Z%Z%Z%Y"), "a"),
    "strptime blanks": (_strptime("%n%t%n %t%d"), " "),
    "key=value": (_pairs, "a="),
    "key=value, quotes": (_pairs, 'a="'),
    "JSON objects": (json.decode, '{"a":'),
    "JSON arrays": (json.decode, "["),
    "spath": (_searched("spath input=x"), '{"a":1},'),
    "xmlkv": (_searched("xmlkv x"), "<a>"),
    "extract": (_searched("extract"), "a=b "),
    "terms of a search": (_parsed, "term "),
    "OR of a search": (_parsed, 'a="b" OR '),
}


def measured(work: Work, piece: str, start: int, doublings: int) -> list[float]:
    """Return the seconds that work takes on each length, the best of two."""
    seconds = []
    for number in range(doublings + 1):
        size = start << number
        text = piece * (size // len(piece)) + "c"
        best = float("inf")
        for _ in range(2):
            began = time.perf_counter()
            with contextlib.suppress(splmini.SplError):  # a text that is no search takes its time, too
                work(text)
            best = min(best, time.perf_counter() - began)
        seconds.append(best)
    return seconds


def growth(seconds: list[float]) -> float:
    """Return by how much the time grows where the length doubles, on average of the last two."""
    ratios = [after / max(before, 1e-5) for before, after in pairwise(seconds)]
    return sum(ratios[-2:]) / len(ratios[-2:])


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--start", type=int, default=4096)
    arguments.add_argument("--doublings", type=int, default=5)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    work_for(Budget(Limits()))
    lengths = [given.start << number for number in range(given.doublings + 1)]
    print(f"{'milliseconds over':24}", *(f"{length:>10,}" for length in lengths), f"{'growth':>7}")
    for name, (work, piece) in MATCHERS.items():
        if given.only in name:
            seconds = measured(work, piece, given.start, given.doublings)
            print(f"{name:24}", *(f"{each * 1000:10.2f}" for each in seconds), f"{growth(seconds):7.1f}", flush=True)


if __name__ == "__main__":
    main()
