"""The outputlookup command: the results written to a lookup table."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import rows_of
from splmini.commands.arguments.uses import SAME
from splmini.errors import UnknownLookup
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "append": OptionSpec("bool", default=False, doc="Add the results to the rows of the table (true with key_field)."),
    "create_empty": OptionSpec(
        "bool", default=False, doc="Without results, make an empty file; false: no file, and one that is there goes."
    ),
    "override_if_empty": OptionSpec("bool", default=True, doc="Without results, false leaves the table as it is."),
    "max": OptionSpec("int", least=0, default=0, doc="How many rows to write; 0: all."),
    "key_field": OptionSpec("field", doc="The field that holds the key of a KV store's row."),
    "allow_updates": OptionSpec(
        "bool", default=True, doc="Rows of a KV store whose key is there replace what is there."
    ),
    "createinapp": OptionSpec("bool", default=True, doc="Where the file is made; no effect here."),
    "create_context": OptionSpec("enum", choices=("app", "user", "system"), doc="For whom it is made; no effect here."),
    "output_format": OptionSpec(
        "enum",
        default="splunk_sv_csv",
        choices=("splunk_sv_csv", "splunk_mv_csv"),
        doc="How multivalue fields are written to a file: splunk_mv_csv keeps their values.",
    ),
}


@command(
    "outputlookup",
    options=OPTIONS,
    syntax="outputlookup [append=<bool>] [create_empty=<bool>] [override_if_empty=<bool>] [max=<int>] "
    "[key_field=<field>] [allow_updates=<bool>] [createinapp=<bool>] [create_context=<context>] "
    "[output_format=<format>] (<file> | <table>)",
    category="dataset processing",
    names=frozenset({"lookup"}),
    uses=SAME,
    reach="acts",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Outputlookup",
    examples=(Example("| table n | outputlookup numbers.csv", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write the results to a lookup table, and pass them on.

    Later runs see the table once this run ended well; with a `data_dir` it is written there too. With `append=true`
    only the columns that the table has are written. Internal fields other than `_time` and `_key` are left out.
    With `key_field` rows are added, and replace those of a KV store that have their key, unless `append=false`.
    Rows of a KV store have the columns of the definition's `fields_list`, the types of `collections.conf` and a
    `_key`, which is made where none is given. *Null* fields are empty cells. *Multivalue* fields of a KV store keep
    their values; in a file they are joined by blanks, unless `output_format=splunk_mv_csv`. A file whose name ends in
    `.csv.gz` is compressed.

    Without results, a file that is there is removed, a KV store is emptied, and `append=true` changes nothing.

    Memory: all results, until the run ends.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    if len(words) != 1:
        fail(node, "outputlookup needs the name of one table.", words[1] if len(words) > 1 else None)
    options = dict(arguments.options)
    if options["key_field"] is not None and "append" not in arguments.given:
        options["append"] = True
    word = words[0]
    if options["append"] and word.text.lower().endswith(".gz"):
        fail(node, "outputlookup cannot append to a compressed file.", word)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            _check(node, word, ctx)
            _write(word, rows, stream.columns(), options, ctx)
            yield from batched(rows)

        return Stream(batches(), stream.columns)

    return Sequence(name="outputlookup", run=run, node=node, span=node.span)


def _check(node: tree.Command, word: tree.Word, ctx: RunContext) -> None:
    """Fail where the name of a table that is not there is no plain file name."""
    name = word.text
    if (any(separator in name for separator in "/\\\0") or name in (".", "..")) and _columns_of(name, ctx) is None:
        fail(node, f"'{name}' is not the name of a table or a plain file name.", word)


def _write(
    word: tree.Word, rows: list[Row], columns: list[str] | None, options: dict[str, object], ctx: RunContext
) -> None:
    name = word.text
    append = bool(options["append"])
    known = _columns_of(name, ctx)
    how = {"updates": options["allow_updates"], "flat": options["output_format"] == "splunk_sv_csv"}
    if not rows and (append or not options["override_if_empty"] or known is None):
        if options["create_empty"] and known is None:
            ctx.lookups.write(name, [], [], False)
        return
    if not rows:
        ctx.lookups.write(name, [], [], False, remove=not options["create_empty"])
        return
    most = options["max"]
    assert isinstance(most, int)
    names = columns if columns is not None else list(dict.fromkeys(field for row in rows for field in row))
    fields = [field for field in names if not field.startswith("_") or field in ("_time", "_key")]
    written = [{field: row[field] for field in fields if field in row} for row in (rows[:most] if most else rows)]
    key = options["key_field"]
    if isinstance(key, str):
        written = [row | {"_key": row[key]} if key in row else row for row in written]
    ctx.lookups.write(name, written, fields, append, **how)


def _columns_of(name: str, ctx: RunContext) -> list[str] | None:
    """The columns of a table; None where there is no such table."""
    try:
        return ctx.lookups.table(name, reading=False).fields
    except UnknownLookup:
        return None
