"""Fragments of the changelog: each is well formed, and merging puts them where they belong."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "changelog.d"
spec = importlib.util.spec_from_file_location("changelog_merge", FOLDER / "merge.py")
assert spec is not None
assert spec.loader is not None
merge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(merge)

LOG = "# Changelog\n\n## 0.2.0 (unreleased)\n\nNew.\n\n## 0.1.0\n\nOld.\n"


def test_the_fragments_are_well_formed() -> None:
    """Every fragment is a list of full sentences."""
    wrong = {path.name: merge.mistakes(path.read_text("utf-8")) for path in merge.fragments()}
    assert not {name: found for name, found in wrong.items() if found}


def test_fragments_are_merged_into_the_unreleased_section() -> None:
    """They come to the end of the first section, under one heading, however often that is done."""
    once = merge.merged(LOG, ["- A is new.\n"])
    twice = merge.merged(once, ["- B is\n  new.\n"])
    assert twice == LOG.replace("New.\n", "New.\n\n### Changed\n\n- A is new.\n- B is\n  new.\n")
    assert merge.merged(LOG, []) == LOG
    with pytest.raises(SystemExit, match="no unreleased section"):
        merge.merged("# Changelog\n\n## 0.1.0\n\nOld.\n", ["- A.\n"])


@pytest.mark.parametrize("text", ["", "text\n", "# head\n", "- no end\n", "- a.\n\n- b.\n"])
def test_what_is_not_well_formed_is_told(text: str) -> None:
    """No bullet, a heading, half a sentence or an empty line are mistakes."""
    assert merge.mistakes(text)
