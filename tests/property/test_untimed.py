"""An event whose time nobody reads is the same event without it; whatever reads a time gets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini

FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4624</EventID><TimeCreated "
    "SystemTime='2024-05-01T00:00:0{}Z'/><Channel>Security</Channel><Computer>pc</Computer></System></Event>"
)
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            (
                "May  1 00:00:01 bastion sshd[7]: Failed password for root from 192.0.2.3 port 5 ssh2",
                "2024-05-01T00:00:02Z host app[1]: user=ann status=5",
                '192.0.2.1 - ann [01/May/2024:00:00:03 +0000] "GET / HTTP/1.1" 200 5 "-" "-"',
                "user=bob status=3 no time at all",
                "2024-05-01 00:00:04 user=cid",
                '{"timestamp":"2024-05-01T00:00:05Z","user":"dora"}',
                '{"user":"eve","status":7}',
                "CEF:0|v|p|1|2|n|3|rt=1714521600000 suser=fay",
                "type=USER_LOGIN msg=audit(1714521606.123:5): pid=1 uid=0 res=success",
            )
        ),
        st.integers(0, 9).map(XML.format),
    ),
    min_size=1,
    max_size=8,
)
SEARCHES = (
    "* | stats count by user sourcetype host",
    "* | stats count",
    "user=* | stats dc(status) as d values(src) by sourcetype",
    "Failed | stats count by user",
    "* | stats count min(_time) by user",
    "* | stats latest(user) earliest(sourcetype)",
    "* | stats count by date_second",
    "* | eval second=_time%60 | stats count by second",
    "* | timechart span=1s count",
    "earliest=0 latest=1714521604 * | stats count by sourcetype",
    "* | stats first(user) last(user)",
    "* | table user _time",
    "* | fields user status",
    "_index_earliest=0 * | stats count by user",
    "* | stats count by when",
    "* | stats count by shift",
)
ENVIRONMENTS = {"packs": splmini.Environment(), "now": splmini.Environment(now=1714521700.0)}


@FEW
@given(LINES, st.sampled_from(SEARCHES), st.sampled_from(sorted(ENVIRONMENTS)))
def test_lines_of_all_kinds(tmp_path: Path, lines: list[str], search: str, name: str) -> None:
    """Lines of formats that carry a time on from one event to the next, and of such that do not."""
    file = tmp_path / "events.log"
    file.write_text("\n".join(lines), "utf-8")
    compiled = ENVIRONMENTS[name].compile(search)
    for order in ("given", "newest"):
        fast, plain = (compiled.run(file, order=order, optimize=optimize) for optimize in (True, False))
        assert list(map(dict, fast)) == list(map(dict, plain)), search


@pytest.mark.parametrize("search", ["* | stats count by when", "* | stats count by shift", "* | stats count by user"])
@pytest.mark.parametrize("sourcetype", [None, "gates"])
def test_knowledge_that_reads_times(tmp_path: Path, search: str, sourcetype: str | None) -> None:
    """An app whose calculations, or lookups for a time, read the time of an event."""
    app = tmp_path / "gates"
    (app / "default").mkdir(parents=True)
    (app / "lookups").mkdir()
    (app / "default" / "props.conf").write_text(
        '[gates]\nEVAL-when = strftime(_time, "%S")\nLOOKUP-shift = shifts user OUTPUT shift\n', "utf-8"
    )
    (app / "default" / "transforms.conf").write_text(
        "[shifts]\nfilename = shifts.csv\ntime_field = from\ntime_format = %s\n", "utf-8"
    )
    (app / "lookups" / "shifts.csv").write_text("user,from,shift\nann,1714521600,early\nann,1714521605,late\n", "utf-8")
    env = splmini.Environment(apps=[app])
    log = tmp_path / "gates.log"
    log.write_text("".join(f"2024-05-01T00:00:0{number}Z user=ann\n" for number in range(9)), "utf-8")
    compiled = env.compile(search)
    fast, plain = (compiled.run(log, sourcetype=sourcetype, optimize=optimize) for optimize in (True, False))
    assert list(map(dict, fast)) == list(map(dict, plain))
    if sourcetype is not None and not search.endswith("user"):
        assert len(fast) > 1
