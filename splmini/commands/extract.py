"""The extract command: fields from key=value text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json
from splmini.values.keyvalue import clean_key, delimited_pairs, key_value_pairs
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "clean_keys": OptionSpec("bool", default=True, doc="Turn what is no letter, digit or _ in keys to _."),
    "kvdelim": OptionSpec("string", doc="The characters that stand between a key and its value."),
    "pairdelim": OptionSpec("string", doc="The characters that stand between two pairs."),
    "limit": OptionSpec("int", default=50, doc="How many keys to extract from a result; 0 extracts all."),
    "maxchars": OptionSpec("int", default=10240, doc="How many characters to look at; 0 looks at all."),
    "mv_add": OptionSpec("bool", default=False, doc="Collect the values of a key that comes again."),
    "auto": OptionSpec("bool", default=True, doc="Extract pairs by itself where no delimiters are given."),
    "reload": OptionSpec("bool", default=False, doc="Reload props.conf and transforms.conf; no effect here."),
    "segment": OptionSpec("bool", default=False, doc="Write where pairs are to _raw; no effect here."),
}
Pairs = Callable[[str], Iterator[tuple[str, str]]]


@command(
    "extract",
    options=OPTIONS,
    syntax="extract [<stanza> ...] [pairdelim=<string> kvdelim=<string>] [clean_keys=<bool>] [limit=<int>] "
    "[maxchars=<int>] [mv_add=<bool>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Extract",
    examples=(
        Example('| extract pairdelim=";" kvdelim=":"', ({"a": "1", "b": "x y"},), ({"_raw": "a:1;b:x y"},)),
        Example("| extract", ({"user": "bob", "msg": "two words"},), ({"_raw": 'user=bob msg="two words"'},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make fields of the key=value pairs of `_raw`, or of its JSON.

    With `pairdelim` and `kvdelim` the text is cut at any of these characters; a value in double quotation marks is
    taken whole; another that holds one of `kvdelim` is not extracted. A field that is there stays, and so does the
    first value of a key that comes twice; with `mv_add=true` the values are collected (*multivalue*), one that is
    there already once. Empty values give no field. Names of stanzas of the apps' transforms.conf run these
    extractions instead; a name that is not there is a KnowledgeError.

    *Null*: without `_raw` the result passes unchanged.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if arguments.words:
        return _named(node, arguments.words)
    for name in ("pairdelim", "kvdelim"):
        if arguments[name] == "":
            fail(node, f"{name} needs a character.", arguments.given[name])
    pair_delimiters, key_delimiters = arguments["pairdelim"], arguments["kvdelim"]
    clean, limit, most = arguments["clean_keys"], arguments["limit"], arguments["maxchars"]
    collect, automatic = arguments["mv_add"], arguments["auto"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        delimited = pair_delimiters is not None or key_delimiters is not None
        pairs = delimited_pairs(pair_delimiters or " ,;|&\t\r\n", key_delimiters or "=") if delimited else _by_itself

        inside = re.compile(f"[{re.escape(key_delimiters)}]") if key_delimiters else None

        def extract(batch: Batch) -> Batch:
            if not delimited and not automatic:
                return batch
            for row in batch:
                raw = row.get("_raw")
                if raw is None:
                    continue
                text = "\n".join(map(to_text, as_list(raw)))
                found: dict[str, list[str]] = {}
                for key, value in pairs(text[:most] if most else text):
                    name = clean_key(key.strip()) if clean else key.strip()
                    if inside is not None and inside.search(value) and f'"{value}"' not in text:
                        continue
                    if name and value and (name in found or not limit or len(found) < limit):
                        found.setdefault(name, []).append(value)
                _put(row, found, collect)
            return batch

        return extract

    return Streaming(
        name="extract", bind=bind, requires=reading(frozenset({"_raw"})), columns=unknown, node=node, span=node.span
    )


def _named(node: tree.Command, words: list[tree.Word]) -> Operator:
    """The extractions of stanzas of transforms.conf, one after the other."""

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        extractions = [ctx.apps.transform(word.text, word.span) for word in words]

        def extract(batch: Batch) -> Batch:
            for row in batch:
                for apply in extractions:
                    apply(row)
            return batch

        return extract

    return Streaming(name="extract", bind=bind, columns=unknown, node=node, span=node.span)


def _put(row: Row, found: dict[str, list[str]], collect: bool) -> None:
    for name, values in found.items():
        if collect:
            row[name] = from_list([*(value for value in as_list(row.get(name)) if value not in values), *values])
        elif name not in row:
            row[name] = values[0]


def _by_itself(text: str) -> Iterator[tuple[str, str]]:
    if text.lstrip()[:1] in ("{", "["):
        value = json.decode(text)
        if isinstance(value, (dict, list)):
            for name, values in json.flatten(value).items():
                for item in as_list(values):
                    yield name, to_text(item)
            return
    yield from key_value_pairs(text, escaped=True)
