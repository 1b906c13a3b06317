"""What `splmini verify` asks: tables of cases, what of an answer is not as a case expects, files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import splmini
from splmini.detections.verify.questions import find_questions, load_questions

ROWS = [{"n": "1", "user": "ann"}]


def table(folder: Path, *cases: dict[str, Any]) -> Path:
    """Write a table of cases."""
    path = folder / "cases.yaml"
    path.write_text(yaml.safe_dump(list(cases)), encoding="utf-8")
    return path


PROBLEMS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[str]]] = {
    "as expected": ({"rows": ROWS}, ROWS, []),
    "one row more": ({"rows": ROWS}, ROWS * 2, ["2 rows, expected 1"]),
    "no error": ({"error": {"message": "no"}}, ROWS, ["it runs, with 1 rows, and should be refused: no"]),
    "another number of rows": ({"count": 2}, ROWS, ["1 rows, expected 2"]),
    "other columns": ({"rows": ROWS, "columns": ["n"]}, ROWS, ["the columns are ['n', 'user'], expected ['n']"]),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_not_as_expected(name: str, tmp_path: Path) -> None:
    """An answer is compared with all that a case says of it."""
    data, rows, problems = PROBLEMS[name]
    (question,) = load_questions(table(tmp_path, {"name": "a case", "spl": "| head 1", **data}))
    assert question.expects
    assert list(question.problems(rows, ["n", "user"])) == problems


def test_an_expression_is_a_search_over_one_event(tmp_path: Path) -> None:
    """A case with an expression asks what eval makes of it; limits are made of what the case says."""
    (question,) = load_questions(
        table(
            tmp_path, {"name": "a sum", "expression": "1+n", "event": {"n": 2}, "value": 3, "limits": {"max_rows": 9}}
        )
    )
    env = question.environment({"timezone": "UTC"})
    events, options = question.inputs(env)
    assert env.compile(question.search).run(events, **options)[0]["result"] == 3
    assert question.expected() == [{"result": 3}]
    assert env.limits.max_rows == 9


WRONG: dict[str, tuple[str, str]] = {
    "no list": ("a: 1\n", "A list of cases is expected here."),
    "neither search nor expression": ("- name: x\n", "A case has a 'name', and either a 'spl' or an 'expression'."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_table_is_refused(name: str, tmp_path: Path) -> None:
    """A file that is no table of cases says what is expected in it."""
    text, message = WRONG[name]
    path = tmp_path / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(splmini.KnowledgeError) as caught:
        load_questions(path)
    assert caught.value.message == message


def test_files_of_cases_are_found(tmp_path: Path) -> None:
    """In a folder those YAML files are taken that are tables; what is named always, and what is not there is told."""
    good = table(tmp_path, {"name": "x", "spl": "| head 1"})
    (tmp_path / "other.yml").write_text("a: [1\n", encoding="utf-8")
    (tmp_path / "list.yml").write_text("- 1\n", encoding="utf-8")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\xff")
    assert find_questions([tmp_path]) == [good]
    assert find_questions([tmp_path / "list.yml"]) == [tmp_path / "list.yml"]
    with pytest.raises(splmini.KnowledgeError, match="no such file"):
        find_questions([tmp_path / "nosuch"])
    with pytest.raises(splmini.KnowledgeError, match="cannot be read"):
        load_questions(tmp_path / "bytes.yml")
