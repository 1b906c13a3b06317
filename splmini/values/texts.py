"""Texts as messages and reports show them."""

from __future__ import annotations


def shortened(text: str, width: int) -> str:
    """Return a text of at most `width` characters: as it is, or its start and an ellipsis.

    >>> shortened("certutil.exe", 12), shortened("certutil.exe -urlcache", 12)
    ('certutil.exe', 'certutil.ex…')
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def printable(text: str, kept: str = "") -> str:
    r"""Return a text with characters that are not printable (control characters, marks of direction) as escapes, but
    for those that are to be kept.

    >>> print(printable("a\x1b[2Jb\n", "\n"), end="")
    a\x1b[2Jb
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in kept else repr(each)[1:-1] for each in text)
