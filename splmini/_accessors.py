"""What `df.spl` is, for pandas and Polars; `splmini.frames` registers it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splmini.environment import Environment
    from splmini.results import Results

NAME = "spl"
_default: list[Environment] = []


def default_environment() -> Environment:
    """Return the environment of searches that name none: the built-in one, made once."""
    if not _default:
        from splmini.environment import Environment

        _default.append(Environment())
    return _default[0]


class FrameSearch:
    """What `df.spl` is: call it with a search."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def results(self, spl: str, env: Environment | None = None, **options: Any) -> Results:
        """Run a search over the rows of the frame and return its `Results`.

        Args:
            spl: the search. One that starts with a pipe applies to all rows.
            env: the environment; without it the built-in one.
            options: as for `Search.run` (earliest, latest, now, sourcetype …).

        Raises:
            SplError: with the position in the search.
        """
        return (env or default_environment()).compile(spl).run(self._frame, **options)


class PandasSearch(FrameSearch):
    """`DataFrame.spl` of pandas."""

    def __call__(self, spl: str, env: Environment | None = None, **options: Any) -> Any:
        """Run a search over the rows of the frame and return a pandas DataFrame; as for `results`.

        Warnings of the run are in the frame's `attrs["messages"]`.
        """
        results = self.results(spl, env, **options)
        frame = results.to_pandas()
        told = [f"{each.level}: {each.text}" for each in results.messages if each.level != "info"]
        if told:
            frame.attrs["messages"] = told
        return frame


class PolarsSearch(FrameSearch):
    """`DataFrame.spl` and `LazyFrame.spl` of Polars."""

    def __call__(self, spl: str, env: Environment | None = None, **options: Any) -> Any:
        """Run a search over the rows of the frame and return a Polars DataFrame; as for `results`."""
        return self.results(spl, env, **options).to_polars()


def register(load: bool = False) -> list[str]:
    """Register the accessor with pandas and Polars where they are imported, or (`load`) installed; say with which."""
    done = []
    for name, add in (("pandas", _register_pandas), ("polars", _register_polars)):
        if load and name not in sys.modules and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
        library = sys.modules.get(name)
        if library is not None and hasattr(library, "DataFrame"):
            add(library)
            done.append(name)
    return done


def _register_pandas(pandas: Any) -> None:
    if not hasattr(pandas.DataFrame, NAME):
        pandas.api.extensions.register_dataframe_accessor(NAME)(PandasSearch)


def _register_polars(polars: Any) -> None:
    if not hasattr(polars.DataFrame, NAME):
        polars.api.register_dataframe_namespace(NAME)(PolarsSearch)
    if not hasattr(polars.LazyFrame, NAME):
        polars.api.register_lazyframe_namespace(NAME)(PolarsSearch)


__all__ = ["FrameSearch", "PandasSearch", "PolarsSearch", "default_environment", "register"]
