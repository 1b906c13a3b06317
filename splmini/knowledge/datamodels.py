"""Datasets of data models: their events, with calculated fields, as tstats, from, datamodel and pivot read them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import compiler
from splmini.compiler.searching import resolved
from splmini.errors import KnowledgeError, SplError, UnsupportedFeature
from splmini.knowledge.conf import Setting
from splmini.knowledge.models import (
    BASES,
    PLAIN,
    CalculatedFields,
    Model,
    ModelObject,
    describe,
    describe_model,
    model_of_json,
    with_given,
)
from splmini.knowledge.settings import parse_expression, store
from splmini.language import tree
from splmini.operators import Batch, Fields, Implied, Stream, union
from splmini.plan.scan import conjunction, conjuncts
from splmini.values import json, regex
from splmini.values.multivalue import as_list, from_list
from splmini.values.wildcards import has_wildcard, matching

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row, RunContext

Change: TypeAlias = "Callable[[Row], None]"


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

    def rows(
        self, ctx: RunContext, needed: Fields, prefixed: bool, where: tree.Node | None = None, strict: bool = True
    ) -> Stream:
        """Return the dataset's events with its calculated fields.

        Args:
            ctx: the run.
            needed: the fields that are needed, named as they are given (prefixed or not).
            prefixed: give fields the path of their dataset in front, and only fields of the dataset.
            where: a search expression over the rows as they are given.
            strict: without prefixes too, give only fields of the dataset (and `_raw`).
        """
        if where is not None:
            where = _without_subsearches(where, ctx)
            needed = union(needed, compiler.fields_read(where), frozenset({"_time"}))
        depth = getattr(_active, "depth", 0)
        if depth >= _DEPTH:
            raise KnowledgeError(f"The dataset '{self.model}.{self.name}' is made from itself.", name=self.name)
        _active.depth = depth + 1
        try:
            return _Reading(self, ctx, needed, prefixed, where, strict).stream()
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

    def rows(
        self, ctx: RunContext, needed: Fields, prefixed: bool, where: tree.Node | None = None, strict: bool = True
    ) -> Stream:
        """Return the events of the root datasets, one dataset after the other."""
        streams = [part.rows(ctx, needed, prefixed, where, strict) for part in self.parts]
        return Stream(batch for stream in streams for batch in stream.batches)


# ---- reading one ---------------------------------------------------------------------------------------------------


class _Reading:
    """One reading of a dataset: goes backwards through its chain to know which event fields it takes, then forwards."""

    def __init__(
        self,
        dataset: ModelDataset,
        ctx: RunContext,
        needed: Fields,
        prefixed: bool,
        where: tree.Node | None,
        strict: bool,
    ) -> None:
        self.dataset = dataset
        self.ctx = ctx
        self.prefixed = prefixed
        self.where = where
        self.strict = strict
        self.shown = _wanted(dataset, needed, prefixed, strict)
        self.everything = not strict and needed is None
        self.keep_raw = (not prefixed) if needed is None else "_raw" in needed
        self.nodes = needed is not None and not needed.isdisjoint({"nodename"} | self._flags())
        self.chain = dataset.owner.chain(dataset.object)
        below = dataset.below() if prefixed and needed is not None else {}
        self.below = {name: below[name] for name in sorted(needed or ()) if name in below}
        self.fields: Fields = None if self.everything else frozenset(self.shown.values())
        if self.keep_raw and self.fields is not None:
            self.fields |= {"_raw"}

    def _flags(self) -> set[str]:
        root = self.dataset.lineage[0]
        return {f"{root}.is_{each}" for each in self.dataset.owner.objects}

    def stream(self) -> Stream:
        """Return the rows."""
        changes: list[tuple[Callable[[Row], bool] | None, list[Change]]] = []
        required = union(self.fields, frozenset(field for _, field in self.below.values()))
        below = []
        if self.nodes or self.below:
            for each in reversed(self.dataset.owner.descendants(self.dataset.object)):
                steps, required = self._calculations(each.calculations, required) if self.below else ([], required)
                required = union(required, *(compiler.fields_read(node) for node in self._parsed(each)))
                below.append((each, steps))
        self.steps_below = below[::-1]
        for each in reversed(self.chain):
            steps, required = self._calculations(each.calculations, required)
            test: Callable[[Row], bool] | None = None
            if each.parent not in BASES:
                constraint = conjunction(*self._parsed(each))
                if constraint is not None:
                    required = union(required, compiler.fields_read(constraint))
                    test = self.ctx.predicate(constraint)
            changes.append((test, steps))
        changes.reverse()
        source = self._source(self.chain[0], required)
        return Stream(self._changed(source, changes))

    def _parsed(self, each: ModelObject) -> list[tree.Node]:
        return [_search(text, self.ctx, f"{self.dataset.model}.{each.name}") for text in each.constraints]

    # ---- the root ----------------------------------------------------------------------------------------------------

    def _source(self, root: ModelObject, required: Fields) -> Stream:
        if root.transaction is not None:
            return self._transactions(root, required)
        predicate = conjunction(*self._parsed(root))
        rest: tuple[tree.Command, ...] = ()
        if root.base_search:
            pipeline = self.ctx.parse(root.base_search)
            first = pipeline.commands[0] if pipeline.commands else None
            if pipeline.leading_pipe and first is not None and first.name != "search":
                return self.ctx.run(pipeline, None, required)
            if first is not None:
                predicate = conjunction(predicate, *first.args)
                rest = pipeline.commands[1:]
        made = _assigned(rest)
        if rest and made is not None:
            reads = union(required, *(compiler.fields_read(node) for _, node in made))
            targets = frozenset(name for name, _ in made)
            rows = self.ctx.scan(conjunction(predicate, self._pushed(targets)), reads, self._implied(made))
            return self.ctx.run(tree.Pipeline(rest), rows, required)
        if rest:
            search = tree.Command("search", () if predicate is None else (predicate,))
            return self.ctx.run(tree.Pipeline((search, *rest)), None, required)
        return self.ctx.scan(conjunction(predicate, self._pushed()), required, self._implied())

    def _implied(self, made: tuple[tuple[str, tree.Node], ...] = ()) -> Implied | None:
        """What the events of the dataset have to satisfy in the end, by the names of the fields of the event.

        `made` are fields that the base search computes before the calculations of the model.
        """
        if self.where is None:
            return None
        names = self.dataset.shown() if self.prefixed else {name: name for name in self.dataset.fields}
        parts = [_renamed(each, names | {name: name for name in _PLAIN}) for each in conjuncts(self.where)]
        where = conjunction(*(each for each in parts if each is not None))
        if where is None:
            return None
        calculated: dict[str, tuple[tree.Node | None, ...]] = {}
        for target, value in made:
            calculated[target] = (*calculated.get(target, ()), value)
        for each in self.chain:
            for step in each.calculations:
                node = parse_expression(step.expression) if step.kind == "Eval" else None
                for name, _ in step.outputs:
                    calculated[name] = (*calculated.get(name, ()), node)
        return Implied(where, calculated)

    def _pushed(self, made: frozenset[str] = frozenset()) -> tree.Node | None:
        """The conditions of `where` that can be tested on events before anything is calculated."""
        calculated = {name for each in self.chain for step in each.calculations for name, _ in step.outputs} | made
        names = self.dataset.shown() if self.prefixed else {name: name for name in self.dataset.fields}
        known = {shown: name for shown, name in names.items() if name not in calculated}
        known.update({name: name for name in ("index", "earliest", "latest", "_index_earliest", "_index_latest")})
        pushed = [_renamed(each, known) for each in conjuncts(self.where)]
        return conjunction(*(each for each in pushed if each is not None))

    def _transactions(self, root: ModelObject, required: Fields) -> Stream:
        grouping = root.transaction
        assert grouping is not None
        options = [f'"{name}"' for name in grouping.fields]
        if grouping.max_pause:
            options.append(f"maxpause={grouping.max_pause}")
        if grouping.max_span:
            options.append(f"maxspan={grouping.max_span}")
        wanted = union(required, frozenset({*grouping.fields, "_time", "_raw"}))
        members = [ModelDataset(self.dataset.owner, self.dataset.owner.objects[name]) for name in grouping.datasets
                   if name in self.dataset.owner.objects]  # fmt: skip
        if not members:
            raise KnowledgeError(f"The dataset '{root.name}' groups no dataset of its model.", name=root.name)
        rows = DatasetUnion(self.dataset.owner, tuple(members)).rows(self.ctx, wanted, False, strict=False)
        command = self.ctx.parse(f"search * | transaction {' '.join(options)}").commands[1]
        return self.ctx.run(tree.Pipeline((command,)), rows, required)

    # ---- calculations ------------------------------------------------------------------------------------------------

    def _calculations(self, all_of: tuple[CalculatedFields, ...], required: Fields) -> tuple[list[Change], Fields]:
        steps: list[Change] = []
        for each in reversed(all_of):
            outputs = [name for name, _ in each.outputs]
            if required is not None and required.isdisjoint(outputs):
                continue
            step, reads = self._calculation(each)
            required = union(required, reads)
            steps.append(step)
        return steps[::-1], required

    def _calculation(self, each: CalculatedFields) -> tuple[Change, Fields]:
        if each.kind == "Eval":
            return self._eval(each)
        if each.kind == "Rex":
            return self._rex(each)
        if each.kind == "Lookup":
            return self._lookup(each)
        raise UnsupportedFeature(
            f"The dataset '{self.dataset.model}.{self.dataset.name}' has a calculated field of the kind {each.kind}.",
            name=each.kind,
        )

    def _eval(self, each: CalculatedFields) -> tuple[Change, Fields]:
        try:
            node = parse_expression(each.expression)
        except SplError as error:
            raise KnowledgeError(
                f"The calculation of '{self.dataset.model}.{each.outputs[0][0]}' is no expression: {error.message}",
                name=self.dataset.name,
            ) from None
        expression = self.ctx.expression(node)
        target = each.outputs[0][0]

        def calculate(row: Row) -> None:
            store(row, target, expression(row))

        return calculate, compiler.fields_read(node)

    def _rex(self, each: CalculatedFields) -> tuple[Change, Fields]:
        pattern = regex.compile(each.expression)
        wanted = {name for name, _ in each.outputs}
        groups = [(name, index) for name, index in pattern.names if name in wanted]

        def extract(row: Row) -> None:
            value = row.get(each.input_field)
            match = None if value is None else pattern.search("\n".join(map(str, as_list(value))))
            if match is not None:
                for name, index in groups:
                    found = match.group(index)
                    if found:
                        row[name] = found

        return extract, frozenset({each.input_field, *wanted})

    def _lookup(self, each: CalculatedFields) -> tuple[Change, Fields]:
        table = self.ctx.table(each.lookup)
        columns = [column for column, _ in each.inputs]
        match = table.matcher(columns, [column for _, column in each.outputs], self.ctx)

        def look_up(row: Row) -> None:
            keys = [row.get(field) for _, field in each.inputs]
            if any(key is None for key in keys):
                return
            moment = row.get("_time")
            found = match(keys, moment if isinstance(moment, (int, float)) else None) or []
            for field, column in each.outputs:
                values = [item for one in found if column in one for item in as_list(one[column])]
                if values:
                    row[field] = from_list(values)

        return look_up, frozenset({*(field for _, field in each.inputs), *(field for field, _ in each.outputs)})

    # ---- rows out ----------------------------------------------------------------------------------------------------

    def _changed(
        self, source: Stream, changes: list[tuple[Callable[[Row], bool] | None, list[Change]]]
    ) -> Iterator[Batch]:
        where = None if self.where is None else self.ctx.predicate(self.where)
        name_nodes = self._node_names() if self.steps_below else None
        show = self._shown_row if self.strict else self._renamed_row if self.prefixed else None
        for batch in source.batches:
            rows = batch
            for test, steps in changes:
                if test is not None:
                    rows = [row for row in rows if test(row)]
                for step in steps:
                    for row in rows:
                        step(row)
            if name_nodes is not None:
                for row in rows:
                    name_nodes(row)
            if show is not None:
                rows = [show(row) for row in rows]
            if where is not None:
                rows = [row for row in rows if where(row)]
            if rows:
                yield rows

    def _shown_row(self, row: Row) -> Row:
        shown = {}
        for name, field in self.shown.items():
            value = row.get(field)
            if value is not None:
                shown[name] = value
        if self.keep_raw and "_raw" in row:
            shown["_raw"] = row["_raw"]
        if self.nodes:
            shown.update({name: value for name, value in row.items() if name == "nodename" or ".is_" in name})
        shown.update({name: row[name] for name in self.below if name in row})
        return shown

    def _renamed_row(self, row: Row) -> Row:
        """With a prefix and other fields too: the dataset's fields are renamed, the others stay."""
        own = set(self.dataset.fields) - set(PLAIN)
        return {name: value for name, value in row.items() if name not in own} | self._shown_row(row)

    def _node_names(self) -> Change:
        """Return what finds the datasets below that an event is in: their fields, `nodename` and the `is_` flags."""
        root = self.dataset.lineage[0]
        below = []
        for each, steps in self.steps_below:
            node = conjunction(*self._parsed(each))
            fields = [(name, field) for name, (owner, field) in self.below.items() if owner is each]
            below.append((each, None if node is None else self.ctx.predicate(node), steps, fields))
        above = [each.path for each in self.chain]

        def name_nodes(row: Row) -> None:
            nodes = list(above)
            for each, test, steps, fields in below:
                inside = ".".join(each.lineage[:-1]) in nodes and (test is None or test(row))
                row[f"{root}.is_{each.name}"] = int(inside)
                if inside:
                    nodes.append(each.path)
                    for step in steps:
                        step(row)
                    for name, field in fields:
                        if row.get(field) is not None:
                            row[name] = row[field]
            for name in self.dataset.lineage:
                row[f"{root}.is_{name}"] = 1
            row["nodename"] = from_list(nodes)

        return name_nodes


