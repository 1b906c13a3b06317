"""Macros: where they come from, how calls are read, what expansion gives, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from splmini.compiler import evaluate_macro
from splmini.errors import KnowledgeError, MacroError, SplSyntaxError, UnknownMacro
from splmini.language.expansion import expand
from splmini.language.macros import Macro, MacroRegistry, from_yaml
from splmini.language.parser import parse

MACROS = MacroRegistry.from_dict(
    {
        "errors": "status>=500",
        "by(1)": {"args": ["f"], "definition": "by $f$"},
        "pair(2)": {"args": "a, b", "definition": 'x="$a$" y=$b$ $c$'},
        "outer": "(`errors` OR `inner`)",
        "inner": "b=1 ```a comment```",
        "nothing": "",
        "half": "a=1 OR",
        "open": "[search",
        "text(1)": {"args": ["t"], "definition": '"$t$"'},
        "half_filter": "search x=1",
    }
)

EXPANSIONS = {
    "`errors`": "status>=500",
    "a `errors` b": "a status>=500 b",
    "` errors `": "status>=500",
    "`by(host)`": "by host",
    '`by("a b")`': "by a b",
    r'`by("\"a b\"")`': 'by "a b"',
    "`by(f=host)`": "by host",
    "`by(g=host)`": "by g=host",
    "`by(count(a, b))`": "by count(a, b)",
    "`pair(1, 2)`": 'x="1" y=2 $c$',
    "`pair(b=1, a=2)`": 'x="2" y=1 $c$',
    '`pair("p, q", r)`': 'x="p, q" y=r $c$',
    "`outer`": "(status>=500 OR b=1  )",
    "a `nothing` b": "a  b",
    '"`errors`" `errors`': '"`errors`" status>=500',
    "a ```b `errors` | c``` d": "a   d",
    "`half` `errors`": "a=1 OR status>=500",
    "`open` x]": "[search x]",
    '`text(a "b" c)`': '"a "b" c"',
    # a filter that nobody defined keeps everything
    "| `x_filter`": "| search *",
    "`x_filter`": "search *",
    "a=1 `x_filter`": "a=1 *",
    "a | `x_filter` | b": "a | search * | b",
    "| append [`x_filter`]": "| append [search *]",
    "| `half_filter`": "| search x=1",
}


@pytest.mark.parametrize("text", EXPANSIONS)
def test_expansion(text: str) -> None:
    """A text with calls expands to the text of the table."""
    assert expand(text, MACROS).text == EXPANSIONS[text]


ERRORS = {
    "a `nosuch`": (UnknownMacro, "There is no macro 'nosuch'.", (1, 3)),
    "a\n`erors`": (UnknownMacro, "There is no macro 'erors'.", (2, 1)),
    "`errors(1)`": (UnknownMacro, "The macro 'errors' takes 0 arguments, not 1.", (1, 1)),
    "`by`": (UnknownMacro, "The macro 'by' takes 1 argument, not 0.", (1, 1)),
    "`by(a, b)`": (UnknownMacro, "The macro 'by' takes 1 argument, not 2.", (1, 1)),
    "`x_filter(1)`": (UnknownMacro, "There is no macro 'x_filter'.", (1, 1)),
    "a `": (SplSyntaxError, "The backtick is not closed.", (1, 3)),
    "``": (SplSyntaxError, "There is no macro name between the backticks.", (1, 1)),
    "`a b`": (SplSyntaxError, "This is not a macro call.", (1, 1)),
}


@pytest.mark.parametrize("text", ERRORS)
def test_refused_call(text: str) -> None:
    """A call that cannot be expanded is an error at its place."""
    kind, message, position = ERRORS[text]
    with pytest.raises(kind) as caught:
        parse(text, MACROS)
    assert caught.value.message == message
    assert caught.value.position == position


def test_arity_hint_is_for_defined_macros() -> None:
    """The number of arguments with no macro of the name: the nearest name is the hint."""
    with pytest.raises(UnknownMacro) as caught:
        parse("`erors`", MACROS)
    assert caught.value.hint == "Did you mean 'errors'?"


def test_error_inside_a_macro_points_at_the_call_and_into_the_definition() -> None:
    """The caret is under the call in the user's text; each macro on the way shows its own place."""
    macros = MacroRegistry.from_dict(
        {
            "outer(1)": {"args": ["f"], "definition": "| `inner($f$)`"},
            "inner(1)": {"args": ["g"], "definition": "stast count by $g$"},
        }
    )
    with pytest.raises(Exception, match="stast") as caught:
        parse("error\n`outer(host)` | head 5", macros)
    assert caught.value.position == (2, 1)  # type: ignore[attr-defined]
    assert caught.value.context == (  # type: ignore[attr-defined]
        "`outer(host)` | head 5\n"
        "^^^^^^^^^^^^^\n"
        "in the macro 'outer': | `inner($f$)`\n"
        "                        ^^^^^^^^^^^^\n"
        "in the macro 'inner': stast count by $g$\n"
        "                      ^^^^^"
    )


def test_error_in_an_argument_points_at_the_argument() -> None:
    """What the user wrote as an argument is found where they wrote it, not in the macro."""
    same = MacroRegistry.from_dict({"same(1)": {"args": ["f"], "definition": "$f$"}})
    with pytest.raises(SplSyntaxError) as caught:
        parse("| where `text(a)` = `same(1 +)`", MACROS.merged(same))
    assert caught.value.position == (1, 29)


def test_cycle_is_refused_with_its_chain() -> None:
    """A macro that reaches itself is an error that shows the way."""
    macros = MacroRegistry.from_dict({"a": "`b`", "b": "x `c`", "c": "`a`"})
    with pytest.raises(MacroError, match=r"The macro 'a' calls itself: a → b → c → a\."):
        parse("`a`", macros)


