"""Processes that read events or run tests: they end with this one, however it ends, and leave Ctrl-C to it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

LAST_SECONDS = 1.0
"""What workers have to end by themselves when nobody waits for what they do any more."""
LOOK_SECONDS = 0.5
"""How often a worker looks whether the process that started it is still there."""


class _Pool(ProcessPoolExecutor):
    """Whose workers never hear of Ctrl-C: a terminal sends it to all processes of a command."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a task; workers that start with it have the signal blocked."""
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def pool(count: int, start: str, begin: Callable[..., None] | None = None, *arguments: Any) -> Iterator[_Pool]:
    """Give an executor of so many processes, which are gone when the block ends; `begin` is called in each."""
    before = set(multiprocessing.active_children())
    executor = _Pool(count, multiprocessing.get_context(start), _begin, (begin, arguments))
    patience = 0.0
    try:
        yield executor
        patience = LAST_SECONDS
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + patience
        ours = set(multiprocessing.active_children()) - before
        for process in ours:
            process.join(max(until - time.monotonic(), 0))
        for process in ours:
            if process.is_alive():
                process.kill()
        for process in ours:
            process.join(LAST_SECONDS)


def _begin(begin: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """Start a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if begin is not None:
        begin(*arguments)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone: nobody would ever tell it to."""
    parent = multiprocessing.parent_process()
    while parent is not None:
        parent.join(LOOK_SECONDS)  # forked processes hold each other's ends of this, so that it may never tell
        if not parent.is_alive() or (os.name == "posix" and os.getppid() != parent.pid):
            os._exit(1)
