"""CEF and LEEF, alone on a line or behind a syslog header.

Sources: https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/ (CEF)
https://www.ibm.com/docs/en/dsm?topic=leef-overview
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Settings
from splmini.events._times import any_epoch, iso_epoch
from splmini.events.syslog import BSD, ISO, bsd_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

HEADER = rf"(?:<\d{{1,3}}>)?(?:\d{{1,2}} )?(?:(?:{BSD}|(?P<iso>{ISO})) (?P<host>\S+) )?[^|]{{0,60}}?"
RECEIPT = re.compile(r"[ |](?:rt|end|start|devTime)=([^=|\t]{5,40}?)(?=\s+\w+=|\t|$)")


def _told(found: re.Match[str], settings: Settings) -> Row:
    told: Row = {}
    moment: float | None = None
    receipt = RECEIPT.search(found.string, found.end())
    if receipt is not None:
        moment = any_epoch(receipt[1], settings.timezone, settings.now)
    if moment is None and found["iso"]:
        moment = iso_epoch(found["iso"], settings.timezone)
    if moment is None and found["clock"]:
        moment = bsd_epoch(found, settings)
    if moment is not None:
        told["_time"] = moment
    if found["host"]:
        told["host"] = found["host"]
    return told


@line_format("cef", "CEF", HEADER + r"CEF: ?\d+\|", "cef", rank=5)
def cef(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `CEF:0|vendor|product|1.0|100|name|5|src=192.0.2.1 ...`."""
    return _told(found, settings)


@line_format("leef", "LEEF", HEADER + r"LEEF: ?\d+(?:\.\d+)?\|", "leef", rank=5)
def leef(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `LEEF:1.0|vendor|product|1.0|100|src=192.0.2.1...`."""
    return _told(found, settings)
