"""The Lark parsers: one for each dialect, built when it is first needed.

Each runs with a contextual lexer and makes tree nodes while it reduces (no recursion over parse trees).
"""

from __future__ import annotations

import threading
from typing import Any

from lark import Lark

from splmini.resources import grammar_text

_FILES = {
    "search": ("terminals.lark", "search.lark"),
    "expressions": ("terminals.lark", "expressions.lark", "eval.lark"),
    "aggregation": ("terminals.lark", "expressions.lark", "aggregation.lark"),
    "arguments": ("terminals.lark", "arguments.lark"),
}
_STARTS = {
    "search": ["start"],
    "expressions": ["expression", "assignments"],
    "aggregation": ["aggregations"],
    "arguments": ["arguments"],
}

_lock = threading.RLock()
_built: dict[str, Lark] = {}


def first_level() -> Lark:
    """Return the lexer of `spl.lark`."""
    if "spl" not in _built:
        with _lock:
            _built.setdefault("spl", Lark(grammar_text("spl.lark"), parser=None, lexer="basic", start="start"))
    return _built["spl"]


def dialect(name: str) -> Lark:
    """Return the parser of a dialect: search, expressions, aggregation or arguments."""
    if name not in _built:
        with _lock:
            if name not in _built:
                _built[name] = _build(name)
    return _built[name]


def _build(name: str) -> Lark:
    from splmini.language.nodes import builder

    text = "\n".join(grammar_text(file) for file in _FILES[name])
    options: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "maybe_placeholders": False}
    return Lark(text, start=_STARTS[name], transformer=builder(name), **options)
