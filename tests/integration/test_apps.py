"""Two small Splunk apps that use every feature of the conf files, loaded as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.knowledge.checks import RULE

APPS = Path(__file__).resolve().parents[1] / "data" / "apps"
VENDOR, OVERLAY = APPS / "vendor_addon", APPS / "overlay_addon"


@pytest.fixture(scope="module")
def env() -> Any:
    """The environment of the vendor's app."""
    return splmini.Environment(apps=[VENDOR], now=1_700_000_000)


def extracted(env: Any, **event: Any) -> dict[str, Any]:
    """Return the fields of one event; without a sourcetype it is vendor:text."""
    rows = list(env.compile("search *").run([{"sourcetype": "vendor:text", **event}]))
    assert len(rows) == 1
    return dict(rows[0])


TEXT = "GET /admin/x.exe at=14/Nov/2023:22:13:20 +0000"
ABSENT = None

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "EXTRACT in ASCII order; the first one wins": ({"_raw": TEXT}, {"verb": "GET", "object_path": "/admin/x.exe"}),
    "EXTRACT in field": ({"_raw": TEXT}, {"object_name": "x.exe"}),
    "[default] applies to every sourcetype": (
        {"_raw": "x trace=0123abcd", "sourcetype": "other"},
        {"trace_id": "0123abcd"},
    ),
    "FORMAT with $n, quotes and literals": (
        {"_raw": 'GET /a src=10.1.2.3 user="a b"'},
        {"src": "10.1.2.3", "user name": "a b", "constant": "yes"},
    ),
    "FORMAT $1::$2 repeats, cleans keys, keeps the first value": (
        {"_raw": "<1 a-b:1><_c.d:2><ok:3><ok:4>"},
        {"a_b": "1", "c_d": "2", "ok": "3"},
    ),
    "MV_ADD repeats the match": ({"_raw": "id#1 id#2 id#2"}, {"ids": ["1", "2", "2"]}),
    "_KEY_n and _VAL_n": ({"_raw": "x", "keyed_part": "a~1 b~2"}, {"a": "1", "b": "2"}),
    "modular regular expressions": (
        {"_raw": "mod[42,1-9,abc,7]"},
        {"size": "42", "range_low": "1", "range_high": "9", "word": "abc"},
    ),
    "DELIMS with FIELDS": (
        {"_raw": "x", "columns_part": 'one,"two, too",'},
        {"c1": "one", "c 2": "two, too", "c3": ABSENT},
    ),
    "DELIMS of pairs": ({"_raw": "x", "pairs_part": 'p=1|q:2;r="a;b"'}, {"p": "1", "q": "2", "r": "a;b"}),
    "DELIMS alone: names and values alternate": (
        {"_raw": "x", "alternate_part": "n1 v1  n2 v2"},
        {"n1": "v1", "n2": "v2"},
    ),
    "CLEAN_KEYS=false": ({"_raw": "x", "unclean_part": "a-b.c=1"}, {"a-b.c": "1", "a_b_c": ABSENT}),
    "KEEP_EMPTY_VALS": ({"_raw": "x", "empty_part": "k=;"}, {"kept_empty": ""}),
    "several aliases in a setting, commas allowed": (
        {"_raw": TEXT},
        {"path": "/admin/x.exe", "quoted path": "/admin/x.exe"},
    ),
    "an alias of an alias": ({"_raw": TEXT}, {"action_copy": "GET"}),
    "EVALs see one snapshot, and replace": ({"_raw": TEXT}, {"action": "read", "action_before": "GET"}),
    "an EVAL that is null removes the field": ({"_raw": TEXT}, {"status": ABSENT}),
    "an EVAL target with braces": ({"_raw": TEXT}, {"GET_seen": 1}),
    "continued lines": ({"_raw": "PUT /x"}, {"action": "write"}),
    "LOOKUP OUTPUT, ignoring case": ({"_raw": TEXT}, {"meaning": "fetch", "weight": "1"}),
    "LOOKUP default_match": ({"_raw": "POST /x"}, {"meaning": "unknown", "weight": "unknown"}),
    "OUTPUTNEW keeps what is there": ({"_raw": TEXT}, {"net": "outside", "second_weight": "1"}),
    "LOOKUP without OUTPUT gives all columns, several rows several values": (
        {"_raw": "PUT /x"},
        {"story": ["first row", "second row"], "score": ["2", "3"]},
    ),
    "WILDCARD, first row in file order": ({"_raw": TEXT}, {"category": "admin"}),
    "WILDCARD falls to the last row": ({"_raw": "GET /pub"}, {"category": "other"}),
    "CIDR gives every network": (
        {"_raw": 'GET /a src=10.1.2.3 user="a"'},
        {"zone": ["office", "company"], "net": "inside"},
    ),
    "CIDR of IPv6": ({"_raw": 'GET /a src=2001:db8::1 user="a"'}, {"zone": "v6"}),
    "time-based lookup: the latest not after the event": (
        {"_raw": 'GET /a src=10.1.2.3 user="a"', "_time": 1_700_000_000},
        {"lease": "late"},
    ),
    "time-based lookup: not older than max_offset_secs": (
        {"_raw": 'GET /a src=10.1.2.3 user="a"', "_time": 1_700_000_000 - 2 * 3600},
        {"lease": ABSENT},
    ),
    "TIME_PREFIX and TIME_FORMAT": ({"_raw": TEXT}, {"_time": 1_700_000_000}),
    "TOKENIZER": ({"_raw": "groups=a", "groups": "x"}, {"groups": "x"}),
    "a literal source beats a pattern, per setting": (
        {"_raw": "x", "source": "/var/log/vendor/app.log"},
        {"origin": "literal source", "depth": "any depth"},
    ),
    "a pattern with alternatives; a literal of low priority": (
        {"_raw": "x", "source": "/var/log/other/special.log"},
        {"origin": "alternatives"},
    ),
    "of equal patterns the first in ASCII order wins": (
        {"_raw": "x", "source": "/var/log/vendor/special.log"},
        {"origin": "pattern"},
    ),
    "* does not cross a separator": ({"_raw": "x", "source": "/x/vendor/a/b.log"}, {"depth": ABSENT}),
    "host patterns ignore case": ({"_raw": "x", "host": "gateway7"}, {"site": "gateway"}),
    "(::){0} makes a sourcetype a pattern": ({"_raw": "x", "sourcetype": "vendor:wild:a"}, {"kind": "wild"}),
    "* alone makes no sourcetype a pattern": ({"_raw": "x", "sourcetype": "vendor:starred:a"}, {"kind": ABSENT}),
    "a sourcetype with a * in its name": ({"_raw": "x", "sourcetype": "vendor:starred:*"}, {"kind": "starred"}),
    "rename: only the new name's stanza applies": (
        {"_raw": "x", "sourcetype": "vendor:old"},
        {"name_of": "new", "sourcetype": "vendor:old", "_sourcetype": "vendor:old"},
    ),
    "a sourcetype in another spelling": ({"_raw": TEXT, "sourcetype": "Vendor:TEXT"}, {"verb": "GET"}),
    "KV_MODE=auto": (
        {"_raw": "a=1, b=\"x y\" c='z';d=4&e=5|f=6 g-h=7", "sourcetype": "vendor:auto"},
        {"a": "1", "b": "x y", "c": "z", "d": "4", "e": "5", "f": "6", "g_h": "7"},
    ),
    "KV_MODE=auto reads JSON": ({"_raw": '{"a": {"b": [1, 2]}}', "sourcetype": "vendor:auto"}, {"a.b{}": [1, 2]}),
    "AUTO_KV_JSON=false": ({"_raw": '{"a": 1}', "sourcetype": "vendor:nojson"}, {"a": ABSENT}),
    "KV_MODE=auto_escaped": (
        {"_raw": r'a="say \"x\"" b=1', "sourcetype": "vendor:auto_escaped"},
        {"a": 'say "x"', "b": "1"},
    ),
    "KV_MODE=none": ({"_raw": "k=v"}, {"k": ABSENT}),
    "KV_MODE=json": (
        {"_raw": '{"a": {"b": 1}, "l": [{"c": "x"}, {"c": "y"}], "t": true}', "sourcetype": "vendor:json"},
        {"a.b": 1, "l{}.c": ["x", "y"], "t": "true"},
    ),
    "numbers of JSON are as they are written": (
        {"_raw": '{"a": 1.10, "b": 2.0, "c": 1e3, "d": 0.5, "e": 7, "n": null}', "sourcetype": "vendor:json"},
        {"a": "1.10", "b": "2.0", "c": "1e3", "d": 0.5, "e": 7, "n": "null"},
    ),
    "KV_MODE=json of what is no JSON": ({"_raw": "{broken", "sourcetype": "vendor:json"}, {}),
    "KV_MODE=xml": (
        {"_raw": '<e n="1"><v>a</v><v>b</v></e>', "sourcetype": "vendor:xml"},
        {"e{@n}": "1", "e.v": ["a", "b"]},
    ),
    "KV_MODE=xml expands no entities": (
        {"_raw": '<!DOCTYPE e [<!ENTITY x "boom">]><e>&x;</e>', "sourcetype": "vendor:xml"},
        {"e": ABSENT},
    ),
    "KV_MODE=multi": (
        {"_raw": "PID  CMD\n1    init\n2    sh -c x", "sourcetype": "vendor:table"},
        {"PID": ["1", "2"], "CMD": ["init", "sh -c x"]},
    ),
    "INDEXED_EXTRACTIONS=json, in spite of KV_MODE=none": (
        {"_raw": '{"when": "x", "a": 1}', "sourcetype": "vendor:indexed_json"},
        {"a": 1},
    ),
    "INDEXED_EXTRACTIONS=csv with FIELD_NAMES": (
        {"_raw": '1,"b, c",', "sourcetype": "vendor:csv"},
        {"first": "1", "second": "b, c", "third": ABSENT},
    ),
    "INDEXED_EXTRACTIONS=tsv": ({"_raw": "1\t2", "sourcetype": "vendor:tsv"}, {"first": "1", "second": "2"}),
    "event types, nested ones and macros": (
        {"_raw": TEXT},
        {"eventtype": ["vendor_phrase", "vendor_read", "vendor_read_admin", "vendor_any"]},
    ),
    "tags of event types and of values": (
        {"_raw": TEXT},
        {
            "tag": ["access", "executable", "vendor", "web"],
            "tag::eventtype": ["access", "vendor", "web"],
            "tag::path": "executable",
        },
    ),
    "tags of a calculated field": ({"_raw": "PUT /x"}, {"tag::action": "change", "tag": ["change", "vendor"]}),
    "no event type": ({"_raw": "x", "sourcetype": "other"}, {"eventtype": ABSENT, "tag": ABSENT}),
    "an event type over a number": (
        {"_raw": '{"count": 10}', "sourcetype": "vendor:json"},
        {"eventtype": ["vendor_number", "vendor_any"]},
    ),
    "EXTRACT works on lines, and across them": (
        {"_raw": "first x\nsecond y z\nlast words", "sourcetype": "vendor:spelled"},
        {"of_second_line": "y", "last_word": "words"},
    ),
    "FIELDALIAS with wildcards": (
        {"_raw": "raw_a=1 raw_b=2", "sourcetype": "vendor:spelled", "plain_a": "mine", "kept_b": "mine"},
        {"plain_a": "mine", "plain_b": "2", "kept_a": "1", "kept_b": "mine"},
    ),
    "SOURCE_KEY of several fields": (
        {"_raw": "x", "raw_a": "one", "raw_b": "two", "sourcetype": "vendor:spelled"},
        {"both": "one two"},
    ),
    "LOOKUP spelled otherwise": (
        {"_raw": "verb=GET", "sourcetype": "vendor:spelled"},
        {"meaning": "fetch", "weight": "1"},
    ),
    "KV_TRIM_SPACES=false": ({"_raw": 'a=" b "', "sourcetype": "vendor:spelled"}, {"a": " b "}),
    "KV_TRIM_SPACES": ({"_raw": 'a=" b "', "sourcetype": "vendor:trimmed"}, {"a": "b"}),
    "(?-i) makes a host pattern mind case": ({"_raw": "x", "host": "Exact1"}, {"spelling": "exact"}),
    "(?-i) in another case": ({"_raw": "x", "host": "exact1"}, {"spelling": ABSENT}),
    "members called as fields of the index": (
        {"_raw": '{"source": "s", "host": "h", "a": [1, 2]}', "sourcetype": "vendor:reserved", "source": "file"},
        {"source": "file", "extracted_source": "s", "extracted_host": "h", "host": ABSENT, "a{}": [1, 2]},
    ),
    "JSON_TRIM_BRACES_IN_ARRAY_NAMES": (
        {"_raw": '{"a": [{"b": 1}, {"b": 2}]}', "sourcetype": "vendor:braces"},
        {"a.b": [1, 2]},
    ),
    "an event type with a field in its name": (
        {"_raw": "verb=GET", "sourcetype": "vendor:spelled"},
        {"eventtype": ["vendor_of_GET", "vendor_any"], "tag": ["reading", "vendor"]},
    ),
    "a given key is never overwritten or removed": (
        {"_raw": TEXT, "action": "mine", "status": "kept", "verb": "PUT", "net": "given", "removed_by_alias": "stays"},
        {"action": "mine", "status": "kept", "verb": "PUT", "net": "given", "removed_by_alias": "stays", "weight": "2"},
    ),
    "without _raw the given keys are the extracted fields": (
        {"verb": "GET", "object_path": "/a/b"},
        {"action": "read", "path": "/a/b", "object_name": "b", "_raw": ABSENT},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fields(env: Any, name: str) -> None:
    """Each feature of the conf files gives the fields that it says."""
    event, expected = CASES[name]
    row = extracted(env, **event)
    assert {field: row.get(field) for field in expected} == expected


def test_events_are_not_changed(env: Any) -> None:
    """The caller's dict is as it was."""
    event = {"_raw": TEXT, "sourcetype": "vendor:text"}
    extracted(env, **event)
    list(env.compile("search * | eval verb=1").run([event]))
    assert event == {"_raw": TEXT, "sourcetype": "vendor:text"}


def test_full_knowledge_replaces_given_keys(env: Any) -> None:
    """With knowledge=full EVAL and LOOKUP replace what the caller gave."""
    event = {"_raw": TEXT, "sourcetype": "vendor:text", "action": "mine", "status": "x", "meaning": "old"}
    row = next(iter(env.compile("search *").run([event], knowledge="full")))
    assert (row["action"], row["status"], row["meaning"]) == ("read", "y", "fetch")


@pytest.mark.parametrize("name", CASES)
def test_only_what_is_needed(env: Any, name: str) -> None:
    """A search that needs some fields gets the same values as one that needs all."""
    event, expected = CASES[name]
    fields = " ".join(f'"{field}"' for field in expected if not field.startswith("_"))
    if not fields:
        return
    rows = list(env.compile(f"search * | fields {fields}").run([{"sourcetype": "vendor:text", **event}]))
    row = rows[0] if rows else {}
    assert {f: row.get(f) for f in expected if f[0] != "_"} == {f: v for f, v in expected.items() if f[0] != "_"}


@pytest.mark.parametrize(
    ("condition", "read", "kept"),
    [
        ("sourcetype=vendor:new", 1, 0),
        ("sourcetype=vendor:old", 0, 1),
        ("_sourcetype=vendor:old", 1, 1),
        ("sourcetype=*:new", 1, 0),
        ("eventtype=vendor_renamed", 1, 1),
        ("tag=renamed", 1, 1),
        ('name_of=new "x"', 1, 1),
    ],
)
@pytest.mark.parametrize(
    "after", ["", " | stats count by sourcetype", " | fields sourcetype", ' | where name_of="new"']
)
def test_renamed_sourcetypes(env: Any, condition: str, read: int, kept: int, after: str) -> None:
    """A renamed sourcetype is what a search of files sees; an event that the caller gives keeps its own."""
    search = env.compile(f"search {condition}{after}")
    source = splmini.Source("x\n", sourcetype="vendor:old")
    events = [{"_raw": "x", "sourcetype": "vendor:old"}]
    assert len(search.run(source)) == len(search.run(source, optimize=False)) == read
    assert len(search.run(events, knowledge="full")) == read
    assert len(search.run(events)) == len(search.run(events, optimize=False)) == kept
    assert events == [{"_raw": "x", "sourcetype": "vendor:old"}]


def test_renamed_sourcetypes_in_parallel(env: Any, tmp_path: Path) -> None:
    """The tasks of an executor rename what the calling process renames."""
    (tmp_path / "x.log").write_text("x\ny\n")
    search = env.compile("search * | stats count by sourcetype, _sourcetype")
    source = splmini.Source(tmp_path / "x.log", sourcetype="vendor:old")
    with ThreadPoolExecutor(1) as executor:
        read = search.run(source, executor=executor)
        kept = search.run([{"_raw": "x", "sourcetype": "vendor:old"}], executor=executor)
    assert list(read) == [{"sourcetype": "vendor:new", "_sourcetype": "vendor:old", "count": 2}]
    assert list(kept) == [{"sourcetype": "vendor:old", "_sourcetype": "vendor:old", "count": 1}]


def test_a_given_original_sourcetype_is_kept(env: Any) -> None:
    """A `_sourcetype` that the caller gives is not replaced."""
    events = [{"_raw": "x", "sourcetype": "vendor:old", "_sourcetype": "mine"}]
    assert env.compile("search * | eval was=_sourcetype").run(events)[0]["was"] == "mine"


def test_fields_of_renamed_sourcetypes(env: Any) -> None:
    """The table of fields shows the sourcetype that a search sees."""
    source = splmini.Source("x\n", sourcetype="vendor:old")
    assert {row["sourcetype"] for row in env.fields(source)} == {"vendor:new"}
    assert {row["sourcetype"] for row in env.fields([{"_raw": "x", "sourcetype": "vendor:old"}])} == {"vendor:old"}


# ---- layers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apps", "net", "c1"),
    [([VENDOR], "outside", "one"), ([OVERLAY, VENDOR], "overlay local", None), ([VENDOR, OVERLAY], "outside", "one")],
)
def test_layers(apps: list[Path], net: str, c1: str | None) -> None:
    """The earlier app wins, local wins over default, and a blank setting turns a lower one off."""
    row = extracted(splmini.Environment(apps=apps), _raw="GET /x", columns_part="one,two")
    assert (row["net"], row.get("c1")) == (net, c1)


