"""`splmini shell`: what is typed, through prompt_toolkit's own pipe; and scripts."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import splmini
from splmini.cli import cli
from splmini.cli._session import COMMANDS, Quit, Session, file_names, is_finished, statements

prompt_toolkit = pytest.importorskip("prompt_toolkit")
TAB, ENTER, ALT_ENTER, CTRL_D, CTRL_C, UP = "\t", "\r", "\x1b\r", "\x04", "\x03", "\x1b[A"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file of three events."""
    path = tmp_path / "auth.log"
    path.write_text(
        "2026-01-01T00:00:00Z user=alice action=success\n"
        "2026-01-01T00:01:00Z user=bob action=failure\n"
        "2026-01-01T00:02:00Z user=bob action=failure\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def session(log: Path) -> Session:
    """A session over the file."""
    return Session([str(log)], {"timezone": "Europe/Berlin"})


@pytest.fixture
def type_in(session: Session, monkeypatch: Any, tmp_path: Path, capsys: Any) -> Callable[[str], str]:
    """A function that types keys into the shell and returns what it printed."""
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from splmini.cli._prompt import interact

    monkeypatch.setenv("SPLMINI_HISTORY", str(tmp_path / "history"))

    def typed(keys: str) -> str:
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            pipe.send_text(keys)
            assert interact(session) == 0
        shown = capsys.readouterr()
        return str(shown.out + shown.err)

    return typed


def test_a_search_runs_on_enter(type_in: Callable[[str], str]) -> None:
    """Enter runs a finished search; Ctrl-D leaves."""
    shown = type_in(f"| stats count by user{ENTER}{CTRL_D}")
    assert "alice      1" in shown
    assert "2 rows of 3 events" in shown


def test_what_is_unfinished_goes_on(type_in: Callable[[str], str], session: Session) -> None:
    """Behind a pipe Enter starts a line; Alt-Enter always does."""
    shown = type_in(f"user=bob |{ENTER}stats count{ENTER}{CTRL_D}")
    assert "1 row of 3 events" in shown
    assert session.search.text == "user=bob |\nstats count"
    type_in(f"user=bob{ALT_ENTER}| stats count{ENTER}{CTRL_D}")
    assert session.search.text == "user=bob\n| stats count"


def test_tab_completes(type_in: Callable[[str], str], session: Session) -> None:
    """Commands, options, and the commands with a colon are completed."""
    type_in(f"| mvexpan{TAB} user{ENTER}{CTRL_D}")
    assert session.search.text == "| mvexpand user"
    assert "`of_user(1)` is defined" in type_in(f":mac{TAB} of_user(x) = user=$x$ | stats count{ENTER}:quit{ENTER}")
    type_in(f"`of_us{TAB}bob)`{ENTER}{CTRL_D}")
    assert session.search.text == "`of_user(bob)`"
    type_in(f"| timechart spa{TAB}1h c{TAB}{CTRL_C}| sta{TAB}ts count{ENTER}{CTRL_D}")
    assert session.search.text == "| stats count"


def test_history(type_in: Callable[[str], str], session: Session, tmp_path: Path) -> None:
    """What was typed comes back with the up key, in the next session, too."""
    type_in(f"user=alice{ENTER}{CTRL_D}")
    assert "user=alice" in (tmp_path / "history").read_text("utf-8")
    type_in(f"{UP} | stats count{ENTER}{CTRL_D}")
    assert session.search.text == "user=alice | stats count"


def test_errors_do_not_end_the_session(type_in: Callable[[str], str]) -> None:
    """A mistake is shown with its caret; Ctrl-C drops what is typed."""
    shown = type_in(f"| staats count{ENTER}nonsense{CTRL_C}| stats count{ENTER}{CTRL_D}")
    assert "  ^^^^^^" in shown
    assert "Did you mean 'stats'?" in shown
    assert "1 row of 3 events" in shown


def test_long_output_is_paged(monkeypatch: Any) -> None:
    """What does not fit the terminal goes through a pager; errors never do."""
    import click

    from splmini.cli import _prompt

    paged: list[str] = []
    monkeypatch.setattr(click, "echo_via_pager", paged.append)
    monkeypatch.setattr(_prompt.sys, "stdout", Terminal())
    _prompt.show("x\n" * 500)
    _prompt.show("short\n")
    assert paged == ["x\n" * 500]
    assert "short" in _prompt.sys.stdout.getvalue()


class Terminal(io.StringIO):
    """A terminal that keeps what it is told."""

    def isatty(self) -> bool:
        """It is one."""
        return True


# ---- without a terminal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("user=bob | table _time user", "2026-01-01 01:01:00  bob"),
        ("user=bob", "2026-01-01 01:02:00      2026-01-01T00:02:00Z user=bob action=failure"),
        (":fields us*", "KV_MODE"),
        (":explain user=carol", "3 refused by user=carol"),
        (":plan user=bob | stats count", "stats count"),
        (":macro security_content_summariesonly", "summariesonly="),
        (":macro", "security_content_ctime(1)\n"),
        (":events", "auth.log\n"),
        (":help", ":explain [SEARCH]"),
        (":help stats", "aggregate"),
        (":help dc", "distinct"),
        (":hlep", "Did you mean 'help'?"),
        (":help statz", "Did you mean 'stats'?"),
        (":macro nope_nope", "There is no macro 'nope_nope'."),
        (":macro a b", "is no name of a macro"),
        (":save", "Nothing was searched yet."),
        (":plan", "Nothing was searched yet."),
        ("", ""),
    ],
)
def test_statements(session: Session, statement: str, expected: str) -> None:
    """Each statement has its output; a mistake is output, too."""
    assert expected in session.execute(statement)


