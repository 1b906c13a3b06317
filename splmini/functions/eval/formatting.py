"""printf, with the conversions of C that Splunk documents."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from splmini.budget import grows
from splmini.errors import ArgumentError
from splmini.functions.eval._support import bad_argument, literal_text, page
from splmini.language import tree
from splmini.registry import Example, eval_function
from splmini.values.multivalue import joined
from splmini.values.numbers import round_half_up, to_number, to_text

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+ #0']*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*)?)?(?P<letter>[A-Za-z%])|%", re.ASCII
)
_HAS_PRECISION = re.compile(r"%[-+ #0']*(?:\d+|\*)?\.")
_INTEGERS = frozenset("diuoxXp")
_FLOATS = frozenset("aAeEfFgG")
_TEXTS = frozenset("sz")
_WIDEST = 10_000
_DIGITS = 9
"""A width of more digits is too wide, whatever they are."""


@dataclass(frozen=True)
class Directive:
    """A conversion: `width` and `precision` are numbers, `*`, or None."""

    flags: str
    width: str | None
    precision: str | None
    letter: str

    @property
    def takes(self) -> int:
        """How many arguments it takes."""
        return (self.letter != "%") + (self.width == "*") + (self.precision == "*")


Part: TypeAlias = "str | Directive | Callable[[Any], str | None]"


@lru_cache(maxsize=256)
def _parts(format: str) -> tuple[Part, ...]:
    """The parts of a format; a directive of the usual kind as a function of the value."""
    return tuple(part if isinstance(part, str) else _renderer(part) or part for part in parse_format(format))


def _renderer(directive: Directive) -> Callable[[Any], str | None] | None:
    """Return the function of a directive that Python's own format can do; None for all others."""
    flags, width, precision, letter = directive.flags, directive.width, directive.precision, directive.letter
    if (
        set(flags) - {"-", "0"}
        or "*" in (width, precision)
        or _size(width, iter(())) == _WIDEST
        or _size(precision, iter(())) == _WIDEST
    ):
        return None
    pad = ("<" if "-" in flags else "0" if "0" in flags else "") + (width or "") if width else ""
    if letter in _TEXTS and precision is None and width is None:
        return _as_text
    if letter in "di" and precision is None:
        return partial(_as_integer, f"{pad}d")
    if letter in "fF" and int(precision or 6) < 100:
        places = 6 if precision is None else int(precision)
        return partial(_as_float, f"{pad}.{places}f", places)
    return None


def _as_text(value: Any) -> str:
    return value if value.__class__ is str else "Null" if value is None else joined(value, ",")


def _as_integer(spec: str, value: Any) -> str | None:
    number = to_number(value)
    return ("Null" if value is None else None) if number is None else format(int(number), spec)


def _as_float(spec: str, places: int, value: Any) -> str | None:
    number = to_number(value)
    if number is None:
        return "Null" if value is None else None
    number = float(number)
    return format(round_half_up(number, places), spec) if math.isfinite(number) else None


@lru_cache(maxsize=256)
def parse_format(format: str) -> tuple[str | Directive, ...]:
    """Return the parts of a format; raises ArgumentError for an unknown conversion."""
    parts: list[str | Directive] = []
    position = 0
    for match in _DIRECTIVE.finditer(format):
        parts.append(format[position : match.start()])
        letter = match["letter"]
        if letter is None or letter not in "diuoxXpaAeEfFgGszc%":
            raise ArgumentError(f"'{match[0]}' is not a conversion of printf().", name="printf")
        precision = match["precision"]
        if precision is None and _HAS_PRECISION.match(match[0]):
            precision = "0"
        parts.append(Directive(match["flags"], match["width"], precision, letter))
        position = match.end()
    parts.append(format[position:])
    return tuple(part for part in parts if part != "")


def _check(call: tree.Call) -> None:
    format = literal_text(call.args[0])
    if format is None:
        return
    try:
        wanted = sum(part.takes for part in parse_format(format) if isinstance(part, Directive))
    except ArgumentError as error:
        error.span = call.args[0].span
        raise
    given = len(call.args) - 1
    if given < wanted:
        raise bad_argument(call, 0, f"The format '{format}' takes {wanted} values, but {given} were given.")


@eval_function(
    "printf",
    (1, None),
    "any",
    null="pass",
    multivalue="pass",
    source=page("conversion-functions"),
    check=_check,
    returns="text",
    examples=(
        Example('printf("%04d|%-4s|%.2f", 7, "ab", 3.14159)', "0007|ab  |3.14"),
        Example('printf("%s%z %#x %+d", "foo", "bar", 255, 7)', "foobar 0xff +7"),
    ),
)
def printf(format: Any, *values: Any) -> str | None:
    """printf(<format>, <value>, ...): text made by a format as in C.

    Conversions: `%d %i %u` integers, `%o %x %X` octal and hexadecimal, `%e %f %g %a` and their capitals, `%c` a
    character, `%s` and `%z` text, `%%`. Flags `-`, `+`, blank, `#`, `0` and `'` (thousands). Width and precision may
    be `*`, taken from the values.

    *Null*: a null value prints as Null; a null format, or a number that is none, makes null. *Multivalue*: printed
    with commas between the values.
    """
    if format is None:
        return None
    remaining = iter(values)
    texts: list[str] = []
    length = 0
    for part in _parts(to_text(format) if not isinstance(format, list) else joined(format, ",")):
        if isinstance(part, str):
            texts.append(part)
            continue
        text = _converted(part, remaining) if isinstance(part, Directive) else part(next(remaining, None))
        if text is None:
            return None
        texts.append(text)
        length += len(text)
        grows(length)
    return "".join(texts)


