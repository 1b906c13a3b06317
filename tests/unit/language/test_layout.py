"""The layout formatter, by example; its laws are in tests/property/test_language.py."""

from __future__ import annotations

import re

import pytest
import yaml

from splmini.errors import KnowledgeError, SplSyntaxError
from splmini.language.layout import format
from splmini.language.parser import parse
from splmini.language.yaml_layout import format_yaml

EXAMPLES = {
    "error|stats   count by host|sort -count": "error\n| stats count by host\n| sort -count",
    "| makeresults | eval x=1": "| makeresults\n| eval x=1",
    "a  \n\n  b ```why  so```  | head 5 ```x```": "a b ```why  so```\n| head 5 ```x```",
    "a\n``` a comment on its own line ```\n| head 5": "a\n    ``` a comment on its own line ```\n| head 5",
    "a | transaction x startswith=(b   c)": "a\n| transaction x startswith=(b   c)",
    "a | stats count(eval(x  = 1))": "a\n| stats count(eval(x  = 1))",
    "a | foreach * [eval   x=1]": "a\n| foreach * [eval   x=1]",
    'a "two  blanks"  `m( 1,2 )`': 'a "two  blanks" `m( 1,2 )`',
    "| `m`|`x_filter`": "| `m`\n| `x_filter`",
    "a [search b|fields c]  d": "a [search b | fields c] d",
    r"path=*System\ Volume*   x": r"path=*System\ Volume* x",
    (
        "| tstats `summaries` count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Processes "
        'where Processes.process_name IN ("cmd.exe", "powershell.exe") Processes.process="*-enc*" by Processes.dest '
        "Processes.user Processes.process_name Processes.process Processes.parent_process_name"
    ): """\
| tstats `summaries` count min(_time) as firstTime max(_time) as lastTime
    from datamodel=Endpoint.Processes
    where Processes.process_name IN ("cmd.exe", "powershell.exe") Processes.process="*-enc*"
    by Processes.dest Processes.user Processes.process_name Processes.process
       Processes.parent_process_name""",
    (
        'index=main NOT dest_ip IN ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", '
        '"169.254.0.0/16") process_name=regsvcs.exe'
    ): """\
index=main NOT dest_ip IN ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                           "127.0.0.0/8", "169.254.0.0/16") process_name=regsvcs.exe""",
    (
        'a | eval first=if(isnull(some_field), "no value in this field", some_field), second=coalesce(another, '
        'third, "none"), last=1'
    ): """\
a
| eval first=if(isnull(some_field), "no value in this field", some_field),
    second=coalesce(another, third, "none"),
    last=1""",
    (
        "a | join type=left user [| inputlookup identities.csv | rename identity as user | "
        "eval priority=lower(priority) | fields user priority]"
    ): """\
a
| join type=left user
    [| inputlookup identities.csv
    | rename identity as user
    | eval priority=lower(priority)
    | fields user priority]""",
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_layout(text: str) -> None:
    """A search is laid out as the table shows, and stays so."""
    assert format(text) == EXAMPLES[text]
    assert format(format(text)) == format(text)


@pytest.mark.parametrize("text", ['a "b', "a `b", "a ```b"])
def test_open_quotes_are_refused(text: str) -> None:
    """What is not closed cannot be laid out; the error has a position."""
    with pytest.raises(SplSyntaxError) as caught:
        format(text)
    assert caught.value.position == (1, 3)


DETECTION = """\
# a comment that stays
name: A detection   # and this one
search: >-
  error   user=*
  | stats count by   host|head 5
tests:
- {name: x,   y: "é"}
"""


def test_yaml_keeps_every_other_byte() -> None:
    """Only the search changes: comments, blanks, quotes and order of the rest stay."""
    laid_out = format_yaml(DETECTION)
    assert laid_out == DETECTION.replace(
        "search: >-\n  error   user=*\n  | stats count by   host|head 5\n",
        "search: |-\n  error user=*\n  | stats count by host\n  | head 5\n",
    )
    assert format_yaml(laid_out) == laid_out


@pytest.mark.parametrize(
    "value",
    [
        "error|head 5",
        "'error|head 5'",
        '"error|head 5"',
        "|\n  error\n  |head 5\n\n",
        "error\n  |head 5",
        "error|head 5   # why",
        "\n  error|head 5",
    ],
)
@pytest.mark.parametrize("rest", ["", "name: x\n", "\n# a comment\nname: x\n"])
def test_yaml_scalar_styles(value: str, rest: str) -> None:
    """A search is found in every style of scalar, at the end of a file and before other keys."""
    text = f"search: {value}\n{rest}"
    laid_out = format_yaml(text)
    assert yaml.safe_load(laid_out)["search"] == "error\n| head 5"
    assert laid_out.endswith(rest)
    assert format_yaml(laid_out) == laid_out


def test_yaml_with_crlf() -> None:
    """Line ends stay as they are in the file."""
    assert format_yaml("search: error|head 5\r\nname: x\r\n") == "search: |-\r\n  error\r\n  | head 5\r\nname: x\r\n"


@pytest.mark.parametrize("text", ["a: [", "a: &x 1\nsearch: *x"])
def test_yaml_that_is_not_well_formed(text: str) -> None:
    """Text that is not YAML, or has aliases, is an error of the file."""
    with pytest.raises(KnowledgeError):
        format_yaml(text, "x.yml")


@pytest.mark.parametrize("text", ["- a", "name: x", "search:", "search: [a]", 'search: "a\\x07|b"', "error"])
def test_yaml_without_a_search(text: str) -> None:
    """Where there is no search, or a literal block cannot hold it, nothing changes."""
    assert format_yaml(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a | eval x='b  c' + 1",
        "a | eval 'b\n c'=1",
        "a | stats count as 'b  c'",
        "a | rename 'b  c' as d",
        "a | fields 'b  c'",
    ],
)
def test_names_keep_their_white_space(text: str) -> None:
    """White space inside a single-quoted name is part of the name."""
    assert parse(format(text)) == parse(text)
    assert re.search(r"'b\s\sc'", format(text))
