"""FIELDALIAS, EVAL, LOOKUP and fields.conf: the settings that make fields out of fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import compiler
from splmini.errors import KnowledgeError, SplError
from splmini.knowledge.fields.columns import Over, over_alias, over_calculations, over_rows
from splmini.knowledge.fields.steps import Apply, MapperContext, Names, Origin, Step, text_of
from splmini.language import parser, tree
from splmini.operators import ALL
from splmini.values import regex
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import has_wildcard, substitute

if TYPE_CHECKING:
    from splmini.context import Table
from splmini.operators import Row

_NAME = r'("[^"]*"|[^\s,]+)'

# ---- FIELDALIAS ----------------------------------------------------------------------------------------------------

_ALIAS = re.compile(rf"{_NAME}\s+(as|asnew)\s+{_NAME}", re.IGNORECASE)


def alias_steps(value: str, origin: Origin) -> list[Step]:
    """Make the steps of a `FIELDALIAS-class = a AS b c ASNEW d` setting."""
    pairs = _ALIAS.findall(value)
    if not pairs:
        raise KnowledgeError("The setting is not of the form 'field AS alias'.")
    return [_alias_step(_unquoted(old), _unquoted(new), how.lower() == "asnew", origin) for old, how, new in pairs]


def alias_leftovers(value: str) -> str:
    """Return what of a FIELDALIAS setting that has aliases belongs to none of them."""
    return " ".join(_ALIAS.sub(" ", value).replace(",", " ").split()) if _ALIAS.search(value) else ""


def _unquoted(text: str) -> str:
    return text.strip('"')


def _alias_step(old: str, new: str, keep: bool, origin: Origin) -> Step:
    if has_wildcard(old):
        if old.count("*") != new.count("*"):
            raise KnowledgeError(f"'{old}' and '{new}' do not have the same number of wildcards.")
        return Step(origin, frozenset({old}), None, _alias_pattern(old, new, keep))

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _alias_new(old, new) if keep else _alias(old, new)

    def over(wanted: Names, ctx: MapperContext, apply: Apply) -> Over:
        return over_alias(old, new, keep)

    return Step(origin, frozenset({old, new} if keep else {old}), frozenset({new}), make, over=over)


def _alias_pattern(old: str, new: str, keep: bool) -> Callable[[Names, MapperContext], Apply]:
    """With wildcards: each field of the pattern gets an alias, what the wildcards stand for put in."""

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        def alias(row: Row, given: Container[str]) -> None:
            for name in list(row):
                target = substitute(old, new, name)
                if target is None or target not in wanted or target in given or (keep and target in row):
                    continue
                row[target] = row[name]

        return alias

    return make


def _alias(old: str, new: str) -> Apply:
    """AS: the alias takes the field's value, and goes where the field is absent."""

    def alias(row: Row, given: Container[str]) -> None:
        if new in given:
            return
        value = row.get(old)
        if value is not None:
            row[new] = value
        elif new in row:
            del row[new]

    return alias


def _alias_new(old: str, new: str) -> Apply:
    """ASNEW: the alias is made only where neither it exists nor the field is absent."""

    def alias(row: Row, given: Container[str]) -> None:
        if new not in row and new not in given:
            value = row.get(old)
            if value is not None:
                row[new] = value

    return alias


# ---- EVAL ----------------------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Calculation:
    """One EVAL setting: the target (which may hold `{field}`), the expression, what it reads."""

    origin: Origin
    target: str
    node: tree.Node
    reads: frozenset[str] | None

    @property
    def dynamic(self) -> bool:
        """Say whether the target's name is made from values."""
        return bool(_BRACES.search(self.target))

    def needed(self, wanted: Names) -> bool:
        """Say whether the calculation can yield a wanted field."""
        return self.dynamic or self.target in wanted


