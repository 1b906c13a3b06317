"""Cases on a real Splunk, in whose place a server on the loopback answers as its documentation shows."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from fake_splunk import HEC_TOKEN, TOKEN, UNAUTHORISED, FakeSplunk, reply

import splmini
from splmini.cli import cli

pytest.importorskip("httpx")

COUNT = """
- name: null by-field drops the row
  spl: "| stats count by user"
  events: [{user: a, bytes: 1}, {bytes: 2}]
  rows: [{user: a, count: 1}]
  source: https://docs.splunk.com/
  confidence: documented
"""


@pytest.fixture
def splunk() -> Iterator[FakeSplunk]:
    """A server that answers."""
    with FakeSplunk() as server:
        yield server


def verify(server: FakeSplunk, *arguments: str, **environment: str) -> Any:
    """Run `splmini verify` against a server."""
    env = {"SPLUNK_TOKEN": TOKEN, "SPLUNK_HEC_TOKEN": HEC_TOKEN, **environment}
    result = CliRunner().invoke(cli, ["verify", "--splunk", server.url, *arguments], env=env)
    for token in (TOKEN, HEC_TOKEN):
        assert token not in result.output + str(result.exception)
    return result


def table(folder: Path, text: str, name: str = "cases.yaml") -> str:
    """Write a file of cases."""
    path = folder / name
    path.write_text(textwrap.dedent(text), "utf-8")
    return str(path)


def ask(server: FakeSplunk, path: str, **settings: Any) -> list[Any]:
    """What comes of the cases of a file, in Python."""
    hec = {"hec": server.url, "hec_token": HEC_TOKEN} if settings.get("index") else {}
    with splmini.bench.Splunk(server.url, TOKEN, pause=lambda seconds: None, **hec) as client:
        return list(splmini.bench.Verifier(client, **settings).run(path))


# ---- what is sent, and what is compared ------------------------------------------------------------------------------


def test_equal(splunk: FakeSplunk, tmp_path: Path) -> None:
    """A case whose rows Splunk gives, too, is equal; its events are results of makeresults, and 0 is the exit code."""
    result = verify(splunk, table(tmp_path, COUNT))
    assert result.exit_code == 0, result.output
    assert "equal" in result.output
    assert "1 equal; Splunk Enterprise 10.4.2 (build 8d5b9b5f1bd4)" in result.output
    form = splunk.searches[-1]
    assert form["search"] == (
        '| makeresults count=2 | streamstats count as splmini_row | eval user=case(splmini_row=1, "a"), '
        "bytes=case(splmini_row=1, 1, splmini_row=2, 2) | fields - splmini_row _time | stats count by user"
    )
    assert {"exec_mode": "oneshot", "output_mode": "json", "count": "0"}.items() <= form.items()


def test_differs(tmp_path: Path) -> None:
    """Where Splunk answers something else, case, splmini and Splunk stand side by side, and 1 is the exit code."""

    def other(path: str, form: dict[str, str]) -> Any:
        if "stats count by user" not in form.get("search", ""):
            return None
        rows = [{"user": "a", "count": "2"}]
        return reply(200, {"fields": [{"name": "user"}, {"name": "count"}], "results": rows, "messages": []})

    with FakeSplunk(other) as server:
        result = verify(server, table(tmp_path, COUNT))
    assert result.exit_code == 1
    assert "row  field  case  splmini  Splunk" in result.output
    assert "1    count  1     1        2" in result.output
    assert "expected: row 1 is missing" in result.output


@pytest.mark.parametrize(
    "events",
    [
        [{"a": 1, "b": "1", "c": 1.5, "d": 'x"y\\z', "e": ["p", "q"], "f": "`m`\n[x]", "g.h": "$a$", "i": -3}],
        [{"a": "x", "_time": 1700000000}, {"b": True, "_time": 1700000001.25}, {}],
        [{"a": ["1", 2, "ü"], "c d": "007"}, {"a": 10**20, "c d": "1e5"}],
        [],
    ],
)
def test_values_arrive(splunk: FakeSplunk, tmp_path: Path, events: list[dict[str, Any]]) -> None:
    """Texts, numbers, lists and times arrive with their types, whatever characters stand in them."""
    spl = "| foreach * [eval \"t_<<FIELD>>\"=typeof('<<FIELD>>')] | fields * _time"
    cases = [{"name": "x", "spl": spl, "events": events, "count": len(events)}]
    (found,) = ask(splunk, table(tmp_path, json.dumps(cases)))
    assert found.status == "equal", (found.reason, found.problems)
    assert found.way == "makeresults"
    own = splmini.search(spl, events)
    assert [set(row) for row in found.rows] == [set(row) for row in own]


def test_subsearches_read_the_events_too(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Each search that reads events reads those of the case; what works on results does not."""
    spl = "u=* | append [search u=a | stats count] | appendpipe [stats count as all] | table u count all"
    case = [
        {
            "name": "x",
            "spl": spl,
            "events": [{"u": "a"}, {"u": "b"}],
            "rows": [{"u": "a"}, {"u": "b"}, {"count": 1}, {"all": 3}],
        }
    ]
    (found,) = ask(splunk, table(tmp_path, json.dumps(case)))
    assert found.status == "equal", found
    assert found.sent.count("| makeresults count=2") == 2


