"""Expressions of transforms.conf over text of several lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.knowledge.fields.transforms import has_anchor

TEXT = "Alpha=1 x\nBeta=2\nlist:\n  one\n  two"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "the start of a line": (r"REGEX = ^Beta=(\d)" "\nFORMAT = beta::$1", {"beta": "2"}),
    "the end of a line": (r"REGEX = (\w)$" "\nFORMAT = last::$1", {"last": "x"}),
    "every line": (r"REGEX = ^(\w+)=([^\n]+)" "\nFORMAT = $1::$2", {"Alpha": "1 x", "Beta": "2"}),
    "the start of the text": (r"REGEX = \A(\w+)=" "\nFORMAT = first::$1", {"first": "Alpha"}),
    "a full stop is no end of a line": (r"REGEX = Alpha=(.*)" "\nFORMAT = rest::$1", {"rest": "1 x"}),
    "unless it is said": (r"REGEX = (?s)Beta=(.*)" "\nFORMAT = rest::$1", {"rest": "2\nlist:\n  one\n  two"}),
    "lines of a field": (
        r"REGEX = ^\s+(\w+)" "\nSOURCE_KEY = lines\nFORMAT = item::$1\nMV_ADD = true",
        {"item": ["one", "two"]},
    ),
}


ANCHORED = {
    r"<a>([^<]+)": False,
    "^a": True,
    "a$": True,
    r"\^a\$": False,
    "[$^]": False,
    "[]^]": False,
    "[^]]x": False,
    "(a|^b)": True,
    r"[a\]^]y": False,
    r"\[^x]": True,
    "[a": False,
    "[[:^digit:]]$": True,
    "[^,]*," * 40: False,
}


@pytest.mark.parametrize("pattern", ANCHORED)
def test_anchors_are_found(pattern: str) -> None:
    """Only an expression with an anchor outside of brackets is told of lines."""
    assert has_anchor(pattern) is ANCHORED[pattern]


@pytest.mark.parametrize("name", CASES)
def test_lines(tmp_path: Path, name: str) -> None:
    """`^` and `$` of a transform are the ends of lines, as in EXTRACT; only there is a full stop any character."""
    transform, expected = CASES[name]
    folder = tmp_path / "app" / "default"
    folder.mkdir(parents=True)
    (folder / "props.conf").write_text("[t]\nKV_MODE = none\nEXTRACT-a = list:(?<lines>.*)\nREPORT-b = one\n")
    (folder / "transforms.conf").write_text(f"[one]\n{transform}\n")
    environment = splmini.Environment(apps=[tmp_path / "app"])
    (row,) = environment.compile("search *").run([{"_raw": TEXT, "sourcetype": "t"}])
    assert {field: row.get(field) for field in expected} == expected