def calculation(target: str, text: str, origin: Origin, node: tree.Node | None = None) -> Calculation:
    """Parse an `EVAL-target = expression` setting, unless its tree is given; raises SplError for what is none."""
    node = node or parse_expression(text)
    reads = compiler.fields_read(node)
    if reads is not None:
        reads |= frozenset(_BRACES.findall(target))
    return Calculation(origin, target, node, reads)


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> tree.Node:
    """Parse an eval expression and check its functions; what was parsed is kept."""
    node = parser.parse_expression(text)
    compiler.check_expression(node)
    return node


def eval_step(calculations: list[Calculation], ctx: MapperContext) -> Apply:
    """Return what computes all calculations on one snapshot of the row and then sets the fields.

    A null result removes a field that was extracted.
    """
    compiled: list[tuple[str | None, Callable[[Row], Any], Calculation]] = []
    for each in calculations:
        compiled.append((None if each.dynamic else each.target, ctx.expression(each.node), each))

    def evaluate(row: Row, given: Container[str]) -> None:
        results = []
        for target, expression, each in compiled:
            name = _BRACES.sub(lambda found: text_of(row.get(found[1], "")), each.target) if target is None else target
            if name not in given:
                results.append((name, expression(row)))
        for name, value in results:
            store(row, name, value)

    return evaluate


def calculations_over(calculations: Sequence[Calculation], ctx: MapperContext) -> Over | None:
    """Return what computes calculations over columns; None where one reads it is not known what, or has a name that is
    made of values."""
    if any(each.dynamic or each.reads is None for each in calculations):
        return None
    made = [
        (each.target, ctx.expression(each.node), each.reads or frozenset(), compiler.depends_on_fields(each.node))
        for each in calculations
    ]
    return over_calculations(made)


def store(row: Row, name: str, value: Any) -> None:
    """Set a field to the result of an expression: null removes it, lists of one are the value."""
    if isinstance(value, list):
        value = from_list(value)
    elif isinstance(value, bool):
        value = "true" if value else "false"
    if value is None:
        row.pop(name, None)
    else:
        row[name] = value


# ---- LOOKUP --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LookupSetting:
    """A parsed LOOKUP: the table, (column, event field) pairs to match, and pairs to give; None: all others."""

    table: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...] | None
    new: bool


_WORD = re.compile(r'"([^"]*)"|([^\s,]+)')


def parse_lookup(text: str) -> LookupSetting:
    """Parse `table column AS field … OUTPUT|OUTPUTNEW column AS field …`."""
    words = [quoted or bare for quoted, bare in _WORD.findall(text)]
    if not words:
        raise KnowledgeError("The setting names no lookup table.")
    split, new = len(words), False
    for index, word in enumerate(words[1:], 1):
        if word.upper() in ("OUTPUT", "OUTPUTNEW"):
            split, new = index, word.upper() == "OUTPUTNEW"
            break
    inputs = _renames(words[1:split])
    if not inputs:
        raise KnowledgeError("The setting names no field to look up.")
    outputs = _renames(words[split + 1 :]) if split < len(words) - 1 else None
    return LookupSetting(words[0], inputs, outputs, new)


def _renames(words: list[str]) -> tuple[tuple[str, str], ...]:
    pairs, index = [], 0
    while index < len(words):
        if index + 2 < len(words) and words[index + 1].lower() == "as":
            pairs.append((words[index], words[index + 2]))
            index += 3
        else:
            pairs.append((words[index], words[index]))
            index += 1
    return tuple(pairs)


def lookup_step(value: str, origin: Origin) -> Step:
    """Make the step of a `LOOKUP-class` setting."""
    setting = parse_lookup(value)
    reads = frozenset(field for _, field in setting.inputs)
    writes = None if setting.outputs is None else frozenset(field for _, field in setting.outputs)

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _lookup(setting, wanted, ctx)

    def over(wanted: Names, ctx: MapperContext, apply: Apply) -> Over | None:
        timed = apply is not _nothing and _time_field(ctx.lookups.table(setting.table)) is not None
        return over_rows(apply, reads | {"_time"} if timed else reads, writes, wanted)

    return Step(origin, reads if not setting.new or writes is None else reads | writes, writes, make, over=over)


