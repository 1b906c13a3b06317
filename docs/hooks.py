"""MkDocs hooks: the reference is generated from the registry while the site is built.

Nothing is written into docs/: the pages exist only in the build. The navigation lists them behind the guides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from evidence import MARK, evidence, measured_page
from reference import command_pages, eval_pages, stats_pages
from reference_more import more_pages

ROOT = Path(__file__).resolve().parent.parent
ROOT_FILES = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "benchmarks.md": "benchmarks/README.md",
}
SECTIONS = (("Commands", command_pages), ("Eval functions", eval_pages), ("Stats functions", stats_pages))


def pages() -> Iterator[tuple[str, str]]:
    """Yield (path below docs/, Markdown) of every generated page."""
    for _, make in SECTIONS:
        yield from make()
    yield from more_pages()
    yield "reference/measured.md", measured_page()
    for path, name in ROOT_FILES.items():
        yield path, root_file(name)


def root_file(name: str) -> str:
    """Return a Markdown file of the project's root as a page: its links start in docs/."""
    text = (ROOT / name).read_text("utf-8").replace("](docs/", "](")
    for path, other in ROOT_FILES.items():
        text = text.replace(f"]({other}", f"]({path}")
    return text


def on_config(config: Any) -> Any:
    """Put the generated pages, and those of the linter, into the navigation."""
    made = dict(pages())
    section = {title: below for entry in config.nav for title, below in entry.items()}
    section["Linter"] += sorted(f"lint/{path.name}" for path in (ROOT / "docs" / "lint").glob("SPL*.md"))
    reference = section["Reference"]
    for title, folder in (("Commands", "commands"), ("Eval functions", "eval"), ("Stats functions", "stats")):
        below = sorted(
            path for path in made if path.startswith(f"reference/{folder}/") and not path.endswith("/index.md")
        )
        reference.append({title: [f"reference/{folder}/index.md", *({Path(path).stem: path} for path in below)]})
    config["generated_pages"] = made
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put what the cases rest on into the page that has a place for it."""
    return markdown.replace(MARK, evidence())


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to the site's files."""
    from mkdocs.structure.files import File

    for path, text in config["generated_pages"].items():
        files.append(File.generated(config, path, content=text))
    return files
