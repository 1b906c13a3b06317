"""The rest of the generated reference: the Python API, the command line, limits, macros, packs and event formats."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from reference import all_limits, field_docs
from reference_text import code, fenced, prose, syntax, table
from reference_times import times_page

import splmini
from splmini import resources
from splmini.cli import COMMANDS, cli
from splmini.compiled import RunOptions
from splmini.events._lines import _formats
from splmini.events._reader import readers
from splmini.knowledge.conf import DEFAULT, parse_conf
from splmini.knowledge.files import AppFiles
from splmini.language.macros import MacroRegistry


def more_pages() -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of the pages."""
    yield "reference/api.md", _api()
    yield "reference/cli.md", _command_line()
    yield "reference/limits.md", _limits_page()
    yield "reference/macros.md", _macros()
    yield "reference/packs.md", _packs()
    yield "reference/formats.md", _formats_page()
    yield "reference/times.md", times_page()
    yield "modules.md", _modules()


# ---- Python --------------------------------------------------------------------------------------------------------

GROUPS = (
    ("Searching", ("search", "Environment", "Search", "Results", "Message", "Source", "Limits")),
    ("Language", ("parse", "format", "format_yaml", "MacroRegistry")),
    (
        "Detections",
        (
            "Detection",
            "Outcome",
            "DetectionReport",
            "load_content",
            "load_cases",
            "sweep",
            "Hit",
            "lint",
            "lint_file",
            "lint_repository",
            "lint_rules",
            "Issue",
        ),
    ),
    ("Apps", ("check_app",)),
)


SHOWN = {
    "Environment": ("compile", "explain", "fields", "macros", "lookups", "datamodels"),
    "Search": ("run", "stream", "plan"),
}
"""Of these classes, the members that are for users; the others are how the layers talk to each other."""


def _api() -> str:
    errors = [name for name in splmini.__all__ if _is_error(getattr(splmini, name))]
    listed = {name for _, names in GROUPS for name in names}
    rest = [name for name in splmini.__all__ if name not in listed and name not in errors]
    page = [
        "# The Python API",
        "",
        "Everything here is in the package `splmini`; names are imported when they are first used.",
        "",
    ]
    for title, names in (*GROUPS, *((("More", tuple(rest)),) if rest else ())):
        page += [f"## {title}", ""]
        for name in names:
            page += _entry(name, getattr(splmini, name), 3)
            if name == "Search":
                page += ["**Options of a run**", "", _run_options(), ""]
    page += [
        "## Errors",
        "",
        prose(splmini.SplError.__doc__ or ""),
        "",
        table(["error", "when"], ([code(n), prose(getattr(splmini, n).__doc__ or "").split("\n")[0]] for n in errors)),
    ]
    return "\n".join(page) + "\n"


def _run_options() -> str:
    rows = [[code(name), code(str(default)), prose(doc)] for name, default, doc in field_docs(RunOptions)]
    return table(["option", "default", "meaning"], rows)


def _is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exception)


def _entry(name: str, thing: Any, level: int) -> list[str]:
    lines = [f"{'#' * level} {name}", "", syntax(f"{name}{_parameters(thing)}"), "", _doc(thing), ""]
    if isinstance(thing, type):
        for method, value in vars(thing).items():
            if method.startswith("_") or method not in SHOWN.get(name, (method,)):
                continue
            if not (inspect.isfunction(value) or isinstance(value, (property, classmethod, staticmethod))):
                continue
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            shown = (
                "" if isinstance(value, property) else _parameters(function, skip=not isinstance(value, staticmethod))
            )
            lines += [f"**`.{method}{shown}`**", "", _doc(function), ""]
    return lines


def _parameters(thing: Any, skip: bool = False) -> str:
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    values = list(found.parameters.values())[1 if skip else 0 :]
    shown = [str(each.replace(annotation=inspect.Parameter.empty)) for each in values]
    if any(each.kind is each.KEYWORD_ONLY for each in values) and not any(
        each.kind is each.VAR_POSITIONAL for each in values
    ):
        first = next(i for i, each in enumerate(values) if each.kind is each.KEYWORD_ONLY)
        shown.insert(first, "*")
    return re.sub(r" at 0x[0-9a-f]+", "", f"({', '.join(shown)})")


def _doc(thing: Any) -> str:
    """A docstring: `Args:` and the like become lists, examples code blocks."""
    lines, inside = [], ""
    for line in inspect.cleandoc(inspect.getdoc(thing) or "").split("\n"):
        if line.startswith(">>>") and inside != "code":
            lines += ["", "```pycon"]
            inside = "code"
        elif inside == "code" and not line.strip():
            lines.append("```")
            inside = ""
        if inside == "code":
            lines.append(line)
        elif re.fullmatch(r"(Args|Raises|Returns|Yields):", line):
            lines += ["", f"*{line[:-1]}*", ""]
            inside = "list"
        elif inside == "list" and re.match(r" {4}\S", line):
            name, _, text = line.strip().partition(": ")
            lines.append(f"- `{name}`: {prose(text)}")
        else:
            lines.append(prose(line) if line.strip() else "")
    if inside == "code":
        lines.append("```")
    return "\n".join(lines)


