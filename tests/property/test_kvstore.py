"""A KV-store collection in a file behaves as one in memory does, whatever is written to it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from splmini.knowledge.lookups.kvstore import Collection, KvStore, merged
from splmini.knowledge.lookups.tables import TableData

NAMES = st.sampled_from(["a", "b", "ä.c", "_key", "x'y\""])
VALUES = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    st.lists(st.text("xyz", min_size=1, max_size=2), min_size=2, max_size=3),
)
KEYS = st.sampled_from(["1", "2", "k'"])
ROWS = st.lists(
    st.builds(
        dict[str, Any].__or__,
        st.dictionaries(NAMES.filter("_key".__ne__), VALUES, max_size=3),
        st.one_of(st.just({}), st.builds(lambda key: {"_key": key}, KEYS)),
    ),
    max_size=4,
)
WRITES = st.lists(st.tuples(ROWS, st.booleans(), st.booleans()), max_size=4)


@given(WRITES)
@settings(max_examples=25, deadline=None)
def test_in_a_file_as_in_memory(writes: list[tuple[list[dict[str, Any]], bool, bool]]) -> None:
    """After each write the records, their keys, their order and the columns are equal, and keys are unique."""
    with tempfile.TemporaryDirectory() as folder:
        store, collection = KvStore(Path(folder)), Collection("app", "c")
        held = TableData()
        for number, (rows, append, updates) in enumerate(writes, 1):
            fields = tuple(dict.fromkeys(name for row in rows for name in row))
            held = merged(held, rows, fields, append, updates)
            store.write(collection, rows, fields, append, updates)
            version, stored = store.read(collection)
            assert version == number
            assert [*map(dict, stored.rows)] == [*map(dict, held.rows)]
            assert stored.fields == held.fields
            keys = [row["_key"] for row in stored.rows]
            assert len(set(keys)) == len(keys)
