"""The language reference, generated from the registry: one page for each command, eval function and stats function.

Every example on a page was run when the page was made: what it shows are the rows that came out. Fields whose values
differ from run to run (random ones) are left out.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields as dataclass_fields
from typing import Any

from reference_cases import command_cases, function_cases
from reference_text import (
    cell,
    code,
    facts_table,
    fenced,
    prose,
    rows_table,
    sections,
    signature,
    summary,
    syntax,
    table,
)

import splmini
from splmini import registry
from splmini.commands import ALIASES
from splmini.operators import Generating, Partial, Streaming

NOW = 1_700_000_000
HANDLERS = "../../guides/handlers.md"


@functools.cache
def environment(apps: tuple[str, ...] | None = None) -> splmini.Environment:
    """Return the environment that examples run in: with every built-in pack, or some."""
    return splmini.Environment(now=NOW, apps=apps)


# ---- commands ------------------------------------------------------------------------------------------------------


def command_pages() -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of the pages of all commands, their aliases and the list of them."""
    specs = dict(sorted(registry.commands().items()))
    yield "reference/commands/index.md", _command_index(specs)
    for name, spec in specs.items():
        yield f"reference/commands/{name}.md", _command_page(spec)
    for alias, name in sorted(ALIASES.items()):
        yield f"reference/commands/{alias}.md", _alias_page(alias, name)


def _command_index(specs: dict[str, registry.CommandSpec]) -> str:
    runs = [(name, spec) for name, spec in specs.items() if spec.build is not None]
    rest = [(name, spec) for name, spec in specs.items() if spec.build is None]
    others = [f"[{alias}]({alias}.md) ({name})" for alias, name in sorted(ALIASES.items())]
    return (
        "\n".join(
            [
                "# Commands",
                "",
                f"{len(runs)} commands run. {len(rest)} more parse, and raise `UnsupportedFeature` when "
                f"they are compiled, "
                f"unless the caller [registers a handler](../../guides/handlers.md).",
                "",
                "## Commands that run",
                "",
                table(
                    ["command", "kind", "what it does"],
                    ([f"[{name}]({name}.md)", spec.category, summary(spec.doc)] for name, spec in runs),
                ),
                "",
                "Other names: " + ", ".join(others) + ".",
                "",
                "## Commands that need a handler",
                "",
                table(
                    ["command", "what it does in Splunk"],
                    ([f"[{name}]({name}.md)", summary(spec.doc)] for name, spec in rest),
                ),
            ]
        )
        + "\n"
    )


def _alias_page(alias: str, name: str) -> str:
    return f"# {alias}\n\n`{alias}` is another name of [`{name}`]({name}.md), with the same arguments and results.\n"


def _command_page(spec: registry.CommandSpec) -> str:
    parts = sections(spec.doc)
    aliases = sorted(alias for alias, name in ALIASES.items() if name == spec.name)
    facts = [["status", "runs" if spec.build is not None else f"parses; [needs a handler]({HANDLERS})"]]
    if spec.build is not None:
        facts.append(["kind", spec.category])
    if spec.generating:
        facts.append(["place", "may be the first command, behind a leading pipe"])
    if aliases:
        facts.append(["other names", ", ".join(map(code, aliases))])
    facts.append(["Splunk's page", f"<{spec.source}>" if spec.source else "none: a command of an app"])
    page = [f"# {spec.name}", "", facts_table(facts), ""]
    if spec.syntax:
        page += ["## Syntax", "", syntax(spec.syntax), ""]
    page += ["## What it does", "", parts["does"] or "It is not described.", ""]
    if spec.build is None:
        page += [_not_run(spec), ""]
    if parts["values"]:
        page += ["## Null and multivalue", "", parts["values"], ""]
    if spec.options:
        page += ["## Options", "", _options(spec), ""]
    if spec.build is not None:
        page += ["## Limits and memory", "", _memory(spec, parts["memory"]), ""]
    if spec.examples:
        page += ["## Examples", "", *(_search_example(example) + "\n" for example in spec.examples)]
    page.append(command_cases(spec.name))
    return "\n".join(page)


def _not_run(spec: registry.CommandSpec) -> str:
    return (
        f"splmini parses `{spec.name}` with any arguments: searches that use it can be formatted and linted. "
        f"Compiling one raises `UnsupportedFeature` with the name `{spec.name}`, unless the environment has a "
        f'handler: `Environment(commands={{"{spec.name}": function}})`.'
    )


def _options(spec: registry.CommandSpec) -> str:
    rows = []
    for name, option in spec.options.items():
        kind = ", ".join(map(code, option.choices)) if option.choices else option.kind
        kind += "" if option.least is None else f", {option.least} or more"
        default = option.default
        shown = (
            "" if default is None else ("true" if default else "false") if isinstance(default, bool) else str(default)
        )
        rows.append([code(name), kind, code(shown) if shown else "", prose(option.doc).replace("|", "&#124;")])
    return table(["option", "values", "default", "meaning"], rows)


