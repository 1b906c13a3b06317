"""Limits, named after limits.conf, with its stanzas and defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from splmini.errors import ArgumentError
from splmini.values.texts import shortened


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a run may take and where Splunk cuts; each field is `stanza_setting` or the bare setting of Splunk's
    limits.conf where that is unambiguous. 0 means no limit where Splunk says so.

    Every run has a budget: what would take more memory, make more rows or longer values, or take more time than these
    say ends in `LimitExceeded`, whose `name` is the limit.

    Where Splunk truncates, splmini truncates and adds a message to the results; where cutting would make the answer
    wrong, `LimitExceeded` is raised.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Limitsconf
    """

    subsearch_maxout: int = 10000
    """[subsearch] maxout: rows that a subsearch returns."""
    subsearch_maxtime: float = 60.0
    """[subsearch] maxtime. No effect: a subsearch is not cut by time, as results would depend on the machine."""
    format_maxresults: int = 0
    """Default of maxresults of format: rows that it turns into a search; 0: all of them."""
    join_subsearch_maxout: int = 50000
    """[join] subsearch_maxout: rows of join's subsearch."""
    set_maxresultrows: int = 50000
    """[set] maxresultrows: rows of each subsearch of set."""
    append_maxout: int = 50000
    """[searchresults] maxresultrows as append's maxout default."""
    sort_maxcount: int = 10000
    """Default count of sort."""
    dc_maxvalues: int = 0
    """[stats] maxvalues. No effect: distinct values are not cut; `max_groups` and the memory bound them."""
    list_maxsize: int = 100
    """[stats] list_maxsize: values that list() keeps."""
    values_maxsize: int = 0
    """[stats] maxvaluesize for values(); 0: no limit."""
    perc_method: str = "nearest-rank"
    """[stats] perc_method. No effect: percentiles are interpolated, the median is the nearest rank."""
    perc_digest_num: int = 1000
    """[stats] perc_digest_num. No effect: percentiles are exact up to 65,536 distinct values."""
    chart_maxseries: int = 10
    """Default limit of chart and timechart."""
    timechart_maxbins: int = 50000
    """[discretize] maxbins: time buckets that timechart and makecontinuous may give."""
    mvexpand_max_mem_usage_mb: int = 500
    """[mvexpand] max_mem_usage_mb. No effect: mvexpand keeps nothing in memory."""
    map_maxsearches: int = 10
    """Default maxsearches of map."""
    ctable_maxvalues: int = 1000
    """[ctable] maxvalues: rows and columns of contingency."""
    format_multivalue_collect: bool = False
    """[collect] format_multivalue_collect: each value of a field becomes a pair of its own in what collect writes."""
    collect_ignore_minor_breakers: bool = False
    """[collect] collect_ignore_minor_breakers: values with minor breakers only (`a.b`) get no quotes."""
    transaction_maxopentxn: int = 5000
    """[transactions] maxopentxn."""
    transaction_maxopenevents: int = 100000
    """[transactions] maxopenevents."""
    streamstats_max_window: int = 10000
    """[streamstats] max_stream_window: rows of a window, also of one of time."""
    lookup_max_matches: int = 1000
    """[lookup] max_matches. No effect: the definition of each lookup says how many rows match."""
    kv_maxcols: int = 512
    """[kv] maxcols. No effect: `kv_limit` bounds the fields of one event."""
    kv_limit: int = 0
    """[kv] limit: fields that automatic key-value extraction makes; 0: no limit (Splunk: 100)."""
    spath_extraction_cutoff: int = 5000
    """[spath] extraction_cutoff: characters that spath reads when it extracts all."""
    rex_match_limit: int = 100000
    """[rex] match_limit: steps that a regular expression may take."""
    mvmap_maxvalues: int = 0
    """No effect: mvmap handles all values."""
    search_process_memory_usage_threshold: float = 4000.0
    """[search] search_process_memory_usage_threshold: megabytes of memory that a run may take, whatever for.
    Where the process may have less (`ulimit -v`), that is the limit. 0: no limit."""
    max_value_length: int = 10_000_000
    """Characters that a command or function may make one value of; a record that is read may be longer. 0: no limit."""
    max_values: int = 10_000_000
    """Values of one multivalue field; 0: no limit."""
    max_commands: int = 500
    """Commands of a search, those of its subsearches included; 0: no limit."""
    max_groups: int = 10_000_000
    """Groups that one aggregation may keep."""
    max_rows: int = 50_000_000
    """Rows that an operator may keep in memory, that a run may give, and that its commands may make beyond those that
    they were given (makeresults, mvexpand, join)."""
    sort_bytes: int = 4 << 30
    """Bytes that sorts may spill to disk."""
    spool_bytes: int = 256 << 20
    """Bytes of an iterator's events kept in memory when more than one reader needs them; the rest goes to disk."""
    decompressed_ratio: int = 250
    """How many times larger than it is a compressed file, or an archive with all that it holds, may become, once it
    gave more than `decompressed_bytes`; 0: no limit. Not even logs that repeat themselves compress so well."""
    decompressed_bytes: int = 512 << 20
    """Bytes that a compressed file may give whatever their ratio to its size."""
    archive_files: int = 10_000
    """Files that one archive may hold."""
    record_bytes: int = 64 << 20
    """Bytes of one record of a file of text (a line, an event); one that is longer is cut, and a message says so."""
    max_seconds: float = 0.0
    """Wall time of a run; 0: no limit."""

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each.name, getattr(self, each.name), type(each.default))


_KINDS = {bool: "true or false", int: "a whole number from 0 on", float: "a number from 0 on", str: "a text"}
_GREATEST = 1 << 62


def _check(name: str, value: Any, kind: type) -> None:
    """Refuse what is no value of a limit: it would fail amid a run, or not limit anything."""
    numbers = {int: (int,), float: (int, float)}.get(kind)
    if type(value) in numbers and 0 <= value <= _GREATEST if numbers else isinstance(value, kind):
        return
    raise ArgumentError(
        f"The limit {name} is {_KINDS[kind]}, not {shortened(repr(value), 40)}.",
        name=name,
        hint="0 is no limit where the reference of the limits says so." if numbers else None,
    )
