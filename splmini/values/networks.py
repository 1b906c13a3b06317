"""Networks: CIDR blocks of IPv4 and IPv6 and the addresses in them."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any, TypeAlias

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

_BLOCK = re.compile(r"[0-9a-fA-F.:]+/[0-9.]+").fullmatch


@lru_cache(maxsize=1024)
def parse_cidr(text: str) -> Network | None:
    """Return the network that a text such as `10.0.0.0/8` means; host bits may be set; None where it is none.

    >>> parse_cidr("182.236.164.11/16")
    IPv4Network('182.236.0.0/16')
    """
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def is_cidr(text: str) -> bool:
    """Say whether a text is a block, that is, an address, a slash and a prefix length."""
    return "/" in text and _BLOCK(text) is not None and parse_cidr(text) is not None


@lru_cache(maxsize=16384)
def parse_address(text: str) -> Address | None:
    """Return the address that a text spells; None where it is none."""
    if len(text) > 64:
        return None
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def cidr_match(block: str, address: Any) -> bool | None:
    """Say whether an address is in a block: False for what is no address, None for a block that is none.

    >>> cidr_match("10.0.0.0/8", "10.1.2.3"), cidr_match("10.0.0.0/8", "host1"), cidr_match("x", "10.1.2.3")
    (True, False, None)
    """
    network = parse_cidr(block)
    if network is None:
        return None
    return address_in(network, address)


def address_in(network: Network, address: Any) -> bool:
    """Say whether an address, given as text, is in a network."""
    if not isinstance(address, str):
        return False
    parsed = parse_address(address)
    if parsed is None or parsed.version != network.version:
        return False
    return bool(int(parsed) & int(network.netmask) == int(network.network_address))
