"""What all tests share: deterministic settings, and the folder of material that some tests run over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
MINUTES = float(os.environ.get("SPLMINI_FUZZ_MINUTES", "0"))

settings.register_profile(
    "tests", deadline=None, max_examples=30, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz", deadline=None, max_examples=int(1500 * MINUTES) or 1, suppress_health_check=list(HealthCheck)
)
settings.load_profile("fuzz" if MINUTES else "tests")


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder named by SPLMINI_SHARED; tests that ask for it are skipped where it is unset."""
    folder = os.environ.get("SPLMINI_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SPLMINI_SHARED is not set")
    return Path(folder)
