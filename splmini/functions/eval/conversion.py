"""Conversion functions."""

from __future__ import annotations

import math
import string
from typing import Any

from splmini.functions.eval._support import bad_argument, literal_text, page
from splmini.functions.eval.json_functions import encoded_array, to_json
from splmini.language import tree
from splmini.registry import Example, eval_function
from splmini.values import json
from splmini.values.multivalue import from_list
from splmini.values.numbers import normal, round_half_up, to_number, to_text
from splmini.values.times import duration

PAGE = page("conversion-functions")
_DIGITS = string.digits + string.ascii_lowercase

# ---- numbers -------------------------------------------------------------------------------------------------------


def _check_tonumber(call: tree.Call) -> None:
    base = call.args[1] if len(call.args) == 2 else None
    if isinstance(base, tree.Number) and not 2 <= base.value <= 36:
        raise bad_argument(call, 1, f"The base is {base.text}, but must be from 2 to 36.")
    text = literal_text(call.args[0])
    if text is not None and (base is None or isinstance(base, tree.Number)):
        value = int(base.value) if isinstance(base, tree.Number) else 10
        if _number_in_base(text, value) is None:
            raise bad_argument(call, 0, f"'{text}' is not a number to the base {value}.")


_PREFIXES = ("b", "B", "o", "O")
"""Behind a zero Python reads them as the base, Splunk as digits that are none."""


def _number_in_base(text: str, base: int) -> int | float | None:
    if base == 10:
        return to_number(text)
    if text.isalnum() and text.isascii() and len(text) <= 512 and not (base in (2, 8) and text[1:2] in _PREFIXES):
        try:
            return normal(int(text, base))
        except ValueError:
            return None
    digits = text.lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-") if digits[:1] in "+-" and digits[1:2] not in "+-" else digits
    if base == 16 and digits.startswith("0x"):
        digits = digits[2:]
    if not digits or len(digits) > 512 or any(digit not in _DIGITS[:base] for digit in digits):
        return None
    return normal(sign * int(digits, base))


