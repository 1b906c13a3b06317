"""Events that are mapped as columns become the rows that they become one by one."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splmini
from benchmarks import generate, logs
from splmini.knowledge.fields import mapper
from splmini.values import json, regex
from splmini.values.linear import pair_finder
from splmini.values.required import may_match, required_texts

APP = {
    "props.conf": """
[web]
KV_MODE = auto
EXTRACT-verb = "(?<verb>GET|POST) (?<path>\\S+)
EXTRACT-tail = end=(?<tail>\\d*)$
EXTRACT-inner = (?<inner>b\\w+) in path
REPORT-pairs = angle, delims, many
FIELDALIAS-a = user AS src_user verb ASNEW action
EVAL-user = lower(user)
EVAL-size = case(bytes>100, "big", bytes=1, "one", true(), null())
EVAL-both = user.":".verb
EVAL-parts = split(path, "/")
LOOKUP-known = known user AS src_user OUTPUT team
LOOKUP-new = known user AS verb OUTPUTNEW team AS size
""",
    "transforms.conf": """
[angle]
REGEX = <([^=<]+)=([^<]+)
FORMAT = $1::$2
MV_ADD = true
[delims]
DELIMS = ";", ":"
SOURCE_KEY = tail
[many]
REGEX = m(?<mark>\\d)
MV_ADD = true
[known]
filename = known.csv
""",
    "eventtypes.conf": "[posts]\nsearch = sourcetype=web verb=POST\n[ann]\nsearch = user=ann NOT size=big\n",
    "tags.conf": "[eventtype=posts]\nweb = enabled\n[user=ann]\nknown = enabled\n",
}
FIELDS = ("user", "src_user", "verb", "action", "size", "both", "parts", "team", "mark", "a_b", "path", "tail", "inner")
PIECES = st.sampled_from(
    (
        '"GET /a/b ',
        '"POST /bx ',
        "user=Ann ",
        "user=bob ",
        "bytes=1 ",
        "bytes=500 ",
        "<a-b=1",
        "<a.b=2",
        "<1a_b=3",
        "<user=x",
        "m1 m2 ",
        "end=7",
        "end=",
        'team="t"',
        "ü",
        "\n",
    )
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("app"), APP)


@pytest.fixture(scope="module")
def app_of_json(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("app"), JSON_APP)


def written(folder: Path, files: dict[str, str]) -> Path:
    (folder / "default").mkdir()
    for name, text in files.items():
        (folder / "default" / name).write_text(text)
    (folder / "lookups").mkdir()
    (folder / "lookups" / "known.csv").write_text("user,team\nAnn,red\nann,blue\nPOST,green\n")
    return folder


def both(env: splmini.Environment, search: str, events: Any) -> tuple[list[Any], list[Any]]:
    """Rows of events mapped as columns, however few, and one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapper, "FEW", 1)
        columns = env.compile(search).run(events)
        patch.setattr(mapper, "FEW", 1 << 60)
        return list(columns), list(env.compile(search).run(events, optimize=False))


@settings(max_examples=150)
@given(
    raws=st.lists(st.lists(PIECES, max_size=7).map("".join), min_size=1, max_size=8),
    given_fields=st.lists(
        st.dictionaries(st.sampled_from(("user", "bytes", "team")), st.sampled_from(("Ann", "1", 500, ["a", "b"]))),
        min_size=8,
        max_size=8,
    ),
    names=st.lists(st.sampled_from((*FIELDS, "tag", "eventtype", "tag::user")), min_size=1, max_size=5, unique=True),
    form=st.sampled_from(
        (
            "| table {names}",
            "| stats count by {first}",
            "| stats values({first}) as v, count",
            "| eval x=upper(user).verb, user=null() | where isnotnull(x) OR size!=1 | stats count by x {first}",
            '| where like(user, "%n%") OR bytes>1 | table {names}',
            '| rex field=path "(?<p>[a-z])" | search p=* NOT user=bob | stats list(p) as p by {first}',
            "| eval r=random()%1 | stats count by r | fields r count",
            "| makemv delim=n user | mvexpand user | stats count by user",
            "| fillnull value=none user | lookup known user OUTPUT team AS t | chart count over user by t",
            "| rename user AS who | convert num(bytes) AS n | timechart span=1d sum(n) by who",
        )
    ),
)
def test_an_app_of_every_kind_of_step(
    app: Path, raws: list[str], given_fields: list[dict[str, Any]], names: list[str], form: str
) -> None:
    env = splmini.Environment(apps=[app], now=0)
    events = [{**more, "_raw": raw, "sourcetype": "web"} for raw, more in zip(raws, given_fields, strict=False)]
    columns, rows = both(env, "* " + form.format(names=" ".join(names), first=names[0]), events)
    assert columns == rows