def _wanted(dataset: ModelDataset, needed: Fields, prefixed: bool, strict: bool) -> dict[str, str]:
    """Return the fields to give, by their name in the rows."""
    shown = dataset.shown() if prefixed else {name: name for name in dataset.fields}
    shown.update({"index": "index", "_time": "_time"})
    if needed is None:
        return shown
    names: dict[str, str] = {}
    for name in sorted(needed):
        for each in matching(name, shown) if has_wildcard(name) else [name]:
            if each in shown:
                names[each] = shown[each]
            elif not strict and each != "nodename":
                names[each] = each
    return names


def _search(text: str, ctx: RunContext, name: str) -> tree.Node:
    pipeline = ctx.parse(text)
    if len(pipeline.commands) != 1 or pipeline.commands[0].name != "search":
        raise KnowledgeError(f"The constraint of '{name}' is not a plain search: {text}", name=name)
    args = pipeline.commands[0].args
    return conjunction(*args) or tree.And(())


def _assigned(commands: tuple[tree.Command, ...]) -> tuple[tuple[str, tree.Node], ...] | None:
    """Return the (field, expression) pairs of commands that are all eval; None where one is not, or names are made."""
    pairs = []
    for each in commands:
        for argument in each.args:
            plain = each.name == "eval" and isinstance(argument, tree.Assignment)
            if not plain or not isinstance(argument.target, tree.FieldRef):  # type: ignore[attr-defined]
                return None
            pairs.append((argument.target.name, argument.value))  # type: ignore[attr-defined]
    return tuple(pairs)


