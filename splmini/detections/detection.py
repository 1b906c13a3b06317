"""What a detection is: one dataclass for every schema generation, and its parts. `escu` reads it from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.detections.schedule import Schedule
from splmini.errors import KnowledgeError
from splmini.options import RunArguments, check_names

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.detections.bench.tests import Report
    from splmini.detections.findings import Outcome
    from splmini.environment import Environment
    from splmini.options import AnyEvents, FieldValue
    from splmini.results import Results


@dataclass(frozen=True)
class Entity:
    """A risk object: the field that holds it, its type (system, user, other), its score, its own message."""

    field: str
    type: str
    score: float
    message: str | None = None


@dataclass(frozen=True)
class ThreatObject:
    """A threat object: the field that holds it and its type (process_name, ip_address, url …)."""

    field: str
    type: str


@dataclass(frozen=True)
class Finding:
    """What a TTP or correlation reports for each row: a title with `$field$` tokens and one entity."""

    title: str
    entity: Entity | None


@dataclass(frozen=True)
class Drilldown:
    """A drilldown search: its name and text with tokens, and the offsets of its time range."""

    name: str
    search: str
    earliest_offset: str | None = None
    latest_offset: str | None = None


@dataclass(frozen=True)
class AttackData:
    """A log that a test replays: its URL or path, and what Splunk would have indexed it as."""

    data: str
    source: str | None = None
    sourcetype: str | None = None
    index: str | None = None
    host: str | None = None


@dataclass(frozen=True)
class DetectionTest:
    """A test of a detection: it has to fire over its attack data."""

    name: str
    attack_data: tuple[AttackData, ...] = ()
    test_type: str = "unit"


@dataclass(frozen=True)
class Detection:
    """A detection: data about a search. Made by `Detection.load`; fields as in ESCU's newest schema.

    `generation` is the schema that the file was written in: "2022-2024", "2025" or "2026". `entities` are the risk
    objects of all generations (`intermediate_findings.entities` of the newest). `throttling` are the fields whose
    values are reported once in `throttling_period` ("86400s"). `schedule` is the detection's own (`custom_schedule`),
    `schedule_name` names one of its repository's; `baselines` the searches that have to run before it. `deprecation`
    holds `deprecation_info` as it stands. `issues` lists keys that no known schema has.
    """

    name: str
    search: str
    id: str = ""
    version: int = 1
    status: str = "production"
    type: str = "TTP"
    description: str = ""
    generation: str = "2026"
    data_source: tuple[str, ...] = ()
    finding: Finding | None = None
    entities: tuple[Entity, ...] = ()
    threat_objects: tuple[ThreatObject, ...] = ()
    drilldowns: tuple[Drilldown, ...] = ()
    tests: tuple[DetectionTest, ...] = ()
    analytic_story: tuple[str, ...] = ()
    mitre_attack_id: tuple[str, ...] = ()
    cve: tuple[str, ...] = ()
    asset_type: str = ""
    product: tuple[str, ...] = ()
    category: str = ""
    security_domain: str = ""
    throttling: tuple[str, ...] = ()
    throttling_period: str = ""
    schedule: Schedule | None = None
    schedule_name: str = ""
    baselines: tuple[str, ...] = ()
    deprecation: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    search_position: tuple[int, int] = (1, 1)
    issues: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    @boundary("The loading of the detection")
    def load(cls, path: str | Path) -> Detection:
        """Load a detection from a YAML file of any schema generation.

        Raises:
            KnowledgeError: with the file, line and column of the mistake.
        """
        try:
            text = Path(path).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise KnowledgeError(f"The detection cannot be read: {error}.", path=str(path)) from None
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, path: str = "<text>") -> Detection:
        """Load a detection from YAML text; `path` is what errors call it."""
        from splmini.detections.escu import read_detection

        return read_detection(text, path)

    @property
    def rule_name(self) -> str:
        """The name of the saved search that ESCU builds, which risk events carry as their source."""
        return f"ESCU - {self.name} - Rule"

    @boundary("The run of the detection")
    def run(self, events: AnyEvents, env: Environment | None = None, **options: Unpack[RunArguments]) -> Outcome:
        """Run the search over events; give rows, findings and risk events. Options as for `Search.run`.

        Risk events are kept in the environment, where `from datamodel Risk.All_Risk` finds them.
        """
        from splmini.detections.findings import run_detection

        return run_detection(self, events, env, options)

    @boundary("The test of the detection")
    def test(
        self, env: Environment | None = None, attack_data: str | Path | None = None, **options: Unpack[RunArguments]
    ) -> Report:
        """Run the detection's own `tests:` over a local mirror of its attack data."""
        from splmini.detections.bench.tests import run_tests

        check_names(options, RunArguments.__annotations__, "The test of a detection")
        return run_tests(self, env, attack_data, options)

    def _repr_html_(self) -> str:
        from splmini.detections.html import render_detection

        return render_detection(self)

    def drilldown(
        self,
        number: int,
        row: Mapping[str, FieldValue],
        events: AnyEvents,
        env: Environment | None = None,
        **options: Unpack[RunArguments],
    ) -> Results:
        """Run a drilldown search (numbered from 0) for a row of the results."""
        from splmini.detections.drilldowns import run_drilldown

        return run_drilldown(self, number, row, events, env, options)
