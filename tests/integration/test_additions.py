"""Things added outside of the tree: a module and its cases are all that they need."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents_blocks import blocks
from integration.test_cases import test_case as run_case

import splmini
from splmini import registry
from splmini.compiled import Search
from splmini.completion import complete
from splmini.registry import command_table

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = '''
"""The outof command: keep what satisfies a condition, or count the results beside all events."""

from dataclasses import replace

from splmini.commands.arguments.reading import fail, fields_read, reading
from splmini.commands.arguments.uses import condition_reads
from splmini.language import tree
from splmini.operators import Request, Sequence, Stream, Streaming
from splmini.registry import Chart, Example, FieldUses, Hazard, Known, command


def _condition(command):
    (condition,) = command.args
    return None if condition == replace(tree.And(()), span=condition.span) else condition


def _notes(node, before, after):
    if after and _condition(node) is None:
        yield f"{after[0]['count']} of {after[0]['total']} events came this far"


def _first(command, before, behind):
    return None if before else command


def _after(command, before, follow):
    counted = Known(frozenset({"count", "total"}), "what outof gives", reset=True)
    return counted if _condition(command) is None else before


@command(
    "outof",
    "search",
    syntax="outof [<search-expression>]",
    category="streaming",
    source="https://example.org/where-it-is-documented",
    examples=(Example("| outof status=500", [{"status": 500}], ({"status": 500}, {"status": 200})),),
    rereads=True,
    tabular=True,
    chart=Chart("column", axis="first"),
    reduces=True,
    condition="search",
    uses=FieldUses(reads=condition_reads, after=_after),
    notes=_notes,
    hazards=(Hazard("SPL405", "'{name}' at the start keeps everything.", "Put it behind a search.", _first),),
)
def build(node, scope):
    """Keep the results that satisfy a condition; without one, count the results beside all events.

    *Null*: a field that is absent satisfies no comparison. *Multivalue*: one value is enough.
    """
    condition = _condition(node)
    if condition is not None:
        return keep(condition, node)
    if scope.first:
        fail(node, "outof needs results before it.")

    def run(stream, ctx):
        count = sum(map(len, stream.batches))
        total = sum(len(batch) for batch in ctx.scan(Request(needed=frozenset())).batches)
        return Stream(iter([[{"count": count, "total": total}]]), lambda: ["count", "total"])

    return Sequence(name="outof", run=run, requires=lambda after: frozenset(), node=node, span=node.span)


def keep(condition, node):
    def bind(ctx):
        test = ctx.predicate(condition)

        def run(batch):
            return [row for row in batch if test(row)]

        return run

    return Streaming(
        name="outof",
        bind=bind,
        requires=reading(fields_read(condition)),
        filters=True,
        predicate=condition,
        filter_by=lambda other: keep(other, replace(node, args=(other,))),
        writes=frozenset(),
        node=node,
        span=node.span,
    )
'''
CASES = """
- name: those that satisfy it are kept
  spl: "| eval x=1 | outof status=500"
  events: [{status: 500, n: 1}, {status: 200, n: 2}, {status: 500, n: 3}]
  rows: [{status: 500, n: 1, x: 1}, {status: 500, n: 3, x: 1}]
- name: the results are counted beside all events
  spl: "| where n>1 | outof"
  events: [{n: 1}, {n: 2}, {n: 3}]
  rows: [{count: 2, total: 3}]
- name: it counts results
  spl: "| outof"
  error: {type: ArgumentError, message: outof needs results before it.}
