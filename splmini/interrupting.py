"""Ctrl-C: the first one ends a run with what it found, the second one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 2.0
"""Seconds after the first Ctrl-C in which a run of the command line ends by itself with what it found."""


@contextmanager
def interruptible(patience: float | None = None) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a request to end the run, which the function that is given tells; the second raises
    KeyboardInterrupt, and so does the first where the run has not ended after so many seconds of `patience`, as it
    waits for events.

    Outside the main thread, where signals do not arrive, nothing is changed; nor with `patience` where there is no
    timer (Windows), as a run that waits could not be ended otherwise.
    """
    asked = threading.Event()
    alone = threading.current_thread() is not threading.main_thread()
    if alone or (patience is not None and not hasattr(signal, "setitimer")):
        yield asked.is_set
        return

    def on_interrupt(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        if patience is not None:
            signal.setitimer(signal.ITIMER_REAL, patience)

    heard = (signal.SIGINT,) if patience is None else (signal.SIGINT, signal.SIGALRM)
    before = {each: signal.signal(each, on_interrupt) for each in heard}
    try:
        yield asked.is_set
    finally:
        if patience is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)  # None: not set by Python