@eval_function(
    "tonumber",
    (1, 2),
    "any",
    "integer",
    source=PAGE,
    returns="number",
    check=_check_tonumber,
    examples=(Example('tonumber("0A4", 16)', 164), Example("tonumber(s)", None, ({"s": "21 "},))),
)
def tonumber(value: Any, base: int = 10) -> int | float | None:
    """tonumber(<text>, <base>): the number that a text spells, to a base from 2 to 36, 10 unless given.

    The base 16 accepts 0x in front. Blanks are not accepted (see `trim`). A literal that is no number is an error.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    if isinstance(value, bool) or not 2 <= base <= 36:
        return None
    if base == 10:
        return to_number(value)
    return _number_in_base(to_text(value), base)


@eval_function(
    "toint",
    (1, 2),
    "any",
    "integer",
    source=PAGE,
    returns="number",
    examples=(Example('toint("24")', 24), Example("toint(3.9)", 3), Example('toint("x7")', None)),
)
def toint(value: Any, base: int = 10) -> int | None:
    """toint(<value>, <base>): as an integer, rounded down; the base is that of a text, 10 unless given.

    *Null*: null, also for what is no number, such as a truth value. *Multivalue*: applied to each value.
    """
    number = _number_of(value, base)
    return None if number is None else math.floor(number)


@eval_function(
    "todouble",
    (1, 2),
    "any",
    "integer",
    source=PAGE,
    returns="number",
    examples=(
        Example('todouble("5.25")', 5.25), Example('todouble("ff", 16)', 255), Example('todouble(" 5 ")', None),
    ),
)  # fmt: skip
def todouble(value: Any, base: int = 10) -> float | None:
    """todouble(<value>, <base>): as a number with decimals; the base is that of a text, 10 unless given.

    *Null*: null, also for what is no number, such as a truth value or a text with blanks around it. *Multivalue*:
    applied to each value.
    """
    number = _number_of(value, base)
    return None if number is None else float(number)


def _number_of(value: Any, base: int) -> int | float | None:
    """Return the number that a value is or that its text spells to a base; None for truth values."""
    if isinstance(value, str) and base != 10:
        return _number_in_base(value, base) if 2 <= base <= 36 else None
    return to_number(value)


_TRUTHS = {"true": True, "True": True, "false": False, "False": False}


@eval_function(
    "tobool",
    1,
    source=PAGE,
    returns="bool",
    multivalue="first",
    examples=(Example('if(tobool("true"), "t", "f").if(tobool(0), "t", "f")', "tf"),),
)
def tobool(value: Any) -> bool | None:
    """tobool(<value>): as a truth value: the texts `true`, `True`, `false`, `False`; numbers by being other than 0.

    *Null*: null, also for other text. *Multivalue*: the first value counts.
    """
    if isinstance(value, bool):
        return value
    number = to_number(value)
    if number is not None:
        return number != 0
    return _TRUTHS.get(value)


# ---- text ----------------------------------------------------------------------------------------------------------

_FORMATS = ("hex", "binary", "commas", "duration")


def _check_tostring(call: tree.Call) -> None:
    style = literal_text(call.args[1]) if len(call.args) == 2 else None
    if style is not None and style not in _FORMATS:
        raise bad_argument(
            call, 1, f"'{style}' is not a format of tostring().", "Expected hex, binary, commas or duration."
        )


@eval_function(
    "tostring",
    (1, 2),
    "any",
    "text",
    null="pass",
    source=PAGE,
    check=_check_tostring,
    returns="string",
    examples=(
        Example('tostring(12345.6789, "commas")', "12,345.68"),
        Example('tostring(615, "duration")', "00:10:15"),
        Example('tostring(15, "hex")', "0xF"),
        Example("tostring(1=1)", "True"),
    ),
)
def tostring(value: Any, style: str | None = None) -> str:
    """tostring(<value>, <format>): as text: truth values as True and False, numbers by their format.

    `hex` (0xF), `binary` (1001), `commas` (thousands, two decimals where there are any), `duration` (D+HH:MM:SS).

    *Null*: the text Null. *Multivalue*: applied to each value.
    """
    if value is None:
        return "Null"
    number = to_number(value)
    if style is None or number is None:
        return to_text(value)
    if style == "commas":
        return f"{number:,}" if isinstance(number, int) else _with_commas(number)
    if style == "duration":
        return duration(number)
    whole = int(number)
    return f"0x{whole:X}" if style == "hex" and whole >= 0 else f"-0x{-whole:X}" if style == "hex" else f"{whole:b}"


def _with_commas(number: float) -> str:
    rounded = round_half_up(number, 2)
    return f"{int(rounded):,}" if rounded.is_integer() and number.is_integer() else f"{rounded:,.2f}"


# ---- JSON and multivalue -------------------------------------------------------------------------------------------


@eval_function(
    "tojson",
    1,
    multivalue="pass",
    source=PAGE,
    returns="text",
    examples=(
        Example('tojson("a")', '"a"'),
        Example("tojson(5)", "5"),
        Example('tojson(split("a,b", ","))', '["a","b"]'),
    ),
)
def tojson(value: Any) -> str:
    """tojson(<value>): as JSON text: a string in quotes, a number, a truth value, an array for several values.

    Text that is a JSON object or array stays one.

    *Null*: null. *Multivalue*: an array.
    """
    return json.encode(to_json(value))


@eval_function(
    "toarray",
    1,
    multivalue="pass",
    source=PAGE,
    returns="text",
    examples=(Example('toarray(split("1,2,3", ","))', "[1,2,3]"), Example('toarray("x")', None)),
)
def toarray(value: Any) -> str | None:
    """toarray(<value>): text that is a JSON array, written compactly; several values as one.

    *Null*: null, also for what is neither. *Multivalue*: an array as `mv_to_json_array(<value>, true())` gives it.
    """
    if isinstance(value, list):
        return encoded_array(value, infer=True)
    decoded = json.decode(value) if isinstance(value, str) else None
    return json.encode(decoded) if isinstance(decoded, list) else None


@eval_function(
    "toobject",
    1,
    multivalue="first",
    source=PAGE,
    returns="text",
    examples=(Example(r'toobject("{\"name\": \"maria\"}")', '{"name":"maria"}'), Example('toobject("nope")', None)),
)
def toobject(value: Any) -> str | None:
    """toobject(<value>): text that is a JSON object, written compactly.

    *Null*: null, also for what is no object. *Multivalue*: the first value counts.
    """
    decoded = json.decode(value) if isinstance(value, str) else None
    return json.encode(decoded) if isinstance(decoded, dict) else None


@eval_function(
    "tomv",
    1,
    multivalue="pass",
    source=PAGE,
    examples=(Example('tomv(json_array("a", 1))', ['"a"', 1]), Example('tomv("hello")', None)),
)
def tomv(value: Any) -> Any:
    """tomv(<value>): the elements of a JSON array as values; strings keep their quotes (see `json_array_to_mv`).

    *Null*: null, also for what is no array. *Multivalue*: stays.
    """
    if isinstance(value, list):
        return value
    decoded = json.decode(value) if isinstance(value, str) else None
    return from_list(json.encode(item) for item in decoded) if isinstance(decoded, list) else None


# ---- addresses -----------------------------------------------------------------------------------------------------


def _quad(text: str) -> list[int] | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    octets = [int(part) for part in parts]
    return octets if max(octets) < 256 else None


def _check_ipmask(call: tree.Call) -> None:
    mask = literal_text(call.args[0])
    if mask is not None and _quad(mask) is None:
        raise bad_argument(
            call, 0, f"'{mask}' is not a mask.", "Expected four numbers from 0 to 255, such as 255.255.255.0."
        )


@eval_function(
    "ipmask",
    2,
    "text",
    source=PAGE,
    check=_check_ipmask,
    returns="text",
    examples=(Example('ipmask("255.255.255.0", "10.20.30.120")', "10.20.30.0"),),
)
def ipmask(mask: str, address: str) -> str | None:
    """ipmask(<mask>, <ip>): an IPv4 address with the mask applied; any mask of four numbers will do.

    *Null*: null, also for what is no IPv4 address. *Multivalue*: the first address counts.
    """
    bits, octets = _quad(mask), _quad(address)
    if bits is None or octets is None:
        return None
    return ".".join(str(bit & octet) for bit, octet in zip(bits, octets, strict=True))
