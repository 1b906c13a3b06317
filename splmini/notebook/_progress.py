"""Progress of long runs."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import Any


class Progress:
    """Shows how many events were read: a bar in a notebook, a line in a terminal. Nothing for what ends at once."""

    def __init__(self, total: int | None, rich: bool, wait: float = 0.7, every: float = 0.2) -> None:
        self.total = total
        self.rich = rich
        self.wait = wait
        self.every = every
        self.started = self.shown = time.monotonic()
        self.handle: Any = None
        self.visible = False

    def __call__(self, count: int) -> None:
        """Take in how many events were read so far."""
        now = time.monotonic()
        if now - self.started < self.wait or now - self.shown < self.every:
            return
        self.shown = now
        self.show(count, now - self.started)

    def show(self, count: int, seconds: float) -> None:
        """Show the figures."""
        self.visible = True
        if not self.rich:
            sys.stderr.write("\r" + progress_text(count, self.total, seconds) + " ")
            sys.stderr.flush()
            return
        from IPython.display import HTML, display

        page = HTML(progress_html(count, self.total, seconds))
        if self.handle is None:
            self.handle = display(page, display_id=True)
        else:
            self.handle.update(page)

    def close(self) -> None:
        """Take the bar away."""
        if not self.visible:
            return
        if self.handle is not None:
            from IPython.display import HTML

            self.handle.update(HTML(""))
        elif not self.rich:
            sys.stderr.write("\r" + " " * 70 + "\r")


def progress_text(count: int, total: int | None, seconds: float) -> str:
    """Say how far a run is.

    >>> progress_text(5000, 20000, 2.0)
    '5,000 of 20,000 events (25%), 2,500 a second'
    """
    of = f" of {total:,}" if total else ""
    part = f" ({100 * min(1.0, count / total):.0f}%)" if total else ""
    return f"{count:,}{of} events{part}, {count / max(seconds, 1e-9):,.0f} a second"


def progress_html(count: int, total: int | None, seconds: float) -> str:
    """Return a bar, full as far as that is known, with the figures."""
    part = min(1.0, count / total) if total else None
    width = f"{100 * part:.1f}%" if part is not None else "100%"
    stripes = (
        "#2f7ed8"
        if part is not None
        else "repeating-linear-gradient(45deg,#2f7ed8,#2f7ed8 10px,#5b9de0 10px,#5b9de0 20px)"
    )
    return (
        "<div class='splmini-progress' style='font-size:13px'><div style='height:8px;max-width:480px;border-radius:4px;"
        "background:rgba(128,128,128,.25);overflow:hidden'><div style='height:100%;"
        f"width:{width};background:{stripes}'></div></div><div style='opacity:.8;margin-top:3px'>"
        f"{escape(progress_text(count, total, seconds))} · stop keeps what was found</div></div>"
    )
