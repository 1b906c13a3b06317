"""Events: what comes in, as batches of dicts. `open_source` and `read` take all that the public API calls events.

A text format cuts its bytes into blocks of whole records (`blocks`), a block into records (`Block.records`), a record
into an event (`Block.events`): so a block of bytes can be searched before anything in it is parsed, or sent to another
process. Each format is one decorated reader in its own module; `recognise` chooses by content.
"""

from __future__ import annotations

from splmini.events._parts import Held, Part, file_parts, grouped, total_bytes
from splmini.events._projection import Projected, is_utf8, projectable
from splmini.events._read import Opened, blocks, open_source, read
from splmini.events._reader import Block, Reader, Report, Settings, find_reader, reader_names, readers
from splmini.events._source import Source

__all__ = [
    "Block",
    "Held",
    "Opened",
    "Part",
    "Projected",
    "Reader",
    "Report",
    "Settings",
    "Source",
    "blocks",
    "file_parts",
    "find_reader",
    "grouped",
    "is_utf8",
    "open_source",
    "projectable",
    "read",
    "reader_names",
    "readers",
    "total_bytes",
]
