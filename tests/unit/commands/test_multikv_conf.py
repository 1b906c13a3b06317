"""multikv with stanzas of an app's multikv.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

import splmini
from splmini.commands._table_rules import read_rules

CONF = r"""
[top]
pre.start = "Processes"
pre.end = "PID"
pre.ignore = _all_
header.start = "PID"
header.linecount = 1
header.replace = "%" = "p_", "#" = "n_"
header.tokens = _tokenize_, -1, " "
body.end = "Processes"
body.tokens = _tokenize_, 0, " "

[files]
pre.start = "^total"
pre.linecount = 1
header.tokens = _token_list_, mode, links, user, size, date, name
body.end = "^\s*$"
body.member = "\.py"
body.ignore = _regex_ "^d", "skip"
body.replace = "(\w{3})\s+(\d+)\s+(\d\d:\d\d)" = "\1_\2_\3"
body.tokens = _tokenize_, 0, " "

[columns]
header.linecount = 1
header.tokens = _chop_, 0, 4, 4, 6
body.tokens = _chop_, 0, 4, 4, 6

[commas]
body.start_offset = 1
body.linecount = 2
body.tokens = _tokenize_, -1, ",", false

[aligned]
body.tokens = _align_, name, L, -1

[without]
header.linecount = 1

[wrong]
body.tokens = _cut_, 1
"""
TOP = """Processes: 2 total
load 0.1
 PID %CPU COMMAND
   1  0.5 init fast
   2  9.0 java
Processes: 1 total
 PID %CPU COMMAND
   7  1.0 sh"""
FILES = """total 12
drwxr-xr-x 2 root 40 Jan 1 10:00 lib.py
-rw-r--r-- 1 me 9 Feb 12 08:30 a.py
-rw-r--r-- 1 me 9 Feb 12 08:30 a.txt
-rw-r--r-- 1 me 9 Feb 12 08:30 skip.py

-rw-r--r-- 1 me 9 Feb 12 08:30 behind.py"""
CASES = [
    (
        "top",
        TOP,
        [
            {"PID": "1", "p_CPU": "0.5", "COMMAND": "init fast"},
            {"PID": "2", "p_CPU": "9.0", "COMMAND": "java"},
            {"PID": "7", "p_CPU": "1.0", "COMMAND": "sh"},
        ],
    ),
    (
        "files",
        FILES,
        [{"mode": "-rw-r--r--", "links": "1", "user": "me", "size": "9", "date": "Feb_12_08:30", "name": "a.py"}],
    ),
    ("columns", "id  name\n1   one\n22  two x", [{"id": "1", "name": "one"}, {"id": "22", "name": "two x"}]),
    ("commas", "head\na,,c\n,b\nrest", [{"Column_1": "a", "Column_3": "c"}, {"Column_2": "b"}]),
]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Return an app with the stanzas."""
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "multikv.conf").write_text(CONF, "utf-8")
    return tmp_path


@pytest.mark.parametrize(("stanza", "text", "rows"), CASES, ids=[case[0] for case in CASES])
def test_stanza(app: Path, stanza: str, text: str, rows: list[dict[str, str]]) -> None:
    """The sections of a stanza give the rows of the table."""
    found = splmini.search(f"| multikv conf={stanza} copyattrs=f | fields - _raw", [{"_raw": text}], apps=[str(app)])
    assert list(found) == rows


def test_options_beside_a_stanza(app: Path) -> None:
    """fields, filter and rmorig work beside conf."""
    spl = "| multikv conf=top rmorig=f fields PID filter java | fields PID n"
    found = splmini.search(spl, [{"_raw": TOP, "n": 1}], apps=[str(app)])
    assert [{name: row[name] for name in ("PID", "n") if name in row} for row in found] == [
        {"PID": "2", "n": 1},
        {"n": 1},
    ]


@pytest.mark.parametrize(
    ("stanza", "error"),
    [
        ("nosuch", splmini.KnowledgeError),
        ("without", splmini.KnowledgeError),
        ("wrong", splmini.KnowledgeError),
        ("aligned", splmini.UnsupportedFeature),
        ("top noheader=t", splmini.ArgumentError),
    ],
)
def test_refused(app: Path, stanza: str, error: type[Exception]) -> None:
    """What is not there, not well formed or not supported is an error that points at the option."""
    with pytest.raises(error) as caught:
        splmini.search(f"| multikv conf={stanza}", [{"_raw": TOP}], apps=[str(app)])
    assert caught.value.span is not None


@pytest.mark.parametrize(
    "settings",
    [
        {"body.tokens": "_chop_, 1"},
        {"body.tokens": "_tokenize_"},
        {"body.tokens": "_tokenize_, x"},
        {"body.linecount": "-1"},
        {"body.ignore": "some"},
        {"body.replace": '"a" "b"'},
        {"body.start": "("},
        {"body.tokens": ""},
    ],
)
def test_damaged_stanzas(settings: dict[str, str]) -> None:
    """A setting that is not well formed is a KnowledgeError."""
    with pytest.raises(splmini.KnowledgeError):
        read_rules(settings, "x")