def test_the_last_search_is_remembered(session: Session, tmp_path: Path) -> None:
    """:explain and :save take the last search where none is given; :events changes the files."""
    session.execute("user=bob | stats count by action")
    assert "3 -> 2" in session.execute(":explain")
    assert "1 rows written" in session.execute(f":save {tmp_path / 'x.csv'}")
    assert (tmp_path / "x.csv").read_text("utf-8") == "action,count\nfailure,2\n"
    assert "cannot be written" in session.execute(f":save {tmp_path / 'no folder' / 'x.csv'}")
    session.execute(f":save {tmp_path / 'x.json'}")
    assert splmini.search("| stats count", tmp_path / "x.json")[0] == {"count": 1}
    other = tmp_path / "other.log"
    other.write_text("user=carol\n", encoding="utf-8")
    session.execute(f":events '{other}'")
    assert "carol" in session.execute("| stats values(user) as user")
    with pytest.raises(Quit):
        session.execute(":q")


def test_a_macro_is_defined_in_the_session(session: Session) -> None:
    """A macro of the user's own counts at once; what was collected before is still there."""
    session.execute("user=bob | collect index=kept")
    assert "UnknownMacro" in session.execute("`who(bob)` | stats count")
    assert "`who(1)` is defined" in session.execute(":macro who(name) = user=$name$")
    assert "    2\n" in session.execute("`who(bob)` | stats count")
    session.execute(":macro who(name) = user=al*$name$")
    assert "    1\n" in session.execute("`who(ice)` | stats count")
    assert "    2\n" in session.execute('index=kept | where index="kept" | stats count')


def test_every_command_says_what_it_does() -> None:
    """:help is made from the commands' docstrings."""
    for name, command in COMMANDS.items():
        assert (command.__doc__ or "").startswith(f":{name}")
        assert " - " in (command.__doc__ or "")


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("error", True),
        ("error |", False),
        ("error [search x", False),
        ("error [search x]", True),
        ('x="a', False),
        ('x="a"', True),
        ('x="a|"', True),
        ("`macro", False),
        ("`macro`", True),
        ("```note", False),
        ("```note``` x", True),
        ("| eval x=(1", False),
        (":explain x |", True),
        ("x \\", False),
    ],
)
def test_is_finished(text: str, finished: bool) -> None:
    """A statement runs when nothing is open at its end."""
    assert is_finished(text) is finished


def test_scripts(log: Path) -> None:
    """Where input is no terminal, statements are read from it; the exit code says whether all went well."""
    assert list(statements("a |\nb\n\n# note\n:help\nc [")) == ["a |\nb", ":help", "c ["]
    done = CliRunner().invoke(cli, ["shell", str(log)], input="user=bob |\nstats count\n:quit\nnever\n")
    assert done.exit_code == 0
    assert "1 row of 3 events" in done.output
    assert "never" not in done.output
    assert CliRunner().invoke(cli, ["shell", str(log)], input="| staats\n").exit_code == 2


def test_without_the_library(session: Session, monkeypatch: Any) -> None:
    """Where prompt_toolkit is missing that is said, with the extra that brings it."""
    import builtins

    from splmini.cli._prompt import prompt_session

    real = builtins.__import__

    def missing(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("prompt_toolkit"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(splmini.UnsupportedFeature, match="splmini\\[shell\\]"):
        prompt_session(session)


def test_names_of_files(session: Session) -> None:
    """Quotation marks hold a name together, and on Windows a backslash is part of it; an open one is told."""
    assert file_names("'my logs/a.evtx' b\\ c.evtx", windows=False) == ["my logs/a.evtx", "b c.evtx"]
    assert file_names('"C:\\my logs\\a.evtx" C:\\b.evtx', windows=True) == ["C:\\my logs\\a.evtx", "C:\\b.evtx"]
    assert file_names("a#b.log", windows=False) == ["a#b.log"]
    assert "A quotation mark has to be closed." in session.execute(":events 'a b")
    assert session.failed


def test_a_saved_chart_leaves_no_figure(session: Session, tmp_path: Path) -> None:
    """A chart is written without a window of pyplot's, which would stay open."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    session.execute("* | timechart span=1m count")
    assert "rows written" in session.execute(f":save {tmp_path / 'chart.png'}")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == before
