"""The map command: a search for each result, with the result's values in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

OPTIONS = {
    "search": OptionSpec("string", doc="The search, with $field$ where values go."),
    "maxsearches": OptionSpec(
        "int", least=0, doc="How many searches to run (default: limits map_maxsearches, 10); 0: none."
    ),
}

_TOKEN = re.compile(r"\$([^$\s]+)\$")


@command(
    "map",
    options=OPTIONS,
    raw_subsearch=True,
    syntax="map (<saved search> | search=<string> | <subsearch>) [maxsearches=<int>]",
    category="dataset processing",
    rereads=True,
    reach="searches",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Map",
    examples=(
        Example(
            '| stats count by user | map search="| makeresults | eval u=\\"$user$\\" | table u"',
            ({"u": "a"}, {"u": "b"}),
            ({"user": "a"}, {"user": "b"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a search once for each result and give the results of all of them.

    `$field$` in the search stands for the result's value, `$_serial_id$` for the number of the search, from 1. Quotes
    and backslashes in a value are escaped where it stands inside quotes. At most `maxsearches` results are looked at;
    a message says where that cut. A result that lacks a field of the search (*null*) runs none, and a message names
    it. Of a *multivalue* field the values are joined by blanks.

    Memory: one result at a time, and what its search takes.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.RawSubsearch))
    templates = [each for each in arguments.positional if isinstance(each, tree.RawSubsearch)]
    given = [*templates, *arguments.words, *([arguments.given["search"]] if arguments["search"] is not None else [])]
    if len(given) != 1:
        fail(node, 'map needs one search: search="…", a subsearch, or the name of a saved search.')
    # inside brackets the first word is a command
    text = f"| {templates[0].text.strip().removeprefix('|')}" if templates else arguments["search"]
    name = arguments.words[0].text if arguments.words else None
    if text is not None:
        _check(text, scope, given[0])

    def run(stream: Stream, ctx: RunContext) -> Stream:
        most = arguments["maxsearches"]
        limit = ctx.limits.map_maxsearches if most is None else most
        template = text if name is None else ctx.apps.saved_search(name, arguments.words[0].span)

        def batches() -> Iterator[Batch]:
            for number, row in enumerate(stream.rows(), 1):
                if number > limit:
                    ctx.message(
                        "warn", "map", f"map ran {limit} searches and left the other results out (maxsearches)."
                    )
                    return
                filled = substituted(template, row | {"_serial_id": number}, ctx)
                if filled is not None:
                    yield from _placed(filled, ctx, given[0])

        return Stream(batches())

    return Sequence(name="map", run=run, node=node, span=node.span)


def _check(template: str, scope: BuildScope, at: tree.Node) -> None:
    """Raise what is wrong with a search whatever its fields hold: what two fillings have in common."""
    found = []
    for filling in ("1", "x7"):
        try:
            scope.build(scope.parse(_TOKEN.sub(filling, template)))
        except SplError as error:
            found.append(error)
    if len(found) == 2 and str(found[0].message) == str(found[1].message):
        raise _at(found[0], at)


def _placed(text: str, ctx: RunContext, at: tree.Node) -> Iterator[Batch]:
    """Run a search; what goes wrong in it is an error at the node that holds it."""
    try:
        yield from ctx.run(ctx.parse(text)).batches
    except SplError as error:
        _at(error, at)
        raise


def _at(error: SplError, node: tree.Node) -> SplError:
    """Return an error of another text with the place of a node of this one."""
    error.span, error.position, error.context = node.span, None, None
    return error


def substituted(template: str, row: Row, ctx: RunContext) -> str | None:
    """Return the search with a row's values in it; None where the row lacks one of its fields."""
    missing = [match[1] for match in _TOKEN.finditer(template) if row.get(match[1]) is None]
    if missing:
        ctx.message("warn", "map", f"Results without the field {missing[0]} ran no search.")
        return None

    def value(match: re.Match[str]) -> str:
        text = " ".join(to_text(item) for item in as_list(row[match[1]]))
        quoted = template.count('"', 0, match.start()) - template.count('\\"', 0, match.start())
        return text.replace("\\", "\\\\").replace('"', '\\"') if quoted % 2 else text

    return _TOKEN.sub(value, template)
