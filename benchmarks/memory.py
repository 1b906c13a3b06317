"""Memory over a stream of events that are made as they are read: it grows with the groups, not with the events.

    python -m benchmarks.memory [EVENTS]        # default: 20,000,000

Each search runs in a process of its own over EVENTS events and over a tenth of them; the peaks of both are printed
with the number of groups. What keeps memory proportional to its groups has about the same peak in both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

SEARCHES = {
    "stats": "| stats count sum(bytes) avg(bytes) dc(user) values(action) by host",
    "dedup": "| fields host user | dedup host user",
    "top": "| top limit=20 user",
    "timechart": "| timechart span=1h count by action",
    "eventstats over stats": "| stats count by host | eventstats sum(count) as all",
    "streamstats": "| streamstats window=100 avg(bytes) as mean by host | stats max(mean) by host",
    "head": "| fields host | head 1000",
    "sort": "| fields host bytes | sort 1000 -bytes",
}
EVENTS = 20_000_000
START = 1_700_000_000
ACTIONS = ("allowed", "blocked", "failed")


def events(number: int) -> Iterator[dict[str, Any]]:
    """Make events of 1,000 hosts, 5,000 users and 3 actions over 30 days."""
    hosts = [f"host{i:03}" for i in range(1000)]
    users = [f"user{i:04}" for i in range(5000)]
    step = 30 * 86400 / number
    for i in range(number):
        yield {
            "_time": START + i * step,
            "host": hosts[i * 7919 % 1000],
            "user": users[i * 104729 % 5000],
            "action": ACTIONS[i % 3],
            "bytes": i * 31 % 10007,
        }


def run_one(name: str, number: int) -> None:
    """Run one search in this process; print rows, seconds and the peak of memory in MB."""
    import resource

    import splmini

    started = time.perf_counter()
    stream = splmini.Environment(apps=[]).compile(SEARCHES[name]).stream(events(number), order="given", infer=False)
    rows = sum(1 for _ in stream)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    print(f"{rows} {time.perf_counter() - started:.1f} {peak:.0f}")


def main(number: int) -> int:
    """Run every search over a tenth of the events and over all; print a table."""
    print(f"{'search':24}{'events':>12}{'rows':>10}{'seconds':>10}{'peak MB':>10}")
    for name in SEARCHES:
        for size in (number // 10, number):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.memory", "--one", name, str(size)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                print(f"{name:24}{size:>12,} {done.stderr.strip().splitlines()[-1]}")
                continue
            rows, seconds, peak = done.stdout.split()
            print(f"{name:24}{size:>12,}{int(rows):>10,}{seconds:>10}{peak:>10}", flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1].replace(",", "").replace("_", "")) if sys.argv[1:] else EVENTS))
