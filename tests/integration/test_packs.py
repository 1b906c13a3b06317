"""The built-in packs as apps: nothing in them is left out, and their events reach the data models of the CIM."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import splmini
from splmini import resources
from splmini.knowledge.apps import load_apps, pack_names
from splmini.knowledge.checks import check_app
from splmini.knowledge.conf import Line, parse_conf

PACKS = pack_names()
PARTS_OF_SPLUNK = frozenset({"alphas", "digits", "domain", "float", "ipv4", "simple_url"})
"""Parts of expressions that Splunk's own transforms.conf defines for others."""


@pytest.fixture(scope="module")
def env() -> Any:
    """The environment with every pack."""
    return splmini.Environment(now=1_700_000_000)


@pytest.mark.parametrize("name", PACKS)
def test_pack_is_carried_out_whole(name: str) -> None:
    """A pack holds no setting that splmini does not carry out, and none that cannot be read."""
    assert [f"{each.stanza} {each.setting}: {each.text}" for each in check_app(resources.packs_folder() / name)] == []


@pytest.mark.parametrize("name", PACKS)
def test_lookup_files_are_tables(name: str) -> None:
    """Every row of a lookup file has as many cells as the header, and the header no name twice."""
    for path in sorted((resources.packs_folder() / name / "lookups").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert len(set(rows[0])) == len(rows[0]), path.name
        assert {len(row) for row in rows} == {len(rows[0])}, path.name


def lines_of(name: str, conf: str) -> list[Line]:
    """Return the lines of a pack's conf file."""
    path = resources.packs_folder() / name / "default" / f"{conf}.conf"
    return list(parse_conf(path.read_text("utf-8"))) if path.is_file() else []


@pytest.mark.parametrize("name", PACKS)
def test_nothing_is_set_twice(name: str) -> None:
    """A stanza of a pack sets each thing once: the first of two would do nothing."""
    for conf in ("props", "transforms", "eventtypes", "tags", "macros"):
        seen = Counter((line.stanza, line.key) for line in lines_of(name, conf))
        assert {each: count for each, count in seen.items() if count > 1} == {}, conf


@pytest.mark.parametrize("name", PACKS)
def test_transforms_and_tables_are_used(name: str) -> None:
    """A transform that finds fields stands in props.conf, and a table in transforms.conf."""
    listing = [line for line in lines_of(name, "props") if line.key.startswith(("REPORT", "TRANSFORMS"))]
    named = {each.strip() for line in listing for each in line.value.split(",")}
    transforms = lines_of(name, "transforms")
    patterns = {line.stanza for line in transforms if line.key in ("REGEX", "DELIMS")}
    inside = {each for line in transforms for each in re.findall(r"\[\[([\w-]+)", line.value)}
    assert patterns - named - inside - PARTS_OF_SPLUNK == set()
    tables = {path.name for path in (resources.packs_folder() / name / "lookups").glob("*.csv")}
    assert tables <= {line.value for line in transforms if line.key == "filename"}


def test_tagged_event_types_exist() -> None:
    """A tag on an event type names one that a pack defines."""
    knowledge = load_apps()
    assert set(knowledge.tags.by_field.get("eventtype", {})) <= set(knowledge.eventtypes.types)


# ---- events and the datasets that they belong to -------------------------------------------------------------------


def windows(channel: str, code: int, keywords: str = "0x8020000000000000", **data: str) -> dict[str, str]:
    """Return a Windows event as XML."""
    fields = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
    raw = (
        f"<Event><System><Provider Name='P'/><EventID>{code}</EventID><Keywords>{keywords}</Keywords>"
        f"<Channel>{channel}</Channel><Computer>c</Computer></System><EventData>{fields}</EventData></Event>"
    )
    return {"source": f"XmlWinEventLog:{channel}", "sourcetype": "XmlWinEventLog", "_raw": raw}


SYSMON = "Microsoft-Windows-Sysmon/Operational"
FAILURE = "0x8010000000000000"
ACCOUNT = {"TargetUserName": "bob", "SubjectUserName": "ann"}
SSH = "Mar  4 05:06:07 h sshd[9]: Accepted password for root from 192.0.2.3 port 5 ssh2"
ADDED = "type=ADD_USER msg=audit(1.5:9): auid=1 msg='op=adding user res=success'"
FLOW = '{"event_type":"flow","src_ip":"192.0.2.1","dest_ip":"192.0.2.2","proto":"TCP"}'


def linux_sysmon(code: int) -> dict[str, str]:
    """Return an event of Sysmon for Linux."""
    return {
        "source": "x",
        "sourcetype": "sysmon:linux",
        "_raw": f"<Event><System><EventID>{code}</EventID></System></Event>",
    }


def text(sourcetype: str, raw: str) -> dict[str, str]:
    """Return an event of a sourcetype."""
    return {"source": "x", "sourcetype": sourcetype, "_raw": raw}


DATASETS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    **{f"Sysmon {code}": (windows(SYSMON, code), ("Endpoint.Processes",)) for code in (1, 5, 6, 7, 8, 10, 15, 17, 24)},
    **{f"Sysmon {code}": (windows(SYSMON, code), ("Endpoint.Filesystem",)) for code in (2, 11, 23, 26, 27, 28, 29)},
    **{f"Sysmon {code}": (windows(SYSMON, code), ("Endpoint.Registry",)) for code in (12, 13, 14)},
    **{f"Sysmon {code}": (windows(SYSMON, code), ("Endpoint.Services",)) for code in (4, 16, 255)},
    **{f"Sysmon {code}": (windows(SYSMON, code), ("Change.Endpoint_Changes",)) for code in (19, 20, 21)},
    "Sysmon 3": (windows(SYSMON, 3), ("Network_Traffic.All_Traffic", "Network_Traffic.Allowed_Traffic")),
    "Sysmon 22": (windows(SYSMON, 22), ("Network_Resolution.DNS",)),
    "Security 4624": (windows("Security", 4624, **ACCOUNT), ("Authentication.Successful_Authentication",)),
    "Security 4625": (windows("Security", 4625, FAILURE, **ACCOUNT), ("Authentication.Failed_Authentication",)),
    "Security 4648": (windows("Security", 4648, **ACCOUNT), ("Authentication.Successful_Privileged_Authentication",)),
    "Security 4657": (windows("Security", 4657), ("Endpoint.Registry",)),
    "Security 4688": (windows("Security", 4688), ("Endpoint.Processes",)),
    "Security 4697": (windows("Security", 4697), ("Endpoint.Services",)),
    "Security 4698": (windows("Security", 4698), ("Change.All_Changes",)),
    "Security 4719": (windows("Security", 4719), ("Change.Auditing_Changes",)),
    "Security 4720": (windows("Security", 4720, **ACCOUNT), ("Change.Accounts_Created",)),
    "Security 4726": (windows("Security", 4726, **ACCOUNT), ("Change.Accounts_Deleted",)),
    "Security 4738": (windows("Security", 4738, **ACCOUNT), ("Change.Accounts_Updated",)),
    "Security 4768": (windows("Security", 4768, **ACCOUNT), ("Authentication.Successful_Authentication",)),
    "System 7045": (windows("System", 7045), ("Endpoint.Services",)),
    "System 104": (windows("System", 104), ("Change.Auditing_Changes",)),
    "Sysmon for Linux 1": (linux_sysmon(1), ("Endpoint.Processes",)),
    "Sysmon for Linux 11": (linux_sysmon(11), ("Endpoint.Filesystem",)),
    "auditd": (text("linux:audit", ADDED), ("Change.Account_Management",)),
    "secure: a logon": (text("linux_secure", SSH), ("Authentication.Successful_Authentication",)),
    "secure: a session": (text("linux_secure", SSH), ("Network_Sessions.Session_Start",)),
    "nginx": (text("nginx:plus:kv", 'status="200" uri_path="/"'), ("Web.Web",)),
    "Suricata": (text("suricata", FLOW), ("Network_Traffic.All_Traffic", "Network_Sessions.All_Sessions")),
    "Zeek": (text("bro:dns:json", '{"query":"a"}'), ("Network_Resolution.DNS",)),
    "CloudTrail: a logon": (
        text("aws:cloudtrail", '{"eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Failure"}}'),
        ("Authentication.Failed_Privileged_Authentication",),
    ),
    "CloudTrail: an instance": (
        text("aws:cloudtrail", '{"eventName":"RunInstances","eventSource":"ec2.amazonaws.com"}'),
        ("Change.Instance_Changes",),
    ),
    "CloudTrail: an account": (
        text("aws:cloudtrail", '{"eventName":"DeleteVirtualMFADevice","eventSource":"iam.amazonaws.com"}'),
        ("Change.Accounts_Deleted",),
    ),
    "VPC flow": (
        text("aws:cloudwatchlogs:vpcflow", "2 111122223333 eni-0 192.0.2.1 192.0.2.2 1 2 6 3 4 5 6 ACCEPT OK"),
        ("Network_Traffic.Allowed_Traffic",),
    ),
    "Microsoft 365: a logon": (
        text("o365:management:activity", '{"Operation":"UserLoggedIn","Workload":"AzureActiveDirectory"}'),
        ("Authentication.Successful_Authentication",),
    ),
    "Microsoft 365: the company": (
        text("o365:management:activity", '{"Operation":"Set Company Information.","Workload":"AzureActiveDirectory"}'),
        ("Change.Accounts_Updated",),
    ),
    "Entra ID: an account": (
        text("azure:monitor:aad", '{"operationName":"Enable account","category":"AuditLogs"}'),
        ("Change.Accounts_Updated",),
    ),
    "Okta": (text("OktaIM2:log", '{"eventType":"user.session.start"}'), ("Authentication.Authentication",)),
}


