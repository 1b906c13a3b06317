"""The eval command: set fields to the values of expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from splmini.commands.arguments.notes import Notes, near_field
from splmini.commands.arguments.reading import fail, fields_read, without
from splmini.commands.arguments.uses import assignment_reads
from splmini.compiler import is_boolean
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Row, RunContext, Streaming, union
from splmini.registry import BuildScope, Example, FieldUse, FieldUses, Follow, Known, command
from splmini.values.multivalue import first, from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import any_of


def _makes(command: tree.Command) -> Iterator[FieldUse]:
    for arg in command.args:
        if isinstance(arg, tree.Assignment) and isinstance(arg.target, tree.FieldRef):
            yield FieldUse(arg.target.name, arg.target)


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    if before is None or any(
        isinstance(arg, tree.Assignment) and isinstance(arg.target, tree.Template) for arg in command.args
    ):
        return None
    return before.plus(*(use.name for use in _makes(command)))


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    for arg in node.args:
        if not isinstance(arg, tree.Assignment):
            continue
        name = str(arg.target.name if isinstance(arg.target, tree.FieldRef) else arg.target).strip("'\"")
        if any(row.get(name) is not None for row in after):
            continue
        read = {each.name for each in tree.walk(arg.value) if isinstance(each, tree.FieldRef)}
        lacking = sorted(each for each in read if all(row.get(each) is None for row in before))
        near = "".join(near_field(each, before[0]) for each in lacking[:1])
        why = f", as no row has {', '.join(lacking)}{near}" if lacking else ""
        yield f"{name} is null in every row{why}"


@command(
    "eval",
    "expressions",
    syntax="eval <field>=<expression> [, <field>=<expression>]...",
    category="streaming",
    names=frozenset({"function"}),
    uses=FieldUses(reads=assignment_reads, makes=_makes, after=_after),
    notes=_notes,
    assigns=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eval",
    examples=(
        Example(
            '| eval total=price*2, label=user."-".total',
            ({"user": "bob", "price": 4, "total": 8, "label": "bob-8"},),
            ({"user": "bob", "price": 4},),
        ),
        Example("| eval {name}=value", ({"size": 7},), ({"name": "size", "value": 7},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Set fields to the values of expressions.

    Assignments run from left to right, and later ones see what earlier ones set. A target with other characters than
    letters, digits and underscores stands in double or single quotation marks. `{name}` in a target is replaced by the
    value of the field `name`.

    *Null*: where an expression has no value, the field is removed from the result, also where it was there before.
    *Multivalue*: results may be multivalue; see each function. An assignment may not be a truth value: use `if()`.
    """
    return streaming(checked(node, scope), node)


def streaming(assignments: Sequence[tree.Assignment], node: tree.Command) -> Streaming:
    """Return the operator of checked assignments."""
    return Streaming(
        name="eval",
        one_to_one=True,
        pure=True,
        bind=binder(assignments),
        requires=requirement(assignments),
        columns=_columns(assignments),
        writes=_written(assignments),
        narrowed=_narrowed(assignments, node),
        node=node,
        span=node.span,
    )


def _narrowed(assignments: Sequence[tree.Assignment], node: tree.Command) -> Callable[[frozenset[str]], Streaming]:
    """Leave out the assignments whose field nobody reads, before it is set again or at all."""

    def narrowed(needed: frozenset[str]) -> Streaming:
        kept: list[tree.Assignment] = []
        after: Fields = needed
        for each in reversed(assignments):
            if not isinstance(each.target, tree.FieldRef) or after is None or any_of(after)(each.target.name):
                kept.append(each)
                after = requirement([each])(after)
        kept.reverse()
        return streaming(kept, replace(node, args=tuple(kept)))

    return narrowed


