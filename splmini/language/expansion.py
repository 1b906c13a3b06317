"""Macro expansion: textual, as in Splunk, with the source map kept.

A call is `` `name` `` or `` `name(a, b=c)` ``, outside double quotes; comments in triple backticks vanish. Arguments
replace `$argument$` anywhere in the definition, then calls inside the result are expanded.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/Definesearchmacros
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from splmini.errors import MacroError, Span, SplError, SplSyntaxError, UnknownMacro, did_you_mean
from splmini.language.macros import Macro, MacroRegistry
from splmini.language.scanner import tokens
from splmini.language.source import Builder, Layer, SourceText

MAX_DEPTH = 100
"""limits.conf [search_optimization::…] aside, Splunk expands macros to this depth ([search] max_macro_depth)."""
MAX_CALLS = 20_000
MAX_LENGTH = 4_000_000
MAX_BODIES = 4 * MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call: its value, and the name that stands before `=`, if one does."""

    value: SourceText
    name: str | None
    named_value: SourceText


def expand(text: str, macros: MacroRegistry) -> SourceText:
    """Return the text with all macros expanded and comments removed.

    Raises:
        SplError: UnknownMacro, MacroError, SplSyntaxError (a call that is not well formed), with their position.
    """
    layer = Layer(text)
    source = SourceText.of(layer)
    if "`" not in text:
        return source
    expansion = _Expansion(macros)
    expansion.expand(source, ())
    return expansion.out.build(layer)


class _Expansion:
    def __init__(self, macros: MacroRegistry) -> None:
        self.macros = macros
        self.out = Builder()
        self.calls = 0
        self.length = 0
        """Characters of the bodies of all calls."""

    def expand(self, source: SourceText, chain: tuple[tuple[str, int], ...]) -> None:
        """Append the expansion of a text; `chain` are the macros that it comes from."""
        if "`" not in source.text:
            self.out.add(source, 0, len(source.text))
            return
        for token in tokens(source.text):
            start, end = int(token.start_pos or 0), int(token.end_pos or 0)
            if token.type == "COMMENT":
                layer, offset = source.locate(start)
                self.out.add_text(" ", layer, offset)
            elif token.type == "MACRO":
                try:
                    self.call(source, start, end, chain)
                except SplError as error:
                    error.span = error.span or Span(start, end)
                    raise error.locate(source) from None
            else:
                self.out.add(source, start, end)

    def call(self, source: SourceText, start: int, end: int, chain: tuple[tuple[str, int], ...]) -> None:
        """Append the expansion of one call; errors without a span are about the call as a whole."""
        name, arguments = read_call(source, start, end)
        if name is None:
            return
        macro = self.find(name, arguments)
        key = (name, len(arguments))
        path = " → ".join([each for each, _ in chain] + [name])
        if key in chain and not (macro.iseval and arguments):
            raise MacroError(f"The macro '{name}' calls itself: {path}.", name=name)
        if len(chain) >= MAX_DEPTH:
            raise MacroError(f"Macros are nested more than {MAX_DEPTH} deep: {path}.", name=name)
        self.calls += 1
        layer, position = source.locate(start)
        origin = Span(position, position + end - start)
        values = bind(macro, arguments)
        body = self.body(macro, values, layer, origin)
        self.length += len(body.text)
        if self.calls <= MAX_CALLS and self.length <= MAX_BODIES:
            self.expand(body, (*chain, key))
        if self.calls > MAX_CALLS or self.length > MAX_BODIES or self.out.length > MAX_LENGTH:
            raise MacroError(f"The macro '{name}' expands to more text than a search may have: {path}.", name=name)

    def body(self, macro: Macro, values: dict[str, SourceText], caller: Layer, call: Span) -> SourceText:
        """Return the text that a call stands for, before calls inside it are expanded."""
        if macro.validation:
            self.validate(macro, values)
        layer = Layer(macro.definition, macro.name, caller, call)
        body = substitute(SourceText.of(layer), values, layer)
        if not macro.iseval:
            return body
        result = self.evaluate(macro, body.text, "definition")
        return SourceText.of(Layer(text_of(result), macro.name, caller, call))

    def validate(self, macro: Macro, values: dict[str, SourceText]) -> None:
        layer = Layer(macro.validation)
        result = self.evaluate(macro, substitute(SourceText.of(layer), values, layer).text, "validation")
        if result is None or result is True or (isinstance(result, str) and result.lower() in ("", "true")):
            return
        message = macro.errormsg
        if isinstance(result, str) and result.lower() != "false":
            message = result
        elif isinstance(result, (int, float)) and not isinstance(result, bool):
            raise MacroError(f"The validation of the macro '{macro.name}' gives a number.", name=macro.name)
        raise MacroError(message or f"The arguments of the macro '{macro.name}' are not valid.", name=macro.name)

    def evaluate(self, macro: Macro, text: str, what: str) -> object:
        try:
            return self.macros.evaluate(text)
        except SplError as error:
            raise MacroError(
                f"The {what} of the macro '{macro.name}' cannot be evaluated: {error.message}",
                name=macro.name,
                hint=f"It is: {text}",
            ) from None

    def find(self, name: str, arguments: list[Argument]) -> Macro:
        macro = self.macros.find(name, len(arguments)) or builtin_macros().find(name, len(arguments))
        if macro is not None and macro.problem:
            raise MacroError(macro.problem, name=name)
        if macro is not None:
            return macro
        if not arguments and name.endswith("_filter"):
            # ESCU's contract: a filter that nobody customised keeps everything. Inside a search expression it is a
            # term, elsewhere a command of its own.
            return Macro(name, "search *" if self.out.significant in ("", "|", "[") else "*")
        raise self.unknown(name, len(arguments))

    def unknown(self, name: str, arity: int) -> UnknownMacro:
        arities = sorted({*self.macros.arities(name), *builtin_macros().arities(name)})
        if arities:
            takes = " or ".join(str(each) for each in arities)
            noun = "argument" if arities == [1] else "arguments"
            return UnknownMacro(f"The macro '{name}' takes {takes} {noun}, not {arity}.", name=name)
        known = self.macros.names() | builtin_macros().names()
        return UnknownMacro(f"There is no macro '{name}'.", name=name, hint=did_you_mean(name, known))


