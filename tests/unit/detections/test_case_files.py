"""Authors' cases: what they may say, what they find, and where their mistakes are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.detections.bench.case_file import replaced_tokens
from splmini.detections.bench.cases import load_cases
from splmini.detections.bench.expected import differences, read_rows, same

DETECTION = """\
name: Odd Tool
id: "1"
version: 1
type: TTP
search: tool=odd | stats count by host user | `odd_filter`
finding: {title: $user$ on $host$, entity: {field: host, type: system, score: 50}}
intermediate_findings: {entities: [{field: user, type: user, score: 30, message: $user$ did}]}
"""


def spelled(cases: str) -> str:
    """Write `<h>` out: an event of the odd tool on the host h."""
    return re.sub(r"<(\w)>", r"{tool: odd, host: \1, user: u}", cases)


def write(folder: Path, cases: str, name: str = "odd.test.yml") -> Path:
    """Write a detection and a file of cases beside it; return the latter."""
    (folder / "odd.yml").write_text(DETECTION)
    path = folder / name
    path.write_text(spelled(cases))
    return path


def problems(folder: Path, cases: str, **settings: Any) -> list[list[str]]:
    """What is wrong with each case of a file."""
    return [case.run(settings).problems for case in load_cases(write(folder, cases))]


HOLDING = {
    "has to fire by itself": "events: [<h>]",
    "stays silent": "{events: [{tool: even, host: h, user: u}], fires: false}",
    "stays silent without events": "fires: false",
    "rows, numbers by value": 'rows: [{host: h, count: "2.0"}]\nevents: [<h>, <h>]',
    "rows in any order": "{events: [<a>, <b>], rows: [{host: b}, {host: a}]}",
    "a count": "{events: [<a>, <b>], count: 2}",
    "null is absent": "{events: [<a>], rows: [{host: a, nothing: null}]}",
    "findings": "{events: [<h>], findings: [{title: u on h, entity: {value: h, score: 50}}]}",
    "risk": "{events: [<h>], risk: [{risk_object: u, risk_score: 30, risk_message: u did}]}",
    "a macro of its own": "{events: [<h>], macros: {odd_filter: search host!=h}, fires: false}",
    "defaults": "{defaults: {tool: odd, host: h}, events: [{user: u}], rows: [{user: u, host: h}]}",
    "a raw event": "{events: ['tool=odd host=h user=u'], sourcetype: st, rows: [{host: h}]}",
    "prepared by a search": (
        "{prepare: ['| makeresults | eval host=\"h\" | table host | outputlookup seen.csv'],\n"
        "  macros: {odd_filter: 'search NOT [| inputlookup seen.csv]'},\n"
        "  events: [<h>, <i>], rows: [{host: i}]}"
    ),
    "prepared over events of its own": (
        "{prepare: [{search: 'x=1 | table host | outputlookup seen.csv',\n"
        "    events: [{x: 1, host: h}, {x: 2, host: i}]}],\n"
        "  macros: {odd_filter: 'search NOT [| inputlookup seen.csv]'},\n"
        "  events: [<h>, <i>], rows: [{host: i}]}"
    ),
    "a lookup of its own": (
        "{lookups: {own: {rows: [{host: h, ok: 'yes'}]}}, macros: {odd_filter: lookup own host OUTPUT ok},\n"
        "  events: [<h>], rows: [{ok: 'yes'}]}"
    ),
    "a time range": (
        "{earliest: '2026-01-02T00:00:00Z', events: [{tool: odd, host: a, user: u, _time: '2026-01-01T00:00:00Z'},\n"
        "  {tool: odd, host: b, user: u, _time: '2026-01-03T00:00:00Z'}], rows: [{host: b}]}"
    ),
}


@pytest.mark.parametrize("name", HOLDING)
def test_cases_that_hold(name: str, tmp_path: Path) -> None:
    """A case holds: what it expects is there."""
    body = HOLDING[name]
    flow = body.startswith("{")
    text = f"cases:\n- {{name: x, {body[1:]}" if flow else "cases:\n- name: x\n  " + body.replace("\n", "\n  ")
    assert problems(tmp_path, text) == [[]]


FAILING = {
    "{events: [{tool: even}]}": ["it does not fire"],
    "{events: [<h>], fires: false}": ["it fires, and should stay silent: host='h' user='u' count=1"],
    "{events: [<h>], count: 2}": ["1 rows, expected 2"],
    "{events: [<h>], rows: [{host: h, count: 3}]}": [
        "row 1 is missing: the nearest row differs: count is 1, expected 3"
    ],
    "{events: [<h>], rows: [{host: i}, {host: h}]}": ["row 1 is missing: host='i'"],
    "{events: [<h>, <i>], rows: [{host: i}]}": ["unexpected row: host='h'"],
    "{events: [<h>], findings: [{title: other, entity: {value: h}}]}": [
        "finding 1 is missing: the nearest row differs: title is 'u on h', expected 'other'"
    ],
    "{events: [<h>], risk: []}": [
        "unexpected risk event: orig_host='h' user='u' count=1 risk_object='u' risk_object_type='user' risk_score=30"
    ],
    "{events: [<h>], macros: {odd_filter: '`nothing`'}}": ["nothing"],
}


@pytest.mark.parametrize("body", FAILING)
def test_cases_that_fail(body: str, tmp_path: Path) -> None:
    """A case that does not hold says what is there in place of what was expected."""
    (found,) = problems(tmp_path, f"cases: [{{name: x, {body[1:]}]")
    assert len(found) == len(FAILING[body])
    for text, wanted in zip(found, FAILING[body], strict=True):
        assert wanted in text


def test_ordered(tmp_path: Path) -> None:
    """With `ordered` the rows have to come in their order."""
    body = "events: [<a>, <b>], rows: [{host: b}, {host: a}]"
    (found,) = problems(tmp_path, f"cases: [{{name: x, ordered: true, {body}}}]")
    assert len(found) == 2


def test_each(tmp_path: Path) -> None:
    """`each` makes a case of every entry; tokens are replaced in texts, keys and, whole, by the value itself."""
    path = write(
        tmp_path,
        "cases:\n"
        "- name: odd on $host$\n  each: [{host: a, n: 1, fires: true}, {host: b, n: 2, fires: false}]\n"
        "  events: [{tool: odd, host: $host$, user: u}]\n  count: $n$\n"
        "- name: plain\n  each: [{tool: odd, fires: true}, {tool: even, fires: false}]\n"
        "  events: [{tool: $tool$, host: h, user: u}]\n  fires: $fires$\n",
    )
    cases = load_cases(path)
    assert [case.name for case in cases] == [
        "odd on a",
        "odd on b",
        "plain [tool=odd fires=True]",
        "plain [tool=even fires=False]",
    ]
    assert [case.run().problems for case in cases] == [[], ["1 rows, expected 2"], [], []]
    assert replaced_tokens({"$a$": ["$a$", "x$a$", "$b$"]}, {"a": 1}) == {"1": [1, "x1", "$b$"]}


def test_now_is_the_newest_event(tmp_path: Path) -> None:
    """Now is one second after the newest event, in the file's own environment as well; `now` says otherwise."""
    (tmp_path / "odd.test.yml").write_text(
        "search: 'a=1 earliest=-1h | eval age=now()-_time'\ncases:\n"
        "- {name: newest, events: [{a: 1, _time: 1000}, {a: 1, _time: 9000}], rows: [{age: 1}]}\n"
        "- {name: given, now: 1100, events: [{a: 1, _time: 1000}, {a: 1, _time: 9000}], rows: [{age: 100}]}\n"
    )
    assert [case.run().problems for case in load_cases(tmp_path / "odd.test.yml")] == [[], []]