def _time_field(table: Table) -> str | None:
    """Return the column of times of a table whose rows hold for a time; None where there is none."""
    return getattr(getattr(table, "definition", None), "time_field", None)


def _nothing(row: Row, given: Container[str]) -> None:
    pass


def _lookup(setting: LookupSetting, wanted: Names, ctx: MapperContext) -> Apply:
    try:
        return _over_table(setting, ctx.lookups.table(setting.table), wanted, ctx)
    except SplError as error:
        ctx.message("warn", "lookup", f"The automatic lookup '{setting.table}' is left out: {error.message}")
        return _nothing


def _over_table(setting: LookupSetting, table: Table, wanted: Names, ctx: MapperContext) -> Apply:
    columns = [column for column, _ in setting.inputs]
    timed = _time_field(table)
    if setting.outputs is None:
        outputs = [(name, name) for name in table.fields if name not in columns and name != timed]
    else:
        outputs = list(setting.outputs)
    outputs = [(column, field) for column, field in outputs if field in wanted]
    if not outputs:
        return _nothing
    match = table.matcher(columns, [column for column, _ in outputs], ctx)  # type: ignore[arg-type]
    fields = tuple(field for _, field in setting.inputs)
    clears = not setting.new and getattr(table, "complete", True)
    """With OUTPUT, an event that has all match fields but finds nothing loses the output fields (props.conf)."""
    return _look_up(fields, _found(match, outputs, timed is None), setting.new, clears)


_Found: TypeAlias = "tuple[tuple[str, Any], ...]"
"""The output fields of a lookup with their values; None where the table gives none."""
_Key: TypeAlias = "tuple[Any, ...]"
_REMEMBERED = 10_000


def _found(
    match: Callable[[list[Any], float | None], list[Row] | None], outputs: list[tuple[str, str]], timeless: bool
) -> Callable[[_Key, Any], _Found]:
    """Return what gives the outputs for the values of the match fields: remembered for texts, unless time matters."""
    known: dict[_Key, _Found] = {}

    def look(keys: _Key, moment: Any) -> _Found:
        rows = match(list(keys), moment if isinstance(moment, (int, float)) else None) or ()
        return tuple(
            (field, from_list([item for each in rows if column in each for item in as_list(each[column])]))
            for column, field in outputs
        )

    def remembered(keys: _Key, moment: Any) -> _Found:
        for key in keys:
            if key.__class__ is not str:
                return look(keys, moment)
        found = known.get(keys)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[keys] = look(keys, moment)
        return found

    return remembered if timeless else look


def _look_up(fields: tuple[str, ...], find: Callable[[_Key, Any], _Found], new: bool, clears: bool) -> Apply:
    def look_up(row: Row, given: Container[str]) -> None:
        keys = []
        for field in fields:
            key = row.get(field)
            if key is None:
                return
            keys.append(key)
        for field, value in find(tuple(keys), row.get("_time")):
            if field in given or (new and field in row):
                continue
            if value is not None:
                row[field] = list(value) if value.__class__ is list else value
            elif clears:
                row.pop(field, None)

    return look_up


# ---- fields.conf ---------------------------------------------------------------------------------------------------


def tokenizer_step(field: str, pattern: str, origin: Origin) -> Step:
    """Make the step of a TOKENIZER of fields.conf: a field's values are the first groups of the matches."""
    compiled = regex.compile(pattern)

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        def tokenize(row: Row, given: Container[str]) -> None:
            value = row.get(field)
            if not isinstance(value, (str, int, float)) or field in given:
                return
            text = value if isinstance(value, str) else to_text(value)
            group = 1 if compiled.groups else 0
            found = [match.group(group) for match in compiled.finditer(text) if match.group(group)]
            if found:
                row[field] = from_list(found)

        return tokenize

    return Step(origin, frozenset({field}), frozenset({field}), make)


__all__ = [
    "ALL",
    "Calculation",
    "LookupSetting",
    "alias_steps",
    "calculation",
    "eval_step",
    "lookup_step",
    "parse_expression",
    "parse_lookup",
    "store",
    "tokenizer_step",
]
