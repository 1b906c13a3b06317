"""The shell in a terminal: prompt_toolkit reads statements, with history, completion, colours; long output is paged."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import splmini
from splmini.cli._output import KEPT, say, styled
from splmini.cli._session import COMMANDS, Quit, Session, is_finished
from splmini.values.texts import printable

KINDS = {
    "command": "ansiblue",
    "function": "ansiyellow",
    "option": "ansicyan",
    "macro": "ansigreen",
    "field": "",
    "clause": "ansimagenta",
}


def interact(session: Session) -> int:
    """Read statements and run them until the user leaves; returns the exit code."""
    prompt = prompt_session(session)
    files = f"{len(session.files)} file{'' if len(session.files) == 1 else 's'}"
    say(f"splmini {splmini.__version__}, {files}; :help lists the commands, Ctrl-D leaves.")
    while True:
        try:
            text = prompt.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return 0
        try:
            show(session.execute(text), session.failed)
        except Quit:
            return 0
        except KeyboardInterrupt:
            say("interrupted", err=True)
        except OSError as error:
            say(f"{error}", err=True)


def show(output: str, failed: bool = False) -> None:
    """Show output, in a pager where it does not fit the terminal."""
    if failed:
        say(styled(output, "red"), nl=False, err=True)
    elif output.count("\n") >= shutil.get_terminal_size((80, 24)).lines and sys.stdout.isatty():
        click.echo_via_pager(printable(output, KEPT))
    else:
        say(output, nl=False)


def history_path() -> Path | None:
    """Where the history is kept; None where there is no such place."""
    named = os.environ.get("SPLMINI_HISTORY")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME")
    folder = (Path(base) if base else Path.home() / ".local" / "state") / "splmini"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / "history"


def prompt_session(session: Session) -> Any:
    """Return the prompt; raises UnsupportedFeature where prompt_toolkit is missing."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.lexers import PygmentsLexer

        from splmini.highlight import SplLexer
    except ImportError as error:
        raise splmini.UnsupportedFeature(
            "The shell needs prompt_toolkit and Pygments, which are not installed.",
            name="prompt_toolkit",
            hint="Install splmini[shell].",
        ) from error
    path = history_path()
    return PromptSession(
        message="spl> ",
        multiline=True,
        prompt_continuation=_continuation,
        history=InMemoryHistory() if path is None else FileHistory(str(path)),
        lexer=PygmentsLexer(SplLexer),
        completer=completer(session),
        complete_while_typing=False,
        key_bindings=_keys(),
        enable_open_in_editor=True,
        bottom_toolbar=_toolbar,
    )


def _continuation(width: int, line: int, wrapped: bool) -> str:
    return "... ".rjust(width)


def _toolbar() -> str:
    return " Tab completes · Enter runs · Alt-Enter starts a line · :help "


def _keys() -> Any:
    """Enter runs what is finished and else starts a line; Alt-Enter always starts one."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")  # type: ignore[untyped-decorator]
    def on_enter(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif is_finished(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @keys.add("escape", "enter")  # type: ignore[untyped-decorator]
    def on_alt_enter(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("tab")  # type: ignore[untyped-decorator]
    def on_tab(event: Any) -> None:
        complete(event.current_buffer)

    return keys


def complete(buffer: Any) -> None:
    """Insert what is sure; where there is a choice, show it, and go through it."""
    from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix

    if buffer.complete_state is not None:
        buffer.complete_next()
        return
    found = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
    if len(found) == 1:
        buffer.apply_completion(found[0])
        return
    common = get_common_complete_suffix(buffer.document, found)
    if common:
        buffer.insert_text(common)
    elif found:
        buffer.start_completion(select_first=False)


def completer(session: Session) -> Any:
    """Return a completer of searches, and of the commands with a colon."""
    from prompt_toolkit.completion import Completer, Completion

    class SplCompleter(Completer):  # type: ignore[misc]  # prompt_toolkit is not checked
        """Offers what may stand at the cursor."""

        def get_completions(self, document: Any, event: Any) -> Iterator[Any]:
            """Yield completions."""
            text = document.text_before_cursor
            if text.lstrip().startswith(":") and " " not in text.strip():
                word = text.strip()[1:]
                for name, found in COMMANDS.items():
                    if name.startswith(word):
                        meta = (found.__doc__ or "").partition(" - ")[2]
                        yield Completion(name, -len(word), display_meta=meta)
                return
            offset = len(document.text_before_cursor)
            for each in splmini.complete(document.text, offset, session.environment, session.known_names()):
                yield Completion(
                    each.text, each.start - offset, display_meta=each.doc or each.kind, style=KINDS.get(each.kind, "")
                )

    return SplCompleter()
