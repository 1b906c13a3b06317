"""What several test modules use."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class InlineExecutor(Executor):
    """An executor that runs each task at once, in this process: partitioning and merging without processes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def number(value: Any) -> float | None:
    """Return a value as a number, or None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def same(expected: Any, actual: Any) -> bool:
    """Say whether two field values are equal: by value where both are numbers, a list of one as its item."""
    if isinstance(expected, list) and len(expected) == 1:
        expected = expected[0]
    if isinstance(expected, list) or isinstance(actual, list):
        both = isinstance(expected, list) and isinstance(actual, list)
        return both and len(expected) == len(actual) and all(map(same, expected, actual))
    if expected is None or actual is None:
        return expected is None and actual is None
    if isinstance(expected, bool):
        expected = str(expected).lower()
    left, right = number(expected), number(actual)
    if left is not None and right is not None:
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(left) and math.isnan(right))
    return str(expected) == str(actual)