def test_runaway_expansion_is_refused() -> None:
    """Macros that double each other end in an error, not in memory."""
    macros = MacroRegistry.from_dict({"m0": "x", **{f"m{n}": f"`m{n - 1}` `m{n - 1}`" for n in range(1, 40)}})
    with pytest.raises(MacroError, match="more text than a search may have"):
        parse("`m39`", macros)


def test_deep_chain_is_refused() -> None:
    """Macros nest a hundred deep, as in Splunk."""
    macros = MacroRegistry.from_dict({"m0": "x", **{f"m{n}": f"`m{n - 1}`" for n in range(1, 200)}})
    assert expand("`m90`", macros).text == "x"
    with pytest.raises(MacroError, match="nested more than 100 deep"):
        parse("`m150`", macros)


def test_eval_based_definition() -> None:
    """With iseval the definition is an expression whose result is the expansion."""
    macros = MacroRegistry.from_dict(
        {"pick(1)": {"args": ["n"], "definition": 'if($n$>3, "head " . $n$, "tail 1")', "iseval": True}}
    ).evaluated(evaluate_macro)
    assert expand("| `pick(5)`", macros).text == "| head 5"
    assert expand("| `pick(2)`", macros).text == "| tail 1"
    with pytest.raises(MacroError, match="cannot be evaluated"):
        expand(
            "| `pick(nosuch()`",
            MacroRegistry.from_dict({"pick(1)": {"args": ["n"], "definition": "f($n$)", "iseval": 1}}).evaluated(
                evaluate_macro
            ),
        )


VALIDATIONS = {
    ("isnum($x$)", "5"): None,
    ("$x$>3", "2"): "Too small.",
    ("$x$>3", "4"): None,
    ('if($x$<10, "less than ten", null())', "5"): "less than ten",
    ('if($x$<10, "less than ten", null())', "15"): None,
}


@pytest.mark.parametrize(("validation", "argument"), VALIDATIONS)
def test_validation(validation: str, argument: str) -> None:
    """False fails with errormsg, a text fails with itself, true and null pass."""
    entry = {"args": ["x"], "definition": "head $x$", "validation": validation, "errormsg": "Too small."}
    macros = MacroRegistry.from_dict({"m(1)": entry}).evaluated(evaluate_macro)
    expected = VALIDATIONS[validation, argument]
    if expected is None:
        assert expand(f"| `m({argument})`", macros).text == f"| head {argument}"
    else:
        with pytest.raises(MacroError) as caught:
            expand(f"| `m({argument})`", macros)
        assert caught.value.message == expected
        assert caught.value.position == (1, 3)


CONF = """\ufeff# a comment
[errors]
definition = status>=500 \\
  OR error
iseval = 0

[by(2)]
args = a, b
definition = by $a$ $b$
validation = isnotnull("$a$")
errormsg = needs a field
[without]
description = no definition
"""


def test_conf_file() -> None:
    """macros.conf: continuation lines, arguments, validation; a stanza without a definition is none."""
    macros = MacroRegistry.from_conf(CONF)
    assert sorted(macros) == ["by(2)", "errors"]
    assert macros["errors"].definition == "status>=500 \n  OR error"
    assert macros["by(2)"] == Macro("by", "by $a$ $b$", ("a", "b"), False, 'isnotnull("$a$")', "needs a field")


def test_folder(tmp_path: Path) -> None:
    """A folder may hold YAML in security_content's schema and conf files; local wins over default."""
    (tmp_path / "default").mkdir()
    (tmp_path / "local").mkdir()
    (tmp_path / "default" / "macros.conf").write_text("[a]\ndefinition = 1\n[b]\ndefinition = 1\n")
    (tmp_path / "local" / "macros.conf").write_text("[a]\ndefinition = 2\n")
    (tmp_path / "m.yml").write_text("name: c\narguments: [f]\ndefinition: by $f$\ndescription: x\n")
    macros = MacroRegistry.of([tmp_path, {"d": "4"}])
    assert {name: macros[name].definition for name in macros} == {"a": "2", "b": "1", "c(1)": "by $f$", "d": "4"}


BAD = {
    "name: a": "has no definition",
    "- a\n- b": "needs a name",
    "name: [": "not YAML",
    "name: a\ndefinition: &x b\nargs: [*x]": "aliases",
    "name: a\ndefinition: b\narguments: {c: 1}": "not a list of names",
    "name: a(2)\ndefinition: b\narguments: [c]": "names 1 arguments, not the 2",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_yaml(text: str) -> None:
    """A macro file that is not well formed is an error that names the file."""
    with pytest.raises(KnowledgeError, match=BAD[text]) as caught:
        from_yaml(text, "m.yml")
    assert caught.value.path == "m.yml"


def test_missing_folder() -> None:
    """A folder that is not there is an error."""
    with pytest.raises(KnowledgeError, match="no such file"):
        MacroRegistry.of("/nowhere/at/all")


def test_builtin_macros_parse() -> None:
    """Every built-in macro with a definition is documented, and its name is given once."""
    builtin = MacroRegistry.builtin()
    assert len(builtin) > 250
    for macro in builtin.macros():
        assert macro.description.endswith((".", "text.")), macro.name


def test_merging_lets_the_later_one_win() -> None:
    """Of two registries the second one's macros count."""
    merged = MACROS.merged(MacroRegistry.from_dict({"errors": "x=1"}))
    assert merged["errors"].definition == "x=1"
    assert merged.find("by", 1) is not None


def test_builtin_macros_are_always_there() -> None:
    """A registry that is given comes before the built-in macros, and does not hide the others."""
    macros = MacroRegistry.from_dict({"powershell": "source=mine"})
    assert expand("`powershell` `summariesonly_config`", macros).text == "source=mine false"
