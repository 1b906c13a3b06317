"""README and docs: every code block runs, every link leads somewhere, every command and function has its page."""

from __future__ import annotations

import doctest
import functools
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from documents_blocks import blocks

from splmini import registry
from splmini.cli import COMMANDS
from splmini.commands import ALIASES

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
hooks = importlib.import_module("hooks")

AT_THE_ROOT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
WRITTEN = [*(ROOT / name for name in AT_THE_ROOT), *sorted(DOCS.rglob("*.md"))]
# the searches of the linter's pages are run by test_lint: most of them are wrong on purpose
WITH_BLOCKS = [path for path in WRITTEN if path.parent.name != "lint" and blocks(path.read_text("utf-8"))]
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)|<(https?://[^>\s]+)>")


@functools.lru_cache(maxsize=1)
def generated() -> dict[str, str]:
    """Return the pages of the reference, by path below docs/."""
    return dict(hooks.pages())


def name_of(path: Path) -> str:
    """Return how a file is called in test ids."""
    return path.relative_to(ROOT).as_posix()


# ---- blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("bash") is None, reason="the shell blocks need bash")
@pytest.mark.parametrize("path", WITH_BLOCKS, ids=name_of)
def test_blocks_run(path: Path) -> None:
    """The blocks of a page run one after the other, as a reader would run them, and print what the page shows.

    In a process of its own, as a page may add functions and commands.
    """
    command = [sys.executable, "-W", "error", str(ROOT / "tests" / "documents_blocks.py"), "--check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stderr.rpartition("AssertionError: ")[2] or done.stderr


def test_examples_in_generated_pages_compile() -> None:
    """The SPL and Python blocks of the generated pages run; their results were made by running them."""
    for path, text in generated().items():
        for block in blocks(text) if path.startswith("reference/") else ():
            if block.language == "python":
                exec(compile(block.text, path, "exec"), {"__name__": "page"})


def test_architecture_names_what_there_is() -> None:
    """Every module that the page on the architecture names stands there."""
    named = set(re.findall(r"`([a-z_/]+\.py)`", (DOCS / "architecture.md").read_text("utf-8")))
    there = [
        path.relative_to(ROOT).as_posix() for folder in ("splmini", "tests") for path in (ROOT / folder).rglob("*.py")
    ]
    missing = sorted(name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in there))
    assert len(named) > 40
    assert not missing


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "splmini").rglob("*.py")
    if ">>> " in path.read_text("utf-8") and path.name != "__init__.py"
)


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples(module: str) -> None:
    """The examples in a module's docstrings, which the reference shows, are true."""
    assert doctest.testmod(importlib.import_module(module)).failed == 0


# ---- links -----------------------------------------------------------------------------------------------------------


def anchors(markdown: str) -> set[str]:
    """Return the anchors of a page's headings, as MkDocs makes them."""
    from markdown.extensions.toc import slugify

    headings = re.findall(r"^#{1,6} +(.+?)\s*$", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL), re.MULTILINE)
    return {slugify(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading), "-") for heading in headings}


def pages() -> dict[str, str]:
    """Return all pages by path from the project's root: written ones and generated ones."""
    found = {name_of(path): path.read_text("utf-8") for path in WRITTEN}
    return found | {f"docs/{path}": text for path, text in generated().items()}


