"""`splmini fmt`: lay searches out, in files of SPL and inside detections' YAML."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay out the searches in FILES: SPL, or the `search` of detection YAML, of which every other byte stays.

    Only blanks and line breaks change; comments and macro calls stay as they are. `-` is standard input, whose
    laid-out text goes to standard output. A folder means its .spl, .yml and .yaml files.
    """
    changed = 0
    for path in _expanded(files):
        before = _read(path)
        after = _laid_out(path, before)
        if after == before:
            if path == "-" and not (check or diff):
                click.echo(after, nl=False)
            continue
        changed += 1
        if diff:
            click.echo(_diff(path, before, after), nl=False)
        elif check:
            click.echo(f"would change {path}", err=True)
        elif path == "-":
            click.echo(after, nl=False)
        else:
            Path(path).write_bytes(after.encode("utf-8"))
            click.echo(f"changed {path}", err=True)
    sys.exit(1 if changed and (check or diff) else 0)


def _expanded(files: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in files:
        path = Path(name)
        if name != "-" and path.is_dir():
            found.extend(str(each) for each in sorted(path.rglob("*")) if each.suffix in (".spl", ".yml", ".yaml"))
        else:
            found.append(name)
    return found


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}.") from error


def _laid_out(path: str, text: str) -> str:
    import splmini

    if Path(path).suffix in (".yml", ".yaml"):
        return _in_yaml(path, text)
    ending = "\n" if text.endswith("\n") or path != "-" else ""
    return splmini.format(text).rstrip("\n") + ending


def _in_yaml(path: str, text: str) -> str:
    """Lay out the `search` at the top of a YAML document; everything else stays, byte by byte."""
    import yaml

    import splmini

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
            raise splmini.KnowledgeError("Aliases are not allowed in a detection.", path=path)
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise splmini.KnowledgeError(f"This is no YAML: {error}.", path=path) from error
    if not isinstance(root, yaml.MappingNode):
        return text
    for key, node in root.value:
        if key.value == "search" and isinstance(node, yaml.ScalarNode):
            after = _replaced(text, key, node, splmini.format(node.value))
            _verify(path, text, after, loader)
            return after
    return text


def _replaced(text: str, key: Any, node: Any, laid_out: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    if laid_out == node.value.rstrip("\n") and (node.style == "|" or "\n" not in laid_out):
        return text
    scalar = text[start:end]
    ending = "\r\n" if "\r\n" in text else "\n"
    tail = scalar[len(scalar.rstrip()) :] if node.style in ("|", ">") else ""
    indent = _indent(scalar) if node.style in ("|", ">") else " " * (key.start_mark.column + 4)
    lines = [indent + line if line else "" for line in laid_out.split("\n")]
    header = scalar.split("\n", 1)[0].rstrip() if node.style == "|" else "|-"
    return text[:start] + header + ending + ending.join(lines) + tail + text[end:]


def _indent(scalar: str) -> str:
    for line in scalar.split("\n")[1:]:
        if line.strip():
            return line[: len(line) - len(line.lstrip())]
    return "    "


def _verify(path: str, before: str, after: str, loader: Any) -> None:
    """Refuse a result that says anything else than the file said, but for the layout of its search."""
    import yaml

    import splmini

    old, new = yaml.load(before, loader), yaml.load(after, loader)  # noqa: S506 - a safe loader
    same = {**old, "search": ""} == {**new, "search": ""}
    if not same or splmini.format(old["search"]) != new["search"].rstrip("\n"):
        raise splmini.KnowledgeError("The search cannot be laid out in place; nothing was changed.", path=path)


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path} (before)", f"{path} (after)"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ no newline at the end\n" for line in lines)