_KINDS = {
    Streaming: "It works row by row, keeps nothing between rows, and can run in several processes.",
    Partial: "It makes partial results that merge, also in several processes. Memory grows with its result, "
    "not with the events; more than `max_groups` groups are `LimitExceeded`.",
    Generating: "It makes its own rows.",
}


def _memory(spec: registry.CommandSpec, said: str) -> str:
    kind = _kind(spec)
    general = _KINDS.get(kind, "" if said else "It sees the rows in order, one after the other, in one process.")
    limits = "\n".join(f"- `Limits({name}={default})`: {prose(doc)}" for name, default, doc in _limits(spec))
    return "\n\n".join(part for part in (general, said, limits) if part)


def _kind(spec: registry.CommandSpec) -> type | None:
    for example in spec.examples:
        for operator in environment().compile(example.spl).operators:
            if operator.name == spec.name:
                return type(operator)
    return None


def _limits(spec: registry.CommandSpec) -> list[tuple[str, Any, str]]:
    """The limits that a command's module reads, or that its documentation names."""
    text = spec.doc
    assert spec.build is not None
    module = importlib.import_module(spec.build.__module__)
    for name in (module.__name__, *_helpers(module)):
        text += inspect.getsource(importlib.import_module(name))
    used = set(re.findall(r"[Ll]imits(?:\.|\()(\w+)", text))
    return [(name, default, doc) for name, default, doc in all_limits() if name in used]


def _helpers(module: Any) -> list[str]:
    return [f"splmini.commands.{name}" for name in ("_pivot",) if name in inspect.getsource(module)]


@functools.cache
def all_limits() -> tuple[tuple[str, Any, str], ...]:
    """Return (name, default, documentation) of each limit."""
    return field_docs(splmini.Limits)


def field_docs(kind: Any) -> tuple[tuple[str, Any, str], ...]:
    """Return (name, default, documentation) of each field of a dataclass; a string below a field documents it.

    One string may document several fields in a row.
    """
    docs: dict[str, str] = {}
    waiting: list[str] = []
    for node in ast.parse(inspect.cleandoc(inspect.getsource(kind))).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            waiting.append(node.target.id)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.update(dict.fromkeys(waiting, re.sub(r"\s+", " ", str(node.value.value))))
            waiting = []
    return tuple((each.name, each.default, docs.get(each.name, "")) for each in dataclass_fields(kind))


# ---- examples ------------------------------------------------------------------------------------------------------


def _search_example(example: registry.Example) -> str:
    lines = []
    for name, text in example.saved.items():
        lines += [f"With the saved search `{name}`", fenced(text, "spl")]
    if example.before:
        lines += ["After", fenced(example.before, "spl")]
    lines.append(fenced(example.spl, "spl"))
    if example.events:
        lines += ["over", rows_table(example.events)]
    lines += ["gives", _result(example)]
    return "\n\n".join(lines)


def _result(example: registry.Example) -> str:
    first, second = _run(example), _run(example)
    stable = [name for name in first.fields if first.column(name) == second.column(name)]
    return rows_table(list(first), stable)


def _run(example: registry.Example) -> splmini.Results:
    """Run an example: with the one pack that most need, which is much faster, or else with all of them."""
    events = list(example.events)
    if example.saved or example.before:
        own = splmini.Environment(apps=[example.app()], now=NOW)
        if example.before:
            own.compile(example.before).run(events, order="given")
        return own.compile(example.spl).run(events, order="given")
    with contextlib.suppress(splmini.UnknownLookup, splmini.UnknownDataModel):
        found = environment(("cim",)).compile(example.spl).run(events, order="given")
        if len(found) == len(example.expect) and all(map(_promised, example.expect, found)):
            return found
    return environment().compile(example.spl).run(events, order="given")


def _promised(want: Any, row: Any) -> bool:
    return all(str(row.get(name)) == str(value) for name, value in want.items())


# ---- functions -----------------------------------------------------------------------------------------------------


