"""A compiled search: text and tree, plan, and the environment that gives them meaning."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary, theirs
from splmini.budget import Budget, work_for
from splmini.engine.context import Run
from splmini.engine.services import services_of
from splmini.engine.stream import execute
from splmini.errors import ArgumentError, LimitExceeded
from splmini.events import NoEvents, Settings, for_readers, open_events
from splmini.language import parser, tree
from splmini.operators import Generating, Row, Stream
from splmini.options import ReadingOptions, check_names
from splmini.plan.optimize import optimize
from splmini.registry import find_command
from splmini.results import Results

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Unpack

    from splmini.environment import Environment
    from splmini.language.source import SourceText
    from splmini.limits import Limits
    from splmini.operators import Operator
    from splmini.options import AnyEvents, Moment, RunArguments
    from splmini.plan.build import Builder
    from splmini.plan.show import Plan


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a search runs; the keyword arguments of `Search.run`."""

    order: str = "auto"
    """`given`, `newest`, or `auto`: given for iterables and frames, newest first for files."""
    executor: Executor | None = None
    """A `concurrent.futures.Executor`: the distributable part of the plan runs there, over parts of the events."""
    progress: Callable[[int], object] | None = None
    """Called with the number of events read so far."""
    cancel: Callable[[], bool] | None = None
    """Asked between batches; true ends the run with the rows found so far."""
    knowledge: str = "default"
    """`full` lets EVAL and LOOKUP replace keys that the caller gave, as Splunk would."""
    infer: bool = True
    """Whether source and sourcetype come from the content where they are absent."""
    strict: bool = False
    """A record that does not parse raises EventFormatError instead of being kept as raw text."""
    optimize: bool = True
    """False runs the plain plan."""
    now: Moment | None = None
    earliest: Moment | None = None
    latest: Moment | None = None
    """Override the environment's clock and time range for this run."""


