"""What an app has that splmini does not carry out: nothing is left out in silence.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf and the pages of the other files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from splmini.boundary import boundary
from splmini.errors import SplError
from splmini.knowledge.apps import App, Knowledge, load_apps, pack_names
from splmini.knowledge.conf import DEFAULT, Setting, Stanzas, as_bool, merge, values
from splmini.knowledge.fields.eventtypes import parse_search
from splmini.knowledge.fields.extraction import Problem, build_extraction
from splmini.knowledge.fields.settings import alias_leftovers, parse_expression, parse_lookup
from splmini.knowledge.indexing.charsets import codec_of
from splmini.knowledge.indexing.content_rules import KINDS, is_condition
from splmini.knowledge.indexing.indextime import index_time as done_at_index_time
from splmini.knowledge.indexing.timestamps import zone_aliases, zone_setting
from splmini.knowledge.lookups.definitions import definition_of_stanza
from splmini.knowledge.props import at_fault
from splmini.values import regex

RULE = "a rule says the sourcetype of a file and nothing else"
TIME_LIMIT = "a time outside of it is kept: files that are searched are often old"
NOT_DONE = "not carried out"

_CLASSES = re.compile(
    r"\A(?:(EXTRACT|REPORT|FIELDALIAS|EVAL|SEDCMD|TRANSFORMS|RULESET|RULESET_DESC|SEGMENTATION)-|(LESS_THAN|MORE_THAN))"
)

PROPS_DONE = frozenset(
    {
        "EXTRACT",
        "REPORT",
        "FIELDALIAS",
        "EVAL",
        "LOOKUP",
        "SEDCMD",
        "KV_MODE",
        "AUTO_KV_JSON",
        "INDEXED_EXTRACTIONS",
        "rename",
        "priority",
        "TIME_PREFIX",
        "TIME_FORMAT",
        "MAX_TIMESTAMP_LOOKAHEAD",
        "TZ",
        "DATETIME_CONFIG",
        "TIMESTAMP_FIELDS",
        "LINE_BREAKER",
        "SHOULD_LINEMERGE",
        "BREAK_ONLY_BEFORE",
        "BREAK_ONLY_BEFORE_DATE",
        "MUST_BREAK_AFTER",
        "MUST_NOT_BREAK_AFTER",
        "MUST_NOT_BREAK_BEFORE",
        "MAX_EVENTS",
        "TRUNCATE",
        "FIELD_NAMES",
        "FIELD_DELIMITER",
        "FIELD_HEADER_REGEX",
        "HEADER_FIELD_LINE_NUMBER",
        "PREAMBLE_REGEX",
        "FIELD_QUOTE",
        "HEADER_FIELD_DELIMITER",
        "HEADER_FIELD_QUOTE",
        "HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS",
        "MISSING_VALUE_REGEX",
        "KV_TRIM_SPACES",
        "JSON_TRIM_BRACES_IN_ARRAY_NAMES",
        "TRANSFORMS",
        "RULESET",
        "sourcetype",
        "CHARSET",
        "TZ_ALIAS",
        "ADD_EXTRA_TIME_FIELDS",
        "ANNOTATE_PUNCT",
    }
)
PROPS_HARMLESS = frozenset(
    {
        "category",
        "description",
        "pulldown_type",
        "disabled",
        "SEGMENTATION",
        "LEARN_SOURCETYPE",
        "LEARN_MODEL",
        "maxDist",
        "EVENT_BREAKER",
        "EVENT_BREAKER_ENABLE",
        "CHECK_METHOD",
        "LINE_BREAKER_LOOKBEHIND",
        "MATCH_LIMIT",
        "DEPTH_LIMIT",
        "initCrcLength",
        "NO_BINARY_CHECK",
        "RULESET_DESC",
        "force_local_processing",
        "unarchive_cmd",
        "unarchive_cmd_start_mode",
        "HEADER_MODE",
        "ROUTE_EVENTS_OLDER_THAN",
        "EVENT_BREAKER_TRUNCATE",
        "SHOULD_LINEMERGE_LOOKAHEAD",
        "TRUNCATE_LOOKAHEAD",
        "detect_trailing_nulls",
        "termFrequencyWeightedDist",
        "unarchive_sourcetype",
        "invalid_cause",
        "is_valid",
        "_actions",
        "PREFIX_SOURCETYPE",
        "given_type",
        "given_host",
        "STATSD_EMIT_SINGLE_MEASUREMENT_FORMAT",
        "AUTO_LINEMERGE",
        "LESS_THAN",
        "MORE_THAN",
        "TIME_BEFORE",
        "EVENT_BREAKER_REGEX",
        "LB_CHUNK_BREAKER",
        "LB_CHUNK_BREAKER_TRUNCATE",
    }
)
"""Settings of props.conf that change nothing about what a search finds in events that are there."""

TRANSFORMS_DONE = frozenset(
    {
        "REGEX",
        "FORMAT",
        "SOURCE_KEY",
        "MV_ADD",
        "CLEAN_KEYS",
        "KEEP_EMPTY_VALS",
        "DELIMS",
        "FIELDS",
        "filename",
        "collection",
        "external_type",
        "external_cmd",
        "match_type",
        "case_sensitive_match",
        "max_matches",
        "min_matches",
        "default_match",
        "time_field",
        "time_format",
        "max_offset_secs",
        "min_offset_secs",
        "fields_list",
        "filter",
        "DEST_KEY",
        "WRITE_META",
        "REPEAT_MATCH",
        "LOOKAHEAD",
        "DEFAULT_VALUE",
        "INGEST_EVAL",
        "STOP_PROCESSING_IF",
        "CLONE_SOURCETYPE",
    }
)
TRANSFORMS_HARMLESS = frozenset(
    {
        "CAN_OPTIMIZE",
        "MATCH_LIMIT",
        "DEPTH_LIMIT",
        "disabled",
        "batch_index_query",
        "allow_caching",
        "cache_size",
        "max_ext_batch",
        "replicate",
        "index_fields_list",
        "check_permission",
        "description",
        "python.version",
        "python.required",
        "reverse_lookup_honor_case_sensitive_match",
        "input_csv_size_limit",
        "feature_id_element",
    }
)
"""Settings of transforms.conf that change nothing."""
_TIME_LIMITS = frozenset({"MAX_DAYS_AGO", "MAX_DAYS_HENCE", "MAX_DIFF_SECS_AGO", "MAX_DIFF_SECS_HENCE"})

_OTHER_FILES = {
    "multikv": "tables are read by their header line alone",
    "transactiontypes": "transaction types are not read",
    "segmenters": "segmentation is Splunk's own default",
}


@boundary("The check of the app")
def check_app(folder: str | Path) -> list[Problem]:
    """Return what of an app is not carried out, each setting once, with the first stanza that has it.

    The built-in packs stand behind the app, so that macros and lookups that it takes from others are found.
    """
    from splmini.environment import Environment

    knowledge = load_apps([folder])
    app = knowledge.apps[0]
    env = Environment(apps=[folder, *(name for name in pack_names() if name != app.name)])
    ctx = env.compile("search *").start([])
    found: list[Problem] = []
    for part in (_props, _transforms, _lookups, _macros, _eventtypes, _models, _commands, _files):
        found.extend(part(app, env.knowledge, ctx))
    return _once(found)


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Keep the first of the problems that say the same of the same kind of setting, and count the others."""
    first: dict[tuple[str, str, str], Problem] = {}
    for each in problems:
        key = (each.file, _class_of(each.setting), each.text)
        known = first.get(key)
        first[key] = each if known is None else replace(known, more=known.more + 1)
    return list(first.values())


def _class_of(setting: str) -> str:
    if setting[:6].upper() == "LOOKUP" and len(setting) > 6:
        return "LOOKUP"
    match = _CLASSES.match(setting)
    return match[1] or match[2] if match else setting.partition(" = ")[0]


def _own(app: App, conf: str) -> Stanzas:
    return merge(app.layers(conf))


def _problem(setting: Setting, stanza: str, key: str, text: str) -> Problem:
    return Problem(setting.app, setting.file, stanza, key, text)


def _props(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for stanza, settings in _own(app, "props").items():
        index_time = stanza.startswith(KINDS)
        for key, setting in settings.items():
            kind = _class_of(key)
            if index_time:
                if key not in ("sourcetype", "disabled") and not is_condition(key):
                    yield _problem(setting, stanza, key, RULE)
            elif kind == "KV_MODE" and setting.value.lower().startswith("multi_"):
                yield _problem(setting, stanza, key, f"the mode {setting.value} is {NOT_DONE}")
            elif kind in _TIME_LIMITS:
                yield _problem(setting, stanza, key, TIME_LIMIT)
            elif kind == "CHARSET" and not _is_charset(setting.value):
                yield _problem(setting, stanza, key, f"the character set {setting.value} is not known")
            elif kind == "TZ_ALIAS" and len(zone_aliases(setting.value)) != len(_parts(setting.value)):
                yield _problem(setting, stanza, key, "an alias is not of the form NAME=GMT+HH:MM")
            elif kind == "FIELDALIAS" and (rest := alias_leftovers(setting.value)):
                yield _problem(setting, stanza, key, f"'{rest}' is not of the form 'field AS alias'")
            elif kind == "CHECK_FOR_HEADER" and not as_bool(setting.value):
                continue
            elif kind not in PROPS_DONE and kind not in PROPS_HARMLESS:
                yield _problem(setting, stanza, key, NOT_DONE)
            elif key == "DATETIME_CONFIG" and setting.value.strip().upper() not in ("", "NONE", "CURRENT", "AUTO"):
                yield _problem(setting, stanza, key, "files of time patterns are not read")
            elif key == "TZ" and setting.value and zone_setting(setting.value) is None:
                yield _problem(setting, stanza, key, f"the time zone {setting.value} is not known")
            elif key in _REGEXES and setting.value:
                yield from _bad_regex(setting, stanza, key)
        if not index_time:
            merged = {key: (stanza, setting) for key, setting in settings.items()}
            yield from build_extraction(merged, knowledge.transforms, {}).problems
            for key, text in done_at_index_time(values(settings), knowledge.transforms).problems:
                yield _problem(settings[key], stanza, key, text)
            yield from _lookup_tables(settings, stanza, ctx)
    yield from _pattern_problems(app, knowledge)


def _parts(value: str) -> list[str]:
    return [part for part in value.split(",") if part.strip()]


def _is_charset(name: str) -> bool:
    try:
        codec_of(name)
    except LookupError:
        return False
    return True


_REGEXES = frozenset(
    {
        "TIME_PREFIX",
        "LINE_BREAKER",
        "BREAK_ONLY_BEFORE",
        "MUST_BREAK_AFTER",
        "MUST_NOT_BREAK_AFTER",
        "MUST_NOT_BREAK_BEFORE",
        "FIELD_HEADER_REGEX",
        "PREAMBLE_REGEX",
    }
)


def _bad_regex(setting: Setting, stanza: str, key: str) -> Iterator[Problem]:
    try:
        regex.compile(setting.value, any_names=True)
    except SplError as error:
        yield _problem(setting, stanza, key, error.message)


def _pattern_problems(app: App, knowledge: Knowledge) -> Iterator[Problem]:
    own = _own(app, "props")
    for stanza, wrong, text in knowledge.props.problems:
        for key, setting in at_fault(own.get(stanza, {}), wrong):
            yield _problem(setting, stanza, key, text)


def _lookup_tables(settings: dict[str, Setting], stanza: str, ctx: Any) -> Iterator[Problem]:
    for key, setting in settings.items():
        if key[:6].upper() != "LOOKUP" or not setting.value:
            continue
        try:
            wanted = parse_lookup(setting.value)
            outputs = None if wanted.outputs is None else [column for column, _ in wanted.outputs]
            ctx.lookups.table(wanted.table).matcher([column for column, _ in wanted.inputs], outputs, ctx)
        except SplError as error:
            yield _problem(setting, stanza, key, error.message)


def _transforms(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for stanza, settings in _own(app, "transforms").items():
        for key, setting in settings.items():
            if key not in TRANSFORMS_DONE and key not in TRANSFORMS_HARMLESS:
                yield _problem(setting, stanza, key, NOT_DONE)


def _lookups(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for stanza, settings in _own(app, "transforms").items():
        definition = None if stanza == DEFAULT else definition_of_stanza(stanza, settings)
        if definition is None:
            continue
        if definition.scripted is not None:
            key = "external_cmd" if "external_cmd" in settings else "external_type"
            yield _problem(settings[key], stanza, key, "lookups that run a program or read shapes are refused")
        elif "filename" in settings:
            try:
                there = ctx.lookups.table(stanza).complete
            except SplError:
                there = False
            if not there:
                yield _problem(settings["filename"], stanza, "filename", "there is no such file in the folder lookups")


def _macros(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for macro in Knowledge([app]).macros.macros():
        if macro.problem:
            stanza = f"{macro.name}({len(macro.args)})" if macro.args else macro.name
            settings = _own(app, "macros").get(stanza, {})
            setting = settings.get("definition") or Setting("", app.name, "default/macros.conf", 1)
            yield _problem(setting, stanza, "definition", macro.problem)


def _eventtypes(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for stanza, settings in _own(app, "eventtypes").items():
        search = settings.get("search")
        if search is not None and search.value:
            node = parse_search(search.value, ctx)
            if isinstance(node, str):
                yield _problem(search, stanza, "search", node)


def _models(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    from splmini.knowledge.datamodels.datasets import DataModels

    alone = Knowledge([app])
    models = DataModels.of(alone)
    yield from alone.notes
    for model in models.values():
        for each in model.objects.values():
            place = Setting("", app.name, f"default/data/models/{model.name}.json", 1)
            for step in each.calculations:
                text = _calculation_problem(step)
                if text is not None:
                    yield _problem(place, each.name, ", ".join(name for name, _ in step.outputs), text)
            for search in (*each.constraints, each.base_search):
                try:
                    if search:
                        ctx.parse(search)
                except SplError as error:
                    yield _problem(place, each.name, "search", error.message)


def _calculation_problem(step: Any) -> str | None:
    try:
        if step.kind == "Eval":
            parse_expression(step.expression)
        elif step.kind == "Rex":
            regex.compile(step.expression, any_names=True)
        elif step.kind not in ("Lookup", "GeoIP"):
            return f"calculated fields of the kind {step.kind} are {NOT_DONE}"
    except SplError as error:
        return error.message
    return None


def _commands(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for stanza, settings in _own(app, "commands").items():
        if stanza != DEFAULT:
            setting = next(iter(settings.values()), Setting("", app.name, "default/commands.conf", 1))
            yield _problem(setting, stanza, "", "custom commands are not run; register a handler for it")


def _files(app: App, knowledge: Knowledge, ctx: Any) -> Iterator[Problem]:
    for conf, text in _OTHER_FILES.items():
        for layer in app.layers(conf)[:1]:
            yield Problem(app.name, layer.file, "", "", text)
