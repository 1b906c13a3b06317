"""Sigma rules as SPL: `pysigma-backend-splunk` converts them, and their log source becomes a condition on the event.

Source of the log sources' channels and event ids: the Sigma specification's taxonomy appendix
(https://sigmahq.io/sigma-specification/) and Sysmon's and Windows' own event ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splmini.boundary import described
from splmini.documents import load_data
from splmini.errors import KnowledgeError, UnsupportedFeature, did_you_mean

SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = "Microsoft-Windows-PowerShell/Operational"

_SYSMON_EVENTS: dict[str, tuple[int, ...]] = {
    "process_creation": (1,),
    "file_change": (2,),
    "network_connection": (3,),
    "sysmon_status": (4, 16),
    "process_termination": (5,),
    "driver_load": (6,),
    "image_load": (7,),
    "create_remote_thread": (8,),
    "raw_access_thread": (9,),
    "process_access": (10,),
    "file_event": (11,),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_set": (13,),
    "registry_rename": (14,),
    "registry_event": (12, 13, 14),
    "create_stream_hash": (15,),
    "pipe_created": (17, 18),
    "wmi_event": (19, 20, 21),
    "dns_query": (22,),
    "file_delete": (23, 26),
    "clipboard_capture": (24,),
    "process_tampering": (25,),
    "file_block_executable": (27,),
    "file_block_shredding": (28,),
    "file_executable_detected": (29,),
    "sysmon_error": (255,),
}
_CATEGORIES: dict[str, tuple[str, tuple[int, ...]]] = {
    **{category: (SYSMON, ids) for category, ids in _SYSMON_EVENTS.items()},
    "ps_module": (POWERSHELL, (4103,)),
    "ps_script": (POWERSHELL, (4104,)),
    "ps_classic_start": ("Windows PowerShell", (400,)),
    "ps_classic_provider_start": ("Windows PowerShell", (600,)),
}
_SERVICES = {
    "security": "Security",
    "system": "System",
    "application": "Application",
    "sysmon": SYSMON,
    "powershell": POWERSHELL,
    "powershell-classic": "Windows PowerShell",
    "taskscheduler": "Microsoft-Windows-TaskScheduler/Operational",
    "windefend": "Microsoft-Windows-Windows Defender/Operational",
    "wmi": "Microsoft-Windows-WMI-Activity/Operational",
    "bits-client": "Microsoft-Windows-Bits-Client/Operational",
    "dns-server": "DNS Server",
    "driver-framework": "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
    "firewall-as": "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
    "ntlm": "Microsoft-Windows-NTLM/Operational",
    "applocker": "Microsoft-Windows-AppLocker/*",
    "codeintegrity-operational": "Microsoft-Windows-CodeIntegrity/Operational",
    "printservice-operational": "Microsoft-Windows-PrintService/Operational",
    "printservice-admin": "Microsoft-Windows-PrintService/Admin",
    "smbclient-security": "Microsoft-Windows-SmbClient/Security",
    "terminalservices-localsessionmanager": "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
}


@dataclass(frozen=True)
class SigmaSearch:
    """A Sigma rule as a search: its title and id, the SPL."""

    title: str
    id: str
    spl: str


def sigma_searches(path: str | Path, pipeline: str | None = None) -> list[SigmaSearch]:
    """Convert the Sigma rules in a file (several documents; correlations too) to searches.

    Without a pipeline, a Windows log source becomes conditions on `Channel` and `EventID`, the fields' own names in
    event XML. With the name of one of the backend's pipelines (`splunk_windows`, `splunk_cim` …), that is used.

    Raises:
        UnsupportedFeature: where pysigma-backend-splunk is not installed (the extra `sigma`).
        KnowledgeError: where the file is no Sigma rule, or the pipeline is not known.
    """
    modules = _modules()
    documents = _documents(Path(path))
    try:
        collection = modules.collection.from_dicts(documents)
        backend = modules.backend(processing_pipeline=_pipeline(modules, pipeline))
        queries = [(rule, backend.convert_rule(rule) if hasattr(rule, "detection") else None) for rule in collection]
        made = [
            SigmaSearch(str(rule.title), str(rule.id or ""), str(spl))
            for rule, converted in queries
            for spl in (converted if converted is not None else backend.convert_correlation_rule(rule))
        ]
    except modules.error as error:
        raise KnowledgeError(f"Not a Sigma rule that can be converted: {error}.", path=str(path)) from None
    except Exception as error:  # pySigma takes much of a rule as it stands, and fails by what it finds there
        raise KnowledgeError(f"Not a Sigma rule that can be converted: {described(error)}.", path=str(path)) from error
    return made


@dataclass(frozen=True)
class _Modules:
    collection: Any
    backend: Any
    error: Any


def _modules() -> _Modules:
    try:
        from sigma.backends.splunk import SplunkBackend
        from sigma.collection import SigmaCollection
        from sigma.exceptions import SigmaError
    except ImportError:
        raise UnsupportedFeature(
            "Sigma rules need the package pysigma-backend-splunk.", name="sigma", hint="pip install 'splmini[sigma]'"
        ) from None
    return _Modules(SigmaCollection, SplunkBackend, SigmaError)


def _documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file, read as untrusted: no aliases, no tags."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The rule cannot be read: {error}.", path=str(path)) from None
    documents, lines = [], 0
    for part in re.split(r"(?m)^---[ \t]*$", text):
        if part.strip():
            # the lines before it, so that a mistake is named where it stands in the file
            documents.append(load_data("\n" * lines + part, str(path)))
        lines += part.count("\n")
    if not documents or not all(isinstance(document, dict) for document in documents):
        raise KnowledgeError("A Sigma rule is a mapping of keys to values.", path=str(path), position=(1, 1))
    return documents


def _pipeline(modules: _Modules, name: str | None) -> Any:
    if name is None:
        return _own_pipeline()
    from sigma.pipelines.splunk import pipelines

    known = dict(pipelines)
    if name == "none":
        return None
    if name not in known:
        hint = did_you_mean(name, [*known, "none"]) or f"There are: none, {', '.join(sorted(known))}."
        raise KnowledgeError(f"There is no pipeline '{name}'.", name=name, hint=hint)
    return known[name]()


def _own_pipeline() -> Any:
    """Log sources as conditions."""
    from sigma.processing.conditions import LogsourceCondition
    from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
    from sigma.processing.transformations import AddConditionTransformation

    def item(conditions: dict[str, Any], **logsource: str) -> Any:
        return ProcessingItem(
            transformation=AddConditionTransformation(conditions), rule_conditions=[LogsourceCondition(**logsource)]
        )

    items = [
        item({"Channel": channel, "EventID": list(ids)}, category=category, product="windows")
        for category, (channel, ids) in _CATEGORIES.items()
    ]
    items += [item({"Channel": channel}, service=service, product="windows") for service, channel in _SERVICES.items()]
    return ProcessingPipeline(name="Windows log sources", items=items)
