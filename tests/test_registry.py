"""Every command and function is documented, has examples that run, and has cases."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import same

import splmini
from splmini import registry
from splmini.commands import ALIASES

CASES = Path(__file__).resolve().parent / "cases"
COMMANDS = {name: spec for name, spec in registry.commands().items() if spec.build is not None}
PARSED_ONLY = {name: spec for name, spec in registry.commands().items() if spec.build is None}
EVAL = registry.eval_functions()
STATS = registry.stats_functions()


@functools.lru_cache(maxsize=1)
def environment() -> Any:
    """Return the environment that all examples run in."""
    return splmini.Environment(now=1_700_000_000)


@functools.cache
def searches(kind: str) -> str:
    """Return the text of all searches and expressions in the cases of a kind."""
    found = []
    for path in (CASES / kind).glob("*.yaml"):
        for case in yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or []:
            found.append(case.get("spl") or case.get("expression") or "")
    return "\n".join(found).lower()


def examples(table: dict[str, Any]) -> list[Any]:
    """Return one pytest parameter for each example; aliases have the same examples, which are run once."""
    found, seen = [], set()
    for name, spec in sorted(table.items()):
        for number, example in enumerate(spec.examples):
            if id(example) not in seen:
                seen.add(id(example))
                found.append(pytest.param(example, id=f"{name}-{number}"))
    return found


def check_rows(example: Any, rows: list[Any]) -> None:
    """Fail where the rows are not those that the example promises."""
    assert len(rows) == len(example.expect), rows
    for want, got in zip(example.expect, rows, strict=True):
        assert all(same(value, got.get(name)) for name, value in want.items()), (want, got)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_is_complete(name: str) -> None:
    """A command has documentation, syntax, an example and a case file."""
    spec = COMMANDS[name]
    assert spec.doc.strip(), "no docstring"
    assert spec.syntax, "no syntax"
    assert spec.examples, "no example"
    assert all(option.doc for option in spec.options.values()), "an option without documentation"
    assert (CASES / "commands" / f"{name}.yaml").is_file() or name == "search", "no case file"


@pytest.mark.parametrize("name", sorted(PARSED_ONLY))
def test_command_that_only_parses_is_refused(name: str) -> None:
    """A command that parses but does not run is refused when it is compiled, by name or for a missing argument."""
    with pytest.raises(splmini.SplError) as caught:
        environment().compile(f"* | {name}")
    assert isinstance(caught.value, (splmini.UnsupportedFeature, splmini.SplSyntaxError, splmini.ArgumentError))
    assert caught.value.position is not None


@pytest.mark.parametrize("name", sorted(EVAL))
def test_eval_function_is_complete(name: str) -> None:
    """An eval function has documentation, an example, and a case that calls it."""
    spec = EVAL[name]
    assert spec.doc.strip(), "no docstring"
    assert spec.examples, "no example"
    family = {each for each, other in EVAL.items() if (other.call or other.form) is (spec.call or spec.form)}
    pattern = r"\b(" + "|".join(map(re.escape, family)) + r")\s*\("
    assert re.search(pattern, searches("eval")), "no case calls it"


@pytest.mark.parametrize("name", sorted(STATS))
def test_stats_function_is_complete(name: str) -> None:
    """A stats function has documentation, an example, and a case that calls it."""
    spec = STATS[name]
    assert spec.doc.strip(), "no docstring"
    assert spec.examples, "no example"
    family = {each for each, other in STATS.items() if other.make is spec.make}
    pattern = spec.pattern or r"\b(" + "|".join(map(re.escape, family)) + r")\b"
    text = searches("stats") + searches("commands")
    assert re.search(pattern.strip("^$"), text), "no case uses it"


@pytest.mark.parametrize("example", examples(dict(COMMANDS)) + examples(dict(STATS)))
def test_example_of_search(example: Any) -> None:
    """The example of a command or a stats function gives the rows that its page shows."""
    own = bool(example.saved or example.before)
    env = splmini.Environment(apps=[example.app()], now=1_700_000_000) if own else environment()
    if example.before:
        env.compile(example.before).run(list(example.events), order="given")
    check_rows(example, list(env.compile(example.spl).run(list(example.events), order="given")))


@pytest.mark.parametrize("example", examples(dict(EVAL)))
def test_example_of_eval_function(example: Any) -> None:
    """The example of an eval function gives the value that its page shows."""
    if example.spl.lstrip().startswith("|"):
        check_rows(example, list(environment().compile(example.spl).run(list(example.events), order="given")))
        return
    events = list(example.events) or [{}]
    (row, *_) = environment().compile(f"| eval result={example.spl}").run(events, order="given")
    assert same(example.expect, row.get("result")), row


@pytest.mark.parametrize(("alias", "name"), sorted(ALIASES.items()))
def test_alias(alias: str, name: str) -> None:
    """An alias leads to a command that exists."""
    assert registry.find_command(alias) is registry.find_command(name) is not None