def test_links() -> None:
    """Every link leads to a file or page, and to a heading that is there; links to elsewhere are https."""
    pytest.importorskip("markdown")
    known, problems = pages(), []
    for path, text in known.items():
        for match in LINK.finditer(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
            problem = broken(path, match[1] or match[2], known)
            if problem:
                problems.append(f"{path}: {problem}")
    assert not problems, "\n".join(problems)


def broken(path: str, link: str, known: dict[str, str]) -> str:
    """Return what is wrong with a link of a page; empty where nothing is."""
    parts = urlsplit(link)
    if parts.scheme:
        return "" if parts.scheme == "https" and "." in parts.netloc else f"{link} is no https address"
    target = path
    if parts.path:
        place = (ROOT / path).parent.joinpath(parts.path)
        target = Path(*place.parts).resolve().relative_to(ROOT).as_posix()
    if target in known:
        if parts.fragment and parts.fragment not in anchors(known[target]):
            return f"{link}: there is no such heading"
        return ""
    inside = target.startswith("docs/") or not path.startswith("docs/")
    return "" if inside and (ROOT / target).exists() else f"{link} leads nowhere"


# ---- the reference ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["commands", "eval", "stats"])
def test_everything_has_a_page(kind: str) -> None:
    """Every command, eval function and stats function of the registry has its page, and the list names it."""
    names = {
        "commands": {*registry.commands(), *ALIASES},
        "eval": set(registry.eval_functions()),
        "stats": set(registry.stats_functions()),
    }[kind]
    listed = generated()[f"reference/{kind}/index.md"]
    for name in names:
        assert f"reference/{kind}/{name}.md" in generated(), name
        assert f"({name}.md)" in listed, name


@pytest.mark.parametrize("name", sorted(registry.commands()))
def test_command_page(name: str) -> None:
    """A command's page says what it does; of one that runs also its syntax, options, limits and examples' results."""
    spec, page = registry.commands()[name], generated()[f"reference/commands/{name}.md"]
    assert "It is not described." not in page
    if spec.build is None:
        assert "needs a handler" in page
        assert "UnsupportedFeature" in page
        return
    assert "## Syntax" in page
    assert "## Limits and memory" in page
    assert all(f"| `{option}` |" in page for option in spec.options)
    assert page.count("\ngives\n") == len(spec.examples)
    said = page.lower()
    assert "null" in said, "what null does is not said"
    assert "multivalue" in said, "what multivalue does is not said"


@pytest.mark.parametrize("name", sorted(registry.eval_functions()))
def test_eval_page(name: str) -> None:
    """An eval function's page shows its arguments, what null and multivalue do, and its examples."""
    function, page = registry.eval_functions()[name], generated()[f"reference/eval/{name}.md"]
    assert f"{name}(" in page or function.doc.count("(")
    assert "## Null and multivalue" in page or function.most == 0
    assert all(heading in page for heading in ("## Syntax", "## What it gives", "## Arguments", "## Examples"))


@pytest.mark.parametrize("name", sorted(registry.stats_functions()))
def test_stats_page(name: str) -> None:
    """A stats function's page shows what it takes in, what it is over nothing, and its examples."""
    page = generated()[f"reference/stats/{name}.md"]
    assert "over no values the result is" in page
    assert "ultivalue" in page
    assert page.count("\ngives\n") == len(registry.stats_functions()[name].examples)


def test_generation_is_deterministic() -> None:
    """Two generations give the same pages."""
    again = dict(hooks.pages())
    assert [path for path, text in generated().items() if again.get(path) != text] == []


# ---- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_commands_named_exist(path: Path) -> None:
    """A command `splmini NAME` that a page names is one."""
    for name in re.findall(r"`splmini ([a-z]+)\b", path.read_text("utf-8"), re.MULTILINE):
        assert name in COMMANDS, name


@pytest.mark.nightly
def test_site_builds(tmp_path: Path) -> None:
    """The site builds strictly: no warnings; and no page fetches anything from another host."""
    config = pytest.importorskip("mkdocs.config")
    pytest.importorskip("material")
    build = importlib.import_module("mkdocs.commands.build")
    build.build(config.load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))
    for page in tmp_path.rglob("*.html"):
        assert not re.search(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="https?://', page.read_text("utf-8")), page


def test_evidence_comes_from_the_cases() -> None:
    """The table of what cases rest on counts each case once; the page of measured rules has each that was measured."""
    evidence = importlib.import_module("evidence")
    known = list(evidence.known())
    numbers = [int(each.replace(",", "")) for each in re.findall(r"\*\*([\d,]+)\*\*", evidence.evidence())]
    assert sum(numbers) == len(known)
    assert evidence.MARK in (DOCS / "faithful.md").read_text("utf-8")
    page = generated()["reference/measured.md"]
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| rule")]
    searches = [case for _, _, case in known if "spl" in case or "expression" in case]
    assert len(rows) == sum(evidence.confidence(case) != "documented" for case in searches)