def _converted(directive: Directive, values: Iterator[Any]) -> str | None:
    flags = directive.flags
    width, precision = _size(directive.width, values), _size(directive.precision, values)
    if width is not None and width < 0:
        flags, width = flags + "-", -width
    if precision is not None and precision < 0:
        precision = None
    if directive.letter == "%":
        return "%"
    value = next(values, None)
    letter = directive.letter
    if letter in _TEXTS:
        text = "Null" if value is None else joined(value, ",")
        body = text if precision is None else text[:precision]
        numeric = False
    elif letter == "c":
        body, numeric = _character(value), False
    else:
        number = to_number(value)
        if number is None:
            return "Null" if value is None else None
        rendered = (
            _integer(number, flags, precision, letter)
            if letter in _INTEGERS
            else _float(number, flags, precision, letter)
        )
        if rendered is None:
            return None
        body, numeric = rendered, not (letter in _INTEGERS and precision is not None)
    return _padded(body, flags, min(width or 0, _WIDEST), numeric)


def _size(size: str | None, values: Iterator[Any]) -> int | None:
    if size != "*":
        return None if size is None else _WIDEST if len(size) > _DIGITS else min(int(size), _WIDEST)
    number = to_number(next(values, None))
    return None if number is None else max(min(int(number), _WIDEST), -_WIDEST)


def _character(value: Any) -> str:
    number = to_number(value)
    if number is not None and 0 <= number < 0x110000 and not 0xD800 <= number < 0xE000:
        return chr(int(number))
    return ("Null" if value is None else joined(value, ","))[:1]


def _sign(negative: bool, flags: str) -> str:
    return "-" if negative else "+" if "+" in flags else " " if " " in flags else ""


def _integer(number: float, flags: str, precision: int | None, letter: str) -> str:
    value = int(number)
    negative = value < 0
    if letter in "di":
        digits = f"{abs(value):,}" if "'" in flags else str(abs(value))
        prefix = _sign(negative, flags)
    else:
        value &= (1 << 64) - 1
        digits = {"u": f"{value:,}" if "'" in flags else str(value), "o": f"{value:o}", "x": f"{value:x}"}.get(
            letter, f"{value:X}"
        )
        prefix = ""
        if "#" in flags and letter in "xXp" and value:
            prefix = "0x" if letter == "x" else "0X"
        elif "#" in flags and letter == "o" and not digits.startswith("0"):
            digits = "0" + digits
    if precision is not None:
        digits = digits.zfill(precision) if precision or value else ""
    return prefix + digits


def _float(number: float, flags: str, precision: int | None, letter: str) -> str | None:
    value = float(number)
    if not math.isfinite(value):
        return None
    sign = _sign(math.copysign(1, value) < 0, flags)
    value = abs(value)
    places = 6 if precision is None else precision
    if letter in "aA":
        text = _hexadecimal(value, places)
        return sign + (text.upper() if letter == "A" else text)
    if letter in "fF":
        return sign + f"{round_half_up(value, places):{',' if chr(39) in flags else ''}.{places}f}"
    return sign + format(value, f"{'#' if '#' in flags else ''}.{places}{letter}")


def _hexadecimal(value: float, precision: int) -> str:
    """`%a`: hexadecimal digits with a binary exponent, rounded to the precision."""
    if value == 0:
        return "0x0" + ("." + "0" * precision if precision else "") + "p+0"
    mantissa, exponent = math.frexp(value)
    mantissa, exponent = mantissa * 2, exponent - 1
    scaled = round(mantissa * (1 << 52))
    places = min(precision, 13)
    if places < 13:
        drop = 4 * (13 - places)
        scaled = (scaled + (1 << (drop - 1))) >> drop
    whole, fraction = divmod(scaled, 1 << (4 * places))
    digits = f"{fraction:0{places}x}".ljust(precision, "0") if places else ""
    return f"0x{whole}{'.' + digits if digits else ''}p{exponent:+d}"


def _padded(body: str, flags: str, width: int, numeric: bool) -> str:
    if len(body) >= width:
        return body
    if "-" in flags:
        return body.ljust(width)
    if "0" in flags and numeric:
        prefix = re.match(r"[-+ ]?(?:0[xX])?", body)
        head = prefix[0] if prefix else ""
        return head + body[len(head) :].rjust(width - len(head), "0")
    return body.rjust(width)
