"""What commands ask of an app by name: an extraction of transforms.conf, a form, the settings of a stanza."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from splmini.errors import KnowledgeError, Span, SplError, did_you_mean
from splmini.knowledge.conf import decode, values
from splmini.knowledge.fields.patterns import expand_modules
from splmini.knowledge.fields.steps import Names, Origin
from splmini.knowledge.fields.transforms import report_step
from splmini.knowledge.files import is_file_name
from splmini.values import regex

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row

_MODULE = re.compile(r"(\[\[[^\[\]]+\]\])")


class Stanzas:
    """The named things of some apps (`engine.services.Stanzas`)."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    @property
    def saved_searches(self) -> Mapping[str, str]:
        """The texts of the saved searches."""
        return self._knowledge.saved_searches

    def transform(self, name: str, ctx: Any, span: Span | None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf."""
        return extraction(self._knowledge, name, ctx, span)

    def form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form."""
        return form(self._knowledge, name)

    def stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""
        return stanza(self._knowledge, conf, name)


def extraction(knowledge: Knowledge, name: str, ctx: Any, span: Span | None) -> Callable[[Row], None]:
    """Return the extraction of a stanza of transforms.conf, as a function that changes a row in place.

    Raises KnowledgeError where there is none of that name, or none that extracts.
    """
    if name not in knowledge.transforms:
        hint = did_you_mean(name, knowledge.transforms)
        raise KnowledgeError(f"There is no transform '{name}'.", name=name, hint=hint, span=span)
    try:
        step = report_step(name, knowledge.transforms, Origin("REPORT", name, name, ""))
        apply = step.make(Names(None), ctx)
    except SplError as error:
        error.span = error.span or span
        raise

    def extract(row: Row) -> None:
        apply(row, ())

    return extract


def form(knowledge: Knowledge, name: str) -> Callable[[Row], None] | None:
    """Return the extraction that the file `forms/NAME.form` of an app describes; None where no app has it.

    Its text is matched as it stands, blanks against any blanks; `[[transform:field]]` matches the expression of a
    transform and gives its text to the field.
    """
    text = _form_text(knowledge, name)
    if text is None:
        return None
    parts = (part if _MODULE.fullmatch(part) else _literal(part) for part in _MODULE.split(text.strip()))
    compiled = regex.compile(expand_modules("".join(parts), knowledge.transforms), any_names=True)

    def extract(row: Row) -> None:
        raw = row.get("_raw")
        match = compiled.search(raw) if isinstance(raw, str) else None
        if match is not None:
            for field, group in compiled.names:
                value = match.group(group)
                if value is not None and field not in row:
                    row[field] = value

    return extract


def _form_text(knowledge: Knowledge, name: str) -> str | None:
    if not is_file_name(f"{name}.form"):
        return None
    for app in knowledge.apps:
        data = app.files.read("forms", f"{name}.form", limit=1 << 20)
        if data is not None:
            return decode(data)
    return None


def _literal(text: str) -> str:
    pieces = re.split(r"\s+", text)
    return r"\s+".join(re.sub(r"([^\w])", r"\\\1", piece) for piece in pieces)


def stanza(knowledge: Knowledge, conf: str, name: str) -> Mapping[str, str] | None:
    """Return the settings of a stanza of a conf file; None where no app has it."""
    found = knowledge.conf(conf).get(name)
    return None if found is None else values(found)
