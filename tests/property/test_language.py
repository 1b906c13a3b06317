"""Laws of the language: what is printed or laid out parses to the same tree; the source map covers every character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_strategies import FIELD, WORD, eval_trees, search_trees, searches

from splmini.errors import SplError
from splmini.language import tree
from splmini.language.expansion import expand
from splmini.language.layout import format
from splmini.language.macros import MacroRegistry
from splmini.language.parser import parse, parse_expression, parse_search


@given(search_trees)
def test_search_trees_survive_printing(node: tree.Node) -> None:
    """Whatever text its words hold, a search expression parses to itself."""
    assert parse_search(str(node)) == node


@given(eval_trees)
def test_eval_trees_survive_printing(node: tree.Node) -> None:
    """Whatever its strings and names hold, an eval expression parses to itself."""
    command = tree.Command("where", (node,))
    assert parse(f"| {command}").commands[0] == command


@given(st.lists(st.builds(tree.Word, WORD, st.just('"')) | st.builds(tree.Word, FIELD, st.just("'")), min_size=1))
def test_words_survive_printing(words: list[tree.Word]) -> None:
    """Quoted arguments hold any text."""
    command = tree.Command("table", tuple(words))
    assert parse(f"| {command}").commands[0] == command


@given(WORD, WORD)
def test_names_survive_printing(source: str, alias: str) -> None:
    """Aliases and targets hold any text."""
    rename = tree.Command("rename", (tree.Rename(tree.Word(source, '"'), tree.Word(alias, '"')),))
    stats = tree.Command("stats", (tree.Aggregation("count", (), alias), tree.Clause("by", (tree.Word(source, '"'),))))
    assignment = tree.Command("eval", (tree.Assignment(tree.FieldRef(alias, True), tree.String(source)),))
    pipeline = tree.Pipeline((rename, stats, assignment), True)
    assert parse(str(pipeline)) == pipeline


@given(searches())
def test_texts_survive_printing(text: str) -> None:
    """The canonical text of a search parses to the same tree."""
    node = parse(text)
    assert parse(str(node)) == node
    assert str(parse(str(node))) == str(node)


@given(searches())
def test_layout_keeps_the_meaning(text: str) -> None:
    """Laying a search out keeps its tree, and doing it again changes nothing."""
    laid_out = format(text)
    assert parse(laid_out) == parse(text)
    assert format(laid_out) == laid_out


def _inside(text: str) -> str:
    return text.translate(str.maketrans("", "", '`"$\\'))


MACROS = MacroRegistry.from_dict(
    {
        "one": "a=1 b",
        "two(2)": {"args": ["x", "y"], "definition": "[$x$ `one` $y$ $x$]"},
        "three(1)": {"args": ["x"], "definition": '```gone```<`two($x$, "c, d")`>$x$'},
        "nothing": "",
    }
)
PIECES = st.lists(
    st.sampled_from(["`one`", "`two(p, q)`", "`three(r)`", "`nothing`", "```c```", '"`one`"', "x_filter", " "])
    | WORD.map(_inside),
    max_size=8,
).map(" ".join)


@given(PIECES)
def test_source_map_covers_every_character(text: str) -> None:
    """Every character of the expanded text is found in the layer that it comes from, and in the user's text."""
    source = expand(text, MACROS)
    for offset, character in enumerate(source.text):
        layer, place = source.locate(offset)
        assert layer.text[place] == character or (character == " " and layer.text.startswith("```", place))
        assert 0 <= source.user_offset(offset) < len(text)


def test_published_searches_survive(shared: object) -> None:
    """Published searches print, and are laid out, to the same tree."""
    import yaml

    folder = pytest.importorskip("pathlib").Path(str(shared)) / "escu"
    macros = MacroRegistry.builtin().merged(MacroRegistry.of(folder / "macros"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    failed = []
    for file in sorted((folder / "detections").rglob("*.yml"))[::10]:
        text = yaml.load(file.read_text("utf-8"), loader)["search"]
        try:
            node = parse(text, macros)
            if parse(str(node)) != node or parse(format(text), macros) != node:
                failed.append(file.stem)
        except SplError as error:
            failed.append(f"{file.stem}: {error}")
    assert not failed


@given(st.text(max_size=30))
def test_expressions_are_parsed_or_refused(text: str) -> None:
    """A piece of text is an expression of either dialect, or an error."""
    for parser in (parse_search, parse_expression):
        try:
            node = parser(text)
        except SplError:
            continue
        assert parser(str(node)) == node
