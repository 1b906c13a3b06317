"""The mutants of a search, and what a report of them says."""

from __future__ import annotations

from pathlib import Path

import pytest

import splmini
from splmini.detections.bench.mutants import mutants
from splmini.detections.bench.mutate import mutate

MACROS = {"team_filter": "search user!=admin", "either": "a=1 OR b=2", "none_filter": "search *"}
ENV = splmini.Environment(macros=MACROS)

MUTANTS = {
    "a=1 b=x*": [
        ("drop clause", "* b=x*"),
        ("drop clause", "a=1 *"),
        ("flip comparison", "a!=1 b=x*"),
        ("flip comparison", "a=1 b!=x*"),
        ("widen wildcard", "a=1 b=*x*"),
    ],
    "a=x OR b=y": [
        ("drop clause", "*"),
        ("drop branch", "NOT * OR b=y"),
        ("drop branch", "a=x OR NOT *"),
        ("flip comparison", "a!=x OR b=y"),
        ("widen wildcard", "a=*x* OR b=y"),
        ("flip comparison", "a=x OR b!=y"),
        ("widen wildcard", "a=x OR b=*y*"),
    ],
    'NOT (a IN (1, "2"))': [
        ("drop clause", "*"),
        ("drop NOT", '(a IN (1, "2"))'),
        ("remove IN value", 'NOT (a IN ("2"))'),
        ("remove IN value", "NOT (a IN (1))"),
    ],
    '| makeresults | where n>5 AND match(s, "(x)")': [
        ("drop clause", '| makeresults | where true() AND match(s, "(x)")'),
        ("drop clause", "| makeresults | where n>5 AND true()"),
        ("flip comparison", '| makeresults | where n<=5 AND match(s, "(x)")'),
        ("move boundary", '| makeresults | where n>=5 AND match(s, "(x)")'),
    ],
    "`either` c=3": [("drop macro", "* c=3"), ("drop clause", "`either` *"), ("flip comparison", "`either` c!=3")],
    "* | `team_filter` | `none_filter`": [("drop macro", "* | search * | `none_filter`")],
    '* | regex x="a+"': [("drop clause", "* | search *")],
    "| tstats count from datamodel=Endpoint.Processes where Processes.user=u by Processes.dest": [
        ("drop clause", "| tstats count from datamodel=Endpoint.Processes where * by Processes.dest"),
        (
            "flip comparison",
            "| tstats count from datamodel=Endpoint.Processes where Processes.user!=u by Processes.dest",
        ),
        (
            "widen wildcard",
            "| tstats count from datamodel=Endpoint.Processes where Processes.user=*u* by Processes.dest",
        ),
    ],
    "a=1 [search b=2 | where c>3 AND d=4 | fields a]": [
        ("drop clause", "* [search b=2 | where c>3 AND d=4 | fields a]"),
        ("drop clause", "a=1 *"),
        ("flip comparison", "a!=1 [search b=2 | where c>3 AND d=4 | fields a]"),
        ("drop clause", "a=1 [search * | where c>3 AND d=4 | fields a]"),
        ("flip comparison", "a=1 [search b!=2 | where c>3 AND d=4 | fields a]"),
        ("drop clause", "a=1 [search b=2 | where true() AND d=4 | fields a]"),
        ("drop clause", "a=1 [search b=2 | where c>3 AND true() | fields a]"),
        ("flip comparison", "a=1 [search b=2 | where c<=3 AND d=4 | fields a]"),
        ("move boundary", "a=1 [search b=2 | where c>=3 AND d=4 | fields a]"),
        ("flip comparison", "a=1 [search b=2 | where c>3 AND d!=4 | fields a]"),
    ],
    "earliest=-1h index=main * | stats count": [],
    "* | eval a=if(b>1, 2, 3) | stats count by a": [],
}


