"""Searches on data frames beside the same searches on the frame's rows as dicts: seconds and memory.

    python -m benchmarks.frames [ROWS]        # default: 1,000,000

Each way runs in a process of its own. Memory is what the peak grew by once the frame was there; rows are compared.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

SEARCHES = {
    "group": "| stats count by user",
    "select": "user=user7 action=failure | stats sum(bytes) by src",
    "all fields": "| sort 100 -bytes | table *",
}
WAYS = ("dicts", "pandas", "polars", "arrow")
ROWS = 1_000_000


def frame(rows: int) -> Any:
    """Make a frame of logons."""
    import numpy
    import pandas

    chance = numpy.random.default_rng(1)
    addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(5000)]
    return pandas.DataFrame(
        {
            "_time": pandas.date_range("2026-01-01", periods=rows, freq="50ms", tz="UTC"),
            "user": chance.choice([f"user{number}" for number in range(500)], rows),
            "action": chance.choice(["success", "failure"], rows),
            "src": chance.choice(addresses, rows),
            "bytes": chance.integers(0, 100_000, rows),
            "status": chance.choice([200, 301, 404, 500], rows),
        }
    )


def run_one(name: str, way: str, rows: int) -> None:
    """Run one search in one way in this process; print rows, seconds and megabytes."""
    import splmini

    made: Any = frame(rows)
    if way == "polars":
        import polars

        made = polars.from_pandas(made)
    elif way == "arrow":
        import pyarrow

        made = pyarrow.Table.from_pandas(made, preserve_index=False)
    search = splmini.Environment().compile(SEARCHES[name])
    search.run([{"user": "warm"}])
    before, started = _peak(), time.perf_counter()
    results = search.run(made.to_dict("records") if way == "dicts" else made)
    seconds = time.perf_counter() - started
    print(f"{hash_of(results)} {len(results)} {seconds:.2f} {_peak() - before:.0f}")


def hash_of(results: Any) -> str:
    """What tells whether two results are the same."""
    import hashlib

    return hashlib.sha256(results.to_json().encode()).hexdigest()[:16]


def _peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main(rows: int) -> int:
    """Run every search in every way; print a table; 1 where rows differ."""
    wrong = 0
    print(f"{'search':14}{'way':10}{'rows':>8}{'seconds':>10}{'MB more':>10}{'faster':>9}")
    for name in SEARCHES:
        first: tuple[str, float] | None = None
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.frames", "--one", name, way, str(rows)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found, count, seconds, memory = done.stdout.split()
            first = first or (found, float(seconds))
            wrong += found != first[0]
            faster = first[1] / float(seconds)
            print(f"{name:14}{way:10}{int(count):>8,}{seconds:>10}{memory:>10}{faster:>8.1f}x", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(main(int(sys.argv[1].replace(",", "").replace("_", "")) if sys.argv[1:] else ROWS))
