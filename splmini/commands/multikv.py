"""The multikv command: results from the rows of a table in text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from splmini.commands._table_rules import TableRules, read_rules
from splmini.commands.arguments.reading import fail, field_names, read, reading
from splmini.commands.stats import hoisted
from splmini.errors import KnowledgeError, Span, UnsupportedFeature
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import joined

OPTIONS = {
    "conf": OptionSpec("string", doc="A stanza of the apps' multikv.conf, which describes the table."),
    "copyattrs": OptionSpec("bool", default=True, doc="Copy the fields of the original to each new result."),
    "forceheader": OptionSpec("int", doc="The line, counted from 1, that holds the names of the columns."),
    "multitable": OptionSpec("bool", default=True, doc="Whether a blank line may be followed by another table."),
    "noheader": OptionSpec("bool", default=False, doc="The table has no names; columns are Column_1, Column_2 …"),
    "rmorig": OptionSpec("bool", default=True, doc="Leave the original out where rows were found in it."),
}


@dataclass(frozen=True)
class Table:
    """How a table is read."""

    header: int | None
    headless: bool
    several: bool

    def rows(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield each row's text and its cells by column name."""
        lines = text.splitlines()
        if self.headless:
            yield from _body(lines, None)
        elif self.header is not None:
            filled = [line for line in lines if line.strip()]
            if self.header <= len(filled):
                yield from _body(filled[self.header :], filled[self.header - 1])
        else:
            for block in _blocks(lines) if self.several else [lines]:
                start = _find_header(block)
                if start is not None:
                    yield from _body(block[start + 1 :], block[start])


@command(
    "multikv",
    options=OPTIONS,
    clauses=("fields", "filter"),
    syntax="multikv [conf=<stanza>] [copyattrs=<bool>] [fields <field-list>] [filter <string-list>] "
    "[forceheader=<int>] [multitable=<bool>] [noheader=<bool>] [rmorig=<bool>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multikv",
    examples=(
        Example("| multikv | table PID CMD", ({"PID": "1", "CMD": "init"},), ({"_raw": "PID  CMD\n1    init"},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give a result for each row of the table in `_raw`, with a field for each column.

    Without `forceheader` or `noheader` the names are taken from the first line of a table that is all upper case, or
    else the first without numbers that is followed by a line of as many columns. Columns are separated by tabs or two
    and more blanks, or, where those do not give as many columns as names, by single blanks, the last column taking the
    rest. Other characters in names become `_`. `fields` limits the columns; `filter` keeps the rows that hold one of
    the texts; options may follow the lists. `forceheader` counts the lines that are not empty. `_raw` of a new result
    is its row; with `copyattrs=f` it has no other field of its event, not even `_time`. With `rmorig=f` the event
    follows its rows.

    `conf` names a stanza of the apps' multikv.conf, which says where the sections of the table begin and end and how
    their lines are cut; its `_align_` is UnsupportedFeature.

    *Null*: a result without `_raw`, or in which no table is found, passes unchanged.

    A *multivalue* `_raw` does not occur: it is one text.
    """
    arguments = read(hoisted(node, "fields", "filter"), OPTIONS, clauses=("fields", "filter"), takes=())
    conf, own = arguments.given.get("conf"), [name for name in _OF_TABLES if name in arguments.given]
    if conf is not None and own:
        fail(node, f"{own[0]} does not go with conf=.", arguments.given[own[0]])
    header = arguments["forceheader"]
    if header is not None and header < 1:
        fail(node, "forceheader counts lines from 1.", arguments.given["forceheader"])
    wanted = frozenset(field_names(arguments.clause("fields")))
    texts = field_names(arguments.clause("filter"))
    table = Table(header, arguments["noheader"], arguments["multitable"])
    copy, remove = arguments["copyattrs"], arguments["rmorig"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        rows = table.rows if conf is None else _described(ctx, arguments["conf"], conf.span).rows

        def multikv(batch: Batch) -> Batch:
            result: Batch = []
            for row in batch:
                raw = row.get("_raw")
                found = [] if raw is None else list(rows(joined(raw)))
                result.extend(_results(row, found, texts, wanted, copy))
                if not found or not remove:
                    result.append(row)
            return result

        return multikv

    return Streaming(
        name="multikv", bind=bind, requires=reading(frozenset({"_raw"})), columns=unknown, node=node, span=node.span
    )


_OF_TABLES = ("forceheader", "noheader", "multitable")


def _described(ctx: RunContext, called: str, span: Span) -> TableRules:
    """Return what a stanza of multikv.conf describes."""
    settings = ctx.apps.stanza("multikv", called)
    if settings is None:
        raise KnowledgeError(f"There is no multikv stanza '{called}'.", name=called, span=span)
    try:
        return read_rules(settings, called)
    except (KnowledgeError, UnsupportedFeature) as error:
        error.span = span
        raise


def _results(
    row: Row, found: Sequence[tuple[str, dict[str, str]]], texts: Sequence[str], wanted: frozenset[str], copy: bool
) -> Iterator[Row]:
    for line, cells in found:
        if texts and not any(text in line for text in texts):
            continue
        result = dict(row) if copy else {}
        result["_raw"] = line
        result.update(cells if not wanted else {name: value for name, value in cells.items() if name in wanted})
        yield result


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut lines at blank ones; a block without a header belongs to the one before."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block and _find_header(block) is not None:
            yield block
            block = []
    if block:
        yield block


def _find_header(lines: Sequence[str]) -> int | None:
    candidates = [index for index, line in enumerate(lines[:-1]) if len(line.split()) > 1]
    for index in candidates:
        line = lines[index]
        if line == line.upper() and re.search("[A-Z]", line) and not re.search(r"(?<!\S)[\d.]+(?!\S)", line):
            return index
    for index in candidates:
        words = lines[index].split()
        if not any(re.fullmatch(r"[\d.,:%-]+", word) for word in words) and len(lines[index + 1].split()) >= len(words):
            return index
    return None


def _body(lines: Sequence[str], header: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    names = None if header is None else [re.sub(r"\W+", "_", name) for name in _cells(header)]
    for line in lines:
        if not line.strip() or re.fullmatch(r"[\s=+|-]+", line):
            continue
        cells = _cells(line)
        if names is not None and len(cells) != len(names):
            cells = line.split(None, len(names) - 1)
        labels = names if names is not None else [f"Column_{number}" for number in range(1, len(cells) + 1)]
        yield line, {name: cell.strip() for name, cell in zip(labels, cells, strict=False) if name and cell.strip()}


def _cells(line: str) -> list[str]:
    stripped = line.strip()
    return re.split(r"\s*\t\s*|\s{2,}", stripped) if re.search(r"\t|\s{2}", stripped) else stripped.split()
