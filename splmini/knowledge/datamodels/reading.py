"""One reading of a dataset of a data model: which events it takes, what is calculated, which rows come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import compiler
from splmini.engine.filters import RowTest, filter_of, keep, keep_columns
from splmini.errors import KnowledgeError
from splmini.events import Verdicts
from splmini.knowledge.datamodels.calculated import Change, assignments, calculations
from splmini.knowledge.datamodels.conditions import UNPREFIXED, assigned, constraint_of, renamed
from splmini.knowledge.datamodels.models import BASES, PLAIN, ModelObject
from splmini.knowledge.fields.columns import Columns
from splmini.knowledge.fields.settings import parse_expression
from splmini.language import tree
from splmini.language.conjuncts import conjunction, conjuncts
from splmini.operators import ColumnBatch, Fields, Implied, Request, Stream, union
from splmini.values.multivalue import from_list
from splmini.values.wildcards import has_wildcard, matching

if TYPE_CHECKING:
    from splmini.knowledge.datamodels.datasets import ModelDataset
    from splmini.operators import Row, RunContext

Filter: TypeAlias = "Verdicts | RowTest"
_Level: TypeAlias = "tuple[list[Filter], list[Change]]"
"""What is done at one dataset of the chain: which rows it takes, and what it calculates."""


class Reading:
    """One reading of a dataset: goes backwards through its chain to know which event fields it takes, then forwards."""

    def __init__(
        self,
        dataset: ModelDataset,
        ctx: RunContext,
        needed: Fields,
        prefixed: bool,
        where: tree.Node | None,
        strict: bool,
        tables: bool = False,
    ) -> None:
        self.dataset = dataset
        self.ctx = ctx
        self.prefixed = prefixed
        self.where = where
        self.strict = strict
        self.tables = tables
        self.assigned: list[Change] | None = None
        """What the base search calculates, where that is done here."""
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
        changes: list[_Level] = []
        required = union(self.fields, frozenset(field for _, field in self.below.values()))
        below = []
        if self.nodes or self.below:
            for each in reversed(self.dataset.owner.descendants(self.dataset.object)):
                steps, required = self._calculated(each, required) if self.below else ([], required)
                required = union(required, *(compiler.fields_read(node) for node in self._parsed(each)))
                required = union(required, frozenset(_extracted_needs(each)))
                below.append((each, steps))
        self.steps_below = below[::-1]
        for each in reversed(self.chain):
            if each.needs:
                required = union(required, frozenset(each.needs))
                changes.append(([RowTest(_has_all(each.needs), frozenset(each.needs))], []))
            steps, required = self._calculated(each, required)
            tests: list[Filter] = []
            if each.parent not in BASES:
                constraint = conjunction(*self._parsed(each))
                if constraint is not None:
                    required = union(required, compiler.fields_read(constraint))
                    tests = self._filters(constraint)
            changes.append((tests, steps))
        changes.reverse()
        plain = self.strict and not (self.keep_raw or self.nodes or self.below)
        self.tables = self.tables and plain and all(step.over for _, steps in changes for step in steps)
        source = self._source(self.chain[0], required)
        if self.assigned is not None:
            changes.insert(0, ([], self.assigned))
        return Stream(self._changed(source, changes))

    def _filters(self, node: tree.Node) -> list[Filter]:
        return [filter_of(part, self.ctx.predicate(part)) for part in conjuncts(node)]

    def _calculated(self, each: ModelObject, required: Fields) -> tuple[list[Change], Fields]:
        return calculations(each.calculations, required, self.ctx, self.dataset.model)

    def _parsed(self, each: ModelObject) -> list[tree.Node]:
        return [constraint_of(text, self.ctx, f"{self.dataset.model}.{each.name}") for text in each.constraints]

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
        made = assigned(rest)
        if rest and made is not None:
            reads = union(required, *(compiler.fields_read(node) for _, node in made))
            targets = frozenset(name for name, _ in made)
            if self.tables:
                self.assigned = assignments(made, required, self.ctx)
            rows = self.ctx.scan(
                Request(
                    predicate=conjunction(predicate, self._pushed(targets)),
                    needed=reads,
                    implied=self._implied(made),
                    columns=self.assigned is not None,
                )
            )
            return rows if self.assigned is not None else self.ctx.run(tree.Pipeline(rest), rows, required)
        if rest:
            search = tree.Command("search", () if predicate is None else (predicate,))
            return self.ctx.run(tree.Pipeline((search, *rest)), None, required)
        return self.ctx.scan(
            Request(
                predicate=conjunction(predicate, self._pushed()),
                needed=required,
                implied=self._implied(),
                columns=self.tables,
            )
        )

    def _implied(self, made: tuple[tuple[str, tree.Node], ...] = ()) -> Implied | None:
        """What the events of the dataset have to satisfy in the end, by the names of the fields of the event.

        `made` are fields that the base search computes before the calculations of the model.
        """
        if self.where is None:
            return None
        names = self.dataset.shown() if self.prefixed else {name: name for name in self.dataset.fields}
        parts = [renamed(each, names | {name: name for name in UNPREFIXED}) for each in conjuncts(self.where)]
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
        pushed = [renamed(each, known) for each in conjuncts(self.where)]
        return conjunction(*(each for each in pushed if each is not None))

    def _transactions(self, root: ModelObject, required: Fields) -> Stream:
        from splmini.knowledge.datamodels.datasets import DatasetUnion, ModelDataset

        grouping = root.transaction
        assert grouping is not None
        options = [f'"{name}"' for name in grouping.fields]
        if grouping.max_pause:
            options.append(f"maxpause={grouping.max_pause}")
        if grouping.max_span:
            options.append(f"maxspan={grouping.max_span}")
        wanted = union(required, frozenset({*grouping.fields, "_time", "_raw"}))
        members = [
            ModelDataset(self.dataset.owner, self.dataset.owner.objects[name])
            for name in grouping.datasets
            if name in self.dataset.owner.objects
        ]
        if not members:
            raise KnowledgeError(f"The dataset '{root.name}' groups no dataset of its model.", name=root.name)
        rows = DatasetUnion(self.dataset.owner, tuple(members)).rows(self.ctx, wanted, False, strict=False)
        command = self.ctx.parse(f"search * | transaction {' '.join(options)}").commands[1]
        return self.ctx.run(tree.Pipeline((command,)), rows, required)

    # ---- rows out ----------------------------------------------------------------------------------------------------

    def _changed(self, source: Stream, changes: list[_Level]) -> Iterator[Any]:
        where = [] if self.where is None else self._filters(self.where)
        name_nodes = self._node_names() if self.nodes or self.steps_below else None
        show = self._shown_row if self.strict else self._renamed_row if self.prefixed else None
        batches: Iterator[Any] = source.batches
        for batch in batches:
            if batch.__class__ is ColumnBatch:
                if table := self._changed_table(batch, changes, where):
                    yield table
                continue
            rows = batch
            for tests, steps in changes:
                rows = keep(rows, tests)
                for step in steps:
                    for row in rows:
                        step.apply(row)
            if name_nodes is not None:
                for row in rows:
                    name_nodes(row)
            if show is not None:
                rows = list(map(show, rows))
            if rows := keep(rows, where):
                yield rows

    def _changed_table(self, table: ColumnBatch, changes: list[_Level], where: list[Filter]) -> ColumnBatch:
        for tests, steps in changes:
            table = keep_columns(table, tests)
            if steps and table:
                columns = Columns.free(table)
                for step in steps:
                    assert step.over is not None
                    step.over(columns)
                table = ColumnBatch(columns.made, table.size)
        shown = {name: table.column(field) for name, field in self.shown.items()}
        return keep_columns(ColumnBatch(shown, table.size), where)

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

    def _node_names(self) -> Callable[[Row], None]:
        """Return what finds the datasets below that an event is in: their fields, `nodename` and the `is_` flags."""
        root = self.dataset.lineage[0]
        below = []
        for each, steps in self.steps_below:
            node = conjunction(*self._parsed(each))
            fields = [(name, field) for name, (owner, field) in self.below.items() if owner is each]
            has_needs = _has_all(_extracted_needs(each))
            below.append((each, None if node is None else self.ctx.predicate(node), has_needs, steps, fields))
        above = [each.path for each in self.chain]

        def name_nodes(row: Row) -> None:
            nodes = list(above)
            for each, test, has_needs, steps, fields in below:
                inside = ".".join(each.lineage[:-1]) in nodes and (test is None or test(row)) and has_needs(row)
                row[f"{root}.is_{each.name}"] = int(inside)
                if inside:
                    nodes.append(each.path)
                    for step in steps:
                        step.apply(row)
                    for name, field in fields:
                        if row.get(field) is not None:
                            row[name] = row[field]
            for name in self.dataset.lineage:
                row[f"{root}.is_{name}"] = 1
            row["nodename"] = from_list(nodes)

        return name_nodes


def _has_all(names: Sequence[str]) -> Callable[[Row], bool]:
    """Return a test for events that have every one of the fields."""

    def has_all(row: Row) -> bool:
        return all(row.get(name) is not None for name in names)

    return has_all


def _extracted_needs(each: ModelObject) -> list[str]:
    """The required fields of a dataset that it does not calculate itself."""
    made = {name for step in each.calculations for name, _ in step.outputs}
    return [name for name in each.needs if name not in made]


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
