"""Whatever goes wrong behind a front door is an SplError: its place, the row, its cause."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import InlineExecutor

import splmini
from splmini import registry


def broken(*arguments: Any) -> Any:
    """Stand for a function with a mistake of ours in it."""
    raise ArithmeticError("no such number")


@pytest.fixture
def mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a mistake into the eval function `sqrt`."""
    spec = registry.eval_functions()["sqrt"]
    monkeypatch.setitem(registry.eval_functions(), "sqrt", _replaced(spec))


def _replaced(spec: Any) -> Any:
    from dataclasses import replace

    return replace(spec, call=broken)


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "run": lambda search, events: search.run(events),
    "plain": lambda search, events: search.run(events, optimize=False),
    "stream": lambda search, events: list(search.stream(events)),
    "executor": lambda search, events: search.run(events, executor=InlineExecutor()),
    "explain": lambda search, events: search.environment.explain(search.text, events),
}


@pytest.mark.usefixtures("mistake")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spl", ["| eval a=1+sqrt(n)", "* | where sqrt(n)>1", "| stats sum(eval(sqrt(n))) as x"])
def test_a_mistake_of_ours(way: str, spl: str) -> None:
    """An error of our own making is an InternalError with its place, its cause, and what to do about it."""
    search = splmini.Environment().compile(spl)
    with pytest.raises(splmini.InternalError) as caught:
        WAYS[way](search, [{"m": 1}, {"n": 4}])
    error = caught.value
    assert "ArithmeticError: no such number" in error.message
    assert "report" in str(error.hint)
    assert error.position is not None
    cause = error.__cause__
    assert isinstance(cause, ArithmeticError)
    assert spl in str(error.context)


@pytest.mark.usefixtures("mistake")
def test_the_innermost_expression_and_the_row() -> None:
    """The place is the innermost part that fails, the row the one that it fails on."""
    with pytest.raises(splmini.InternalError) as caught:
        splmini.search("| eval a=1+sqrt(n)", [{"m": 1}, {"n": 4, "user": "bob"}])
    assert caught.value.position == (1, 12)
    assert '{"n": 4, "user": "bob"}' in caught.value.message


@pytest.mark.usefixtures("mistake")
def test_internal_errors_travel() -> None:
    """An InternalError comes back from another process as what it is."""
    with pytest.raises(splmini.InternalError) as caught:
        splmini.search("| eval a=sqrt(n)", [{"n": 4}])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (splmini.InternalError, str(caught.value))


@pytest.mark.parametrize(
    "spl",
    [
        "| makeresults " + "| stats count" * 3000,
        "| makeresults " + "| append [| makeresults]" * 1500,
        '| makeresults | xpath field=x "' + "/a" * 3000 + '"',
        "| multisearch " + "[search a]" * 3000,
    ],
)
def test_too_deep(spl: str) -> None:
    """What is too deep for Python's stack gives its rows or ends in a limit, or is told to be no search."""
    with contextlib.suppress(splmini.LimitExceeded, splmini.SplSyntaxError, splmini.ArgumentError):
        splmini.search(spl)


def test_a_saved_search_that_calls_itself(tmp_path: Path) -> None:
    """A saved search that runs itself ends in a limit, whose place is in the search that was asked for."""
    (tmp_path / "app" / "default").mkdir(parents=True)
    (tmp_path / "app" / "default" / "savedsearches.conf").write_text("[me]\nsearch = | savedsearch me\n")
    env = splmini.Environment(apps=[tmp_path / "app"])
    with pytest.raises(splmini.LimitExceeded) as caught:
        env.compile("| savedsearch me").run()
    assert caught.value.position == (1, 3)


@pytest.mark.parametrize("text", ["| nosuch", "| eval x=", "| stats nosuch(x)", "| eval x=nosuch(1)"])
def test_errors_of_another_text(tmp_path: Path, text: str) -> None:
    """What is wrong in a saved search stands where the search calls it, with the text that is wrong."""
    (tmp_path / "app" / "default").mkdir(parents=True)
    (tmp_path / "app" / "default" / "savedsearches.conf").write_text(f"[me]\nsearch = {text}\n")
    with pytest.raises(splmini.SplError) as caught:
        splmini.Environment(apps=[tmp_path / "app"]).compile("| savedsearch me").run()
    assert caught.value.position == (1, 3)
    assert text in str(caught.value)


# ---- code of the caller's own --------------------------------------------------------------------------------------


def failing_events() -> Iterator[dict[str, Any]]:
    """Give an event, then fail."""
    yield {"a": 1}
    raise KeyError("gone")


def failing_handler(rows: Iterator[dict[str, Any]], arguments: Any) -> Iterator[dict[str, Any]]:
    """Fail at the first row."""
    for _ in rows:
        raise KeyError("gone")
    yield {}


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("mine", lambda: splmini.search("| mine", [{}], commands={"mine": failing_handler})),
        ("mine", lambda: splmini.search("| mine", [{}], commands={"mine": lambda rows, arguments: {}["gone"]})),
        ("events", lambda: splmini.search("*", failing_events())),
        ("events", lambda: splmini.search("* | append [search *]", failing_events())),
        ("cancel", lambda: splmini.Environment().compile("*").run([{}], cancel=lambda: {}["gone"])),
        ("progress", lambda: splmini.Environment().compile("*").run([{}], progress=lambda count: {}["gone"])),
    ],
)
def test_errors_of_the_caller(name: str, run: Callable[[], Any]) -> None:
    """An error of the caller's own code is named, and stays the cause."""
    with pytest.raises(splmini.HandlerError, match="KeyError: 'gone'") as caught:
        run()
    assert caught.value.name == name
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_a_handler_is_given_is_not_its_error() -> None:
    """What goes wrong in front of a handler is not taken for an error of the handler."""
    with pytest.raises(splmini.EventFormatError):
        splmini.search("| mine", [{}, 5], commands={"mine": lambda rows, arguments: list(rows)})


