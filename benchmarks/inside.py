"""What is measured inside one process, where starting it would hide the difference.

    python -m benchmarks.inside NAME SCALE

prints {"seconds": {contender: best}, "rows": {contender: rows}} as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pcre2

import splmini
from benchmarks import generate

RUNS = 3
Measured = "dict[str, Any]"


def _best(work: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(runs):
        started = time.process_time()
        result = work()
        best = min(best, time.process_time() - started)
    return best, result


def _rows(found: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in found]


def _against(search: str, hand: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], count: int) -> Any:
    """Measure a search over a list of dicts, the first time and again, and a hand-written function over the same."""
    events = list(generate.events(count))
    environment = splmini.Environment()
    environment.compile(search).run(events[:10])  # macros, apps and grammars are loaded: they do not grow with events
    compiled = environment.compile(search + " | noop")
    started = time.process_time()
    rows = _rows(compiled.run(events))
    first = time.process_time() - started
    again, _ = _best(lambda: compiled.run(events))
    plain, expected = _best(lambda: hand(events))
    return {
        "seconds": {"splmini, first run": first, "splmini, again": again, "hand-written loop": plain},
        "rows": {"splmini, first run": rows, "hand-written loop": expected},
    }


# ---- a list of dicts -----------------------------------------------------------------------------------------------

DICTS = "search EventID=3 process_name=regsvcs.exe | stats count by user"


def _dicts_by_hand(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for event in events:
        name = event.get("process_name")
        if event.get("EventID") == 3 and isinstance(name, str) and name.lower() == "regsvcs.exe":
            user = event.get("user")
            if user is not None:
                counts[user] = counts.get(user, 0) + 1
    return [{"user": user, "count": count} for user, count in counts.items()]


def dicts(scale: float) -> Any:
    """The first query over a list of dicts."""
    return _against(DICTS, _dicts_by_hand, max(int(1_000_000 * scale), 1000))


# ---- eval-heavy ----------------------------------------------------------------------------------------------------

EVALS = (
    '| eval kind=case(EventID==1, "process", EventID==3, "network", EventID==7, "image", true(), "other"), '
    r'folder=replace(lower(process_path), "^(.*)\\\\[^\\\\]+$", "\1"), '
    'day=strftime(_time, "%Y-%m-%d %H:%M"), load=bytes*8/(duration+1), '
    'pair=lower(user).":".kind'
    ' | where load > 1000 AND kind!="other" | stats count sum(load) as load by kind day'
)
_FOLDER = pcre2.compile(r"^(.*)\\[^\\]+$", jit=True)


def _evals_by_hand(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = {1: "process", 3: "network", 7: "image"}
    groups: dict[tuple[str, str], list[Any]] = {}
    for event in events:
        kind = kinds.get(event["EventID"], "other")
        event = dict(event, kind=kind)
        event["folder"] = _FOLDER.sub(r"$1", event["process_path"].lower())
        moment = datetime.fromtimestamp(event["_time"], timezone.utc)
        event["day"] = moment.strftime("%Y-%m-%d %H:%M")
        event["load"] = event["bytes"] * 8 / (event["duration"] + 1)
        event["pair"] = event["user"].lower() + ":" + kind
        if event["load"] > 1000 and kind != "other":
            found = groups.setdefault((kind, event["day"]), [0, 0.0])
            found[0] += 1
            found[1] += event["load"]
    return [{"kind": kind, "day": day, "count": count, "load": load} for (kind, day), (count, load) in groups.items()]


def evals(scale: float) -> Any:
    """A pipeline of evals with a regular expression, times and arithmetic."""
    return _against(EVALS, _evals_by_hand, max(int(200_000 * scale), 1000))


# ---- compiling -----------------------------------------------------------------------------------------------------


def _searches() -> tuple[list[str], Any]:
    """The searches of security content where `SPLMINI_SHARED` names a folder with some, else those of the examples."""
    shared = os.environ.get("SPLMINI_SHARED")
    if shared:
        content = splmini.load_content(Path(shared) / "escu")
        return [each.search for each in content.detections if each.search][::4], content.environment()
    examples = sorted((Path(__file__).parent.parent / "examples").glob("*/detection.yml"))
    return [splmini.Detection.load(each).search for each in examples], splmini.Environment()


def compiling(scale: float) -> Any:
    """Parse and compile, the median over published detections."""
    searches, environment = _searches()
    seconds = []
    for spl in searches:
        try:
            environment.compile(spl)
        except splmini.SplError:
            continue
        started = time.process_time()
        environment.compile(f"{spl} | noop")
        seconds.append(time.process_time() - started)
    seconds.sort()
    return {
        "seconds": {"splmini": statistics.median(seconds), "splmini, 95 of 100": seconds[len(seconds) * 95 // 100]},
        "rows": {},
        "note": f"{len(seconds)} searches",
    }


MEASURED = {each.__name__: each for each in (dicts, evals, compiling)}

if __name__ == "__main__":
    json.dump(MEASURED[sys.argv[1]](float(sys.argv[2])), sys.stdout)