def test_each_definition_keeps_its_own_file() -> None:
    """A lookup definition reads the file of its own app, though another app has one of the same name."""
    row = extracted(splmini.Environment(apps=[OVERLAY, VENDOR]), _raw="GET /x")
    assert row["meaning"] == "fetch"


# ---- what else apps define -----------------------------------------------------------------------------------------


def test_macros_saved_searches_and_commands(env: Any) -> None:
    """Macros expand, saved searches run, custom commands parse and are refused by name."""
    events = [{"_raw": TEXT, "sourcetype": "vendor:text"}]
    assert [dict(row) for row in env.compile("search * | `vendor_by(verb)`").run(events)] == [
        {"verb": "GET", "count": 1}
    ]
    assert [dict(row) for row in env.compile('| from savedsearch:"Vendor reads"').run(events)] == [{"count": 1}]
    with pytest.raises(splmini.UnsupportedFeature) as caught:
        env.compile("search * | vendorcmd x=1")
    assert caught.value.name == "vendorcmd"


def test_lookup_tables_can_be_read(env: Any) -> None:
    """Definitions, files and collections are tables of the environment."""
    assert {"vendor_words", "vendor_words.csv", "vendor_store"} <= set(env.lookups)
    assert env.lookups["vendor_words.csv"].rows[0] == {"verb": "get", "meaning": "fetch", "weight": "1"}
    assert env.lookups["vendor_store"].fields == ["name", "value"]


