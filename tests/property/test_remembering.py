"""What is remembered of a value, or of a second, is what would be calculated anew."""

from __future__ import annotations

from datetime import timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from splmini.compiler import RunScope, compile_expression
from splmini.compiler.expressions import _COMPILERS
from splmini.compiler.remembering import only_field
from splmini.language import tree
from splmini.language.parser import parse_expression
from splmini.values import times

EXPRESSIONS = (
    'case(f==1, "one", f=="a", "letter", true(), f)',
    'if(f>0, f*2, "no".f)',
    'replace(f, "(\\d)", "<\\1>")',
    'tostring(f, "hex")',
    'split(f, ",")',
    'mvindex(split(f, ","), -1)',
    'coalesce(f, "none")',
    "round(f, 1)",
    'printf("%s|%d", f, f)',
    'match(f, "^[a1]")',
)
CELLS = st.sampled_from((None, 0, 1, 1.0, -1, 0.5, "1", "1.0", "a", "a,b,1", "", "x" * 600, ["a", "1"], [1, 2.5]))


@given(st.sampled_from(EXPRESSIONS), st.lists(CELLS, min_size=1, max_size=25))
def test_calls(text: str, cells: list[Any]) -> None:
    """Every value, met before or not, and in the company of values that equal it, gives its own result."""
    node = parse_expression(text)
    assert isinstance(node, tree.Call)
    assert only_field(node) == "f"
    fast, plain = compile_expression(node, RunScope(None)), _COMPILERS[tree.Call](node, RunScope(None))
    rows = [{} if cell is None else {"f": cell} for cell in cells]
    assert [repr(fast(row)) for row in rows * 2] == [repr(plain(row)) for row in rows * 2]


def test_what_is_not_remembered() -> None:
    """Calls that read two fields, the whole row, chance or the clock are calculated each time."""
    texts = (
        "if(f>0, g, 1)",
        'if(searchmatch("x"), 1, f)',
        "round(f*random(), 1)",
        "if(time()>f, 1, 2)",
        "case(1==1, 2)",
    )
    for text in texts:
        node = parse_expression(text)
        assert isinstance(node, tree.Call)
        assert only_field(node) is None, text


ZONES = [timezone.utc, times.get_timezone("Europe/Berlin"), times.get_timezone("+05:30")]
FORMATS = ("%Y-%m-%d %H:%M", "%H:%M:%S", "%d/%b/%Y:%H", "%s", "%3N", "%F %T.%3N %z", "%T", "%c", "%-d", "%j %A %p", "%")
MOMENTS = st.one_of(
    st.floats(min_value=-1e9, max_value=4e9),
    st.integers(min_value=-(10**6), max_value=10**12),
    st.sampled_from((59.9999999, 60.0, 119.9999996, 1711846799.9999999, float("inf"), float("nan"), -0.5)),
)


@given(st.lists(MOMENTS, min_size=1, max_size=10), st.sampled_from(FORMATS), st.sampled_from(ZONES))
def test_times(moments: list[float], format: str, zone: Any) -> None:
    """A time prints as it does alone, whatever was printed before."""
    fast = times.formatter(format, zone)
    near = [moment + step for moment in moments for step in (0, 0.25, 1, 60)]
    assert [fast(each) for each in near] == [times.strftime(each, format, zone) for each in near]
