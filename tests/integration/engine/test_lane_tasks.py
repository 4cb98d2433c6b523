"""Ordinary Celery tasks in a lane: in its order, at least once, recorded once they ran."""

from __future__ import annotations

import psycopg
import pytest
from kombu.utils.json import dumps

from engine.enqueue import TASK_TYPE
from engine.errors import Retry
from engine.lanes import LaneOutcome
from engine.types import Event
from tests.events import event, events
from tests.integration.engine.bundles import dead, done, effects, executor, ids, lane

pytestmark = pytest.mark.usefixtures("effects")


def task(tenant: str, lead: str, id: str) -> Event:
    return event(tenant, lead, id, TASK_TYPE, task="any", body=dumps(((), {"lead": lead}, {})))


def test_tasks_and_events_of_a_lane_run_in_its_order(connection: psycopg.Connection) -> None:
    ada, bob = events("whale", "ada", 4), events("minnow", "bob", 2)
    seen: list[tuple[str, int]] = []

    def run(one: Event) -> None:
        seen.append((one.id, len([effect for effect in effects(connection) if effect[0] == "whale"])))

    mixed = [*ada[:2], task("whale", "ada", "t1"), ada[2], task("whale", "ada", "t2"), ada[3]]
    report = executor(connection, run_task=run).execute([lane(mixed), lane(bob)])

    assert seen == [("t1", 2), ("t2", 3)]
    assert done(report) == {("whale", 0): 6, ("minnow", 0): 2}
    assert [one for one in effects(connection) if one[0] == "whale"] == ids(ada)


def test_a_task_that_was_recorded_does_not_run_again(connection: psycopg.Connection) -> None:
    ran: list[str] = []
    both = [task("whale", "ada", "t1"), task("minnow", "ada", "t1")]

    for _ in range(2):
        for one in both:
            executor(connection, run_task=lambda one: ran.append(one.tenant)).execute([lane([one])])

    assert ran == ["whale", "minnow"]


def test_a_task_that_fails_is_a_dead_letter_and_the_lane_goes_on(connection: psycopg.Connection) -> None:
    def fail(one: Event) -> None:
        raise ZeroDivisionError(one.id)

    ada = events("whale", "ada", 2)
    report = executor(connection, run_task=fail).execute(
        [lane([ada[0], task("whale", "ada", "t1"), ada[1]]), lane(events("minnow", "bob", 1))]
    )

    assert [row[3:] for row in dead(connection)] == [("t1", 1, "ZeroDivisionError: t1")]
    assert done(report) == {("whale", 0): 3, ("minnow", 0): 1}
    assert set(ids(ada)) < set(effects(connection))


def test_a_task_that_asks_to_be_tried_again_holds_its_lane(connection: psycopg.Connection) -> None:
    def again(one: Event) -> None:
        raise Retry(30, "later")

    ada = events("whale", "ada", 2)
    report = executor(connection, run_task=again).execute(
        [lane([ada[0], task("whale", "ada", "t1"), ada[1]]), lane(events("minnow", "bob", 1))]
    )

    assert report.outcomes["whale", 0] == LaneOutcome("whale", 0, 1, wait=30, tried=True)
    assert sorted(effects(connection)) == [("minnow", "bob-0"), ("whale", "ada-0")]
