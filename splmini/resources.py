"""Where the grammars, the built-in macros and the built-in packs are.

In a wheel `grammar/` and `macros/` lie inside the package, in a checkout beside it; `importlib.resources` reads both,
also from a zipped package.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Traversable


def _folder(name: str) -> Traversable:
    inside = resources.files("splmini") / name
    if inside.is_dir():
        return inside
    return Path(__file__).resolve().parent.parent / name


def grammar_text(name: str) -> str:
    """Return the text of a grammar file, such as `search.lark` or `commands/tstats.lark`."""
    return _folder("grammar").joinpath(*name.split("/")).read_text("utf-8")


def grammar_exists(name: str) -> bool:
    """Say whether there is a grammar file of that name."""
    return _folder("grammar").joinpath(*name.split("/")).is_file()


def macro_files() -> list[Traversable]:
    """Return the built-in macro files, `macros/PACK.yml`, by name."""
    return sorted((file for file in _folder("macros").iterdir() if file.name.endswith(".yml")), key=lambda f: f.name)


def packs_folder() -> Traversable:
    """Return the folder that holds the built-in packs, each a Splunk app."""
    return resources.files("splmini") / "knowledge" / "packs"