_PLAIN = ("host", "source", "sourcetype", "index", "earliest", "latest")
"""Names that need no prefix."""


def _renamed(node: tree.Node, names: Mapping[str, str]) -> tree.Node | None:
    """Return a condition with the fields' names in the event; None where it reads a field that is not known there."""
    if isinstance(node, (tree.Term, tree.Directive)):
        return node
    if isinstance(node, tree.FieldComparison):
        field = names.get(node.field)
        return None if field is None else tree.FieldComparison(field, node.op, node.value, node.quoted, span=node.span)
    if isinstance(node, tree.FieldIn):
        field = names.get(node.field)
        return None if field is None else tree.FieldIn(field, node.values, span=node.span)
    if isinstance(node, tree.Not):
        operand = _renamed(node.operand, names)
        return None if operand is None else tree.Not(operand, span=node.span)
    if isinstance(node, (tree.And, tree.Or)):
        items: Iterable[tree.Node | None] = [_renamed(item, names) for item in node.items]
        kept = tuple(item for item in items if item is not None)
        return type(node)(kept, span=node.span) if len(kept) == len(node.items) else None
    return None


def _without_subsearches(node: tree.Node, ctx: RunContext) -> tree.Node:
    if isinstance(node, tree.Subsearch):
        return ctx.expand(node.pipeline)
    if isinstance(node, (tree.SubsearchComparison, tree.FieldInSubsearch)):
        return resolved(node, ctx.expand)
    if isinstance(node, (tree.And, tree.Or)):
        return type(node)(tuple(_without_subsearches(item, ctx) for item in node.items), span=node.span)
    if isinstance(node, tree.Not):
        return tree.Not(_without_subsearches(node.operand, ctx), span=node.span)
    return node


__all__ = ["DataModels", "DatasetUnion", "ModelDataset"]
