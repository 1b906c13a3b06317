"""Commands: pipelines, aggregation, arguments, clauses, and what each kind of command makes of its text."""

import pytest

from splmini.errors import SplSyntaxError, UnknownCommand
from splmini.language.parser import parse
from splmini.language.tree import (
    Aggregation,
    And,
    Call,
    Clause,
    Command,
    Comparison,
    FieldComparison,
    FieldRef,
    Group,
    Node,
    Number,
    Option,
    Pipeline,
    RawSubsearch,
    Rename,
    Spliced,
    Subsearch,
    Term,
    Word,
)


def word(text: str, quoted: str = "") -> Word:
    return Word(text, quoted)


def option(name: str, value: str, quoted: str = "") -> Option:
    return Option(name, Word(value, quoted))


ARGUMENTS: dict[str, tuple[Node, ...]] = {
    # aggregation
    "stats count": (Aggregation("count"),),
    "stats c(x) AS n": (Aggregation("c", (word("x"),), "n"),),
    'stats sum(a.b{}) as "Total Events" BY host, "user name"': (
        Aggregation("sum", (word("a.b{}"),), "Total Events"),
        Clause("by", (word("host"), word("user name", '"'))),
    ),
    "stats values(*) as *": (Aggregation("values", (word("*"),), "*"),),
    "stats perc99.9(x), p95(y)": (Aggregation("perc99.9", (word("x"),)), Aggregation("p95", (word("y"),))),
    "stats count(eval(a=1)) as n": (
        Aggregation("count", (Call("eval", (Comparison("=", FieldRef("a"), Number("1")),)),), "n"),
    ),
    "stats sparkline(count(x), 1h) as s": (
        Aggregation("sparkline", (Aggregation("count", (word("x"),)), word("1h")), "s"),
    ),
    "stats values(f) as f(inheritance)": (Aggregation("values", (word("f"),), "f(inheritance)"),),
    "stats allnum=t count by g, dedup_splitvals=true": (
        option("allnum", "t"),
        Aggregation("count"),
        Clause("by", (word("g"), option("dedup_splitvals", "true"))),
    ),
    'streamstats count reset_after="("act==\\"x\\"")"': (
        Aggregation("count"),
        Option("reset_after", word('(act=="x")')),
    ),
    "chart count over h by s useother=f where sum in top1": (
        Aggregation("count"),
        Clause("over", (word("h"),)),
        Clause("by", (word("s"), option("useother", "f"))),
        Clause("where", (Aggregation("sum"), word("in"), word("top1"))),
    ),
    "timechart span=1h limit=0 avg(v) by host": (
        option("span", "1h"),
        option("limit", "0"),
        Aggregation("avg", (word("v"),)),
        Clause("by", (word("host"),)),
    ),
    "tstats prestats=t count from datamodel=A.B where A.x=1 by _time span=1h, A.y": (
        option("prestats", "t"),
        Aggregation("count"),
        Clause("from", (option("datamodel", "A.B"),)),
        Clause("where", (FieldComparison("A.x", "=", "1"),)),
        Clause("by", (word("_time"), option("span", "1h"), word("A.y"))),
    ),
    "tstats count where (index=a OR by=2) groupby host": (
        Aggregation("count"),
        Clause("where", (parse("index=a OR by=2").commands[0].args[0],)),
        Clause("by", (word("host"),)),
    ),
    # arguments
    'rename a.* as *, b AS "B c"': (Rename(word("a.*"), word("*")), Rename(word("b"), word("B c", '"'))),
    'rename lastTime as "Last", | head': (Rename(word("lastTime"), word("Last", '"')),),
    "sort 0 -num(x), +y": (word("0"), Group("x", "-num"), word("+y")),
    "sort - count": (word("-"), word("count")),
    'sort -"Total Events"': (word("-Total Events"),),
    "fields - _*, a": (word("-"), word("_*"), word("a")),
    "lookup local=true t a AS b OUTPUTNEW c AS d, e": (
        option("local", "true"),
        word("t"),
        Rename(word("a"), word("b")),
        Clause("outputnew", (Rename(word("c"), word("d")), word("e"))),
    ),
    "inputlookup t where a=1 OR b=2": (word("t"), Clause("where", (parse("a=1 OR b=2").commands[0].args[0],))),
    "top limit=5 a by b": (option("limit", "5"), word("a"), Clause("by", (word("b"),))),
    'transaction user startswith=(a=1 OR b) endswith=eval(match(x, "y)")) maxspan=5m': (
        word("user"),
        Option("startswith", Group("a=1 OR b")),
        Option("endswith", Group('match(x, "y)")', "eval")),
        option("maxspan", "5m"),
    ),
    "join type=left a, b [search c | head 1]": (
        option("type", "left"),
        word("a"),
        word("b"),
        parse("[search c | head 1]").commands[0].args[0],
    ),
    "foreach a* [eval <<FIELD>>=if('<<FIELD>>'=\"]\", 1, 2)]": (
        word("a*"),
        RawSubsearch("eval <<FIELD>>=if('<<FIELD>>'=\"]\", 1, 2)"),
    ),
    'makemv delim="," x': (option("delim", ",", '"'), word("x")),
    'rex field = x mode=sed "s/\\x00//g"': (option("field", "x"), option("mode", "sed"), word("s/\\x00//g", '"')),
}


