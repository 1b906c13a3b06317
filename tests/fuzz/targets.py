"""What is fuzzed: functions of bytes that raise nothing but SplErrors that are no mistake of ours."""

from __future__ import annotations

import contextlib
import functools
import gzip
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import splmini

ROOT = Path(__file__).resolve().parents[2]
LIMITS = splmini.Limits(max_rows=20_000, max_seconds=20)
EVENTS = [
    {"_time": 1, "user": "bob", "n": 4, "_raw": 'user=bob n=4 {"a": 1}'},
    {"_time": 2.5, "user": ["bob", "eve"], "x": "", "_raw": "<a b='c'>d</a>"},
    {"n": 1e308, "user": "10.0.0.1"},
]


@functools.lru_cache(maxsize=1)
def environment() -> Any:
    """Return the environment of searches: nothing can be written outside of it."""
    return splmini.Environment(now=1_700_000_000, limits=LIMITS)


@contextlib.contextmanager
def expected() -> Iterator[None]:
    """Let errors through that tell what is wrong with the input."""
    try:
        yield
    except splmini.InternalError:
        raise
    except splmini.SplError as error:
        str(error).encode("utf-8", "backslashreplace")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def search(data: bytes) -> None:
    """Compile and run a search, lint it and lay it out."""
    text = _text(data)
    with expected():
        laid_out = splmini.format(text)
        assert splmini.format(laid_out) == laid_out
    with expected():
        splmini.lint(text, environment())
    with expected():
        compiled = environment().compile(text)
        compiled.run(EVENTS)
        assert splmini.parse(str(compiled.tree)) == compiled.tree
    environment().forget_writes()


def expression(data: bytes) -> None:
    """Evaluate an expression."""
    with expected():
        environment().compile(f"| eval made={_text(data)}").run(EVENTS)


def events(data: bytes) -> None:
    """Read bytes as events, by what they look like or as the format that the first byte says."""
    from splmini.events import reader_names

    names = [None, *sorted(reader_names())]
    chosen = names[data[0] % len(names)] if data else None
    for content in (data[1:], gzip.compress(data[1:])):
        with expected():
            environment().compile("* | fields *").run(content, **({"format": chosen} if chosen else {}))


def conf(data: bytes) -> None:
    """Load an app whose conf file it is."""
    kinds = ("props", "transforms", "macros", "savedsearches", "eventtypes", "tags", "commands", "collections")
    kind = kinds[data[0] % len(kinds)] if data else "props"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "app", "default", f"{kind}.conf")
        file.parent.mkdir(parents=True)
        file.write_bytes(data[1:])
        with expected():
            env = splmini.Environment(apps=[str(file.parent.parent)], limits=LIMITS)
            env.compile("* | fields *").run(EVENTS)
            dict(env.lookups)
            list(env.macros)
        with expected():
            splmini.check_app(file.parent.parent)


def detection(data: bytes) -> None:
    """Load a detection, lint and run it."""
    with expected():
        loaded = splmini.Detection.from_text(_text(data))
        splmini.lint(loaded, environment())
        loaded.run(EVENTS, environment())


def cases(data: bytes) -> None:
    """Load a file of cases."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x.test.yml")
        file.write_bytes(data)
        with expected():
            splmini.load_cases(file)


def macros(data: bytes) -> None:
    """Load macros, as YAML and as a conf file."""
    from splmini.language.macros import from_yaml

    with expected():
        from_yaml(_text(data))
    with expected():
        splmini.format_yaml(_text(data))
    with expected():
        splmini.MacroRegistry.from_conf(_text(data))


def sigma(data: bytes) -> None:
    """Turn a Sigma rule into a search."""
    from splmini.detections.sigma import sigma_searches

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rule.yml")
        file.write_bytes(data)
        with expected():
            for each in sigma_searches(file):
                splmini.parse(each.spl)


def datamodel(data: bytes) -> None:
    """Load a data model and search its datasets."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "app", "default", "data", "models", "M.json")
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
        with expected():
            env = splmini.Environment(apps=[str(Path(folder, "app"))], limits=LIMITS)
            for name in env.datamodels:
                with expected():
                    env.compile(f'| from datamodel:"{name}"').run(EVENTS)


def model(data: bytes) -> None:
    """Apply a model that somebody put there."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "__mlspl_m.json").write_bytes(data)
        with expected():
            splmini.Environment(data_dir=folder, limits=LIMITS).compile("| apply m").run(EVENTS)


def cache(data: bytes) -> None:
    """Read cache files that hold it."""
    import msgspec

    from splmini.language import macros, tree_cache

    try:
        value = msgspec.msgpack.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    for accept in (macros._macros_of, tree_cache.unpack):
        with contextlib.suppress(TypeError, ValueError, LookupError, AttributeError, RecursionError):
            accept(value)  # `cached` makes anew what is refused by any exception; nothing may hang or end the process


def ways(data: bytes) -> None:
    """Run a random search over random events in several ways."""
    sys.path.insert(0, str(ROOT / "tests" / "property"))
    try:
        import test_ways
    finally:
        sys.path.pop(0)
    for test in (test_ways.test_ways, test_ways.test_frames, test_ways.test_text):
        test.hypothesis.fuzz_one_input(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        search, expression, events, conf, detection, cases, macros, sigma, datamodel, model, cache, ways,
    )
}  # fmt: skip


def seeds(name: str) -> list[bytes]:
    """Return inputs of a target that it begins with."""
    import yaml

    files = {
        "detection": ROOT.glob("examples/*/detection.yml"),
        "cases": ROOT.glob("examples/**/*.test.yml"),
        "macros": ROOT.glob("macros/*.yml"),
        "conf": ROOT.glob("splmini/knowledge/packs/*/default/*.conf"),
        "datamodel": ROOT.glob("splmini/knowledge/packs/*/default/data/models/*.json"),
        "events": ROOT.glob("examples/*/events.*"),
    }
    found = [b"\0" * (name in ("conf", "events")) + file.read_bytes()[:8000] for file in sorted(files.get(name, ()))]
    folder = {"search": "commands", "expression": "eval"}.get(name)
    if folder is not None:
        for file in sorted((ROOT / "tests" / "cases" / folder).glob("*.yaml")):
            for case in yaml.safe_load(file.read_text("utf-8"))[:6]:
                found.append(str(case.get("spl" if name == "search" else "expression", "")).encode())
    if name == "sigma":
        found.append(
            b"title: a\nlogsource: {product: windows, category: process_creation}\n"
            b"detection:\n  s: {Image|endswith: '\\x.exe', a|contains: [b, c]}\n  condition: s and not 1 of f*\n"
            b"  f1: {c: d}\n"
        )
    if name == "model":
        state = '{"algorithm": "LinearRegression", "model": {"kind": "linear", "fields": ["n"], "target": "y"}}'
        found.append(state.encode())
    return [each for each in found if each] or [b"a"]