# ---- data models ---------------------------------------------------------------------------------------------------

MODEL_EVENTS = [
    {"_time": 100, "_raw": "GET /admin/x.exe", "sourcetype": "vendor:text", "user": "ann"},
    {"_time": 130, "_raw": "GET /pub/y.txt", "sourcetype": "vendor:text", "user": "ann"},
    {"_time": 900, "_raw": "PUT /admin/z.exe", "sourcetype": "vendor:text", "user": "bob"},
    {"_time": 950, "_raw": "hello", "sourcetype": "other"},
]

MODEL_CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "root dataset, calculations in order": (
        "| tstats count from datamodel=Vendor.Access by Access.label",
        [{"Access.label": "READ", "count": 2}, {"Access.label": "WRITE", "count": 1}],
    ),
    "child constraint over a calculated field": (
        "| tstats count from datamodel=Vendor.Reads by Access.Reads.verb",
        [{"Access.Reads.verb": "GET", "count": 2}],
    ),
    "grandchild, with inherited and own fields": (
        "| tstats values(Access.extension) as e values(Access.Reads.Admin_Reads.risk) as r "
        "from datamodel=Vendor.Admin_Reads",
        [{"e": "exe", "r": 9}],
    ),
    "Rex and Lookup calculations": (
        "| tstats count from datamodel=Vendor.Access by Access.extension Access.sense",
        [
            {"Access.extension": "exe", "Access.sense": "fetch", "count": 1},
            {"Access.extension": "exe", "Access.sense": "store", "count": 1},
            {"Access.extension": "txt", "Access.sense": "fetch", "count": 1},
        ],
    ),
    "nodename selects a child": (
        "| tstats count from datamodel=Vendor.Access where nodename=Access.Reads",
        [{"count": 2}],
    ),
    "nodename of a grandchild": (
        "| tstats count from datamodel=Vendor.Access where nodename=Access.Reads.Admin_Reads by Access.user",
        [{"Access.user": "ann", "count": 1}],
    ),
    "a field that the dataset lacks is null": ("| tstats count from datamodel=Vendor.Access by Access.verb", []),
    "fillnull_value": (
        "| tstats fillnull_value=none count from datamodel=Vendor.Access by Access.nothing",
        [{"Access.nothing": "none", "count": 3}],
    ),
    "a base search with pipes": (
        "| tstats count from datamodel=Vendor.Piped by Piped.size",
        [{"Piped.size": 10, "count": 1}, {"Piped.size": 12, "count": 2}],
    ),
    "a transaction": (
        "| tstats count from datamodel=Vendor.Sessions by Sessions.user Sessions.duration",
        [
            {"Sessions.user": "ann", "Sessions.duration": 30, "count": 1},
            {"Sessions.user": "bob", "Sessions.duration": 0, "count": 1},
        ],
    ),
    "time modifiers in where": (
        "| tstats count from datamodel=Vendor.Access where earliest=120 latest=901",
        [{"count": 2}],
    ),
    "a bare term in where": ("| tstats count from datamodel=Vendor.Access where pub", [{"count": 1}]),
    "span of _time": (
        "| tstats count from datamodel=Vendor.Access by _time span=10m",
        [{"_time": 0, "count": 2}, {"_time": 600, "count": 1}],
    ),
    "from gives fields without prefix, and _raw": (
        "| from datamodel:Vendor.Reads | search pub | table label object_path",
        [{"label": "READ", "object_path": "/pub/y.txt"}],
    ),
    "datamodel search gives only the dataset's fields": (
        "| datamodel Vendor Reads search | search Access.user=ann "
        "| stats count count(Access.label) as l count(verb) as v",
        [{"count": 2, "l": 2, "v": 0}],
    ),
    "datamodel flat": ("| datamodel Vendor Reads flat | stats count(label) as l", [{"l": 2}]),
    "strict_fields=false": (
        "| datamodel Vendor Access search strict_fields=false | stats count(verb) as v count(Access.user) as u",
        [{"v": 3, "u": 3}],
    ),
}


