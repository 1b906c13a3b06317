"""A whole repository of content: a folder in security_content's layout, or a built ESCU app (savedsearches.conf)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.detections.detection import Detection
from splmini.detections.schedule import BASELINE, DEFAULTS, EVENT_BASED, Schedule, read_schedule
from splmini.documents import load_data
from splmini.errors import KnowledgeError, did_you_mean

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.environment import Environment
    from splmini.options import EnvironmentOptions

KINDS = frozenset({"detections", "baselines", "macros", "lookups", "data_sources", "stories", "schedules"})
"""The folders of a repository of content."""
BUILD_FILES = ("contentctl.yml", "build.yml")
"""What tells how a repository is built; the later one of both counts."""


@dataclass(frozen=True)
class DataSource:
    """A data source: what Splunk indexes it as, the fields that come out of it, an example."""

    name: str
    source: str
    sourcetype: str
    fields: tuple[str, ...] = ()
    example_log: str = ""
    separator: str = ""


@dataclass(frozen=True)
class Content:
    """What a repository holds. A file that does not load is in `errors`, and everything else is there."""

    folder: Path
    detections: list[Detection] = field(default_factory=list)
    baselines: list[dict[str, Any]] = field(default_factory=list)
    data_sources: dict[str, DataSource] = field(default_factory=dict)
    stories: list[dict[str, Any]] = field(default_factory=list)
    errors: list[KnowledgeError] = field(default_factory=list)
    app: bool = False
    schedules: dict[str, Schedule] = field(default_factory=dict)
    """Schedules by name: those of schedules/, and the scheduling of the older deployments/."""
    default_schedules: dict[str, Schedule] = field(default_factory=dict)
    """Schedules by the type of what they are for, in lower case, as the older deployments/ give them."""
    external: dict[str, str] = field(default_factory=dict)
    """Macros and lookups that other apps bring, by name, with the name of the app (`external_app_content`)."""

    def schedule(self, detection: Detection) -> Schedule:
        """Return when a detection (or a baseline) runs.

        That is its own schedule, the one that it names, the repository's for its type, or ESCU's default.

        Raises:
            KnowledgeError: it names a schedule that is not there.
        """
        if detection.schedule is not None:
            return detection.schedule
        if detection.schedule_name:
            known = {**DEFAULTS, **self.schedules}
            found = known.get(detection.schedule_name)
            if found is None:
                raise KnowledgeError(
                    f"There is no schedule '{detection.schedule_name}'.",
                    path=detection.path,
                    hint=did_you_mean(detection.schedule_name, known),
                )
            return found
        kind = detection.type.lower()
        default = BASELINE if kind == "baseline" else EVENT_BASED
        return self.default_schedules.get(kind) or self.schedules.get(default.name, default)

    def baseline(self, name: str) -> Detection:
        """Return a baseline as what can be run.

        Raises:
            KnowledgeError: there is none of this name, or its file is not well formed.
        """
        for each in self.baselines:
            if each.get("name") == name:
                return replace(Detection.load(each["path"]), type="Baseline", finding=None)
        names = [str(each.get("name", "")) for each in self.baselines]
        raise KnowledgeError(f"There is no baseline '{name}'.", path=str(self.folder), hint=did_you_mean(name, names))

    def environment(self, **settings: Unpack[EnvironmentOptions]) -> Environment:
        """Return an `Environment` with the repository's macros and lookups (or, of a built app, everything)."""
        from splmini import Environment

        own: dict[str, Any] = {**settings}
        if self.app:
            packs = own.pop("apps", None)
            return Environment(apps=[self.folder, *(packs if packs is not None else _builtin())], **own)
        root = self.folder if is_content(self.folder) else repository_of(self.folder / "detection.yml")
        for kind in ("macros", "lookups"):
            if root is not None and (root / kind).is_dir():
                given = own.get(kind)
                own[kind] = [root / kind] if given is None else [root / kind, given]
        return Environment(**own)

    def sourcetypes(self, detection: Detection) -> frozenset[str]:
        """Return the sourcetypes of the data sources that a detection names."""
        found = (self.data_sources.get(name) for name in detection.data_source)
        return frozenset(source.sourcetype for source in found if source is not None)


