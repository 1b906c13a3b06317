"""CSV and TSV with a header, also as Splunk exports it (`_raw`, `__mv_*` columns), and Zeek's TSV.

Sources: https://docs.splunk.com/Documentation/Splunk/latest/Data/Extractfieldsfromfileswithstructureddata
https://docs.zeek.org/en/master/log-formats.html
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

from splmini.events._framing import QUOTED_LINES, split_lines
from splmini.events._lines import sourcetype_from_name
from splmini.events._reader import GIVEN, Block, Settings, reader, text_of
from splmini.events._times import any_epoch, recognise
from splmini.events.recognise import TIME_KEYS, content_of

if TYPE_CHECKING:
    from splmini.operators import Row

NAME = re.compile(r"[A-Za-z_@][\w .:@/(){}\[\]-]{0,100}\Z")
csv.field_size_limit(1 << 28)

# ---- CSV and TSV ---------------------------------------------------------------------------------------------------


def _header(head: bytes) -> tuple[list[str], str] | None:
    """The names and the delimiter of a header line; None where the first line is none."""
    records = QUOTED_LINES.records(head[:16384], None)
    if not records:
        return None
    first = text_of(records[0])
    for delimiter in ("\t", ",", ";", "|"):
        if delimiter in first:
            try:
                names = [name.strip() for name in _cells(first, delimiter)]
            except ValueError:
                return None
            if len(set(names)) == len(names) and all(NAME.match(name) for name in names):
                return names, delimiter
            return None
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == "\t" and '"' not in line:
        return line.split("\t")
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _looks(head: bytes) -> float:
    found = _header(head)
    if found is None:
        return 0.0
    names, delimiter = found
    others = [text_of(record) for record in QUOTED_LINES.records(head, None)[1:6]]
    if len(others) == 5 or not head.endswith(b"\n"):
        others = others[:-1] or others
    if any(_width(line, delimiter) != len(names) for line in others):
        return 0.0
    if not others:
        return 0.2 if "_raw" not in names else 0.9
    return 0.92 if "_raw" in names or "_time" in names else 0.7 if len(names) > 2 else 0.5


def _width(line: str, delimiter: str) -> int:
    try:
        return len(_cells(line, delimiter))
    except ValueError:
        return 0


def _start(head: bytes, settings: Settings) -> tuple[list[str], str, bool]:
    found = _header(head)
    if found is None:  # told to read as CSV what does not look like it: the first line is the header all the same
        first = text_of((split_lines(head) or [b""])[0])
        delimiter = "\t" if "\t" in first else ","
        return [name.strip(' "') for name in first.split(delimiter)], delimiter, True
    return (*found, True)


def _advance(data: bytes, state: tuple[list[str], str, bool]) -> tuple[list[str], str, bool]:
    return state[0], state[1], False


def multivalue(text: str) -> list[str]:
    """Return the values that Splunk writes into a `__mv_` column: `$a$;$b$`, with `$` doubled inside.

    >>> multivalue("$a$;$b$$c$")
    ['a', 'b$c']
    """
    return [each.replace("$$", "$") for each in re.findall(r"\$((?:[^$]|\$\$)*)\$(?:;|\Z)", text)]


@reader("csv", "CSV", _looks, framing=QUOTED_LINES, start=_start, advance=_advance, has_header=True, names_kinds=True)
def parse_csv(record: bytes, block: Block) -> Row | None:
    """CSV and TSV with a header; empty cells are null. The rows of a Splunk export are the events it was made of."""
    names, delimiter, first = block.state
    raw = text_of(record)
    cells = _cells(raw, delimiter)
    if first and [cell.strip() for cell in cells] == names:
        return None
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} cells for {len(names)} columns")
    row: Row = {name: cell for name, cell in zip(names, cells, strict=True) if cell and not name.startswith("__mv_")}
    for name, cell in zip(names, cells, strict=True):
        if name.startswith("__mv_") and len(values := multivalue(cell)) > 1:
            row[name[5:]] = values
    return _csv_event(row, raw, block)


def _csv_event(row: Row, raw: str, block: Block) -> Row:
    settings = block.settings
    exported = "_raw" in row or ("_time" in row and any(name.startswith("__mv_") for name in block.state[0]))
    event: Row = row if exported else {"_raw": raw, **row}
    given = event.get("_time") if "_time" in event else next((row[name] for name in TIME_KEYS if name in row), None)
    moment = any_epoch(given, settings.timezone, settings.now) if given is not None else None
    if moment is None and not exported:
        moment = recognise(raw, settings.timezone, settings.now)
    event.pop("_time", None)
    if moment is not None:
        event["_time"] = moment
    if "sourcetype" not in event and settings.infer:
        told = content_of(row if exported else {name: row[name] for name in row if name != "_raw"}, settings)
        event = {**told, **event}
        event.setdefault("sourcetype", "csv")
        block.inferred[event["sourcetype"], event.get("source", "")] += 1
    if exported:
        event[GIVEN] = True
    return event


# ---- Zeek ----------------------------------------------------------------------------------------------------------


_OWN_FIELDS = frozenset({"host", "source", "sourcetype", "index"})
"""Fields that every event has; a column of that name gets another one from Splunk."""


def _looks_zeek(head: bytes) -> float:
    return 0.99 if head.startswith(b"#separator") or b"\n#fields\t" in head else 0.0


def _zeek_state(data: bytes, state: dict[str, Any]) -> dict[str, Any]:
    state = dict(state)
    for line in split_lines(data):
        if line.startswith(b"#"):
            _zeek_header(line, state)
    return state


def _zeek_header(line: bytes, state: dict[str, Any]) -> None:
    text = text_of(line)
    if text.startswith("#separator "):
        state["separator"] = re.sub(r"\\x([0-9A-Fa-f]{2})", _byte, text[len("#separator ") :])
        return
    name, *values = text[1:].split(state.get("separator", "\t"))
    if name in ("fields", "types"):
        state[name] = values
    elif name in ("path", "unset_field", "empty_field", "set_separator") and values:
        state[name] = values[0]


def _byte(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _start_zeek(head: bytes, settings: Settings) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for line in split_lines(head):
        if not line.startswith(b"#"):
            break
        _zeek_header(line, state)
    return state


@reader("zeek", "Zeek log", _looks_zeek, start=_start_zeek, advance=_zeek_state, self_describing=True)
def parse_zeek(record: bytes, block: Block) -> Row | None:
    """Zeek's tab-separated logs; unset fields are null, sets and vectors multivalue.

    Their sourcetypes are `bro_PATH`, as Splunk's add-ons name them. A column `id.orig_h` is the field `id_orig_h` too,
    and a column `host` is `extracted_host` too: so Splunk names them where it reads the file by its header.
    """
    state: dict[str, Any] = block.state
    if record.startswith(b"#"):
        _zeek_header(record, state)
        return None
    raw = text_of(record)
    names = state.get("fields")
    cells = raw.split(state.get("separator", "\t"))
    if names is None or len(cells) != len(names):
        raise ValueError(f"{len(cells)} values for {len(names or ())} fields")
    types = state.get("types") or [""] * len(names)
    event: Row = {"_raw": raw}
    for name, kind, cell in zip(names, types, cells, strict=False):
        value = _zeek_value(cell, kind, state)
        if value is not None:
            event[name] = value
            if "." in name:
                event[name.replace(".", "_")] = value
            elif name in _OWN_FIELDS:
                event[f"extracted_{name}"] = value
    moment = any_epoch(event.get("ts"))
    if moment is not None:
        event["_time"] = moment
    if block.settings.infer:
        path = state.get("path") or sourcetype_from_name(block.settings.name)
        event["sourcetype"] = f"bro_{path}"
        block.inferred[event["sourcetype"], ""] += 1
    return event


def _zeek_value(cell: str, kind: str, state: dict[str, Any]) -> Any:
    if cell == state.get("unset_field", "-") or cell == state.get("empty_field", "(empty)"):
        return None
    if kind.startswith(("set[", "vector[")):
        items = cell.split(state.get("set_separator", ","))
        return items if len(items) > 1 else items[0]
    return cell