@pytest.mark.parametrize("name", MODEL_CASES)
def test_data_models(env: Any, name: str) -> None:
    """Datasets of the app's data model give what their JSON says."""
    search, expected = MODEL_CASES[name]
    rows = [dict(row) for row in env.compile(search).run(MODEL_EVENTS)]
    assert rows == expected


def test_damaged_model_is_noted_and_hides_no_other(env: Any) -> None:
    """A model that is no JSON is left out, and noted."""
    assert list(env.datamodels) == ["Vendor"]
    assert [note.stanza for note in env.knowledge.notes if "Damaged" in note.file] == ["Damaged.json"]


def test_given_dataset_replaces_the_apps() -> None:
    """A dataset that the caller gives replaces the app's of that name; the others stay."""
    env = splmini.Environment(
        apps=[VENDOR], datamodels={"Vendor": {"Access": {"search": "sourcetype=other", "fields": ["_raw_text"]}}}
    )
    assert [dict(row) for row in env.compile("| tstats count from datamodel=Vendor.Access").run(MODEL_EVENTS)] == [
        {"count": 1}
    ]
    assert len(list(env.compile("| from datamodel:Vendor.Piped").run(MODEL_EVENTS))) == 3


# ---- what is not carried out, and where fields come from -----------------------------------------------------------

