"""Texts as messages and reports show them."""

from __future__ import annotations


def shortened(text: str, width: int) -> str:
    """Return a text of at most `width` characters: as it is, or its start and an ellipsis.

    >>> shortened("certutil.exe", 12), shortened("certutil.exe -urlcache", 12)
    ('certutil.exe', 'certutil.ex…')
    """
    return text if len(text) <= width else text[: width - 1] + "…"
