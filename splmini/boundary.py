"""The one boundary: whatever goes wrong behind a front door reaches the caller as an `SplError`.

`boundary` stands at each front door, as a context manager or a decorator; `guarded` around each operator of a run, so
that an error knows its place in the search; `theirs` around code of the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any, TypeVar

from splmini.errors import FileError, HandlerError, InternalError, LimitExceeded, Signal, SourceMap, Span, SplError

T = TypeVar("T")

REPORT = "Please report it, with the search and the event: it is a mistake of splmini's own."


class boundary(ContextDecorator):
    """Turn whatever is raised inside into an SplError, placed in the text of the search where that is known.

    `what` names what is done, for the message. A call that Python itself refuses (an argument that there is not)
    stays the TypeError that it is, and what ends a run on purpose goes through.
    """

    def __init__(self, what: str, source: SourceMap | None = None, span: Span | None = None) -> None:
        self.what = what
        self.source = source
        self.span = span

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Convert an error."""
        if not isinstance(error, Exception) or isinstance(error, Signal) or _is_misuse(error):
            return
        found = converted(error, self.what, self.span)
        if self.source is not None:
            found.locate(self.source)
        if found is not error:
            raise found from error


def converted(error: Exception, what: str, span: Span | None = None) -> SplError:
    """Return the SplError that an error stands for; one that is an SplError already gets the place, if it has none."""
    if isinstance(error, SplError):
        if error.span is None and error.position is None and error.path is None:
            error.span = span
        return error
    if isinstance(error, RecursionError):
        return LimitExceeded(
            f"{what} is nested too deeply, or has too many stages.",
            name="recursion",
            span=span,
            hint="Make it flatter.",
        )
    if isinstance(error, MemoryError):
        return LimitExceeded(
            f"The memory did not suffice for {what}.", name="memory", span=span, hint="Narrow the search."
        )
    if isinstance(error, OSError):
        return FileError(
            f"{what} failed: {error.strerror or error}.",
            path=_name(error.filename),
            name=type(error).__name__,
            span=span,
        )
    if isinstance(error, UnicodeDecodeError):
        return FileError(f"What {what} reads is not UTF-8 text: {described(error)}.", name=what.strip("'"), span=span)
    return InternalError(f"{what} failed with {described(error)}.", name=type(error).__name__, span=span, hint=REPORT)


def described(error: BaseException) -> str:
    """Return the type and the text of an error, cut where it is long."""
    from splmini.values.texts import shortened

    text = shortened(" ".join(str(error).split()), 300)
    return f"{type(error).__name__}: {text}".rstrip(": ").rstrip(".")


def _name(path: Any) -> str | None:
    if isinstance(path, bytes):
        return path.decode("utf-8", "replace")
    return path if isinstance(path, str) else None


def _is_misuse(error: Exception) -> bool:
    """Say whether Python refused the call itself: an argument that is missing, or that there is not."""
    if type(error) is not TypeError or "argument" not in str(error):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is _CALLING


# ContextDecorator calls what it decorates in this one function, where refused arguments are raised
_CALLING = next(
    each for each in ContextDecorator.__call__.__code__.co_consts if getattr(each, "co_name", None) == "inner"
)


def guarded(function: Callable[..., T], blamed: Callable[[Exception, tuple[Any, ...]], SplError]) -> Callable[..., T]:
    """Return a function whose errors are those that `blamed(error, arguments)` makes of them."""

    def called(*arguments: Any) -> T:
        try:
            return function(*arguments)
        except Signal:
            raise
        except Exception as error:
            found = blamed(error, arguments)
            if found is error:
                raise
            raise found from error

    return called


class theirs(ContextDecorator):
    """Turn what code of the caller's own raises into a `HandlerError` that names it; its cause is that error."""

    def __init__(self, whose: str, name: str, span: Span | None = None) -> None:
        self.whose = whose
        self.name = name
        self.span = span

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Convert an error."""
        if isinstance(error, Exception) and not isinstance(error, (Signal, SplError)):
            raise HandlerError(f"{self.whose} raised {described(error)}.", name=self.name, span=self.span) from error


def their_iterator(items: Iterable[T], whose: str, name: str, span: Span | None = None) -> Iterator[T]:
    """Iterate over something of the caller's own; what it raises is named."""
    with theirs(whose, name, span):
        iterator = iter(items)
    while True:
        with theirs(whose, name, span):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item
