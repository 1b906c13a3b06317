"""SPL2xx: conditions that mean something else than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.flow import Stage, is_search, uses_of
from splmini.detections.lint.rules.subject import within
from splmini.errors import SplError
from splmini.language import tree
from splmini.registry import FieldUses, Known
from splmini.values.texts import shortened


def _is_negative(node: tree.Node) -> bool:
    return isinstance(node, (tree.FieldComparison, tree.Comparison)) and node.op == "!="


@rule(
    "SPL201",
    "not-equal-any",
    "field!=* finds nothing",
    severity="error",
    bad=('index=a user!="*"', "index=a user!=*"),
    good=("index=a NOT user=*", "index=a user!=a*"),
)
def not_equal_any(subject: Subject) -> Iterator[Found]:
    """`field!=value` needs the field, and `*` matches every value: no event can satisfy both. `NOT field=*` finds the
    events that lack the field.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/NOTexpressions
    """
    for node in subject.conditions():
        if isinstance(node, tree.FieldComparison) and node.op == "!=" and node.value == "*":
            yield Found(
                f"'{node.field}!=*' can never hold: it needs the field, and every value matches.",
                node.span,
                f"For events without the field write NOT {node.field}=*.",
                node.field,
            )


@rule(
    "SPL202",
    "always-true",
    "!= joined by OR holds for everything",
    severity="error",
    bad=("index=a (user!=x OR user!=y)", 'index=a | where user!="x" OR user!="y"'),
    good=("index=a NOT (user=x OR user=y)", "index=a user!=x user!=y", "index=a (user!=x OR host!=y)"),
)
def always_true(subject: Subject) -> Iterator[Found]:
    """A value differs from at least one of two different values, so `f!=x OR f!=y` holds wherever the field exists.
    `NOT f IN (x, y)` or `f!=x AND f!=y` excludes both."""
    for node in subject.each(tree.Or):
        seen: dict[str, tree.Node] = {}
        for item in node.items:
            if not _is_negative(item):
                continue
            name = item.field if isinstance(item, tree.FieldComparison) else str(getattr(item, "left", ""))
            value = item.value if isinstance(item, tree.FieldComparison) else getattr(item, "right", None)
            if isinstance(item, tree.Comparison) and not isinstance(value, (tree.String, tree.Number)):
                continue
            if isinstance(value, str) and "*" in value:
                continue
            if name in seen and seen[name] != item:
                yield Found(
                    f"'{seen[name]} OR {item}' holds for every value of {name}.",
                    node.span,
                    "Join them by AND, or write NOT … IN (…).",
                    name,
                )
                break
            seen.setdefault(name, item)


@rule(
    "SPL203",
    "double-negation",
    "NOT with !=",
    bad=("index=a NOT user!=x", 'index=a | where NOT user!="x"'),
    good=("index=a user=x", "index=a NOT user=x", 'index=a | where NOT user="x"', "index=a | where NOT a!=b"),
)
def double_negation(subject: Subject) -> Iterator[Found]:
    """`NOT field!=x` also finds the events without the field, which `field=x` does not, in search as in where and eval.
    Write the one that is meant: `field=x`, or `(field=x OR NOT field=*)`, in where `(field="x" OR isnull(field))`.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/NOTexpressions
    """
    for node in subject.conditions():
        inner = node.operand if isinstance(node, tree.Not) else None
        if isinstance(inner, tree.FieldComparison) and inner.op == "!=":
            yield Found(
                f"'NOT {inner}' also finds the events that have no {inner.field}.",
                node.span,
                f"Write {inner.field}={inner.value}, or ({inner.field}={inner.value} OR NOT {inner.field}=*).",
                inner.field,
            )
    for node in subject.each(tree.Not):
        inner = node.operand
        if not (isinstance(inner, tree.Comparison) and inner.op == "!=" and isinstance(inner.left, tree.FieldRef)):
            continue
        if isinstance(inner.right, (tree.String, tree.Number)):
            equal = f"{inner.left}={inner.right}"
            yield Found(
                f"'NOT {inner}' also holds for the events that have no {inner.left.name}.",
                node.span,
                f"Write {equal}, or ({equal} OR isnull({inner.left})).",
                inner.left.name,
            )


@rule(
    "SPL204",
    "not-equal-drops-unmatched",
    "!= on what a lookup gives drops the rows without a match",
    bad=('index=a | lookup no_table_of_ours user OUTPUT allowed | where allowed!="true"',),
    good=(
        'index=a | lookup no_table_of_ours user OUTPUT allowed | where isnull(allowed) OR allowed!="true"',
        "index=a | lookup no_table_of_ours user OUTPUT allowed | search NOT allowed=true",
        'index=a | lookup no_table_of_ours user OUTPUT allowed | fillnull value=false allowed | where allowed!="true"',
    ),
)
def not_equal_drops_unmatched(subject: Subject) -> Iterator[Found]:
    """A lookup leaves its output field absent where no row of the table matches, and `!=` needs the field: the rows
    that match nothing, often those that are looked for, go too. `NOT field=value` keeps them, as does a table with
    `default_match`."""
    for flow in subject.flows:
        outputs: set[str] = set()
        for stage in flow.stages:
            command = stage.command
            uses = uses_of(command)
            lacking = {use.name for use in uses.lacking(command)}
            if is_search(command) or _is_condition(command):
                yield from _dropping(command, outputs)
            elif lacking:
                outputs |= set() if _has_default(subject, command) else lacking
            else:
                outputs = _still(stage, uses, outputs)


def _is_condition(command: tree.Command) -> bool:
    """Say whether an eval expression is all that a command has."""
    return len(command.args) == 1 and isinstance(command.args[0], (tree.Comparison, tree.And, tree.Or, tree.Not))


def _still(stage: Stage, uses: FieldUses, outputs: set[str]) -> set[str]:
    """Return which outputs of a lookup may still be absent behind a command."""
    words = {arg.text for arg in stage.command.args if isinstance(arg, tree.Word)}
    if uses.fills and not words:
        return set()
    after = uses.after(stage.command, Known(frozenset(outputs), ""), lambda pipeline: None)
    if after is not None:
        outputs = set() if after.reset else outputs & after.names
    return outputs - words - {use.name for use in stage.makes}


def _has_default(subject: Subject, command: tree.Command) -> bool:
    name = command.args[0].text if command.args and isinstance(command.args[0], tree.Word) else ""
    try:
        table = subject.env.lookups.find(name)
    except SplError:
        return True  # the tables cannot be read: nothing is certain
    definition = getattr(table, "definition", None)
    return bool(definition is not None and definition.min_matches and definition.default_match)


def _dropping(command: tree.Command, outputs: set[str]) -> Iterator[Found]:
    conditions = [item for arg in command.args for item in (arg.items if isinstance(arg, tree.And) else (arg,))]
    for node in conditions:
        if isinstance(node, tree.FieldComparison) and node.op == "!=":
            name = node.field
        elif isinstance(node, tree.Comparison) and node.op == "!=" and isinstance(node.left, tree.FieldRef):
            name = node.left.name
        else:
            continue
        if name in outputs:
            yield Found(
                f"'{node}' also drops the rows for which the lookup found nothing: they have no {name}.",
                node.span,
                "Write NOT with =, or test isnull() first.",
                name,
            )


@rule(
    "SPL205",
    "wildcard-in-eval",
    "* is no wildcard in where and eval",
    severity="error",
    bad=('index=a | where user="adm*"', 'index=a | eval x=if(user="*adm", 1, 0)'),
    good=('index=a | where like(user, "adm%")', "index=a | search user=adm*", 'index=a | where user="*"'),
)
def wildcard_in_eval(subject: Subject) -> Iterator[Found]:
    """where and eval compare with the star itself, so the comparison finds only values that hold one. Use
    `like(field, "a%")`, `match()`, or the `search` command. A literal that is nothing but `*` is left alone.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Where
    """
    for node in subject.each(tree.Comparison):
        if node.op not in ("=", "!="):
            continue
        for side in (node.left, node.right):
            if isinstance(side, tree.String) and side.value.strip("*") and "*" in (side.value[0], side.value[-1]):
                yield Found(
                    f"Here '*' in {side} is the character, not a wildcard.",
                    side.span,
                    "Use like() with %, match(), or the search command.",
                )


@rule(
    "SPL206",
    "like-with-star",
    "like() knows % and _",
    severity="error",
    bad=('index=a | where like(user, "adm*")', 'index=a | where user like "*adm*"'),
    good=('index=a | where like(user, "adm%")', 'index=a | where like(user, "%*%")'),
)
def like_with_star(subject: Subject) -> Iterator[Found]:
    """The wildcards of like are `%` for any text and `_` for one character; `*` stands for itself.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/ConditionalFunctions
    """
    for node in subject.each(tree.Call, tree.Comparison):
        pattern = None
        if isinstance(node, tree.Call) and node.name == "like" and len(node.args) == 2:
            pattern = node.args[1]
        elif isinstance(node, tree.Comparison) and node.op == "like":
            pattern = node.right
        if isinstance(pattern, tree.String) and "*" in pattern.value and "%" not in pattern.value:
            yield Found(f"The wildcard of like is '%'; '*' in {pattern} stands for itself.", pattern.span, "Write %.")


@rule(
    "SPL207",
    "unquoted-string",
    "where compares with a field that does not exist",
    severity="error",
    bad=("index=a | stats count by status | where status=success",),
    good=(
        'index=a | stats count by status | where status="success"',
        "index=a | stats count by a, b | where a=b",
        "index=a | where status=other",
    ),
)
def unquoted_string(subject: Subject) -> Iterator[Found]:
    """In where and eval a bare word is a field. Where no field of that name can exist, the comparison is with null and
    never holds; text has to stand in double quotes.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Where
    """
    for flow in subject.flows:
        for stage in flow.stages:
            if stage.before is None:
                continue
            made = stage.before.plus(*(read.name for read in stage.makes))
            for node in (inner for arg in stage.command.args for inner in within(arg)):
                right = node.right if isinstance(node, tree.Comparison) else None
                if isinstance(right, tree.FieldRef) and not right.quoted and not made.has(right.name):
                    yield Found(
                        f"'{right.name}' is read as a field, and no such field exists here.",
                        right.span,
                        f'Write "{right.name}".',
                        right.name,
                    )


@rule(
    "SPL208",
    "mixed-and-or",
    "AND and OR mixed without brackets in search",
    bad=("index=a user=x OR host=y status=1", "index=a AND user=x OR host=y"),
    good=("index=a (user=x OR host=y) status=1", "index=a (EventCode=1 OR EventCode=2)", "(a=1 b=2) OR (c=1 d=2)"),
)
def mixed_and_or(subject: Subject) -> Iterator[Found]:
    """search evaluates OR before AND, the other way round than where, eval and nearly every language: `a b OR c` is
    `a (b OR c)`. Brackets say what is meant. Alternatives of one field (`a EventCode=1 OR EventCode=2`) are read
    rightly by everyone and not reported.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/Booleanexpressions
    """
    for node in subject.conditions():
        for item in node.items if isinstance(node, tree.And) else ():
            if not isinstance(item, tree.Or) or subject.around(item) == ("(", ")"):
                continue
            names = {
                each.field if isinstance(each, (tree.FieldComparison, tree.FieldIn)) else id(each)
                for each in item.items
            }
            if len(names) > 1 and not any(subject.from_macro(each.span) for each in item.items):
                fix = f"Write ({shortened(str(item), 80)}), if so meant."
                yield Found("OR binds tighter than AND in search.", item.span, fix)


@rule(
    "SPL209",
    "function-in-search",
    "name(…) in search is words",
    severity="error",
    bad=('index=a like(user, "adm%")', 'index=a NOT match(x, "y")', "index=a t>=relative_time(now(), x)"),
    good=('index=a | where like(user, "adm%")', "index=a TERM(x)", "index=a NOT (x OR y)", "index=a foo (x OR y)"),
)
def function_in_search(subject: Subject) -> Iterator[Found]:
    """search knows no functions: `name(…)` is the word and a group of words, all of which have to stand in the event.
    Functions belong into where. (`TERM` and `CASE` are directives of search.)"""
    from splmini.registry import eval_functions

    for node in subject.conditions():
        if not isinstance(node, (tree.Term, tree.FieldComparison)) or node.quoted or subject.source is None:
            continue
        name = node.text if isinstance(node, tree.Term) else node.value
        behind = subject.source.text[node.span.end : node.span.end + 1]
        if behind == "(" and name.lower() in eval_functions():
            message = f"'{name}(…)' in search is the word '{name}' and a group of words, not a function."
            yield Found(message, node.span, f"Write | where … {name}(…).", name)


_SINGLE = frozenset({"EventCode", "EventID", "index", "sourcetype", "source", "eventName", "Operation"})


@rule(
    "SPL210",
    "contradiction",
    "One field with two values at once",
    severity="error",
    bad=("index=a EventCode=1 EventCode=2",),
    good=("index=a (EventCode=1 OR EventCode=2)", "index=a tag=x tag=y"),
)
def contradiction(subject: Subject) -> Iterator[Found]:
    """A field with one value cannot equal two. Only fields that never are multivalue are looked at."""
    for node in subject.conditions():
        seen: dict[str, str] = {}
        for item in node.items if isinstance(node, tree.And) else ():
            if isinstance(item, tree.FieldComparison) and item.op == "=" and "*" not in item.value:
                value = item.value.lower()
                if item.field in _SINGLE and seen.setdefault(item.field, value) != value:
                    message = f"{item.field} cannot be two values at once."
                    yield Found(message, item.span, "Join them by OR.", item.field)


@rule(
    "SPL211",
    "repeated-condition",
    "The same condition twice",
    severity="info",
    bad=("index=a user IN (x, y, X)", "index=a (user=x OR user=x)"),
    good=("index=a user IN (x, y)", 'index=a | where user="x" OR user="X"'),
)
def repeated_condition(subject: Subject) -> Iterator[Found]:
    """A value that stands twice in a list, or a condition twice among those joined by AND or OR, changes nothing: one
    is left over, or another one was meant. (search ignores the case of letters.)"""
    for node in subject.conditions():
        items: tuple[tree.Node, ...] = ()
        if isinstance(node, tree.FieldIn):
            items = node.values
        elif isinstance(node, (tree.And, tree.Or)):
            items = tuple(item for item in node.items if isinstance(item, tree.FieldComparison))
        seen: set[str] = set()
        for item in items:
            key = _key(item)
            if key in seen and not subject.from_macro(item.span):
                yield Found(f"{item} stands here twice.", item.span, "Remove one.")
            seen.add(key)


def _key(node: tree.Node) -> str:
    if isinstance(node, tree.Term):
        return node.text.lower()
    assert isinstance(node, tree.FieldComparison)
    return f"{node.field}{node.op}{node.value.lower()}"
