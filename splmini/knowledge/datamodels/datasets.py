"""Datasets of data models: their events, with calculated fields, as tstats, from, datamodel and pivot read them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splmini import compiler
from splmini.errors import KnowledgeError
from splmini.knowledge.conf import Setting
from splmini.knowledge.datamodels.conditions import without_subsearches
from splmini.knowledge.datamodels.models import (
    PLAIN,
    Model,
    ModelObject,
    describe,
    describe_model,
    model_of_json,
    with_given,
)
from splmini.knowledge.datamodels.reading import Reading
from splmini.language import tree
from splmini.operators import Fields, Stream, union
from splmini.values import json

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import RunContext


class DataModels(Mapping[str, Model]):
    """The data models of an environment, by name."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = dict(models)

    @classmethod
    def of(cls, knowledge: Knowledge | None, given: Mapping[str, Mapping[str, Any]] | None = None) -> DataModels:
        """Collect the models of apps and, on top, the datasets that the caller gave."""
        models: dict[str, Model] = {}
        if knowledge is not None:
            for app in reversed(knowledge.apps):
                for folder in ("default", "local"):
                    for file in app.files.names(folder, "data", "models", suffix=".json"):
                        _read(knowledge, app, folder, file, models)
        for name, datasets in (given or {}).items():
            if not isinstance(datasets, Mapping):
                raise KnowledgeError("A data model is given as a mapping of datasets.", name=name)
            models[name] = with_given(models.get(name, Model(name)), datasets)
        return cls(models)

    def find(self, name: str) -> Any:
        """Return a dataset (`operators.Dataset`): `Model.Dataset`, or for a bare `Model` its root dataset; or None."""
        if not name:
            return Catalogue(self)
        model_name, _, rest = name.partition(".")
        model = self._models.get(model_name)
        if model is None or not model.objects:
            return None
        if rest:
            found = model.objects.get(rest) or model.objects.get(rest.rpartition(".")[2])
            return None if found is None else ModelDataset(model, found)
        roots = [ModelDataset(model, each) for each in model.roots()]
        return roots[0] if len(roots) == 1 else DatasetUnion(model, tuple(roots))

    def names(self) -> list[str]:
        """Return the names of all datasets, as `Model.Dataset`."""
        return [f"{model.name}.{name}" for model in self._models.values() for name in model.objects]

    def __getitem__(self, name: str) -> Model:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)


def _read(knowledge: Knowledge, app: Any, folder: str, file: str, models: dict[str, Model]) -> None:
    path = app.files.path(folder, "data", "models", file)
    data = app.files.read(folder, "data", "models", file) or b""
    try:
        model = model_of_json(json.decode(data.removeprefix(b"\xef\xbb\xbf")), path)
    except KnowledgeError as error:
        setting = Setting("", app.name, f"{folder}/data/models/{file}", 1)
        knowledge.note(setting, file, "", error.message)
        return
    models[model.name] = model


@dataclass(frozen=True)
class Catalogue:
    """All data models, which have no events together; what `find` gives for no name."""

    models: DataModels

    def describe_models(self) -> list[str]:
        """Return what each model is, as JSON."""
        return [describe_model(model) for model in self.models.values()]


# ---- a dataset -----------------------------------------------------------------------------------------------------

_active = threading.local()
_DEPTH = 20


