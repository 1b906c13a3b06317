"""The outlines of the continents and larger islands, for maps.

`land.txt` was made for this project from Natural Earth's land polygons at 1:110m, which are in the public domain:
without points that move an outline by less than a third of a degree, degrees rounded to tenths.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def outlines() -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return the outlines, each a ring of (longitude, latitude); the Caspian Sea turns the other way.

    >>> len(outlines()) > 50
    True
    """
    text = files("splmini.results").joinpath("land.txt").read_text("utf-8")
    return tuple(
        tuple((float(east), float(north)) for east, _, north in (point.partition(",") for point in line.split()))
        for line in text.splitlines()
        if not line.startswith("#")
    )
