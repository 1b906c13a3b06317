"""The page on times: the variables of formats, time modifiers and spans, with what each gives."""

from __future__ import annotations

from collections.abc import Iterator

from reference_text import code, table

from splmini.values.timeformat import strftime
from splmini.values.times import UNITS, get_timezone, relative_time

MOMENT = 1778058723.456789
"""Wednesday, 6 May 2026, 09:12:03 UTC."""

VARIABLES = (
    ("Y y", "year, with and without its century"),
    ("C", "century"),
    ("m", "month, 01 to 12"),
    ("B b h", "name of the month, in full and short"),
    ("d e", "day of the month, with a leading zero or blank"),
    ("j", "day of the year"),
    ("A a", "name of the weekday, in full and short"),
    ("w u", "weekday: from Sunday 0, from Monday 1"),
    ("U W V", "week of the year: from Sunday, from Monday, by ISO 8601"),
    ("G g", "year of the ISO week"),
    ("H k", "hour, 00 to 23"),
    ("I l", "hour, 01 to 12"),
    ("p", "AM or PM"),
    ("M S", "minute, second"),
    ("N 3N 6N 9N", "subseconds: nine digits, or so many"),
    ("Q 3Q 6Q 9Q", "subseconds: three digits, or so many"),
    ("f", "microseconds"),
    ("s", "seconds since 1970"),
    ("z :z ::z", "offset from UTC"),
    ("Z Ez", "name of the zone; offset in minutes"),
    ("F", "as %Y-%m-%d"),
    ("T R r", "as %H:%M:%S, %H:%M, %I:%M:%S %p"),
    ("D x", "as %m/%d/%y, %m/%d/%Y"),
    ("X", "as %H:%M:%S"),
    ("c +", "as %a %b %e %H:%M:%S %Y, with the zone"),
    ("v", "as %e-%b-%Y"),
    ("%", "a percent sign"),
)
MODIFIERS = (
    "-1h",
    "-30m@m",
    "@d",
    "-1d@d",
    "@h+15m",
    "@w0",
    "@w1",
    "-1w@w5",
    "@mon",
    "-1mon@mon+2d",
    "@q",
    "@y",
    "+7d",
)


def times_page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    zone = get_timezone("UTC")
    yield from (
        "# Times",
        "",
        "A time is a number: seconds since 1970, with decimals. Times in text that name no zone "
        'are in the zone of the environment, `Environment(timezone="UTC")`, and so are snaps and days.',
        "",
    )
    yield from (
        "## Variables of formats",
        "",
        "For [strftime()](eval/strftime.md), [strptime()](eval/strptime.md), "
        f"`convert timeformat=` and `TIME_FORMAT`. Shown for the time {MOMENT}.",
        "",
    )
    rows = []
    for names, meaning in VARIABLES:
        variables = [f"%{name}" for name in names.split()]
        rows.append(
            [
                ", ".join(map(code, variables)),
                meaning,
                ", ".join(code(strftime(MOMENT, each, zone) or "") for each in variables),
            ]
        )
    yield from (table(["variable", "meaning", "gives"], rows), "")
    yield from (
        "## Time modifiers",
        "",
        "For `earliest=`, `latest=`, [relative_time()](eval/relative_time.md) and the "
        "time range of an environment. Offsets and snaps apply from left to right; a snap rounds down. Also "
        "`now`, and epoch seconds.",
        "",
    )
    rows = [[code(each), strftime(relative_time(MOMENT, each, zone), "%a %F %T", zone) or ""] for each in MODIFIERS]
    yield from (table(["modifier", f"of {strftime(MOMENT, '%a %F %T', zone)}"], rows), "")
    yield from (
        "## Units",
        "",
        table(["unit", "names"], ([code(unit), ", ".join(map(code, names))] for unit, names in _units())),
        "",
        "A span (`span=5m`, `maxspan=1h`) is a number with one of these units; `us`, `ms`, `cs` and `ds` are "
        "parts of a second; `@` behind a span says what it is aligned to (`1d@h`).",
        "",
    )
    yield from (
        "```python",
        "import splmini",
        "",
        'row = splmini.search(\'| eval day=strftime(_time, "%F"), '
        'start=relative_time(_time, "@d")\', [{"_time": 1778058723}])[0]',
        'assert (row["day"], row["start"]) == ("2026-05-06", 1778025600)',
        "```",
    )


def _units() -> list[tuple[str, list[str]]]:
    units: dict[str, list[str]] = {}
    for name, unit in UNITS.items():
        units.setdefault(unit, []).append(name)
    return list(units.items())