def test_files(tmp_path: Path) -> None:
    """A case over files takes them newest first; rows may stand in Splunk's exports."""
    (tmp_path / "log.jsonl").write_text(
        '{"tool":"odd","host":"a","user":"u","_time":1,"sourcetype":"s"}\n'
        '{"tool":"odd","host":"b","user":"u","_time":2,"sourcetype":"s"}\n'
    )
    (tmp_path / "rows.csv").write_text("host,count,__mv_host,other\na,1,,\nb,1,,\n")
    (tmp_path / "rows.json").write_text('{"result":{"host":"a"}}\n{"result":{"host":"b"}}\n')
    text = (
        "cases:\n- {name: csv, file: log.jsonl, rows_file: rows.csv}\n"
        "- {name: json, files: [log.jsonl], rows_file: rows.json}\n"
    )
    assert problems(tmp_path, text) == [[], []]
    newest = tmp_path / "first.test.yml"
    newest.write_text(
        "search: 'tool=odd | head 1'\ncases: [{name: x, file: log.jsonl, rows: [{host: b}]},\n"
        " {name: y, file: log.jsonl, order: given, rows: [{host: a}]}]"
    )
    assert [case.run().problems for case in load_cases(newest)] == [[], []]


def test_multivalue_exports(tmp_path: Path) -> None:
    """`__mv_` columns of a CSV export are the values of the field."""
    (tmp_path / "rows.csv").write_text('host,__mv_host\n"a\nb",$a$;$b$\n')
    (tmp_path / "list.json").write_text('{"results":[{"a":"1"}]}')
    assert read_rows(tmp_path / "rows.csv") == [{"host": ["a", "b"]}]
    assert read_rows(tmp_path / "list.json") == [{"a": "1"}]
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(splmini.KnowledgeError, match="list of objects"):
        read_rows(tmp_path / "bad.json")


