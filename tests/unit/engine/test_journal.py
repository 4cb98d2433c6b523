"""When the journal commits, and what a commit holds."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from engine import journal as module
from engine.errors import BrokerDown
from engine.journal import FULL_BYTES, Batch, Journal, pack, unpack, wait_for_company
from engine.types import Event
from tests.events import NOON, event

LANE = ("whale", 3)


def of(*events: Event) -> dict[tuple[str, int], list[Event]]:
    return {LANE: list(events)}


def purchase(n: int, tenant: str = "whale") -> Event:
    return event(tenant, "ada", f"ada-{n}", n=n)


class Store:
    """Commits that wait until they may end."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.batches: list[Batch] = []
        self.error: Exception | None = None

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.begun.release()
        assert self.may_end.acquire(timeout=10)
        if self.error:
            raise self.error


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def start(store: Store) -> Iterator[Callable[..., Journal]]:
    started: list[Journal] = []

    def begin(seconds: float = 0.0) -> Journal:
        started.append(Journal(seconds, store))
        return started[-1]

    yield begin
    for one in started:
        store.may_end.release(100)
        one.end()


class Writing(threading.Thread):
    """A producer."""

    def __init__(self, journal: Journal, *events: Event) -> None:
        super().__init__(daemon=True)
        self.journal, self.events = journal, events
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.journal.write(of(*self.events))
        except BrokerDown as error:
            self.error = error

    def is_through(self) -> bool:
        self.join(10)
        return not self.is_alive() and self.error is None


@pytest.mark.parametrize(
    ("since_last", "size", "wait"),
    [(0.05, 100, 0.15), (0.2, 100, 0.0), (60.0, 100, 0.0), (0.0, FULL_BYTES - 1, 0.2), (0.0, FULL_BYTES, 0.0)],
)
def test_a_commit_waits_for_company_only_shortly_after_another(since_last: float, size: int, wait: float) -> None:
    assert wait_for_company(Batch(size=size), since_last, 0.2) == pytest.approx(wait)


def test_what_was_packed_is_unpacked() -> None:
    groups = [("whale", 3, [b"one", b"two"]), ("minnow", 0, [b"\x00\xff"])]

    assert unpack(pack(groups)) == groups


def test_the_first_event_after_a_quiet_time_is_committed_at_once(store: Store, start: Callable[..., Journal]) -> None:
    producer = Writing(start(seconds=3600), purchase(1))
    store.may_end.release()

    assert producer.is_through()


def test_those_who_come_during_a_commit_share_the_next_one(store: Store, start: Callable[..., Journal]) -> None:
    journal = start()
    first = Writing(journal, purchase(1))
    assert store.begun.acquire(timeout=10)
    others = []
    for n in (2, 3):
        others.append(Writing(journal, purchase(n)))
        _until(lambda n=n: journal._batch.events == n - 1)  # type: ignore[misc]
    store.may_end.release(2)

    assert all(producer.is_through() for producer in (first, *others))
    assert [[event for _, _, events in batch.groups for event in events] for batch in store.batches] == [
        [module.encode(purchase(1))],
        [module.encode(purchase(2)), module.encode(purchase(3))],
    ]
    assert store.batches[1].times == [NOON + timedelta(microseconds=2), NOON + timedelta(microseconds=3)]


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came true")


def test_nobody_is_acknowledged_before_the_commit(store: Store, start: Callable[..., Journal]) -> None:
    producer = Writing(start(), purchase(1))
    assert store.begun.acquire(timeout=10)

    assert producer.is_alive()
    store.may_end.release()
    assert producer.is_through()


def test_an_error_is_told_to_all_whose_events_it_concerns_and_the_next_commit_is_tried(
    store: Store, start: Callable[..., Journal]
) -> None:
    journal = start()
    store.error = OSError("no disk")
    store.may_end.release(2)
    with pytest.raises(BrokerDown, match="the journal cannot be written: no disk"):
        journal.write(of(purchase(1)))

    store.error = None
    journal.write(of(purchase(2)))


def test_a_journal_that_does_not_answer_is_told_as_such(
    store: Store, start: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)

    with pytest.raises(BrokerDown, match="did not answer within"):
        start().write(of(purchase(1)))


def test_what_waits_for_a_slow_database_is_bounded(
    store: Store, start: Callable[..., Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM_BYTES", 10)
    journal = start()
    first = Writing(journal, purchase(1))
    assert store.begun.acquire(timeout=10)
    second = Writing(journal, purchase(2))
    _until(lambda: journal._batch.events == 1)

    with pytest.raises(BrokerDown, match="written too slowly"):
        journal.write(of(purchase(3)))
    store.may_end.release(2)
    assert first.is_through() and second.is_through()


def test_a_forked_child_has_a_journal_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = module.journal()
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert module.journal() is not mine
