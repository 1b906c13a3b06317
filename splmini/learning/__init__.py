"""The algorithms of `fit` and `apply` (MLTK): what one is, and the table of them.

An algorithm is fitted to rows and gives a `Model`, which writes its fields to rows, describes itself and turns into
JSON: models are stored as data, never as objects, so that reading one cannot run code. scikit-learn, numpy and scipy
(the extra `ml`) are imported when the first algorithm runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from splmini.commands.arguments.reading import FieldPatterns, is_internal
from splmini.errors import UnsupportedFeature
from splmini.operators import Row
from splmini.registry import OptionSpec

SOURCE = "https://docs.splunk.com/Documentation/MLApp/latest/User/Algorithms"


@dataclass(frozen=True)
class Request:
    """What a fit asks for: the fields (patterns) that explain, the field to predict, the by-fields, the options.

    `fields` are those of an algorithm without a target, or those after `from`. `given` are the names of the options
    that the user wrote.
    """

    algorithm: str
    fields: tuple[str, ...] = ()
    target: str | None = None
    by: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    known: Model | None = None
    """The model to go on from (partial_fit)."""

    def columns(self, rows: list[Row]) -> list[str]:
        """Return the fields of the rows that the patterns name, sorted within a pattern, without the target."""
        names = sorted({name for row in rows for name in row if not is_internal(name)} | set(self.fields))
        found = FieldPatterns(self.fields).select(name for name in names if "*" not in name)
        return [name for name in found if name != self.target]


class Model(Protocol):
    """What fitting gives."""

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write the model's fields to rows, in place; `output` is the name given with AS."""

    def summary(self) -> list[Row]:
        """Describe the model, as rows."""

    def state(self) -> dict[str, Any]:
        """Return the model as JSON data."""


@dataclass(frozen=True)
class Algorithm:
    """An algorithm: `restore` makes a model of its JSON data; None: it cannot be stored."""

    name: str
    fit: Callable[[Request, list[Row]], Model]
    options: Mapping[str, OptionSpec] = field(default_factory=dict)
    predicts: bool = False
    """True where it has a target: `fit NAME target from fields`."""
    restore: Callable[[dict[str, Any]], Model] | None = None
    by: bool = False
    scored: bool = True
    """False where its target is not what it gives (FieldSelector), so that there is nothing to cross-validate."""
    classifies: bool = False
    """True where it predicts one of several values."""
    grows: bool = False
    """True where a model can go on from what it was fitted to (partial_fit)."""


def algorithms() -> dict[str, Algorithm]:
    """Return the algorithms by name."""
    from splmini.learning import additive, density, estimators, features, kernels

    tables = (estimators.ALGORITHMS, kernels.ALGORITHMS, additive.ALGORITHMS, features.ALGORITHMS)
    return {each.name: each for each in (density.ALGORITHM, *(each for table in tables for each in table))}


def library(*names: str) -> list[Any]:
    """Import modules of the extra `ml`; raises UnsupportedFeature that says how to install them."""
    import importlib

    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        raise UnsupportedFeature(
            f"fit and apply need {names[0].partition('.')[0]}, which is not installed.",
            name="fit",
            hint="Install it with: pip install 'splmini[ml]'",
        ) from error
