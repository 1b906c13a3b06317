"""Expression tree → callable. The one seam between expressions and everything that evaluates them.

`compile_expression(node, scope)` gives a function of a row for eval expressions (value, bool inside expressions, or
None for null); `compile_search(node, scope)` one for search expressions (always a bool). Both are bound at the start
of a run: `scope.ctx` holds now, time zone and tables. Truth is three-valued in eval: a comparison with null is null,
`NOT null` is null, and what is null does not pass a filter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.errors import ArgumentError, SplError, UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.values.comparison import compare, search_comparison
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text
from splmini.values.terms import term_matcher

if TYPE_CHECKING:
    from splmini.operators import Row, RunContext, Value

Evaluate: TypeAlias = "Callable[[Row], Any]"
Test: TypeAlias = "Callable[[Row], bool]"


class RunScope:
    """The `registry.Scope` of a run: compiles nodes, folds what is constant."""

    def __init__(self, ctx: RunContext | None) -> None:
        self._ctx = ctx

    @property
    def ctx(self) -> RunContext:
        """The run; raises LookupError where an expression is folded outside of one."""
        if self._ctx is None:
            raise LookupError("no run")
        return self._ctx

    def compile(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile a node to a function of the row."""
        return compile_expression(node, self)

    def constant(self, node: tree.Node) -> Any:
        """Return the value of a constant node; raises LookupError where it depends on the row or the run."""
        if not is_constant(node):
            raise LookupError("not a constant")
        return compile_expression(node, self)({})


def is_constant(node: tree.Node) -> bool:
    """Say whether an eval expression depends on nothing but its literals."""
    for each in tree.walk(node):
        if isinstance(each, tree.FieldRef):
            return False
        if isinstance(each, tree.Call):
            function = registry.eval_functions().get(each.name)
            if function is None or not function.pure or function.form is not None:
                return False
    return True


def fields_read(node: tree.Node) -> frozenset[str] | None:
    """Return the fields that an expression of either dialect reads; None where that cannot be known.

    >>> from splmini.language.tree import Call, FieldRef
    >>> sorted(fields_read(Call("len", (FieldRef("user"),))))
    ['user']
    """
    names: set[str] = set()
    for each in tree.walk(node):
        if isinstance(each, tree.FieldRef):
            names.add(each.name)
        elif isinstance(each, (tree.FieldComparison, tree.FieldIn)):
            names.add(each.field)
        elif isinstance(each, (tree.Term, tree.Directive)):
            if not (isinstance(each, tree.Term) and each.text == "*"):
                names.add("_raw")
        elif isinstance(each, tree.Subsearch) or (isinstance(each, tree.Call) and each.name in _READS_ANYTHING):
            return None
    return frozenset(names)


_READS_ANYTHING = frozenset({"searchmatch"})

# ---- eval ----------------------------------------------------------------------------------------------------------


def compile_expression(node: tree.Node, scope: registry.Scope) -> Evaluate:
    """Compile an eval expression to a function of the row."""
    return _COMPILERS[type(node)](node, scope)


def _literal(node: Any, scope: registry.Scope) -> Evaluate:
    value = node.value

    def literal(row: Row) -> Any:
        return value

    return literal


def _field(node: tree.FieldRef, scope: registry.Scope) -> Evaluate:
    name = node.name

    def field(row: Row) -> Any:
        return row.get(name)

    return field


def _and(node: tree.And, scope: registry.Scope) -> Evaluate:
    tests = [_truth(item, scope) for item in node.items]

    def conjunction(row: Row) -> bool | None:
        result: bool | None = True
        for test in tests:
            value = test(row)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return conjunction


def _or(node: tree.Or, scope: registry.Scope) -> Evaluate:
    tests = [_truth(item, scope) for item in node.items]

    def disjunction(row: Row) -> bool | None:
        result: bool | None = False
        for test in tests:
            value = test(row)
            if value is True:
                return True
            if value is None:
                result = None
        return result

    return disjunction


def _xor(node: tree.Xor, scope: registry.Scope) -> Evaluate:
    tests = [_truth(item, scope) for item in node.items]

    def exclusive(row: Row) -> bool | None:
        result = False
        for test in tests:
            value = test(row)
            if value is None:
                return None
            result ^= value
        return result

    return exclusive


def _not(node: tree.Not, scope: registry.Scope) -> Evaluate:
    test = _truth(node.operand, scope)

    def negation(row: Row) -> bool | None:
        value = test(row)
        return None if value is None else not value

    return negation


def _truth(node: tree.Node, scope: registry.Scope) -> Callable[[Row], bool | None]:
    evaluate = compile_expression(node, scope)

    def truth(row: Row) -> bool | None:
        return as_truth(evaluate(row))

    return truth


