"""Measure splmini beside what a user would use instead, and print the ratios.

    python -m benchmarks [--scale 1.0] [--rounds 5] [--only NAME,...] [--json benchmarks/results.json]

Rows are compared before times are. Ratios of one run are what counts: the machine is never quiet. Data is generated
once, outside of the repository (`SPLMINI_BENCH_DATA`).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import NOT_INSTALLED, measure, python, run, same_rows
from benchmarks.workloads import WORKLOADS, Target, Workload

HERE = Path(__file__).parent


def main() -> int:
    """Run the workloads asked for; 1 where rows differ or a program failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="1.0: a million events")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="names of workloads, with commas")
    parser.add_argument("--json", type=Path, default=HERE / "results.json")
    chosen = parser.parse_args()
    names = set(filter(None, chosen.only.split(",")))
    unknown = names - {each.name for each in WORKLOADS}
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(w.name for w in WORKLOADS)}")
    results, wrong = _read(chosen.json), 0
    for workload in WORKLOADS:
        if names and workload.name not in names:
            continue
        print(f"\n{workload.name}: {workload.title}", flush=True)
        found = _measured(workload, chosen.scale, chosen.rounds)
        wrong += bool(found.get("differs")) or _any_failed(found)
        results[workload.name] = {"title": workload.title, "scale": chosen.scale, **found}
        _show(workload, found)
    results["machine"] = {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()}
    chosen.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 1 if wrong else 0


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _measured(workload: Workload, scale: float, rounds: int) -> dict[str, Any]:
    missing = [name for name in workload.needs if importlib.util.find_spec(name) is None]
    if missing:
        return {"skipped": f"not installed: {', '.join(missing)} (pip install 'splmini[bench]')"}
    if workload.inside:
        return _inside(workload, scale)
    assert workload.data is not None
    assert workload.programs is not None
    programs = workload.programs(workload.data(scale), scale)
    outcomes = measure(programs, rounds)
    found: dict[str, Any] = {
        "seconds": {name: each.seconds for name, each in outcomes.items() if not each.skipped},
        "cpu_seconds": {name: each.cpu for name, each in outcomes.items() if not each.skipped},
        "peak_mb": {name: each.peak_mb for name, each in outcomes.items() if not each.skipped},
        "failed": {name: each.skipped for name, each in outcomes.items() if each.skipped},
    }
    return {
        **found,
        **_compared({name: each.rows for name, each in outcomes.items() if each.rows is not None}),
        **_ratios(workload, found),
    }


def _any_failed(found: dict[str, Any]) -> bool:
    """Say whether a program failed; one that is not installed is left out."""
    return any(not reason.endswith(NOT_INSTALLED) for reason in found.get("failed", {}).values())


def _inside(workload: Workload, scale: float) -> dict[str, Any]:
    ran = run(python(*workload.inside, str(scale)), 1)
    if ran.error is not None:
        return {"failed": {workload.name: ran.error}}
    found: dict[str, Any] = json.loads(ran.output)
    rows = found.pop("rows")
    found["peak_mb"] = {workload.name: ran.peak_mb}
    return {**found, **_compared(rows), **_ratios(workload, found)}


def _compared(rows: dict[str, Any]) -> dict[str, Any]:
    """Hold all results against the first; name those that differ."""
    if not rows:
        return {}
    names, (expected, *others) = list(rows)[1:], rows.values()
    differs = [name for name, each in zip(names, others, strict=True) if not same_rows(expected, each)]
    return {"rows": len(expected), "differs": differs}


def _ratios(workload: Workload, found: dict[str, Any]) -> dict[str, Any]:
    made = []
    for target in workload.targets:
        value = _value(target, found)
        reached = None
        if value is not None:
            reached = value >= target.most if target.unit == "at least" else value <= target.most
        processor = _value(target, found, "cpu_seconds")
        made.append({"target": _text(target), "value": value, "processor": processor, "reached": reached})
    return {"targets": made}


def _value(target: Target, found: dict[str, Any], clock: str = "seconds") -> float | None:
    """The ratio (or the seconds, or MB) of a target; by processor time where that was measured and is asked for."""
    numbers = found["peak_mb"] if target.unit.startswith("MB") else found.get(clock, {})
    if target.subject not in numbers or (target.versus is not None and target.versus not in numbers):
        return None
    return float(numbers[target.subject] / (numbers[target.versus] if target.versus is not None else 1))


def _text(target: Target) -> str:
    if target.versus is None:
        return f"{target.subject}: at most {target.most:g} {target.unit}"
    bound = "at least" if target.unit == "at least" else "at most"
    what = " of memory" if target.unit.startswith("MB") else ""
    return f"{target.subject}: {bound} {target.most:g} x {target.versus}{what}"


def _show(workload: Workload, found: dict[str, Any]) -> None:
    for line in _lines(found):
        print("  " + line, flush=True)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    if "skipped" in found:
        yield f"left out: {found['skipped']}"
        return
    for name, seconds in found.get("seconds", {}).items():
        peak, cpu = found["peak_mb"].get(name), found.get("cpu_seconds", {}).get(name)
        more = f" {cpu:9.3f} s of processor {peak:7.0f} MB" if peak and cpu is not None else ""
        yield f"{name:38} {seconds:9.4f} s{more}"
    for name, reason in found.get("failed", {}).items():
        yield f"{name:38} failed: {reason}"
    if found.get("note"):
        yield found["note"]
    if found.get("differs"):
        yield f"ROWS DIFFER: {', '.join(found['differs'])}"
    for each in found.get("targets", ()):
        value = "not measured" if each["value"] is None else f"{each['value']:.3g}"
        if each["processor"] is not None and each["processor"] != each["value"]:
            value += f" (by processor time {each['processor']:.3g})"
        yield f"{'ok  ' if each['reached'] else 'MISS'} {each['target']}: {value}"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