@lru_cache(maxsize=1)
def builtin_macros() -> MacroRegistry:
    """The built-in macros, which every search may call; the registry that is given comes first."""
    return MacroRegistry.builtin()


def text_of(value: object) -> str:
    """Return the text of what an eval-based definition gives."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# ---- reading a call ------------------------------------------------------------------------------------------------

_CALL = re.compile(r"\s*([^\s`()\",]+)\s*(?:\((.*)\)\s*)?", re.DOTALL)
_NAMED = re.compile(r"\s*([\w\-]+)\s*=(?!=)\s*", re.DOTALL)


def read_call(source: SourceText, start: int, end: int) -> tuple[str | None, list[Argument]]:
    """Return the name and the arguments of the call from `start` to `end`, backticks included; no name: no call."""
    text = source.text
    if not text[start + 1 : end - 1].strip():
        raise SplSyntaxError("There is no macro name between the backticks.")
    match = _CALL.fullmatch(text, start + 1, end - 1)
    if match is None:
        raise SplSyntaxError(
            "This is not a macro call.", hint="A macro is called as `name` or `name(argument, argument)`."
        )
    if match.group(2) is None or not match.group(2).strip():
        return match.group(1), []
    pieces = _split(text, match.start(2), match.end(2))
    return match.group(1), [_argument(source, first, last) for first, last in pieces]


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Split at commas outside quotes and brackets."""
    pieces, depth, position = [], 0, start
    for match in re.compile(r'"(?:[^"\\]|\\.)*"|[(),]', re.DOTALL).finditer(text, start, end):
        found = match.group()
        if found == "(":
            depth += 1
        elif found == ")":
            depth -= 1
        elif found == "," and depth <= 0:
            pieces.append((position, match.start()))
            position = match.end()
    return [*pieces, (position, end)]


def _argument(source: SourceText, start: int, end: int) -> Argument:
    match = _NAMED.match(source.text, start, end)
    value = _value(source, start, end)
    if match is None:
        return Argument(value, None, value)
    return Argument(value, match.group(1), _value(source, match.end(), end))


def _value(source: SourceText, start: int, end: int) -> SourceText:
    """Return the text of an argument: trimmed, and where it is one quoted string, without its quotes."""
    text = source.text
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if not re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).fullmatch(text, start, end):
        return source.slice(start, end)
    builder, position = Builder(), start + 1
    for match in re.compile(r'\\(?=["\\])').finditer(text, start + 1, end - 1):
        if match.start() >= position:
            builder.add(source, position, match.start())
            builder.add(source, match.end(), match.end() + 1)
            position = match.end() + 1
    builder.add(source, position, end - 1)
    return builder.build(source.locate(start)[0])


def bind(macro: Macro, arguments: list[Argument]) -> dict[str, SourceText]:
    """Return the arguments by name: by position, or, where every one names an argument of the macro, by name."""
    names = [argument.name for argument in arguments]
    if arguments and set(names) == set(macro.args):
        return {argument.name or "": argument.named_value for argument in arguments}
    return dict(zip(macro.args, (argument.value for argument in arguments), strict=True))


def substitute(body: SourceText, values: dict[str, SourceText], layer: Layer) -> SourceText:
    """Replace `$name$` by the arguments; other dollar signs stay."""
    if not values or "$" not in body.text:
        return body
    pattern = re.compile(r"\$(" + "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True)) + r")\$")
    builder, position = Builder(), 0
    length = len(body.text)
    for match in pattern.finditer(body.text):
        length += len(values[match.group(1)].text)
        if length > MAX_LENGTH:
            raise MacroError(f"A macro with its arguments has more than {MAX_LENGTH:,} characters.")
        builder.add(body, position, match.start())
        value = values[match.group(1)]
        builder.add(value, 0, len(value.text))
        position = match.end()
    builder.add(body, position, len(body.text))
    return builder.build(layer)
