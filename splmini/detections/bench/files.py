"""Which files hold detections, cases and definitions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from splmini.detections.bench.tests import local_file
from splmini.detections.content import KINDS, detection_of, repository_of
from splmini.detections.detection import Detection
from splmini.errors import KnowledgeError


def is_case_file(path: Path) -> bool:
    """Say whether a file holds cases, by its name: `NAME.test.yml`."""
    return path.name.endswith((".test.yml", ".test.yaml"))


def is_definition(path: Path) -> bool:
    """Say whether a file holds macros, lookups or settings of an app, by where it lies."""
    return path.suffix == ".conf" or any(part in ("macros", "lookups") for part in path.parts[:-1])


def case_files_of(detection: Path) -> list[Path]:
    """Return the files of cases beside a detection's file."""
    names = (f"{detection.stem}.test.yml", f"{detection.stem}.test.yaml")
    return [detection.parent / name for name in names if (detection.parent / name).is_file()]


def detection_in(file: Path) -> Detection | None:
    """Return the detection in a file; None where it holds none: cases, or YAML without a search.

    Raises:
        KnowledgeError: with the position of the mistake.
    """
    return None if is_case_file(file) else detection_of(file)


def find_tests(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files that may hold tests, below folders and as named; a detection comes before its cases, which come
    with it.

    Hidden folders are passed over, and in a repository of content what is no detection (macros, lookups …).

    Raises:
        KnowledgeError: where a path is not there.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            below = (each for suffix in ("yml", "yaml") for each in path.rglob(f"*.{suffix}"))
            found.update(dict.fromkeys(sorted((each for each in below if _may_hold_tests(each, path)), key=_order)))
        elif path.is_file():
            found.update(dict.fromkeys([path, *case_files_of(path)]))
        else:
            raise KnowledgeError("There is no such file or folder.", path=str(path))
    return list(found)


def _may_hold_tests(file: Path, folder: Path) -> bool:
    parts = file.relative_to(folder).parts[:-1]
    if any(part.startswith(".") for part in parts) or not file.is_file():
        return False
    root = repository_of(file)
    return root is None or file.absolute().relative_to(root).parts[0] not in KINDS - {"detections"}


def _order(path: Path) -> tuple[Path, str, bool]:
    return path.parent, path.name.partition(".")[0], is_case_file(path)


def has_tests(file: Path, attack_data: bool) -> bool:
    """Say whether a file is one to mutate: a detection with cases beside it or, where there is attack data, tests of
    its own; a file of cases only where no detection lies beside it. One that does not load is one, to be complained
    about."""
    if is_case_file(file):
        stem = file.name.partition(".test.")[0]
        return not any((file.parent / f"{stem}{suffix}").is_file() for suffix in (".yml", ".yaml"))
    try:
        detection = detection_in(file)
    except KnowledgeError:
        return True
    if detection is None:
        return False
    return bool(case_files_of(file)) or (attack_data and any(test.attack_data for test in detection.tests))


def missing_attack_data(files: Iterable[Path], mirror: str | Path | None) -> list[str]:
    """Return the URLs of attack data that detections name and a local mirror does not have.

    Files that do not load are left out: their tests say so.
    """
    urls: dict[str, None] = {}
    for file in files:
        try:
            detection = detection_in(file)
        except KnowledgeError:
            continue
        for test in detection.tests if detection is not None else ():
            for each in test.attack_data if test.test_type.lower() == "unit" else ():
                if "://" in each.data and not _is_there(each.data, mirror):
                    urls[each.data] = None
    return list(urls)


def _is_there(url: str, mirror: str | Path | None) -> bool:
    if mirror is None:
        return False
    try:
        return local_file(url, mirror).is_file()
    except KnowledgeError:
        return False
