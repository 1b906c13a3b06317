"""The strcat command: concatenate fields and texts."""

from __future__ import annotations

from collections.abc import Callable

from splmini.budget import grows
from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import joined

OPTIONS = {
    "allrequired": OptionSpec("bool", default=False, doc="Write nothing where one of the source fields is null.")
}


@command(
    "strcat",
    options=OPTIONS,
    syntax="strcat [allrequired=<bool>] <source>... <dest-field>",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Strcat",
    examples=(
        Example('| strcat host "/" port at', ({"host": "h", "port": 80, "at": "h/80"},), ({"host": "h", "port": 80},)),
        Example(
            '| strcat allrequired=true user "@" host who',
            [{"user": "bob", "host": "ws1", "who": "bob@ws1"}, {"user": "eve"}],
            ({"user": "bob", "host": "ws1"}, {"user": "eve"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Concatenate fields and texts (in double quotation marks) into the last field named.

    *Null*: a source that is null counts as empty, or, with `allrequired=true`, keeps the field from being written.
    *Multivalue*: the values are joined by line breaks.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if len(arguments.words) < 3:
        fail(node, "strcat needs at least two sources and the field to write.")
    *sources, target = arguments.words
    parts = [(word.text, word.quoted == '"') for word in sources]
    name, all_required = target.text, arguments["allrequired"]
    fields = frozenset(text for text, literal in parts if not literal)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def strcat(batch: Batch) -> Batch:
            for row in batch:
                if all_required and not fields <= row.keys():
                    continue
                texts = [text if literal else joined(row.get(text)) for text, literal in parts]
                grows(sum(map(len, texts)))
                row[name] = "".join(texts)
            return batch

        return strcat

    written = () if all_required else (name,)  # where nothing is written the field keeps its value
    return Streaming(
        name="strcat",
        one_to_one=True,
        pure=True,
        bind=bind,
        requires=reading(fields, written),
        columns=appended(name),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )
