"""Conf files: the parser, layers, and what of an app must not be read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splmini
from splmini.knowledge.apps import App, load_apps
from splmini.knowledge.conf import Layer, Line, decode, merge, parse_conf, read_layer
from splmini.knowledge.fields.autokv import json_fields
from splmini.knowledge.fields.patterns import expand_modules, parse_format
from splmini.knowledge.fields.settings import parse_lookup
from splmini.knowledge.fields.steps import Names
from splmini.knowledge.files import AppFiles
from splmini.knowledge.lookups.content import read_csv
from splmini.knowledge.lookups.definitions import match_types
from splmini.knowledge.props import build_props
from splmini.values import xml
from splmini.values.keyvalue import clean_key, delimited_pairs, key_value_pairs, split_quoted

CONF_CASES: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "settings before a header belong to default": ("a = 1", [("default", "a", "1")]),
    "blanks around keys and values go": ("[s]\n  a   =   b c  ", [("s", "", ""), ("s", "a", "b c")]),
    "the first = splits": ("[s]\na = b=c", [("s", "", ""), ("s", "a", "b=c")]),
    "comments and blank lines": ("# x\n\n[s]\n  # y\na=1 # kept", [("s", "", ""), ("s", "a", "1 # kept")]),
    "a backslash continues, comments inside are text": (
        "[s]\na = 1\\\n# 2\\\n3",
        [("s", "", ""), ("s", "a", "1\n# 2\n3")],
    ),
    "a backslash at the end of the file": ("[s]\na = 1\\", [("s", "", ""), ("s", "a", "1")]),
    "brackets in a header": ("[source::/x[0-9]]", [("source::/x[0-9]", "", "")]),
    "blank values": ("[s]\na =", [("s", "", ""), ("s", "a", "")]),
    "junk is passed over": ("[s]\nwhat is this\n= 3\na=1", [("s", "", ""), ("s", "a", "1")]),
    "carriage returns": ("[s]\r\na=1\\\r\n2\r\n", [("s", "", ""), ("s", "a", "1\n2")]),
}


@pytest.mark.parametrize("name", CONF_CASES)
def test_parse(name: str) -> None:
    """A conf file is read as Splunk reads it."""
    text, expected = CONF_CASES[name]
    assert [line[:3] for line in parse_conf(text)] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    """A byte order mark says the encoding, else it is UTF-8."""
    assert decode("[ä]".encode(encoding)) == "[ä]"


def test_layers_merge_by_setting() -> None:
    """The stronger layer wins for each setting, the last of two in one file."""
    strong = Layer("a", "local/x.conf", (Line("s", "k", "1", 1), Line("s", "k", "2", 2)))
    weak = Layer("b", "default/x.conf", (Line("s", "k", "3", 1), Line("s", "l", "4", 2)))
    merged = merge([strong, weak])
    assert {key: setting.value for key, setting in merged["s"].items()} == {"k": "2", "l": "4"}
    assert merged["s"]["l"].app == "b"


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_conf_file(data: bytes) -> None:
    """Whatever bytes a conf file holds, reading it gives stanzas and raises nothing."""
    build_props(merge([read_layer("app", "default/props.conf", data)]))


@given(st.text(alphabet="[]=\\\n# aE-:.*()|?", max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_conf_file(text: str) -> None:
    """Text made of what conf files are made of is read, pattern stanzas included."""
    props = build_props(merge([read_layer("app", "default/props.conf", text.encode())]))
    assert props.key("a", "b", "c").sourcetype is not None


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_automatic_extraction_takes_any_text(text: str) -> None:
    """Automatic extraction gives fields or none of any text."""
    everything = Names(None)
    assert all(value for _, value in key_value_pairs(text))
    assert json_fields(text, everything) is None or isinstance(json_fields(text, everything), dict)
    assert isinstance(xml.flatten(text), dict)
    list(delimited_pairs("|;", "=:")(text))
    assert "".join(split_quoted(text, ",")).count(",") <= text.count(",")


# ---- pieces --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "cleaned"), [("a-b", "a_b"), ("_9x", "x"), ("ok", "ok"), ("é", ""), ("a.b{}", "a_b__")]
)
def test_clean_key(key: str, cleaned: str) -> None:
    """Names from the data become field names."""
    assert clean_key(key) == cleaned


def test_format_pairs() -> None:
    """A FORMAT is pairs of names and values, quoted or not."""
    pairs = [(name.parts, value.parts) for name, value in parse_format('a::$1, "b c"::"x $2" $3::$4')]
    assert pairs == [(("a",), (1,)), (("b c",), ("x ", 2)), ((3,), (4,))]


def test_module_that_refers_to_itself() -> None:
    """A modular regular expression that holds itself is an error, not a hang."""
    stanzas = merge([read_layer("a", "f", b"[m]\nREGEX = x[[m]]")])
    with pytest.raises(splmini.KnowledgeError, match="refers to itself"):
        expand_modules("[[m]]", stanzas)


def test_module_that_grows() -> None:
    """Modules that double each other end in an error."""
    text = "\n".join(f"[m{n}]\nREGEX = [[m{n + 1}]][[m{n + 1}]]" for n in range(18)) + "\n[m18]\nREGEX = abcdefgh"
    with pytest.raises(splmini.KnowledgeError, match="too long"):
        expand_modules("[[m0]]", merge([read_layer("a", "f", text.encode())]))


def test_lookup_settings() -> None:
    """A LOOKUP setting is read with its renames and its kind of output."""
    parsed = parse_lookup("t a AS b, c OUTPUTNEW d AS e f")
    assert (parsed.table, parsed.inputs, parsed.outputs, parsed.new) == (
        "t",
        (("a", "b"), ("c", "c")),
        (("d", "e"), ("f", "f")),
        True,
    )
    assert parse_lookup("t a").outputs is None
    with pytest.raises(splmini.KnowledgeError):
        parse_lookup("t OUTPUT x")


@pytest.mark.parametrize("given_types", ["WILDCARD(a), CIDR(b)", ["WILDCARD(a)", "cidr(b)"], "WILDCARD(a) CIDR( b )"])
def test_match_types(given_types: Any) -> None:
    """match_type may be text or a list."""
    assert match_types(given_types) == {"a": "WILDCARD", "b": "CIDR"}


def test_csv_with_mark_and_short_rows() -> None:
    """A CSV file may have a byte order mark, quoted line breaks, short and long rows."""
    data = read_csv(b'\xef\xbb\xbfa,b\n1\n2,"x\ny",z\n\n')
    assert (data.fields, data.rows) == (("a", "b"), ({"a": "1"}, {"a": "2", "b": "x\ny"}))


# ---- what is not trusted -------------------------------------------------------------------------------------------


def make_app(folder: Path, **files: str) -> Path:
    """Write an app; keyword `default__props` is default/props.conf."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__"))
        path = path if path.suffix else path.with_suffix(".conf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_lookup_file_outside_of_the_app(tmp_path: Path) -> None:
    """`filename=` leads nowhere but into the folder lookups: of a path only the file's name counts."""
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    app = make_app(tmp_path / "app", default__transforms="[t]\nfilename = ../../secret.csv\n")
    env = splmini.Environment(apps=[app])
    results = env.compile("| inputlookup t").run([])
    assert list(results) == []
    assert any("is not here" in message.text for message in results.messages)


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs links")
def test_link_out_of_the_app(tmp_path: Path) -> None:
    """A link that leads out of the app is refused."""
    (tmp_path / "secret.conf").write_text("[s]\na=1\n")
    app = make_app(tmp_path / "app", default__app="")
    (app / "default" / "props.conf").symlink_to(tmp_path / "secret.conf")
    with pytest.raises(splmini.KnowledgeError, match="leads out of the app"):
        load_apps([app]).conf("props")


@pytest.mark.parametrize("part", ["..", "a/b", "a\\b", "", "."])
def test_names_of_files(tmp_path: Path, part: str) -> None:
    """Only plain names are looked up below an app."""
    with pytest.raises(splmini.KnowledgeError):
        AppFiles(tmp_path).read("default", part)


def test_scripted_lookups_are_refused(tmp_path: Path) -> None:
    """A lookup that runs a program is UnsupportedFeature that names it."""
    app = make_app(tmp_path / "app", default__transforms="[t]\nexternal_cmd = run.py a b\nfields_list = a, b\n")
    with pytest.raises(splmini.UnsupportedFeature) as caught:
        splmini.Environment(apps=[app]).compile("search * | lookup t a OUTPUT b").run([{"a": 1}])
    assert caught.value.name == "t"


def test_folder_that_is_no_app(tmp_path: Path) -> None:
    """A folder without default and local, and a name of nothing, are errors."""
    with pytest.raises(splmini.KnowledgeError, match="is no Splunk app"):
        load_apps([tmp_path])
    with pytest.raises(splmini.KnowledgeError, match="There is no app folder or built-in pack 'windos'") as caught:
        load_apps(["windos"])
    assert caught.value.hint == "Did you mean 'windows'?"


def test_app_in_a_zip(tmp_path: Path) -> None:
    """An app is read from inside an archive, as from a zipped package."""
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("demo/default/props.conf", "[demo]\nEVAL-x = y\nLOOKUP-t = t y OUTPUT z\n")
        target.writestr("demo/default/transforms.conf", "[t]\nfilename = t.csv\n")
        target.writestr("demo/lookups/t.csv", "y,z\n1,2\n")
    root = zipfile.Path(archive, "demo/")
    env = splmini.Environment(apps=[App("demo", AppFiles(root, "demo"))])
    row = dict(next(iter(env.compile("search *").run([{"sourcetype": "demo", "y": 1}]))))
    assert (row["x"], row["z"]) == (1, "2")


def test_dataset_made_from_itself() -> None:
    """A dataset whose search reads itself is an error, not a hang."""
    env = splmini.Environment(
        apps=["system"], datamodels={"M": {"D": {"search": "| from datamodel:M.D", "fields": []}}}
    )
    with pytest.raises(splmini.KnowledgeError, match="made from itself"):
        env.compile("| from datamodel:M.D").run([{}])


def test_what_is_left_of_an_alias_is_said(tmp_path: Path) -> None:
    """Words of a FIELDALIAS that belong to no alias are a problem of the app; the aliases beside them are made."""
    (tmp_path / "default").mkdir()
    text = '[a]\nFIELDALIAS-x = lost  b AS c, "d e" as f\nFIELDALIAS-y = g AS h , i ASNEW j\n'
    (tmp_path / "default" / "props.conf").write_text(text)
    assert [(each.setting, each.text) for each in splmini.check_app(tmp_path)] == [
        ("FIELDALIAS-x", "'lost' is not of the form 'field AS alias'")
    ]
    event = {"sourcetype": "a", "b": "1", "d e": "2", "g": "3", "i": "4"}
    row = dict(splmini.Environment(apps=[tmp_path]).compile("search * | table c f h j").run([event])[0])
    assert row == {"c": "1", "f": "2", "h": "3", "j": "4"}


def test_names_that_an_inline_expression_finds(tmp_path: Path) -> None:
    """In EXTRACT too the groups `_KEY_n` and `_VAL_n` are the names and values of fields, once for each match."""
    (tmp_path / "default").mkdir()
    text = '[a]\nKV_MODE = none\nEXTRACT-x = "(?<_KEY_1>[^"]+)":"?(?<_VAL_1>[^",]*)"?,\n'
    (tmp_path / "default" / "props.conf").write_text(text)
    event = {"sourcetype": "a", "_raw": '{"who":"ann","b-c":7,"d":"",}'}
    row = dict(splmini.Environment(apps=[tmp_path]).compile("search * | fields - _raw sourcetype").run([event])[0])
    assert row == {"who": "ann", "b_c": "7"}
