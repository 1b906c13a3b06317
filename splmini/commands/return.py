"""The return command: values of a subsearch, handed to the search around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

_BACKSLASH = re.compile(r'\\(?!")')
"""A backslash that does not escape a quotation mark."""
_TWICE = r"\\\\"


@dataclass(frozen=True)
class _Returned:
    """A field that is handed over: under a name, or (`$field`) only its value."""

    field: str
    name: str | None


@command(
    "return",
    any_option=True,
    syntax="return [<count>] [<alias>=<field>...] [<field>...] [$<field>...]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Return",
    examples=(
        Example("| return 2 user", ({"search": '(user="a") OR (user="b")'},), ({"user": "a"}, {"user": "b"})),
        Example("| return $user", ({"search": "a"},), ({"user": "a"}, {"user": "b"})),
        Example(
            "| return 2 user", [{"search": '(user="a") OR (user="b")'}], ({"user": "a"}, {"user": "b"}, {"user": "c"})
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    r"""Turn the first results (one, unless a count says more) into one result with a field `search`.

    `field` gives `field="value"`, `alias=field` gives `alias="value"`, `$field` the value alone; the fields of a
    result are joined by AND, different results by OR. Quotation marks in values are not escaped;
    `eval field=replace(field,"\"","\\\"")` does that before. *Null* fields are left out, of a *multivalue* field each
    value is taken.

    Memory: the results that are counted.
    """
    arguments = read(node, {}, any_option=True, takes=(tree.Word,))
    count, fields = 1, []
    for index, argument in enumerate(node.args):
        if isinstance(argument, tree.Option):
            if not isinstance(argument.value, tree.Word):
                fail(node, "return takes alias=field.", argument)
            fields.append(_Returned(argument.value.text, argument.written or argument.name))
        elif isinstance(argument, tree.Word):
            number = parse_int(argument.text)
            if index == 0 and number is not None and not argument.quoted:
                count = number
                if count < 0:
                    arguments.fail("The number of results is not negative.", argument)
            elif argument.text.startswith("$"):
                fields.append(_Returned(argument.text.strip("$"), None))
            else:
                fields.append(_Returned(argument.text, argument.text))
    if not fields:
        arguments.fail("return needs a field.")

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            texts = []
            for number, row in enumerate(stream.rows()):
                if number >= count:
                    break
                text = _text(row, fields)
                if text and text not in texts:
                    texts.append(text)
            apart = len(texts) > 1 or any(each.name is not None for each in fields)
            yield {"search": " OR ".join(f"({text})" if apart else text for text in texts)}

        return Stream(batched(rows()), _columns)

    return Sequence(name="return", run=run, node=node, span=node.span)


def _columns() -> list[str]:
    return ["search"]


def _text(row: Row, fields: list[_Returned]) -> str:
    parts = []
    for each in fields:
        values = [to_text(item) for item in as_list(row.get(each.field))]
        if each.name is None:
            parts.append(" OR ".join(values))
        elif values:
            texts = [f'{each.name}="{_BACKSLASH.sub(_TWICE, value)}"' for value in values]
            parts.append(texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})")
    return " ".join(part for part in parts if part)
