"""Macros and where they come from: YAML folders of security_content, macros.conf, dicts, the built-in registry.

A macro is known by its name and its number of arguments; `name` and `name(1)` are two macros. Expansion is
`splmini.language.expansion`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from splmini.boundary import boundary
from splmini.caching import cached
from splmini.errors import InternalError, KnowledgeError
from splmini.resources import macro_files

Evaluate = Callable[[str], Any]
MOST_ARGUMENTS = 1000
"""Of a macro that cannot be used, as its name says."""


@dataclass(frozen=True)
class Macro:
    """A macro: `definition` with `$argument$` where an argument goes.

    With `iseval` the definition is an eval expression whose string is the expansion. `validation` is an eval
    expression over the arguments: false fails with `errormsg`, a string fails with that string, null and true pass.
    """

    name: str
    definition: str
    args: tuple[str, ...] = ()
    iseval: bool = False
    validation: str = ""
    errormsg: str = ""
    description: str = field(default="", compare=False)
    problem: str = field(default="", compare=False)
    """Why the macro cannot be used, where what it was read from is not well formed: the search that calls it is
    refused, no other."""


class MacroRegistry:
    """The macros of an environment; iterating gives their names as written in macros.conf: `name`, `name(2)`.

    >>> registry = MacroRegistry.from_dict({"errors": "status>=500", "by(1)": {"args": ["f"], "definition": "by $f$"}})
    >>> sorted(registry)
    ['by(1)', 'errors']
    >>> registry.find("by", 1).definition
    'by $f$'
    """

    def __init__(self, macros: Iterable[Macro] = (), evaluate: Evaluate | None = None) -> None:
        self._macros = {(macro.name, len(macro.args)): macro for macro in macros}
        self._evaluate = evaluate

    def find(self, name: str, arity: int) -> Macro | None:
        """Return the macro of a name and number of arguments, or None."""
        return self._macros.get((name, arity))

    def arities(self, name: str) -> list[int]:
        """Return the numbers of arguments with which a name is defined."""
        return sorted(arity for known, arity in self._macros if known == name)

    def names(self) -> set[str]:
        """Return the names without their arity."""
        return {name for name, _ in self._macros}

    def add(self, macro: Macro) -> None:
        """Add a macro; it replaces one of the same name and number of arguments."""
        self._macros[macro.name, len(macro.args)] = macro

    def merged(self, other: MacroRegistry) -> MacroRegistry:
        """Return a registry of both; where both define a macro, `other` wins."""
        return MacroRegistry([*self.macros(), *other.macros()], other._evaluate or self._evaluate)

    def macros(self) -> list[Macro]:
        """Return the macros."""
        return list(self._macros.values())

    def evaluate(self, text: str) -> Any:
        """Evaluate an eval expression without fields: of an eval-based definition or of a validation."""
        if self._evaluate is None:
            raise InternalError("Macros that are evaluated need a registry that can (`MacroRegistry.evaluated`).")
        return self._evaluate(text)

    def evaluated(self, evaluate: Evaluate) -> MacroRegistry:
        """Return a registry of the same macros that evaluates expressions so."""
        return MacroRegistry(self.macros(), evaluate)

    def __iter__(self) -> Iterator[str]:
        return (f"{name}({arity})" if arity else name for name, arity in self._macros)

    def __len__(self) -> int:
        return len(self._macros)

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __getitem__(self, name: str) -> Macro:
        bare, arity = split_name(name)
        return self._macros[bare, arity or 0]

    # ---- sources -----------------------------------------------------------------------------------------------

    @classmethod
    @boundary("The loading of macros")
    def of(cls, source: Any) -> MacroRegistry:
        """Return the registry that a `macros=` argument means: a registry, a dict, a folder or file, or several."""
        if isinstance(source, MacroRegistry):
            return source
        if source is None:
            return cls()
        if isinstance(source, Mapping):
            return cls.from_dict(source)
        if isinstance(source, (str, Path)):
            return cls.from_folder(source)
        registry = cls()
        for each in source:
            registry = registry.merged(cls.of(each))
        return registry

    @classmethod
    def builtin(cls) -> MacroRegistry:
        """Return the built-in macros (`macros/*.yml`)."""
        return cls(_builtin())

    @classmethod
    @boundary("The loading of macros")
    def from_dict(cls, mapping: Mapping[str, Any]) -> MacroRegistry:
        """Read `{"name": "definition", "name(2)": {"args": [...], "definition": ..., "iseval": ...}}`; an entry that
        is neither a text nor a mapping with a definition fails where it is called."""
        return cls(_kept(str(name), entry, None) for name, entry in mapping.items())

    @classmethod
    @boundary("The loading of macros")
    def from_conf(cls, text: str, path: str | None = None) -> MacroRegistry:
        """Read the text of a macros.conf; lines end in a backslash to continue, the last setting of a stanza wins."""
        return cls(
            _kept(stanza, settings, path) for stanza, settings in conf_stanzas(text).items() if "definition" in settings
        )

    @classmethod
    @boundary("The loading of macros")
    def from_folder(cls, path: str | Path) -> MacroRegistry:
        """Read a folder of macro YAML files and macros.conf files (default before local), or one such file.

        A file of a folder that cannot be read stands for a macro of its name, which fails where it is called.

        Raises:
            KnowledgeError: the path is not there, or it is one file that is not well formed.
        """
        place = Path(path)
        if not place.exists():
            raise KnowledgeError("There is no such file or folder of macros.", path=str(place))
        files = [place] if place.is_file() else sorted(place.rglob("*"), key=_order)
        registry = cls()
        for file in files:
            try:
                if file.name == "macros.conf" or (place.is_file() and file.suffix == ".conf"):
                    registry = registry.merged(cls.from_conf(_read(file), str(file)))
                elif file.suffix in (".yml", ".yaml") and file.is_file():
                    registry = registry.merged(cls(from_yaml(_read(file), str(file), kept=True)))
            except KnowledgeError as error:
                if place.is_file():
                    raise
                registry.add(Macro(file.stem, "", problem=f"{error.message} ({file})"))
        return registry


def _order(file: Path) -> tuple[bool, str]:
    return "local" in file.parts, file.as_posix()


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The macro file cannot be read: {error}.", path=str(file)) from None


@lru_cache(maxsize=1)
def _builtin() -> tuple[Macro, ...]:
    files = [(file.name, file.read_text("utf-8")) for file in macro_files()]

    def entries() -> list[Any]:
        return [dataclasses.astuple(macro) for name, text in files for macro in from_yaml(text, name)]

    made: tuple[Macro, ...] = cached("macros", [part for file in files for part in file], entries, _macros_of)
    return made


def _macros_of(entries: Any) -> tuple[Macro, ...]:
    """Make macros of what the cache keeps of them; raises TypeError or ValueError for what is none of it."""
    made = tuple(Macro(name, definition, tuple(args), *rest) for name, definition, args, *rest in entries)
    for each in made:
        if not (isinstance(each.name, str) and isinstance(each.definition, str)):
            raise TypeError("no macro")
    return made


# ---- YAML ----------------------------------------------------------------------------------------------------------


def from_yaml(text: str, path: str | None = None, kept: bool = False) -> list[Macro]:
    """Read macro YAML: one macro, a list of macros, or several documents, in security_content's schema; with `kept`
    one that is not well formed is kept, and fails where it is called."""
    read = _kept if kept else _from_entry
    macros = []
    for document in _documents(text, path):
        entries = document if isinstance(document, list) else [document]
        for record, entry in enumerate(entries, 1):
            if entry is None:
                continue
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
                raise KnowledgeError("A macro needs a name and a definition.", path=path, record=record)
            macros.append(read(entry["name"], entry, path))
    return macros


def _documents(text: str, path: str | None) -> list[Any]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise KnowledgeError("YAML aliases are not allowed.", path=path)
        return list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise KnowledgeError(f"The macro file is not YAML: {error}.", path=path) from None


def split_name(name: str) -> tuple[str, int | None]:
    """Split `name(2)` into the name and the number of arguments, None where none is written."""
    match = re.fullmatch(r"\s*(.*?)\s*\(\s*(\d+)\s*\)\s*", name)
    return (match.group(1), int(match.group(2))) if match else (name.strip(), None)


def _kept(name: str, entry: Any, path: str | None) -> Macro:
    """Read a macro; one that is not well formed is there as well, with its problem."""
    try:
        return _from_entry(name, entry, path)
    except KnowledgeError as error:
        bare, arity = split_name(name)
        known = arity if arity is not None and arity <= MOST_ARGUMENTS else 0
        return Macro(bare, "", ("",) * known, problem=error.message + (f" ({path})" if path else ""))


def _from_entry(name: str, entry: Any, path: str | None) -> Macro:
    bare, arity = split_name(name)
    if isinstance(entry, str):
        entry = {"definition": entry}
    if not isinstance(entry, Mapping):
        raise KnowledgeError(f"The macro '{name}' is neither a text nor a mapping.", name=bare, path=path)
    definition = entry.get("definition")
    if definition is None:
        raise KnowledgeError(f"The macro '{name}' has no definition.", name=bare, path=path)
    args = entry.get("args", entry.get("arguments")) or ()
    if isinstance(args, str):
        args = [each.strip() for each in args.split(",") if each.strip()]
    if not isinstance(args, (list, tuple)) or not all(isinstance(each, (str, int)) for each in args):
        raise KnowledgeError(f"The arguments of the macro '{name}' are not a list of names.", name=bare, path=path)
    if arity is not None and arity != len(args):
        raise KnowledgeError(
            f"The macro '{name}' names {len(args)} arguments, not the {arity} of its name.", name=bare, path=path
        )
    return Macro(
        bare,
        str(definition),
        tuple(str(each) for each in args),
        truth(entry.get("iseval")),
        str(entry.get("validation") or ""),
        str(entry.get("errormsg") or ""),
        str(entry.get("description") or ""),
    )


def truth(value: Any) -> bool:
    """Return a truth value as conf files write it."""
    return value is True or str(value).strip().lower() in ("1", "true", "t", "yes", "y")


# ---- macros.conf ---------------------------------------------------------------------------------------------------


def conf_stanzas(text: str) -> dict[str, dict[str, str]]:
    """Return the stanzas of a conf text. A trailing backslash continues a line; `#` at its start makes a comment."""
    stanzas: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    lines = iter(text.lstrip("\ufeff").splitlines())
    for line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            current = stanzas.setdefault(stripped[1:-1].strip(), {})
            continue
        pieces = [line]
        while pieces[-1].endswith("\\"):
            pieces[-1] = pieces[-1][:-1]
            following = next(lines, None)
            if following is None:
                break
            pieces.append(following)
        key, separator, value = "\n".join(pieces).partition("=")
        if separator:
            current[key.strip()] = value.strip()
    return stanzas