@pytest.mark.parametrize("name", DATASETS)
def test_event_reaches_its_datasets(env: Any, name: str) -> None:
    """An event is found in the datasets of the CIM that it belongs to."""
    event, datasets = DATASETS[name]
    for dataset in datasets:
        model, _, inner = dataset.partition(".")
        found = env.compile(f"| datamodel {model} {inner} search | stats count").run([event])
        assert found[0]["count"] == 1, dataset


NO_MODEL = ("4662", "4663", "4699", "4886", "5136", "5140", "5145")


@pytest.mark.parametrize("code", NO_MODEL)
def test_event_without_a_model(env: Any, code: str) -> None:
    """Events that Splunk's add-on leaves out of every model but the signatures have the tag of those alone."""
    rows = env.compile("search *").run([windows("Security", int(code))])
    assert rows[0]["tag::eventtype"] == ["os", "security", "track_event_signatures", "windows"]


# ---- the fields that Splunk lists for a data source ----------------------------------------------------------------

INDEX_TIME = {
    "linecount",
    "punct",
    "splunk_server",
    "timestartpos",
    "timeendpos",
    "index",
    "host",
    "source",
    "sourcetype",
    "_time",
}
KINDS = {
    "windows": ("sysmon_eventid_*",),
    "linux": ("linux_*", "sysmon_for_linux_*", "osquery*"),
    "web": ("nginx_*",),
    "microsoft_cloud": ("azure_*", "o365_*"),
    "aws": ("aws_cloudtrail_c*", "aws_cloudtrail_g*", "aws_cloudtrail_p*", "aws_cloudtrail_u*"),
    "github": ("github*",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_splunk_lists(env: Any, shared: Path, kind: str) -> None:
    """At least 97% of the fields that Splunk lists for the data sources come out of their example logs."""
    search, listed, found = env.compile("search *"), 0, 0
    for pattern in KINDS[kind]:
        for path in sorted((shared / "escu" / "data_sources").glob(f"{pattern}.yml")):
            document = yaml.safe_load(path.read_text("utf-8"))
            event = {name: document[name] for name in ("source", "sourcetype")} | {"_raw": document["example_log"]}
            names = {str(name) for name in document["fields"]} - INDEX_TIME
            names = {name for name in names if not name.startswith("date_")}
            listed += len(names)
            found += len(names & set(search.run([{**event, "host": "h"}])[0]))
    assert listed > 0
    assert found / listed >= 0.97, f"{found} of {listed}"
