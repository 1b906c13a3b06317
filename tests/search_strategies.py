"""Strategies for searches: trees with arbitrary texts in them, and texts put together from what people write."""

from __future__ import annotations

from hypothesis import strategies as st

from splmini.language import tree

# ---- trees ---------------------------------------------------------------------------------------------------------

CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0")
TEXT = st.text(CHARACTERS, max_size=12) | st.text(st.sampled_from("ab \t\n\"\\'()[]|,=<>!*`$:-AND"), max_size=10)
WORD = TEXT.filter(bool)
FIELD = WORD.filter(lambda text: not set(text) & set('|[]`"'))
"""What single quotes can hold: they do not hide what separates commands."""
NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
KEYWORDS = frozenset({"and", "or", "xor", "not", "like", "in", "true", "false"})
PLAIN_NAME = NAME.filter(lambda name: name not in KEYWORDS)


def is_bare(text: str) -> bool:
    """Say whether a text can stand outside quotes: it needs one character that is neither special nor quoted."""
    return any(not character.isspace() and character not in "()[]|,=<>`'!" for character in text) and ":" not in text


terms = st.one_of(st.builds(tree.Term, WORD, st.just(True)), st.builds(tree.Term, WORD.filter(is_bare)))
comparisons = st.builds(
    tree.FieldComparison, WORD, st.sampled_from(["=", "!=", "<", ">", "<=", ">="]), TEXT, st.just(True)
) | st.builds(tree.FieldComparison, NAME, st.just("="), WORD.filter(is_bare).filter(lambda text: "(" not in text))
memberships = st.builds(tree.FieldIn, NAME, st.lists(terms, min_size=1, max_size=3).map(tuple))
directives = st.builds(tree.Directive, st.sampled_from(["TERM", "CASE"]), st.from_regex(r"[a-z0-9.=]+", fullmatch=True))


def _search_node(children: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    several = st.lists(children, min_size=2, max_size=4).map(tuple)
    return st.builds(tree.And, several) | st.builds(tree.Or, several) | st.builds(tree.Not, children)


search_trees = st.recursive(terms | comparisons | memberships | directives, _search_node, max_leaves=12)

leaves = st.one_of(
    st.builds(tree.String, TEXT),
    st.sampled_from(["0", "007", "1.50", ".5", "0x1F", "1e3", "12"]).map(tree.Number),
    st.builds(tree.FieldRef, FIELD),
    st.builds(tree.FieldRef, NAME),
    st.builds(tree.Boolean, st.booleans()),
)


def _eval_node(children: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    several = st.lists(children, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.And, several),
        st.builds(tree.Or, several),
        st.builds(tree.Xor, several),
        st.builds(tree.Not, children),
        st.builds(tree.Unary, st.sampled_from("+-"), children),
        st.builds(tree.Binary, st.sampled_from("+-*/%."), children, children),
        st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", ">=", "like"]), children, children),
        st.builds(tree.InList, children, several),
        st.builds(tree.Call, PLAIN_NAME, st.lists(children, max_size=3).map(tuple)),
    )


eval_trees = st.recursive(leaves, _eval_node, max_leaves=12)

# ---- texts ---------------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from(["user", "src_ip", "a.b{}", "Processes.dest", "_time", '"two words"', "x*"])
VALUES = st.sampled_from(["1", "*", '"a b"', r'"C:\\x\\*"', "10.0.0.0/8", "-1d@d", "a,b", "$t$", "ü", r"*\x", "007"])
SEARCHES = st.sampled_from(
    [
        "error",
        "NOT fail*",
        "a OR (b c)",
        "user=bob",
        'x IN (1, "2 3")',
        "TERM(a.b)",
        '"a | b"',
        "tag::h=w",
        "n>5",
        "[search a | fields b]",
        "[| inputlookup t | return $x]",
        "`x_filter`",
        "```note [ | ` here```",
        "()",
    ]
)
EXPRESSIONS = st.sampled_from(
    [
        "a",
        "1",
        '"x"',
        "'a b'",
        "a+1",
        "a.b",
        "-a*2",
        "f(a, 2)",
        'if(a="x" AND NOT b>1, "y", null())',
        "(a-b)/c",
        "a IN (1, 2)",
        'a LIKE "b%"',
        "true()",
        '"say \\"hi\\""',
        r'replace(a, "\\\\(", "]")',
        "a!=b XOR c",
    ]
)
AGGREGATIONS = st.sampled_from(
    ["count", "sum(x) as s", "values(*) as *", "count(eval(a=1)) as n", "p95(y)", 'dc(a) as "b c"', "c"]
)
COMMANDS = st.one_of(
    st.builds("search {}".format, SEARCHES),
    st.builds("where {}".format, EXPRESSIONS),
    st.builds("eval {}={}, {}={}".format, st.sampled_from(["x", "'a b'", "{y}"]), EXPRESSIONS, NAME, EXPRESSIONS),
    st.builds("stats {} {} by {}".format, AGGREGATIONS, AGGREGATIONS, FIELDS),
    st.builds("timechart span=1h {} by {} limit=5".format, AGGREGATIONS, FIELDS),
    st.builds(
        "tstats {} from datamodel=A.B where {} by {} span=1h".format,
        AGGREGATIONS,
        SEARCHES.filter(lambda text: "`" not in text),
        FIELDS,
    ),
    st.builds("rename {} as {}, b AS c".format, FIELDS, FIELDS),
    st.builds("table {}, {}".format, FIELDS, FIELDS),
    st.builds("sort -{} +{}".format, FIELDS, FIELDS),
    st.builds("lookup t {} as x OUTPUT y".format, FIELDS),
    st.builds("join {} [search {} | stats {}]".format, FIELDS, SEARCHES, AGGREGATIONS),
    st.builds("append [| makeresults | eval x={}]".format, EXPRESSIONS),
    st.builds("transaction {} startswith=({}) maxspan=5m".format, FIELDS, EXPRESSIONS),
    st.builds("foreach {} [eval <<FIELD>>={}]".format, FIELDS, EXPRESSIONS.filter(lambda text: "]" not in text)),
    st.sampled_from(['rex "(?<a>[^|\\]]+)"', "fillnull value=0", "head 5", "`x_filter`", "convert ctime(a) as b"]),
)
BLANK = st.sampled_from([" ", "\n", "  \t", " ```c``` ", "\r\n"])


@st.composite
def searches(draw: st.DrawFn) -> str:
    """Draw a valid search in an untidy layout."""
    parts = ["a " + " ".join(draw(st.lists(SEARCHES, max_size=4)))]
    parts += draw(st.lists(COMMANDS, max_size=4))
    text = parts[0]
    for part in parts[1:]:
        text += draw(st.sampled_from(["|", " | ", "\n| ", "|\n", "| |", " ```why``` |"])) + part
    return text.replace(" ", draw(BLANK), draw(st.integers(0, 3)))


FRAGMENTS = st.sampled_from(
    [
        "search",
        "stats",
        "eval",
        "where",
        "by",
        "as",
        "AND",
        "OR",
        "NOT",
        "IN",
        "|",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        "`",
        "```",
        "\\",
        "=",
        "==",
        "!=",
        "<",
        ",",
        ".",
        "*",
        "-",
        "x",
        "1",
        "count",
        "if(",
        "eval(",
        "span=1h",
        "`f(",
        "$a$",
        "{",
        "}",
        "::",
        "\n",
        " ",
        "\t",
        "\0",
        "ü",
        "TERM(",
        "from",
        "datamodel=",
        "foreach",
        "tstats",
    ]
)
