"""What is broken in an app, a folder or a dict costs itself: every other search goes on, and `apps check` lists it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.knowledge.checks import check_app

PROPS = "[made:sound]\nEXTRACT-who = who (?<who>\\w+)\n"
MODEL = '{"modelName": "Sound", "objects": []}'
SOUND = {
    "props.conf": PROPS,
    "macros.conf": "[sound]\ndefinition = who=ann\n",
    "eventtypes.conf": "[sound]\nsearch = who=ann\n",
    "tags.conf": "[eventtype=sound]\nheard = enabled\n",
    "savedsearches.conf": "[Sound]\nsearch = who=ann | table who\n",
}
BROKEN: dict[str, tuple[str, str, str | None]] = {
    "a macro whose arguments are missing": ("macros.conf", "[m(1)]\ndefinition = a=$x$\n", "names 0 arguments"),
    "a macro with too many arguments": ("macros.conf", "[m(1)]\nargs = a, b\ndefinition = $a$\n", "names 2 arguments"),
    "a macro of many arguments": ("macros.conf", "[m(99999999999)]\ndefinition = a\n", "names 0 arguments"),
    "an expression that is no regular one": ("props.conf", "[made:x]\nEXTRACT-a = (?<a>\n", "regular expression"),
    "an extraction without a field": ("props.conf", "[made:x]\nEXTRACT-a = abc\n", "no named group"),
    "a report of a transform that is not there": ("props.conf", "[made:x]\nREPORT-a = nowhere\n", "no transform"),
    "a calculation that does not parse": ("props.conf", "[made:x]\nEVAL-a = if(\n", ""),
    "a calculation by an unknown function": ("props.conf", "[made:x]\nEVAL-a = nosuch(1)\n", "nosuch"),
    "an alias that is none": ("props.conf", "[made:x]\nFIELDALIAS-a = nothing\n", ""),
    "a lookup that is not there": ("props.conf", "[made:x]\nLOOKUP-a = nowhere a OUTPUT b\n", "nowhere"),
    "a stanza whose pattern is none": ("props.conf", "[source::a(b]\nEVAL-a = 1\n", "no regular expression"),
    "a sed expression that is none": ("props.conf", "[made:x]\nSEDCMD-a = s/(/x/\n", ""),
    "a time zone that is none": ("props.conf", "[made:x]\nTZ = Nowhere/Town\n", "not known"),
    "a line breaker that is none": ("props.conf", "[made:x]\nLINE_BREAKER = (\n", ""),
    "a transform without an expression": ("transforms.conf", "[bare]\nFORMAT = a::$1\n[users]\nREGEX = x\n", None),
    "a table that is not there": ("transforms.conf", "[gone]\nfilename = gone.csv\n", "no such file"),
    "a table outside of the app": ("transforms.conf", "[out]\nfilename = ../../etc/passwd\n", "no such file"),
    "an event type that does not parse": ("eventtypes.conf", "[bad]\nsearch = (a=\n", ""),
    "an event type that names an unknown macro": ("eventtypes.conf", "[bad]\nsearch = `nowhere`\n", "nowhere"),
    "a tag of nothing": ("tags.conf", "[nothing]\nheard = enabled\n", None),
    "a saved search that does not parse": ("savedsearches.conf", "[Bad]\nsearch = | stats count by (\n", None),
    "lines that are no settings": ("props.conf", "[made:x\nno setting\n= 5\n[]\n", None),
    "a file that is no UTF-8": ("macros.conf", "[m]\ndefinition = \udce9\udcff\n", None),
    "a model that is no JSON": ("data/models/Bad.json", "{", ""),
    "a model that is a list": ("data/models/Bad.json", "[1]", ""),
    "a model whose objects are none": ("data/models/Bad.json", '{"modelName": "Bad", "objects": 7}', ""),
    "a model whose search does not parse": (
        "data/models/Bad.json",
        '{"modelName": "Bad", "objects": [{"objectName": "O", "parentName": "BaseEvent", "fields": [],'
        ' "calculations": [], "constraints": [{"search": "(a=", "owner": "O"}]}]}',
        "",
    ),
}


def app_with(folder: Path, file: str, text: str) -> Path:
    """Write an app that is sound but for what a file has besides."""
    for name, sound in SOUND.items():
        (folder / "default").mkdir(parents=True, exist_ok=True)
        (folder / "default" / name).write_text(sound)
    path = folder / "default" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    path.write_bytes((text + "\n" + before).encode("utf-8", "surrogateescape"))
    return folder


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_part_of_an_app(name: str, tmp_path: Path) -> None:
    """Searches that do not use the part find what they would, and the check of the app says what is wrong."""
    file, text, said = BROKEN[name]
    app = app_with(tmp_path / "app", file, text)
    env = splmini.Environment(apps=[app])
    events = [{"_raw": "who ann", "sourcetype": "made:sound"}, {"_raw": "who bob", "sourcetype": "made:x"}]
    for search in ("`sound` | table who", "tag=heard | table who", "| savedsearch Sound"):
        assert [dict(row) for row in env.compile(search).run(events)] == [{"who": "ann"}], search
    assert len(env.compile("search * | fields *").run(events)) == 2
    problems = "\n".join(map(str, check_app(app)))
    if said is not None:
        assert problems
        assert said in problems


MACROS: dict[str, Any] = {
    "no text and no mapping": 7,
    "no definition": {"args": ["a"]},
    "arguments that are no names": {"definition": "x", "args": 5},
    "arguments that are mappings": {"definition": "x", "args": [{}]},
}


@pytest.mark.parametrize("name", MACROS)
def test_a_broken_macro_of_a_dict(name: str) -> None:
    """An entry that is not well formed fails where it is called, and nowhere else."""
    env = splmini.Environment(macros={"bad": MACROS[name], "sound": "a=1"})
    assert len(env.compile("`sound`").run([{"a": 1}, {"a": 2}])) == 1
    with pytest.raises(splmini.SplError, match="bad"):
        env.compile("search `bad`")


FILES = {
    "no YAML": "{:",
    "a macro without a name": "definition: x\n",
    "a text": "hello\n",
    "an alias": "name: &a x\ndefinition: *a\n",
    "no definition": "name: bad\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_of_macros(name: str, tmp_path: Path) -> None:
    """A file of a folder that is not well formed stands for the macro of its name, which says what is wrong."""
    (tmp_path / "bad.yml").write_text(FILES[name])
    (tmp_path / "sound.yml").write_text("name: sound\ndefinition: a=1\n")
    env = splmini.Environment(macros=tmp_path)
    assert len(env.compile("`sound`").run([{"a": 1}, {"a": 2}])) == 1
    with pytest.raises(splmini.SplError, match=r"bad\.yml"):
        env.compile("search `bad`")


TABLES: dict[str, Any] = {
    "a number": 7,
    "nothing": None,
    "rows that are numbers": [1, 2],
    "a text": "rows",
    "an unknown setting": {"nosuch": 1},
    "a name that leads elsewhere": {"filename": "../x.csv", "rows": []},
}


@pytest.mark.parametrize("name", TABLES)
def test_a_broken_table_of_a_dict(name: str) -> None:
    """A table that is not well formed fails where it is read, and nowhere else."""
    env = splmini.Environment(lookups={"bad": TABLES[name], "sound": [{"a": "1"}]})
    assert [dict(row) for row in env.compile("| inputlookup sound").run()] == [{"a": "1"}]
    with pytest.raises(splmini.KnowledgeError):
        env.compile("| inputlookup bad").run()


DEFINITIONS = {
    "no YAML": "{:",
    "an alias": "name: &a bad\nfilename: *a\n",
    "control characters": "name: bad\x00\n",
    "a name that leads elsewhere": "name: bad\nfilename: ../../x.csv\n",
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_broken_definition_of_a_table(name: str, tmp_path: Path) -> None:
    """A lookup's YAML file that is not well formed stands for the table of its name, which says what is wrong."""
    (tmp_path / "bad.yml").write_text(DEFINITIONS[name])
    (tmp_path / "sound.csv").write_text("a\n1\n")
    (tmp_path / "transforms.conf").write_text("[elsewhere]\nfilename = ../..\n")
    env = splmini.Environment(lookups=tmp_path)
    assert [dict(row) for row in env.compile("| inputlookup sound.csv").run()] == [{"a": "1"}]
    for broken in ("bad", "elsewhere"):
        with pytest.raises(splmini.KnowledgeError):
            env.compile(f"| inputlookup {broken}").run()


def test_a_broken_macro_hides_one_that_it_would_replace(tmp_path: Path) -> None:
    """The built-in macro of the same name does not stand in for it: what the user meant is not known."""
    env = splmini.Environment(macros={"security_content_summariesonly": {"args": []}})
    with pytest.raises(splmini.SplError, match="no definition"):
        env.compile("| tstats `security_content_summariesonly` count from datamodel=Web")
