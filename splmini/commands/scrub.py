"""The scrub command: make results anonymous."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.reading import read, reading
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_text

_FILE = "A file of Splunk's anonymizer; not supported."
OPTIONS = {
    "public-terms": OptionSpec("string", doc=_FILE),
    "private-terms": OptionSpec("string", doc=_FILE),
    "name-terms": OptionSpec("string", doc=_FILE),
    "dictionary": OptionSpec("string", doc=_FILE),
    "timeconfig": OptionSpec("string", doc=_FILE),
    "namespace": OptionSpec("string", doc="An app with such files; not supported."),
}
KEPT = frozenset(
    {"eventtype", "linecount", "punct", "sourcetype", "timeendpos", "timestartpos", "splunk_server", "index"}
)
_PUBLIC_TEXT = """
    access action alert allow allowed at audit begin block blocked by bytes client close closed connect
    connected connection count debug default delete deny denied dest destination disconnect end error event exit
    fail failed failure fatal file for from get host http https id in info information is json level local log
    login logout message method mode name no not of off ok on open password path post process protocol put read
    received request response root sent server service session source src start started status stop stopped
    success successful system tcp the time timeout to true false type udp unknown update url user username using
    value version warn warning was web with write yes
"""
PUBLIC = frozenset(_PUBLIC_TEXT.split())
"""Words that say what an event is, not whose; they stay. Splunk has a dictionary of its own."""

_TOKEN = re.compile(r"[A-Za-z]{3,}|\d+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@command(
    "scrub",
    options=OPTIONS,
    syntax="scrub",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Scrub",
    examples=(
        Example(
            '| eval user="bob" | scrub | eval same=if(user=="bob", 1, 0) | table same', ({"same": 0},), ({"n": 1},)
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Replace words and numbers by invented ones of the same length, the same everywhere in a run.

    Every field is changed but internal ones other than `_raw`, those that begin with `date_`, and eventtype, linecount,
    punct, sourcetype, timeendpos and timestartpos. Common words of logs stay. What is put in is made of a keyed hash
    whose key is new in each run, so that it cannot be turned back.

    *Null* stays null; of a *multivalue* field each value is changed.
    """
    arguments = read(node, OPTIONS, takes=())
    for name, option in arguments.given.items():
        raise UnsupportedFeature(f"scrub cannot read the file of {name}.", name=f"scrub {name}", span=option.span)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        replace = _replacer(secrets.token_bytes(32))

        def change(value: Any) -> Any:
            return _TOKEN.sub(replace, to_text(value))

        def scrub(batch: Batch) -> Batch:
            for row in batch:
                for name, value in row.items():
                    if _changes(name):
                        row[name] = from_list(map(change, value)) if isinstance(value, list) else change(value)
            return batch

        return scrub

    return Streaming(name="scrub", bind=bind, requires=reading(frozenset()), local=True, node=node, span=node.span)


def _changes(name: str) -> bool:
    return name == "_raw" or not (name.startswith(("_", "date_")) or name in KEPT)


def _replacer(key: bytes) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        word = match.group()
        lowered = word.lower()
        if lowered in PUBLIC:
            return word
        made = known.get(lowered)
        if made is None:
            made = known[lowered] = _invented(lowered, key)
        return "".join(new.upper() if old.isupper() else new for old, new in zip(word, made, strict=True))

    return replace


def _invented(word: str, key: bytes) -> str:
    digits = word[0].isdigit()
    made = ""
    block = 0
    while len(made) < len(word):
        data = hashlib.blake2b(word.encode() + bytes([block % 256]), key=key).digest()
        made += "".join(str(byte % 10) if digits else _LETTERS[byte % 26] for byte in data)
        block += 1
    made = made[: len(word)]
    if made == word:
        made = ("1" if made[0] != "1" else "2") + made[1:] if digits else ("x" if made[0] != "x" else "y") + made[1:]
    return made
