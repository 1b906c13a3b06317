"""The magics in a real IPython shell: running, naming, completing, failing, interrupting."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.interrupting import interruptible
from splmini.notebook._call import parse_line
from splmini.notebook._errors import ErrorView, context_html
from splmini.notebook._magics import columns_of, size_of
from splmini.notebook._progress import Progress, progress_html, progress_text

interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
EVENTS = [{"user": "alice", "n": 1}, {"user": "bob", "n": 2}, {"user": "bob", "n": 3}]


@pytest.fixture(scope="module")
def one_shell() -> Iterator[Any]:
    """An IPython shell with the extension loaded, and unloaded at the end."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    made = interactiveshell.InteractiveShell(config=config)
    made.run_line_magic("load_ext", "splmini")
    yield made
    made.run_line_magic("unload_ext", "splmini")
    assert not hasattr(made, "splmini_magics")
    assert "spl" not in made.magics_manager.magics["cell"]


@pytest.fixture
def shell(one_shell: Any) -> Any:
    """The shell, with events in it and nothing searched yet."""
    one_shell.user_ns["events"] = list(EVENTS)
    one_shell.splmini_magics.events = ()
    return one_shell


def run(shell: Any, cell: str) -> Any:
    """Run a cell and return its value; raises what it raised."""
    done = shell.run_cell(cell, store_history=False)
    done.raise_error()
    return done.result


def completions(shell: Any, text: str) -> set[str]:
    """What IPython offers at the end of a cell."""
    from IPython.core.completer import provisionalcompleter

    shell.Completer.use_jedi = False
    with provisionalcompleter():
        return {each.text for each in shell.Completer.completions(text, len(text))}


def test_cell_magic(shell: Any) -> None:
    """The search of the cell runs over the events of the line; --as names the results."""
    found = run(shell, "%%spl events --as hits\n| stats count by user\n| sort - count")
    assert list(found) == [{"user": "bob", "count": 2}, {"user": "alice", "count": 1}]
    assert shell.user_ns["hits"] is found


def test_line_magic(shell: Any) -> None:
    """One line: events, then the search; without events, those of the last call; braces are left alone."""
    assert list(run(shell, "%spl events user=bob | stats count")) == [{"count": 2}]
    assert list(run(shell, "%spl user=alice | stats count")) == [{"count": 1}]
    assert list(run(shell, "%spl --as kept | stats sum(n) as total")) == [{"total": 6}]
    assert list(run(shell, 'x = %spl | eval y="{user} $user" | head 1 | table y\nx')) == [{"y": "{user} $user"}]
    assert len(shell.user_ns["kept"]) == 1


def test_events_from_files_frames_and_attributes(shell: Any, tmp_path: Path) -> None:
    """EVENTS may be a path, a glob, a frame, an attribute of a variable."""
    path = tmp_path / "some events.log"
    path.write_text("user=eve action=failure\nuser=bob action=failure\n", encoding="utf-8")
    assert list(run(shell, f'%%spl "{path.as_posix()}"\n| stats count')) == [{"count": 2}]
    assert list(run(shell, f'%spl "{tmp_path.as_posix()}/*.log" user=eve | stats count')) == [{"count": 1}]

    class Holder:
        rows = EVENTS

    shell.user_ns["holder"] = Holder()
    assert list(run(shell, "%%spl holder.rows\n| stats count")) == [{"count": 3}]
    pandas = pytest.importorskip("pandas")
    shell.user_ns["frame"] = pandas.DataFrame(EVENTS)
    assert list(run(shell, "%%spl frame\nuser=bob | stats count")) == [{"count": 2}]


def test_options_reach_the_run(shell: Any) -> None:
    """--env names the environment, --sourcetype and the like are options of the run."""
    shell.user_ns["env"] = splmini.Environment(macros={"bobs": "user=bob"})
    assert list(run(shell, "%%spl events --env env\n`bobs` | stats count")) == [{"count": 2}]
    found = run(shell, "%%spl events --sourcetype=mine\n| stats count by sourcetype")
    assert list(found) == [{"sourcetype": "mine", "count": 3}]


