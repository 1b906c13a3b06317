"""`NAME.test.yml` read and checked: every mistake is named with its line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splmini.detections.content import repository_of
from splmini.detections.detection import Detection
from splmini.documents import Document, load_document
from splmini.errors import KnowledgeError, SplError, did_you_mean
from splmini.values.times import point_in_time
from splmini.values.zones import UTC


@dataclass(frozen=True)
class Written:
    """A case as written, `$name$` replaced by the `values` of one entry of its `each`; `index` is its place."""

    index: int
    name: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """A file of cases as written; `detection` is what they test."""

    path: Path
    document: Document
    detection: Detection
    cases: list[Written]
    environment: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)


def read_case_file(file: Path) -> Loaded:
    """Read a file of cases and the detection that it names. `off`, `no` and the like are words in it.

    Raises:
        KnowledgeError: with the file, line and column of the mistake.
    """
    try:
        document = load_document(file.read_text("utf-8-sig"), str(file), plain=True)
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The cases cannot be read: {error}.", path=str(file)) from None
    data = checked(document, document.data, _FILE)
    environment = checked(document, data.get("environment", {}), _ENVIRONMENT, "environment")
    if "apps" in environment:
        environment["apps"] = [_app(str(each), file, document) for each in environment["apps"]]
    if not data.get("cases"):
        raise document.error("'cases' has to be a list of cases.", *(("cases",) if "cases" in data else ()))
    cases = [case for index, item in enumerate(data["cases"]) for case in _cases(document, item, index)]
    _refuse_twins(document, cases)
    detection = _detection(document, data, file)
    return Loaded(file, document, detection, cases, environment, data.get("defaults", {}))


def _refuse_twins(document: Document, cases: list[Written]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise document.error(f"The name '{case.name}' stands twice.", "cases", case.index, "name")
        seen.add(case.name)


def _cases(document: Document, item: Any, index: int) -> Iterator[Written]:
    """A case or, of one with `each`, one for each entry; each is checked as it reads then."""
    entries = item.get("each", [{}]) if isinstance(item, dict) else [{}]
    if not _mappings(entries) or not entries:
        raise document.error("'each' has to be a list of mappings.", "cases", index, "each")
    for values in entries:
        data = {key: replaced_tokens(value, values) for key, value in item.items()} if values else item
        case = _case(document, data, index)
        name = str(case["name"])
        if values and name == str(item["name"]):
            name += " [" + " ".join(f"{key}={value}" for key, value in values.items()) + "]"
        yield Written(index, name, {key: value for key, value in case.items() if key != "each"})


def _case(document: Document, item: Any, index: int) -> dict[str, Any]:
    case = checked(document, item, _CASE, "cases", index)
    if "name" not in case:
        raise document.error("The case has no 'name'.", "cases", index)
    if case.get("fires") is False and "rows" in case and case["rows"]:
        raise document.error("A case that stays silent has no rows.", "cases", index, "rows")
    for number, each in enumerate(case.get("prepare", ())):
        at = ("cases", index, "prepare", number)
        if not isinstance(each, str):
            checked(document, each, _PREPARE, *at)
            if ("search" in each) == ("baseline" in each):
                raise document.error("Either 'search' or 'baseline' is expected here.", *at)
    return case


def _detection(document: Document, data: Mapping[str, Any], file: Path) -> Detection:
    if "search" in data:
        name = file.name.partition(".test.")[0]
        return Detection(name=name, search=str(data["search"]), type="Hunting", path=str(file))
    if "detection" in data:
        return Detection.load(beside(file.parent, str(data["detection"]), str(file), repository_of(file)))
    stem = file.name.partition(".test.")[0]
    for suffix in (".yml", ".yaml"):
        if (file.parent / f"{stem}{suffix}").is_file():
            return Detection.load(file.parent / f"{stem}{suffix}")
    raise document.error(
        f"There is no detection '{stem}.yml' beside the cases.", hint="Name it with 'detection:', or give a 'search:'."
    )


def _app(name: str, file: Path, document: Document) -> Any:
    """An app that the cases name: a built-in pack, or a folder beside the cases."""
    if re.fullmatch(r"\w+", name) and not (file.parent / name).is_dir():
        return name
    folder = (file.parent / name).resolve()
    if file.parent.resolve() not in folder.parents or not folder.is_dir():
        message = f"'{name}' is neither a built-in pack nor a folder beside the cases."
        raise document.error(message, "environment", "apps")
    return folder


def beside(folder: Path, name: str, path: str, root: Path | None = None) -> Path:
    """Return a file that a case names, which has to lie below the folder of the cases, or below `root`."""
    top = (root or folder).resolve()
    found = (folder.resolve() / name).resolve()
    if top not in found.parents:
        what = "the repository" if root else "the folder of the cases"
        raise KnowledgeError(f"'{name}' leads out of {what}.", path=path)
    if not found.is_file():
        raise KnowledgeError(f"There is no file '{name}'.", path=path)
    return found


_TOKEN = re.compile(r"\$(\w+)\$")


def replaced_tokens(value: Any, values: Mapping[str, Any]) -> Any:
    """Replace `$name$` in every text of a value, keys too; a text that is one token becomes the value itself.

    >>> replaced_tokens({"a": "$n$", "b": ["x $n$ $m$"]}, {"n": 1})
    {'a': 1, 'b': ['x 1 $m$']}
    """
    if isinstance(value, dict):
        return {str(replaced_tokens(key, values)): replaced_tokens(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced_tokens(item, values) for item in value]
    if not isinstance(value, str) or not values:
        return value
    whole = _TOKEN.fullmatch(value)
    if whole and whole[1] in values:
        return values[whole[1]]

    def replacement(match: re.Match[str]) -> str:
        return str(values.get(match[1], match[0]))

    return _TOKEN.sub(replacement, value)


# ---- what each key has to be -----------------------------------------------------------------------------------------

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _mappings(value: Any) -> bool:
    return isinstance(value, list) and all(map(_mapping, value))


def _events(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, (str, dict)) for each in value)


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _moment(value: Any) -> bool:
    """Say whether a value is a time, whatever now is."""
    if not _named(value):
        return False
    try:
        point_in_time(value, 0.0, UTC)
    except SplError:
        return False
    return True


def _named(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _knowledge(value: Any) -> bool:
    return value in ("default", "full")


def _order(value: Any) -> bool:
    return value in ("given", "newest")


Kind = tuple[Check, str]
TEXT: Kind = (_text, "text")
TEXTS: Kind = (_texts, "a list of texts")
MAPPING: Kind = (_mapping, "a mapping of keys to values")
MAPPINGS: Kind = (_mappings, "a list of mappings")
BOOLEAN: Kind = (_boolean, "true or false")
MOMENT: Kind = (_moment, "a time: epoch seconds, ISO text (2026-01-31T12:00:00Z) or a Splunk time modifier (-1d@d)")
LIST: Kind = (_list, "a list")

_INPUT: dict[str, Kind] = {
    "events": (_events, "a list of events: mappings of fields, or raw texts"),
    "file": TEXT,
    "files": TEXTS,
    "defaults": MAPPING,
    "sourcetype": TEXT,
    "source": TEXT,
    "host": TEXT,
    "index": TEXT,
}
_FILE: dict[str, Kind] = {
    "detection": TEXT,
    "search": TEXT,
    "environment": MAPPING,
    "defaults": MAPPING,
    "cases": (_list, "a list of cases"),
    "expect": MAPPING,
}
_ENVIRONMENT: dict[str, Kind] = {
    "now": MOMENT,
    "earliest": MOMENT,
    "latest": MOMENT,
    "timezone": TEXT,
    "macros": MAPPING,
    "lookups": MAPPING,
    "datamodels": MAPPING,
    "index": TEXT,
    "apps": TEXTS,
}
_PREPARE: dict[str, Kind] = {**_INPUT, "search": TEXT, "baseline": TEXT}
_CASE: dict[str, Kind] = {
    **_INPUT,
    "name": (_named, "text"),
    "each": MAPPINGS,
    "prepare": LIST,
    "fires": BOOLEAN,
    "rows": MAPPINGS,
    "rows_file": TEXT,
    "count": (_count, "a whole number"),
    "ordered": BOOLEAN,
    "fields": TEXTS,
    "findings": MAPPINGS,
    "risk": MAPPINGS,
    "now": MOMENT,
    "earliest": MOMENT,
    "latest": MOMENT,
    "macros": MAPPING,
    "lookups": MAPPING,
    "knowledge": (_knowledge, "'default' or 'full'"),
    "order": (_order, "'given' or 'newest'"),
}


def checked(document: Document, value: Any, kinds: Mapping[str, Kind], *key: str | int) -> dict[str, Any]:
    """Return a mapping whose keys are known and whose values are what they have to be."""
    if not isinstance(value, dict):
        raise document.error("A mapping of keys to values is expected here.", *key)
    for name, item in value.items():
        at = (*key, str(name))
        if name not in kinds:
            hint = did_you_mean(str(name), kinds) or f"Known are: {', '.join(kinds)}."
            raise document.key_error(f"Unknown key '{name}'.", *at, hint=hint)
        check, what = kinds[name]
        if not check(item):
            raise document.error(f"'{name}' has to be {what}.", *at)
    return dict(value)
