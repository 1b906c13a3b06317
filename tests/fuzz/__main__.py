"""`python -m fuzz [--minutes M] [TARGET...]`: fuzz targets, one after the other, and keep what breaks one.

Where atheris is installed it is guided by coverage; elsewhere inputs are seeds, changed at random by hypothesis. What
breaks a target is written to `tests/fuzz/found/TARGET/`, which the tests replay from then on. Exits with 1 where there
was such an input.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from fuzz.targets import TARGETS, seeds

FOUND = Path(__file__).resolve().parent / "found"
LONGEST = 8000
SLOW = 60
"""Seconds after which an input counts as one that hangs."""


def keep(name: str, data: bytes, why: str) -> None:
    """Keep an input that breaks a target."""
    file = FOUND / name / hashlib.sha256(data).hexdigest()[:16]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    print(f"{name}: {file.name}: {why}", flush=True)


def guided(name: str, minutes: float) -> int:
    """Fuzz a target with atheris; the first finding ends its process, which is begun again until the time is up."""
    end = time.monotonic() + minutes * 60
    findings = 0
    with tempfile.TemporaryDirectory() as folder:
        corpus, out = Path(folder, "corpus"), Path(folder, "out")
        corpus.mkdir()
        out.mkdir()
        for number, data in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(data)
        while (left := int(end - time.monotonic())) > 0:
            command = [sys.executable, "-m", "fuzz._guided", name, str(corpus), f"-artifact_prefix={out}/"]
            command += [f"-max_total_time={left}", f"-max_len={LONGEST}", f"-timeout={SLOW}", "-rss_limit_mb=3000"]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
            artifacts = [file for file in out.iterdir() if not file.name.startswith("slow-unit")]
            for file in artifacts:
                keep(name, file.read_bytes(), _last(done.stderr + done.stdout))
                findings += 1
            if not artifacts and done.returncode:
                print(done.stderr[-2000:], flush=True)
                return findings + 1
            for file in out.iterdir():
                file.unlink()
    return findings


def _last(output: str) -> str:
    lines = [line for line in output.splitlines() if "Error" in line or "ALARM" in line or "oom" in line]
    return lines[0][:300] if lines else "ended the process"


def random(name: str, minutes: float) -> int:
    """Fuzz a target with changes of its seeds by hypothesis."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    target, start = TARGETS[name], seeds(name)
    end = time.monotonic() + minutes * 60
    broken: dict[str, bytes] = {}
    changes = st.lists(
        st.tuples(st.integers(0, LONGEST), st.integers(0, 8), st.binary(max_size=6) | st.sampled_from(start)),
        max_size=6,
    )

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(start), changes)
    def attempt(data: bytes, made: list[tuple[int, int, bytes]]) -> None:
        for at, length, instead in made:
            at %= len(data) + 1
            data = (data[:at] + instead + data[at + length :])[:LONGEST]
        try:
            target(data)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            broken.setdefault(f"{type(error).__name__} {where.filename}:{where.lineno}", data)

    while time.monotonic() < end:
        attempt()
    for why, data in broken.items():
        keep(name, data, why)
    return len(broken)


def main() -> int:
    """Fuzz what the arguments say."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    arguments = parser.parse_args()
    fuzz = guided if importlib.util.find_spec("atheris") is not None else random
    findings = 0
    for name in arguments.targets or TARGETS:
        found = fuzz(name, arguments.minutes)
        print(f"{name}: {found} findings in {arguments.minutes:g} minutes ({fuzz.__name__})", flush=True)
        findings += found
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
