"""Loops that somebody would write over logs of a kind in place of a search: orjson or a regular expression, a dict.

    python -m benchmarks.loops NAME FILE

prints the rows as one JSON list. Nothing of splmini is imported.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def _rows(groups: Counter[Any], *names: str) -> list[dict[str, Any]]:
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in groups.items()]


def _records(path: str) -> Iterator[dict[str, Any]]:
    import orjson

    with open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)


# ---- JSON ----------------------------------------------------------------------------------------------------------


def cloudtrail_keys(path: str) -> list[dict[str, Any]]:
    """Group CloudTrail records by two keys at the top."""
    groups = Counter((record["eventName"], record["sourceIPAddress"]) for record in _records(path))
    return _rows(groups, "eventName", "sourceIPAddress")


def cloudtrail_nested(path: str) -> list[dict[str, Any]]:
    """Group CloudTrail records by a nested key."""
    groups: Counter[Any] = Counter()
    for record in _records(path):
        user = record["userIdentity"].get("userName")
        if user is not None:
            groups[record["eventName"], user] += 1
    return _rows(groups, "eventName", "userIdentity.userName")


def cloudtrail_users(path: str) -> list[dict[str, Any]]:
    """Group CloudTrail records by who did what from where, for the kinds of identities that the file has."""
    groups: Counter[Any] = Counter()
    for record in _records(path):
        who, name = record["userIdentity"], record["eventName"]
        if name == "AssumeRole":
            user = record["responseElements"]["assumedRoleUser"]["arn"].rpartition("/")[2]
        elif who["type"] == "AssumedRole":
            user = who["sessionContext"]["sessionIssuer"]["userName"]
        else:
            user = who["userName"]
        groups[name, user, record["sourceIPAddress"]] += 1
    return _rows(groups, "eventName", "user", "src_ip")


def requests(path: str) -> list[dict[str, Any]]:
    """Group the requests of an application."""
    return _rows(Counter((request["user"], request["status"]) for request in _records(path)), "user", "status")


# ---- text and XML --------------------------------------------------------------------------------------------------

_SSHD = re.compile(
    r"sshd\[\d+\]: (?:(?:Failed|Accepted) \S+ for (?:invalid user )?(\S+) from (\S+)|Invalid user (\S+) from (\S+)"
    r"|pam_unix\(sshd:auth\): authentication failure;.* rhost=(\S+)\s+user=(\S+))"
)


def sshd_users(path: str) -> list[dict[str, Any]]:
    """Group the lines of sshd that tell of a user and an address."""
    groups: Counter[Any] = Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = _SSHD.search(line)
            if found is not None:
                groups[found[1] or found[3] or found[6], found[2] or found[4] or found[5]] += 1
    return _rows(groups, "user", "src")


_IMAGE = re.compile(r"<Data Name='Image'>([^<]*)</Data>")
_USER = re.compile(r"<Data Name='User'>([^<]*)</Data>")


def _processes(path: str, marks: Sequence[str]) -> Iterator[tuple[str, str]]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            if any(mark in line for mark in marks):
                image, user = _IMAGE.search(line), _USER.search(line)
                if image is not None and user is not None:
                    yield image[1].rpartition("\\")[2], user[1].rpartition("\\")[2]


def xml_wide(path: str) -> list[dict[str, Any]]:
    """Group all Sysmon events by process and user."""
    return _rows(Counter(_processes(path, ("<Event",))), "process_name", "user")


def xml_processes(path: str) -> list[dict[str, Any]]:
    """Group the Sysmon events that the data model has as processes: those that start, and images that they load."""
    groups = Counter(_processes(path, ("<EventID>1<", "<EventID>7<")))
    return _rows(groups, "Processes.process_name", "Processes.user")


CONTENDERS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    each.__name__: each
    for each in (cloudtrail_keys, cloudtrail_nested, cloudtrail_users, requests, sshd_users, xml_wide, xml_processes)
}

if __name__ == "__main__":
    json.dump(CONTENDERS[sys.argv[1]](sys.argv[2]), sys.stdout)