class Search:
    """A compiled search: immutable, reusable, picklable (as its text and its environment's definitions).

    Made by `Environment.compile`. `text` is the search as written, `tree` the expanded tree.
    """

    def __init__(self, environment: Environment, text: str) -> None:
        self.environment = environment
        self.text = text
        with boundary("The compiling of the search"):
            if not isinstance(text, str):
                raise ArgumentError(f"A search is text, not a {type(text).__name__}.")
            services = services_of(environment)
            self.tree, self._source = parser.parse_source(text, environment.macros, services.command_names())
            self._builder = services.builder()
            work_for(Budget(environment.limits))
            with boundary("The compiling of the search", self._source):
                _check_commands(self.tree, self._source.text, environment.limits)
                self._operators = self._builder.build(self.tree)
                self._optimized = optimize(self._operators)

    def __reduce__(self) -> tuple[type[Search], tuple[Environment, str]]:
        return Search, (self.environment, self.text)

    def __repr__(self) -> str:
        return f"Search({self.text!r})"

    @property
    def builder(self) -> Builder:
        """What built the plan, and builds its subsearches."""
        return self._builder

    @property
    def source(self) -> SourceText:
        """The source map of the text."""
        return self._source

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The plain plan."""
        return tuple(self._operators)

    @property
    def optimized(self) -> tuple[Operator, ...]:
        """The optimised plan."""
        return tuple(self._optimized)

    def plan(self) -> Plan:
        """Return the plan in words, as built and as optimised: `print(search.plan())`, `search.plan().to_json()`."""
        from splmini.plan.show import describe

        return describe(self._operators, self._optimized, services_of(self.environment).event_fields.block_literals)

    def run(self, events: AnyEvents = (), **options: Unpack[RunArguments]) -> Results:
        """Run the search over events and give its rows.

        Args:
            events: an iterable of dicts, a data frame, a path or paths, text, a Source.
            options: the fields of `RunOptions` (order, executor, progress, cancel, knowledge, infer, strict, optimize,
                now, earliest, latest); others go to the reader of the events (sourcetype, host …).

        Raises:
            SplError: with the position in the search where it has one.
        """
        with boundary("The run", self._source):
            run, start = self._begin(events, options)
            return run.collect(start)

    def stream(self, events: AnyEvents = (), **options: Unpack[RunArguments]) -> Iterator[Row]:
        """Yield the rows one by one, holding back only what the search has to hold; options as for `run`."""
        with boundary("The run", self._source):
            run, start = self._begin(events, {"order": "given", **options})
        return (row for batch in run.batches(start) for row in batch)

    def _begin(self, events: AnyEvents, options: Mapping[str, object]) -> tuple[Run, Callable[[], Stream]]:
        """Return a run over events and what starts its pipeline."""
        chosen, reading = _options(options)
        run = self._start(events, chosen, self._read_again(chosen), reading)
        return run, partial(self._execute, run, chosen.executor)

    def _read_again(self, options: RunOptions) -> bool:
        """Say whether the events may be read more than once; over an executor, where a task refuses its part."""
        return options.executor is not None or self.reads_elsewhere

    def _execute(self, run: Run, executor: Executor | None) -> Stream:
        if executor is not None:
            from splmini.engine.parallel import execute_parallel

            return execute_parallel(self, run, executor)
        return execute(self._optimized if run.optimized else self._operators, run)

    def start(
        self, events: AnyEvents = (), *, shared: bool = False, kind: type[Run] = Run, **options: Unpack[RunArguments]
    ) -> Run:
        """Return a run that has not read anything yet, for those who drive operators themselves (explain, sweep).

        `kind` is the class of the run.
        """
        chosen, reading = _options(options)
        return self._start(events, chosen, shared or self.reads_elsewhere, reading, kind)

    def _start(
        self, events: AnyEvents, options: RunOptions, shared: bool, reading: dict[str, Any], kind: type[Run] = Run
    ) -> Run:
        environment, services = self.environment, services_of(self.environment)
        now = services.clock() if options.now is None else services.moment(options.now, time.time())
        assert now is not None
        run = kind(
            services,
            NoEvents(),
            self._builder,
            self._source,
            now,
            knowledge=options.knowledge,
            optimized=options.optimize,
            cancel=_called(options.cancel, "cancel"),
            progress=_called(options.progress, "progress"),
            pipeline=self.tree,
        )
        for name in ("earliest", "latest"):
            own = getattr(options, name)
            setattr(run, name, services.moment(services.setting(name) if own is None else own, now))
        run.range = (run.earliest, run.latest)
        settings = Settings(
            infer=options.infer,
            strict=options.strict,
            timezone=environment.timezone,
            now=now,
            ingest=environment.knowledge.ingest,
            limits=environment.limits,
        )
        opened = open_events(events, settings.changed(**reading), run.message)
        run.newest = options.order == "newest" or (options.order == "auto" and opened.is_file)
        run.events = for_readers(opened, shared, environment.limits.spool_bytes)
        return run

    @property
    def reads_elsewhere(self) -> bool:
        """Whether the events may be read more than once: by commands behind the first one, by subsearches, or by a
        first one of which it is only known when it runs what it reads (datasets of data models, saved searches)."""
        specs = [find_command(command.name) for command in self.tree.commands]
        rereads = [spec is not None and spec.rereads for spec in specs]
        return len(self._builder.built) > 1 or any(rereads[1:]) or (any(rereads) and not self._reads_once())

    def _reads_once(self) -> bool:
        """Say whether the first command scans the events itself, which it does once."""
        first = self._operators[0]
        return isinstance(first, Generating) and first.reading is not None and first.reading.dataset is None


def _options(given: Mapping[str, object]) -> tuple[RunOptions, dict[str, Any]]:
    """Split keyword arguments into run options and those of the reader."""
    reading = ReadingOptions.__annotations__
    check_names(given, (*RunOptions.__dataclass_fields__, *reading), "A run")
    own: dict[str, Any] = {name: value for name, value in given.items() if name not in reading}
    others = {name: value for name, value in given.items() if name in reading}
    return RunOptions(**own), others


def _called(function: Callable[..., Any] | None, name: str) -> Callable[..., Any] | None:
    """Return a function of the caller's whose errors are named."""
    return None if function is None else theirs(f"The function given as {name}=", name)(function)


def _check_commands(pipeline: tree.Pipeline, text: str, limits: Limits) -> None:
    """Raise where a search has more commands than it may."""
    if text.count("|") < limits.max_commands:
        return
    count = sum(isinstance(node, tree.Command) for node in tree.walk(pipeline))
    if count > limits.max_commands > 0:
        raise LimitExceeded(
            f"The search has {count:,} commands with those of its subsearches; {limits.max_commands:,} are the most.",
            name="max_commands",
            hint="Raise Limits(max_commands=...) or split the search.",
        )