def as_truth(value: Any) -> bool | None:
    """Return a value as a truth value: booleans as they are, null as None, numbers by being non-zero.

    >>> as_truth("true"), as_truth(0), as_truth(None)
    (True, False, None)
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value != 0
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "t"):
            return True
        if text in ("false", "f"):
            return False
        number = to_number(value)
        return None if number is None else number != 0
    return None


def _comparison(node: tree.Comparison, scope: registry.Scope) -> Evaluate:
    left, right = compile_expression(node.left, scope), compile_expression(node.right, scope)
    if node.op == "like":
        return compile_expression(tree.Call("like", (node.left, node.right), span=node.span), scope)
    op = node.op

    def comparison(row: Row) -> bool | None:
        return compare(op, left(row), right(row))

    return comparison


def _in_list(node: tree.InList, scope: registry.Scope) -> Evaluate:
    operand = compile_expression(node.operand, scope)
    items = [compile_expression(item, scope) for item in node.items]

    def member(row: Row) -> bool | None:
        value = operand(row)
        if value is None:
            return None
        return any(compare("=", value, item(row)) for item in items)

    return member


def _unary(node: tree.Unary, scope: registry.Scope) -> Evaluate:
    operand = compile_expression(node.operand, scope)
    negative = node.op == "-"

    def unary(row: Row) -> Any:
        number = to_number(operand(row))
        return None if number is None else -number if negative else number

    return unary


def _concatenation(node: tree.Binary, scope: registry.Scope) -> Evaluate:
    left, right = compile_expression(node.left, scope), compile_expression(node.right, scope)

    def concatenate(row: Row) -> Any:
        first, second = left(row), right(row)
        if first is None or second is None:
            return None
        if isinstance(first, str) and isinstance(second, str):
            return first + second
        return _concatenated(first, second)

    return concatenate


def _concatenated(first: Any, second: Any) -> Any:
    if isinstance(first, list) or isinstance(second, list):
        if isinstance(first, list) and isinstance(second, list):
            return None
        return from_list([to_text(a) + to_text(b) for a in as_list(first) for b in as_list(second)])
    return to_text(first) + to_text(second)


def _add(a: float, b: float) -> float:
    return a + b


def _subtract(a: float, b: float) -> float:
    return a - b


def _multiply(a: float, b: float) -> float:
    return a * b


def _divide(a: float, b: float) -> float | None:
    if b == 0:
        return None
    result = a / b
    return int(result) if result.is_integer() and abs(result) < 1 << 53 else result


def _modulo(a: float, b: float) -> float | None:
    """The remainder with the sign of the dividend, as in C."""
    if b == 0:
        return None
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
}


def _arithmetic(node: tree.Binary, scope: registry.Scope) -> Evaluate:
    if node.op == ".":
        return _concatenation(node, scope)
    left, right = compile_expression(node.left, scope), compile_expression(node.right, scope)
    operation = _ARITHMETIC[node.op]
    plus = node.op == "+"

    def arithmetic(row: Row) -> Any:
        first, second = left(row), right(row)
        if first is None or second is None:
            return None
        a, b = to_number(first), to_number(second)
        if a is None or b is None:
            if plus and isinstance(first, str) and isinstance(second, str):
                return first + second
            return None
        try:
            return operation(a, b)
        except OverflowError:
            return None

    return arithmetic


def _no_subsearch(node: tree.Node, scope: registry.Scope) -> Evaluate:
    raise ArgumentError("A subsearch cannot stand in an eval expression.", span=node.span)


# ---- calls ---------------------------------------------------------------------------------------------------------


def find_function(node: tree.Call) -> registry.EvalFunction:
    """Return the eval function of a call, its number of arguments checked."""
    functions = registry.eval_functions()
    function = functions.get(node.name)
    if function is None:
        raise UnknownFunction(
            f"There is no eval function '{node.name}'.",
            name=node.name,
            span=node.span,
            hint=did_you_mean(node.name, functions),
        )
    count = len(node.args)
    if count < function.least or (function.most is not None and count > function.most):
        raise ArgumentError(
            f"{node.name}() takes {_arity_text(function)}, but {count} {'was' if count == 1 else 'were'} given.",
            name=node.name,
            span=node.span,
        )
    return function


def _arity_text(function: registry.EvalFunction) -> str:
    def counted(number: int) -> str:
        return "no arguments" if number == 0 else f"{number} argument{'s' if number != 1 else ''}"

    if function.most is None:
        return f"at least {counted(function.least)}"
    if function.least == function.most:
        return counted(function.least)
    return f"{function.least} to {counted(function.most)}"


def check_expression(node: tree.Node) -> None:
    """Check every call of an eval expression: known function, number of arguments, literal arguments."""
    for each in tree.walk(node):
        if isinstance(each, tree.Call):
            function = find_function(each)
            if function.check is not None:
                try:
                    function.check(each)
                except SplError as error:
                    error.span = error.span or each.span
                    raise
        elif isinstance(each, tree.Subsearch):
            _no_subsearch(each, RunScope(None))


def _call(node: tree.Call, scope: registry.Scope) -> Evaluate:
    function = find_function(node)
    if function.form is not None:
        return function.form(node, scope)
    arguments = [compile_expression(arg, scope) for arg in node.args]
    evaluate = _adapted(function, arguments)
    if node.args and function.pure and all(is_constant(arg) for arg in node.args):
        value = evaluate({})

        def folded(row: Row) -> Any:
            return value

        return folded
    return evaluate


def _text_of(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [to_text(item) for item in value]
    if isinstance(value, bool):
        return "True" if value else "False"
    return to_text(value)


def _number_of(value: Any) -> Any:
    if isinstance(value, list):
        return [to_number(item) for item in value]
    return to_number(value)


def _integer_of(value: Any) -> Any:
    number = to_number(value)
    return None if number is None else int(number)


def _unchanged(value: Any) -> Any:
    return value


_KINDS: dict[str, Callable[[Any], Any]] = {
    "any": _unchanged,
    "scalar": _unchanged,
    "text": _text_of,
    "number": _number_of,
    "integer": _integer_of,
    "bool": as_truth,
    "list": as_list,
}


def _adapted(function: registry.EvalFunction, arguments: list[Evaluate]) -> Evaluate:
    """Wrap a plain function: kinds, null and multivalue rules as its entry declares them."""
    call = function.call
    assert call is not None
    kinds = [function.kinds[min(index, len(function.kinds) - 1)] for index in range(len(arguments))]
    converts = [_KINDS[kind] for kind in kinds]
    propagate = function.null == "propagate"
    multivalue = function.multivalue

    def convert(values: list[Any]) -> list[Any] | None:
        converted: list[Any] = []
        for kind, to_kind, value in zip(kinds, converts, values, strict=True):
            if value is None and kind != "list":
                if propagate:
                    return None
                converted.append(None)
                continue
            result = to_kind(value)
            if result is None and propagate:
                return None
            converted.append(result)
        return converted

    def adapted(row: Row) -> Any:
        values = [argument(row) for argument in arguments]
        if multivalue != "pass":
            for index, value in enumerate(values):
                if isinstance(value, list):
                    if multivalue == "null":
                        return None
                    if multivalue == "first" or index > 0:
                        values[index] = value[0]
                        continue
                    results = []
                    for item in value:
                        converted = convert([item, *(v[0] if isinstance(v, list) else v for v in values[1:])])
                        result = None if converted is None else call(*converted)
                        if result is not None:
                            results.append(result)
                    return from_list(results)
        converted = convert(values)
        return None if converted is None else call(*converted)

    return adapted


_COMPILERS: dict[type, Callable[[Any, registry.Scope], Evaluate]] = {
    tree.String: _literal,
    tree.Number: _literal,
    tree.Boolean: _literal,
    tree.FieldRef: _field,
    tree.And: _and,
    tree.Or: _or,
    tree.Xor: _xor,
    tree.Not: _not,
    tree.Comparison: _comparison,
    tree.InList: _in_list,
    tree.Unary: _unary,
    tree.Binary: _arithmetic,
    tree.Call: _call,
    tree.Subsearch: _no_subsearch,
}


def evaluate_macro(text: str) -> str:
    """Evaluate an eval-based macro definition: an expression without fields whose string is the expansion."""
    from splmini.language.parser import parse_expression

    value = compile_expression(parse_expression(text), RunScope(None))({})
    return "" if value is None else to_text(value) if not isinstance(value, list) else to_text(value[0])


# ---- search --------------------------------------------------------------------------------------------------------

TIME_MODIFIERS = frozenset(
    {"earliest", "latest", "_index_earliest", "_index_latest", "starttime", "endtime", "timeformat"}
)


def compile_search(node: tree.Node, scope: registry.Scope) -> Test:
    """Compile a search expression to a test of the row. Time modifiers are the scan's work: here they are true."""
    return _SEARCH[type(node)](node, scope)


