"""CHARSET of props.conf: which codec reads a file.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Configurecharactersetencoding
"""

from __future__ import annotations

import codecs
from functools import lru_cache

AUTO = "auto"
"""The codec is found by the content: UTF-8 and UTF-16 as they are recognised, else Windows-1252."""
_BY_CONTENT = frozenset({"utf-8", "ascii"})
"""UTF-8 is read as it is, and a file in UTF-16 is recognised by its first bytes."""
_NO_CHARACTER_SETS = frozenset({"unicode_escape", "raw_unicode_escape", "undefined", "idna", "punycode", "mbcs", "oem"})
"""Text codecs of Python that no file is written in."""
_OTHER_NAMES = {
    "macintosh": "mac_roman",
    "ucs-2": "utf-16",
    "ucs-2le": "utf-16-le",
    "ucs-2be": "utf-16-be",
    "ucs-4": "utf-32",
    "ucs-4le": "utf-32-le",
    "ucs-4be": "utf-32-be",
    "x-sjis": "shift_jis",
    "windows-31j": "cp932",
    "tis-620": "tis_620",
}
"""Names that Splunk lists and Python does not know."""


@lru_cache(maxsize=256)
def codec_of(name: str) -> str | None:
    """Return the codec of a CHARSET: `auto`, or the name of Python's.

    None where a file is read as it always is: UTF-8, or what its first bytes say. Raises LookupError for a name that is
    not known.

    >>> codec_of("SHIFT-JIS"), codec_of("UTF-8")
    ('shift_jis', None)
    """
    text = name.strip().lower()
    if text in ("", AUTO):
        return AUTO if text else None
    try:
        info = codecs.lookup(_OTHER_NAMES.get(text, text))
    except ValueError as error:  # characters that no name has
        raise LookupError(f"{name!r} is no character set") from error
    if not getattr(info, "_is_text_encoding", True) or info.name in _NO_CHARACTER_SETS:
        raise LookupError(f"{name} is no character set")
    return None if info.name in _BY_CONTENT else info.name