def test_texts_of_numbers(tmp_path: Path) -> None:
    """A number that splmini gives as text has to be the same text there: 60.000000 is not 60."""

    def other(path: str, form: dict[str, str]) -> Any:
        if "round" not in form.get("search", ""):
            return None
        return reply(200, {"fields": [{"name": "a"}], "results": [{"a": "60.0"}], "messages": []})

    case = [{"name": "x", "spl": "| makeresults | eval a=tostring(round(60,2)) | table a", "rows": [{"a": 60}]}]
    with FakeSplunk(other) as server:
        (found,) = ask(server, table(tmp_path, json.dumps(case)))
    assert found.problems == ("row 1: a is the text '60.00', Splunk's is '60.0'",)


def test_gives_up(tmp_path: Path) -> None:
    """A server that answers nothing any more ends the run, after a few cases."""

    def gone(path: str, form: dict[str, str]) -> Any:
        return reply(503, {"messages": []}) if "n=" in form.get("search", "") else None

    cases = [{"name": f"{n}", "spl": f"| makeresults | eval n={n}", "rows": [{"n": n}]} for n in range(9)]
    with FakeSplunk(gone) as server:
        result = verify(server, table(tmp_path, json.dumps(cases)))
        assert len(server.searches) == 1  # that of the time zone
    assert isinstance(result.exception, splmini.ServerError)
    assert result.output.count("error ") == 4


