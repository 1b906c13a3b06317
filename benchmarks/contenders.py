"""What a user would write instead of a search: whole programs, each run as a process of its own.

    python -m benchmarks.contenders NAME FILE

prints the rows as one JSON list. Nothing of splmini is imported.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

Rows = "list[dict[str, Any]]"

# ---- the selective query: one rare process -------------------------------------------------------------------------


def _group(events: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for event in events:
        key = (event["dest"], event["user"], event["process_name"])
        moment = event["_time"]
        found = groups.get(key)
        if found is None:
            groups[key] = [1, moment, moment]
        else:
            found[0] += 1
            found[1] = min(found[1], moment)
            found[2] = max(found[2], moment)
    return [
        {"dest": dest, "user": user, "process_name": name, "count": count, "firstTime": first, "lastTime": last}
        for (dest, user, name), (count, first, last) in groups.items()
    ]


def rare_hand(path: str, prefilter: bool = False) -> list[dict[str, Any]]:
    """A loop with orjson over the lines."""
    import orjson

    def selected() -> Iterator[dict[str, Any]]:
        with open(path, "rb") as file:
            for line in file:
                if prefilter and b"regsvcs.exe" not in line:
                    continue
                event = orjson.loads(line)
                if (
                    event.get("EventID") == 3
                    and event.get("process_name", "").lower() == "regsvcs.exe"
                    and event.get("sourcetype", "").lower() == "xmlwineventlog"
                ):
                    yield event

    return _group(selected())


def rare_hand_prefilter(path: str) -> list[dict[str, Any]]:
    """The same loop, which decodes only lines that hold the name's bytes (and so misses other spellings)."""
    return rare_hand(path, prefilter=True)


_RARE_SQL = """
    select dest, "user", process_name, count(*) as count, min(_time) as firstTime, max(_time) as lastTime
    from {source}
    where lower(sourcetype) = 'xmlwineventlog' and EventID = 3 and lower(process_name) = 'regsvcs.exe'
    group by dest, "user", process_name
"""