def test_repository(tmp_path: Path) -> None:
    """In a repository of content a case may read any file of it, but none outside; baselines prepare tables."""
    for folder in ("detections", "macros", "baselines", "data"):
        (tmp_path / "repo" / folder).mkdir(parents=True)
    (tmp_path / "repo/data/log.jsonl").write_text('{"tool":"odd","host":"a","user":"u","sourcetype":"s"}\n')
    (tmp_path / "repo/baselines/b.yml").write_text("name: B\nsearch: tool=odd | table host | outputlookup seen.csv\n")
    (tmp_path / "outside.jsonl").write_text("{}\n")
    path = write(
        tmp_path / "repo/detections",
        "cases:\n- {name: in, file: ../data/log.jsonl}\n- {name: out, file: ../../outside.jsonl}\n"
        "- {name: baseline, prepare: [{baseline: ../baselines/b.yml}], file: ../data/log.jsonl, fires: false,\n"
        "   macros: {odd_filter: 'search NOT [| inputlookup seen.csv]'}}\n",
    )
    inside, outside, baseline = [case.run().problems for case in load_cases(path)]
    assert (inside, baseline) == ([], [])
    assert outside == [f"{path}: '../../outside.jsonl' leads out of the repository."]


MISTAKES = [
    ("cases: []\n", (1, 8), "'cases' has to be a list of cases."),
    ("case: []\n", (1, 1), "Unknown key 'case'. Did you mean 'cases'?"),
    ("cases:\n- {events: []}\n", (2, 3), "The case has no 'name'."),
    ("cases:\n- {name: x, fire: false}\n", (2, 13), "Unknown key 'fire'. Did you mean 'fires'?"),
    ("cases:\n- {name: x, fires: perhaps}\n", (2, 20), "'fires' has to be true or false."),
    ("cases:\n- {name: x, events: {a: 1}}\n", (2, 21), "'events' has to be a list of events"),
    ("cases:\n- {name: x, count: -1}\n", (2, 20), "'count' has to be a whole number."),
    ("cases:\n- {name: x, prepare: [{file: a}]}\n", (2, 23), "Either 'search' or 'baseline' is expected here."),
    ("cases:\n- {name: x, each: []}\n", (2, 19), "'each' has to be a list of mappings."),
    ("cases:\n- {name: x}\n- {name: x}\n", (3, 10), "The name 'x' stands twice."),
    ("cases:\n- {name: x, fires: false, rows: [{a: 1}]}\n", (2, 33), "A case that stays silent has no rows."),
    ("environment: {zone: UTC}\ncases: [{name: x}]\n", (1, 15), "Unknown key 'zone'."),
    ("environment: {apps: [../other]}\ncases: [{name: x}]\n", (1, 21), "neither a built-in pack nor a folder"),
    ("defaults: &a {b: 1}\ncases: [{name: x, defaults: *a}]\n", (2, 29), "YAML aliases are not allowed."),
]


