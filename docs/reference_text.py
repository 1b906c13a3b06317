"""Markdown helpers of the generated reference: tables, docstrings, results."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CODE = re.compile(r"(`+.*?`+)", re.DOTALL)
SIGNATURE = re.compile(r"^((?:`[^`]+`|\w+\([^:]*?\)|[\w<>]+\([^)]*\))(?:, (?:`[^`]+`|[\w<>]+\([^)]*\)))*): ", re.DOTALL)


def prose(text: str) -> str:
    """Return a docstring as Markdown: `<name>` outside of code shows as written."""
    parts = CODE.split(inspect.cleandoc(text))
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


def summary(doc: str) -> str:
    """Return the first sentence of a docstring, without the signature before it."""
    first = inspect.cleandoc(doc).partition("\n\n")[0].replace("\n", " ")
    _, text = signature(first)
    return prose(re.split(r"(?<=[.;:]) |(?<=\.)$", text, maxsplit=1)[0].rstrip(";: "))


def signature(doc: str) -> tuple[str, str]:
    """Split `name(<x>): what it does` into the signature and the rest; no signature where there is none."""
    text = inspect.cleandoc(doc)
    found = SIGNATURE.match(text)
    return (found[1].replace("`", ""), text[found.end() :]) if found else ("", text)


def sections(doc: str) -> dict[str, str]:
    """Split a docstring into what it does, its null and multivalue rules and its memory, by how paragraphs begin."""
    parts: dict[str, list[str]] = {"does": [], "values": [], "memory": []}
    for paragraph in inspect.cleandoc(doc).split("\n\n"):
        kind = "does"
        if paragraph.startswith(("*Null*", "*Multivalue*")):
            kind = "values"
            paragraph, _, memory = paragraph.partition(" Memory: ")
            if memory:
                parts["memory"].append(memory[0].upper() + memory[1:])
        elif paragraph.startswith("Memory: "):
            kind = "memory"
            paragraph = paragraph[8].upper() + paragraph[9:]
        parts[kind].append(paragraph)
    return {kind: "\n\n".join(map(prose, texts)) for kind, texts in parts.items()}


def cell(value: Any) -> str:
    """Return a value as the text of a table's cell; the values of a multivalue field stand below each other."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "<br>".join(map(cell, value))
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if not text:
        return "(empty)"
    for old, new in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "&#124;"),
        ("*", "&#42;"),
        ("_", "&#95;"),
        ("`", "&#96;"),
        ("\\", "&#92;"),
        ("[", "&#91;"),
        ("\n", "<br>"),
    ):
        text = text.replace(old, new)
    return text


def code(text: str) -> str:
    """Return text as code inside a table."""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return fence + pad + text.replace("|", "\\|").replace("\n", " ") + pad + fence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of cells that are Markdown already."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def rows_table(rows: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> str:
    """Return rows as a Markdown table; columns in the order given, or as first seen."""
    names = list(fields) or list(dict.fromkeys(name for row in rows for name in row))
    if not rows:
        return "No rows."
    if not names:
        return f"{len(rows)} rows without fields."
    return table([cell(name) for name in names], ([cell(row.get(name)) for name in names] for row in rows))


def syntax(text: str) -> str:
    """Return a syntax as a code block, long lines broken between its parts."""
    lines = textwrap.wrap(text, 88, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return fenced("\n".join(lines))


def facts_table(facts: Sequence[Sequence[str]]) -> str:
    """Return facts about a thing as a table whose first row is its head."""
    return table(facts[0], facts[1:])


def fenced(text: str, language: str = "text") -> str:
    """Return text as a code block."""
    return f"```{language}\n{text.rstrip()}\n```"
