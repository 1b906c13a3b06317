"""The layout formatter."""

from __future__ import annotations


def format(text: str) -> str:
    """Lay a search out."""
    return text