CHECKED = {
    VENDOR: [
        ("default/props.conf", "vendor:text", "REPORT-a", "There is no transform 'vendor_missing'."),
        ("default/props.conf", "rule::ignored", "EVAL-bad", RULE),
        ("default/props.conf", "vendor:spelled", "REPORT-joined", "refers to a group that the expression"),
        ("default/props.conf", "vendor:input", "TRANSFORMS-b_meta", "has neither DEST_KEY nor WRITE_META"),
        ("default/data/models/Damaged.json", "Damaged.json", "", "it has no list 'objects'"),
        ("default/commands.conf", "vendorcmd", "", "custom commands are not run"),
    ],
    OVERLAY: [
        ("default/props.conf", "vendor:text", "UNKNOWN_SETTING", "not carried out"),
        ("default/props.conf", "vendor:text", "DATETIME_CONFIG", "files of time patterns are not read"),
        ("default/props.conf", "vendor:text", "EXTRACT-broken", "is invalid at position 6"),
        ("default/props.conf", "vendor:text", "EXTRACT-nothing", "no named group"),
        ("default/props.conf", "vendor:text", "EVAL-broken", "is missing after 'if('"),
        ("default/props.conf", "vendor:text", "LOOKUP-script", "scripted lookups are not run"),
        ("default/transforms.conf", "overlay_script", "external_cmd", "are refused"),
        ("default/transforms.conf", "overlay_geo", "external_type", "are refused"),
        ("default/transforms.conf", "overlay_escape", "filename", "no such file in the folder lookups"),
        ("default/eventtypes.conf", "overlay_type", "search", "its search has a pipe"),
        ("default/eventtypes.conf", "overlay_bad", "search", "is missing after '('"),
    ],
}