@pytest.mark.parametrize(("text", "position", "message"), MISTAKES)
def test_mistakes(text: str, position: tuple[int, int], message: str, tmp_path: Path) -> None:
    """A mistake is a KnowledgeError with the file, line and column where it stands."""
    path = write(tmp_path, text)
    with pytest.raises(splmini.KnowledgeError) as caught:
        load_cases(path)
    assert caught.value.path == str(path)
    assert caught.value.position == position
    assert message in str(caught.value)


def test_words_are_words(tmp_path: Path) -> None:
    """`off`, `no` and `yes` are words in cases, as YAML 1.2 has them; only true and false are truth values."""
    (tmp_path / "words.test.yml").write_text(
        "search: mode=off\ncases: [{name: off, events: [{mode: off, answer: no, seen: true}],\n"
        "  rows: [{mode: 'off', answer: 'no', seen: 'true'}]}]\n"
    )
    (case,) = load_cases(tmp_path / "words.test.yml")
    assert (case.name, case.run().problems) == ("off", [])


def test_without_a_detection(tmp_path: Path) -> None:
    """Cases that neither name a detection nor a search need one beside them; `search` stands for itself."""
    lone = tmp_path / "lone.test.yml"
    lone.write_text("cases: [{name: x}]\n")
    with pytest.raises(splmini.KnowledgeError, match=r"no detection 'lone\.yml' beside the cases.*'detection:'"):
        load_cases(lone)
    lone.write_text("search: a=1\ncases: [{name: x, events: [{a: 1}]}]\n")
    assert load_cases(lone)[0].run().passed


def test_explanation(tmp_path: Path) -> None:
    """A case that fails explains itself from the same events."""
    (case,) = load_cases(write(tmp_path, "cases: [{name: x, events: [{tool: even, host: h, user: u}]}]"))
    assert "tool is `even`, wanted odd" in case.run().explanation()


def test_comparison() -> None:
    """Values are equal by number, a list of one is its item, a mapping needs only what is named."""
    assert same("1.0", 1)
    assert same(["a"], "a")
    assert same({"a": 1}, {"a": "1", "b": 2})
    assert not same(["a", "b"], ["b", "a"])
    assert not same(True, "false")
    shown = list(differences("row", [], [{"n": number} for number in range(15)], False, None))
    assert (len(shown), shown[-1]) == (11, "and 5 more")
    assert list(differences("row", [{"a": 1, "b": 9}], [{"a": 1, "b": 2}], False, ["a"])) == []


def test_types_of_values(tmp_path: Path) -> None:
    """Inline events hold what YAML can say: null is absent, mappings and lists flatten, keys are texts."""
    path = tmp_path / "types.test.yml"
    path.write_text(
        'search: \'x=1 | eval n=if(isnull(a), "absent", "there")\'\n'
        "cases: [{name: x, events: [{x: 1, a: null, o: {name: u}, 5: five, t: true, l: [1, 2], _time: 2026-01-01}],\n"
        "  rows: [{n: absent, o.name: u, '5': five, t: 'true', _time: 1767225600}]}]\n"
    )
    (case,) = load_cases(path)
    assert case.run().problems == []
