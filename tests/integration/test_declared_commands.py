"""Commands that only parse: every one is read, printed, and refused by name when it is compiled."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import splmini
from splmini import registry
from splmini.commands._declared import DECLARED
from splmini.errors import UnsupportedFeature

ARGUMENTS = {"search": "a=b", "expressions": "a=b", "aggregation": "count(a) as b", "arguments": 'a=b "c d" e* (f)'}
NAMES = sorted(name for name in DECLARED if (spec := registry.find_command(name)) is not None and spec.build is None)


@pytest.mark.parametrize("name", NAMES)
def test_declared_command(name: str) -> None:
    """A declared command parses and prints, and compiling it names it."""
    spec = registry.find_command(name)
    assert spec is not None
    arguments = "* [eval x=1]" if spec.raw_subsearch else ARGUMENTS[spec.dialect]
    text = f"error | {name} {arguments}"
    tree = splmini.parse(text)
    assert splmini.parse(str(tree)) == tree
    with pytest.raises(UnsupportedFeature) as caught:
        splmini.Environment().compile(text)
    assert caught.value.name == name
    assert caught.value.position == (1, 9)


def test_a_handler_runs_a_declared_command() -> None:
    """A handler that the caller registers takes the place of what is missing."""

    def apply(rows, arguments):  # type: ignore[no-untyped-def]
        for row in rows:
            yield {**row, "predicted": 1}

    environment = splmini.Environment(commands={"apply": apply})
    assert list(environment.compile("* | apply model").run([{"a": "x"}])) == [{"a": "x", "predicted": 1}]


def _decoded(rows, arguments):  # type: ignore[no-untyped-def]
    """What cyberchef does with the recipe FromBase64."""
    options = arguments.options
    for row in rows:
        text = base64.b64decode(row[options["infield"]]).decode()
        yield {**row, options["outfield"]: text}


def _parsed(rows, arguments):  # type: ignore[no-untyped-def]
    """What ut_parse_extended does with the host of a URL."""
    url_field, _ = arguments.words
    for row in rows:
        host = row[url_field].split("/")[2]
        yield {**row, "ut_netloc": host, "ut_tld": host.rpartition(".")[2]}


def test_handlers_of_custom_commands() -> None:
    """Handlers read options and words, and their rows go on through the search."""
    environment = splmini.Environment(commands={"cyberchef": _decoded, "ut_parse_extended": _parsed})
    search = (
        '| cyberchef infield="payload" outfield="url" operation=FromBase64 | ut_parse_extended url list '
        "| search ut_tld=com | table ut_netloc"
    )
    events = [{"payload": base64.b64encode(text).decode()} for text in (b"http://a.com/x", b"http://b.org/y")]
    assert list(environment.compile(search).run(events)) == [{"ut_netloc": "a.com"}]


def test_a_handler_of_sendalert_sees_the_results() -> None:
    """sendalert is given the rows and its parameters, and passes the rows on."""
    seen: list[tuple[str, str, int]] = []

    def sendalert(rows, arguments):  # type: ignore[no-untyped-def]
        kept = list(rows)
        seen.append((arguments.words[0], arguments.options["param.risk_score"], len(kept)))
        return kept

    environment = splmini.Environment(commands={"sendalert": sendalert})
    results = environment.compile("| stats count by user | sendalert risk param.risk_score=50").run(
        [{"user": "a"}, {"user": "b"}]
    )
    assert len(results) == 2
    assert seen == [("risk", "50", 2)]


def test_a_handler_that_fails() -> None:
    """What a handler raises reaches the caller, as the cause of an error that names the command and its place."""

    def failing(rows, arguments):  # type: ignore[no-untyped-def]
        raise ValueError("no service")

    with pytest.raises(splmini.SplError, match="The handler of 'cyberchef' raised ValueError: no service") as caught:
        splmini.Environment(commands={"cyberchef": failing}).compile("| cyberchef x").run([{"a": 1}])
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.position == (1, 3)


@pytest.mark.parametrize("spl", ['| map search="| numbers n=$a$"', "| map [| numbers n=$a$ ]"])
def test_a_search_that_map_makes_may_begin_with_a_handlers_command(spl: str) -> None:
    """map runs the commands that the caller serves, as a subsearch does."""

    def numbers(rows: Any, arguments: Any) -> list[dict[str, str]]:
        return [{"n": arguments.options["n"]}]

    found = splmini.Environment(commands={"numbers": numbers}).compile(spl).run([{"a": 1}, {"a": 2}])
    assert [row["n"] for row in found] == ["1", "2"]