MAKERS = (generate.sysmon_xml, logs.cloudtrail, logs.sshd, logs.application, logs.timeless)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "search",
    [
        "* | table user src src_ip dest process_name parent_process_name action status app signature tag",
        "* | stats count by user, action",
        "user=* | stats values(process) as p, dc(src) as s by eventtype",
        "tag=authentication OR tag=process | stats count by tag, user",
        "| tstats count from datamodel=Endpoint.Processes by Processes.process_name Processes.user",
        "| tstats count values(Processes.process) as p from datamodel=Endpoint.Processes where Processes.user!=x* "
        "Processes.process_name=*.exe by Processes.dest Processes.user _time span=1h",
        "| tstats count dc(All_Changes.object) from datamodel=Change by All_Changes.user All_Changes.action",
        "| tstats count from datamodel=Authentication by Authentication.user Authentication.src Authentication.action",
    ],
)
def test_logs_of_the_packs(make: Any, search: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLMINI_BENCH_DATA", str(tmp_path))
    columns, rows = both(splmini.Environment(now=1_700_000_000), search, str(make(60)))
    assert columns == rows


MEMBERS = st.dictionaries(
    st.sampled_from(("user", "verb", "path", "bytes", "message", "host", "index", "source", "team", "deep")),
    st.sampled_from((None, True, 1, 1.5, "Ann", "bob", ["a", "b"], {"user": "x", "l": [1, {"y": 2}]}, "who=Eve", "")),
    max_size=5,
)
JSON_APP = {
    "props.conf": """
[appjson]
KV_MODE = json
REPORT-who = who
FIELDALIAS-a = user AS src_user deep.user ASNEW user
EVAL-size = case(bytes>1, "big", true(), bytes)
EVAL-kind = sourcetype.":".verb
EVAL-verb = upper(verb)
LOOKUP-known = known user AS src_user OUTPUT team
""",
    "transforms.conf": "[who]\nREGEX = who=(?<name>\\w+)\nSOURCE_KEY = message\n[known]\nfilename = known.csv\n",
}


@settings(max_examples=150)
@given(
    members=st.lists(MEMBERS, min_size=1, max_size=12),
    names=st.lists(
        st.sampled_from(
            ("user", "src_user", "size", "kind", "verb", "team", "name", "host", "index", "deep.l{}.y", "path")
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ),
)
def test_members_of_json_are_columns_from_the_file_on(
    app_of_json: Path, members: list[dict[str, Any]], names: list[str]
) -> None:
    env = splmini.Environment(apps=[app_of_json], now=0)
    path = app_of_json / "log.json"
    path.write_text("".join(json_text.dumps({"z": 1, **each}) + "\n" for each in members))
    values = ", ".join(f"list({name}) as v{number}" for number, name in enumerate(names))
    search = env.compile(f"* | stats count, {values} by z")
    columns = list(search.run(str(path), sourcetype="appjson"))
    assert columns == list(search.run(str(path), sourcetype="appjson", optimize=False))


ATOMS = st.sampled_from(
    ("a", "b", "ab", "\\d", "[^a]", "(a|b)", "(?:ab)?", "(?<n>ba+)", "a*", "b+", ".", "\\.", "a{2}")
)


@settings(max_examples=400)
@given(st.lists(ATOMS, min_size=1, max_size=5).map("".join), st.text("ab1.", max_size=8))
def test_a_text_that_matches_has_what_the_pattern_requires(pattern: str, text: str) -> None:
    try:
        compiled = regex.compile(pattern)
    except splmini.ArgumentError:
        return  # a name that stands twice
    if compiled._full.search(text) is not None:
        assert may_match(required_texts(pattern))(text)


@given(
    st.lists(
        st.sampled_from(("<Data N='a_b'>1", "<Data N='a-b'>2", "<Data N='9a.b'>", "<Data N='c'>3", "x", "<")),
        max_size=6,
    ),
    st.sets(st.sampled_from(("a_b", "c", "d")), min_size=1),
)
def test_a_finder_of_some_names_finds_what_one_of_all_finds(parts: list[str], names: set[str]) -> None:
    from splmini.values.keyvalue import clean_key

    text, pattern = "".join(parts), "<Data N='([^'<]+)'>([^<]+)"
    every, some = pair_finder(pattern), pair_finder(pattern, frozenset(names))
    assert every is not None
    assert some is not None
    wanted = [pair for pair in every(text) if clean_key(pair[0]) in names]
    assert [pair for pair in some(text) if clean_key(pair[0]) in names] == wanted


NAMES = st.sampled_from(("a", "b", "a.b", "", "l"))
JSON = st.recursive(
    st.sampled_from((None, True, 1, "x")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)


@settings(max_examples=300)
@given(JSON, st.sets(st.sampled_from(("a", "b", "a.b", "a{}.b", "l{}", "l{}{}", "{}", "{}.a", "a.b.a")), max_size=4))
def test_flattened_json_of_some_names_is_a_part_of_all(value: Any, names: set[str]) -> None:
    every, some = json.flatten(value), json.flatten(value, json.beginnings(names))
    assert {name: every[name] for name in names if name in every} == {
        name: some[name] for name in names if name in some
    }
