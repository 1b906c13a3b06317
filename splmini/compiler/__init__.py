"""Expression tree → callable. The one seam between expressions and everything that evaluates them.

`compile_expression(node, scope)` gives a function of a row for eval expressions (a value, a bool inside expressions,
None for null); `compile_value` the same for what is stored in a field; `compile_condition` a test, to which null is as
false; `compile_search(node, scope)` one for search expressions, always a bool. All are bound at the start of a run:
`scope.ctx` holds now, time zone and tables.

* `expressions`: literals, fields, truth, comparison
* `arithmetic`: signs, operators that calculate, joining of texts
* `calls`: calls of functions, by what their registry entries declare
* `types`: what is known of an expression's type before a row is seen, and the errors that follow from it
* `searching`: the search dialect
* `time_terms`: the time modifiers in it
"""

from __future__ import annotations

from splmini.compiler.analysis import fields_read, is_constant, is_pure
from splmini.compiler.calls import as_truth, find_function
from splmini.compiler.expressions import RunScope, compile_condition, compile_expression, compile_value, evaluate_macro
from splmini.compiler.remembering import depends_on_fields
from splmini.compiler.searching import compile_search, grouped_equals
from splmini.compiler.time_terms import TIME_MODIFIERS, check_window, is_time_term, time_terms_of, with_bounds
from splmini.compiler.types import check_expression, is_boolean, static_type

__all__ = [
    "TIME_MODIFIERS",
    "RunScope",
    "as_truth",
    "check_expression",
    "check_window",
    "compile_condition",
    "compile_expression",
    "compile_search",
    "compile_value",
    "depends_on_fields",
    "evaluate_macro",
    "fields_read",
    "find_function",
    "grouped_equals",
    "is_boolean",
    "is_constant",
    "is_pure",
    "is_time_term",
    "static_type",
    "time_terms_of",
    "with_bounds",
]