def test_macros_are_expanded(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Splunk is asked the text of macros, of the case and of those built in."""
    case = [
        {
            "name": "x",
            "spl": "`mine(3)` | `security_content_ctime(t)`",
            "rows": [{"t": "1970-01-01T00:00:03"}],
            "macros": {"mine(1)": {"args": ["n"], "definition": "| makeresults | eval t=$n$"}},
        }
    ]
    (found,) = ask(splunk, table(tmp_path, json.dumps(case)))
    assert found.status == "equal", found
    assert "`" not in found.sent


def test_cases_of_a_detection(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Cases beside a detection are asked, too; a case without an expectation has to fire there."""
    table(tmp_path, "name: D\nsearch: EventCode=1 | stats count by user\n", "d.yml")
    path = table(
        tmp_path,
        """
        defaults: {EventCode: 1}
        cases:
          - {name: fires, events: [{user: a}]}
          - {name: silent, events: [{user: a, EventCode: 2}], fires: false}
          - {name: wrong, events: [{user: a}], rows: [{user: b}]}
    """,
        "d.test.yml",
    )
    found = ask(splunk, path)
    assert [each.status for each in found] == ["equal", "equal", "differs"]
    assert found[2].problems == ("expected: row 1 is missing: user='b'",)
    assert [each.question.name for each in found] == ["D: fires", "D: silent", "D: wrong"]


def test_refused_as_expected(splunk: FakeSplunk, tmp_path: Path) -> None:
    """A case that expects an error is equal where Splunk refuses the search, and differs where it runs it."""
    case = [{"name": "x", "spl": "| stats nonsense(a)", "error": {"type": "UnknownFunction", "message": "…"}}]
    (found,) = ask(splunk, table(tmp_path, json.dumps(case)))
    assert (found.status, found.problems) == ("equal", ())
    assert found.refused

    def runs(path: str, form: dict[str, str]) -> Any:
        wanted = "nonsense" in form.get("search", "")
        return reply(200, {"fields": [], "results": [{"a": "1"}], "messages": []}) if wanted else None

    with FakeSplunk(runs) as server:
        (found,) = ask(server, table(tmp_path, json.dumps(case)))
    assert found.status == "differs"
    assert found.problems[0] == "expected: it is refused; Splunk gives 1 rows"


def test_refused_there_alone(tmp_path: Path) -> None:
    """A search that only Splunk refuses differs, with its words; as an answer 400 or as a message of an answer 200."""
    message = {"messages": [{"type": "FATAL", "text": "Error in 'stats' command: no\u001b[31m"}], "results": []}
    for status in (400, 200):

        def no(path: str, form: dict[str, str], status: int = status) -> Any:
            return reply(status, message) if "stats count" in form.get("search", "") else None

        with FakeSplunk(no) as server:
            result = verify(server, table(tmp_path, COUNT))
        assert result.exit_code == 1
        assert "Splunk refuses it: Error in 'stats' command: no" in result.output
        assert "\x1b" not in result.output


# ---- what is not sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"spl": "| makeresults | outputlookup x.csv"}, "'outputlookup' writes or acts on the server"),
        ({"spl": "a=1 | append [search b=1 | delete]"}, "'delete' writes or acts on the server"),
        ({"spl": "| makeresults | collect index=x"}, "'collect' writes or acts on the server"),
        ({"spl": "| foreach a [eval b=1 | outputlookup x]"}, "cannot"),
        ({"spl": '| makeresults | map search="| delete"'}, "'map' runs other searches"),
        ({"spl": "| tstats count where index=*"}, "'tstats' reads indexes or data models"),
        ({"spl": "| lookup t k", "lookups": {"t": {"rows": [{"k": 1}]}}}, "it reads the lookup 't', which is not sent"),
        ({"spl": "| makeresults | eval a=now()", "rows": [{"a": 1}]}, "the value of 'a' depends on the time"),
        ({"spl": "| makeresults | where now()<1700000001", "now": 1700000000}, "depends on the time or the zone"),
        ({"spl": "index=web hello", "events": [{"_raw": "hello a=1"}]}, "with --index its events go into an index"),
        ({"spl": "| stats count", "limits": {"sort_bytes": 1}}, "it has limits of its own"),
        ({"spl": "| makeresults | eval a=1", "messages": ["m"]}, "it expects neither rows nor columns"),
        ({"spl": "a=1", "events": [{"a": 1, "x'y": 2}]}, "eval cannot name the field"),
        ({"spl": "a=1 | join k t"}, "'join' reads a dataset by its name"),
        ({"spl": '| eval a=lookup("t", json_object("k", 1))'}, "it reads the lookup 't'"),
        ({"spl": "|", "error": {"type": "SplSyntaxError"}}, "it has no command"),
        ({"spl": "| boguscmd x", "error": {"type": "UnknownCommand"}}, "'boguscmd' is not known to do no harm there"),
        ({"spl": '| outputlookup "a', "error": {"type": "SplSyntaxError"}}, "it names 'outputlookup'"),
        ({"spl": "| makeresults | eval x=(", "error": {"type": "SplSyntaxError"}}, ""),
    ],
)
def test_skipped(splunk: FakeSplunk, tmp_path: Path, case: dict[str, Any], reason: str) -> None:
    """What cannot be asked, or must not be, is skipped by name, and nothing of it reaches the server."""
    whole = {"name": "x", **({} if {"rows", "messages", "error"} & set(case) else {"count": 0}), **case}
    before = len(splunk.searches)
    (found,) = ask(splunk, table(tmp_path, json.dumps([whole])))
    if not reason:
        assert found.status == "equal"
        return
    assert len(splunk.searches) == before + 1  # that of the time zone
    assert found.status in ("skipped", "error")
    if reason != "cannot":
        assert reason in found.reason


