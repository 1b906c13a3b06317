"""The values of options: text converted to what an option's spec says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timezone
from typing import Any

from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.registry import OptionSpec

TRUE = frozenset({"1", "t", "true", "y", "yes"})
FALSE = frozenset({"0", "f", "false", "n", "no"})


def convert(option: tree.Option, spec: OptionSpec, command: tree.Command) -> Any:
    """Convert the value of an option by its spec's kind.

    int → int, number → int or float, bool → bool, string, field and time → str, enum → str (in the spelling of
    `choices`), fields → tuple of names, span → `values.times.Span`, regex → str (checked to compile), any → the node.
    """
    if spec.kind == "any":
        return option.value
    if spec.kind == "fields":
        return _field_list(option)
    text = text_of(option.value)
    if text is None:
        raise ArgumentError(
            f"The option {option.name} of {command.name} takes a single value.",
            name=command.name,
            span=option.value.span,
        )
    value = _CONVERTERS[spec.kind](text, spec, option)
    if value is None:
        message = f"The option {option.name} of {command.name} takes {_expected(spec)}, not '{text}'."
        raise ArgumentError(message, name=command.name, span=option.value.span)
    if spec.least is not None and value < spec.least:
        raise ArgumentError(f"{option.name} has to be {spec.least} or more.", name=command.name, span=option.span)
    return value


def text_of(node: tree.Node) -> str | None:
    """Return the text of a word, or of a group without name; None for anything else."""
    if isinstance(node, tree.Word):
        return node.text
    if isinstance(node, tree.Group) and not node.name:
        return node.text.strip()
    return None


def _expected(spec: OptionSpec) -> str:
    if spec.kind == "enum":
        return "one of " + ", ".join(spec.choices)
    return _EXPECTED[spec.kind]


_EXPECTED = {
    "int": "a whole number",
    "number": "a number",
    "bool": "true or false",
    "span": "a length such as 5m or 100",
    "field": "a field name",
    "time": "a time",
    "string": "a text",
    "regex": "a regular expression",
}


def option_name(option: tree.Option) -> str:
    """Return the name of an option as the user wrote it, for commands whose options are named after fields."""
    return option.written or option.name


def _field_list(option: tree.Option) -> tuple[str, ...]:
    text = text_of(option.value)
    return tuple(name for name in re.split(r"[,\s]+", text.strip()) if name) if text else ()


def parse_int(text: str) -> int | None:
    """Return the whole number that a text is; None where it is none."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None


def parse_bool(text: str) -> bool | None:
    """Return the truth value that a text stands for in an option, as Splunk reads it; None where it is none."""
    lowered = text.lower()
    return True if lowered in TRUE else False if lowered in FALSE else None


def _to_int(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    return parse_int(text)


def _to_number(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    from splmini.values.numbers import to_number

    return to_number(text)


def _to_bool(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    return parse_bool(text) if not spec.choices or text.lower() in spec.choices else None


def _to_string(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    return text


def _to_time(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    """`earliest` and `latest` stand for the ends of the time range, which only the run knows."""
    from splmini.values.times import iso_time, time_modifier

    try:
        if text.lower() not in ("earliest", "latest") and iso_time(text, timezone.utc) is None:
            time_modifier(text, 0, timezone.utc)
    except ArgumentError as error:
        raise at(error, option.value) from None
    return text


def _to_field(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    return text or None


def _to_enum(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    return next((choice for choice in spec.choices if choice.lower() == text.lower()), None)


def _to_span(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    from splmini.values.times import parse_span

    try:
        span = parse_span(text)
    except ArgumentError as error:
        raise at(error, option.value) from None
    parts = _SUBSECONDS.get(span.unit)
    if parts is not None and (span.count >= parts or parts % span.count):
        raise ArgumentError(
            f"'{text}' does not divide a second.",
            name=option.name,
            span=option.value.span,
            hint="Expected such as 1, 2, 5, 10, 20, 25, 50, 100, 200, 250 or 500ms; a second and more in s.",
        )
    return span


def _to_regex(text: str, spec: OptionSpec, option: tree.Option) -> Any:
    check_regex(text, option.value)
    return text


_SUBSECONDS = {"ds": 10, "cs": 100, "ms": 1000, "us": 1000000}

_CONVERTERS: dict[str, Callable[[str, OptionSpec, tree.Option], Any]] = {
    "int": _to_int,
    "number": _to_number,
    "bool": _to_bool,
    "string": _to_string,
    "time": _to_time,
    "field": _to_field,
    "enum": _to_enum,
    "span": _to_span,
    "regex": _to_regex,
}


def at(error: ArgumentError, node: tree.Node) -> ArgumentError:
    """Give an error that values raised the span of a node, where it has none yet."""
    if error.span is None:
        error.span = node.span
    return error


def check_regex(pattern: str, node: tree.Node) -> Any:
    """Compile a regular expression, so that a bad one is an error with the node's position; return the pattern."""
    from splmini.values import regex

    try:
        return regex.compile(pattern)
    except ArgumentError as error:
        raise at(error, node) from None