def _all_of(node: tree.And, scope: registry.Scope) -> Test:
    tests = [compile_search(item, scope) for item in node.items]
    if len(tests) == 1:
        return tests[0]

    def all_of(row: Row) -> bool:
        for test in tests:  # a loop: faster than all() over a generator
            if not test(row):
                return False
        return True

    return all_of


def _any_of(node: tree.Or, scope: registry.Scope) -> Test:
    tests = [compile_search(item, scope) for item in grouped_equals(node)]
    if len(tests) == 1:
        return tests[0]

    def any_of(row: Row) -> bool:
        for test in tests:  # a loop: faster than any() over a generator
            if test(row):
                return True
        return False

    return any_of


def grouped_equals(node: tree.Or) -> list[tree.Node]:
    """Return the alternatives of an OR, its equals on one field (three or more) gathered into one `FieldIn`."""
    by_field: dict[str, list[tree.FieldComparison]] = {}
    for item in node.items:
        if isinstance(item, tree.FieldComparison) and item.op == "=" and item.field not in _SPECIAL:
            by_field.setdefault(item.field, []).append(item)
    gathered = {name for name, items in by_field.items() if len(items) > 2}
    result: list[tree.Node] = []
    for item in node.items:
        if isinstance(item, tree.FieldComparison) and item.op == "=" and item.field in gathered:
            items = by_field[item.field]
            if item is items[0]:
                terms = tuple(tree.Term(each.value, each.quoted) for each in items)
                result.append(tree.FieldIn(item.field, terms, span=item.span))
        else:
            result.append(item)
    return result


