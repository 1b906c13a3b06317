"""The detections of a built app: saved searches as contentctl writes them into savedsearches.conf."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from splmini.detections.detection import Detection, Drilldown, Entity, Finding, ThreatObject
from splmini.detections.schedule import Schedule
from splmini.errors import KnowledgeError


def saved_detections(root: Path, errors: list[KnowledgeError]) -> Iterator[Detection]:
    """Yield the detections among the saved searches of an app; mistakes of single ones are put to `errors`."""
    from splmini.knowledge.apps import load_apps

    for name, settings in load_apps([root]).conf("savedsearches").items():
        values = {key: setting.value for key, setting in settings.items()}
        if "search" not in values or not (
            values.get("action.escu.search_type") == "detection" or name.endswith(" - Rule")
        ):
            continue
        try:
            yield _saved_detection(name, values, root)
        except KnowledgeError as error:
            errors.append(error)


def _saved_detection(stanza: str, values: dict[str, str], root: Path) -> Detection:
    """A detection as contentctl writes it into savedsearches.conf."""
    where = f"{root}/default/savedsearches.conf [{stanza}]"
    risk = _objects(values, "action.risk.param._risk", where)
    annotations = _object(values, "action.correlationsearch.annotations", where)
    metadata = _object(values, "action.correlationsearch.metadata", where)
    title = values.get("action.notable.param.rule_title")
    name = values.get("action.correlationsearch.label", stanza).removeprefix("ESCU - ").removesuffix(" - Rule")
    entities = _entities(risk, values.get("action.risk.param._risk_message") or None, where)
    return Detection(
        name=name,
        search=values["search"],
        id=str(metadata.get("detection_id", "")),
        description=values.get("description", ""),
        type=str(
            (annotations.get("type") if isinstance(annotations.get("type"), str) else None)
            or ("TTP" if title else "Anomaly")
        ),
        generation="built",
        finding=Finding(title.replace("%name%", name), entities[0] if entities else None) if title else None,
        entities=entities,
        threat_objects=tuple(
            ThreatObject(str(item["threat_object_field"]), str(item.get("threat_object_type", "")))
            for item in risk
            if "threat_object_field" in item
        ),
        drilldowns=tuple(map(_drilldown, _objects(values, "action.notable.param.drilldown_searches", where))),
        analytic_story=_list(annotations.get("analytic_story")),
        mitre_attack_id=_list(annotations.get("mitre_attack")),
        cve=_list(annotations.get("cve")),
        data_source=_list(annotations.get("data_source")),
        security_domain=values.get("action.notable.param.security_domain", ""),
        throttling=_throttled(values),
        throttling_period=values.get("alert.suppress.period", "") if _throttled(values) else "",
        schedule=_saved_schedule(values),
        path=where,
    )


def _throttled(values: Mapping[str, str]) -> tuple[str, ...]:
    """The fields of `alert.suppress.fields`, where results are suppressed."""
    if values.get("alert.suppress", "0").strip().lower() not in ("1", "true", "t", "yes"):
        return ()
    return tuple(part.strip() for part in values.get("alert.suppress.fields", "").split(",") if part.strip())


def _saved_schedule(values: Mapping[str, str]) -> Schedule | None:
    """The schedule of a saved search; None where it is not scheduled."""
    if "cron_schedule" not in values:
        return None
    return Schedule(
        values["cron_schedule"],
        values.get("dispatch.earliest_time", ""),
        values.get("dispatch.latest_time", ""),
        values.get("schedule_window", "0"),
    )


def _list(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else () if value is None else (str(value),)


def _entities(risk: list[dict[str, Any]], message: str | None, where: str) -> tuple[Entity, ...]:
    return tuple(
        Entity(
            str(item["risk_object_field"]),
            str(item.get("risk_object_type", "other")),
            _score(item.get("risk_score"), where),
            _text(item.get("risk_message")) or message,
        )
        for item in risk
        if "risk_object_field" in item
    )


def _drilldown(item: dict[str, Any]) -> Drilldown:
    name, search = str(item.get("name", "")), str(item.get("search", ""))
    return Drilldown(name, search, _text(item.get("earliest_offset")), _text(item.get("latest_offset")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _score(value: Any, where: str) -> int:
    try:
        return int(float(value or 0))
    except (TypeError, ValueError, OverflowError):
        raise KnowledgeError(f"The risk score {value!r} is no number.", path=where) from None


def _objects(values: Mapping[str, str], name: str, where: str) -> list[dict[str, Any]]:
    found = _json(values.get(name) or "[]", where)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise KnowledgeError(f"{name} has to be a JSON array of objects.", path=where)
    return found


def _object(values: Mapping[str, str], name: str, where: str) -> dict[str, Any]:
    found = _json(values.get(name) or "{}", where)
    if not isinstance(found, dict):
        raise KnowledgeError(f"{name} has to be a JSON object.", path=where)
    return found


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KnowledgeError(f"Not JSON: {error}.", path=where) from None