@pytest.mark.parametrize("app", CHECKED, ids=lambda app: app.name)
def test_check(app: Path) -> None:
    """Checking an app lists exactly what of it is not carried out."""
    problems = splmini.check_app(app)
    found = sorted((each.file, each.stanza, each.setting) for each in problems)
    assert found == sorted(each[:3] for each in CHECKED[app])
    texts = {(each.file, each.stanza, each.setting): each.text for each in problems}
    assert all(each[3] in texts[each[:3]] for each in CHECKED[app])


def test_settings_that_are_wrong_do_nothing(tmp_path: Path) -> None:
    """A time zone that is none, and a lookup() while reading, are listed by the check and stop no search."""
    folder = tmp_path / "app" / "default"
    folder.mkdir(parents=True)
    (folder / "props.conf").write_text("[x]\nTZ = No/Where\nTIME_PREFIX = (\nTRANSFORMS-a = t\n")
    call = 'lookup("t.csv", json_object("a", _raw), json_array("c"))'
    (folder / "transforms.conf").write_text(f"[t]\nINGEST_EVAL = y={call}\n")
    problems = {each.setting: each.text for each in splmini.check_app(folder.parent)}
    assert problems["TZ"] == "the time zone No/Where is not known"
    assert problems["TRANSFORMS-a"] == "lookup() is not carried out in INGEST_EVAL."
    env = splmini.Environment(apps=[folder.parent])
    rows = env.compile("search * | table date_hour y").run(splmini.Source("1970-01-01 05:00:00 x\n", sourcetype="x"))
    assert list(rows) == [{"date_hour": 5}]


