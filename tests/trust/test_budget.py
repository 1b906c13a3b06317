"""Every run has a budget: what would take too much ends in LimitExceeded that names the limit, before the damage."""

from __future__ import annotations

import sys

import pytest
from trust.limits import Ended, confined

from splmini.errors import LimitExceeded
from splmini.limits import Limits

MEMORY = 800
"""MB that a confined process may take on top of what it begins with."""

_RUN = """
try:
    env = splmini.Environment(limits=splmini.Limits(**given["limits"]), macros=given["macros"])
    found = env.compile(given["spl"]).run(given["events"])
    result["rows"] = len(found)
except splmini.SplError as error:
    result["error"], result["name"], result["message"] = type(error).__name__, error.name, str(error)
"""


def spent(spl, events=(), macros=None, seconds=120.0, memory=MEMORY, **limits) -> Ended:
    """Run a search in a process of its own under limits."""
    given = {"spl": spl, "events": list(events), "macros": macros or {}, "limits": limits}
    return confined(_RUN, given, memory=memory, seconds=seconds)


def refused_by(name, spl, events=(), **options) -> str:
    """Run a search that must end in LimitExceeded of that name; return the message."""
    ended = spent(spl, events, **options)
    assert ended.error == "LimitExceeded", ended.result
    assert ended.result["name"] in ((name,) if isinstance(name, str) else name), ended.result
    return ended.message


def doubled(step, start='eval x="aaaaaaaaaaaaaaaa"', times=60):
    """Return a search that doubles x again and again."""
    return f"| makeresults | {start} " + f"| {step} " * times


GROWING = {
    "a point": doubled("eval x=x.x"),
    "a point in one expression": '| makeresults | eval x="aaaa" ' + "| eval x=x.x.x.x.x.x.x.x.x.x " * 12,
    "plus": doubled('eval x=x+(x."")'),
    "replace": doubled('eval x=replace(x,"a","aa")'),
    "replace by a group": doubled(r'eval x=replace(x,"^(.*)$","\1\1")'),
    "replace by what lies ahead": doubled("eval x=x.x", times=18) + r'| eval y=replace(x,"(?=(.*))","\1")',
    "strcat": doubled("strcat x x x"),
    "mvzip": doubled("eval x=mvzip(x,x)"),
    "mvjoin": doubled("eval m=mvappend(x,x), x=mvjoin(m,x)"),
    "strftime": doubled('eval x=strftime(0,x."%c".x)'),
    "strftime of a long format": doubled("eval x=x.x", 'eval x="%+"', 21) + "| eval y=strftime(0,x)",
    "printf": doubled('eval x=printf("%s%s",x,x)'),
    "json_object": doubled('eval x=json_object("a",x,"b",x)'),
    "json_array": doubled("eval x=json_array(x,x)"),
    "json_set": doubled('eval x=json_set(json_object("a",x),"b",x)'),
    "sed": doubled(r'rex mode=sed field=x "s/^(.*)$/\1\1/"'),
    "foreach": '| makeresults | eval x="aaaaaaaaaa" '
    + "".join(f"| eval f{n}=1 " for n in range(40))
    + "| foreach f* [eval x=x.x]",
}


@pytest.mark.parametrize("kind", GROWING)
def test_the_length_of_a_value_is_bounded(kind):
    """A value that doubles ends at the length that a value may have, not when the memory is full."""
    message = refused_by("max_value_length", GROWING[kind], max_value_length=1_000_000)
    assert "1,000,000 are the most" in message


GATHERED = {
    "mvappend": doubled("eval x=mvappend(x,x)"),
    "mvmap": "| makeresults | eval a=mvrange(0,400), b=a | eval c=mvmap(a,mvmap(b,a*b))",
    "split": doubled("eval x=x.x", times=14) + '| eval y=split(x,"")',
    "makemv": doubled('eval x=x.x.","', times=18) + '| makemv delim="," x',
    "sparkline": "| makeresults count=2 | streamstats count as c | eval _time=c*100000000 | stats sparkline(count,1s)",
    "every pair of a multivalue's values": "| makeresults | eval a=mvrange(0,1000), b=a | stats count by a b",
    "stats list": "| makeresults | eval a=mvrange(0,200000) | stats values(a) as v | eval v=mvappend(v,v,v)",
}


@pytest.mark.parametrize("kind", GATHERED)
def test_the_values_of_a_field_are_bounded(kind):
    """A multivalue ends at the number of values that one may have."""
    refused_by("max_values", GATHERED[kind], max_values=100_000)


ROWS = {
    "makeresults": "| makeresults count=1000000000000",
    "makeresults that is only counted": "| makeresults count=1000000000000 | stats count",
    "mvexpand": "| makeresults | eval x=mvrange(0,1000), y=x, z=x | mvexpand x | mvexpand y | mvexpand z | stats count",
    "map": '| makeresults count=1000 | map maxsearches=1000 search="| makeresults count=1000000"',
    "gentimes": "| gentimes start=-100000 increment=1s | stats count",
    "join": "| makeresults count=9000 | eval a=1 | join a max=0 [| makeresults count=9000 | eval a=1] | stats count",
    "untable": "| makeresults count=1000000 " + "".join(f"| eval f{n}=1 " for n in range(9)) + "| untable f0 a b",
}


