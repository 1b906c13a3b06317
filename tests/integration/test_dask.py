"""A search over a Dask cluster, one of whose workers dies in the middle, gives the rows of one process."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.engine import parallel

distributed = pytest.importorskip("distributed")

LINES = 4000
QUERY = "EventID=* | stats count dc(user) max(_time) list(n) by process_name EventID"


@pytest.fixture
def client() -> Iterator[Any]:
    """A cluster of two worker processes on this machine, without its dashboard."""
    settings = {
        "distributed.worker.daemon": False,
        "distributed.admin.tick.limit": "60s",
        "distributed.comm.retry.count": 3,
        "distributed.scheduler.allowed-failures": 10,
    }
    import dask

    with warnings.catch_warnings(), dask.config.set(settings):
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


class Murderer(Executor):
    """An executor over another one, which kills a worker when its fourth task is submitted."""

    def __init__(self, inner: Executor, victims: list[int]) -> None:
        self.inner = inner
        self.victims = victims
        self.count = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit the task."""
        self.count += 1
        if self.count == 4:
            os.kill(self.victims[0], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        return self.inner.submit(fn, *args, **kwargs)


def test_the_answer_is_complete_when_a_worker_dies(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives the dead worker's tasks to another; rows, order and counters are those of one process."""
    path = tmp_path / "events.jsonl"
    path.write_text(
        "".join(
            f'{{"_time": {1700000000 + n * 7 % 1000}, "EventID": {n % 3}, "user": "u{n % 17}", "n": {n}, '
            f'"process_name": "p{n % 5}.exe"}}\n'
            for n in range(LINES)
        )
    )
    monkeypatch.setattr(parallel, "LEAST_BYTES", 16 << 10)
    search = splmini.Environment().compile(QUERY)
    expected = search.run(path, order="given")
    victims = list(client.run(os.getpid).values())
    executor = Murderer(client.get_executor(), victims)
    results = search.run(path, order="given", executor=executor)
    assert executor.count > 8
    assert list(results) == list(expected)
    assert results.stats["scanned"] == expected.stats["scanned"] == LINES
    rows = client.get_executor()
    assert list(search.environment.compile("user=u3").run(path, executor=rows)) == list(
        search.environment.compile("user=u3").run(path)
    )
