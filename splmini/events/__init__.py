"""Events: what comes in, as batches of dicts. `open_events` and `read` take all that the public API calls events.

A text format cuts its bytes into blocks of whole records (`blocks`), a block into records (`Block.records`), a record
into an event (`Block.events`): so a block of bytes can be searched before anything in it is parsed, or sent to another
process. Each format is one decorated reader in its own module; `recognise` chooses by content.
"""

from __future__ import annotations

from splmini.events._events import Events, Given, Messages, NoEvents, Part, kind
from splmini.events._opening import blocks, open_events, read, readable_again
from splmini.events._projection import Projected, is_utf8, projectable
from splmini.events._reader import (
    Ask,
    Block,
    Reader,
    Reads,
    Report,
    Settings,
    Tables,
    find_reader,
    reader_names,
    readers,
)
from splmini.events._selection import EVERYTHING, VALUES, Candidates, Selection, ValueTest, ValueTests, Verdicts
from splmini.events._source import Source
from splmini.events.kinds.parts import Held, PartEvents, Traits, grouped
from splmini.events.kinds.spooled import for_readers

__all__ = [
    "EVERYTHING",
    "VALUES",
    "Ask",
    "Block",
    "Candidates",
    "Events",
    "Given",
    "Held",
    "Messages",
    "NoEvents",
    "Part",
    "PartEvents",
    "Projected",
    "Reader",
    "Reads",
    "Report",
    "Selection",
    "Settings",
    "Source",
    "Tables",
    "Traits",
    "ValueTest",
    "ValueTests",
    "Verdicts",
    "blocks",
    "find_reader",
    "for_readers",
    "grouped",
    "is_utf8",
    "kind",
    "open_events",
    "projectable",
    "read",
    "readable_again",
    "reader_names",
    "readers",
]
