"""The table of eval functions, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from splmini.registry.shared import Example, load

if TYPE_CHECKING:
    from splmini.language import tree
    from splmini.operators import Row, RunContext, Value


class Scope(Protocol):
    """What compiling an eval expression for one run may ask; `splmini.compiler.RunScope` implements it."""

    @property
    def ctx(self) -> RunContext:
        """The run."""

    def compile(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile a node to a function of the row; a null value is None, a truth value a bool, multivalue a list."""

    def constant(self, node: tree.Node) -> Any:
        """Return the value of a constant node; raises LookupError where it depends on the row."""


@dataclass(frozen=True)
class EvalFunction:
    """An eval function, either plain (`call`, on evaluated arguments) or a form (`form`, on nodes).

    `kinds` says what each argument is turned into before the call (the last one repeats): `any`, `text` (numbers are
    printed), `printed` (as `text`, but number literals are accepted), `number` (numeric strings become numbers; what is
    no number makes the result null), `integer`, `bool`, `list` (always a list; null is []), `values` (as it is, but not
    null()), `scalar` (as it is, but see `multivalue`).
    `null`: `propagate` (one null argument makes null, the default) or `pass` (None is handed in).
    A literal of the wrong kind is an error when the search is compiled: a number or null() for `text`, a string or
    null() for `number` and `integer`, a string for `bool`. For a form, `kinds` serves this check alone.

    `multivalue`: `each` (a multivalue first argument: the function applies to each value, the results are
    multivalue; of a multivalue in another place the first value counts), `null` (a multivalue argument makes null),
    `first`, `pass` (lists are handed in; kinds apply to items).
    """

    name: str
    least: int
    most: int | None
    kinds: tuple[str, ...]
    null: str
    multivalue: str
    call: Callable[..., Any] | None
    form: Callable[[tree.Call, Scope], Callable[[Row], Value]] | None
    check: Callable[[tree.Call], None] | None
    source: str
    doc: str
    examples: tuple[Example, ...]
    family: str
    pure: bool
    returns: str = "any"
    """The type of its result, where that is always the same: number, text, bool, null; else any."""
    whole_row: bool = False
    """True where it reads more of the row than its arguments (searchmatch)."""


_eval_functions: dict[str, EvalFunction] = {}
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Arity: TypeAlias = "int | tuple[int, int | None]"


def _put(function: Callable[..., Any], names: tuple[str, ...], arity: Arity, form: bool, **settings: Any) -> None:
    """Put a function into the table under each of its names."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names:
        _eval_functions[name] = EvalFunction(
            name,
            least,
            most,
            call=None if form else function,
            form=function if form else None,
            doc=function.__doc__ or "",
            family=function.__module__.rpartition(".")[2],
            **settings,
        )


def eval_function(
    name: str,
    arity: Arity,
    *kinds: str,
    null: str = "propagate",
    multivalue: str = "each",
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
    check: Callable[[tree.Call], None] | None = None,
    pure: bool = True,
    returns: str = "any",
) -> Callable[[FunctionT], FunctionT]:
    """Register a plain eval function. See `EvalFunction` for `kinds`, `null`, `multivalue`; the docstring is its page.

    `check(call)` may raise at compile time (a bad regular expression, a wrong literal). `pure` false: it is never
    folded to a constant (random).
    """

    def register(function: FunctionT) -> FunctionT:
        _put(
            function,
            (name, *aliases),
            arity,
            form=False,
            kinds=kinds or ("any",),
            null=null,
            multivalue=multivalue,
            check=check,
            source=source,
            examples=examples,
            pure=pure,
            returns=returns,
        )
        return function

    return register


def eval_form(
    name: str,
    arity: Arity,
    *kinds: str,
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
    check: Callable[[tree.Call], None] | None = None,
    pure: bool = True,
    returns: str = "any",
    whole_row: bool = False,
) -> Callable[[FunctionT], FunctionT]:
    """Register an eval function that compiles its own arguments: `form(call, scope) -> Callable[[row], value]`."""

    def register(function: FunctionT) -> FunctionT:
        _put(
            function,
            (name, *aliases),
            arity,
            form=True,
            kinds=kinds or ("any",),
            null="pass",
            multivalue="pass",
            check=check,
            source=source,
            examples=examples,
            pure=pure,
            returns=returns,
            whole_row=whole_row,
        )
        return function

    return register


def eval_functions() -> Mapping[str, EvalFunction]:
    """Return all eval functions by name, aliases included."""
    load("splmini.functions.eval")
    return _eval_functions
