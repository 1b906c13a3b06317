"""What the three tables share: examples, and the import of the modules that hold the entries."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """A search, the events it runs over and the rows it must give (only the named fields are compared).

    For eval functions `spl` may be a bare expression: `Example('lower("ABC")', "abc")`.
    """

    spl: str
    expect: Any
    events: tuple[Mapping[str, Any], ...] = ()


_loaded: set[str] = set()


def load(package: str) -> None:
    """Import all modules of a package, once."""
    if package not in _loaded:
        module = importlib.import_module(package)
        for each in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{package}.{each.name}")
        _loaded.add(package)
