"""IPython and Jupyter: `%load_ext splmini` gives `%spl` and `%%spl`, completion, errors and progress as HTML.

    %%spl EVENTS [--as NAME] [--env NAME]
    search user=bob | stats count by src

EVENTS is a variable (a frame, a list of dicts, a path) or a path; without it the events of the last call are searched
again. `%spl [EVENTS] SEARCH` is the same on one line. Ctrl-C, or Jupyter's stop button, ends a run and keeps what was
found; a second one breaks it off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import splmini
from splmini.notebook._errors import is_rich, on_error
from splmini.notebook._magics import Magics
from splmini.notebook._text import show


def load(shell: Any) -> None:
    """Add the magics, completion, and the way errors are shown, to an IPython shell."""
    import importlib

    from IPython.core.magic import no_var_expand

    importlib.import_module("splmini.frames")
    magics = Magics(shell)

    @no_var_expand  # type: ignore[untyped-decorator]  # `{x}` and `$x` belong to the search
    def spl(line: str, cell: str | None = None) -> Any:
        return magics.cell(line, cell)

    spl.__doc__ = __doc__
    shell.register_magic_function(spl, magic_kind="line_cell", magic_name="spl")
    shell.set_custom_exc((splmini.SplError,), on_error)
    shell.splmini_magics = magics
    matcher = _matcher(magics)
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        completer.custom_matchers.append(matcher)
        magics.matcher = matcher  # type: ignore[attr-defined]
    if not is_rich(shell):
        shell.display_formatter.formatters["text/plain"].for_type(splmini.Results, show)
    _colour_terminal(shell)


def unload(shell: Any) -> None:
    """Take away what `load` added."""
    magics = getattr(shell, "splmini_magics", None)
    if magics is None:
        return
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("spl", None)
    shell.display_formatter.formatters["text/plain"].type_printers.pop(splmini.Results, None)
    shell.custom_exceptions = ()
    shell.CustomTB = None
    completer = getattr(shell, "Completer", None)
    if completer is not None and magics.matcher in completer.custom_matchers:
        completer.custom_matchers.remove(magics.matcher)
    del shell.splmini_magics


def search_at(full: str, offset: int) -> tuple[str, int] | None:
    """Return the search that an offset of a cell stands in, and the offset in it; None where it stands in none."""
    head = re.match(r"\s*%%spl\b[^\n]*\n", full)
    if head is not None:
        return (full[head.end() :], offset - head.end()) if offset >= head.end() else None
    start = full.rfind("\n", 0, offset) + 1
    stop = full.find("\n", offset)
    line = full[start : len(full) if stop < 0 else stop]
    found = re.match(r"\s*(?:[\w, ]+=\s*)?%spl\s+", line)
    if found is None or offset - start < found.end():
        return None
    return line[found.end() :], offset - start - found.end()


def _matcher(magics: Magics) -> Callable[[Any], Any]:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="splmini")  # type: ignore[untyped-decorator]
    def splmini_matcher(context: Any) -> Any:
        lines = context.full_text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        place = search_at(context.full_text, offset)
        if place is None:
            return {"completions": [], "suppress": False}
        found = magics.completions(*place)
        fragment = place[0][found[0].start : place[1]] if found else context.token
        return {
            "completions": [SimpleCompletion(text=each.text, type=each.kind) for each in found],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    return splmini_matcher  # type: ignore[no-any-return]


def _colour_terminal(shell: Any) -> None:
    """Show the search of a `%%spl` cell in colours while it is typed in a terminal's IPython."""
    lexer = getattr(getattr(shell, "pt_app", None), "lexer", None)
    lexers = getattr(lexer, "magic_lexers", None)
    if lexers is None:
        return
    from prompt_toolkit.lexers import PygmentsLexer

    from splmini.highlight import SplLexer

    lexers["spl"] = PygmentsLexer(SplLexer)


__all__ = ["Magics", "load", "unload"]