def eval_pages() -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of the pages of all eval functions and the list of them."""
    functions = dict(sorted(registry.eval_functions().items()))
    families: dict[str, list[Any]] = {}
    for function in functions.values():
        families.setdefault(function.family, []).append(function)
    yield (
        "reference/eval/index.md",
        _function_index("Eval functions", families, "`eval`, `where`, `fieldformat`, and the `eval(…)` of aggregates"),
    )
    for name, function in functions.items():
        others = [
            n
            for n, other in functions.items()
            if n != name and (other.call or other.form) is (function.call or function.form)
        ]
        yield f"reference/eval/{name}.md", _eval_page(function, others)


def stats_pages() -> Iterator[tuple[str, str]]:
    """Yield (path, Markdown) of the pages of all stats functions and the list of them."""
    functions = dict(sorted(registry.stats_functions().items()))
    families: dict[str, list[Any]] = {}
    for function in functions.values():
        families.setdefault(function.family, []).append(function)
    yield (
        "reference/stats/index.md",
        _function_index(
            "Stats functions",
            families,
            "`stats`, `eventstats`, `streamstats`, `chart`, `timechart`, `tstats` and their kin",
        ),
    )
    for name, function in functions.items():
        others = [n for n, other in functions.items() if n != name and other.make is function.make]
        yield f"reference/stats/{name}.md", _stats_page(function, others)


def _function_index(title: str, families: dict[str, list[Any]], where: str) -> str:
    page = [f"# {title}", "", f"For {where}.", ""]
    for family, functions in sorted(families.items()):
        page += [
            f"## {family.replace('_', ' ').capitalize()}",
            "",
            table(["function", "result"], ([f"[{f.name}]({f.name}.md)", summary(f.doc)] for f in functions)),
            "",
        ]
    return "\n".join(page)


def _head(function: Any, others: list[str], kind: str, shown: str) -> list[str]:
    facts = [["status", "runs"], ["family", f"{kind}, {function.family.replace('_', ' ')}"]]
    if others:
        facts.append(["other names", ", ".join(f"[{name}]({name}.md)" for name in others)])
    facts.append(["Splunk's page", f"<{function.source}>"])
    return [f"# {function.name}", "", facts_table(facts), "", "## Syntax", "", fenced(shown), ""]


def _eval_page(function: registry.EvalFunction, others: list[str]) -> str:
    shown, _ = signature(function.doc)
    text = signature(function.doc)[1]
    parts = sections(text[:1].upper() + text[1:])
    page = _head(function, others, "eval", shown or f"{function.name}()")
    page += ["## What it gives", "", parts["does"], ""]
    if parts["values"]:
        page += ["## Null and multivalue", "", parts["values"], ""]
    page += ["## Arguments", "", _arity(function), "", "## Examples", ""]
    plain = [example for example in function.examples if not example.spl.lstrip().startswith("|")]
    if plain:
        events = any(example.events for example in plain)
        rows = [[code(example.spl), *([_event(example)] if events else []), _value(example)] for example in plain]
        page += [table(["expression", *(["event"] if events else []), "result"], rows), ""]
    page += [_search_example(example) + "\n" for example in function.examples if example.spl.lstrip().startswith("|")]
    page.append(function_cases("eval", [function.name, *others]))
    return "\n".join(page)


def _arity(function: registry.EvalFunction) -> str:
    if function.most == 0:
        return "None."
    if function.most is None:
        number = f"{function.least} or more"
    elif function.most == function.least:
        number = str(function.least)
    else:
        number = f"{function.least} to {function.most}"
    text = f"{number} argument{'' if number == '1' else 's'}."
    names = {
        "text": "text (numbers are printed)",
        "printed": "text or numbers",
        "values": "one or several values, not null()",
        "number": "numbers (numeric text too)",
        "integer": "integers",
        "bool": "conditions",
        "list": "multivalue",
        "scalar": "single values",
        "any": "anything",
    }
    if function.call is not None:
        text += " Taken as: " + ", then ".join(names[kind] for kind in function.kinds) + "."
    if function.returns != "any":
        text += f" The result is always {'a ' if function.returns in ('number', 'bool') else ''}{function.returns}."
    return text


def _event(example: registry.Example) -> str:
    if not example.events:
        return ""
    return ", ".join(f"{cell(name)} = {cell(value).replace('<br>', ', ')}" for name, value in example.events[0].items())


def _value(example: registry.Example) -> str:
    events = list(example.events) or [{}]
    search = environment().compile(f"| eval result={example.spl} | table result")
    first, second = (search.run(events, order="given")[0].get("result") for _ in range(2))
    if first != second:
        return "differs from run to run"
    return "null" if first is None else cell(first)


def _stats_page(function: registry.StatsFunction, others: list[str]) -> str:
    shown, text = signature(function.doc)
    parts = sections(text[:1].upper() + text[1:])
    page = _head(function, others, "stats", shown or f"{function.name}(X)")
    page += ["## What it gives", "", parts["does"], ""]
    if parts["values"]:
        page += ["## Null and multivalue", "", parts["values"], ""]
    page += ["## Arguments", "", _argument(function), "", "## Examples", ""]
    page += [_search_example(example) + "\n" for example in function.examples]
    page.append(function_cases("stats", [function.name, *others], function.pattern))
    return "\n".join(page)


_TAKES = {
    "value": "every value of the field",
    "number": "the values that are numbers; others are skipped",
    "ordered": "every value, with the order of arrival",
    "timed": "every value, with the event's `_time`; events without one are skipped",
    "series": "every value, with the event's `_time` and its other fields",
}


def _argument(function: registry.StatsFunction) -> str:
    need = {
        "optional": "A field is optional.",
        "required": "A field (with or without wildcards), or `eval(…)`.",
        "none": "No field.",
    }[function.argument]
    empty = "null" if function.empty is None else str(function.empty)
    several = (
        "A multivalue field counts as one list."
        if function.whole
        else "Of a multivalue field each value counts by itself."
    )
    if function.argument == "none":
        several = "Multivalue does not apply."
    return f"{need} It takes in {_TAKES[function.takes]}. {several} {_nothing(empty)}"


def _nothing(empty: str) -> str:
    return f"Null adds nothing; over no values the result is {empty}."
