"""The process in which atheris runs one target: `python -m fuzz._guided TARGET CORPUS -OPTIONS`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["splmini"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