@pytest.mark.parametrize("text", ARGUMENTS)
def test_arguments(text: str) -> None:
    """The arguments of a command are the nodes of the table, and so are those of its canonical text."""
    command = parse(f"| {text}").commands[0]
    assert command.args == ARGUMENTS[text]
    assert parse(f"| {command}").commands[0] == command


def test_names_keep_their_case_where_they_are_fields() -> None:
    """An option's name is in lower case; how it was written is kept beside it."""
    option_node = parse("| rangemap field=x Dislike=-5--1").commands[0].args[1]
    assert isinstance(option_node, Option)
    assert (option_node.name, option_node.written, option_node.value) == ("dislike", "Dislike", word("-5--1"))


def test_an_aggregation_knows_how_it_was_written() -> None:
    """Default column names are made from the text of a call."""
    node = parse('| stats count(eval(x = "a")) by y').commands[0].args[0]
    assert isinstance(node, Aggregation)
    assert node.written == 'count(eval(x = "a"))'


PIPELINES = {
    "a": Pipeline((Command("search", (Term("a"),)),)),
    "search a": Pipeline((Command("search", (Term("a"),)),)),
    "SEARCH a | Head 5": Pipeline((Command("search", (Term("a"),)), Command("head", (word("5"),)))),
    "| search a": Pipeline((Command("search", (Term("a"),)),), True),
    "a | | head 5 |": Pipeline((Command("search", (Term("a"),)), Command("head", (word("5"),)))),
    "a\r\n|\thead\n5": Pipeline((Command("search", (Term("a"),)), Command("head", (word("5"),)))),
    "a ```no | stats```| head 5 ```x``````y```": Pipeline(
        (Command("search", (Term("a"),)), Command("head", (word("5"),)))
    ),
    "search=1": Pipeline((Command("search", (FieldComparison("search", "=", "1"),)),)),
    "| search": Pipeline((Command("search", (And(()),)),), True),
}


@pytest.mark.parametrize("text", PIPELINES)
def test_pipeline(text: str) -> None:
    """Pipes, white space and comments separate commands; the first one may be an implied search."""
    tree = parse(text)
    assert tree == PIPELINES[text]
    assert parse(str(tree)) == tree


def test_named_commands_parse_as_plain_arguments() -> None:
    """Names beyond the registry are commands with any arguments; without the name they are unknown."""
    tree = parse("| mycommand limit=5 a, (b)", commands=["MyCommand"])
    assert [type(each) for each in tree.commands[0].args] == [Option, Word, Group]
    with pytest.raises(UnknownCommand):
        parse("| mycommand limit=5")


@pytest.mark.parametrize(
    "text",
    ["| mycommand a, [search c] b", "| head[search c]", "| eval a[search c]b=1", "| tstats count by [search c] z"],
)
def test_arguments_with_a_subsearch_stay_text(text: str) -> None:
    """What a subsearch returns may be any part of the arguments: they are kept as text, and print as they were."""
    tree = parse(text, commands=["mycommand"])
    (argument,) = tree.commands[0].args
    assert isinstance(argument, Spliced)
    assert [part for part in argument.parts if isinstance(part, Subsearch)]
    assert parse(str(tree), commands=["mycommand"]) == tree


@pytest.mark.parametrize("depth", [100])
def test_nested_subsearches(depth: int) -> None:
    """A hundred subsearches in one another parse, print and compare without recursion; more are refused."""
    text = "a " + "[search b " * depth + "]" * depth
    tree = parse(text)
    assert parse(str(tree)) == tree
    with pytest.raises(SplSyntaxError, match="nested more than"):
        parse("a " + "[search b " * (depth + 1) + "]" * (depth + 1))


def test_many_pipes() -> None:
    """Five hundred pipes are five hundred commands."""
    assert len(parse("a" + " | eval x=1" * 500).commands) == 501
