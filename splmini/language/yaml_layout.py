"""Formatting the search inside a detection's YAML: every byte but the search's own stays."""

from __future__ import annotations

import re
from typing import Any

from splmini.boundary import boundary
from splmini.errors import KnowledgeError, SplError
from splmini.language.layout import WIDTH, format

KEYS = frozenset({"search"})
"""The top-level keys whose value is a search."""
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@boundary("The layout of the file")
def format_yaml(text: str, path: str | None = None, width: int = WIDTH, keys: frozenset[str] = KEYS) -> str:
    """Return a YAML document with the searches under its top-level `keys` laid out, as literal blocks.

    A search that already has its layout keeps its bytes, as does one that a literal block cannot hold (control
    characters) and everything else in the file.

    Raises:
        KnowledgeError: the text is not YAML, or an alias stands in it.
        SplSyntaxError: a search with an open quote, backtick or comment.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise KnowledgeError("YAML aliases are not allowed.", path=path)
        # the C loader gives byte-exact offsets only for ASCII; the Python loader counts characters
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise KnowledgeError(f"The file is not YAML: {error}.", path=path) from None
    if not isinstance(root, yaml.MappingNode):
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    for key, value in reversed(root.value):
        named = isinstance(key, yaml.ScalarNode) and key.value in keys
        if named and isinstance(value, yaml.ScalarNode) and value.value.strip():
            text = _replace(text, key, value, newline, width, path)
    return text


def _replace(text: str, key: Any, value: Any, newline: str, width: int, path: str | None) -> str:
    try:
        laid_out = format(value.value, width)
    except SplError as error:
        error.path = error.path or path
        raise
    if laid_out == value.value.rstrip("\n") or _UNPRINTABLE.search(laid_out):
        return text
    indent = " " * (key.start_mark.column + 2)
    block = newline.join(indent + line if line else "" for line in laid_out.split("\n"))
    start, end = value.start_mark.index, value.end_mark.index
    # a block scalar's end lies behind its line break and the blank lines that follow it
    tail = re.search(r"\s*\Z", text[start:end])
    end = start + tail.start() if tail else end
    between = text[key.end_mark.index : start]
    head = between[: between.index(":") + 1]
    rest = text[end:]
    if rest and not rest.startswith(("\n", "\r\n")):
        comment = re.match(r"[ \t]*#[^\n]*", rest)
        if comment is None:
            return text
        return (
            text[: key.end_mark.index] + f"{head} |-{comment.group().rstrip()}{newline}{block}" + rest[comment.end() :]
        )
    return text[: key.end_mark.index] + f"{head} |-{newline}{block}" + rest