@dataclass(frozen=True)
class ModelDataset:
    """One dataset. Its events are those of its root's search that satisfy each constraint on the way to it, with
    the calculations of each made in order."""

    owner: Model
    object: ModelObject

    @property
    def model(self) -> str:
        """The name of the data model."""
        return self.owner.name

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.object.name

    @property
    def lineage(self) -> tuple[str, ...]:
        """The names from the root dataset to this one."""
        return self.object.lineage

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, without prefix, inherited ones first."""
        return tuple(dict.fromkeys(name for name, _ in self._declared()))

    def _declared(self) -> list[tuple[str, str]]:
        declared = [pair for each in self.owner.chain(self.object) for pair in each.owned()]
        return list(dict.fromkeys([*((name, "") for name in PLAIN), *declared]))

    def shown(self) -> dict[str, str]:
        """Return the fields by their prefixed name: `Processes.user` → `user`."""
        return {f"{prefix}.{name}" if prefix else name: name for name, prefix in self._declared()}

    def below(self) -> dict[str, tuple[ModelObject, str]]:
        """Return the fields that datasets below have of their own, by prefixed name: (dataset, field).

        An event that is in such a dataset has them, however it was found: `from datamodel=Change by
        All_Changes.Instance_Changes.instance_type`.
        """
        return {
            f"{prefix}.{name}": (each, name)
            for each in self.owner.descendants(self.object)
            for name, prefix in each.owned()
        }

    def describe(self) -> str:
        """Return what the dataset is, as JSON."""
        return json.encode(describe(self.object))

    def describe_models(self) -> list[str]:
        """Return what the dataset's model is, as JSON."""
        return [describe_model(self.owner)]

    def summary_fields(self) -> frozenset[str]:
        """Return what an acceleration summary holds: the fields of the dataset and of those below it."""
        return frozenset({*self.shown(), *self.below()})

    def rows(
        self,
        ctx: RunContext,
        needed: Fields,
        prefixed: bool,
        where: tree.Node | None = None,
        strict: bool = True,
        tables: bool = False,
    ) -> Stream:
        """Return the dataset's events with its calculated fields.

        Args:
            ctx: the run.
            needed: the fields that are needed, named as they are given (prefixed or not).
            prefixed: give fields the path of their dataset in front, and only fields of the dataset.
            where: a search expression over the rows as they are given.
            strict: without prefixes too, give only fields of the dataset (and `_raw`).
            tables: batches may be `ColumnBatch`es.
        """
        if where is not None:
            where = without_subsearches(where, ctx)
            needed = union(needed, compiler.fields_read(where), frozenset({"_time"}))
        depth = getattr(_active, "depth", 0)
        if depth >= _DEPTH:
            raise KnowledgeError(f"The dataset '{self.model}.{self.name}' is made from itself.", name=self.name)
        _active.depth = depth + 1
        try:
            return Reading(self, ctx, needed, prefixed, where, strict, tables).stream()
        finally:
            _active.depth = depth


@dataclass(frozen=True)
class DatasetUnion:
    """The root datasets of a model that has several: an event counts once for each that it is in."""

    owner: Model
    parts: tuple[ModelDataset, ...]

    @property
    def model(self) -> str:
        """The name of the data model."""
        return self.owner.name

    @property
    def name(self) -> str:
        """The name of the model, as no one dataset is meant."""
        return self.owner.name

    @property
    def lineage(self) -> tuple[str, ...]:
        """No dataset: empty."""
        return ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields of all root datasets."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.fields))

    def shown(self) -> dict[str, str]:
        """Return the fields of all root datasets by their prefixed name."""
        return {shown: name for part in self.parts for shown, name in part.shown().items()}

    def below(self) -> dict[str, tuple[ModelObject, str]]:
        """Return the fields of the datasets below the root datasets, by prefixed name."""
        return {shown: pair for part in self.parts for shown, pair in part.below().items()}

    def describe(self) -> str:
        """Return what the model is, as JSON."""
        return describe_model(self.owner)

    def describe_models(self) -> list[str]:
        """Return what the model is, as JSON."""
        return [describe_model(self.owner)]

    def summary_fields(self) -> frozenset[str]:
        """Return what an acceleration summary holds: the fields of the dataset and of those below it."""
        return frozenset({*self.shown(), *self.below()})

    def rows(
        self,
        ctx: RunContext,
        needed: Fields,
        prefixed: bool,
        where: tree.Node | None = None,
        strict: bool = True,
        tables: bool = False,
    ) -> Stream:
        """Return the events of the root datasets, one dataset after the other."""
        streams = [part.rows(ctx, needed, prefixed, where, strict, tables) for part in self.parts]
        return Stream(batch for stream in streams for batch in stream.batches)


__all__ = ["DataModels", "DatasetUnion", "ModelDataset"]
