"""The README's Python blocks run, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splmini.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks run one after the other, as a reader would; what the last one prints stands below it."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`splmini (\w+)", README))))
def test_readme_commands_exist(command: str) -> None:
    """A command that the README names is one."""
    assert command in COMMANDS