@pytest.mark.parametrize(
    ("cell", "kind", "message", "hint"),
    [
        (
            "%%spl events\n| staats count",
            splmini.UnknownCommand,
            "There is no command 'staats'.",
            "Did you mean 'stats'?",
        ),
        (
            "%%spl event\n| stats count",
            splmini.EventFormatError,
            "There is neither a variable nor a file 'event'.",
            "Did you mean 'events'?",
        ),
        (
            "%%spl events --ass x\n| head 1",
            splmini.ArgumentError,
            "There is no option '--ass'.",
            "Did you mean '--as'?",
        ),
        ("%%spl events --as 1x\n| head 1", splmini.ArgumentError, "'1x' is no name of a variable.", None),
        ("%%spl events --as\n| head 1", splmini.ArgumentError, "A value is missing after '--as'.", None),
        ("%%spl events more\n| head 1", splmini.ArgumentError, "'more' is one thing too many.", None),
        ("%%spl events --env events\n| head 1", splmini.ArgumentError, "'events' is no environment.", None),
        ("%spl events", splmini.ArgumentError, "There is no search.", "%spl [EVENTS] SEARCH"),
    ],
)
def test_errors(shell: Any, capsys: Any, cell: str, kind: type, message: str, hint: str | None) -> None:
    """What is wrong is said, the cell fails, and no traceback is shown."""
    with pytest.raises(kind) as caught:
        run(shell, cell)
    error: Any = caught.value
    assert error.message == message
    assert hint is None or error.hint == hint
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_an_error_as_html() -> None:
    """The search in colours, carets below, everything escaped."""
    with pytest.raises(splmini.SplError) as caught:
        splmini.Environment().compile('user="<script>" | staats count')
    text = ErrorView(caught.value)._repr_html_()
    assert "<script>" not in text
    assert "UnknownCommand" in text
    assert "Did you mean" in text
    assert "<span class='caret'>                  ^^^^^^</span>" in text
    assert "http" not in text
    assert context_html("a\n^").endswith("<span class='caret'>^</span>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%spl events\n| timech", "timechart"),
        ("%%spl events\n| stats coun", "count("),
        ("%%spl events\n| stats count by us", "user"),
        ("%%spl events\n| timechart spa", "span="),
        ("%%spl events\n`security_content_cti", "security_content_ctime("),
        ("x = 1\n%spl events | eval a=lowe", "lower("),
        ("y = %spl | mvexpan", "mvexpand"),
    ],
)
def test_completion(shell: Any, text: str, expected: str) -> None:
    """Commands, functions, options, macros and the fields of the events are completed in IPython's own completer."""
    run(shell, "%%spl events\n| head 1")
    assert expected in completions(shell, text)


def test_completion_elsewhere_is_left_alone(shell: Any) -> None:
    """Outside searches Python is completed as ever."""
    found = completions(shell, "even")
    assert "events" in found
    assert "eventstats" not in found


def test_results_in_a_terminal(shell: Any, capsys: Any) -> None:
    """Where there is text alone, results are a table with readable times; what is left is counted."""
    shell.user_ns["many"] = [{"_time": 1767225600 + number, "n": number} for number in range(50)]
    run(shell, "%spl many | table _time n")
    shown = capsys.readouterr().out
    assert "2026-01-01 00:00:10  10" in shown
    assert "2026-01-01 00:00:09" not in shown
    assert "50 rows, 10 not shown" in shown


def test_a_frame_and_a_file_have_one_order(shell: Any, tmp_path: Path) -> None:
    """What has times is shown newest first, whatever it comes from; what has none stays as given, as does what asks."""
    pandas = pytest.importorskip("pandas")
    rows = [{"_time": 1767225600 + number, "n": number} for number in range(3)]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f'{{"_time": {row["_time"]}, "n": {row["n"]}}}\n' for row in rows), encoding="utf-8")
    shell.user_ns["rows"], shell.user_ns["frame"] = rows, pandas.DataFrame(rows)
    shell.user_ns["timeless"] = [{"n": number} for number in range(3)]
    found = [run(shell, f"%spl {each} | table n").column("n") for each in (path.as_posix(), "frame", "rows")]
    assert found == [[2, 1, 0]] * 3
    assert run(shell, "%spl timeless | table n").column("n") == [0, 1, 2]
    assert run(shell, "%%spl rows --order given\n| table n").column("n") == [0, 1, 2]


