"""From the settings that apply to an event to the steps that extract its fields, and the subset that a search needs.

The order is Splunk's: what INDEXED_EXTRACTIONS put into the index, EXTRACT, REPORT, automatic extraction, TOKENIZER,
FIELDALIAS, EVAL, LOOKUP; within each, the ASCII order of the settings. Event types and tags follow (`eventtypes`).

Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/Searchtimeoperationssequence
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from splmini.errors import SplError
from splmini.knowledge.conf import Setting, Stanza, Stanzas, as_bool
from splmini.knowledge.fields.autokv import indexed_step, kv_step, mode_of
from splmini.knowledge.fields.columns import Over, over_members, over_rows
from splmini.knowledge.fields.default_fields import default_steps
from splmini.knowledge.fields.settings import (
    Calculation,
    alias_steps,
    calculation,
    calculations_over,
    eval_step,
    lookup_step,
    parse_expression,
    tokenizer_step,
)
from splmini.knowledge.fields.steps import METADATA, Apply, MapperContext, Names, Origin, Step
from splmini.knowledge.fields.synthesis import SYSTEM_FIELDS
from splmini.knowledge.fields.transforms import extract_step, report_step
from splmini.language.tree_cache import kept_trees
from splmini.operators import Fields, Row
from splmini.values.wildcards import has_wildcard

Merged: TypeAlias = "Mapping[str, tuple[str, Setting]]"
"""The settings in force for an event, each with its stanza."""


@dataclass(frozen=True)
class Problem:
    """A setting that does nothing, and why; `more` is how often else the app has it."""

    app: str
    file: str
    stanza: str
    setting: str
    text: str
    more: int = 0

    def __str__(self) -> str:
        stanza = f" [{self.stanza}]" if self.stanza else ""
        setting = f" {self.setting}" if self.setting else ""
        also = f" ({self.more} more)" if self.more else ""
        return f"{self.app}: {self.file}{stanza}{setting}: {self.text}{also}"


@dataclass
class Extraction:
    """All that the settings of one set of stanzas do, in order."""

    raw: list[Step] = field(default_factory=list)
    """INDEXED_EXTRACTIONS, EXTRACT, REPORT, automatic extraction, TOKENIZER."""
    aliases: list[Step] = field(default_factory=list)
    calculations: list[Calculation] = field(default_factory=list)
    lookups: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    mode: str = "auto"
    automatic: Step | None = None
    """The step that finds fields by itself, one of `raw`."""


def build_extraction(merged: Merged, transforms: Stanzas, fields_conf: Stanzas) -> Extraction:
    """Read the settings of a set of stanzas; what cannot be read is left out and noted in `problems`."""
    result = Extraction()
    expressions = (setting.value for key, (_, setting) in merged.items() if key.startswith("EVAL-") and setting.value)
    known = kept_trees("calculations", expressions, parse_expression)

    def extract(key: str, stanza: str, setting: Setting) -> None:
        origin = Origin("extraction", key, stanza, setting.app)
        result.raw.append(extract_step(setting.value, origin, transforms))

    def report(key: str, stanza: str, setting: Setting) -> None:
        for name in (part.strip() for part in setting.value.split(",")):
            if name:
                origin = Origin("extraction", f"{key} = {name}", stanza, setting.app)
                with _noted(result, stanza, key, setting):
                    result.raw.append(report_step(name, transforms, origin))

    def alias(key: str, stanza: str, setting: Setting) -> None:
        result.aliases.extend(alias_steps(setting.value, Origin("alias", key, stanza, setting.app)))

    def calculate(key: str, stanza: str, setting: Setting) -> None:
        target = key.removeprefix("EVAL-")
        origin = Origin("calculation", key, stanza, setting.app)
        result.calculations.append(calculation(target, setting.value, origin, known.get(setting.value)))

    def look_up(key: str, stanza: str, setting: Setting) -> None:
        result.lookups.append(lookup_step(setting.value, Origin("lookup", key, stanza, setting.app)))

    _indexed(result, merged)
    _read_class(result, merged, "EXTRACT-", extract)
    _read_class(result, merged, "REPORT-", report)
    before = list(result.raw)
    _automatic(result, merged)
    if result.automatic is not None and result.mode == "json":
        made = frozenset().union(*(step.writes or () for step in before))
        result.raw.extend(_second_try(step) for step in before if _awaits_a_field(step, made))
    _tokenizers(result, fields_conf)
    zone, extra, punct = (
        merged[key][1].value if key in merged else None for key in ("TZ", "ADD_EXTRA_TIME_FIELDS", "ANNOTATE_PUNCT")
    )
    result.aliases.extend(default_steps(zone, extra, as_bool(punct, True)))
    _read_class(result, merged, "FIELDALIAS-", alias)
    _read_class(result, merged, "EVAL-", calculate)
    _read_class(result, merged, "LOOKUP-", look_up)
    return result


def _read_class(result: Extraction, merged: Merged, prefix: str, make: Callable[[str, str, Setting], None]) -> None:
    """Read the settings of a class that are not blank, in ASCII order."""
    for key in sorted(name for name in merged if _of_class(name, prefix)):
        stanza, setting = merged[key]
        if setting.value:
            with _noted(result, stanza, key, setting):
                make(key, stanza, setting)


def _of_class(name: str, prefix: str) -> bool:
    """Say whether a setting is one of a class; that of LOOKUP may be in any case and do without the dash."""
    return name.startswith(prefix) or (prefix == "LOOKUP-" and name[:6].upper() == "LOOKUP" and len(name) > 6)


def _awaits_a_field(step: Step, made: frozenset[str]) -> bool:
    """Say whether a step reads fields that no extraction before the automatic one makes."""
    return step.reads is not None and "_raw" not in step.reads and step.reads.isdisjoint(made | METADATA)


def _second_try(step: Step) -> Step:
    """Make the step that extracts from a member of JSON, which KV_MODE=json makes.

    Pairs of `key=value` text come after EXTRACT and REPORT: Splunk 10.4.0 was seen to find nothing in one of them. Of
    JSON, Splunk's add-ons for Azure and Office 365 are published with the fields that such a REPORT gave them
    (`SOURCE_KEY = resourceId`). What the step found before, it does not find again.
    """
    names = step.writes

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        apply = step.make(wanted, ctx)

        def extract_again(row: Row, given: Container[str]) -> None:
            if names is None or not any(name in row for name in names):
                apply(row, given)

        return extract_again

    return replace(step, make=make, over=None)


@contextmanager
def _noted(result: Extraction, stanza: str, key: str, setting: Setting) -> Iterator[None]:
    """Note a setting that cannot be read as a problem."""
    try:
        yield
    except SplError as error:
        result.problems.append(Problem(setting.app, setting.file, stanza, key, error.message))


def _tokenizers(result: Extraction, fields_conf: Stanzas) -> None:
    for name, settings in fields_conf.items():
        tokenizer = settings.get("TOKENIZER")
        if tokenizer is not None and tokenizer.value:
            origin = Origin("extraction", "TOKENIZER", name, tokenizer.app)
            with _noted(result, name, "TOKENIZER", tokenizer):
                result.raw.append(tokenizer_step(name, tokenizer.value, origin))


def _indexed(result: Extraction, merged: Merged) -> None:
    settings = {key: setting.value for key, (_, setting) in merged.items()}
    stanza, setting = merged.get("INDEXED_EXTRACTIONS", ("", None))
    if setting is None or not setting.value:
        return
    step = indexed_step(settings, Origin("extraction", f"INDEXED_EXTRACTIONS = {setting.value}", stanza, setting.app))
    if step is not None:
        result.automatic = step
        result.raw.append(step)


def _automatic(result: Extraction, merged: Merged) -> None:
    settings = {key: setting.value for key, (_, setting) in merged.items()}
    result.mode = mode_of(settings)
    stanza, app = "default", "system"
    if "KV_MODE" in merged:
        stanza, app = merged["KV_MODE"][0], merged["KV_MODE"][1].app
    step = kv_step(settings, Origin("extraction", f"KV_MODE = {result.mode}", stanza, app))
    if step is not None:
        result.automatic = step
        result.raw.append(step)


# ---- what is needed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Needed:
    """The part of an extraction that a set of fields needs, with what each part is wanted for."""

    raw: tuple[tuple[Step, Names], ...]
    aliases: tuple[tuple[Step, Names], ...]
    calculations: tuple[Calculation, ...]
    lookups: tuple[tuple[Step, Names], ...]
    reads_raw: frozenset[str] | None
    """Fields that are wanted of steps that read `_raw`, and that a synthesised one could have; None: any field."""
    wanted: Names


def needed_steps(extraction: Extraction, fields: Fields) -> Needed:
    """Go backwards through the steps and keep those that can yield a field that is needed then."""
    wanted = Names(fields)
    lookups, wanted = _select(extraction.lookups, wanted)
    calculations = [each for each in extraction.calculations if each.needed(wanted)]
    for each in calculations:
        wanted = wanted.plus(each.reads)
    aliases, wanted = _select(extraction.aliases, wanted)
    raw, last = _select(extraction.raw, wanted)
    return Needed(raw, aliases, tuple(calculations), lookups, _of_synthesised(extraction, wanted), last)


def _of_synthesised(extraction: Extraction, wanted: Names) -> frozenset[str] | None:
    """Return the wanted fields that a `_raw` made from an event's own fields could have; None: any.

    A step whose names come from the data gives the event's own names back, but for the system fields.
    """
    found: frozenset[str] = frozenset()
    for step in reversed(extraction.raw):
        exact = wanted.exact
        if exact is None:
            return None
        names = exact & (step.writes if step.writes is not None else SYSTEM_FIELDS)
        if not names or step is extraction.automatic:
            continue
        if step.reads is None:
            return None
        if "_raw" in step.reads:
            found |= names
        wanted = wanted.plus(step.reads - {"_raw"})
    return found


def _select(steps: list[Step], wanted: Names) -> tuple[tuple[tuple[Step, Names], ...], Names]:
    chosen: list[tuple[Step, Names]] = []
    for step in reversed(steps):
        if step.needed(wanted):
            chosen.append((step, wanted))
            wanted = wanted.plus(step.reads)
    return tuple(reversed(chosen)), wanted


@dataclass(frozen=True)
class Bound:
    """Needed steps, bound to a run."""

    raw: tuple[Apply, ...]
    without_automatic: tuple[Apply, ...]
    """`raw` for events whose fields are not looked for."""
    aliases: tuple[Apply, ...]
    calculate: Apply | None
    lookups: tuple[Apply, ...]


def over_columns(
    needed: Needed, bound: Bound, ctx: MapperContext, known: Step | None = None
) -> tuple[Over, ...] | None:
    """Return the needed steps over columns, in order; None where one of them has to see each row.

    `known` is the step that reads JSON, for columns that have the members of it.
    """
    made: list[Over | None] = [
        over_members if step is known else _where_read(step, _over(step, names, ctx, apply))
        for (step, names), apply in zip(needed.raw, bound.raw, strict=True)
    ]
    aliases = zip(needed.aliases, bound.aliases, strict=True)
    made.extend(_over(step, names, ctx, apply) for (step, names), apply in aliases)
    if needed.calculations:
        made.append(calculations_over(list(needed.calculations), ctx))
    behind = zip(needed.lookups, bound.lookups, strict=True)
    made.extend(_over(step, names, ctx, apply) for (step, names), apply in behind)
    return None if None in made else tuple(each for each in made if each is not None)


def _over(step: Step, names: Names, ctx: MapperContext, apply: Apply) -> Over | None:
    if step.reads is None or any(map(has_wildcard, step.reads)):
        return None
    own = None if step.over is None else step.over(names, ctx, apply)
    return over_rows(apply, step.reads, step.writes, names) if own is None else own


def _where_read(step: Step, over: Over | None) -> Over | None:
    """Return a step over columns that find fields in others, for where there are such."""
    reads = step.reads or frozenset()
    return None if over is None else lambda columns: over(columns) if any(map(columns.__contains__, reads)) else None


def bind(needed: Needed, ctx: MapperContext, automatic: Step | None = None) -> Bound:
    """Make the functions of the needed steps; `automatic` is the step of `raw` that some events do without."""
    raw = [(step, step.make(names, ctx)) for step, names in needed.raw]
    return Bound(
        tuple(apply for _, apply in raw),
        tuple(apply for step, apply in raw if step is not automatic),
        tuple(step.make(names, ctx) for step, names in needed.aliases),
        eval_step(list(needed.calculations), ctx) if needed.calculations else None,
        tuple(step.make(names, ctx) for step, names in needed.lookups),
    )


__all__ = ["Bound", "Extraction", "Needed", "Problem", "Stanza", "bind", "build_extraction", "needed_steps"]
