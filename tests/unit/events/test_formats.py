"""Every format: recognised by content, cut into records, parsed into events with time, host, source, sourcetype."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from event_samples import CLASSIC, CLASSIC_TIME, PRETTY, SECURITY, SYSMON, SYSMON_SOURCE, SYSMON_TIME

from splmini.events import Report, blocks, read
from splmini.events._reader import readers
from splmini.events.recognise import recognise_format

NOW = 1_767_225_600.0  # 2026-01-01

LINUX_SYSMON = (
    'May  6 07:08:09 web1 sysmon: <Event><System><Provider Name="Linux-Sysmon" Guid="{ff}"/><EventID>1</EventID>'
    '<TimeCreated SystemTime="2024-05-06T07:08:09.5Z"/><Channel>Linux-Sysmon/Operational</Channel>'
    "<Computer>web1</Computer></System><EventData></EventData></Event>"
)
TRAIL = (
    '{"eventVersion":"1.08","eventTime":"2024-05-06T07:08:09Z","eventSource":"s3.amazonaws.com",'
    '"eventName":"ListBuckets","awsRegion":"eu-west-1"}'
)
AAD = (
    '{"time":"2024-05-06T07:08:09Z","resourceId":"/t","operationName":"Add user","category":"AuditLogs",'
    '"tenantId":"t","properties":{"id":1}}'
)
EPOCH = 1714979289


class Case(NamedTuple):
    """A text, the reader that it is recognised by, and the events that it holds (what is named of them)."""

    name: str
    text: str
    reader: str
    events: list[dict[str, Any]]


def xml_event(**more: Any) -> dict[str, Any]:
    """What is expected of the Sysmon event."""
    event = {"sourcetype": "XmlWinEventLog", "source": SYSMON_SOURCE, "_time": SYSMON_TIME, "host": "ws1.example.org"}
    return {**event, **more}


CASES = [
    Case(
        "xml, one a line",
        f"{SYSMON}\n{SECURITY}\n",
        "winevent_xml",
        [xml_event(_raw=SYSMON), xml_event(_raw=SECURITY, source="XmlWinEventLog:Security")],
    ),
    Case(
        "xml, run together",
        SYSMON + SECURITY + SYSMON,
        "winevent_xml",
        [xml_event(), xml_event(source="XmlWinEventLog:Security"), xml_event()],
    ),
    Case("xml, wrapped", f"<Events>{SYSMON}{SYSMON}</Events>\n", "winevent_xml", [xml_event(_raw=SYSMON)] * 2),
    Case(
        "xml, pretty",
        PRETTY + PRETTY,
        "winevent_xml",
        [
            {
                "_raw": "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
                "<Provider Name='P&apos;s'>"
                "</Provider><EventID>1</EventID><TimeCreated SystemTime='2024-05-06 07:08:09.123456 UTC'>\n    "
                "</TimeCreated><Channel>Application</Channel><Computer>ws1</Computer></System><EventData>"
                "<Data Name='a'>x  y\nz</Data><Data Name='b'> </Data></EventData></Event>",
                "_time": 1714979289.123456,
                "source": "XmlWinEventLog:Application",
            }
        ]
        * 2,
    ),
    Case(
        "xml, with rendering",
        SYSMON.replace("</Event>", "<RenderingInfo Culture='en-US'><Level>Information</Level></RenderingInfo></Event>"),
        "winevent_xml",
        [xml_event()],
    ),
    Case(
        "xml of Sysmon for Linux",
        LINUX_SYSMON + "\n" + LINUX_SYSMON,
        "winevent_xml",
        [
            {
                "_raw": LINUX_SYSMON,
                "sourcetype": "sysmon:linux",
                "source": "Syslog:Linux-Sysmon/Operational",
                "_time": 1714979289.5,
                "host": "web1",
            }
        ]
        * 2,
    ),
    Case(
        "classic text",
        CLASSIC + CLASSIC,
        "winevent_text",
        [
            {
                "_raw": CLASSIC.strip("\n"),
                "sourcetype": "WinEventLog",
                "source": "WinEventLog:Security",
                "_time": CLASSIC_TIME,
                "host": "dc1.example.org",
            }
        ]
        * 2,
    ),
    Case(
        "xml, text and others mixed",
        f"{SYSMON}\n{CLASSIC}\n{SECURITY}{SYSMON}\nMay  6 07:08:09 web1 app[1]: hello\n",
        "winevent_xml",
        [
            xml_event(),
            {"_raw": CLASSIC.strip("\n"), "sourcetype": "WinEventLog"},
            xml_event(source="XmlWinEventLog:Security"),
            xml_event(),
            {"sourcetype": "syslog", "host": "web1"},
        ],
    ),
    Case("xml, the first cut off", SYSMON[:300] + "\n" + SYSMON, "winevent_xml", [{"_raw": SYSMON[:300]}, xml_event()]),
    Case(
        "JSON lines of events",
        '{"_raw":"x","_time":5}\n{"sourcetype":"s","a":{"b":[1,2]},"n":null,"t":true}\n',
        "json",
        [{"_raw": "x", "_time": 5}, {"sourcetype": "s", "a.b{}": [1, 2], "n": None, "t": "true", "_raw": None}],
    ),
    Case(
        "JSON lines",
        '{"a":1,"time":"2024-05-06T07:08:09Z"}\n{"b":2}\n',
        "json",
        [
            {"_raw": '{"a":1,"time":"2024-05-06T07:08:09Z"}', "_time": EPOCH, "sourcetype": "_json", "a": None},
            {"_raw": '{"b":2}', "_time": None},
        ],
    ),
    Case(
        "JSON, concatenated",
        '{"a":"}"}{"a":2} {"a":[3]}',
        "json",
        [{"_raw": '{"a":"}"}'}, {"_raw": '{"a":2}'}, {"_raw": '{"a":[3]}'}],
    ),
    Case(
        "JSON, pretty",
        '{\n  "a": 1\n}\n{\n  "a": 2\n}\n',
        "json",
        [{"_raw": '{\n  "a": 1\n}'}, {"_raw": '{\n  "a": 2\n}'}],
    ),
    Case("JSON array", '[\n{"a":1},\n{"a":2}\n]', "json", [{"_raw": '{"a":1}'}, {"_raw": '{"a":2}'}]),
    Case(
        "JSON with a malformed line",
        '{"a":1}\n{"a":\n{"a":3}\n',
        "json",
        [{"_raw": '{"a":1}'}, {"_raw": '{"a":'}, {"_raw": '{"a":3}'}],
    ),
    Case(
        "CloudTrail file",
        '{"Records":[' + TRAIL + "," + TRAIL + "]}",
        "json",
        [{"_raw": TRAIL, "sourcetype": "aws:cloudtrail", "source": "aws_cloudtrail", "_time": EPOCH}] * 2,
    ),
    Case(
        "Azure records",
        '{"records":[' + AAD + "]}",
        "json",
        [{"_raw": AAD, "sourcetype": "azure:monitor:aad", "source": "Azure AD", "_time": EPOCH}],
    ),
    Case(
        "records that are no container",
        '{"name":"x","records":[1,2]}\n{"name":"y","records":[]}',
        "json",
        [{"_raw": '{"name":"x","records":[1,2]}'}, {"_raw": '{"name":"y","records":[]}'}],
    ),
    Case(
        "export as JSON",
        '{"preview":false,"offset":0,"result":{"_raw":"x","f":["a","b"],"_time":'
        '"2024-05-06T09:08:09.000+02:00"}}\n{"preview":false,"lastrow":true,"result":{"f":"c"}}\n',
        "json",
        [{"_raw": "x", "f": ["a", "b"], "_time": EPOCH}, {"f": "c", "_raw": None}],
    ),
    Case(
        "export by REST",
        '{"preview":false,"init_offset":0,"messages":[],"fields":[{"name":"f"}],'
        '"results":[{"_time":"1714979289","f":"a"},{"_time":"1714979290","f":"b"}],"highlighted":{}}',
        "json",
        [{"f": "a", "_time": EPOCH}, {"f": "b", "_time": EPOCH + 1}],
    ),
    Case(
        "HEC",
        '{"time":1714979289.5,"host":"h","source":"s","sourcetype":"st","event":{"a": 1}}\n'
        '{"event":"text","fields":{"k":"v"},"index":"i"}\n',
        "json",
        [
            {"_raw": '{"a": 1}', "_time": 1714979289.5, "host": "h", "source": "s", "sourcetype": "st"},
            {"_raw": "text", "k": "v", "index": "i"},
        ],
    ),
    Case(
        "JSON that only looks like HEC",
        '{"event":"login","user":"x"}\n',
        "json",
        [{"_raw": '{"event":"login","user":"x"}'}],
    ),
    Case(
        "nxlog",
        '{"EventTime":"2024-05-06 07:08:09","Hostname":"ws1","EventID":1,"SourceName":'
        '"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\\\a.exe"}\n',
        "json",
        [
            {
                "sourcetype": "XmlWinEventLog",
                "source": SYSMON_SOURCE,
                "_time": EPOCH,
                "EventID": 1,
                "Image": "C:\\a.exe",
                "host": "ws1",
            }
        ],
    ),
    Case(
        "winlogbeat",
        '{"@timestamp":"2024-05-06T07:08:09.000Z","winlog":{"event_id":4624,"channel":"Security",'
        '"computer_name":"dc1","provider_name":"P","keywords":["Audit Success"],"process":{"pid":4},'
        '"event_data":{"TargetUserName":"bob"}},"message":"m"}\n',
        "json",
        [
            {
                "EventID": 4624,
                "Channel": "Security",
                "Computer": "dc1",
                "TargetUserName": "bob",
                "_time": EPOCH,
                "Keywords": "0x8020000000000000",
                "Execution_ProcessID": 4,
                "source": "XmlWinEventLog:Security",
            }
        ],
    ),
    Case(
        "evtx_dump",
        '{"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#text":7045,'
        '"#attributes":{"Qualifiers":16384}},"Channel":"System","Computer":"c","TimeCreated":{"#attributes":'
        '{"SystemTime":"2024-05-06T07:08:09Z"}}},"EventData":{"ServiceName":"x"}}}\n',
        "json",
        [{"EventID": 7045, "Provider_Name": "P", "ServiceName": "x", "_time": EPOCH, "EventID_Qualifiers": 16384}],
    ),
    Case(
        "CSV",
        'time,user,msg\n2024-05-06T07:08:09Z,bob,"a, ""b""\nc"\n2024-05-06T07:08:10Z,,x\n',
        "csv",
        [
            {
                "_raw": '2024-05-06T07:08:09Z,bob,"a, ""b""\nc"',
                "user": "bob",
                "msg": 'a, "b"\nc',
                "_time": EPOCH,
                "sourcetype": "csv",
            },
            {"user": None, "msg": "x"},
        ],
    ),
    Case("TSV", "a\tb\tc\n1\t2\t3\n4\t5\t6\n", "csv", [{"a": "1", "c": "3"}, {"b": "5"}]),
    Case(
        "export as CSV",
        '"_raw","_time",f,"__mv_f"\n"the raw, text","2024-05-06T07:08:09Z","a\nb$","$a$;$b$$$"\n',
        "csv",
        [{"_raw": "the raw, text", "_time": EPOCH, "f": ["a", "b$"], "__mv_f": None}],
    ),
    Case(
        "key=value",
        '2024-05-06 07:08:09 level=info user=bob msg="a b"\n2024-05-06 07:08:10 level=warn user=al\n',
        "key_value",
        [{"_time": EPOCH, "sourcetype": "generic_kv"}, {"_time": EPOCH + 1}],
    ),
    Case(
        "syslog, RFC 3164",
        "<34>May  6 07:08:09 web1 app[7]: hello\nMay  6 07:08:10 web2 app: there\n",
        "syslog",
        [{"_time": 1746515289, "host": "web1", "sourcetype": "syslog"}, {"host": "web2"}],
    ),
    Case(
        "syslog, RFC 5424",
        "<34>1 2024-05-06T07:08:09.5Z web1 app 7 ID1 - hello\n",
        "syslog_5424",
        [{"_time": 1714979289.5, "host": "web1", "sourcetype": "syslog"}],
    ),
    Case(
        "authentication log",
        "May  6 07:08:09 web1 sshd[7]: Accepted password for bob from 192.0.2.1 port 1 ssh2\n",
        "linux_secure",
        [{"sourcetype": "linux_secure", "host": "web1"}],
    ),
    Case(
        "auditd",
        "type=SYSCALL msg=audit(1714979289.250:42): arch=c000003e syscall=59\n"
        'node=web1 type=CWD msg=audit(1714979289.250:42): cwd="/"\n',
        "auditd",
        [
            {"_time": 1714979289.25, "sourcetype": "linux:audit", "source": "/var/log/audit/audit.log"},
            {"host": "web1", "_time": 1714979289.25},
        ],
    ),
    Case(
        "Zeek",
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        "#fields\tts\tuid\tid.orig_h\ttags\n#types\ttime\tstring\taddr\tset[string]\n"
        "1714979289.5\tC1\t192.0.2.1\ta,b\n1714979290.5\tC2\t-\t(empty)\n#close\t2024-05-06-08-00-00\n",
        "zeek",
        [
            {
                "_time": 1714979289.5,
                "uid": "C1",
                "id.orig_h": "192.0.2.1",
                "id_orig_h": "192.0.2.1",
                "tags": ["a", "b"],
                "sourcetype": "bro_conn",
                "_raw": "1714979289.5\tC1\t192.0.2.1\ta,b",
            },
            {"uid": "C2", "id.orig_h": None, "tags": None},
        ],
    ),
    Case(
        "Zeek with a column named host",
        "#separator \\x09\n#path\thttp\n#fields\tts\thost\n1714979289.5\twww.example.com\n",
        "zeek",
        [{"extracted_host": "www.example.com", "sourcetype": "bro_http"}],
    ),
    Case(
        "Zeek as JSON",
        '{"ts":1714979289.5,"uid":"C1","id.orig_h":"192.0.2.1","conn_state":"SF"}\n',
        "json",
        [{"_time": 1714979289.5, "sourcetype": "bro:conn:json"}],
    ),
    Case(
        "Zeek as JSON with its path",
        '{"_path":"dhcp","ts":1714979289.5}\n',
        "json",
        [{"_time": 1714979289.5, "sourcetype": "bro:dhcp:json"}],
    ),
    Case(
        "access log",
        '192.0.2.1 - bob [06/May/2024:09:08:09 +0200] "GET / HTTP/1.1" 200 5 "-" "curl"\n',
        "access",
        [{"_time": EPOCH, "sourcetype": "access_combined"}],
    ),
    Case(
        "IIS",
        "#Software: IIS\n#Fields: date time cs-method cs(User-Agent)\n2024-05-06 07:08:09 GET a+b\n"
        "#Fields: date time s-ip\n2024-05-06 07:08:10 192.0.2.1\n",
        "w3c",
        [
            {"_time": EPOCH, "cs_method": "GET", "cs_User_Agent_": "a+b", "sourcetype": "ms:iis:auto"},
            {"s_ip": "192.0.2.1", "cs_method": None},
        ],
    ),
    Case(
        "CEF",
        "May  6 07:08:09 fw1 CEF:0|V|P|1|100|n|5|src=192.0.2.1 rt=1714979289500\n",
        "cef",
        [{"_time": 1714979289.5, "host": "fw1", "sourcetype": "cef"}],
    ),
    Case(
        "LEEF",
        "LEEF:1.0|V|P|1|100|src=192.0.2.1\tdevTime=2024-05-06T07:08:09Z\n",
        "leef",
        [{"_time": EPOCH, "sourcetype": "leef"}],
    ),
    Case(
        "Cisco ASA",
        "May 06 2024 07:08:09 fw1 : %ASA-6-302013: Built outbound TCP connection\n",
        "cisco_asa",
        [{"_time": EPOCH, "sourcetype": "cisco:asa", "host": "fw1"}],
    ),
    Case(
        "Palo Alto Networks",
        "1,2024/05/06 07:08:09,001,TRAFFIC,end,1\n1,2024/05/06 07:08:10,001,THREAT,url,1\n",
        "pan",
        [{"_time": EPOCH, "sourcetype": "pan:traffic"}, {"sourcetype": "pan:threat"}],
    ),
    Case(
        "VPC flow",
        "2 123456789012 eni-0a1b2c3d 10.0.0.1 10.0.0.2 443 5000 6 10 100 1714979289 1714979300 ACCEPT OK\n",
        "vpcflow",
        [{"_time": EPOCH, "sourcetype": "aws:cloudwatchlogs:vpcflow"}],
    ),
    Case(
        "stash lines",
        '05/06/2024 07:08:09 +0000, search_name="A rule", risk_score="50"\n',
        "stash_line",
        [{"_time": EPOCH, "sourcetype": "stash"}],
    ),
    Case(
        "stash file",
        '***SPLUNK*** index=risk source="A rule" sourcetype=stash\n'
        '05/06/2024 07:08:09 +0000, search_name="A rule", risk_score="50"\n***SPLUNK*** index=other\n'
        "1714979289, info_min_time=1\n",
        "stash",
        [
            {"_time": EPOCH, "sourcetype": "stash", "source": "A rule", "index": "risk"},
            {"_raw": "1714979289, info_min_time=1", "index": "other", "source": None, "_time": EPOCH},
        ],
    ),
    Case(
        "stack traces",
        "2024-05-06 07:08:09 ERROR x\n  at a\n  at b\n2024-05-06 07:08:10 INFO y\n",
        "text",
        [{"_raw": "2024-05-06 07:08:09 ERROR x\n  at a\n  at b", "_time": EPOCH}, {"_time": EPOCH + 1}],
    ),
    Case("plain lines", "one\r\n\r\ntwo\r\n", "text", [{"_raw": "one"}, {"_raw": "two", "sourcetype": "text"}]),
]


def run(text: Any, **settings: Any) -> list[dict[str, Any]]:
    """Read a text into one list."""
    return [event for batch in read(text, now=NOW, **settings) for event in batch]


def check(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Compare what is named of each event."""
    assert len(found) == len(expected), found
    for want, got in zip(expected, found, strict=True):
        for name, value in want.items():
            if name == "_time" and value is not None:
                assert got.get(name) == pytest.approx(value, abs=1e-5), got
            else:
                assert got.get(name) == value, (name, got)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_format(case: Case) -> None:
    """A text is recognised, and gives its events with their metadata."""
    assert recognise_format(case.text.encode()).name == case.reader
    check(case.events, run(case.text.encode()))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_small_blocks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where blocks end makes no difference."""
    whole = run(case.text.encode())
    for size in (7, 64, 333):
        monkeypatch.setattr("splmini.events._blocks.BLOCK_BYTES", size)
        assert run(case.text.encode()) == whole, size


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bounds_give_the_record(case: Case) -> None:
    """The record around any position of a block is one of its records, or lies in what separates them."""
    for block in blocks(case.text.encode(), now=NOW):
        assert not isinstance(block, list)
        records = block.records()
        for at in range(0, len(block.data), 11):
            start, end = block.bounds(at)
            assert start <= at <= end
            if case.reader in ("json", "csv", "syslog", "access", "auditd"):
                around = block.data[start:end].strip(b" \r\n,")
                assert not around or any(around in record or record in around for record in records)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-16-le", ""), ("utf-16-be", ""), ("utf-8", "\ufeff")],
)
@pytest.mark.parametrize("case", CASES[:3] + CASES[10:12], ids=lambda case: case.name)
def test_encodings(case: Case, encoding: str, mark: str) -> None:
    """UTF-16 with and without a byte order mark and UTF-8 with one are the same events."""
    check(case.events, run((mark + case.text).encode(encoding)))


def test_every_reader_is_tested() -> None:
    """Each text format has a case here; those that are not text are tested in test_binary.py."""
    tested = {case.reader for case in CASES}
    missing = {name for name, each in readers().items() if each.open is None} - tested
    assert missing <= {"cisco_ios", "syslog_iso", "nginx_kv"}, missing


@pytest.mark.parametrize(
    ("text", "sourcetype"),
    [
        ("*Aug 20 17:10:21.639: %AAA-6-USERNAME_CONFIGURATION: user with username: x configured", "cisco:ios"),
        ("2024-05-06T07:08:09+00:00 web1 app[7]: hello", "syslog"),
        ('site="a" server="b" user="-" time_local="06/May/2024:07:08:09 +0000" status="200"', "nginx:plus:kv"),
        ("2024-05-06 07:08:09 whatever", "app"),
    ],
)
def test_sourcetype_of_a_line(text: str, sourcetype: str, tmp_path: Any) -> None:
    """A line is known by its form; one in no known form is named after its file."""
    path = tmp_path / "app-2024.log"
    path.write_text(text + "\n")
    (event,) = run(path)
    assert event["sourcetype"] == sourcetype
    assert event["_raw"] == text


def test_settings_go_before_content() -> None:
    """What the caller says about events replaces what they say themselves."""
    (event,) = run(SYSMON, sourcetype="s", source_name="o", host="h", index="i")
    assert {name: event[name] for name in ("sourcetype", "source", "host", "index")} == {
        "sourcetype": "s",
        "source": "o",
        "host": "h",
        "index": "i",
    }


def test_infer_off() -> None:
    """Without inference there is no sourcetype, and no source but the file's name."""
    (event,) = run(SYSMON, infer=False)
    assert "sourcetype" not in event
    assert "source" not in event
    assert event["_time"] == pytest.approx(SYSMON_TIME)


