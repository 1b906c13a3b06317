"""The results as a Markdown table, put into benchmarks/README.md.

python -m benchmarks.table [RESULTS]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
START, END = "<!-- table -->", "<!-- end of table -->"


def rows(results: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the table: a line for each target."""
    yield "| workload | target | measured | by processor time | versus |"
    yield "|---|---|---|---|---|"
    for name, found in results.items():
        if name == "machine":
            continue
        for each in found.get("targets", ()):
            cells = (found["title"], each["target"], _value(each, "value"), _value(each, "processor"), _others(found))
            yield f"| {' | '.join(cells)} |"
        if not found.get("targets"):
            yield f"| {found['title']} | | {found.get('skipped') or 'failed'} | | |"
    machine = results.get("machine", {})
    yield ""
    yield f"{machine.get('cpu', 'unknown')}, {machine.get('cores')} cores, Python {machine.get('python')}."


def _value(target: dict[str, Any], which: str) -> str:
    value = target.get(which)
    if value is None:
        return ""
    text = f"{value:.3g}"
    return f"**{text}**" if which == "value" and target["reached"] else text


def _others(found: dict[str, Any]) -> str:
    seconds = found.get("cpu_seconds") or found.get("seconds", {})
    unit = "s of processor" if found.get("cpu_seconds") else "s"
    return ", ".join(f"{name} {value:.3g} {unit}" for name, value in seconds.items())


def main() -> None:
    """Write the table between its marks."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results.json"
    table = "\n".join(rows(json.loads(path.read_text("utf-8"))))
    readme = HERE / "README.md"
    text = readme.read_text("utf-8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2] if END in rest else rest
    readme.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