@pytest.mark.parametrize("search", MUTANTS)
def test_mutants(search: str) -> None:
    """The mutants of a search, in the order of the text; every one compiles and differs from the search."""
    found = [(mutant.kind, mutant.search) for mutant in mutants(search, ENV)]
    assert found == MUTANTS[search]
    for _, text in found:
        assert ENV.compile(text).tree != ENV.compile(search).tree


def test_dropping_never_takes_away() -> None:
    """A search without one of its clauses finds at least what it found with it; without an OR branch, at most."""
    events = [{"a": str(a), "b": str(b), "n": a * b} for a in range(4) for b in range(4)]
    for search in ("a>=2 (b=1 OR b=3) NOT n=9", "* | where a>=2 AND (b=1 OR b=3) AND NOT n=9"):
        whole = {str(row) for row in ENV.compile(search).run(events)}
        for mutant in mutants(search, ENV):
            rows = {str(row) for row in ENV.compile(mutant.search).run(events)}
            if mutant.kind == "drop clause":
                assert rows >= whole, mutant
            elif mutant.kind == "drop branch":
                assert rows <= whole, mutant


DETECTION = """\
name: Odd
id: "1"
type: Hunting
search: |-
  tool IN (odd, strange)
  | where n > 5
"""


def detection(folder: Path) -> splmini.Detection:
    """A detection in a file."""
    (folder / "odd.yml").write_text(DETECTION)
    return splmini.Detection.load(folder / "odd.yml")


def test_report(tmp_path: Path) -> None:
    """The report counts what tests killed and shows the place of each survivor in the detection's file."""
    odd = detection(tmp_path)
    events = [{"tool": "odd", "n": n} for n in (4, 5, 6)] + [{"tool": "even", "n": 9}]
    progress: list[int] = []
    report = mutate(odd, ENV, lambda changed: len(changed.run(events, ENV).results) == 1, progress=progress.append)
    assert progress == list(range(1, 7))
    assert report.invalid == []
    assert str(report).splitlines() == [
        "Odd: 5 of 6 mutants killed (83%)",
        f"  {tmp_path / 'odd.yml'}:5:17: survived: without strange in tool IN (…)",
    ]
    (survivor,) = report.to_dict()["survived"]
    assert (survivor["line"], survivor["column"], survivor["kind"]) == (5, 17, "remove IN value")
    assert "tool IN (odd)" in survivor["search"]


def test_most_and_invalid(tmp_path: Path) -> None:
    """`most` bounds the mutants that are tried; one whose test cannot run is neither killed nor a survivor."""
    odd = detection(tmp_path)

    def fails(changed: splmini.Detection) -> bool:
        raise splmini.KnowledgeError("no")

    report = mutate(odd, ENV, fails, most=2)
    assert (len(report.invalid), report.killed, report.survived, report.score) == (2, [], [], 1.0)


def test_bench(tmp_path: Path) -> None:
    """A bench takes the cases beside a detection; it refuses where there are none, and where one fails already."""
    detection(tmp_path)
    bench = splmini.bench.Bench()
    with pytest.raises(splmini.KnowledgeError, match=r"no test that could kill a mutant.*odd\.test\.yml"):
        bench.mutate(tmp_path / "odd.yml")
    cases = tmp_path / "odd.test.yml"
    cases.write_text(
        "cases:\n- {name: a, events: [{tool: odd, n: 6}, {tool: odd, n: 5}, {tool: odd, n: 4}], count: 1}\n"
        "- {name: b, events: [{tool: strange, n: 6}]}\n- {name: c, events: [{tool: x, n: 6}], fires: false}\n"
    )
    for path in (tmp_path / "odd.yml", cases):
        report = bench.mutate(path)
        assert (report.score, len(report.killed)) == (1.0, 6)
    cases.write_text("cases: [{name: wrong, events: [{tool: x}]}]")
    with pytest.raises(splmini.KnowledgeError, match="'wrong' of 'Odd' does not pass as the detection is"):
        bench.mutate(tmp_path / "odd.yml")