@pytest.mark.parametrize("kind", ROWS)
def test_the_rows_that_commands_make_are_bounded(kind):
    """Commands that make rows of little end at the number of rows that a run may make."""
    refused_by("max_rows", ROWS[kind], max_rows=200_000)


@pytest.mark.parametrize(
    "spl",
    [
        "| makeresults " + "| stats count " * 1000,
        "| makeresults " + "| append [| makeresults] " * 500,
        "| makeresults " + "| appendcols [| makeresults | eval a=1] " * 400,
    ],
)
def test_the_commands_of_a_search_are_bounded(spl):
    """A thousand stages, and five hundred subsearches, are refused before anything runs."""
    refused_by("max_commands", spl)


HELD = {
    "results": "| makeresults count=9000000",
    "eventstats": "| makeresults count=9000000 | eval a=random() | eventstats count",
    "groups": "| makeresults count=9000000 | streamstats count as c | stats count by c",
    "values": '| makeresults count=9000000 | eval a="aaaaaaaaaaaaaaaa".random() | stats values(a)',
    "long values of many rows": doubled("eval x=x.x", times=16) + "| eval n=mvrange(0,5000) | mvexpand n | eval y=x.n",
    "many fields": doubled("eval x=x.x", times=16) + "| eval " + ", ".join(f'y{n}=x."{n}"' for n in range(900)),
    "chart": "| makeresults count=3000 | streamstats count as a | eval b=mvrange(0,3000) | mvexpand b "
    "| chart limit=0 count by a b",
    "transpose": "| makeresults count=3000 " + "".join(f"| eval f{n}=random() " for n in range(100)) + "| transpose 0"
    "| append [| makeresults count=9000000] ",
}


@pytest.mark.skipif(sys.platform != "linux", reason="address-space limits")
@pytest.mark.parametrize("kind", HELD)
def test_the_memory_of_a_run_is_bounded(kind):
    """What a run holds is bounded, whoever holds it: rows, groups, values, tables."""
    options = {"append_maxout": 0} if kind == "transpose" else {}
    refused_by(
        "search_process_memory_usage_threshold", HELD[kind], memory=2000,
        search_process_memory_usage_threshold=150, **options,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="address-space limits")
def test_the_memory_of_the_process_bounds_a_run():
    """Where the process may have less memory than Limits say, a run ends before it is out of memory."""
    message = refused_by("search_process_memory_usage_threshold", "| makeresults count=9000000", memory=400)
    assert "than this process may have" in message


SLOW = {
    "rows that are only counted": "| makeresults count=40000000 | stats count",
    "rows that are filtered": "| makeresults count=40000000 | where 1=2",
    "rows that are expanded": "| makeresults | eval x=mvrange(0,900), y=x, z=x | mvexpand x | mvexpand y | mvexpand z"
    " | stats count",
    "rows that are joined": "| makeresults count=50000 | eval a=1 | join a max=0 [| makeresults count=50000 | eval a=1]"
    " | stats count",
    "a loop inside a row": "| makeresults | eval a=mvrange(0,9000), b=a | eval c=mvmap(a,mvcount(mvmap(b,a*b)))",
    "windows": "| makeresults count=200000 | streamstats window=10000 sum(_time)",
    "searches that are mapped": '| makeresults count=1000 | map maxsearches=1000 search="| makeresults count=90000'
    ' | stats count"',
}


@pytest.mark.parametrize("kind", SLOW)
def test_the_time_of_a_run_is_kept(kind):
    """`max_seconds` ends a run that reads no event, too, and one that is inside a single row."""
    refused_by("max_seconds", SLOW[kind], max_seconds=0.5, memory=2000, seconds=60)


@pytest.mark.parametrize(
    ("macro", "spl"),
    [
        ({"m(1)": {"definition": "eval x=\"" + "$a$" * 1000 + "\"", "args": ["a"]}}, '| makeresults | `m("{}")`'),
        ({"m(1)": {"definition": "eval " + ", ".join(f'x{n}="$a$"' for n in range(1000)), "args": ["a"]}},
         '| makeresults | `m("{}")`'),
    ],
)  # fmt: skip
def test_a_macro_with_a_long_argument_is_refused(macro, spl):
    """An argument of a megabyte that is used a thousand times is refused before the text is built."""
    ended = spent(spl.format("a" * 1_000_000), macros=macro, memory=300)
    assert ended.error == "MacroError"
    assert "characters" in ended.message or "more text" in ended.message


@pytest.mark.parametrize(
    "spl", ["| stats values(a) as v | eval n=mvcount(v)", '| eval y=a."b" | stats count by y', "| eventstats count"]
)
def test_what_is_within_the_budget_runs(spl):
    """A run of moderate size is not touched by its budget."""
    ended = spent("| makeresults count=50000 | streamstats count as a " + spl)
    assert ended.error is None, ended.message


def test_no_limit():
    """0 switches a limit off."""
    ended = spent(doubled("eval x=x.x", times=15), max_value_length=0, max_values=0, max_commands=0)
    assert ended.result["rows"] == 1
    assert issubclass(LimitExceeded, Exception)
    assert Limits().max_seconds == 0
