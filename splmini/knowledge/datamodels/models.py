"""Data models as they are written: Splunk's JSON, and the short form that a caller gives.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/Aboutdatamodels
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from splmini.errors import KnowledgeError
from splmini.values import json

BASES = ("BaseEvent", "BaseSearch", "BaseTransaction")
PLAIN = ("_time", "host", "source", "sourcetype")
"""Fields that every dataset inherits from BaseEvent; they have no prefix."""


@dataclass(frozen=True)
class CalculatedFields:
    """A calculation: `kind` is Eval, Rex, Lookup or GeoIP; `outputs` are (field, column or group) pairs."""

    kind: str
    outputs: tuple[tuple[str, str], ...]
    expression: str = ""
    input_field: str = "_raw"
    lookup: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    """(lookup column, event field) pairs."""


@dataclass(frozen=True)
class Transaction:
    """How the events of datasets are grouped (BaseTransaction)."""

    datasets: tuple[str, ...]
    fields: tuple[str, ...]
    max_pause: str = ""
    max_span: str = ""


@dataclass(frozen=True)
class ModelObject:
    """A dataset as written. `fields` are (name, owner) pairs; owner BaseEvent stands for no prefix."""

    name: str
    parent: str
    lineage: tuple[str, ...]
    base_search: str | None = None
    constraints: tuple[str, ...] = ()
    calculations: tuple[CalculatedFields, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    """Fields marked as required: an event without one of them is not in the dataset."""
    transaction: Transaction | None = None

    @property
    def path(self) -> str:
        """The names from the root to the dataset, with full stops: the prefix of its own fields."""
        return ".".join(self.lineage)

    def owned(self) -> list[tuple[str, str]]:
        """Return (field, prefix) of all fields that the dataset declares, calculated ones included."""
        names = [(name, "" if owner in BASES else owner or self.path) for name, owner in self.fields]
        names += [(name, self.path) for each in self.calculations for name, _ in each.outputs]
        return list(dict.fromkeys(names))


@dataclass(frozen=True)
class Model:
    """A data model: its datasets by name, in the order of the file."""

    name: str
    objects: Mapping[str, ModelObject] = field(default_factory=dict)

    def roots(self) -> list[ModelObject]:
        """Return the root datasets; where a model has event or search datasets, transactions are not counted."""
        roots = [each for each in self.objects.values() if each.parent in BASES]
        return [each for each in roots if each.transaction is None] or roots

    def chain(self, each: ModelObject) -> list[ModelObject]:
        """Return a dataset's ancestors from the root, and itself."""
        return [self.objects[name] for name in each.lineage]

    def descendants(self, each: ModelObject) -> list[ModelObject]:
        """Return the datasets below one, parents first."""
        below = [other for other in self.objects.values() if other.lineage[: len(each.lineage)] == each.lineage]
        return sorted((other for other in below if other is not each), key=lambda other: len(other.lineage))


def model_of_json(document: Any, path: str) -> Model:
    """Read a decoded data-model JSON; raises KnowledgeError where it is not one."""
    if not isinstance(document, Mapping) or not isinstance(document.get("objects"), list):
        raise KnowledgeError("The file is no data model: it has no list 'objects'.", path=path)
    raw = [each for each in document["objects"] if isinstance(each, Mapping) and each.get("objectName")]
    parents = {str(each["objectName"]): str(each.get("parentName") or "BaseEvent") for each in raw}
    objects: dict[str, ModelObject] = {}
    for each in raw:
        name = str(each["objectName"])
        objects[name] = _object(each, name, parents, path)
    return Model(str(document.get("modelName") or "unnamed"), objects)


def _object(each: Mapping[str, Any], name: str, parents: Mapping[str, str], path: str) -> ModelObject:
    return ModelObject(
        name,
        parents[name],
        _lineage(name, parents, path),
        base_search=each.get("baseSearch") or None,
        constraints=tuple(str(item["search"]) for item in _dicts(each.get("constraints")) if item.get("search")),
        calculations=tuple(_calculation(item) for item in _dicts(each.get("calculations"))),
        fields=tuple(
            (str(item["fieldName"]), str(item.get("owner") or ""))
            for item in _dicts(each.get("fields"))
            if item.get("fieldName") and item.get("type") not in ("objectCount", "childCount")
        ),
        needs=_required(each),
        transaction=_transaction(each) if parents[name] == "BaseTransaction" else None,
    )


