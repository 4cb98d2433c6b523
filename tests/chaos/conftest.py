"""Scenes for the crash points."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest

from engine import spill, tasks
from tests import handler
from tests.chaos.scene import Scene, SpilledScene
from tests.chaos.stepping import LOCK_TIMEOUT, ExecutorOfThread, client, lanes_of_thread

Begin = Callable[[], Scene]


@pytest.fixture
def begin_with(clean: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type[Scene]], Scene]]:
    """A new scene; the task of the engine runs with the worker of its thread."""
    monkeypatch.setattr(tasks, "lanes", lanes_of_thread)
    monkeypatch.setattr(tasks, "_executor", ExecutorOfThread())
    # However long it is stopped: the steps are the same; and who meets others' locks is not back at once for ever.
    monkeypatch.setattr(tasks.Ran, "goes_on", lambda ran: bool(ran.node) and ran.bundles < 2)
    begins = spill.QUERIES["begin_for_tenant"]
    monkeypatch.setitem(spill.QUERIES, "begin_for_tenant", begins.replace("'2s'", f"'{LOCK_TIMEOUT}'"))
    numbers = iter(range(10_000))
    url = os.environ["WORKER_DATABASE_URL"]
    with (
        handler.table(os.environ["OWNER_DATABASE_URL"]),
        client() as valkey,
        psycopg.connect(url, autocommit=True) as watch,
    ):

        def next_scene(kind: type[Scene]) -> Scene:
            valkey.flushdb()
            return kind(next(numbers), valkey, watch)

        yield next_scene


@pytest.fixture
def begin(begin_with: Callable[[type[Scene]], Scene]) -> Begin:
    """Lanes in Redis."""
    return lambda: begin_with(Scene)


@pytest.fixture
def begin_spilled(begin_with: Callable[[type[Scene]], Scene]) -> Begin:
    """Lanes in spill mode."""
    return lambda: begin_with(SpilledScene)