def test_problems_are_said_once() -> None:
    """What an app does often is said once, with a count."""
    from splmini.knowledge.checks import _once
    from splmini.knowledge.fields.extraction import Problem

    problems = [Problem("a", "f", str(n), f"TRANSFORMS-{n}", RULE) for n in range(3)]
    assert [str(each) for each in _once(problems)] == [f"a: f [0] TRANSFORMS-0: {RULE} (2 more)"]


def test_provenance(env: Any) -> None:
    """For each field the setting, stanza and app that made it are named."""
    rows = list(env.fields([{"_raw": TEXT, "sourcetype": "vendor:text", "user": "ann"}]))
    origins = {row["field"]: (row["from"], row.get("setting"), row.get("stanza"), row.get("app")) for row in rows}
    assert {
        name: origins[name] for name in ("user", "verb", "path", "action", "meaning", "eventtype", "tag::path")
    } == {
        "user": ("given", None, None, None),
        "verb": ("extraction", "EXTRACT-a_first", "vendor:text", "vendor_addon"),
        "path": ("alias", "FIELDALIAS-a", "vendor:text", "vendor_addon"),
        "action": ("calculation", "EVAL-action", "vendor:text", "vendor_addon"),
        "meaning": ("lookup", "LOOKUP-a_words", "vendor:text", "vendor_addon"),
        "eventtype": (
            "eventtype",
            "search",
            "vendor_phrase, vendor_read, vendor_read_admin, vendor_any",
            "vendor_addon",
        ),
        "tag::path": ("tag", "tags", "path=/admin/x.exe", "vendor_addon"),
    }
    assert set(origins) == set(extracted(env, _raw=TEXT, user="ann")) - {"_time"} | {"_time"} & set(origins)


