"""KV-store collections: their records in SQLite, keys, types, columns, several environments and processes."""

from __future__ import annotations

import gzip
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.knowledge.lookups.kvstore import FILE, Collection, KvStore

TRANSFORMS = """
[people]
external_type = kvstore
collection = people_store
fields_list = _key, name, age, admin, born, tags
[strict]
external_type = kvstore
collection = strict_store
fields_list = _key, n
[open]
external_type = kvstore
collection = open_store
"""
COLLECTIONS = """
[people_store]
field.name = string
field.age = number
field.admin = bool
field.born = time
field.tags = array
[strict_store]
enforceTypes = true
field.n = number
[open_store]
"""


def make_app(root: Path, name: str = "app", transforms: str = TRANSFORMS, collections: str = COLLECTIONS) -> Path:
    """Write an app with KV-store lookups."""
    (root / name / "default").mkdir(parents=True)
    (root / name / "default" / "transforms.conf").write_text(transforms)
    (root / name / "default" / "collections.conf").write_text(collections)
    return root / name


@pytest.fixture(params=[True, False], ids=["on disk", "in memory"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> splmini.Environment:
    """Return an environment with the app, whose tables are in a file or in memory."""
    data_dir = tmp_path / "data" if request.param else None
    return splmini.Environment(apps=[make_app(tmp_path)], data_dir=data_dir)


def run(env: splmini.Environment, search: str, events: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Run a search and return its rows."""
    return [dict(row) for row in env.compile(search).run(events or [])]


def table(env: splmini.Environment, name: str = "people", key: bool = False) -> list[dict[str, Any]]:
    """Return the rows of a table, with or without their keys."""
    return [{field: value for field, value in row.items() if key or field != "_key"} for row in env.lookups[name].rows]


def test_rows_are_kept_in_sqlite_and_read_by_another_environment(tmp_path: Path) -> None:
    """What one environment writes stands in one SQLite file, and no CSV file, and another reads it."""
    app, data = make_app(tmp_path), tmp_path / "data"
    run(splmini.Environment(apps=[app], data_dir=data), "| outputlookup people", [{"name": "ann", "age": "7"}])
    assert [path.name for path in data.iterdir()] == [FILE]
    other = splmini.Environment(apps=[app], data_dir=data)
    assert table(other) == [{"name": "ann", "age": 7}]
    assert other.lookups["people"].fields == ["name", "age", "admin", "born", "tags"]
    assert run(other, "| inputlookup people | table name age") == [{"name": "ann", "age": 7}]
    assert run(other, "| lookup people name OUTPUT age | table age", [{"name": "ann"}]) == [{"age": 7}]


def test_only_a_search_that_reads_hears_of_an_empty_collection(env: splmini.Environment) -> None:
    """The first write of a collection is no reason for a message."""
    written = env.compile('| makeresults | eval name="ann" | table name | outputlookup people').run([])
    assert written.messages == []
    read = env.compile("| inputlookup open").run([])
    assert ["is not here" in each.text for each in read.messages] == [True]


def test_fields_have_the_types_of_the_collection(env: splmini.Environment) -> None:
    """What is not of a field's type is dropped, and so is a field that is not in fields_list."""
    run(
        env,
        "| outputlookup people",
        [
            {"name": 5, "age": "12.5", "admin": "T", "born": 100, "tags": ["a", "b"], "more": 1},
            {"name": "x", "age": "old", "admin": "maybe", "tags": "c"},
            {"name": "y", "admin": 0},
        ],
    )
    rows = table(env)
    assert rows[0] == {"name": "5", "age": 12.5, "admin": "true", "born": 100, "tags": ["a", "b"]}
    assert rows[1] == {"name": "x", "tags": "c"}
    assert rows[2] == {"name": "y", "admin": "false"}


def test_enforced_types_refuse_a_write(env: splmini.Environment) -> None:
    """With enforceTypes the whole write fails and the table stays as it was."""
    run(env, "| outputlookup strict", [{"n": 1}])
    with pytest.raises(splmini.KnowledgeError, match="of type number, which 'x' is not"):
        run(env, "| outputlookup strict", [{"n": 2}, {"n": "x"}])
    assert table(env, "strict") == [{"n": 1}]


def test_every_record_has_a_key_of_its_own(env: splmini.Environment) -> None:
    """Keys are made where none is given, also for equal rows and across writes; a given one is kept."""
    run(env, "| outputlookup people", [{"name": "a"}, {"name": "a"}, {"name": "b", "_key": "mine"}])
    run(env, "| outputlookup append=true people", [{"name": "a"}])
    keys = [row["_key"] for row in table(env, key=True)]
    assert len(set(keys)) == 4
    assert keys[2] == "mine"
    assert all(len(key) == 24 for key in keys if key != "mine")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("key_field=_key", [("a", "1"), ("b", "9"), ("c", "3")]),
        ("append=true", [("a", "1"), ("b", "9"), ("c", "3")]),
        ("key_field=_key allow_updates=false", [("a", "1"), ("b", "2"), ("c", "3")]),
        ("key_field=_key append=false", [("b", "9"), ("c", "3")]),
        ("", [("b", "9"), ("c", "3")]),
    ],
)
def test_records_with_a_known_key_are_replaced_in_their_place(
    env: splmini.Environment, options: str, expected: list[tuple[str, str]]
) -> None:
    """key_field and append add and replace; allow_updates=false only adds; append=false replaces all."""
    run(env, "| outputlookup people", [{"_key": "a", "name": "1"}, {"_key": "b", "name": "2"}])
    run(env, f"| outputlookup {options} people", [{"_key": "b", "name": "9"}, {"_key": "c", "name": "3"}])
    assert [(row["_key"], row["name"]) for row in table(env, key=True)] == expected


def test_key_field_names_the_field_that_holds_the_key(env: splmini.Environment) -> None:
    """The value of key_field becomes the key, and the lookup command finds rows by it."""
    run(env, "| outputlookup key_field=name people", [{"name": "ann", "age": 1}])
    run(env, "| outputlookup key_field=name people", [{"name": "ann", "age": 2}, {"name": "bob", "age": 3}])
    assert table(env, key=True) == [{"_key": "ann", "name": "ann", "age": 2}, {"_key": "bob", "name": "bob", "age": 3}]
    assert run(env, "| lookup people _key AS who OUTPUT age | table age", [{"who": "bob"}]) == [{"age": 3}]


@pytest.mark.parametrize(
    ("options", "left"),
    [("", 0), ("create_empty=true", 0), ("override_if_empty=false", 1), ("append=true", 1), ("key_field=name", 1)],
)
def test_no_results_empty_a_collection_unless_told_otherwise(env: splmini.Environment, options: str, left: int) -> None:
    """override_if_empty=false and append leave the records."""
    run(env, "| outputlookup people", [{"name": "a"}])
    run(env, f"| where false() | outputlookup {options} people", [{"name": "b"}])
    assert len(table(env)) == left


def test_a_collection_without_a_list_of_fields_takes_any(env: splmini.Environment) -> None:
    """Its columns are those that were written; appended rows bring new ones."""
    run(env, "| table a | outputlookup open", [{"a": 1}])
    run(env, "| table b | outputlookup append=true open", [{"b": float("inf")}])
    assert env.lookups["open"].fields == ["a", "b"]
    assert table(env, "open") == [{"a": 1}, {"b": "inf"}]


def test_environments_see_what_others_wrote(tmp_path: Path) -> None:
    """Two environments over one folder append to one collection, and each sees the other's records."""
    app, data = make_app(tmp_path), tmp_path / "data"
    first, second = (splmini.Environment(apps=[app], data_dir=data) for _ in range(2))
    assert table(first) == table(second) == []
    run(first, "| outputlookup append=true people", [{"name": "a"}])
    assert [row["name"] for row in table(second)] == ["a"]
    run(second, "| outputlookup append=true people", [{"name": "b"}])
    assert [row["name"] for row in table(first)] == ["a", "b"]


def append_many(app: str, data: str, name: str) -> None:
    """Append records one by one; runs in a process of its own."""
    env = splmini.Environment(apps=[app], data_dir=data)
    for number in range(10):
        run(env, "| outputlookup append=true people", [{"name": f"{name}{number}"}])


def test_processes_lose_nothing(tmp_path: Path) -> None:
    """Records that two processes append at once are all there."""
    app, data = make_app(tmp_path), tmp_path / "data"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(str(app), str(data), name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    rows = table(splmini.Environment(apps=[app], data_dir=data))
    assert sorted(row["name"] for row in rows) == sorted(f"{name}{number}" for name in "ab" for number in range(10))


def test_a_write_that_breaks_off_leaves_the_old_content(tmp_path: Path) -> None:
    """Rows that fail halfway leave the records as they were."""
    store, collection = KvStore(tmp_path), Collection("app", "c")
    store.write(collection, [{"a": 1}], ["a"])

    def broken() -> Any:
        yield {"a": 2}
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        store.write(collection, broken(), ["a"])
    assert [row["a"] for row in store.read(collection)[1].rows] == [1]
    assert store.version(collection) == 1


@pytest.mark.parametrize("name", ["x'; DROP TABLE records; --", 'a"b', "../../up", "a/b", "größe", "x\ud800"])
def test_names_are_never_part_of_a_statement_or_path(tmp_path: Path, name: str) -> None:
    """Any name of a collection, field or key works, and no file is written but the one."""
    store, collection = KvStore(tmp_path), Collection("app", name.replace("\ud800", "?"))
    store.write(collection, [{name: name, "_key": name}], [name])
    rows = store.read(collection)[1].rows
    assert len(rows) == 1
    assert rows[0]["_key"] == name.replace("\ud800", "?")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_collections_of_two_apps_are_two(tmp_path: Path) -> None:
    """A collection belongs to its app: two of one name are kept apart."""
    one = make_app(tmp_path, "one", "[t1]\nexternal_type = kvstore\ncollection = c\n", "[c]\n")
    two = make_app(tmp_path, "two", "[t2]\nexternal_type = kvstore\ncollection = c\n", "[c]\n")
    env = splmini.Environment(apps=[one, two], data_dir=tmp_path / "data")
    run(env, "| outputlookup t1", [{"a": 1}])
    run(env, "| outputlookup t2", [{"a": 2}])
    assert table(env, "t1") == [{"a": 1}]
    assert table(splmini.Environment(apps=[two], data_dir=tmp_path / "data"), "t2") == [{"a": 2}]


def test_a_csv_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    """A CSV file that an earlier version wrote for a collection is read, and goes into SQLite with the next write."""
    app, data = make_app(tmp_path), tmp_path / "data"
    data.mkdir()
    (data / "people_store.csv").write_text("name,age\nann,7\n")
    env = splmini.Environment(apps=[app], data_dir=data)
    assert table(env) == [{"name": "ann", "age": "7"}]
    run(env, "| outputlookup append=true people", [{"name": "bob"}])
    assert [row["name"] for row in table(splmini.Environment(apps=[app], data_dir=data))] == ["ann", "bob"]


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """A broken file is reported with its path, and not overwritten."""
    (tmp_path / FILE).write_text("not a database, " * 100)
    with pytest.raises(splmini.KnowledgeError, match="The KV store cannot be used"):
        KvStore(tmp_path).write(Collection("", "c"), [], [])
    assert (tmp_path / FILE).read_text().startswith("not a database")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """The store is a file below data_dir, not a link that leads out of it."""
    sqlite3.connect(tmp_path / "elsewhere.sqlite").close()
    folder = tmp_path / "data"
    folder.mkdir()
    try:
        (folder / FILE).symlink_to(tmp_path / "elsewhere.sqlite")
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(splmini.KnowledgeError, match="is a link"):
        KvStore(folder).write(Collection("", "c"), [], [])


def test_files_of_lookups_below_data_dir(tmp_path: Path) -> None:
    """A file is written, compressed where its name says so, read by others, and removed where there are no results."""
    env = splmini.Environment(data_dir=tmp_path)
    run(env, "| outputlookup a.csv", [{"n": 1}])
    run(env, "| outputlookup b.csv.gz", [{"n": 2}])
    assert (tmp_path / "b.csv.gz").read_bytes()[:2] == b"\x1f\x8b"
    other = splmini.Environment(data_dir=tmp_path)
    assert run(other, "| inputlookup a.csv | inputlookup append=true b.csv.gz") == [{"n": "1"}, {"n": "2"}]
    run(other, "| where false() | outputlookup a.csv", [{"n": 1}])
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv.gz"]
    results = other.compile("| inputlookup a.csv").run([])
    assert list(results) == []
    assert "is not here" in str(results.messages[0])
    run(other, "| outputlookup append=true a.csv", [{"m": 1}])
    assert table(other, "a.csv") == [{"m": 1}]


def test_a_folder_of_lookups_may_have_conf_files(tmp_path: Path) -> None:
    """A folder's transforms.conf and collections.conf define tables, over its files and over collections."""
    folder, data = tmp_path / "tables", tmp_path / "data"
    folder.mkdir()
    (folder / "ports.csv").write_text("port,service\n22,ssh\n")
    (folder / "more.csv.gz").write_bytes(gzip.compress(b"a\n1\n"))
    (folder / "transforms.conf").write_text(
        "[default]\ncase_sensitive_match = false\n[services]\nfilename = ports.csv\n"
        "[seen]\nexternal_type = kvstore\ncollection = c\nfields_list = _key, n\n"
        "[seen_too]\nexternal_type = kvstore\ncollection = c\nfields_list = m\n"
    )
    (folder / "collections.conf").write_text("[c]\nfield.n = number\n")
    env = splmini.Environment(lookups=folder, data_dir=data)
    assert run(env, "| lookup services service AS s OUTPUT port | table port", [{"s": "SSH"}]) == [{"port": "22"}]
    assert table(env, "more.csv.gz") == [{"a": "1"}]
    run(env, "| outputlookup seen", [{"n": "5"}, {"n": "x", "m": "y"}])
    assert table(splmini.Environment(lookups=folder, data_dir=data), "seen_too") == [{"n": 5}, {"m": "y"}]


def test_a_folder_whose_conf_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    """Of the name of a file only what stands behind the last separator counts, and it is a plain name."""
    (tmp_path / "transforms.conf").write_text("[t]\nfilename = ../..\n")
    with pytest.raises(splmini.KnowledgeError, match="is not a plain file name"):
        _ = splmini.Environment(lookups=tmp_path).lookups["t"]
