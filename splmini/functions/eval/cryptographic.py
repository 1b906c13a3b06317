"""Cryptographic functions: digests in lower-case hexadecimal."""

from __future__ import annotations

import hashlib

from splmini.functions.eval._support import page
from splmini.registry import Example, eval_function

PAGE = page("cryptographic-functions")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape" if not _lone(text) else "replace")


def _lone(text: str) -> bool:
    """Say whether a text holds half surrogate pairs that stand for no byte."""
    return any("\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in text)


@eval_function(
    "md5",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('md5("splunk")', "c24ec540d000ee0b7d2304bc34c769a4"),),
)
def md5(text: str) -> str:
    """md5(<text>): the MD5 digest of the text's UTF-8 bytes.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


@eval_function(
    "sha1",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('sha1("splunk")', "c8714150b8061714a04b8cc146c8bf0210c05b62"),),
)
def sha1(text: str) -> str:
    """sha1(<text>): the SHA-1 digest of the text's UTF-8 bytes.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return hashlib.sha1(_bytes(text), usedforsecurity=False).hexdigest()


@eval_function(
    "sha256",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('substr(sha256(""), 1, 16)', "e3b0c44298fc1c14"),),
)
def sha256(text: str) -> str:
    """sha256(<text>): the SHA-256 digest of the text's UTF-8 bytes.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return hashlib.sha256(_bytes(text)).hexdigest()


@eval_function(
    "sha512",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('substr(sha512(""), 1, 16)', "cf83e1357eefb8bd"),),
)
def sha512(text: str) -> str:
    """sha512(<text>): the SHA-512 digest of the text's UTF-8 bytes.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return hashlib.sha512(_bytes(text)).hexdigest()
