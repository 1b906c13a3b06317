"""The public API under type checkers: `tests/typing` is read by mypy --strict and by pyright."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TYPING = Path(__file__).resolve().parent / "typing"
FILES = [str(TYPING / name) for name in ("public_api.py", "mistakes.py")]


def checked(*command: str) -> None:
    """Run a type checker over the files, with splmini found where the tests find it."""
    paths = {"PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_mypy_reads_the_public_api() -> None:
    """mypy --strict gives every type that is asserted, and refuses every call that is a mistake."""
    pytest.importorskip("mypy")
    checked("mypy", "--strict", *FILES)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is not installed")
def test_pyright_reads_the_public_api() -> None:
    """And so does pyright."""
    checked("pyright", "--project", str(TYPING), "--pythonpath", sys.executable)