# ---- the command line ------------------------------------------------------------------------------------------------


def _command_line() -> str:
    page = ["# The command line", "", prose(inspect.cleandoc(cli.help or "")), ""]
    for name in sorted(COMMANDS):
        page += _click_entry(f"splmini {name}", importlib.import_module(COMMANDS[name]).command)
    return "\n".join(page)


def _click_entry(path: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group):
        lines: list[str] = []
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            lines += _click_entry(f"{path} {name}", below)
        return lines
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = [f"## {path}", "", fenced(usage), "", prose((command.help or "").replace("\b", "")), ""]
    rows = []
    for option in command.params:
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            rows.append([code(record[0]), prose(record[1]).replace("|", "&#124;")])
    return [*lines, table(["option", "meaning"], rows), ""]


# ---- tables ----------------------------------------------------------------------------------------------------------


def _limits_page() -> str:
    rows = [[code(name), code(str(default)), prose(doc)] for name, default, doc in all_limits()]
    return (
        "\n".join(
            [
                "# Limits",
                "",
                prose(splmini.Limits.__doc__ or ""),
                "",
                "```python\nimport splmini\n\n"
                "env = splmini.Environment(limits=splmini.Limits(subsearch_maxout=50_000))\n"
                "assert env.limits.subsearch_maxout == 50_000\n```",
                "",
                table(["limit", "default", "what it bounds"], rows),
            ]
        )
        + "\n"
    )


def _macros() -> str:
    rows = []
    for macro in sorted(MacroRegistry.builtin().macros(), key=lambda each: (each.name, len(each.args))):
        name = f"{macro.name}({', '.join(macro.args)})" if macro.args else macro.name
        text = macro.definition if len(macro.definition) <= 200 else macro.definition[:199] + "…"
        rows.append([code(name), prose(macro.description).replace("|", "&#124;"), code(text) if text else ""])
    return (
        "\n".join(
            [
                "# Built-in macros",
                "",
                "Always there; macros of that name in `Environment(macros=…)` or an app win. Long definitions are cut.",
                "",
                table(["macro", "what it is for", "definition"], rows),
            ]
        )
        + "\n"
    )


def _packs() -> str:
    rows = []
    for folder in sorted(resources.packs_folder().iterdir(), key=lambda each: each.name):
        if not folder.is_dir() or folder.name.startswith("_"):
            continue
        files = AppFiles(folder)
        data = files.read("default", "app.conf") or b""
        about = {line.key: line.value for line in parse_conf(data.decode("utf-8"))}
        rows.append([code(folder.name), prose(about.get("description", "")), ", ".join(_sourcetypes(files))])
    return (
        "\n".join(
            [
                "# Built-in packs",
                "",
                "Splunk apps in `splmini/knowledge/packs/`, written for splmini. All are loaded unless `apps=` "
                "names others; see [Own add-ons](../guides/add-ons.md).",
                "",
                table(["pack", "what it holds", "stanzas of props.conf"], rows),
            ]
        )
        + "\n"
    )


def _sourcetypes(files: AppFiles) -> list[str]:
    data = files.read("default", "props.conf") or b""
    return [
        code(name)
        for name in dict.fromkeys(line.stanza for line in parse_conf(data.decode("utf-8")))
        if name != DEFAULT
    ]


def _formats_page() -> str:
    rows = [[code(name), each.title, _how(name, each)] for name, each in sorted(readers().items())]
    return (
        "\n".join(
            [
                "# Event formats",
                "",
                'Recognised by content. `splmini run --input-format NAME`, or `format="NAME"` on '
                "`Search.run`, names it instead. Files may be compressed: gzip, bzip2, xz, zstd and zip.",
                "",
                table(["name", "format", "how it is read"], rows),
            ]
        )
        + "\n"
    )


def _how(name: str, each: Any) -> str:
    line = _formats.get(name)
    return prose((line.tell.__doc__ if line else each.doc) or "").split("\n")[0].replace("|", "&#124;")


# ---- modules -------------------------------------------------------------------------------------------------------


def _modules() -> str:
    package = Path(splmini.__file__).parent
    folders: dict[str, list[list[str]]] = {}
    for path in sorted(package.rglob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        first = text.split("\n\n")[0].replace("\n", " ")
        if first:
            folder = path.parent.relative_to(package.parent).as_posix()
            folders.setdefault(folder, []).append([code(path.name), prose(first).replace("|", "&#124;")])
    page = ["# Module map", "", "What each file is, in the words of its docstring.", ""]
    for folder, rows in folders.items():
        page += [f"## {folder}", "", table(["file", "what it is"], rows), ""]
    return "\n".join(page)