"""
EVENTS = [{"status": "500", "n": "1"}, {"status": "200", "n": "2"}]


@pytest.fixture(name="outof")
def _outof(tmp_path: Path) -> Iterator[registry.CommandSpec]:
    """Register a command from a module outside of the tree, and take it out again."""
    path = tmp_path / "outof.py"
    path.write_text(MODULE, "utf-8")
    spec = importlib.util.spec_from_file_location("outof", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    found = registry.find_command("outof")
    assert found is not None
    yield found
    del command_table._commands["outof"]


def compiled(text: str) -> Search:
    """Compile a search."""
    return splmini.Environment().compile(text)


@pytest.mark.usefixtures("outof")
@pytest.mark.parametrize("case", yaml.safe_load(CASES), ids=lambda case: str(case["name"]))
def test_its_cases_run(case: Any) -> None:
    """The cases of a command from elsewhere give their rows whichever way they are run."""
    run_case(case)


def test_the_parser_and_the_registry_know_it(outof: registry.CommandSpec) -> None:
    """It is parsed, printed, found by name and meant by who writes its name wrong; its example is true."""
    assert str(splmini.parse("| outof status=500")) == "| outof status=500"
    assert "outof" in registry.command_names()
    with pytest.raises(splmini.SplError) as caught:
        splmini.parse("| outoff status=500")
    assert "outof" in (caught.value.hint or "")
    (example,) = outof.examples
    assert list(compiled(example.spl).run(list(example.events), order="given")) == list(example.expect)


@pytest.mark.usefixtures("outof")
def test_the_optimiser_moves_it() -> None:
    """Its condition goes past calculations of other fields, under the names from before, into the reading of events."""
    plan = str(compiled("error | eval x=1 | rename status as code | outof code=500 | where x=1").plan())
    assert "generating error status=500" in plan.partition("optimised")[2]


@pytest.mark.usefixtures("outof")
def test_the_engine_keeps_the_events_for_it() -> None:
    """Behind other commands it reads the events again, also of an iterator, which gives them once."""
    search = compiled("| outof n=1 | outof")
    assert list(search.run(EVENTS)) == list(search.run(iter(EVENTS))) == [{"count": 1, "total": 2}]


@pytest.mark.usefixtures("outof")
def test_its_results_are_shown_as_it_says() -> None:
    """Its results are a table, drawn as columns over the first one."""
    view = compiled("* | outof n=1").run(EVENTS).view
    assert view.events is False
    assert view.chart == registry.Chart("column", axis="first")


@pytest.mark.usefixtures("outof")
def test_the_linter_sees_it() -> None:
    """The linter tells what it does less than expected, and which field it reads that cannot be there."""
    codes = {finding.code: finding.message for finding in splmini.lint("| outof status=500")}
    assert codes["SPL405"] == "'outof' at the start keeps everything."
    findings = [finding.message for finding in splmini.lint("error | stats count by user | outof stauts=500")]
    assert any("stauts" in message for message in findings)


@pytest.mark.usefixtures("outof")
def test_completion_offers_it() -> None:
    """It is offered with the first line of its documentation."""
    (found,) = [each for each in complete("error | outo") if each.text == "outof"]
    assert found.doc == "Keep the results that satisfy a condition; without one, count the results beside all events."


@pytest.mark.usefixtures("outof")
def test_explain_tells_its_notes() -> None:
    """Explain tells what it has to say of its rows, and which part of its condition refused."""
    explain = splmini.Environment().explain
    assert "2 refused by status=404" in str(explain("* | outof status=404", EVENTS))
    assert "1 of 2 events came this far" in str(explain("n=1 | outof", EVENTS))


def test_nothing_else_names_it() -> None:
    """It is of no file of the tree but this test: the module and its cases were all."""
    for folder in ("splmini", "grammar"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".lark"):
                assert "outof" not in path.read_text("utf-8"), path


RECIPES = re.split(r"^## Add ", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
THINGS = (
    "an eval function", "a stats function", "a command", "an event format", "a kind of events", "a pack", "a lint rule",
    "a command of the command line", "a result format", "an optimiser rule",
)  # fmt: skip


def test_there_is_a_recipe_for_each_thing() -> None:
    """CONTRIBUTING has a recipe for each thing that can be added."""
    assert tuple(recipe.partition("\n")[0] for recipe in RECIPES) == THINGS


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe.partition("\n")[0]))
def test_each_recipe_is_followed(recipe: str) -> None:
    """Each recipe writes its thing outside of the tree and asserts that it works; test_docs runs the blocks."""
    ran = [block for block in blocks(recipe) if block.language == "python" and "assert" in block.text]
    assert ran, "a recipe without a block that asserts something"
    assert any(block.title for block in blocks(recipe)), "a recipe that writes no file"
    for path in re.findall(r"`(splmini/[a-z_/]+\.py|tests/[a-z_/]+\.py)`", recipe):
        assert (ROOT / path).exists() or path in [block.title for block in blocks(recipe)], path
