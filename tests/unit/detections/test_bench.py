"""The bench: files found, tests run apart from each other, what a saved file touches."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

import splmini
from splmini.detections.bench import Bench, find_tests, has_tests, missing_attack_data, repository_of, touches

DETECTION = """\
name: {name}
id: "1"
type: {type}
search: |-
  {search}
finding: {{title: t, entity: {{field: host, type: system, score: 50}}}}
intermediate_findings: {{entities: [{{field: host, type: system, score: 50}}]}}
tests:
- name: T
  attack_data: [{{data: https://example.org/datasets/{log}, sourcetype: st}}]
"""


def detection(path: Path, search: str, log: str = "a.jsonl", kind: str = "TTP") -> Path:
    """Write a detection with a test of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DETECTION.format(name=path.stem, type=kind, search=search, log=log))
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of content, with a mirror of attack data."""
    root = tmp_path / "repo"
    for folder in ("macros", "lookups", "data_sources", "mirror/datasets"):
        (root / folder).mkdir(parents=True)
    (root / "macros/mine.yml").write_text("name: mine\ndefinition: tool=odd\n")
    (root / "macros/other.yml").write_text("name: other\ndefinition: tool=even\n")
    (root / "lookups/assets.yml").write_text("name: assets\nfilename: assets.csv\n")
    (root / "lookups/assets.csv").write_text("host,owner\nh,me\n")
    (root / "mirror/datasets/a.jsonl").write_text('{"tool":"odd","host":"h","_time":100}\n')
    (root / "mirror/datasets/none.jsonl").write_text('{"tool":"none","host":"h","_time":100}\n')
    detection(root / "detections/one.yml", "`mine` | stats count by host")
    detection(root / "detections/two.yml", "tool=odd | lookup assets host OUTPUT owner | stats count by owner host")
    (root / "detections/one.test.yml").write_text("cases: [{name: c, events: [{tool: odd, host: h}]}]\n")
    (root / ".hidden").mkdir()
    detection(root / ".hidden/x.yml", "a=1")
    (root / "baselines").mkdir()
    (root / "baselines/b.yml").write_text("name: b\nsearch: a=1\n")
    return root


def test_files(repository: Path) -> None:
    """Detections come before their cases; hidden folders and what is no detection are passed over."""
    names = [path.relative_to(repository).as_posix() for path in find_tests([repository])]
    assert names == ["detections/one.yml", "detections/one.test.yml", "detections/two.yml"]
    assert [path.name for path in find_tests([repository / "detections/one.yml"])] == ["one.yml", "one.test.yml"]
    assert repository_of(repository / "detections/one.yml") == repository
    with pytest.raises(splmini.KnowledgeError, match="no such file or folder"):
        find_tests([repository / "nothing"])
    assert [has_tests(path, False) for path in find_tests([repository])] == [True, False, False]
    assert [has_tests(path, True) for path in find_tests([repository])] == [True, False, True]


def test_verdicts(repository: Path) -> None:
    """Macros and lookups of the repository are found; a test that fails explains itself."""
    bench = Bench(attack_data=repository / "mirror")
    for file in find_tests([repository]):
        report = pickle.loads(pickle.dumps(bench.run(file)))
        assert [(verdict.status, verdict.rows) for verdict in report.verdicts] == [("passed", 1)], report
    silent = detection(repository / "detections/silent.yml", "`mine` | stats count by host", "none.jsonl")
    (verdict,) = bench.run(silent).verdicts
    assert (verdict.status, verdict.bad, verdict.name) == ("failed", True, "silent: T")
    assert verdict.reason.startswith("it does not fire\n")
    assert "tool is `none`, wanted odd" in verdict.reason


STATES = {
    "no mirror": ("a=1 | stats count by host", None, [("T", "skipped", "no folder with attack data was given")]),
    "no data": ("a=1", "gone.jsonl", [("T", "error", "'datasets/gone.jsonl' is not below")]),
    "no search": (
        "a=1 | stast count",
        None,
        [("T", "skipped", "no folder"), ("compiles", "error", "Did you mean 'stats'")],
    ),
    "not here": ("a=1 | sendemail to=x", None, [("T", "skipped", "no folder"), ("compiles", "skipped", "sendemail")]),
}


@pytest.mark.parametrize("name", STATES)
def test_what_cannot_run(name: str, repository: Path) -> None:
    """What keeps a test from running is said; a detection that no test ran has at least to compile."""
    search, log, expected = STATES[name]
    file = detection(repository / "detections/x.yml", search, log or "a.jsonl")
    verdicts = Bench(attack_data=repository / "mirror" if log else None).run(file).verdicts
    assert [(verdict.test, verdict.status) for verdict in verdicts] == [(test, status) for test, status, _ in expected]
    for verdict, (_, _, reason) in zip(verdicts, expected, strict=True):
        assert reason in verdict.reason


def test_mistakes_of_files(repository: Path) -> None:
    """A file that does not load is a verdict with the place of the mistake."""
    file = repository / "detections/bad.yml"
    file.write_text("name: x\nversion: two\nsearch: a=1\n")
    (verdict,) = Bench().run(file).verdicts
    assert (verdict.status, verdict.line) == ("error", 2)
    assert f"{file}:2:10: 'version' has to be a whole number." in verdict.reason


def test_tests_do_not_see_each_other(repository: Path) -> None:
    """Risk events and tables that one test writes are not there for the next, in whatever order."""
    risk = "| from datamodel Risk.All_Risk | stats count by risk_object"
    detection(repository / "detections/a.yml", "tool=odd | table host | outputlookup t.csv")
    detection(repository / "detections/b.yml", risk, kind="Correlation")
    detection(repository / "detections/c.yml", "| inputlookup t.csv append=true | stats count", kind="Hunting")
    bench = Bench(attack_data=repository / "mirror")
    names = ("a", "b", "c", "a")
    verdicts = [bench.run(repository / f"detections/{name}.yml").verdicts[0] for name in names]
    assert [verdict.status for verdict in verdicts] == ["passed", "failed", "error", "passed"]


def test_logs_are_read_again_when_they_change(repository: Path) -> None:
    """The events of a log are kept between runs; a log that changed is read again."""
    bench = Bench(attack_data=repository / "mirror")
    file, log = repository / "detections/one.yml", repository / "mirror/datasets/a.jsonl"
    assert [bench.run(file).verdicts[0].status for _ in range(3)] == ["passed"] * 3
    log.write_text('{"tool":"other","host":"hh","_time":100}\n')
    assert bench.run(file).verdicts[0].status == "failed"


def test_attack_data_is_newest_first(repository: Path) -> None:
    """A log is searched newest first, as Splunk does, by one file as by several."""
    (repository / "mirror/datasets/order.jsonl").write_text('{"n":"old","_time":1}\n{"n":"new","_time":2}\n')
    file = detection(repository / "detections/o.yml", "n=* | head 1 | search n=new", "order.jsonl")
    bench = Bench(attack_data=repository / "mirror")
    assert [bench.run(file).verdicts[0].status for _ in range(3)] == ["passed"] * 3


def test_touched(repository: Path) -> None:
    """A saved file touches the tests that read it, and those whose detection calls the macro or lookup in it."""
    bench = Bench(attack_data=repository / "mirror", track=True)
    reports = {file.name: bench.run(file) for file in find_tests([repository])}

    def touched(name: str) -> list[str]:
        return [file for file, report in reports.items() if touches(report, [repository / name])]

    assert touched("detections/one.yml") == ["one.yml", "one.test.yml"]
    assert touched("detections/one.test.yml") == ["one.test.yml"]
    assert touched("mirror/datasets/a.jsonl") == ["one.yml", "two.yml"]
    assert touched("macros/mine.yml") == ["one.yml", "one.test.yml"]
    assert touched("macros/other.yml") == []
    assert touched("lookups/assets.csv") == ["two.yml"]
    assert touched("README.md") == []
    broken = detection(repository / "detections/broken.yml", "`nowhere` x=1")
    assert touches(bench.run(broken), [repository / "macros/nowhere.yml"])


def test_compressed_mirror(repository: Path) -> None:
    """A mirror may keep its files compressed."""
    log = repository / "mirror/datasets/a.jsonl"
    log.with_name("a.jsonl.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    (verdict,) = Bench(attack_data=repository / "mirror").run(repository / "detections/one.yml").verdicts
    assert verdict.status == "passed"


def test_cases_elsewhere(repository: Path) -> None:
    """Cases may stand anywhere in the repository, and name their detection."""
    (repository / "tests").mkdir()
    cases = repository / "tests/first.test.yml"
    cases.write_text("detection: ../detections/one.yml\ncases: [{name: c, events: [{tool: odd, host: h}]}]\n")
    assert cases in find_tests([repository])
    assert [verdict.name for verdict in Bench().run(cases).verdicts] == ["one: c"]
    assert has_tests(cases, False)
    assert len(Bench().mutate(cases).survived) == 1
    cases.write_text("detection: ../../one.yml\ncases: [{name: c}]\n")
    assert "leads out of the repository" in Bench().run(cases).verdicts[0].reason


def test_pointers(repository: Path) -> None:
    """A mirror without the logs themselves, as Git leaves it without LFS, is said to be that."""
    (repository / "mirror/datasets/a.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (verdict,) = Bench(attack_data=repository / "mirror").run(repository / "detections/one.yml").verdicts
    assert verdict.status == "error"
    assert "is a Git LFS pointer, not the log. Fetch the logs with `git lfs pull`." in verdict.reason


def test_missing_attack_data(repository: Path) -> None:
    """What would have to be fetched: what the mirror does not have."""
    detection(repository / "detections/far.yml", "a=1", "far.jsonl")
    files = find_tests([repository])
    assert missing_attack_data(files, repository / "mirror") == ["https://example.org/datasets/far.jsonl"]
    assert len(missing_attack_data(files, None)) == 2


def test_fetched_data_is_used(repository: Path, tmp_path: Path) -> None:
    """What the mirror does not have is asked for; an error of it is the test's."""
    file = detection(repository / "detections/far.yml", "tool=odd", "far.jsonl")
    url = "https://example.org/datasets/far.jsonl"
    (tmp_path / "far.jsonl").write_text('{"tool":"odd"}\n')
    bench = Bench(fetch={url: tmp_path / "far.jsonl"}.__getitem__)
    assert bench.run(file).verdicts[0].status == "passed"
    failing = splmini.bench.Fetched({}, {url: splmini.KnowledgeError("The host is away.")})
    (verdict,) = Bench(fetch=failing).run(file).verdicts[:1]
    assert (verdict.status, verdict.reason) == ("error", "The host is away.")
