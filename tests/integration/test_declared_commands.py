"""Commands that only parse: every one is read, printed, and refused by name when it is compiled."""

from __future__ import annotations

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
