"""Event types that an event cannot have, by the fields that it lacks, are not tried; and never one that it has."""

from __future__ import annotations

import random

import pytest

import splmini
from splmini.knowledge.fields.classifying import Possible, _candidates, presupposed
from splmini.language import parser, tree

ENV = splmini.Environment()
VALUES = ("success", "failure", "1", "4624", "XmlWinEventLog", "aws:cloudtrail", "login", "error sshd", "x")


def nodes() -> dict[str, tree.Node]:
    """The conditions of all built-in event types."""
    ctx = ENV.compile("search *").start([])
    return dict(ENV.knowledge.classifier(ctx).nodes)


def test_none_that_holds_is_left_out() -> None:
    """Over random events, a built-in event type that is not tried would have refused."""
    ctx = ENV.compile("search *").start([])
    possible = Possible(nodes())
    tests = {name: ctx.predicate(node) for name, node in possible.items()}
    names = sorted(frozenset().union(*(needs for needs in possible.presupposed.values() if needs)))
    candidates = _candidates(possible, ctx)
    chance = random.Random(7)
    tried = 0
    for _ in range(150):
        row = {name: chance.choice(VALUES) for name in chance.sample(names, chance.randrange(0, 8))}
        chosen = {name for name, _ in candidates(row)}
        tried += len(chosen)
        for name, test in tests.items():
            assert name in chosen or not test(row)
    assert tried < 150 * len(tests) / 2


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a=1", {"a"}),
        ("a!=1", {"a"}),
        ("a=1 OR b=2", {"a", "b"}),
        ("a=1 b=2", {"a"}),
        ("NOT a=1", None),
        ("a=1 OR NOT b=2", None),
        ("index=x", None),
        ("index=x a=1", {"a"}),
        ("eventtype=x", None),
        ("tag=x", None),
        ("tag::a=x", None),
        ("word", {"_raw"}),
        ("*", None),
        ("a IN (1, 2)", {"a"}),
        ("earliest=-1d", None),
    ],
)
def test_presupposed(text: str, fields: set[str] | None) -> None:
    """One of these fields has to be there; None where nothing is sure."""
    found = presupposed(parser.parse_search(text))
    assert found == (None if fields is None else frozenset(fields))