def test_interrupting_keeps_what_was_found() -> None:
    """The first Ctrl-C ends the run with the rows so far; aggregations are finished over what was read."""

    def events() -> Iterator[dict[str, Any]]:
        for number in range(1_000_000):
            if number == 5000:
                signal.raise_signal(signal.SIGINT)
            yield {"n": number}

    for spl in ("| table n", "| stats count as n"):
        with interruptible() as cancel:
            found = splmini.Environment().compile(spl).run(events(), cancel=cancel)
        assert not found.complete
        assert 1000 < (len(found) if len(found) > 1 else found[0]["n"]) < 10_000
        assert "not complete" in found._repr_html_()
    with interruptible() as cancel:
        signal.raise_signal(signal.SIGINT)
        assert cancel()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_progress(capsys: Any) -> None:
    """A line in a terminal; nothing for what ends at once; a bar with figures in a notebook."""
    shown = Progress(100, rich=False, wait=0.0, every=0.0)
    shown(50)
    shown.close()
    assert "50 of 100 events (50%)" in capsys.readouterr().err
    silent = Progress(None, rich=False)
    silent(50)
    silent.close()
    assert capsys.readouterr().err == ""
    assert progress_text(10, None, 2.0) == "10 events, 5 a second"
    assert "width:25.0%" in progress_html(1, 4, 1.0)


def test_a_bar_in_a_notebook(monkeypatch: Any) -> None:
    """The bar is one output that is updated and taken away."""
    import IPython.display

    pages: list[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            pages.append(page.data)

    def display(page: Any, display_id: bool) -> Handle:
        pages.append(page.data)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    bar = Progress(10, rich=True, wait=0.0, every=0.0)
    bar(5)
    bar(10)
    bar.close()
    assert ["50%" in pages[0], "100%" in pages[1], pages[2]] == [True, True, ""]


def test_parse_line() -> None:
    """Quotation marks hold a path together."""
    call = parse_line('"a b.log" --as x --earliest=\'-1d@d\' --source="my log"')
    assert (call.events, call.options) == ("a b.log", {"as": "x", "earliest": "-1d@d", "source": "my log"})


def test_events_of_an_iterator_stay(shell: Any) -> None:
    """Events that come once are searched again by the next cell, as any others are."""
    shell.user_ns["once"] = iter(EVENTS)
    assert len(run(shell, "%%spl once\nuser=bob")) == 2
    assert len(run(shell, "%%spl\nuser=alice")) == 1


def test_an_iterator_is_read_as_far_as_it_is_asked_for(shell: Any) -> None:
    """An iterator without an end gives its first events, and the next search begins with them again."""
    shell.user_ns["endless"] = ({"n": number} for number in itertools.count())
    assert run(shell, "%spl endless | head 2 | table n").column("n") == [0, 1]
    assert run(shell, "%%spl\n| head 3 | table n").column("n") == [0, 1, 2]


def test_a_star_is_a_search(shell: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """`*` at the start of a line asks for all events, not for the files of the folder."""
    (tmp_path / "other.jsonl").write_text('{"user": "eve"}\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    run(shell, "%%spl events\n* | stats count")
    assert run(shell, "%spl * | stats count")[0]["count"] == 3


def test_what_is_known_of_events() -> None:
    """Sizes and columns, where they are known before anything is read."""
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1], "b": [2]})
    assert (size_of(table), columns_of(table)) == (1, ["a", "b"])
    assert (size_of(EVENTS), columns_of(EVENTS)) == (3, ["user", "n", "user", "n", "user", "n"])
    assert (size_of("x.log"), size_of(iter(())), size_of(["x.log"])) == (None, None, None)
    assert columns_of("x.log") == []
