"""Dead letters that a person retries or drops: each once, for the own tenant, behind what was accepted since."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from engine import deadletters, enqueue
from engine.deadletters import Choice, Retried
from engine.lanes import lanes
from engine.rights import rows_of
from engine.routing import lane_of
from engine.types import Event, Handled, encode
from tests import handler
from tests.acceptance.harness import register
from tests.events import event, events
from tests.integration.engine.bundles import Connect, effects, executor
from tests.integration.engine.spilling import Node, by_lead

pytestmark = pytest.mark.usefixtures("effects")

ALL = Choice()


class Release:
    """Fails for these ids until it is mended."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)

    def __call__(self, connection: psycopg.Connection, todo: Sequence[Event], now: datetime) -> Handled:
        if found := self.bad & {one.id for one in todo}:
            raise KeyError(f"no column for {found}")
        return handler.handle(connection, todo, now)


@pytest.fixture
def release() -> Release:
    return Release("ada-1", "bob-0")


@pytest.fixture
def node(connect: Connect, release: Release) -> Node:
    """Two tenants have each lost an event of theirs."""
    register("whale", "minnow")
    node = Node(executor(connect(), release))
    enqueue.push([*events("whale", "ada", 3), *events("minnow", "bob", 2)])
    node.work()
    release.bad.clear()
    return node


def letters(watch: psycopg.Connection) -> list[tuple[Any, ...]]:
    return watch.execute("SELECT tenant_id, event_id, ended FROM engine_deadletter ORDER BY 1, 2, id").fetchall()


def times(watch: psycopg.Connection, id: str) -> int:
    return [event_id for _, event_id in effects(watch)].count(id)


def test_a_retried_event_is_executed_once_behind_what_was_accepted_since(node: Node, watch: psycopg.Connection) -> None:
    enqueue.push(events("whale", "ada", 2, first=3))

    assert deadletters.retry("whale", ALL) == Retried(1, 0)
    node.work()
    enqueue.push(events("whale", "ada", 3))  # sent again: the ledger knows them
    node.work()

    assert by_lead(effects(watch)) == {
        ("whale", "ada"): ["ada-0", "ada-2", "ada-3", "ada-4", "ada-1"],
        ("minnow", "bob"): ["bob-1"],
    }
    assert letters(watch) == [("minnow", "bob-0", None), ("whale", "ada-1", "retried")]


@pytest.mark.parametrize("days", [0, 1, 2, 30])
def test_a_retry_is_executed_whenever_it_is_made_and_copies_of_the_event_are_not(
    make_node: Callable[..., Node], watch: psycopg.Connection, days: int
) -> None:
    """A copy is in its lane again when that is rebuilt, or when its push was repeated."""
    register("whale", "minnow")
    then = datetime.now(UTC) - timedelta(days=days)
    sent = [event("whale", "ada", "1", "fail", at=then), event("minnow", "bob", "1", at=then)]
    enqueue.push(sent)
    make_node().work()
    mended = event("whale", "ada", "1", at=then)
    watch.execute("UPDATE engine_deadletter SET payload = %s", [encode(mended)])

    deadletters.retry("whale", ALL)
    for _ in range(2):
        make_node().work()
        enqueue.push([mended, sent[1]])
    make_node().work()

    assert sorted(effects(watch)) == [("minnow", "1"), ("whale", "1")]


def test_an_event_that_fails_again_is_a_letter_again(node: Node, release: Release, watch: psycopg.Connection) -> None:
    release.bad = {"ada-1"}
    deadletters.retry("whale", ALL)
    node.work()
    assert letters(watch)[1:] == [("whale", "ada-1", "retried"), ("whale", "ada-1", None)]
    release.bad.clear()

    assert deadletters.retry("whale", ALL) == Retried(1, 0)
    node.work()

    assert times(watch, "ada-1") == 1


