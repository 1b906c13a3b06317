"""The Linux audit daemon's log, a record a line.

Source: https://github.com/linux-audit/audit-documentation/wiki
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Settings

if TYPE_CHECKING:
    from splmini.operators import Row


@line_format(
    "auditd",
    "Linux audit log",
    r"(?:.{0,80}?\baudit(?:d|ispd)?(?:\[\d+\])?: )?(?:node=(?P<host>\S+) )?"
    r"type=[\w\[\]]+ msg=audit\((?P<time>\d+(?:\.\d+)?)?[^)]{0,40}\)",
    "linux:audit",
    source="/var/log/audit/audit.log",
    rank=10,
)
def auditd(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `type=SYSCALL msg=audit(1722950859.266:6994): arch=c000003e ...`."""
    told: Row = {}
    if found["time"] and "." in found["time"]:
        told["_time"] = float(found["time"])
    if found["host"]:
        told["host"] = found["host"]
    return told
