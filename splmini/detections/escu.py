"""ESCU YAML, every schema generation, as one dataclass.

2022–24: `tags.observable` (role Victim: entity, Attacker: threat object), `tags.message`, `tags.risk_score`.
2025: `rba` {message, risk_objects, threat_objects}. 2026: `finding`, `intermediate_findings`, `threat_objects`, and
what stood under `tags` at the top level. Loading normalises them; what a file lacks is empty, what it has wrong is a
KnowledgeError with its line and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splmini.detections.detection import AttackData, Detection, DetectionTest, Drilldown, Entity, Finding, ThreatObject
from splmini.detections.schedule import KEYS, Schedule, read_schedule
from splmini.detections.schema import schema_issues
from splmini.documents import Document, load_document
from splmini.errors import did_you_mean

_TOP = frozenset(
    {"name", "id", "version", "date", "creation_date", "modification_date", "author", "status", "type", "description"}
    | {"data_source", "search", "how_to_implement", "known_false_positives", "references", "tags", "tests", "rba"}
    | {"drilldown_searches", "finding", "intermediate_findings", "threat_objects", "analytic_story", "asset_type"}
    | {"mitre_attack_id", "product", "category", "security_domain", "cve", "atomic_guid", "baselines", "datamodel"}
    | {"deployment", "macros", "lookups", "throttling", "manual_test", "group", "required_fields", "annotations"}
    | {"enabled_by_default", "migration", "detections", "schedule", "custom_schedule", "deprecation_info"}
    | {"response_templates", "playbooks", "test_type", "experimental_info", "manual_test_reason"}
)

_ENTITY_TYPES = {
    "user": "user",
    "hostname": "system",
    "endpoint": "system",
    "system": "system",
    "ip address": "system",
    "email address": "user",
}
"""Types of 2022–24 observables → types of risk objects; everything else is `other`."""

_THREAT_TYPES = {
    "ip address": "ip_address",
    "file name": "file_name",
    "file": "file_name",
    "url string": "url",
    "url": "url",
    "process": "process",
    "process name": "process_name",
    "parent process": "parent_process",
    "email address": "email_address",
    "file hash": "file_hash",
    "hash": "file_hash",
    "registry key": "registry_path",
    "tls hash": "tls_hash",
    "user agent": "http_user_agent",
    "command line": "command",
}


def read_detection(text: str, path: str = "<text>") -> Detection:
    """Return the detection that a YAML text is; `path` is what errors call it. Raises KnowledgeError."""
    return _Reader(load_document(text, path)).detection()


class _Reader:
    """Reads one document; every mistake is reported where it stands."""

    def __init__(self, document: Document) -> None:
        self.document = document
        if not isinstance(document.data, dict):
            raise document.error("A detection is a mapping of keys to values.")
        self.data: dict[str, Any] = document.data
        tags = self.data.get("tags")
        if tags is not None and not isinstance(tags, dict):
            raise document.error("'tags' has to be a mapping.", "tags")
        self.tags: dict[str, Any] = tags or {}

    def detection(self) -> Detection:
        data = self.data
        if "finding" in data or "intermediate_findings" in data or ("tags" not in data and "rba" not in data):
            generation = "2026"
        else:
            generation = "2025" if "rba" in data or "observable" not in self.tags else "2022-2024"
        kind = self.text("type", default="TTP")
        finding, entities, threats = getattr(self, _FINDINGS[generation])(kind)
        return Detection(
            name=self.text("name", required=True),
            search=self.text("search", required=True),
            id=self.text("id"),
            version=self.integer("version", 1),
            status=self.text("status", default="production"),
            type=kind,
            description=self.text("description"),
            generation=generation,
            data_source=self.texts("data_source"),
            finding=finding,
            entities=entities,
            threat_objects=threats,
            drilldowns=self.drilldowns(),
            tests=self.tests(),
            analytic_story=self.texts("analytic_story"),
            mitre_attack_id=self.texts("mitre_attack_id"),
            cve=self.texts("cve"),
            asset_type=self.text("asset_type"),
            product=self.texts("product"),
            category=self.text("category"),
            security_domain=self.text("security_domain"),
            throttling=self.throttling(),
            throttling_period=str(self.mapping("throttling").get("period") or ""),
            schedule=self.schedule(),
            schedule_name=self.text("schedule"),
            baselines=self.texts("baselines"),
            deprecation=self.mapping("deprecation_info"),
            path=self.document.path,
            search_position=self.document.positions.get(("search",), (1, 1)),
            issues=self.issues(),
        )

    # ---- values ------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> tuple[Any, tuple[str, ...]]:
        if name in self.data:
            return self.data[name], (name,)
        if name in self.tags:
            return self.tags[name], ("tags", name)
        return None, (name,)

    def text(self, name: str, *, required: bool = False, default: str = "") -> str:
        value, key = self._find(name)
        if value is None:
            if required:
                near = did_you_mean(name, [key for key in self.data if key not in _TOP])
                raise self.document.error(f"The detection has no '{name}'.", *key, hint=near)
            return default
        if isinstance(value, (dict, list)):
            raise self.document.error(f"'{name}' has to be text.", *key)
        if required and not str(value).strip():
            raise self.document.error(f"'{name}' is empty.", *key)
        return str(value)

    def integer(self, name: str, default: int) -> int:
        value, key = self._find(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip().isdigit():
            raise self.document.error(f"'{name}' has to be a whole number.", *key)
        return int(value)

    def number(self, name: str) -> float:
        value, key = self._find(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.document.error(f"'{name}' has to be a number.", *key)
        return int(value) if value == int(value) else value

    def texts(self, name: str) -> tuple[str, ...]:
        value, key = self._find(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self.document.error(f"'{name}' has to be a list.", *key)
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)):
                raise self.document.error(f"'{name}' has to be a list of texts.", *key, index)
        return tuple(str(item) for item in value)

    def mapping(self, name: str) -> dict[str, Any]:
        value, key = self._find(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.document.error(f"'{name}' has to be a mapping.", *key)
        return value

    def mappings(self, value: Any, *key: str | int) -> list[tuple[dict[str, Any], tuple[str | int, ...]]]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.document.error(f"'{key[-1]}' has to be a list.", *key)
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.document.error(f"Each entry of '{key[-1]}' has to be a mapping.", *key, index)
        return [(item, (*key, index)) for index, item in enumerate(value)]

    def part(self, mapping: Mapping[str, Any], name: str, key: tuple[str | int, ...], required: bool = True) -> str:
        value = mapping.get(name)
        if value is None or (required and value == ""):
            if required:
                raise self.document.error(f"'{name}' is missing here.", *key, hint=did_you_mean(name, mapping))
            return ""
        if isinstance(value, (dict, list)):
            raise self.document.error(f"'{name}' has to be text.", *key, name)
        return str(value)

    def score(self, mapping: Mapping[str, Any], key: tuple[str | int, ...]) -> int:
        value = mapping.get("score", 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
            raise self.document.error("'score' has to be a whole number from 0 to 100.", *key, "score")
        return value

    # ---- findings of the generations ---------------------------------------------------------------------------

    def findings_2022(self, kind: str) -> tuple[Finding | None, tuple[Entity, ...], tuple[ThreatObject, ...]]:
        message = self.text("message") or None
        score = self.number("risk_score")
        entities, threats = [], []
        for item, key in self.mappings(self.tags.get("observable"), "tags", "observable"):
            name, kind_of = self.part(item, "name", key), self.part(item, "type", key).lower()
            roles = item.get("role") or []
            for role in [roles] if isinstance(roles, str) else roles:
                if str(role).lower() == "attacker":
                    threats.append(ThreatObject(name, _THREAT_TYPES.get(kind_of, kind_of.replace(" ", "_"))))
                elif str(role).lower() == "victim":
                    entities.append(Entity(name, _ENTITY_TYPES.get(kind_of, "other"), score, message))
        return self.named_finding(kind, tuple(entities)), tuple(entities), tuple(threats)

    def findings_2025(self, kind: str) -> tuple[Finding | None, tuple[Entity, ...], tuple[ThreatObject, ...]]:
        rba = self.data.get("rba")
        if rba is None:
            return self.named_finding(kind, ()), (), ()
        if not isinstance(rba, dict):
            raise self.document.error("'rba' has to be a mapping.", "rba")
        message = self.part(rba, "message", ("rba",), required=False) or None
        entities = tuple(
            Entity(self.part(item, "field", key), self.part(item, "type", key), self.score(item, key), message)
            for item, key in self.mappings(rba.get("risk_objects"), "rba", "risk_objects")
        )
        threats = self.threats(rba.get("threat_objects"), "rba", "threat_objects")
        return self.named_finding(kind, entities), entities, threats

    def findings_2026(self, kind: str) -> tuple[Finding | None, tuple[Entity, ...], tuple[ThreatObject, ...]]:
        finding = self.data.get("finding")
        made = None
        if finding is not None:
            if not isinstance(finding, dict):
                raise self.document.error("'finding' has to be a mapping.", "finding")
            entity, key = finding.get("entity"), ("finding", "entity")
            if entity is not None and not isinstance(entity, dict):
                raise self.document.error("'entity' has to be a mapping.", *key)
            made = Finding(
                self.part(finding, "title", ("finding",)),
                None
                if entity is None
                else Entity(self.part(entity, "field", key), self.part(entity, "type", key), self.score(entity, key)),
            )
        between = self.data.get("intermediate_findings")
        if between is not None and not isinstance(between, dict):
            raise self.document.error("'intermediate_findings' has to be a mapping.", "intermediate_findings")
        entities = tuple(
            Entity(
                self.part(item, "field", key),
                self.part(item, "type", key),
                self.score(item, key),
                self.part(item, "message", key, required=False) or None,
            )
            for item, key in self.mappings((between or {}).get("entities"), "intermediate_findings", "entities")
        )
        return made, entities, self.threats(self.data.get("threat_objects"), "threat_objects")

    def threats(self, value: Any, *key: str) -> tuple[ThreatObject, ...]:
        return tuple(
            ThreatObject(self.part(item, "field", at), self.part(item, "type", at))
            for item, at in self.mappings(value, *key)
        )

    def named_finding(self, kind: str, entities: tuple[Entity, ...]) -> Finding | None:
        """The notable of the older generations: its title is the detection's name, `RBA: name` for correlations."""
        lowered = kind.lower()
        if lowered not in ("ttp", "correlation"):
            return None
        title = self.text("name", required=True)
        return Finding(f"RBA: {title}" if lowered == "correlation" else title, entities[0] if entities else None)

    # ---- the rest ----------------------------------------------------------------------------------------------

    def drilldowns(self) -> tuple[Drilldown, ...]:
        return tuple(
            Drilldown(
                self.part(item, "name", key),
                self.part(item, "search", key),
                self.part(item, "earliest_offset", key, required=False) or None,
                self.part(item, "latest_offset", key, required=False) or None,
            )
            for item, key in self.mappings(self.data.get("drilldown_searches"), "drilldown_searches")
        )

    def tests(self) -> tuple[DetectionTest, ...]:
        tests = []
        for item, key in self.mappings(self.data.get("tests"), "tests"):
            data = tuple(
                self.attack_data(each, at) for each, at in self.mappings(item.get("attack_data"), *key, "attack_data")
            )
            kind = self.part(item, "test_type", key, required=False) or (
                "manual" if self.tags.get("manual_test") else "unit"
            )
            tests.append(DetectionTest(self.part(item, "name", key), data, kind))
        return tuple(tests)

    def attack_data(self, item: dict[str, Any], key: tuple[str | int, ...]) -> AttackData:
        named = {name: self.part(item, name, key, required=False) or None for name in ("source", "sourcetype", "host")}
        if named["source"] == "not_applicable":
            named["source"] = None
        index = self.part(item, "index", key, required=False) or self.part(item, "custom_index", key, required=False)
        return AttackData(
            self.part(item, "data", key), named["source"], named["sourcetype"], index or None, named["host"]
        )

    def throttling(self) -> tuple[str, ...]:
        fields = self.mapping("throttling").get("fields") or ()
        if isinstance(fields, str):
            return tuple(part.strip() for part in fields.split(",") if part.strip())
        if not isinstance(fields, (list, tuple)) or any(isinstance(each, (dict, list)) for each in fields):
            raise self.document.error("'fields' has to be a list of names of fields.", "throttling", "fields")
        return tuple(str(each) for each in fields)

    def schedule(self) -> Schedule | None:
        """Its own schedule: `custom_schedule`, or the `deployment` of older baselines."""
        at: tuple[str, ...] = ("custom_schedule",)
        own = self.mapping("custom_schedule")
        if not own:
            at, own = ("deployment", "scheduling"), self.mapping("deployment").get("scheduling") or {}
            if not isinstance(own, dict):
                raise self.document.error("'scheduling' has to be a mapping.", *at)
        for key in own:
            if key not in KEYS:
                raise self.document.error(
                    f"A schedule has no '{key}'.", *at, str(key), hint=did_you_mean(str(key), KEYS)
                )
            self.part(own, key, at, required=False)
        return read_schedule(own) if own else None

    def issues(self) -> tuple[str, ...]:
        found = []
        for name in self.data:
            if str(name) not in _TOP:
                line, column = self.document.keys.get((str(name),), (1, 1))
                hint = did_you_mean(str(name), _TOP)
                found.append(f"line {line}, column {column}: unknown key '{name}'" + (f" {hint}" if hint else ""))
        return (*found, *schema_issues(self.document))


_FINDINGS = {"2022-2024": "findings_2022", "2025": "findings_2025", "2026": "findings_2026"}
