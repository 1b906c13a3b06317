"""What the three tables share: examples, and the import of the modules that hold the entries."""

from __future__ import annotations

import importlib
import io
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import zipfile


@dataclass(frozen=True)
class Example:
    """A search, the events it runs over and the rows it must give (only the named fields are compared).

    For eval functions `spl` may be a bare expression: `Example('lower("ABC")', "abc")`. `before` is a search that runs
    first over the same events; `saved` are saved searches, by name.
    """

    spl: str
    expect: Any
    events: tuple[Mapping[str, Any], ...] = ()
    before: str = ""
    saved: Mapping[str, str] = field(default_factory=dict)

    def app(self) -> zipfile.Path:
        """Return an app, in memory, that has the saved searches."""
        import zipfile

        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            stanzas = (f"[{name}]\nsearch = {text}\n" for name, text in self.saved.items())
            archive.writestr("examples/default/savedsearches.conf", "\n".join(stanzas))
        return zipfile.Path(zipfile.ZipFile(content), "examples/")


_loaded: set[str] = set()


def load(package: str) -> None:
    """Import all modules of a package, once."""
    if package not in _loaded:
        module = importlib.import_module(package)
        for each in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{package}.{each.name}")
        _loaded.add(package)