# ---- reading raw files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sourcetype", "text", "expected"),
    [
        ("vendor:broken", "<1>one\ncont card=123\n<2>two\n", ["<1>one\ncont card=XXXX", "<2>two\n"]),
        ("vendor:broken", "<1>" + "x" * 60, ["<1>" + "x" * 37]),
        ("vendor:merged", "head\nBEGIN a\nb\nBEGIN c\n", ["head", "BEGIN a\nb", "BEGIN c"]),
        (
            "vendor:dated",
            "2023-01-01 10:00:00 a\n more\n2023-01-01 10:00:01 b\n",
            ["2023-01-01 10:00:00 a\n more", "2023-01-01 10:00:01 b"],
        ),
    ],
)
def test_breaking(env: Any, sourcetype: str, text: str, expected: list[str]) -> None:
    """Raw text is cut into events as the stanza says."""
    assert list(env.knowledge.breaking(sourcetype=sourcetype).events(text)) == expected


def test_timestamp_fields(env: Any) -> None:
    """TIMESTAMP_FIELDS name the fields that hold the time, which TIME_FORMAT and TZ read."""
    from datetime import timezone

    rule = env.knowledge.time_rule(("vendor:indexed_json",))
    assert rule.of_row({"when": "2023-11-14 23:13:20"}, timezone.utc) == 1_700_000_000


def test_w3c_header(env: Any) -> None:
    """The columns of a W3C file are named by its header; a dash is null."""
    from splmini.knowledge.indexing.breaking import has_header, header_events

    settings = env.knowledge.plain_settings(("vendor:w3c",))
    assert has_header(settings)
    text = "#Software: x\n#Fields: c-ip cs(User-Agent) sc-status\n10.0.0.1 ua/1 -\n"
    assert list(header_events(text.splitlines(), settings)) == [
        {"_raw": "10.0.0.1 ua/1 -", "c_ip": "10.0.0.1", "cs_User_Agent_": "ua/1"}
    ]


# ---- only what is asked for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "tag=web",
        "tag=WEB",
        "tag=web tag=access",
        "NOT tag=web",
        "tag IN (web, change)",
        "tag!=web",
        "tag=we*",
        "eventtype=vendor_read",
        "eventtype=VENDOR_READ_admin",
        "tag::eventtype=web",
        "tag::action=change",
        "tag::path=executable OR eventtype=vendor_phrase",
        "tag=change NOT eventtype=vendor_read",
        "tag=nothing",
    ],
)
def test_classes_that_are_asked_for(env: Any, condition: str) -> None:
    """A search that only holds tags and event types against values finds what one finds that makes all of them."""
    asked = env.compile(f"search {condition} | table _raw").run(MODEL_EVENTS)
    made = env.compile(f"search * | fields * | search {condition} | table _raw").run(MODEL_EVENTS, optimize=False)
    assert list(asked) == list(made)
