"""Errors of searches as HTML: what is wrong, the search in colours with a caret, and what to do."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

STYLE = (
    "<style>.splmini-err{border-left:4px solid #d9412b;background:rgba(217,65,43,.08);padding:8px 12px;"
    "font-size:13px;border-radius:0 4px 4px 0;max-width:100%}.splmini-err pre{margin:6px 0;font-size:13px;"
    "font-family:monospace;background:transparent!important;color:inherit;overflow:auto;line-height:1.35;white-space:pre}"
    ".splmini-err .caret{color:#d9412b;font-weight:bold}.splmini-err .hint{opacity:.85}</style>"
)


class ErrorView:
    """An error of a search as it is shown: what is wrong, the search in colours with a caret, and what to do."""

    def __init__(self, error: Any) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"{type(self.error).__name__}: {self.error}"

    def _repr_html_(self) -> str:
        error = self.error
        place = f" <small>line {error.position[0]}, column {error.position[1]}</small>" if error.position else ""
        path = f"<div><code>{escape(str(error.path))}</code></div>" if error.path else ""
        hint = f"<div class='hint'>{escape(error.hint)}</div>" if error.hint else ""
        context = f"<pre>{context_html(error.context)}</pre>" if error.context else ""
        return (
            f"{STYLE}<div class='splmini-err'><strong>{escape(type(error).__name__)}</strong>{place}{path}"
            f"<div>{escape(error.message)}</div>{context}{hint}</div>"
        )


def context_html(context: str) -> str:
    """Return an excerpt of a search, with lines of carets below, as HTML."""
    lines = []
    for line in context.split("\n"):
        bare = line.strip()
        if bare and set(bare) == {"^"}:
            lines.append(f"<span class='caret'>{line}</span>")
        else:
            lines.append(coloured(line))
    return "\n".join(lines)


def coloured(spl: str) -> str:
    """Return a search as HTML in colours; plain where Pygments is missing."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter

        from splmini.highlight import SplLexer
    except ImportError:
        return escape(spl)
    formatter = HtmlFormatter(noclasses=True, nowrap=True, nobackground=True, style=_style())
    lexer = SplLexer(stripnl=False, ensurenl=False)
    return str(highlight(spl, lexer, formatter)).rstrip("\n")


def _style() -> Any:
    """Colours that can be read on white and on black."""
    from pygments.style import Style
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    class SplStyle(Style):  # type: ignore[misc]  # pygments is not typed
        styles = {  # noqa: RUF012 - pygments' way
            Keyword: "bold #3f88d0",
            Keyword.Declaration: "#b0639c",
            Name.Builtin: "#b9770e",
            Name.Function.Magic: "#3a9a66",
            Name.Attribute: "",
            String: "#3a9a66",
            Number: "#b9770e",
            Operator.Word: "bold #b0639c",
            Comment: "italic #8a8f98",
            Name.Variable: "#8064a2",
        }

    return SplStyle


def on_error(shell: Any, kind: type, error: Any, traceback: Any, tb_offset: int | None = None) -> list[str]:
    """Show an SplError that ends a cell; IPython calls it in place of its traceback.

    The cell fails as with any other error, so that a notebook that runs unattended ends there.
    """
    from IPython.display import display

    view = ErrorView(error)
    if is_rich(shell):
        display(view)
        return []
    sys.stderr.write(repr(view) + "\n")
    return []


def is_rich(shell: Any) -> bool:
    """Say whether a shell shows HTML."""
    return getattr(shell, "kernel", None) is not None
