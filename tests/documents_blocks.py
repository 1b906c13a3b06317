"""The code blocks of Markdown files, and how the tests run them.

| block | what is done with it |
|---|---|
| `python` | run; the blocks of a page share one namespace and the page's folder |
| `ipython` | run by IPython, in the same namespace; magics and all |
| `sh` | run by bash in the page's folder; `<!-- exit: 1 -->` above it says how it ends |
| `spl` | compiled |
| `yaml`, `json`, `toml`, `ini` | parsed |
| any with `title="NAME"` | also written to that file in the page's folder |
| `text` behind a `python` or `sh` block | what that prints; a line `…` stands for any lines |

`<!-- not run: REASON -->` above a block leaves it out.

`python tests/documents_blocks.py --check PAGE` runs a page and compares; without `--check` pages are run, and what
their blocks print is written into the text blocks behind them: read the difference before you keep it.
"""

from __future__ import annotations

import configparser
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

import splmini

TOOK = re.compile(r"\b(?:in )?\d+(?:\.\d+)? s\b|\b0\.\d{3}$")
Printed = Callable[["Block", str], None] | None
FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^>]*) -->\n+)?"
    r"^(?P<fence>`{3,})(?P<language>\w*)[ ]?(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RUN = frozenset({"python", "ipython", "sh"})
KNOWN = RUN | {"spl", "yaml", "json", "toml", "ini", "text", "xml", "csv", "lark", "pycon", "diff"}


@dataclass(frozen=True)
class Block:
    """A code block: its language, text, file name, the note above it, and the line on which it begins."""

    language: str
    text: str
    title: str
    note: str
    line: int
    output: str | None = None
    end: int = 0
    """Where its output begins in the page, where there is one."""


def blocks(markdown: str) -> list[Block]:
    """Return the code blocks of a page in order; a text block behind one that runs is that one's output."""
    found: list[Block] = []
    for match in FENCE.finditer(markdown):
        title = re.search(r'title="([^"]+)"', match["info"])
        line = markdown.count("\n", 0, match.start("fence")) + 1
        block = Block(match["language"], match["text"], title[1] if title else "", match["note"] or "", line)
        if block.language == "text" and found and found[-1].language in RUN and found[-1].output is None:
            found[-1] = replace(found[-1], output=block.text, end=match.start("text"))
        else:
            found.append(block)
    return found


def run_page(markdown: str, folder: Path, *, printed: Printed = None) -> int:
    """Run the blocks of a page in a folder, one after the other; return how many there were.

    `printed(block, text)` is called with what a block prints, in place of comparing it.
    """
    names: dict[str, Any] = {"__name__": "page"}
    done = 0
    for block in blocks(markdown):
        assert block.language in KNOWN, f"line {block.line}: a block in {block.language or 'no language'}"
        if block.note.startswith("not run:"):
            continue
        try:
            shown = _run(block, folder, names)
            if printed is not None:
                printed(block, shown)
            elif block.output is not None:
                compare(block.output, shown)
        except Exception as error:
            raise AssertionError(f"line {block.line}: {type(error).__name__}: {error}\n{block.text}") from error
        done += 1
    return done


def _run(block: Block, folder: Path, names: dict[str, Any]) -> str:
    if block.title:
        path = folder / block.title
        assert folder in path.resolve().parents
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8", newline="\n")
    if block.language == "python" and not block.title:
        return _python(block, names)
    if block.language == "ipython":
        return _ipython(block, names)
    if block.language == "sh":
        return _shell(block, folder)
    if block.language == "spl":
        splmini.Environment().compile(block.text)
    else:
        _parse(block)
    return ""


def _python(block: Block, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * block.line + block.text, "page", "exec"), names)
    return out.getvalue()


def _ipython(block: Block, names: dict[str, Any]) -> str:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance(user_ns=names, history_manager=None)
    with capture_output() as captured:
        done = shell.run_cell(block.text)
    done.raise_error()
    return re.sub(r"^Out\[\d+\]: ?\n?", "", captured.stdout, flags=re.MULTILINE)


def _shell(block: Block, folder: Path) -> str:
    settings = {
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
        "COLUMNS": "100",
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-c", block.text],
        cwd=folder,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
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


def compare(expected: str, shown: str) -> None:
    """Fail where what was printed is not what the page shows; blanks at the ends of lines do not count."""
    want, got = _lines(expected), _lines(shown)
    assert _fits(want, got), "it prints\n" + "\n".join(got) + "\nand the page shows\n" + "\n".join(want)


def _lines(text: str) -> list[str]:
    """Return the lines of an output, with how long something took left out."""
    return [TOOK.sub("in a while", line.rstrip()) for line in text.rstrip().split("\n")]


def _fits(want: list[str], got: list[str]) -> bool:
    if not want:
        return not got
    if want[0].strip() == "…":
        return any(_fits(want[1:], got[at:]) for at in range(len(got) + 1))
    return bool(got) and want[0] == got[0] and _fits(want[1:], got[1:])


def run_in_folder(text: str, printed: Printed = None) -> int:
    """Run a page in a new folder that holds the examples."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXAMPLES, Path(folder, "examples"))
        before = os.getcwd()
        os.chdir(folder)
        try:
            return run_page(text, Path(folder).resolve(), printed=printed)
        finally:
            os.chdir(before)


def write_outputs(page: Path) -> None:
    """Run a page and write what its blocks print into it; outputs that fit, with their `…`, stay as they are."""
    text = page.read_text("utf-8")
    changes: list[tuple[int, str, str]] = []

    def note(block: Block, shown: str) -> None:
        if block.output is None:
            return
        if not _fits(_lines(block.output), _lines(shown)):
            lines = [line.rstrip() for line in shown.rstrip().split("\n")]
            changes.append((block.end, block.output, "\n".join(lines) + "\n"))

    run_in_folder(text, note)
    for at, old, new in reversed(changes):
        text = text[:at] + new + text[at + len(old) :]
    page.write_text(text, "utf-8", newline="\n")
    print(f"{page}: {len(changes)} outputs written")


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "Agg")
    if sys.argv[1:2] == ["--check"]:
        run_in_folder(Path(sys.argv[2]).read_text("utf-8"))
    else:
        for name in sys.argv[1:]:
            write_outputs(Path(name))
