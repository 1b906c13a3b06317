"""Statistical eval functions: over the arguments, not over events."""

from __future__ import annotations

import random as _random
from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from splmini.compiler import static_type
from splmini.functions.eval._support import Evaluate, page
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import numbers
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("statistical-eval-functions")


def _extreme(call: tree.Call, scope: Scope, choose: Callable[..., Any]) -> Evaluate:
    """The extreme of all values, as it was given; strings are greater than numbers, a quoted literal is a string."""
    arguments = [(scope.compile(arg), static_type(arg) == "string") for arg in call.args]

    def apply(row: Row) -> Any:
        figures: list[tuple[float, Any]] = []
        texts: list[str] = []
        for argument, known in arguments:
            for item in as_list(argument(row)):
                number = None if known else to_number(item)
                if number is None:
                    texts.append(to_text(item))
                else:
                    figures.append((number, item))
        figure = choose(figures, key=itemgetter(0))[1] if figures else None
        text = choose(texts) if texts else None
        preferred, other = (text, figure) if choose is max else (figure, text)
        return other if preferred is None else preferred

    return apply


@eval_form(
    "max",
    (1, None),
    source=PAGE,
    examples=(Example('max(1, 3, 6, 7, "foo", name)', "foo", ({"name": "baz"},)), Example("max(3, 10, 9)", 10)),
)
def maximum(call: tree.Call, scope: Scope) -> Evaluate:
    """max(<value>, ...): the greatest; strings are greater than numbers and compare by character.

    A quoted literal is a string, whatever it spells; a field whose text spells a number is one.

    *Null*: left out; null where nothing is left. *Multivalue*: each value takes part.
    """
    return _extreme(call, scope, max)


@eval_form(
    "min",
    (1, None),
    source=PAGE,
    examples=(Example('min(3, 6, 7, "maria", size)', 1, ({"size": "1"},)), Example('min("10", "9")', "10")),
)
def minimum(call: tree.Call, scope: Scope) -> Evaluate:
    """min(<value>, ...): the least; numbers are less than strings, which compare by character.

    A quoted literal is a string, whatever it spells; a field whose text spells a number is one.

    *Null*: left out; null where nothing is left. *Multivalue*: each value takes part.
    """
    return _extreme(call, scope, min)


@eval_form(
    "avg",
    (1, None),
    "number",
    source=PAGE,
    returns="number",
    examples=(Example("avg(1, 2, 3)", 2), Example("avg(5.0, a, missing)", 7, ({"a": "9"},))),
)
def average(call: tree.Call, scope: Scope) -> Evaluate:
    """avg(<value>, ...): the mean of the numbers; other values are left out. A string literal is an error.

    *Null*: left out; null where no number is left. *Multivalue*: each of its numbers counts.
    """
    arguments = [scope.compile(arg) for arg in call.args]

    def apply(row: Row) -> Any:
        found = [to_number(item) for argument in arguments for item in as_list(argument(row))]
        figures = [number for number in found if number is not None]
        if not figures:
            return None
        total: Any = 0
        for number in figures:
            total = numbers.add(total, number)
            if total is None:
                return None
        return numbers.divide(total, len(figures))

    return apply


_generator = _random.Random()  # noqa: S311  (no secret: Splunk's random() is a plain generator too)


@eval_function(
    "random",
    0,
    source=PAGE,
    returns="number",
    pure=False,
    examples=(Example('if(random() >= 0 AND random() <= 2147483647, "ok", "bad")', "ok"),),
)
def random() -> int:
    """random(): a pseudo-random integer from 0 to 2147483647, another one for each event. Takes no arguments."""
    return _generator.randrange(1 << 31)
