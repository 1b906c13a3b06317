"""YAML from strangers: no aliases, no tags, no surprises; every value knows the line and column where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from splmini.errors import KnowledgeError

_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """The safe loader, to which a date is text: content holds dates that no calendar has."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Safe.yaml_implicit_resolvers.items()
}


class _PlainLoader(_Loader):
    """To which only true and false are truth values: `off`, `no` and `yes` are the words that they look like."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile("true|false|True|False|TRUE|FALSE") if tag == "tag:yaml.org,2002:bool" else pattern)
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
    ]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}

MAX_BYTES = 16 << 20
"""The largest document that is read."""

Key = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Document:
    """A YAML document: `data`, and where each value stands: `positions[("tests", 0, "name")] == (line, column)`."""

    data: Any
    path: str
    positions: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, compare=False)
    keys: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, compare=False)
    """Where the keys themselves stand."""
    text: str = field(default="", compare=False, repr=False)

    def error(self, message: str, *key: str | int, hint: str | None = None) -> KnowledgeError:
        """Return an error about the value at `key`, or about the nearest value above it."""
        at = key
        while at and at not in self.positions:
            at = at[:-1]
        return self._placed(message, self.positions.get(at, (1, 1)), hint)

    def key_error(self, message: str, *key: str | int, hint: str | None = None) -> KnowledgeError:
        """Return an error about a key itself."""
        return self._placed(message, self.keys.get(key, (1, 1)), hint)

    def _placed(self, message: str, position: tuple[int, int], hint: str | None) -> KnowledgeError:
        context = snippet(self.text, position)
        return KnowledgeError(message, path=self.path, position=position, hint=hint, context=context)


MOST_SHOWN = 160
"""Characters of a line that a snippet shows."""


def snippet(text: str, position: tuple[int, int]) -> str | None:
    """Return the line of a text at a position, with a caret below; None where there is nothing to show.

    >>> print(snippet("a: 1\\nb: [", (2, 4)))
    b: [
       ^
    """
    lines = text.splitlines()
    line, column = position
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if not shown.strip() or len(shown) > MOST_SHOWN:
        return None
    return f"{shown}\n{' ' * (column - 1)}^"


def load_data(text: str, path: str = "<text>", *, plain: bool = False) -> Any:
    """Parse one YAML document to its data alone; refuses what `load_document` refuses, but for repeated keys."""
    with _composed(text, path, plain) as (loader, node):
        return None if node is None else loader.construct_document(node)


def load_document(text: str, path: str = "<text>", *, plain: bool = False) -> Document:
    """Parse one YAML document; with `plain`, only true and false are truth values, as in YAML 1.2.

    Raises:
        KnowledgeError: where the text is not YAML, uses aliases, repeats a key or is too large.

    >>> load_document("a: [1, b]").positions[("a", 1)]
    (1, 8)
    """
    positions: dict[tuple[str | int, ...], tuple[int, int]] = {}
    keys: dict[tuple[str | int, ...], tuple[int, int]] = {}
    with _composed(text, path, plain) as (loader, node):
        data = None
        if node is not None:
            _collect(node, (), positions, keys, path)  # before merge keys are resolved, which changes the nodes
            data = loader.construct_document(node)
    return Document(data, path, positions, keys, text)


@contextmanager
def _composed(text: str, path: str, plain: bool) -> Iterator[tuple[Any, Any]]:
    """Parse a text once: the loader and the nodes, none of which is there twice (an alias)."""
    if len(text) > MAX_BYTES:
        raise KnowledgeError(f"The document is larger than {MAX_BYTES:,} bytes.", path=path)
    with _yaml_errors(path, text):
        loader = (_PlainLoader if plain else _Loader)(text)
        try:
            try:
                node = loader.get_single_node()
            except yaml.YAMLError:
                _refuse_aliases(text, path)
                raise
            if node is not None and _is_shared(node):
                _refuse_aliases(text, path)
            yield loader, node
        finally:
            loader.dispose()


def _is_shared(node: Any) -> bool:
    """Say whether a node, or one below it, stands in several places: an alias stands for it there."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            return True
        seen.add(id(each))
        if isinstance(each, yaml.MappingNode):
            waiting.extend(part for pair in each.value for part in pair)
        elif isinstance(each, yaml.SequenceNode):
            waiting.extend(each.value)
    return False


@contextmanager
def _yaml_errors(path: str, text: str) -> Iterator[None]:
    """Turn what PyYAML raises into a KnowledgeError with its place in the file."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        begun = error.context_mark  # what is open at the end of a file says more than its end
        context = snippet(text, position)
        if context is None and begun:
            context = snippet(text, (begun.line + 1, begun.column + 1))
        message = f"Not YAML: {error.problem or error.context}."
        raise KnowledgeError(message, path=path, position=position, context=context) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # TypeError: a sequence of pairs as a key, of which PyYAML makes no value
        told = (str(error) or type(error).__name__).splitlines()[0]
        raise KnowledgeError(f"Not YAML: {told}.", path=path, position=(1, 1)) from None


def _refuse_aliases(text: str, path: str) -> None:
    """Raise where the first alias stands."""
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise KnowledgeError("YAML aliases are not allowed.", path=path, position=position)


def _collect(
    node: Any,
    key: tuple[str | int, ...],
    positions: dict[tuple[str | int, ...], tuple[int, int]],
    keys: dict[tuple[str | int, ...], tuple[int, int]],
    path: str,
) -> None:
    positions.setdefault(key, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            at = (*key, str(name.value))
            if at in positions:
                mark = name.start_mark
                raise KnowledgeError(
                    f"The key '{name.value}' stands twice.", path=path, position=(mark.line + 1, mark.column + 1)
                )
            keys[at] = (name.start_mark.line + 1, name.start_mark.column + 1)
            _collect(value, at, positions, keys, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*key, index), positions, keys, path)
