"""Syslog, RFC 5424 and 3164, and what devices send in it: Cisco ASA and IOS, Palo Alto Networks.

Sources: https://www.rfc-editor.org/rfc/rfc5424 https://www.rfc-editor.org/rfc/rfc3164
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Settings
from splmini.events._times import MONTHS, iso_epoch, local_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
BSD = r"(?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) (?:(?P<year>\d{4}) )?(?P<clock>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?"


def bsd_epoch(found: re.Match[str], settings: Settings) -> float | None:
    """Return the time of a syslog header, whose year is the one that makes it the latest time not in the future."""
    month = MONTHS.get(found["month"].lower()) if settings.timed else None
    if month is None:
        return None
    now = settings.now if settings.now is not None else time.time()
    hour, minute, second = map(int, found["clock"].split(":"))
    fraction = float(found["fraction"] or 0)
    year = int(found["year"]) if found["year"] else time.gmtime(now).tm_year
    try:
        moment = local_epoch((year, month, int(found["day"]), hour, minute, second), fraction, settings.timezone)
        if not found["year"] and moment > now + 2 * 86400:
            last = (year - 1, month, int(found["day"]), hour, minute, second)
            moment = local_epoch(last, fraction, settings.timezone)
    except ValueError:
        return None
    return moment


def _told(moment: float | None, host: str | None) -> Row:
    told: Row = {}
    if moment is not None:
        told["_time"] = moment
    if host and host != "-":
        told["host"] = host
    return told


@line_format(
    "syslog_5424",
    "syslog (RFC 5424)",
    rf"<\d{{1,3}}>\d{{1,2}} (?P<time>{ISO}|-) (?P<host>\S+) \S+ \S+ \S+ ",
    "syslog",
    rank=20,
)
def syslog_5424(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `<34>1 2003-10-11T22:14:15.003Z host app 123 ID47 - text`."""
    return _told(iso_epoch(found["time"], settings.timezone), found["host"])


@line_format(
    "linux_secure",
    "Linux authentication log",
    rf"(?:<\d{{1,3}}>)?{BSD} (?P<host>\S+) (?:sshd|sudo|su|login|systemd-logind|useradd|usermod|userdel|groupadd"
    r"|passwd|chage|CRON|cron|polkitd|gdm-password\]?)(?:\[\d+\])?: ",
    "linux_secure",
    rank=25,
)
@line_format("syslog", "syslog (RFC 3164)", rf"(?:<\d{{1,3}}>)?{BSD} (?P<host>[^\s:]+) \S", "syslog", rank=60)
def syslog(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `Oct 11 22:14:15 host app[123]: text`, with or without a priority in front."""
    return _told(bsd_epoch(found, settings), found["host"])


@line_format(
    "syslog_iso",
    "syslog with ISO times",
    rf"(?:<\d{{1,3}}>)?(?P<time>{ISO}) (?P<host>[A-Za-z0-9][\w.-]*) [\w/.<-]\S*: ",
    "syslog",
    rank=62,
)
def syslog_iso(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `2024-10-11T22:14:15+00:00 host app[123]: text`, as newer systems write them."""
    return _told(iso_epoch(found["time"], settings.timezone), found["host"])


@line_format(
    "cisco_asa",
    "Cisco ASA",
    rf"(?:<\d{{1,3}}>)?(?:{BSD} ?)?:?(?:(?P<host>[\w.-]+) )?[^%]{{0,80}}%(?:ASA|FTD)-(?:[\w-]+-)?\d-\d{{6}}: ",
    "cisco:asa",
    rank=10,
)
def cisco_asa(found: re.Match[str], settings: Settings) -> Row:
    """Lines that hold `%ASA-6-302013:`."""
    return _told(bsd_epoch(found, settings) if found["clock"] else None, found["host"])


@line_format(
    "cisco_ios",
    "Cisco IOS",
    rf"(?:<\d{{1,3}}>)?(?:\d+: )?(?:(?P<host>[\w.-]+): )?[*.]?(?:{BSD})?[^%]{{0,40}}%[A-Z]\w+-[0-7]-\w+: ",
    "cisco:ios",
    rank=12,
)
def cisco_ios(found: re.Match[str], settings: Settings) -> Row:
    """Lines that hold `%SYS-5-CONFIG_I:`."""
    return _told(bsd_epoch(found, settings) if found["clock"] else None, found["host"])


PAN_TIME = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)")
PAN_TYPES = {"TRAFFIC": "pan:traffic", "THREAT": "pan:threat", "SYSTEM": "pan:system", "CONFIG": "pan:config"}


@line_format(
    "pan",
    "Palo Alto Networks",
    rf"(?:(?:<\d{{1,3}}>)?{BSD} (?P<host>\S+) )?\d+,(?P<received>\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d),"
    r"\d+,(?P<type>TRAFFIC|THREAT|SYSTEM|CONFIG),",
    "pan:log",
    rank=11,
)
def pan(found: re.Match[str], settings: Settings) -> Row:
    """Comma-separated lines of a Palo Alto Networks firewall; the sourcetype follows the type of log."""
    parts = PAN_TIME.match(found["received"])
    told: Row = {"sourcetype": PAN_TYPES[found["type"]]}
    if parts is not None:
        year, month, day, hour, minute, second = map(int, parts.groups())
        told["_time"] = local_epoch((year, month, day, hour, minute, second), 0.0, settings.timezone)
    if found["host"]:
        told["host"] = found["host"]
    return told
