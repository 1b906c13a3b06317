"""Where models are kept: as JSON, in files of the environment's `data_dir`, or in memory without one."""

from __future__ import annotations

import json
import re

from splmini.errors import ArgumentError, KnowledgeError, Span, UnsupportedFeature
from splmini.learning import Algorithm, Model, algorithms
from splmini.operators import RunContext

_NAME = re.compile(r"(?:app:)?[A-Za-z_][A-Za-z0-9_]{0,200}")
MOST_BYTES = 100 << 20


def check_name(name: str, span: Span) -> str:
    """Return the name of a model; raises ArgumentError for one that MLTK does not take."""
    if not _NAME.fullmatch(name):
        raise ArgumentError(
            f"'{name}' is no name of a model: it has letters, digits and underscores.", name=name, span=span
        )
    return name


def _file(name: str) -> str:
    return f"__mlspl_{name.removeprefix('app:')}.json"


def store(ctx: RunContext, name: str, algorithm: Algorithm, model: Model) -> None:
    """Keep a model; later runs find it when this one ends well."""
    text = json.dumps({"algorithm": algorithm.name, "model": model.state()})
    ctx.files.change(_file(name), lambda before: text)


def load(ctx: RunContext, name: str, command: str, span: Span) -> Model:
    """Return a model by its name."""
    found = find(ctx, name, span)
    if found is None:
        raise UnsupportedFeature(
            f"There is no model '{name}'. Models of Splunk itself cannot be read.",
            name=command,
            span=span,
            hint=f"Make one with: fit ... into {name}",
        )
    return found[1]


def find(ctx: RunContext, name: str, span: Span) -> tuple[str, Model] | None:
    """Return the algorithm and the model of a name; None where there is none. Raises KnowledgeError for a damaged one.

    Everything in the file is checked before it is used: what does not fit together is an error here, not in numpy.
    """
    try:
        text = ctx.files.read(_file(name))
    except KnowledgeError:
        return None
    try:
        if len(text) > MOST_BYTES:
            raise ValueError("it is too large")
        content = json.loads(text)
        called = content["algorithm"]
        restore = algorithms()[called].restore
        if restore is None:
            raise ValueError("its algorithm stores no models")
        return called, restore(content["model"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise KnowledgeError(
            f"The model '{name}' is not well formed: {error}", name=name, path=_file(name), span=span
        ) from None