def _builtin() -> list[str]:
    from splmini.knowledge.apps import pack_names

    return pack_names()


def is_content(folder: str | Path) -> bool:
    """Say whether a folder is a repository in security_content's layout, or a built ESCU app."""
    root = Path(folder)
    return _is_app(root) or any((root / kind).is_dir() for kind in KINDS)


def _is_app(root: Path) -> bool:
    return any((root / layer / "savedsearches.conf").is_file() for layer in ("default", "local"))


@boundary("The loading of content")
def load_content(folder: str | Path) -> Content:
    """Load a repository in security_content's layout, a built ESCU app folder, or a plain folder of detections.

    Raises:
        KnowledgeError: where the folder is none of them; mistakes of single files are in `Content.errors`.
    """
    root = Path(folder)
    if _is_app(root):
        from splmini.detections.saved_searches import saved_detections

        content = Content(root, app=True)
        content.detections.extend(saved_detections(root, content.errors))
        return content
    content = Content(root)
    _read_detections(root, content)
    if not is_content(root):
        if not content.detections and not content.errors:
            raise KnowledgeError(
                "The folder holds neither detections/, macros/, lookups/ … nor default/savedsearches.conf, nor a file "
                "with a detection.",
                path=str(root),
            )
        return content
    for path, data in _documents(root / "baselines", content.errors):
        content.baselines.append(data | {"path": str(path)})
    for path, data in _documents(root / "stories", content.errors):
        content.stories.append(data | {"path": str(path)})
    content.data_sources.update(_data_sources(root, content.errors))
    _read_schedules(root, content)
    content.external.update(_external(root, content.errors))
    return content


def _read_detections(root: Path, content: Content) -> None:
    """Read detections/ of a repository; of a plain folder, the files that hold a search."""
    in_repository = is_content(root)
    for path in _files(root / "detections" if in_repository else root):
        try:
            found = Detection.load(path) if in_repository else detection_of(path)
        except KnowledgeError as error:
            content.errors.append(error)
            continue
        if found is not None:
            content.detections.append(found)


def detection_of(file: Path) -> Detection | None:
    """Return the detection in a file; None where it is YAML without a search.

    Raises:
        KnowledgeError: with the position of the mistake.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The file cannot be read: {error}.", path=str(file)) from None
    return Detection.from_text(text, str(file)) if "\nsearch:" in "\n" + text else None


def _read_schedules(root: Path, content: Content) -> None:
    """Read schedules/, and deployments/ of the generations before: a schedule each, for a name or for a type."""
    for _, data in _documents(root / "schedules", content.errors):
        name = str(data.get("name", ""))
        content.schedules[name] = read_schedule(data, name)
    for _, data in _documents(root / "deployments", content.errors):
        name, scheduling, tags = str(data.get("name", "")), data.get("scheduling"), data.get("tags")
        if isinstance(scheduling, dict):
            content.schedules[name] = read_schedule(scheduling, name)
            kind = tags.get("type") if isinstance(tags, dict) else data.get("type")
            if isinstance(kind, str):
                content.default_schedules[kind.lower()] = content.schedules[name]


def _external(root: Path, errors: list[KnowledgeError]) -> dict[str, str]:
    """What build.yml (or contentctl.yml) says that other apps bring: names of macros and lookups, with the app's."""
    found: dict[str, str] = {}
    for path, data in _documents_of([root / name for name in BUILD_FILES if (root / name).is_file()], errors):
        apps = data.get("external_app_content") or []
        for app in apps if isinstance(apps, list) else ():
            if not isinstance(app, dict):
                errors.append(KnowledgeError("Each entry of 'external_app_content' is a mapping.", path=str(path)))
                continue
            for kind in ("macros", "lookups"):
                names = app.get(kind) or ()
                found.update((str(name), str(app.get("app_name", ""))) for name in names if isinstance(names, list))
    return found


def _data_sources(root: Path, errors: list[KnowledgeError]) -> dict[str, DataSource]:
    found = (_data_source(data) for _, data in _documents(root / "data_sources", errors))
    return {source.name: source for source in found}


