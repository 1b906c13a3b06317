"""The code blocks of Markdown files, and how the tests run them.

| block | what is done with it |
|---|---|
| `python` | run; the blocks of a page share one namespace and the page's folder |
| `sh` | run by bash in the page's folder; `<!-- exit: 1 -->` above it says how it ends |
| `spl` | compiled |
| `yaml`, `json`, `toml`, `ini`, … | parsed; with `title="NAME"` the file is written into the page's folder, also of other languages |
| `text` behind a `python` or `sh` block | what that prints; a line `…` stands for any lines |

`<!-- not run: REASON -->` above a block leaves it out.
"""

from __future__ import annotations

import configparser
import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import splmini

FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^>]*) -->\n+)?^(?P<fence>`{3,})(?P<language>\w*)[ ]?(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
KNOWN = frozenset({"python", "sh", "spl", "yaml", "json", "toml", "ini", "text", "xml", "csv", "lark", "pycon", "diff"})


@dataclass(frozen=True)
class Block:
    """A code block: its language, text, file name, the note above it, and the line on which it begins."""

    language: str
    text: str
    title: str
    note: str
    line: int
    output: str | None = None


def blocks(markdown: str) -> list[Block]:
    """Return the code blocks of a page in order; a text block behind one that runs is that one's output."""
    found: list[Block] = []
    for match in FENCE.finditer(markdown):
        title = re.search(r'title="([^"]+)"', match["info"])
        line = markdown.count("\n", 0, match.start("fence")) + 1
        block = Block(match["language"], match["text"], title[1] if title else "", match["note"] or "", line)
        if block.language == "text" and found and found[-1].language in ("python", "sh") and found[-1].output is None:
            found[-1] = Block(**{**vars(found[-1]), "output": block.text})
        else:
            found.append(block)
    return found


def run_page(markdown: str, folder: Path) -> int:
    """Run the blocks of a page in a folder, one after the other; return how many there were."""
    names: dict[str, Any] = {"__name__": "page"}
    done = 0
    for block in blocks(markdown):
        assert block.language in KNOWN, f"line {block.line}: a block in {block.language or 'no language'}"
        if block.note.startswith("not run:"):
            continue
        try:
            _run(block, folder, names)
        except Exception as error:
            raise AssertionError(f"line {block.line}: {type(error).__name__}: {error}\n{block.text}") from error
        done += 1
    return done


def _run(block: Block, folder: Path, names: dict[str, Any]) -> None:
    if block.title:
        path = folder / block.title
        assert folder in path.resolve().parents
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8", newline="\n")
    if block.language == "python" and not block.title:
        compare(block.output, _python(block, names))
    elif block.language == "sh":
        compare(block.output, _shell(block, folder))
    elif block.language == "spl":
        splmini.Environment().compile(block.text)
    else:
        _parse(block)


def _python(block: Block, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * block.line + block.text, "page", "exec"), names)
    return out.getvalue()


def _shell(block: Block, folder: Path) -> str:
    settings = {
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
        "COLUMNS": "100", "PYTHONUTF8": "1", "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-c", block.text], cwd=folder, env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", timeout=300,
    )
    expected = re.match(r"exit: (\d+)", block.note)
    assert done.returncode == (int(expected[1]) if expected else 0), f"exit {done.returncode}\n{done.stdout}"
    return done.stdout


def _parse(block: Block) -> None:
    if block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    elif block.language == "json":
        for value in _values(block.text):
            assert isinstance(value, (dict, list))
    elif block.language == "ini":
        configparser.RawConfigParser(strict=False, allow_no_value=True).read_string(block.text)
    elif block.language == "toml" and sys.version_info >= (3, 11):
        import tomllib

        tomllib.loads(block.text)


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON values that stand one after the other in a text."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        yield value
        at += len(text[at:]) - len(text[at:].lstrip())


def compare(expected: str | None, shown: str) -> None:
    """Fail where what was printed is not what the page shows; blanks at the ends of lines do not count."""
    if expected is None:
        return
    want = [line.rstrip() for line in expected.rstrip().split("\n")]
    got = [line.rstrip() for line in shown.rstrip().split("\n")]
    assert _fits(want, got), "it prints\n" + "\n".join(got) + "\nand the page shows\n" + "\n".join(want)


def _fits(want: list[str], got: list[str]) -> bool:
    if not want:
        return not got
    if want[0].strip() == "…":
        return any(_fits(want[1:], got[at:]) for at in range(len(got) + 1))
    return bool(got) and want[0] == got[0] and _fits(want[1:], got[1:])