def _required(each: Mapping[str, Any]) -> tuple[str, ...]:
    outputs = [out for step in _dicts(each.get("calculations")) for out in _dicts(step.get("outputFields"))]
    declared = [item for item in (*_dicts(each.get("fields")), *outputs) if item.get("required") is True]
    return tuple(dict.fromkeys(str(item["fieldName"]) for item in declared if item.get("fieldName")))


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _lineage(name: str, parents: Mapping[str, str], path: str) -> tuple[str, ...]:
    lineage = [name]
    while parents[lineage[0]] not in BASES:
        parent = parents[lineage[0]]
        if parent not in parents or parent in lineage:
            raise KnowledgeError(f"The dataset '{name}' has no parent '{parent}'.", name=name, path=path)
        lineage.insert(0, parent)
    return tuple(lineage)


def _calculation(item: Mapping[str, Any]) -> CalculatedFields:
    kind = str(item.get("calculationType") or "Eval")
    outputs = tuple(
        (str(out["fieldName"]), str(out.get("lookupOutputFieldName") or out["fieldName"]))
        for out in _dicts(item.get("outputFields"))
        if out.get("fieldName")
    )
    inputs = tuple(
        (str(each.get("lookupField") or each.get("inputField")), str(each.get("inputField") or each.get("lookupField")))
        for each in _dicts(item.get("lookupInputs"))
    )
    return CalculatedFields(
        kind,
        outputs,
        str(item.get("expression") or ""),
        str(item.get("inputField") or "_raw"),
        str(item.get("lookupName") or ""),
        inputs,
    )


def _transaction(each: Mapping[str, Any]) -> Transaction:
    return Transaction(
        _texts(each.get("objectsToGroup")),
        _texts(each.get("groupByFields")),
        str(each.get("transactionMaxPause") or ""),
        str(each.get("transactionMaxTimeSpan") or ""),
    )


def with_given(model: Model, datasets: Mapping[str, Any]) -> Model:
    """Return a model with the datasets that a caller gave: `{"Dataset": {"search": ..., "fields": [...]}}`.

    One that is there already is replaced and becomes a root; its children keep it as their parent.
    """
    objects = dict(model.objects)
    for name, given in datasets.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("search", ""), str):
            shape = 'A dataset is given as {"search": "...", "fields": [...]}.'
            raise KnowledgeError(shape, name=f"{model.name}.{name}")
        fields = given.get("fields") or ()
        if isinstance(fields, str) or not isinstance(fields, Iterable):
            raise KnowledgeError("The fields of a dataset are a list of names.", name=f"{model.name}.{name}")
        unknown = set(given) - {"search", "fields"}
        if unknown:
            raise KnowledgeError(f"A dataset has no setting '{sorted(unknown)[0]}'.", name=f"{model.name}.{name}")
        owned = tuple((str(each), "BaseEvent" if str(each) in PLAIN else "") for each in fields)
        plain = tuple((each, "BaseEvent") for each in PLAIN)
        before = objects.get(name)
        objects[name] = ModelObject(name, "BaseSearch", (name,), given.get("search") or "*", fields=(*plain, *owned))
        if before is not None and len(before.lineage) > 1:
            objects = {key: _rerooted(each, before.lineage) for key, each in objects.items()}
    return Model(model.name, objects)


def _rerooted(each: ModelObject, lineage: tuple[str, ...]) -> ModelObject:
    if each.lineage[: len(lineage)] != lineage or each.lineage == lineage:
        return each
    return replace(each, lineage=each.lineage[len(lineage) - 1 :])


def describe(each: ModelObject) -> dict[str, Any]:
    """Return a dataset in the shape of Splunk's JSON."""
    return {
        "objectName": each.name,
        "parentName": each.parent,
        "lineage": each.path,
        **({"baseSearch": each.base_search} if each.base_search else {}),
        "constraints": [{"search": text} for text in each.constraints],
        "fields": [{"fieldName": name, "owner": owner or each.path} for name, owner in each.fields],
        "calculations": [
            {
                "calculationType": step.kind,
                "expression": step.expression,
                "outputFields": [{"fieldName": name} for name, _ in step.outputs],
            }
            for step in each.calculations
        ],
    }


def describe_model(model: Model) -> str:
    """Return a whole data model as JSON in Splunk's shape."""
    return json.encode({"modelName": model.name, "objects": [describe(each) for each in model.objects.values()]})
