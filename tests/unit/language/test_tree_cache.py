"""Trees in the user's cache: what comes out is what was parsed, or it is parsed again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from splmini.errors import Span
from splmini.language import tree
from splmini.language import tree_cache as kept
from splmini.language.parser import parse, parse_expression, parse_search

SEARCHES = (
    'a=1 OR NOT "b c" TERM(x.y) f IN (1, "two")',
    "tag::host=x [search a=1 | fields f]",
    "| stats count(eval(a>1)) as n sum(b) by c | eval d.e=if(a IN (1, 2), 'x y'.\"z\", -b), {k}=1 | where not a xor b",
    "| rename a as b | lookup t a as b output c | join x [search y] | tstats count where (a=1) by _time span=1h",
)
TEXTS = [f"field{number}={number} OR other" for number in range(kept.FEWEST)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own."""
    monkeypatch.setenv("SPLMINI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def spans(node: tree.Node) -> list[Span]:
    """The spans of a tree."""
    return [each.span for each in tree.walk(node)]


@pytest.mark.parametrize("text", SEARCHES)
def test_every_node_comes_back(text: str) -> None:
    """Plain data stands for a tree with its spans and with how things were written."""
    node = parse(text)
    found = kept.unpack(msgspec.msgpack.decode(msgspec.msgpack.encode(kept.pack(node))))
    assert found == node
    assert spans(found) == spans(node)
    assert repr(found) == repr(node)
    assert str(found) == str(node)


def test_trees_are_parsed_once(folder: Path) -> None:
    """The second time nothing is parsed."""
    first = kept.kept_trees("searches", TEXTS, parse_search)
    again = kept.kept_trees("searches", TEXTS, refusing)
    assert first == again == {text: parse_search(text) for text in TEXTS}


def test_what_is_refused_is_left_out(folder: Path) -> None:
    """Texts that do not parse are for the caller to report, the first time and later."""
    texts = [*TEXTS, "f(", "a=1)"]
    for _ in range(2):
        assert set(kept.kept_trees("calculations", texts, parse_expression)) <= {*TEXTS}
        assert set(kept.kept_trees("searches", texts, parse_search)) == {*TEXTS}


def refusing(text: str) -> tree.Node | str:
    """Parse nothing."""
    return "not now"


@pytest.mark.parametrize("data", [["Span", 1, 2], ["Term", 1], ["Nothing", 0, 0], [], [["Term"], 0, 0], ["Term", 0, 0]])
def test_other_data_makes_no_node(data: list[object]) -> None:
    """Only the nodes of a tree are made, and only of all their fields."""
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        kept.unpack(data)


def test_a_file_that_holds_something_else(folder: Path) -> None:
    """A file under the right name with other data is no harm."""
    kept.kept_trees("searches", TEXTS, parse_search)
    (file,) = folder.glob("trees-searches-*")
    digest, _ = msgspec.msgpack.decode(file.read_bytes())
    file.write_bytes(msgspec.msgpack.encode([digest, [["a=1", ["Popen", 0, 0, "a"]]]]))
    assert kept.kept_trees("searches", TEXTS, parse_search) == {}
    file.write_bytes(msgspec.msgpack.encode([digest, 7]))
    assert kept.kept_trees("searches", TEXTS, parse_search) == {}


def test_few_texts_have_no_file(folder: Path) -> None:
    """A handful of texts is parsed sooner than a file is read."""
    assert kept.kept_trees("searches", TEXTS[1:], parse_search) == {}
    assert not folder.exists()
