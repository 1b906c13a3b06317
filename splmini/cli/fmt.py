"""`splmini fmt`: lay searches out, in files of SPL and inside detections' YAML."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay out the searches in FILES: SPL, or the `search` of detection YAML, of which every other byte stays.

    Only blanks and line breaks change; comments and macro calls stay as they are. `-` is standard input, whose
    laid-out text goes to standard output. A folder means its .spl, .yml and .yaml files.
    """
    import splmini

    changed = failed = 0
    for path in _expanded(files):
        try:
            before = _read(path)
            after = _laid_out(path, before)
        except splmini.SplError as error:  # the other files are laid out all the same
            failed += 1
            place = "" if path in str(error) else f"{path}: "
            say(f"splmini: {place}{type(error).__name__}: {error}", err=True)
            continue
        if after == before:
            if path == "-" and not (check or diff):
                say(after, nl=False, data=True)
            continue
        changed += 1
        if diff:
            say(_diff(path, before, after), nl=False, data=True)
        elif check:
            say(f"would change {path}", err=True)
        elif path == "-":
            say(after, nl=False, data=True)
        else:
            shared.write_output(path, after)
            say(f"changed {path}", err=True)
    sys.exit(2 if failed else 1 if changed and (check or diff) else 0)


def _expanded(files: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in files:
        path = Path(name)
        if name != "-" and path.is_dir():
            found.extend(map(str, shared.files_below(path, (".spl", ".yml", ".yaml"))))
        else:
            found.append(name)
    return found


def _read(path: str) -> str:
    import splmini

    try:
        if path == "-":
            return sys.stdin.buffer.read().decode("utf-8").replace("\r\n", "\n")
        return Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise splmini.KnowledgeError(f"The file cannot be read: {error}.", path=path) from error


def _laid_out(path: str, text: str) -> str:
    import splmini

    if Path(path).suffix in (".yml", ".yaml"):
        return splmini.format_yaml(text, path)
    ending = "\n" if text.endswith("\n") or path != "-" else ""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return mark + splmini.format(text.removeprefix(mark)).rstrip("\n") + ending


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path} (before)", f"{path} (after)"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ no newline at the end\n" for line in lines)