_SPECIAL = TIME_MODIFIERS | {"index"}


def _none_of(node: tree.Not, scope: registry.Scope) -> Test:
    test = compile_search(node.operand, scope)

    def none_of(row: Row) -> bool:
        return not test(row)

    return none_of


def _everything(row: Row) -> bool:
    return True


def _term(node: tree.Term, scope: registry.Scope) -> Test:
    if node.text == "*":
        return _everything
    return _over_raw(term_matcher(node.text, node.quoted))


def _directive(node: tree.Directive, scope: registry.Scope) -> Test:
    return _over_raw(term_matcher(node.text, False, case=node.name == "CASE", exact=node.name == "TERM"))


def _over_raw(matches: Callable[[str], bool]) -> Test:
    def over_raw(row: Row) -> bool:
        raw = row.get("_raw")
        return raw is not None and matches(raw if isinstance(raw, str) else to_text(raw))

    return over_raw


def _field_comparison(node: tree.FieldComparison, scope: registry.Scope) -> Test:
    if node.field in TIME_MODIFIERS:
        return _everything
    op = "=" if node.op == "::" else node.op
    matches = search_comparison(op, node.value, node.quoted)
    if node.field == "index":
        return _index_test(matches, scope)
    name = node.field

    def field_comparison(row: Row) -> bool:
        value = row.get(name)
        return value is not None and matches(value)

    return field_comparison


def _index_test(matches: Callable[[Any], bool], scope: registry.Scope) -> Test:
    """An event that carries no index is in the environment's index; in the index "any" it matches every `index=`."""
    default = scope.ctx.index
    absent = True if default == "any" else matches(default)
    message = scope.ctx.message

    def index_test(row: Row) -> bool:
        value = row.get("index")
        if value is not None:
            return matches(value)
        if default == "any":
            message(
                "info", "search", "Events without an index were taken to match every index= (Environment(index=...))."
            )
        return absent

    return index_test


def _field_in(node: tree.FieldIn, scope: registry.Scope) -> Test:
    name = node.field
    if name == "index":
        comparisons = tuple(tree.FieldComparison(name, "=", term.text, term.quoted) for term in node.values)
        return _any_of(tree.Or(comparisons), scope)
    plain = {term.text.lower() for term in node.values if is_plain_text(term.text)}
    tests = [search_comparison("=", term.text, term.quoted) for term in node.values if not is_plain_text(term.text)]

    def field_in(row: Row) -> bool:
        value = row.get(name)
        if value is None:
            return False
        if value.__class__ is str:
            if value.lower() in plain:
                return True
        else:
            for item in as_list(value):
                if to_text(item).lower() in plain:
                    return True
        for test in tests:
            if test(value):
                return True
        return False

    return field_in


def is_plain_text(text: str) -> bool:
    """Say whether an equality with a value is equality of text: no wildcard, no number, no CIDR block."""
    return bool(text) and "*" not in text and "/" not in text and to_number(text) is None and "\\" not in text


def _subsearch(node: tree.Subsearch, scope: registry.Scope) -> Test:
    return compile_search(scope.ctx.expand(node.pipeline), scope)


_SEARCH: dict[type, Callable[[Any, registry.Scope], Test]] = {
    tree.And: _all_of,
    tree.Or: _any_of,
    tree.Not: _none_of,
    tree.Term: _term,
    tree.Directive: _directive,
    tree.FieldComparison: _field_comparison,
    tree.FieldIn: _field_in,
    tree.Subsearch: _subsearch,
}
