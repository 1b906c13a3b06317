"""The wheel is whole: built, and used outside the checkout, it finds its grammars, macros and packs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "detect_regsvcs"
SCRIPT = """
import sys
import splmini
assert sys.argv[1] in splmini.__file__, splmini.__file__
outcome = splmini.Detection.load(sys.argv[2]).run(sys.argv[3], splmini.Environment())
print(len(outcome.results))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


def run(place: Path, folder: Path) -> str:
    """Run the example with splmini from a place; return what is printed."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(place), str(EXAMPLE / "detection.yml"), str(EXAMPLE / "events.xml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_unpacked(wheel: Path, tmp_path: Path) -> None:
    """As pip installs it."""
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    assert (place / "splmini" / "grammar" / "search.lark").is_file()
    assert run(place, tmp_path) == "5"


def test_zipped(wheel: Path, tmp_path: Path) -> None:
    """As a zip application holds it."""
    assert run(wheel, tmp_path) == "5"
