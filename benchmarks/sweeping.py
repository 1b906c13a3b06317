"""Many rules over a file of events: one `splmini.sweep` beside one SQLite query a rule, as Zircolite does it, and
beside one search.

    python -m benchmarks.sweeping SCALE

The rules are made here (seeded), as Sigma; pySigma turns them into SPL and into SQL. The sweep reads and decodes the
file; SQLite has its events in a table in memory before the clock starts. Prints what `inside` prints.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

import splmini
from benchmarks import generate

RULES = 1500
QUERIES = 60
"""So many of the rules are asked of SQLite: its rate does not depend on how many there are."""
_RULE = """
title: Rule {number}
id: {number:08d}-0000-4000-8000-000000000000
status: test
logsource: {{product: windows, category: {category}}}
detection:
    selection:
        EventID: {event_id}
        {condition}
    filter:
        user|endswith: '{user}'
    condition: selection and not filter
"""


def rules(count: int) -> list[str]:
    """Return seeded Sigma rules of the usual kinds: an ending of an image, words of a command line, an address."""
    rng = random.Random(generate.SEED)
    made = []
    for number in range(count):
        image = f"app{rng.randrange(400):03d}.exe"
        word = f"{rng.getrandbits(20):05x}"
        event_id, condition = rng.choice(
            (
                (1, f"process_path|endswith: '\\{image}'\n        process|contains: '/run {word[:4]}'"),
                (1, f"process|contains:\n            - '{word}.ini'\n            - ' {word[::-1]} --config'"),
                (
                    1,
                    f"parent_process_name|endswith:\n            - '{image}'\n            - 'x{image}'\n"
                    f"        process|contains|all:\n            - 'ProgramData'\n            - '{word}'",
                ),
                (3, f"process_path|endswith: '\\{image}'\n        dest_ip: '10.{rng.randrange(256)}.13.37'"),
                (3, f"dest_ip|startswith: '172.16.{rng.randrange(256)}.{rng.randrange(100, 256)}'"),
            )
        )
        made.append(
            _RULE.format(
                number=number,
                category="process_creation",
                event_id=event_id,
                condition=condition,
                user=f"user{rng.randrange(300):03d}",
            )
        )
    return made


def table_of(path: Path) -> sqlite3.Connection:
    """Return a database in memory whose table `logs` has a column for each field of the events."""
    events = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    fields = sorted({name for event in events for name in event})
    connection = sqlite3.connect(":memory:")
    connection.execute(f"create table logs ({', '.join(f'{name!r} TEXT COLLATE NOCASE' for name in fields)})")
    marks = ", ".join("?" * len(fields))
    rows = ([each.get(name) for name in fields] for each in events)
    connection.executemany(f"insert into logs values ({marks})", rows)
    return connection


def sqlite_counts(connection: sqlite3.Connection, queries: list[str]) -> tuple[float, list[int]]:
    """Ask every query, and return the processor seconds that they took and how many rows each found."""
    started = time.process_time()
    found = [len(connection.execute(query).fetchall()) for query in queries]
    return time.process_time() - started, found


def main(scale: float) -> dict[str, Any]:
    """Measure both, and one search alone, in seconds of processor time."""
    from sigma.backends.splunk import SplunkBackend
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    count = max(int(1_000_000 * scale), 2000)
    path = generate.json_lines(count)
    collection = [SigmaCollection.from_yaml(text) for text in rules(RULES)]
    searches = [SplunkBackend().convert(each)[0] for each in collection]
    queries = [str(sqliteBackend().convert(each)[0]).replace("<TABLE_NAME>", "logs") for each in collection[:QUERIES]]
    environment = splmini.Environment()
    started = time.process_time()
    hits = splmini.sweep(searches, path, environment)
    swept = time.process_time() - started
    failed = [hit.error for hit in hits if hit.error is not None]
    if failed:
        raise failed[0]
    started = time.process_time()
    environment.compile(searches[0]).run(path)
    alone = time.process_time() - started
    asked, found = sqlite_counts(table_of(path), queries)
    checked = {f"rule {number}": len(hits[number].outcome.results) for number in range(QUERIES)}
    total = sum(len(hit.outcome.results) for hit in hits)
    return {
        "seconds": {"splmini.sweep": swept, "one search": alone, "SQLite, a query a rule": asked * RULES / QUERIES},
        "rows": {
            "splmini.sweep": [checked],
            "SQLite, a query a rule": [{f"rule {number}": each for number, each in enumerate(found)}],
        },
        "note": f"{RULES} rules, {count:,} events, {total:,} hits: {RULES * count / swept / 1e6:.0f} million "
        f"rules x events/s; SQLite {QUERIES * count / asked / 1e6:.1f} million",
    }


if __name__ == "__main__":
    json.dump(main(float(sys.argv[1])), sys.stdout)
