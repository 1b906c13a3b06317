"""Seeded logs as they are met: CloudTrail, an application's JSON lines with and without a time, sshd in syslog.

Shares, lengths and nesting are about those of real logs: few names make most of the events, and a long tail the rest.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.generate import SEED, START, made

VERSION = 1
"""Changes whenever the generators do."""


def cloudtrail(count: int) -> Path:
    """Return a file of `count` CloudTrail records, one a line."""
    return made(f"cloudtrail-{count}-v{VERSION}.jsonl", lambda: (_line(each) for each in cloudtrail_records(count)))


def application(count: int) -> Path:
    """Return a file of `count` JSON lines of a web application, with an ISO `timestamp`."""
    return made(f"application-{count}-v{VERSION}.jsonl", lambda: map(_line, _requests(count)))


def timeless(count: int) -> Path:
    """Return the same lines without a time."""

    def lines() -> Iterator[str]:
        for request in _requests(count):
            del request["timestamp"]
            yield _line(request)

    return made(f"timeless-{count}-v{VERSION}.jsonl", lines)


def sshd(count: int) -> Path:
    """Return a file of `count` lines that sshd wrote, in the form of RFC 3164."""
    return made(f"sshd-{count}-v{VERSION}.log", lambda: _sshd_lines(count))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def _line(value: dict[str, Any]) -> str:
    return _encode(value) + "\n"


class _Skewed:
    """Things of which the first are met far more often than the last."""

    def __init__(self, things: list[Any], steepness: float = 1.0) -> None:
        self._things = things
        self._shares = list(accumulate(1 / (place + 1) ** steepness for place in range(len(things))))

    def choose(self, rng: random.Random) -> Any:
        """Return one of them."""
        return rng.choices(self._things, cum_weights=self._shares)[0]


def _iso(moment: float, digits: int) -> str:
    text = datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds" if digits else "seconds")
    return text.replace("+00:00", "Z")


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


# ---- CloudTrail ----------------------------------------------------------------------------------------------------

_VERBS = ("Describe", "Get", "List", "Put", "Create", "Delete", "Update")
_NOUNS = (
    *("Instances", "Vpcs", "Subnets", "RouteTables", "Parameter", "Parameters", "SecretValue", "BucketAcl", "User"),
    *("BucketPolicy", "AccountAttributes", "NatGateways", "Role", "Policy", "Key", "Snapshot", "Volumes", "Tags"),
    *("LogStreams", "SecurityGroups", "AccessKeys", "Trails", "Functions", "Alarms", "Detectors", "Images", "Topics"),
    *("Queues", "Certificates", "Clusters", "Services", "Findings", "Rules", "Stacks", "Domains", "Tables"),
)
_SERVICES = ("ec2", "ssm", "iam", "s3", "secretsmanager", "kms", "rds", "sts", "lambda", "logs", "cloudtrail", "sns")
_AGENT = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.{0}.2 (+https://www.terraform.io) terraform-provider-aws/3.{0}.1 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go/1.44.{0} (go1.19.3; linux; amd64)"
)
_DENIED = ("ThrottlingException", "Client.UnauthorizedOperation", "AccessDenied", "NoSuchBucketPolicy", "NoSuchTagSet")


def cloudtrail_records(count: int) -> Iterator[dict[str, Any]]:
    """Yield records of one account, in the order of their times."""
    rng = random.Random(SEED)
    names = _Skewed([(verb + noun, verb) for noun in _NOUNS for verb in _VERBS], 0.9)
    addresses = _Skewed([f"198.51.{number % 100}.{number * 7 % 256}" for number in range(60)], 1.6)
    users = _Skewed([f"user{number:02d}" for number in range(40)], 1.5)
    agents = _Skewed([_AGENT.format(number) for number in range(30)], 1.3)
    regions = _Skewed(["us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-south-1"], 2.5)
    services = {name: f"{_SERVICES[place % 12]}.amazonaws.com" for place, name in enumerate(_NOUNS)}
    moment = START
    for _ in range(count):
        moment += rng.random() * 0.4
        name, verb = names.choose(rng)
        service, agent, address = services[name[len(verb) :]], agents.choose(rng), addresses.choose(rng)
        who = _identity(rng, users.choose(rng), moment)
        if who["type"] == "AWSService":
            name, verb, service, address, agent = "AssumeRole", "Get", "sts.amazonaws.com", *[who["invokedBy"]] * 2
        record = {
            "eventVersion": "1.08",
            "userIdentity": who,
            "eventTime": _iso(moment, 0),
            "eventSource": service,
            "eventName": name,
            "awsRegion": regions.choose(rng),
            "sourceIPAddress": address,
            "userAgent": agent,
        }
        if rng.random() < 0.11:
            record["errorCode"] = _DENIED[int(rng.random() ** 2 * 5)]
            record["errorMessage"] = "Rate exceeded, or the caller is not allowed to do this."
        yield {**record, **_what(rng, verb, who), **_rest(rng, verb, service)}


def _identity(rng: random.Random, user: str, moment: float) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.02:
        return {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    account = "111122223333"
    if kind < 0.07:
        role = f"role-{user}"
        issuer = {"type": "Role", "principalId": "AROAEXAMPLE", "arn": f"arn:aws:iam::{account}:role/{role}"}
        return {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{user}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{user}",
            "accountId": account,
            "accessKeyId": f"ASIA{rng.getrandbits(64):016X}",
            "sessionContext": {
                "sessionIssuer": {**issuer, "accountId": account, "userName": role},
                "attributes": {"creationDate": _iso(moment - 900, 0), "mfaAuthenticated": "false"},
            },
        }
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{user.upper()}EXAMPLE",
        "arn": f"arn:aws:iam::{account}:user/{user}",
        "accountId": account,
        "accessKeyId": f"AKIA{rng.getrandbits(20):016X}",
        "userName": user,
    }


def _what(rng: random.Random, verb: str, who: dict[str, Any]) -> dict[str, Any]:
    """What was asked, and what was answered."""
    if who["type"] == "AWSService":
        role, session = "arn:aws:iam::111122223333:role/service", f"i-{rng.getrandbits(10):x}"
        answer = {"assumedRoleUser": {"arn": f"arn:aws:sts::111122223333:assumed-role/service/{session}"}}
        return {"requestParameters": {"roleArn": role, "roleSessionName": session}, "responseElements": answer}
    kind = rng.random()
    if kind < 0.12:
        asked: Any = None
    elif kind < 0.4:
        asked = {"instancesSet": {"items": [{"instanceId": f"i-{rng.getrandbits(32):08x}"} for _ in range(2)]}}
    elif kind < 0.98:
        asked = {"name": f"/app/production/parameter-{rng.getrandbits(8)}", "withDecryption": kind < 0.7}
    else:
        asked = {"policyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}'}
    writes = verb in ("Put", "Create", "Delete", "Update")
    return {"requestParameters": asked, "responseElements": {"_return": True} if writes else None}


def _rest(rng: random.Random, verb: str, service: str) -> dict[str, Any]:
    rest: dict[str, Any] = {
        "requestID": _uuid(rng),
        "eventID": _uuid(rng),
        "readOnly": verb in ("Describe", "Get", "List"),
    }
    if rng.random() < 0.22:
        rest["resources"] = [{"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example"}]
    rest |= {
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }
    if rng.random() < 0.8:
        cipher = {"tlsVersion": "TLSv1.2", "cipherSuite": "ECDHE-RSA-AES128-GCM-SHA256"}
        rest["tlsDetails"] = {**cipher, "clientProvidedHostHeader": f"{service[:-14]}.us-east-1.amazonaws.com"}
    return rest


# ---- a web application ---------------------------------------------------------------------------------------------


def _requests(count: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(SEED)
    users = _Skewed([f"user{number:03d}" for number in range(500)], 0.7)
    paths = _Skewed([f"/api/v1/{name}" for name in ("cart", "items", "orders", "login", "search", "profile")], 0.6)
    statuses = _Skewed([200, 304, 404, 201, 500, 401, 403, 302], 1.8)
    moment = START
    for _ in range(count):
        moment += rng.random() * 0.1
        status, path = statuses.choose(rng), paths.choose(rng)
        address = f"203.0.113.{rng.getrandbits(8)}"
        yield {
            "timestamp": _iso(moment, 3),
            "level": "error" if status >= 500 else "info",
            "service": "shop",
            "message": f"GET {path} {status}",
            "user": users.choose(rng),
            "status": status,
            "path": path,
            "duration_ms": round(rng.expovariate(1 / 40), 2),
            "client_ip": address,
            "request": {"id": _uuid(rng), "bytes": rng.getrandbits(14), "secure": True},
            "host": f"web-{rng.getrandbits(3)}",
        }


# ---- sshd ----------------------------------------------------------------------------------------------------------

_SSHD = (
    (22, "Failed password for {known} from {src} port {port} ssh2"),
    (8, "Failed password for invalid user {guessed} from {src} port {port} ssh2"),
    (8, "Invalid user {guessed} from {src} port {port}"),
    (20, "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={src}  user={known}"),
    (8, "pam_unix(sshd:auth): check pass; user unknown"),
    (14, "Received disconnect from {src}: 11: Bye Bye [preauth]"),
    (8, "Connection closed by {src} [preauth]"),
    (3, "Did not receive identification string from {src}"),
    (3, "Accepted password for {known} from {src} port {port} ssh2"),
    (3, "pam_unix(sshd:session): session opened for user {known} by (uid=0)"),
    (3, "pam_unix(sshd:session): session closed for user {known}"),
)


def _sshd_lines(count: int) -> Iterator[str]:
    rng = random.Random(SEED)
    shares, forms = list(accumulate(share for share, _ in _SSHD)), [form for _, form in _SSHD]
    known = _Skewed(["root", *(f"user{number:02d}" for number in range(20))], 2)
    guessed = _Skewed(["admin", "test", "oracle", "guest", *(f"guess{number}" for number in range(200))], 1)
    sources = _Skewed([f"192.0.{number % 200}.{number * 13 % 256}" for number in range(600)], 1.1)
    moment = START
    for _ in range(count):
        moment += rng.random() * 2
        form = rng.choices(forms, cum_weights=shares)[0]
        when = datetime.fromtimestamp(moment, timezone.utc)
        text = form.format(
            known=known.choose(rng), guessed=guessed.choose(rng), src=sources.choose(rng), port=rng.randint(1024, 65535)
        )
        yield f"{when:%b} {when.day:2d} {when:%H:%M:%S} bastion sshd[{rng.randint(2000, 32000)}]: {text}\n"