def checked(node: tree.Command, scope: BuildScope) -> tuple[tree.Assignment, ...]:
    """Return a command's arguments, checked to be assignments of values that are no truth values."""
    assignments = []
    for argument in node.args:
        if not isinstance(argument, tree.Assignment):
            fail(node, f"{node.name} needs assignments such as field=expression, not '{argument}'.", argument)
        if is_boolean(argument.value):
            fail(
                node,
                "A field cannot be set to a truth value.",
                argument.value,
                "Use if(<condition>, <value>, <value>) instead.",
            )
        scope.check(argument.value)
        assignments.append(argument)
    if not assignments:
        fail(node, f"{node.name} needs an assignment such as field=expression.")
    return tuple(assignments)


def _written(assignments: Sequence[tree.Assignment]) -> Fields:
    targets = [each.target for each in assignments]
    if any(isinstance(target, tree.Template) for target in targets):
        return None
    return frozenset(target.name for target in targets if isinstance(target, tree.FieldRef))


def _columns(assignments: Sequence[tree.Assignment]) -> Callable[[Columns], Columns]:
    names = [each.target.name for each in assignments if isinstance(each.target, tree.FieldRef)]
    dynamic = len(names) < len(assignments)

    def columns(before: Columns) -> Columns:
        if before is None or dynamic:
            return None
        return [*before, *(name for name in dict.fromkeys(names) if name not in before)]

    return columns


def requirement(assignments: Sequence[tree.Assignment]) -> Callable[[Fields], Fields]:
    """Return the `requires` declaration of assignments: (what is needed after − targets) ∪ what they read."""

    def requires(after: Fields) -> Fields:
        needed = after
        for each in reversed(assignments):
            target = each.target
            if isinstance(target, tree.FieldRef):
                needed = union(without(needed, (target.name,)), fields_read(each.value))
            else:
                named = frozenset(part.name for part in target.parts if isinstance(part, tree.FieldRef))
                needed = union(needed, fields_read(each.value), named)
        return needed

    return requires


# ---- running -------------------------------------------------------------------------------------------------------


def store(row: Row, name: str, value: Any) -> None:
    """Set a field to the value of an expression, in the form that rows hold: null removes it, [x] is x."""
    if value is None:
        row.pop(name, None)
    elif isinstance(value, bool):
        row[name] = to_text(value)
    elif isinstance(value, list):
        store_list(row, name, value)
    else:
        row[name] = value


def store_list(row: Row, name: str, items: list[Any]) -> None:
    """Set a field to a list of values; nothing removes it."""
    value = from_list([to_text(item) if isinstance(item, bool) else item for item in items if item is not None])
    if value is None:
        row.pop(name, None)
    else:
        row[name] = value


def binder(assignments: Sequence[tree.Assignment]) -> Callable[[RunContext], Callable[[Batch], Batch]]:
    """Return the `bind` of an operator that runs assignments over batches."""

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        setters = [_setter(each, ctx) for each in assignments]

        def run(batch: Batch) -> Batch:
            for setter in setters:
                setter(batch)
            return batch

        return run

    return bind


def _setter(assignment: tree.Assignment, ctx: RunContext) -> Callable[[Batch], None]:
    evaluate = ctx.expression(assignment.value)
    target = assignment.target
    if isinstance(target, tree.Template):
        return _dynamic_setter(target, evaluate)
    name = target.name

    def setter(batch: Batch) -> None:
        for row in batch:
            value = evaluate(row)
            kind = value.__class__
            if kind is str or kind is int or kind is float:
                row[name] = value
            else:
                store(row, name, value)

    return setter


def _dynamic_setter(target: tree.Template, evaluate: Callable[[Row], Any]) -> Callable[[Batch], None]:
    parts = target.parts

    def name_for(row: Row) -> str | None:
        texts = []
        for part in parts:
            if isinstance(part, tree.FieldRef):
                value = first(row.get(part.name))
                if value is None:
                    return None
                texts.append(to_text(value))
            else:
                texts.append(part)
        return "".join(texts) or None

    def setter(batch: Batch) -> None:
        for row in batch:
            name = name_for(row)
            if name is not None:
                store(row, name, evaluate(row))

    return setter
