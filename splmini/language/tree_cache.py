"""Trees of many texts at once, from the user's cache: the packs' event types and calculations, at every start.

What is kept is plain data: a node is a list of its kind, its span and its fields; only the kinds of `tree` are made
from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from splmini.caching import cached
from splmini.errors import Span, SplError
from splmini.language import tree

FEWEST = 16
"""Fewer texts than this are parsed sooner than a file is read."""
_DEPENDS = ("language", "compiler", "functions/eval", "../grammar", "grammar")
"""Folders of modules and grammars on which it depends what a text is parsed to, and whether it is accepted."""


def kept_trees(name: str, texts: Iterable[str], parse: Callable[[str], tree.Node | str]) -> dict[str, tree.Node]:
    """Return the trees of texts that nothing but their parsing decides on; without those that `parse` refuses.

    Args:
        name: what the texts are, for the file's name.
        texts: without macros, whose definitions may change.
        parse: raises SplError, or returns a text, for what is refused.
    """
    wanted = sorted(set(texts))
    stamp = _stamp()
    if len(wanted) < FEWEST or not stamp:
        return {}
    made: dict[str, tree.Node] = {}

    def packed() -> list[Any]:
        for text in wanted:
            try:
                node = parse(text)
            except SplError:
                continue
            if isinstance(node, tree.Node):
                made[text] = node
        return [[text, pack(node)] for text, node in made.items()]

    try:
        found = cached(f"trees-{name}", (*stamp, *wanted), packed)
        return made or {text: unpack(data) for text, data in found}
    except (RecursionError, LookupError, TypeError, ValueError):  # too deep for a file, or a file that is none of ours
        return made


@lru_cache(maxsize=1)
def _stamp() -> tuple[str, ...]:
    """What tells one state of the parsers from another; nothing where they are no files."""
    package = Path(__file__).resolve().parent.parent
    found = sorted(each for folder in _DEPENDS for each in _files(package / folder))
    return tuple(f"{name} {size} {changed}" for name, size, changed in found)


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".lark")):
                    status = entry.stat()
                    yield f"{folder.name}/{entry.name}", status.st_size, status.st_mtime_ns
    except OSError:  # a zipped package, or one laid out otherwise
        return


# ---- nodes as plain data -------------------------------------------------------------------------------------------

_KINDS: dict[str, tuple[type[tree.Node], tuple[str, ...]]] = {
    kind.__name__: (kind, tuple(each.name for each in fields(kind) if each.name != "span"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and issubclass(kind, tree.Node) and kind is not tree.Node
}


def pack(value: Any) -> Any:
    """Return a node, or what a node's field holds, as plain data.

    >>> pack(tree.Term("a"))
    ['Term', -1, -1, 'a', False]
    """
    if isinstance(value, tree.Node):
        kind = type(value).__name__
        values = [pack(getattr(value, name)) for name in _KINDS[kind][1]]
        return [kind, value.span.start, value.span.end, *values]
    if isinstance(value, tuple):
        return [None, *map(pack, value)]
    return value


def unpack(data: Any) -> Any:
    """Return what `pack` was given; raises KeyError, TypeError or ValueError for what it did not give."""
    if not isinstance(data, list):
        return data
    head = data[0]
    if head is None:
        return tuple(map(unpack, data[1:]))
    kind, names = _KINDS[head]
    made = dict(zip(names, map(unpack, data[3:]), strict=True))
    return kind(**made, span=Span(data[1], data[2]))
