"""The detections that a command is about: those of a repository, an app, a folder or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini import Detection, Environment


def chosen_detections(
    path: Path, settings: dict[str, Any], only: tuple[str, ...] = ()
) -> tuple[list[Detection], Environment]:
    """Return the detections that a path holds, and the environment that they mean something in.

    `only` are texts, of which the name or a technique has to hold one. What does not load is told on standard error.

    Raises:
        click.UsageError: there is none.
    """
    detections, env = _content(path, settings)
    chosen = [each for each in detections if not only or any(_names(each, text) for text in only)]
    if not chosen:
        raise click.UsageError(f"There is no detection in '{path}'" + (" that --only names." if only else "."))
    return chosen, env


def _content(path: Path, settings: dict[str, Any]) -> tuple[list[Detection], Environment]:
    """The detections of a repository, an app, a folder or a file, and the environment that they mean something in."""
    import splmini

    given = shared.environment_settings(settings)
    if path.is_dir() and splmini.bench.is_content(path):
        content = splmini.load_content(path)
        for error in content.errors:
            say(f"error: {error}", err=True)
        return content.detections, content.environment(**given)
    detections = []
    for file in splmini.bench.find_tests([path]):
        try:
            loaded = splmini.bench.detection_in(file)
        except splmini.SplError as error:
            say(f"error: {error}", err=True)
            continue
        if loaded is not None:
            detections.append(loaded)
    first = Path(detections[0].path) if detections else path
    return detections, splmini.Environment(**splmini.bench.repository_settings(first, given))


def _names(detection: Detection, text: str) -> bool:
    wanted = text.lower()
    return any(wanted in each.lower() for each in (detection.name, *detection.mitre_attack_id))