# ---- front doors ---------------------------------------------------------------------------------------------------

DOORS: dict[str, Callable[[], Any]] = {
    "compile": lambda: splmini.Environment().compile(5),  # type: ignore[arg-type]
    "explain": lambda: splmini.Environment().explain(5),
    "run": lambda: splmini.Environment().compile("*").run(5),
    "fields": lambda: splmini.Environment().fields(5),
    "search": lambda: splmini.search(None),  # type: ignore[arg-type]
    "parse": lambda: splmini.parse(5),  # type: ignore[arg-type]
    "format": lambda: splmini.format(5),  # type: ignore[arg-type]
    "sweep": lambda: splmini.sweep(5),  # type: ignore[arg-type]
    "macros": lambda: splmini.Environment(macros=5),
    "lookups": lambda: splmini.Environment(lookups=5),
    "datamodels": lambda: splmini.Environment(datamodels=5),
    "apps": lambda: splmini.Environment(apps=5),
    "commands": lambda: splmini.Environment(commands=5),  # type: ignore[arg-type]
    "limits": lambda: splmini.Environment(limits=5),  # type: ignore[arg-type]
    "timezone": lambda: splmini.Environment(timezone="no/where"),
    "load": lambda: splmini.Detection.load("/no/such/file.yml"),
    "load_content": lambda: splmini.load_content("/no/such/folder"),
    "load_cases": lambda: splmini.load_cases("/no/such/file.test.yml"),
    "check_app": lambda: splmini.check_app("/no/such/app"),
    "format_yaml": lambda: splmini.format_yaml("a: [" * 5000),
}


@pytest.mark.parametrize("door", DOORS)
def test_doors(door: str) -> None:
    """Every front door refuses what it cannot take by an SplError."""
    with pytest.raises(splmini.SplError):
        DOORS[door]()


@pytest.mark.parametrize(
    "call",
    [
        lambda: splmini.Environment(nosuch=1),
        lambda: splmini.search("*", nosuch=1),
        lambda: splmini.Environment().compile("*").run([], nosuch=1),
        lambda: splmini.Environment().compile("*").stream([], nosuch=1),
        lambda: splmini.Environment().explain("*", [], nosuch=1),
        lambda: splmini.Environment().fields([], nosuch=1),
        lambda: splmini.sweep(["*"], [], nosuch=1),
        lambda: splmini.Detection("a", "*").run([], nosuch=1),
        lambda: splmini.Detection("a", "*").test(nosuch=1),
    ],
)
def test_an_option_that_there_is_not(call: Callable[[], Any]) -> None:
    """An option that there is not is an ArgumentError that names it, and Python's own TypeError too."""
    with pytest.raises(splmini.ArgumentError, match="has no option 'nosuch'") as caught:
        call()
    assert isinstance(caught.value, TypeError)
    assert caught.value.name == "nosuch"


def test_the_nearest_option_is_named() -> None:
    """A mistyped option names the one that was meant."""
    with pytest.raises(splmini.ArgumentError) as caught:
        splmini.Environment().compile("*").run([], progres=print)
    assert caught.value.hint == "Did you mean 'progress'?"
    with pytest.raises(splmini.ArgumentError) as caught:
        splmini.Environment(tmezone="UTC")
    assert caught.value.hint == "Did you mean 'timezone'?"


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "x" * 4096 + ".csv"])
def test_files_that_the_system_refuses(tmp_path: Path, name: str) -> None:
    """A name that no file can have is an error of splmini's that has a path or a position."""
    env = splmini.Environment(data_dir=tmp_path)
    with pytest.raises(splmini.SplError) as caught:
        env.compile(f"| makeresults | outputlookup {name}").run()
    assert not isinstance(caught.value, splmini.InternalError)


@pytest.mark.parametrize("text", ["? [a, b]\n: search\n", "? {a: b}\n: c\n", "? ? a\n: b\n"])
def test_keys_that_are_no_texts(text: str, tmp_path: Path) -> None:
    """YAML whose keys are lists or mappings is laid out as it is, and refused as content."""
    assert splmini.format_yaml(text) == text
    file = tmp_path / "x.yml"
    file.write_text(text)
    for load in (splmini.Detection.load, splmini.load_cases):
        with pytest.raises(splmini.KnowledgeError):
            load(file)
    macros = splmini.MacroRegistry.from_folder(tmp_path)
    with pytest.raises(splmini.SplError):
        splmini.parse("`x`", macros)


@pytest.mark.parametrize("value", [5, [1, 2], {"a": {}}, [[1, 2], [3]], None, ["x", 5]])
def test_planted_cache_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    """A cache file of another shape is made again."""
    import msgspec

    from splmini import caching
    from splmini.language import grammars, macros

    monkeypatch.setenv("SPLMINI_CACHE", str(tmp_path))
    made = []
    kept = caching.cached

    def planted(name: str, made_from: Any, make: Any, *accept: Any) -> Any:
        kept(name, made_from, make, *accept)
        for file in tmp_path.glob(f"{name}-*.bin"):
            digest, _ = msgspec.msgpack.decode(file.read_bytes())
            file.write_bytes(msgspec.msgpack.encode([digest, value]))
            made.append(file)
        return kept(name, made_from, make, *accept)

    for module in (grammars, macros):
        monkeypatch.setattr(module, "cached", planted)
    assert grammars._build("search").parse("a=1 b", start="start") is not None
    assert len(macros._builtin.__wrapped__()) > 10
    assert len(made) == 2