def test_malformed_is_counted_and_strict_raises() -> None:
    """A malformed record is kept and counted; strict raises with the file and the record's number."""
    from splmini.errors import EventFormatError

    said: list[tuple[str, str]] = []
    assert len(run('{"a":1}\n{"a":\n', messages=lambda *message: said.append(message))) == 2
    assert ("warn", "events: 1 record does not parse as JSON; kept as events with only _raw.") in said
    with pytest.raises(EventFormatError, match="This is no JSON") as caught:
        run('{"a":1}\n{"a":\n', strict=True)
    assert caught.value.record == 2


def test_unknown_format_names_the_nearest() -> None:
    """A format that does not exist is an error with a hint."""
    from splmini.errors import EventFormatError

    with pytest.raises(EventFormatError, match=r"There is no event format 'jsn'\. Did you mean 'json'\?"):
        run("x", format="jsn")


def test_report_of_inference() -> None:
    """What was inferred is reported, once a sourcetype and source."""
    report = Report()
    for block in blocks((SYSMON + SECURITY + SYSMON).encode(), report):
        assert not isinstance(block, list)
        block.events(report)
    assert [text for _, text in report.messages()] == [
        f"sourcetype 'XmlWinEventLog' and source '{SYSMON_SOURCE}' inferred from the content of 2 events.",
        "sourcetype 'XmlWinEventLog' and source 'XmlWinEventLog:Security' inferred from the content of 1 event.",
    ]