def data_sources_beside(path: str | Path) -> dict[str, DataSource]:
    """Return the data sources of the repository that a detection's file stands in, none where it stands in none.

    The repository is the folder above whose `detections/` the file is below and that has `data_sources/` too. Files of
    it that do not load are left out.
    """
    for folder in Path(path).absolute().parents if path else ():
        if folder.name == "detections" and (folder.parent / "data_sources").is_dir():
            return _cached_data_sources(folder.parent)
    return {}


def repository_of(path: str | Path) -> Path | None:
    """Return the repository of content that a file stands in: the nearest folder above with `detections/` and macros
    or lookups beside it; None where there is none."""
    for folder in Path(path).absolute().parents:
        if (folder / "detections").is_dir() and any((folder / kind).is_dir() for kind in ("macros", "lookups")):
            return folder
    return None


def repository_settings(path: str | Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of an environment with the macros and lookups of a file's repository below those given."""
    root, made = repository_of(path), dict(settings)
    for kind in ("macros", "lookups"):
        if root is not None and (root / kind).is_dir():
            made[kind] = [root / kind, *([] if made.get(kind) is None else [made[kind]])]
    return made


def schedule_beside(detection: Detection) -> Schedule:
    """Return when a detection runs, by the schedules of the repository that its file stands in (`Content.schedule`)."""
    folders = Path(detection.path).absolute().parents if detection.path else ()
    root = next(
        (each for each in folders if any((each / kind).is_dir() for kind in ("schedules", "deployments"))), None
    )
    return (Content(Path()) if root is None else _cached_schedules(root)).schedule(detection)


@lru_cache(maxsize=8)
def _cached_schedules(root: Path) -> Content:
    content = Content(root)
    _read_schedules(root, content)
    return content


def baselines_beside(detection: Detection) -> list[Detection]:
    """Return the baselines that a detection names, from the repository that its file stands in.

    Raises:
        KnowledgeError: one of them is not there.
    """
    if not detection.baselines:
        return []
    root = next((each for each in Path(detection.path).absolute().parents if (each / "baselines").is_dir()), None)
    content = Content(root or Path(detection.path).parent)
    if root is not None:
        content.baselines.extend(_cached_baselines(root))
    return [content.baseline(name) for name in detection.baselines]


@lru_cache(maxsize=8)
def _cached_baselines(root: Path) -> list[dict[str, Any]]:
    return [data | {"path": str(path)} for path, data in _documents(root / "baselines", [])]


@lru_cache(maxsize=8)
def _cached_data_sources(root: Path) -> dict[str, DataSource]:
    return _data_sources(root, [])


def _files(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for path in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]) if folder.is_dir() else ():
        if not path.name.endswith((".test.yml", ".test.yaml")) and _leads_below(path, root):
            yield path


def _leads_below(path: Path, root: Path) -> bool:
    """Say whether a path is a file below a folder, where its links lead, too; one that leads nowhere is not."""
    try:
        return path.is_file() and root in path.resolve().parents
    except (OSError, RuntimeError):  # links in a circle
        return False


def _documents(folder: Path, errors: list[KnowledgeError]) -> Iterator[tuple[Path, dict[str, Any]]]:
    return _documents_of(_files(folder), errors)


def _documents_of(paths: Iterable[Path], errors: list[KnowledgeError]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in paths:
        try:
            data = load_data(path.read_text("utf-8-sig"), str(path))
            if not isinstance(data, dict):
                raise KnowledgeError("The file has to be a mapping of keys to values.", path=str(path), position=(1, 1))
            yield path, data
        except KnowledgeError as error:
            errors.append(error)
        except (OSError, UnicodeDecodeError) as error:
            errors.append(KnowledgeError(f"The file cannot be read: {error}.", path=str(path)))


def _data_source(data: dict[str, Any]) -> DataSource:
    fields = data.get("fields") or ()
    return DataSource(
        str(data.get("name", "")),
        str(data.get("source", "")),
        str(data.get("sourcetype", "")),
        tuple(str(name) for name in fields if not isinstance(name, (dict, list))) if isinstance(fields, list) else (),
        str(data.get("example_log") or ""),
        str(data.get("separator") or ""),
    )
