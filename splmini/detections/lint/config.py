"""Which rules a project wants: `[tool.splmini.lint]` of pyproject.toml, `[lint]` of .splmini.toml or .splmini.cfg."""

from __future__ import annotations

import configparser
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from splmini.errors import KnowledgeError

FILES = (".splmini.toml", ".splmini.cfg", "pyproject.toml")
_KEYS = frozenset({"select", "ignore"})
_TABLE = re.compile(
    r"^[ \t]*\[?[ \t]*(?:tool[ \t]*\.)?[ \t\"']*splmini[ \t\"']*(?:\.|\]|=[ \t]*\{[ \t]*lint)", re.MULTILINE
)
"""What a table of splmini's begins with in pyproject.toml: `[tool.splmini…]`, or `splmini.lint` below `[tool]`."""


@dataclass(frozen=True)
class LintConfig:
    """The codes to select and to ignore, and the file that says so."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    path: str = ""


def config_for(path: str | Path) -> LintConfig:
    """Return the configuration of the nearest folder above a file that has one.

    Raises:
        KnowledgeError: the file of the configuration is not well formed, or has keys that mean nothing.
    """
    start = Path(path).absolute()
    for folder in start.parents if not start.is_dir() else (start, *start.parents):
        found = _config_in(folder)
        if found is not None:
            return found
    return LintConfig()


@lru_cache(maxsize=256)
def _config_in(folder: Path) -> LintConfig | None:
    for name in FILES:
        path = folder / name
        if path.is_file():
            section = _section(path)
            if section is not None:
                return _config(section, path)
    return None


def _section(path: Path) -> Mapping[str, Any] | None:
    """Return the linter's section of a file, None where it has none."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The configuration cannot be read: {error}.", path=str(path)) from None
    if path.suffix == ".cfg":
        return _cfg_section(text, path)
    if path.name == "pyproject.toml" and _TABLE.search(text) is None:
        return None  # a project that only depends on splmini, and may be linted by a Python that reads no TOML
    data = _toml(text, path)
    if path.name == "pyproject.toml":
        tool = data.get("tool")
        data = tool.get("splmini", {}) if isinstance(tool, dict) else {}
    section = data.get("lint") if isinstance(data, dict) else None
    if section is not None and not isinstance(section, dict):
        raise KnowledgeError("'lint' has to be a table.", path=str(path))
    return section


def _cfg_section(text: str, path: Path) -> Mapping[str, Any] | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        raise KnowledgeError(f"The configuration is not well formed: {error.message}.", path=str(path)) from None
    return dict(parser["lint"]) if parser.has_section("lint") else None


def _toml(text: str, path: Path) -> Any:
    try:
        tomllib: Any = importlib.import_module("tomllib")
    except ModuleNotFoundError:  # Python 3.10
        hint = "Use .splmini.cfg with a section [lint]."
        raise KnowledgeError("Python 3.10 reads no TOML.", path=str(path), hint=hint) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"The configuration is not TOML: {error}.", path=str(path)) from None


def _config(section: Mapping[str, Any], path: Path) -> LintConfig:
    unknown = sorted(set(section) - _KEYS)
    if unknown:
        hint = "It may have 'select' and 'ignore'."
        raise KnowledgeError(f"The linter has no setting '{unknown[0]}'.", path=str(path), hint=hint)
    return LintConfig(_codes(section, "select", path), _codes(section, "ignore", path), str(path))


def _codes(section: Mapping[str, Any], name: str, path: Path) -> tuple[str, ...]:
    value = section.get(name, [])
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise KnowledgeError(f"'{name}' has to be a list of codes.", path=str(path))
    return tuple(value)
