"""The Lark parsers: one for each dialect, built when it is first needed.

Each runs with a contextual lexer and makes tree nodes while it reduces (no recursion over parse trees). The tables of
a parser, which take 6 to 27 ms to compute and 1 to 3 to load, are kept in the user's cache.
"""

from __future__ import annotations

import threading
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from splmini.caching import cached
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
            if "spl" not in _built:
                _built["spl"] = _loaded("spl", grammar_text("spl.lark"), {"lexer": "basic", "start": ["start"]})
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
    options = {"lexer": "contextual", "maybe_placeholders": False, "start": _STARTS[name]}
    return _loaded(name, text, options, transformer=builder(name))


def _loaded(name: str, text: str, options: dict[str, Any], **own: Any) -> Lark:
    """Return a LALR parser, its tables computed or from the cache; `own` are options that tables do not depend on."""

    def tables() -> Any:
        made = Lark(text, parser="lalr", **options)
        return _small_numbers(list(made.memo_serialize([TerminalDef, Rule])))

    def loaded(kept: Any) -> Lark:
        data, memo = kept
        parser: Lark = Lark._load_from_dict(data, memo, **own)  # type: ignore[no-untyped-call]
        return parser

    made_from = (lark.__version__, text, repr(sorted(options.items())))
    parser: Lark = cached(f"grammar-{name}", made_from, tables, loaded)
    return parser


_MOST = 1 << 62


def _small_numbers(value: Any) -> Any:
    """Return plain data whose numbers fit into 64 bits: the widths of patterns without an end do not."""
    if isinstance(value, dict):
        return {_small_numbers(key): _small_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_small_numbers(item) for item in value]
    return _MOST if value.__class__ is int and value > _MOST else value
