"""Many rules over the same events: one `splmini.sweep` beside one SQLite query a rule, as Zircolite does it.

    python -m benchmarks.sweeping SCALE

The rules are made here (seeded), as Sigma; pySigma turns them into SPL and into SQL. Prints what `inside` prints.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from typing import Any

import splmini
from benchmarks import generate

RULES = 1500
QUERIES = 60
"""So many of the rules are asked of SQLite: its rate does not depend on how many there are."""
CHECKED = 12
FIELDS = ("EventID", "Image", "CommandLine", "ParentImage", "User", "DestinationIp", "DestinationPort")

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
        User|endswith: '{user}'
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
                (1, f"Image|endswith: '\\{image}'\n        CommandLine|contains: '/run {word[:2]}'"),
                (1, f"CommandLine|contains:\n            - '{word}.ini'\n            - ' {word[::-1]} --config'"),
                (
                    1,
                    f"ParentImage|endswith:\n            - '\\{image}'\n            - '\\x{image}'\n"
                    f"        CommandLine|contains|all:\n            - 'ProgramData'\n            - '{word[:3]}'",
                ),
                (3, f"Image|endswith: '\\{image}'\n        DestinationPort: 8080"),
                (3, f"DestinationIp|startswith: '172.16.{rng.randrange(256)}.1'"),
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


def rows(count: int) -> list[dict[str, Any]]:
    """Return the events with Sysmon's field names."""
    return [
        {
            "sourcetype": "XmlWinEventLog",
            "source": each["source"],
            "_time": each["_time"],
            "EventID": each["EventID"],
            "Image": each["process_path"],
            "CommandLine": each["process"],
            "ParentImage": each["parent_process_path"],
            "User": each["user"],
            "DestinationIp": each["dest_ip"],
            "DestinationPort": each["dest_port"],
        }
        for each in generate.events(count)
    ]


def sqlite_counts(events: list[dict[str, Any]], queries: list[str]) -> tuple[float, list[int]]:
    """Load a table, ask every query, and return the seconds that the queries took and how many rows each found."""
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in FIELDS)
    connection.execute(f"create table logs ({columns})")
    marks = ", ".join("?" * len(FIELDS))
    connection.executemany(f"insert into logs values ({marks})", ([each[name] for name in FIELDS] for each in events))
    started = time.perf_counter()
    found = [len(connection.execute(query).fetchall()) for query in queries]
    return time.perf_counter() - started, found


def main(scale: float) -> dict[str, Any]:
    """Measure both, and one search alone."""
    from sigma.backends.splunk import SplunkBackend
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    count = max(int(100_000 * scale), 2000)
    texts = rules(RULES)
    collection = [SigmaCollection.from_yaml(text) for text in texts]
    searches = [SplunkBackend().convert(each)[0] for each in collection]
    queries = [str(sqliteBackend().convert(each)[0]).replace("<TABLE_NAME>", "logs") for each in collection[:QUERIES]]
    events = rows(count)
    environment = splmini.Environment()
    started = time.perf_counter()
    hits = splmini.sweep(searches, events, environment)
    swept = time.perf_counter() - started
    failed = [hit.error for hit in hits if hit.error is not None]
    if failed:
        raise failed[0]
    started = time.perf_counter()
    environment.compile(searches[0]).run(events)
    alone = time.perf_counter() - started
    asked, found = sqlite_counts(events, queries)
    checked = {f"rule {number}": len(hits[number].outcome.results) for number in range(QUERIES)}
    return {
        "seconds": {"splmini.sweep": swept, "one search": alone, "SQLite, a query a rule": asked * RULES / QUERIES},
        "rows": {
            "splmini.sweep": [checked],
            "SQLite, a query a rule": [{f"rule {number}": each for number, each in enumerate(found)}],
        },
        "note": f"{RULES} rules, {count:,} events: {RULES * count / swept / 1e6:.0f} million rules x events/s; "
        f"SQLite {QUERIES * count / asked / 1e6:.1f} million",
    }


if __name__ == "__main__":
    json.dump(main(float(sys.argv[1])), sys.stdout)
