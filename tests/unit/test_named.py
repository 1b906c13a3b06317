"""What commands ask of an app by name: extract STANZA, kvform, transaction name=."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini

TRANSFORMS = r"""
[word]
REGEX = \w+
[int]
REGEX = [0-9]+
[pair]
REGEX = (\w+)=(\w+)
FORMAT = $1::$2
[colours]
DELIMS = ",", ":"
[empty]
CLEAN_KEYS = true
"""
TYPES = """
[visit]
maxpause = 10s
fields = host,user
startswith = "log in"
[checked]
startswith = eval(n > 1)
[itself]
name = itself
fields = host
[piped]
startswith = (x) | head 1
"""
FORM = "Student's Name: [[word:student]]\nAge: [[int:age]] (in years)\n"


@pytest.fixture
def env(tmp_path: Path) -> splmini.Environment:
    """An environment with an app that has transforms, forms and transaction types."""
    for folder in ("default", "forms"):
        (tmp_path / folder).mkdir()
    (tmp_path / "default" / "transforms.conf").write_text(TRANSFORMS, "utf-8")
    (tmp_path / "default" / "transactiontypes.conf").write_text(TYPES, "utf-8")
    (tmp_path / "forms" / "student.form").write_text(FORM, "utf-8")
    return splmini.Environment(apps=[tmp_path])


def run(env: splmini.Environment, spl: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a search over events and give its rows."""
    return [dict(row) for row in env.compile(spl).run(list(events), order="given")]


@pytest.mark.parametrize(
    ("stanzas", "raw", "fields"),
    [
        ("pair", "a=1 b=2", {"a": "1", "b": "2"}),
        ("colours", "sky:blue,sun:gold", {"sky": "blue", "sun": "gold"}),
        ("pair colours", "a=1,sun:gold", {"a": "1", "sun": "gold"}),
        ("pair", "nothing", {}),
    ],
)
def test_extract_runs_a_transform(env: splmini.Environment, stanzas: str, raw: str, fields: dict[str, str]) -> None:
    """The names of stanzas run their extractions, one after the other."""
    (row,) = run(env, f'| makeresults | eval _raw="{raw}" | extract {stanzas} | fields - _*')
    assert row == fields


def test_extract_keeps_what_is_there(env: splmini.Environment) -> None:
    """A field that is there stays."""
    (row,) = run(env, '| makeresults | eval _raw="a=1", a="old" | extract pair')
    assert row["a"] == "old"


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ("| extract pai", "There is no transform 'pai'."),
        ("| extract empty", "The transform 'empty' has neither REGEX nor DELIMS."),
        ("| kvform form=teacher", "There is no form 'teacher'."),
        ("| kvform form=../default/transforms", "There is no form '../default/transforms'."),
        ("| transaction name=visitt", "There is no transaction type 'visitt'."),
    ],
)
def test_what_is_not_there(env: splmini.Environment, spl: str, message: str) -> None:
    """A name that no app has is a KnowledgeError with its position."""
    with pytest.raises(splmini.KnowledgeError) as caught:
        run(env, spl, {"v": 1})
    assert caught.value.message == message
    assert caught.value.position is not None


def test_kvform_by_name(env: splmini.Environment) -> None:
    """A form is matched as it stands, blanks against any blanks."""
    raw = "Student's   Name: Ada\n\nAge: 12 (in years)"
    (row,) = run(env, "| kvform form=student", {"_raw": raw})
    assert (row["student"], row["age"]) == ("Ada", "12")


def test_kvform_by_field(env: splmini.Environment) -> None:
    """The values of a field name the forms; what has none is passed on."""
    raw = "Student's Name: Ada\nAge: 12 (in years)"
    rows = run(env, "| kvform field=kind", {"_raw": raw, "kind": "student"}, {"_raw": raw, "kind": "x"}, {"_raw": raw})
    assert [row.get("student") for row in rows] == ["Ada", None, None]


def test_transaction_type(env: splmini.Environment) -> None:
    """The settings of a type are the defaults of the options."""
    events = [
        {"_time": 20, "host": "a", "user": "u", "_raw": "x"},
        {"_time": 12, "host": "a", "user": "u", "_raw": "log in"},
        {"_time": 1, "host": "a", "user": "u", "_raw": "x"},
    ]
    counts = [row["eventcount"] for row in run(env, "| transaction name=visit", *events)]
    assert counts == [2]
    assert [row["eventcount"] for row in run(env, "| transaction name=visit maxpause=5s", *events)] == [1]
    assert len(run(env, "| transaction name=checked", {"_time": 2, "n": 1}, {"_time": 1, "n": 2})) == 1


def test_a_transaction_type_does_not_name_another(env: splmini.Environment) -> None:
    """The setting `name` of a stanza is none of its options, so that no stanza leads to itself."""
    (row,) = run(env, "| transaction name=itself", {"_time": 1, "host": "a"}, {"_time": 2, "host": "a"})
    assert row["eventcount"] == 2


def test_a_transaction_type_holds_one_command(env: splmini.Environment) -> None:
    """A setting in which another command stands is a KnowledgeError."""
    with pytest.raises(splmini.KnowledgeError, match="'piped' is not well formed"):
        run(env, "| transaction name=piped", {"_time": 1, "host": "a"})