def test_everything_skipped(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Where nothing was compared, the exit code says that something is wrong."""
    result = verify(splunk, table(tmp_path, "- {name: x, spl: '| makeresults | delete', count: 0}"))
    assert result.exit_code == 2
    assert "1 skipped" in result.output


def test_zone(tmp_path: Path) -> None:
    """What depends on the time zone is skipped where the server's is another; the rest is compared."""
    case = """
    - {name: hour, spl: '| makeresults | eval a=strftime(0, "%H")', rows: [{a: "00"}]}
    - {name: other, spl: '| makeresults | eval a=1', rows: [{a: 1}]}
    """
    with FakeSplunk(zone="America/New_York") as server:
        assert [each.status for each in ask(server, table(tmp_path, case))] == ["skipped", "equal"]
    with FakeSplunk() as server:
        assert [each.status for each in ask(server, table(tmp_path, case))] == ["equal", "equal"]


# ---- an index --------------------------------------------------------------------------------------------------------

RAW = """
- name: raw
  spl: "index=web hello | stats count by user"
  events:
    - {_raw: hello user=a, _time: 1700000000, host: h}
    - {_raw: hello user=b, _time: 1700000001}
    - {_raw: goodbye user=c, _time: 1700000002}
  rows: [{user: a, count: 1}, {user: b, count: 1}]
"""


def test_index(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Events of raw text go into the index named, and the search finds those of this run alone."""
    splunk.events.append({"_raw": "hello user=z", "_time": 1, "index": "main", "splmini_run": "another"})
    splunk.late = 3
    path = table(tmp_path, RAW)
    (found,) = ask(splunk, path, index="main")
    assert found.status == "equal", (found.reason, found.problems)
    assert len(splunk.events) == 4
    marker = splunk.events[1]["splmini_run"]
    assert splunk.events[1]["host"] == "h"
    assert found.sent == f"search index=main splmini_run::{marker} index=main hello | stats count by user"
    assert "earliest_time" not in splunk.searches[-1]
    (again,) = ask(splunk, path, index="main")
    assert again.status == "equal"
    assert again.sent != found.sent


def test_events_of_an_index(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Of events, the fields that the index gives are not compared: splmini's have no index, server or marker."""
    text = RAW.replace("hello | stats count by user", "hello").split("  rows:")[0] + "  count: 2\n  ordered: false\n"
    (found,) = ask(splunk, table(tmp_path, text), index="main")
    assert (found.status, found.way) == ("equal", "index main"), (found.reason, found.problems)
    assert {"splmini_run", "index"} <= set(found.rows[0])


def test_time_range(splunk: FakeSplunk, tmp_path: Path) -> None:
    """The time range of a case is that of the search there; events outside of it are not found."""
    text = RAW + "  earliest: 1700000001\n  latest: 1700000005\n"
    (found,) = ask(splunk, table(tmp_path, text.replace("{user: a, count: 1}, ", "")), index="main")
    assert found.status == "equal", (found.reason, found.problems)
    form = splunk.searches[-1]
    assert (form["earliest_time"], form["latest_time"]) == ("1700000001", "1700000005")


def test_index_not_found(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Events that the collector does not take, or that never appear, are an error of the case."""
    result = verify(splunk, table(tmp_path, RAW), "--index", "other", "--hec", splunk.url)
    assert result.exit_code == 2
    assert "The HTTP Event Collector does not take the events (400): Incorrect index." in result.output
    result = verify(splunk, table(tmp_path, RAW), "--index", "main", "--hec", splunk.url, SPLUNK_HEC_TOKEN="wrong")
    assert "(403): Invalid token." in result.output


def test_index_options(splunk: FakeSplunk, tmp_path: Path) -> None:
    """An index without a collector, and a name that is none, are refused before anything is sent."""
    path = table(tmp_path, RAW)
    assert "--index and --hec go together" in verify(splunk, path, "--index", "main").output
    result = verify(splunk, path, "--index", "main | delete", "--hec", splunk.url)
    assert str(result.exception) == "'main | delete' is no name of an index."
    assert not splunk.events


# ---- recording and writing -------------------------------------------------------------------------------------------


def test_record_and_write(splunk: FakeSplunk, tmp_path: Path) -> None:
    """What Splunk gives is shown, and written as measured cases, which are cases again and equal."""
    path = table(
        tmp_path,
        """
        - {name: open, spl: '| makeresults | eval a=split("x;y", ";"), b=1 | fields a b'}
        - {name: known, spl: '| stats sum(n) as s', events: [{n: 1}, {n: 2}], rows: [{s: 4}], why: it adds}
    """,
    )
    target = tmp_path / "measured.yaml"
    result = verify(splunk, path, "--record", "--write", str(target))
    assert result.exit_code == 1  # the second one expects something else
    assert '{"a": ["x", "y"], "b": "1"}' in result.output
    written = yaml.safe_load(target.read_text("utf-8"))
    assert [case["rows"] for case in written] == [[{"a": ["x", "y"], "b": "1"}], [{"s": "3"}]]
    assert {case["confidence"] for case in written} == {"measured"}
    assert written[1]["source"] == "Splunk Enterprise 10.4.2 (build 8d5b9b5f1bd4)"
    assert written[1]["why"] == "it adds"
    assert [each.status for each in ask(splunk, str(target))] == ["equal", "equal"]
    assert "is there already" in verify(splunk, path, "--write", str(target)).output


def test_report(splunk: FakeSplunk, tmp_path: Path) -> None:
    """The JSON report has the status, the search that was sent and the rows of each case."""
    target = tmp_path / "report.json"
    verify(splunk, table(tmp_path, COUNT), "--json", str(target))
    report = json.loads(target.read_text("utf-8"))
    assert report["splunk"].startswith("Splunk Enterprise 10.4.2")
    (case,) = report["cases"]
    assert (case["status"], case["rows"]) == ("equal", [{"user": "a", "count": "1"}])
    assert case["sent"].endswith("| stats count by user")


def test_folder_and_choice(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Of a folder, the files of cases are asked, and of these the cases whose name holds a text."""
    table(tmp_path, COUNT, "a.yaml")
    table(tmp_path, COUNT.replace("null by-field", "another"), "b.yml")
    table(tmp_path, "name: d\nsearch: '*'\n", "detection.yml")
    result = verify(splunk, str(tmp_path), "-k", "another")
    assert result.exit_code == 0
    assert result.output.count("equal") == 2


# ---- a server that does not answer as it should ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (reply(401, UNAUTHORISED), "does not accept the token (401). It may have expired"),
        (reply(403, {"messages": [{"type": "WARN", "text": "insufficient permission"}]}), "insufficient permission"),
        (reply(503, {"messages": [{"type": "ERROR", "text": f"too many {TOKEN}"}]}), "answers 503: too many …"),
        (reply(500, b"<html>oops</html>"), "answers 500: <html>oops</html>"),
        (reply(200, b"<html>login</html>"), "something that is no JSON object"),
        (reply(200, b"[" * 100_000), "something that is no JSON object"),
        (reply(200, []), "something that is no JSON object"),
        (reply(200, {"entry": [{"content": {}}]}), "does not say its version, as a Splunk would"),
        (reply(302, b"", Location="https://evil.example/x"), "leads to https://evil.example/x, which is not followed"),
        (reply(200, gzip.compress(b"{}"), **{"Content-Encoding": "gzip"}), "answers compressed"),
        (reply(200, b" " * 3_000_000), "answers with more than 2 MB"),
    ],
)
def test_wrong_answers(answer: Any, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every wrong answer ends in one sentence that says what is wrong, and in the exit code 2."""
    monkeypatch.setattr("splmini.detections.verify.server.Splunk.most_bytes", 2 << 20)
    monkeypatch.setattr("splmini.detections.verify.server.Splunk.__init__.__defaults__", _smaller())
    with FakeSplunk(lambda path, form: answer) as server:
        result = verify(server, table(tmp_path, COUNT))
    assert isinstance(result.exception, splmini.ServerError)
    assert message in str(result.exception)


def _smaller() -> tuple[Any, ...]:
    defaults = splmini.bench.Splunk.__init__.__defaults__
    return tuple(2 << 20 if value == 64 << 20 else value for value in defaults or ())


def test_wrong_results(tmp_path: Path) -> None:
    """An answer to a search that is not one is an error of that case; the others go on."""
    bodies = iter([b'{"results": 5}', b"{", b'{"results": [1]}'])

    def wrong(path: str, form: dict[str, str]) -> Any:
        return reply(200, next(bodies)) if "bad" in form.get("search", "") else None

    cases = [{"name": f"{n}", "spl": f"| makeresults | eval bad={n}", "rows": [{"bad": n}]} for n in range(3)]
    with FakeSplunk(wrong) as server:
        result = verify(server, table(tmp_path, json.dumps([*cases, *yaml.safe_load(COUNT)])))
    assert result.exit_code == 2
    assert "1 equal, 3 error" in result.output


def test_slow(tmp_path: Path) -> None:
    """A server that takes too long is given up."""
    done = threading.Event()

    def slow(path: str, form: dict[str, str]) -> Any:
        done.wait(20)
        return reply(200, {})

    with FakeSplunk(slow) as server:
        with (
            splmini.bench.Splunk(server.url, TOKEN, seconds=0.2) as client,
            pytest.raises(splmini.ServerError, match=r"did not answer within 0\.2 seconds\. Give it longer"),
        ):
            client.product()
        done.set()


def test_nobody_there() -> None:
    """An address where nobody answers is named, with the reason."""
    with FakeSplunk() as server:
        url = server.url
    with (
        splmini.bench.Splunk(url, TOKEN) as client,
        pytest.raises(splmini.ServerError, match=r"http://127\.0\.0\.1:\d+ cannot be asked"),
    ):
        client.product()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://splunk.example.org:8089", "The token would go to splunk.example.org in clear"),
        ("https://u:p@splunk.example.org", "no user, no password"),
        ("ftp://splunk.example.org", "has to begin with https://"),
        ("splunk.example.org:8089", "has to begin with https://"),
        ("https://[::1", "The address of Splunk is none"),
        ("https://h/?a=b", "no query"),
    ],
)
def test_addresses(url: str, message: str) -> None:
    """Only an address that is safe for the token is taken."""
    with pytest.raises(splmini.ServerError) as caught:
        splmini.bench.Splunk(url, TOKEN)
    assert message in str(caught.value)
    assert "u:p" not in str(caught.value)


def test_token_is_not_shown() -> None:
    """The token is in no text of the client, and a token with a line break is refused, as it would add a header."""
    with splmini.bench.Splunk("https://h", TOKEN) as client:
        assert TOKEN not in repr(client)
    with pytest.raises(splmini.ServerError, match="characters that no token has"):
        splmini.bench.Splunk("https://h", "a\r\nX-Evil: 1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    openssl = shutil.which("openssl") or pytest.skip("the certificate is made by openssl")
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=splunk"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(made[0]), "-keyout", str(made[1])]
    subprocess.run(command, check=True, capture_output=True)
    return made


def test_certificate(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """A certificate that no authority signed is refused, unless it is named or nothing is to be checked."""
    path = table(tmp_path, COUNT)
    with FakeSplunk(certificate=certificate) as server:
        refused = verify(server, path)
        assert isinstance(refused.exception, splmini.ServerError)
        assert "CERTIFICATE_VERIFY_FAILED" in str(refused.exception)
        assert "--ca-file" in str(refused.exception)
        assert not server.requests
        assert verify(server, path, "--ca-file", str(certificate[0])).exit_code == 0
        assert verify(server, path, "--insecure").exit_code == 0
        broken = verify(server, path, "--ca-file", path)
        assert "The authorities in" in str(broken.exception)


def test_app(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Searches run in the app that is named."""
    assert verify(splunk, table(tmp_path, COUNT), "--app", "my app").exit_code == 0
    assert splunk.requests[-1][0] == "/servicesNS/nobody/my%20app/search/jobs"


def test_no_token(splunk: FakeSplunk, tmp_path: Path) -> None:
    """Without a token in the environment nothing is asked."""
    result = verify(splunk, table(tmp_path, COUNT), SPLUNK_TOKEN="")
    assert result.exit_code == 2
    assert "The environment variable SPLUNK_TOKEN holds no token." in result.output
    assert not splunk.requests


def test_surroundings(splunk: FakeSplunk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the surroundings sees the token."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert verify(splunk, table(tmp_path, COUNT)).exit_code == 0
