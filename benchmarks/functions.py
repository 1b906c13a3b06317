"""Microseconds per call of every eval function, and the ratio of the slowest to plain Python.

    python benchmarks/functions.py [--seconds 0.05] [--only NAME] [--json OUT]

Each function runs on the arguments of its first example, its literals as constants but for the first one, which comes
from the row: so nothing is folded, and constants are specialised as in a search. Plain Python does the same work on the
same value, written by hand, without the coercion, null and multivalue rules. Calls that splmini remembers by value
(`compiler/remembering.py`) show the price of remembering, as the value never changes here.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import ipaddress
import json
import math
import re
import time
from collections.abc import Callable
from typing import Any

from splmini import registry
from splmini.compiler import compile_expression
from splmini.compiler.expressions import RunScope
from splmini.language import tree
from splmini.language.parser import parse_expression

UTC = datetime.timezone.utc


class Run:
    """The little of a run that functions ask for."""

    now = 1_700_000_000.0
    timezone = UTC
    index = "any"

    def message(self, *_: Any, **__: Any) -> None:
        """Drop a message."""


def _strptime(row: dict[str, Any]) -> Any:
    return datetime.datetime.strptime(row["f"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def _strftime(row: dict[str, Any]) -> Any:
    return datetime.datetime.fromtimestamp(float(row["f"]), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _relative(row: dict[str, Any]) -> Any:
    moment = datetime.datetime.fromtimestamp(float(row["f"]), UTC) - datetime.timedelta(days=1)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _set(row: dict[str, Any]) -> Any:
    value = json.loads(row["f"])
    value.setdefault("b", {})["c"] = 2
    return json.dumps(value)


def _extend(row: dict[str, Any]) -> Any:
    value = json.loads(row["f"])
    value["l"] = value["l"] + json.loads('["b","c"]')
    return json.dumps(value)


def _append(row: dict[str, Any]) -> Any:
    value = json.loads(row["f"])
    value["a"] = [value["a"], "y"]
    return json.dumps(value)


def _delete(row: dict[str, Any]) -> Any:
    value = json.loads(row["f"])
    value.pop("a")
    return json.dumps(value)


_SWAP = re.compile(r"^(\d{1,2})/(\d{1,2})/")
_SERVICE = re.compile("^svc_")
_TEN = ipaddress.ip_network("10.0.0.0/8")

PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "lower": lambda row: row["f"].lower(),
    "upper": lambda row: row["f"].upper(),
    "len": lambda row: len(row["f"]),
    "trim": lambda row: row["f"].strip(" Z"),
    "substr": lambda row: row["f"][0:3],
    "replace": lambda row: _SWAP.sub(r"\2/\1/", row["f"]),
    "match": lambda row: _SERVICE.search(row["f"]) is not None,
    "like": lambda row: row["f"].startswith("foo"),
    "split": lambda row: row["f"].split(";"),
    "md5": lambda row: hashlib.md5(row["f"].encode(), usedforsecurity=False).hexdigest(),
    "sha512": lambda row: hashlib.sha512(row["f"].encode()).hexdigest(),
    "round": lambda row: round(float(row["f"])),
    "abs": lambda row: abs(float(row["f"])),
    "sqrt": lambda row: math.sqrt(float(row["f"])),
    "tonumber": lambda row: int(row["f"], 16),
    "cidrmatch": lambda row: ipaddress.ip_address(row["f"]) in _TEN,
    "strptime": _strptime,
    "strftime": _strftime,
    "relative_time": _relative,
    "json_set": _set,
    "json_extend": _extend,
    "json_append": _append,
    "json_delete": _delete,
    "json_set_exact": lambda row: json.dumps({**json.loads(row["f"]), "a.b": 1}),
    "json_extract": lambda row: json.loads(row["f"])["a"]["b"][1],
    "json_entries": lambda row: json.dumps([{"key": k, "value": v} for k, v in json.loads(row["f"]).items()]),
    "json_keys": lambda row: json.dumps(list(json.loads(row["f"]))),
    "spath": lambda row: json.loads(row["f"])["a"]["b"],
    "mvrange": lambda row: list(range(int(row["f"]), 11, 2)),
    "toarray": lambda row: json.dumps([int(item) for item in row["f"]]),
    "toobject": lambda row: json.dumps(json.loads(row["f"])),
    "printf": lambda row: "%04d|%-4s|%.2f" % (int(row["g"]), "ab", 3.14159),  # noqa: UP031  (the same format language)
}


_LITERAL_FIRST = {"printf", "searchmatch", "cidrmatch"}


def varied(name: str, example: registry.Example) -> tuple[tree.Node, dict[str, Any]] | None:
    """Return an example's expression with the first literal of the function's call taken from the row, and that row."""
    if example.spl.lstrip().startswith("|"):
        return None
    node = parse_expression(example.spl)
    row = dict(example.events[0]) if example.events else {}
    calls = [each for each in tree.walk(node) if isinstance(each, tree.Call) and each.name == name]
    if not calls:
        return None
    call = calls[0]
    if any(isinstance(each, tree.FieldRef) for each in tree.walk(call)):
        return call, {"f": next(iter(row.values()), None), **row}
    for index, argument in enumerate(call.args):
        if name in _LITERAL_FIRST and index == 0:
            continue
        value = compile_expression(argument, RunScope(None))({})
        if value is not None and not isinstance(value, bool):
            field = "g" if name == "printf" else "f"
            args = (*call.args[:index], tree.FieldRef(field), *call.args[index + 1 :])
            return dataclasses.replace(call, args=args), {field: value}
    return call, {"x": "hi", "y": "bye", "_raw": "", **row}


def measure(function: Callable[[dict[str, Any]], Any], row: dict[str, Any], seconds: float) -> float:
    """Return the microseconds that one call takes: the best of five rounds."""
    function(row)
    started = time.perf_counter()
    function(row)
    count = max(1, int(seconds / 5 / max(time.perf_counter() - started, 1e-7)))
    best = math.inf
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(count):
            function(row)
        best = min(best, (time.perf_counter() - started) / count)
    return best * 1e6


LEFT_OUT = {"lookup": "its first argument has to be a literal, the name of a table"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--only")
    parser.add_argument("--json", dest="out")
    options = parser.parse_args()
    scope = RunScope(Run())  # type: ignore[arg-type]
    results: dict[str, dict[str, float]] = {}
    for name, spec in sorted(registry.eval_functions().items()):
        found = varied(name, spec.examples[0]) if spec.examples else None
        if found is None or name in LEFT_OUT or (options.only and options.only != name):
            continue
        node, row = found
        results[name] = {"microseconds": measure(compile_expression(node, scope), row, options.seconds)}
        plain = PLAIN.get(name)
        if plain is not None:
            results[name]["plain"] = measure(plain, row, options.seconds)
    slowest = sorted(results, key=lambda name: -results[name]["microseconds"])
    for name in slowest:
        row_of = results[name]
        ratio = f"{row_of['microseconds'] / row_of['plain']:8.1f}x plain" if "plain" in row_of else ""
        print(f"{name:24} {row_of['microseconds']:9.3f} us {ratio}")
    five = [name for name in slowest if "plain" in results[name]][:5]
    print("\nThe five slowest against plain Python:")
    for name in five:
        print(f"  {name:22} {results[name]['microseconds'] / results[name]['plain']:.1f}x")
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
