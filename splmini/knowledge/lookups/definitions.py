"""Lookup definitions: settings of transforms.conf, of security_content's YAML files and of callers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from splmini.knowledge.conf import Stanza, as_bool, as_int
from splmini.knowledge.lookups.tables import COLLECTION, Definition

_MATCH_TYPE = re.compile(r"(WILDCARD|CIDR|EXACT)\s*\(\s*\"?([^()\"]+?)\"?\s*\)", re.IGNORECASE)


def match_types(text: str | Iterable[str] | None) -> dict[str, str]:
    """Read `match_type`: `WILDCARD(column), CIDR(column)`, as text or as a list of texts."""
    if text is None:
        return {}
    joined = text if isinstance(text, str) else " ".join(map(str, text))
    return {column.strip(): kind.upper() for kind, column in _MATCH_TYPE.findall(joined) if kind.upper() != "EXACT"}


def definition_of_stanza(name: str, stanza: Stanza) -> Definition | None:
    """Read a lookup definition of transforms.conf; None where the stanza defines none."""
    values = {key: setting.value for key, setting in stanza.items()}
    kind = values.get("external_type", "").lower()
    app = next(iter(stanza.values())).app if stanza else ""
    scripted = values.get("external_cmd") or (kind if kind in ("executable", "python", "geo", "geo_hex") else None)
    if values.get("filename") and not kind.startswith("geo"):
        # of a path only what stands behind the last separator counts
        data, app, scripted = re.split(r"[\\/]", values["filename"])[-1], stanza["filename"].app, None
    elif kind in ("kvstore", "kvstore_v2") or values.get("collection"):
        data, scripted = f"{COLLECTION}{values.get('collection') or name}", None
    elif scripted:
        data = ""
    else:
        return None
    return definition_of(name, data, values, app=app, scripted=scripted)


def definition_of(
    name: str, data: str, values: Mapping[str, Any], app: str = "", scripted: str | None = None
) -> Definition:
    """Make a definition of settings: those of a stanza, of a YAML document or of a caller."""

    def text(key: str) -> str | None:
        value = values.get(key)
        return None if value is None or value == "" else str(value)

    sensitive = values.get("case_sensitive", values.get("case_sensitive_match"))
    return Definition(
        name,
        data,
        match_type=match_types(values.get("match_type")),
        case_sensitive=sensitive if isinstance(sensitive, bool) else as_bool(sensitive, True),
        max_matches=as_int(text("max_matches"), 0) or None,
        min_matches=as_int(text("min_matches"), 0),
        default_match=text("default_match"),
        time_field=text("time_field"),
        time_format=text("time_format") or "%s.%Q",
        max_offset=float(as_int(text("max_offset_secs"), 2_000_000_000)),
        min_offset=float(as_int(text("min_offset_secs"), 0)),
        filter=text("filter"),
        scripted=scripted,
        app=app,
    )