def test_retried_by_two_at_once_it_is_executed_once(node: Node, watch: psycopg.Connection) -> None:
    done: list[Retried] = []

    def retry() -> None:
        done.append(deadletters.retry("whale", ALL))
        connections.close_all()

    both = [threading.Thread(target=retry) for _ in range(2)]
    with rows_of("whale") as cursor:  # both find the letter alive and wait for its row
        cursor.execute("SELECT FROM engine_deadletter FOR UPDATE")
        for one in both:
            one.start()
        for one in both:
            one.join(0.5)
        assert done == []
    for one in both:
        one.join()
    node.work()

    assert sorted(done) == [Retried(0, 0), Retried(1, 0)]
    assert times(watch, "ada-1") == 1


def test_a_crash_before_the_push_loses_nothing(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is in the outbox, in the transaction in which the letter ended."""
    with monkeypatch.context() as patch:
        patch.setattr("engine.outbox._push_tenant", lambda tenant: None)
        deadletters.retry("whale", ALL)

    assert watch.execute("SELECT tenant_id, size FROM engine_outbox").fetchall() == [("whale", 1)]


def test_letters_of_another_tenant_are_not_touched(node: Node, watch: psycopg.Connection) -> None:
    ((id,),) = watch.execute("SELECT id FROM engine_deadletter WHERE tenant_id = 'minnow'").fetchall()

    assert deadletters.find("whale", Choice([id])) == []
    assert deadletters.retry("whale", Choice([id])) == Retried(0, 0)
    assert deadletters.drop("whale", Choice([id])) == 0
    with rows_of("whale") as cursor:
        cursor.execute(
            deadletters.QUERIES["release_letters"], [[id], [events("minnow", "bob", 1)[0].ledger_key], [None]]
        )
        assert cursor.fetchone() == (0,)

    assert ("minnow", "bob-0", None) in letters(watch)


def test_a_letter_that_is_no_event_stays(node: Node, watch: psycopg.Connection) -> None:
    lanes().push([("whale", lane_of("ada", 16), [b"?"])])
    node.work()

    assert deadletters.retry("whale", ALL) == Retried(1, 1)
    assert deadletters.retry("whale", ALL) == Retried(0, 1)
    assert [bytes(letter.payload) for letter in deadletters.find("whale", ALL)] == [b"?"]


def test_a_dropped_event_is_never_executed(node: Node, watch: psycopg.Connection) -> None:
    assert deadletters.drop("whale", ALL) == 1

    assert deadletters.retry("whale", ALL) == Retried(0, 0)
    enqueue.push(events("whale", "ada", 3))
    node.work()
    assert times(watch, "ada-1") == 0


def test_letters_dealt_with_are_forgotten_after_some_days(node: Node, watch: psycopg.Connection) -> None:
    deadletters.drop("whale", ALL)
    assert deadletters.forget_over(watch, 8) == 0
    watch.execute("UPDATE engine_deadletter SET ended_at = ended_at - interval '9 days' WHERE ended IS NOT NULL")

    assert deadletters.forget_over(watch, 8) == 1
    assert letters(watch) == [("minnow", "bob-0", None)]


def run(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("deadletters", *arguments, stdout=printed)
    return printed.getvalue()


def test_the_command_lists_shows_retries_and_drops(
    node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "ada-1" in run("list") and "bob-0" in run("list")
    assert "bob-0" not in run("list", "--tenant", "whale")
    assert "no column for" in run("show", "--type", "purchase")
    with pytest.raises(CommandError, match="say which"):
        run("retry")

    assert run("retry", "--tenant", "whale").startswith("whale: 1 events go back")
    assert run("drop", "--all") == "minnow: 1 dead letters are dropped; their events are never executed.\n"

    assert [ended for *_, ended in letters(watch)] == ["dropped", "retried"]
    assert run("drop", "--all") == "There is none.\n"


def test_for_many_the_command_asks(node: Node, watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "n")

    with pytest.raises(CommandError, match="nothing was done"):
        run("retry", "--all")

    assert asked == ["Retry 2 dead letters of 2 tenants? [y/N] "]
    assert {ended for *_, ended in letters(watch)} == {None}