def _duckdb(path: str, threads: int, sql: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    described = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    source = f"read_json('{path}', format = 'newline_delimited', columns = {{{described}}})"
    found = connection.execute(sql.format(source=source))
    names = [each[0] for each in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


_RARE_COLUMNS = {
    "sourcetype": "VARCHAR",
    "EventID": "BIGINT",
    "process_name": "VARCHAR",
    "dest": "VARCHAR",
    "user": "VARCHAR",
    "_time": "DOUBLE",
}


def rare_duckdb(path: str, threads: int = 1) -> list[dict[str, Any]]:
    """SQL over the file, with one thread."""
    return _duckdb(path, threads, _RARE_SQL, _RARE_COLUMNS)


def rare_duckdb_2(path: str) -> list[dict[str, Any]]:
    """The same with two threads."""
    return rare_duckdb(path, 2)


def rare_polars(path: str) -> list[dict[str, Any]]:
    """A lazy frame over the file."""
    import polars as pl

    schema = {
        "sourcetype": pl.String,
        "EventID": pl.Int64,
        "process_name": pl.String,
        "dest": pl.String,
        "user": pl.String,
        "_time": pl.Float64,
    }
    frame = (
        pl.scan_ndjson(path, schema=schema)
        .filter(
            pl.col("sourcetype").str.to_lowercase() == "xmlwineventlog",
            pl.col("EventID") == 3,
            pl.col("process_name").str.to_lowercase() == "regsvcs.exe",
        )
        .group_by("dest", "user", "process_name")
        .agg(pl.len().alias("count"), pl.min("_time").alias("firstTime"), pl.max("_time").alias("lastTime"))
    )
    return frame.collect().to_dicts()


# ---- the same over Windows event XML -------------------------------------------------------------------------------


def xml_hand(path: str) -> list[dict[str, Any]]:
    """A loop over the lines with a bytes prefilter and regular expressions for the fields."""
    from datetime import datetime

    head = re.compile(r"<EventID>(\d+)</EventID>.*?SystemTime='([^']*)'.*?<Computer>([^<]*)<")
    data = re.compile(r"<Data Name='([^']*)'>([^<]*)</Data>")

    def selected() -> Iterator[dict[str, Any]]:
        with open(path, "rb") as file:
            for line in file:
                if b"regsvcs.exe" not in line:
                    continue
                text = line.decode()
                found = head.search(text)
                if found is None or found[1] != "3":
                    continue
                fields = dict(data.findall(text))
                name = fields["Image"].rpartition("\\")[2]
                if name.lower() == "regsvcs.exe":
                    moment = datetime.fromisoformat(found[2].replace("Z", "+00:00")).timestamp()
                    user = fields["User"].rpartition("\\")[2]
                    yield {"dest": fields["DestinationIp"], "user": user, "process_name": name, "_time": moment}

    return _group(selected())


# ---- every event grouped by two keys -------------------------------------------------------------------------------

_GROUP_SQL = """
    select process_name, cast(EventID as varchar) as EventID, count(*) as count, count(distinct "user") as "dc(user)",
           max(_time) as "max(_time)"
    from {source} where EventID is not null and process_name is not null group by all
"""


def group_duckdb(path: str, threads: int = 1) -> list[dict[str, Any]]:
    """SQL over the file, with one thread."""
    columns = {"EventID": "BIGINT", "process_name": "VARCHAR", "user": "VARCHAR", "_time": "DOUBLE"}
    return _duckdb(path, threads, _GROUP_SQL, columns)


def group_duckdb_2(path: str) -> list[dict[str, Any]]:
    """The same with two threads."""
    return group_duckdb(path, 2)


def group_part(path: str, start: int = 0, end: int | None = None) -> dict[tuple[str, int], list[Any]]:
    """Group the lines that begin between two offsets."""
    import orjson

    groups: dict[tuple[str, int], list[Any]] = {}
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            start += len(file.readline()) - 1
        for line in file:
            if end is not None and start >= end:
                break
            start += len(line)
            event = orjson.loads(line)
            key = (event["process_name"], event["EventID"])
            found = groups.get(key)
            if found is None:
                found = groups[key] = [0, set(), 0.0]
            found[0] += 1
            found[1].add(event["user"])
            if event["_time"] > found[2]:
                found[2] = event["_time"]
    return groups


def _grouped_rows(groups: dict[tuple[str, int], list[Any]]) -> list[dict[str, Any]]:
    return [
        {"process_name": name, "EventID": number, "count": count, "dc(user)": len(users), "max(_time)": last}
        for (name, number), (count, users, last) in groups.items()
    ]


def group_hand(path: str) -> list[dict[str, Any]]:
    """A loop with orjson."""
    return _grouped_rows(group_part(path))


def group_hand_2(path: str) -> list[dict[str, Any]]:
    """The same in two processes, one for each half of the file."""
    import os
    from concurrent.futures import ProcessPoolExecutor

    half = os.path.getsize(path) // 2
    with ProcessPoolExecutor(2) as pool:
        parts = list(pool.map(group_part, (path, path), (0, half), (half, None)))
    merged = parts[0]
    for key, (count, users, last) in parts[1].items():
        found = merged.setdefault(key, [0, set(), 0.0])
        found[0] += count
        found[1] |= users
        found[2] = max(found[2], last)
    return _grouped_rows(merged)


# ---- the limit -----------------------------------------------------------------------------------------------------


def read_only(path: str) -> list[dict[str, Any]]:
    """Read the file in blocks and do nothing."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 19):
            pass
    return []


CONTENDERS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    each.__name__: each
    for each in (
        rare_hand,
        rare_hand_prefilter,
        rare_duckdb,
        rare_duckdb_2,
        rare_polars,
        xml_hand,
        group_duckdb,
        group_duckdb_2,
        group_hand,
        group_hand_2,
        read_only,
    )
}

if __name__ == "__main__":
    json.dump(CONTENDERS[sys.argv[1]](sys.argv[2]), sys.stdout)
